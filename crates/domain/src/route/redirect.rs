//! Where requests are sent on to.

use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::pattern::{UrlPattern, UrlReplacement};
use crate::text::text_type;
use crate::{DomainName, InvalidText};

/// The beginning of an address: scheme, host, perhaps a port and a path; without a slash at
/// the end.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct RedirectTarget(String);
text_type!(RedirectTarget);

impl RedirectTarget {
    /// The host.
    pub fn host(&self) -> &str {
        let rest = self.0.split_once("://").map_or("", |(_, rest)| rest);
        rest.split(['/', ':']).next().unwrap_or_default()
    }
}

impl FromStr for RedirectTarget {
    type Err = InvalidText;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let refused = || {
            InvalidText::new(
                "must be an address such as https://example.com or https://example.com/shop",
            )
        };
        let url = url::Url::parse(text.trim()).map_err(|_| refused())?;
        let is_plain = matches!(url.scheme(), "http" | "https")
            && url.username().is_empty()
            && url.password().is_none()
            && url.query().is_none()
            && url.fragment().is_none();
        let host: DomainName = url
            .host_str()
            .filter(|_| is_plain)
            .ok_or_else(refused)?
            .parse()
            .map_err(|_| refused())?;
        let path = url.path().trim_end_matches('/');
        let fits = |b: u8| b.is_ascii_alphanumeric() || b"._~-/%".contains(&b);
        if host.is_wildcard() || path.len() > 300 || !path.bytes().all(fits) {
            return Err(refused());
        }
        let port = url
            .port()
            .map_or_else(String::new, |port| format!(":{port}"));
        Ok(Self(format!("{}://{host}{port}{path}", url.scheme())))
    }
}

/// All requests are sent on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HostRedirect {
    /// Where to.
    pub to: RedirectTarget,
    /// Whether path and query are taken along.
    #[serde(default = "yes")]
    pub keep_path: bool,
    /// Whether browsers may remember it.
    #[serde(default = "yes")]
    pub permanent: bool,
}

/// Requests whose address matches are sent on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PatternRedirect {
    /// What the whole address must match.
    pub pattern: UrlPattern,
    /// The address that it becomes.
    pub replacement: UrlReplacement,
    /// Whether browsers may remember it.
    #[serde(default)]
    pub permanent: bool,
}

fn yes() -> bool {
    true
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::RedirectTarget;

    #[rstest]
    #[case("https://example.com", "https://example.com", "example.com")]
    #[case(
        "https://Example.com:8443/a/",
        "https://example.com:8443/a",
        "example.com"
    )]
    #[case(
        "http://bücher.example/",
        "http://xn--bcher-kva.example",
        "xn--bcher-kva.example"
    )]
    fn targets_are_beginnings_of_addresses(
        #[case] text: &str,
        #[case] is: &str,
        #[case] host: &str,
    ) {
        let target: RedirectTarget = text.parse().unwrap();
        assert_eq!((target.as_str(), target.host()), (is, host));
    }

    #[rstest]
    #[case("example.com")]
    #[case("ftp://example.com")]
    #[case("https://u:p@example.com")]
    #[case("https://example.com/?q=1")]
    #[case("https://example.com/#a")]
    #[case("https://*.example.com/")]
    #[case("https://127.0.0.1/")]
    #[case("https://example.com/$1")]
    fn others_are_refused(#[case] text: &str) {
        assert!(text.parse::<RedirectTarget>().is_err(), "{text}");
    }
}
