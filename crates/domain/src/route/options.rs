//! What happens to the requests of a domain on their way.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::header::{HeaderName, HeaderValue};
use super::password::PasswordHash;
use super::redirect::{HostRedirect, PatternRedirect};
use crate::run::Port;
use crate::{IpRange, ServiceId};

/// Most entries of a list.
const MOST_ENTRIES: usize = 50;
/// The largest body that can be allowed, in bytes (100 GiB).
const LARGEST_BODY_BYTES: u64 = 100 << 30;
/// The longest time for which a browser is told to use HTTPS, in days.
const MOST_HSTS_DAYS: u32 = 730;

/// What happens to the requests of a domain on their way. `U` is a user of basic
/// authentication: with a hash where it is stored, with a password where it is typed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(
    default,
    deny_unknown_fields,
    bound(deserialize = "U: Deserialize<'de>")
)]
pub struct DomainOptions<U = BasicUser> {
    /// Whether plain HTTP is sent on to HTTPS, where the domain has TLS.
    pub https_redirect: bool,
    /// Browsers are told to use HTTPS alone.
    pub hsts: Option<Hsts>,
    /// Whether answers carry the usual headers against misuse by other sites.
    pub security_headers: bool,
    /// Whether answers are compressed.
    pub compression: bool,
    /// Who may come in; everybody when empty.
    pub basic_auth: Vec<U>,
    /// Addresses of clients that may come in; all when empty.
    pub allow: Vec<IpRange>,
    /// Whether requests come through Cloudflare alone: others are refused, and a client's
    /// address is what Cloudflare says.
    pub behind_cloudflare: bool,
    /// How many requests a client may send.
    pub rate_limit: Option<RateLimit>,
    /// Headers that the service sees; an empty value takes a header away.
    pub request_headers: BTreeMap<HeaderName, HeaderValue>,
    /// Headers that the client sees; an empty value takes a header away.
    pub response_headers: BTreeMap<HeaderName, HeaderValue>,
    /// The largest body of a request.
    pub max_body_bytes: Option<u64>,
    /// Everything is sent on to another address.
    pub redirect_to: Option<HostRedirect>,
    /// Requests whose addresses match are sent on.
    pub redirects: Vec<PatternRedirect>,
    /// A share of the requests goes to another service.
    pub split: Option<Split>,
}

impl<U> Default for DomainOptions<U> {
    fn default() -> Self {
        Self {
            https_redirect: true,
            hsts: None,
            security_headers: false,
            compression: false,
            basic_auth: Vec::new(),
            allow: Vec::new(),
            behind_cloudflare: false,
            rate_limit: None,
            request_headers: BTreeMap::new(),
            response_headers: BTreeMap::new(),
            max_body_bytes: None,
            redirect_to: None,
            redirects: Vec::new(),
            split: None,
        }
    }
}

/// A user of basic authentication.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BasicUser {
    /// The name.
    pub name: String,
    /// The password's hash.
    pub hash: PasswordHash,
}

/// For how long, and where, browsers use HTTPS alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Hsts {
    /// Days.
    #[serde(default = "a_year")]
    pub days: u32,
    /// Whether it holds for all names below the host.
    #[serde(default)]
    pub include_subdomains: bool,
    /// Whether browsers may have it built in.
    #[serde(default)]
    pub preload: bool,
}

fn a_year() -> u32 {
    365
}

/// How many requests a client may send.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RateLimit {
    /// Requests.
    pub requests: u32,
    /// In so many seconds.
    #[serde(default = "one")]
    pub per_seconds: u32,
    /// How many may come at once.
    #[serde(default = "one")]
    pub burst: u32,
}

fn one() -> u32 {
    1
}

/// A share of the requests goes to another service.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Split {
    /// The other service.
    pub service: ServiceId,
    /// Of a hundred requests, how many it gets.
    pub percent: u8,
}

/// The other service of a split as the proxy reaches it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Share {
    /// The other service.
    pub service: ServiceId,
    /// The number of its live deployment.
    pub live_number: i32,
    /// Its port.
    pub port: Port,
    /// Of a hundred requests, how many it gets.
    pub percent: u8,
}

impl<U> DomainOptions<U> {
    /// What is wrong with the values, each with its field. Names of users are judged by
    /// `name_of`.
    pub fn problems(&self, name_of: impl Fn(&U) -> &str) -> Vec<(String, String)> {
        let mut problems = Vec::new();
        let mut wrong = |field: &str, message: String| problems.push((field.to_owned(), message));
        if let Some(hsts) = &self.hsts {
            if !(1..=MOST_HSTS_DAYS).contains(&hsts.days) {
                wrong(
                    "hsts.days",
                    format!("must be between 1 and {MOST_HSTS_DAYS}"),
                );
            }
            if hsts.preload && !(hsts.include_subdomains && hsts.days >= 365) {
                let needs = "needs 365 days or more, and the names below the host";
                wrong("hsts.preload", needs.to_owned());
            }
        }
        if let Some(limit) = &self.rate_limit {
            let is_fine = (1..=1_000_000).contains(&limit.requests)
                && (1..=3600).contains(&limit.per_seconds)
                && (1..=1_000_000).contains(&limit.burst);
            if !is_fine {
                let message =
                    "must be 1 to 1000000 requests in 1 to 3600 seconds, and 1 to 1000000 at once";
                wrong("rate_limit", message.to_owned());
            }
        }
        if self
            .max_body_bytes
            .is_some_and(|most| !(1..=LARGEST_BODY_BYTES).contains(&most))
        {
            let message = format!("must be between 1 and {LARGEST_BODY_BYTES} bytes");
            wrong("max_body_bytes", message);
        }
        if self
            .split
            .is_some_and(|split| !(1..=99).contains(&split.percent))
        {
            wrong("split.percent", "must be between 1 and 99".to_owned());
        }
        let lengths = [
            ("basic_auth", self.basic_auth.len()),
            ("allow", self.allow.len()),
            ("request_headers", self.request_headers.len()),
            ("response_headers", self.response_headers.len()),
            ("redirects", self.redirects.len()),
        ];
        for (field, length) in lengths {
            if length > MOST_ENTRIES {
                wrong(field, format!("must have at most {MOST_ENTRIES} entries"));
            }
        }
        for (field, headers) in [
            ("request_headers", &self.request_headers),
            ("response_headers", &self.response_headers),
        ] {
            let mut names = BTreeSet::new();
            for name in headers.keys() {
                if !names.insert(name.as_str().to_ascii_lowercase()) {
                    wrong(field, format!("names {name} twice"));
                }
            }
        }
        let mut names = BTreeSet::new();
        for user in &self.basic_auth {
            let name = name_of(user);
            let fits = |b: u8| (b'!'..=b'~').contains(&b) && b != b':' && b != b',';
            if name.is_empty() || name.len() > 100 || !name.bytes().all(fits) {
                let message = "needs names of 1 to 100 printable ASCII characters without spaces, colons and commas";
                wrong("basic_auth", message.to_owned());
            } else if !names.insert(name) {
                wrong("basic_auth", format!("names the user {name} twice"));
            }
        }
        for redirect in &self.redirects {
            let (groups, highest) = (
                redirect.pattern.groups(),
                redirect.replacement.highest_group(),
            );
            if highest > groups {
                let message = format!(
                    "names group {highest} in {}, but its pattern has {groups}",
                    redirect.replacement
                );
                wrong("redirects", message);
            }
        }
        problems
    }

    /// The same with other users.
    pub fn with_users<V>(self, users: Vec<V>) -> DomainOptions<V> {
        DomainOptions {
            https_redirect: self.https_redirect,
            hsts: self.hsts,
            security_headers: self.security_headers,
            compression: self.compression,
            basic_auth: users,
            allow: self.allow,
            behind_cloudflare: self.behind_cloudflare,
            rate_limit: self.rate_limit,
            request_headers: self.request_headers,
            response_headers: self.response_headers,
            max_body_bytes: self.max_body_bytes,
            redirect_to: self.redirect_to,
            redirects: self.redirects,
            split: self.split,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{BasicUser, DomainOptions};

    fn problems(json: &str) -> String {
        let options: DomainOptions = serde_json::from_str(json).unwrap();
        let problems = options.problems(|user: &BasicUser| &user.name);
        problems
            .iter()
            .map(|(field, message)| format!("{field} {message}"))
            .collect::<Vec<_>>()
            .join("; ")
    }

    #[test]
    fn nothing_is_wrong_with_nothing() {
        assert_eq!(problems("{}"), "");
        let options: DomainOptions = serde_json::from_str("{}").unwrap();
        assert_eq!(options, DomainOptions::default());
        assert!(options.https_redirect);
    }

    #[test]
    fn values_out_of_range_are_named() {
        for (json, part) in [
            (r#"{"hsts": {"days": 0}}"#, "hsts.days must be"),
            (r#"{"hsts": {"preload": true}}"#, "hsts.preload needs"),
            (r#"{"rate_limit": {"requests": 0}}"#, "rate_limit must"),
            (r#"{"max_body_bytes": 0}"#, "max_body_bytes must"),
            (
                r#"{"response_headers": {"X-A": "1", "x-a": "2"}}"#,
                "response_headers names x-a twice",
            ),
            (
                r#"{"redirects": [{"pattern": "^(a)$", "replacement": "https://e/${2}"}]}"#,
                "its pattern has 1",
            ),
            (
                r#"{"basic_auth": [{"name": "a:b", "hash": "$apr1$H6uskkkW$IgXLP6ewTrSuBkTrqE8wj/"}]}"#,
                "basic_auth needs names",
            ),
        ] {
            let found = problems(json);
            assert!(found.contains(part), "{json}: {found}");
        }
    }

    #[test]
    fn unknown_fields_are_refused() {
        assert!(serde_json::from_str::<DomainOptions>(r#"{"gzip": true}"#).is_err());
    }
}
