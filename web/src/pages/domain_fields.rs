//! The options of a domain, between the form and the use cases.

use std::collections::BTreeMap;
use std::fmt::Display;
use std::str::FromStr;

use longshore_control::BasicUserDraft;
use longshore_domain::route::{
    DomainOptions, HeaderName, HeaderValue, HostRedirect, Hsts, PatternRedirect, RateLimit, Split,
};

use super::fields::Fields;
use super::view::{DomainForm, DomainOptionsForm, FieldErrors, RedirectRow, UserRow};

/// Where the domain leads, as it was typed.
pub fn typed_domain(fields: &Fields) -> DomainForm {
    DomainForm {
        host: fields.trimmed("host"),
        path_prefix: fields.trimmed("path_prefix"),
        port: fields.trimmed("port"),
        tls: fields.text("tls"),
        strip_prefix: fields.is_ticked("strip_prefix"),
        component: fields.trimmed("component"),
        dns_provider: fields.trimmed("dns_provider"),
        certificate: fields.trimmed("certificate"),
    }
}

/// The options as they were typed, without passwords. `known` has a password stored.
pub fn typed_options(fields: &Fields, known: impl Fn(&str) -> bool) -> DomainOptionsForm {
    let text = |name: &str| fields.trimmed(name);
    DomainOptionsForm {
        https_redirect: fields.is_ticked("https_redirect"),
        hsts: fields.is_ticked("hsts"),
        hsts_days: text("hsts_days"),
        hsts_subdomains: fields.is_ticked("hsts_subdomains"),
        hsts_preload: fields.is_ticked("hsts_preload"),
        security_headers: fields.is_ticked("security_headers"),
        compression: fields.is_ticked("compression"),
        users: (0..fields.rows("auth_name"))
            .map(|row| text(&format!("auth_name[{row}]")))
            .filter(|name| !name.is_empty())
            .map(|name| UserRow {
                is_known: known(&name),
                name,
            })
            .collect(),
        allow: text("allow"),
        behind_cloudflare: fields.is_ticked("behind_cloudflare"),
        rate_requests: text("rate_requests"),
        rate_seconds: text("rate_seconds"),
        rate_burst: text("rate_burst"),
        request_headers: text("request_headers"),
        response_headers: text("response_headers"),
        max_body: text("max_body"),
        redirect_to: text("redirect_to"),
        redirect_keep_path: fields.is_ticked("redirect_keep_path"),
        redirect_permanent: fields.is_ticked("redirect_permanent"),
        redirects: (0..fields.rows("redirect_pattern"))
            .map(|row| RedirectRow {
                pattern: text(&format!("redirect_pattern[{row}]")),
                replacement: text(&format!("redirect_replacement[{row}]")),
                permanent: fields.is_ticked(&format!("redirect_permanent[{row}]")),
            })
            .filter(|row| !(row.pattern.is_empty() && row.replacement.is_empty()))
            .collect(),
        split_service: text("split_service"),
        split_percent: text("split_percent"),
    }
}

/// The options in the form.
///
/// # Errors
/// What cannot be read. Whether a number fits is for the use case to say.
pub fn options(
    fields: &Fields,
    form: &DomainOptionsForm,
) -> Result<DomainOptions<BasicUserDraft>, FieldErrors> {
    let mut read = Reader(FieldErrors::none());
    let options = DomainOptions {
        https_redirect: form.https_redirect,
        hsts: form.hsts.then(|| Hsts {
            days: read.number("hsts_days", &form.hsts_days).unwrap_or(365),
            include_subdomains: form.hsts_subdomains,
            preload: form.hsts_preload,
        }),
        security_headers: form.security_headers,
        compression: form.compression,
        basic_auth: users(fields),
        allow: form
            .allow
            .split([' ', ',', '\n'])
            .filter(|text| !text.trim().is_empty())
            .filter_map(|text| read.text("allow", "Address", text))
            .collect(),
        behind_cloudflare: form.behind_cloudflare,
        rate_limit: (!form.rate_requests.is_empty()).then(|| RateLimit {
            requests: read
                .number("rate_requests", &form.rate_requests)
                .unwrap_or(0),
            per_seconds: read.number("rate_seconds", &form.rate_seconds).unwrap_or(1),
            burst: read.number("rate_burst", &form.rate_burst).unwrap_or(1),
        }),
        request_headers: read.headers("request_headers", &form.request_headers),
        response_headers: read.headers("response_headers", &form.response_headers),
        max_body_bytes: read.mebibytes("max_body", &form.max_body),
        redirect_to: Some(&form.redirect_to)
            .filter(|to| !to.is_empty())
            .and_then(|to| {
                Some(HostRedirect {
                    to: read.text("redirect_to", "The address", to)?,
                    keep_path: form.redirect_keep_path,
                    permanent: form.redirect_permanent,
                })
            }),
        redirects: form
            .redirects
            .iter()
            .filter_map(|row| {
                let pattern = read.text("redirects", "The pattern", &row.pattern);
                let replacement = read.text("redirects", "The new address", &row.replacement);
                Some(PatternRedirect {
                    pattern: pattern?,
                    replacement: replacement?,
                    permanent: row.permanent,
                })
            })
            .collect(),
        split: Some(&form.split_service)
            .filter(|service| !service.is_empty())
            .and_then(|service| {
                Some(Split {
                    service: read.text("split_service", "The service", service)?,
                    percent: read
                        .number("split_percent", &form.split_percent)
                        .unwrap_or(0),
                })
            }),
    };
    if read.0.is_empty() {
        Ok(options)
    } else {
        Err(read.0)
    }
}

fn users(fields: &Fields) -> Vec<BasicUserDraft> {
    (0..fields.rows("auth_name"))
        .filter_map(|row| {
            Some(BasicUserDraft {
                name: fields.optional(&format!("auth_name[{row}]"))?,
                password: Some(fields.text(&format!("auth_password[{row}]")))
                    .filter(|password| !password.is_empty()),
                hash: None,
            })
        })
        .collect()
}

/// Reads texts and notes what is wrong.
struct Reader(FieldErrors);

impl Reader {
    fn text<T: FromStr<Err: Display>>(&mut self, field: &str, what: &str, text: &str) -> Option<T> {
        match text.trim().parse() {
            Ok(value) => Some(value),
            Err(problem) => {
                self.0.add(field, format!("{what} “{text}” {problem}."));
                None
            }
        }
    }

    /// None when it is empty.
    fn number<T: FromStr>(&mut self, field: &str, text: &str) -> Option<T> {
        if text.is_empty() {
            return None;
        }
        let number = text.parse().ok();
        if number.is_none() {
            self.0.add(field, "This must be a whole number.");
        }
        number
    }

    fn mebibytes(&mut self, field: &str, text: &str) -> Option<u64> {
        if text.is_empty() {
            return None;
        }
        let bytes = bytes(text);
        if bytes.is_none() {
            self.0
                .add(field, "This must be a number of MiB, such as 10 or 0.5.");
        }
        bytes
    }

    fn headers(&mut self, field: &str, lines: &str) -> BTreeMap<HeaderName, HeaderValue> {
        let mut headers = BTreeMap::new();
        for line in lines.lines().filter(|line| !line.trim().is_empty()) {
            let Some((name, value)) = line.split_once(':') else {
                self.0.add(
                    field,
                    format!("“{line}” must be a name, a colon and a value."),
                );
                continue;
            };
            let name = self.text(field, "The name", name);
            if let (Some(name), Some(value)) = (name, self.text(field, "The value", value)) {
                headers.insert(name, value);
            }
        }
        headers
    }
}

fn bytes(mebibytes: &str) -> Option<u64> {
    let (whole, decimals) = mebibytes.split_once('.').unwrap_or((mebibytes, ""));
    let is_number = |text: &str| text.bytes().all(|b| b.is_ascii_digit());
    if whole.is_empty()
        || whole.len() > 9
        || decimals.len() > 20
        || !is_number(whole)
        || !is_number(decimals)
    {
        return None;
    }
    let scale = 10_u128.pow(20);
    let decimals: u128 = format!("{decimals:0<20}").parse().ok()?;
    let whole: u128 = whole.parse().ok()?;
    u64::try_from((whole * scale + decimals) * (1 << 20) / scale).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fields(pairs: &[(&str, &str)]) -> Fields {
        pairs
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
            .collect()
    }

    #[test]
    fn a_whole_form_is_read() {
        let fields = fields(&[
            ("https_redirect", "true"),
            ("hsts", "true"),
            ("hsts_days", ""),
            ("auth_name[0]", "ada"),
            ("auth_password[0]", "correct horse"),
            ("auth_name[1]", ""),
            ("allow", "10.0.0.0/8\r\n203.0.113.7"),
            ("rate_requests", "100"),
            ("response_headers", "X-Robots-Tag: noindex\nX-Powered-By:"),
            ("max_body", "0.5"),
            ("redirect_pattern[0]", "^https://a/(.*)$"),
            ("redirect_replacement[0]", "https://b/$1"),
        ]);
        let form = typed_options(&fields, |_| false);
        let options = options(&fields, &form).unwrap();
        assert_eq!(options.hsts.unwrap().days, 365);
        assert_eq!(options.basic_auth.len(), 1);
        assert_eq!(options.allow.len(), 2);
        assert_eq!(options.rate_limit.unwrap().burst, 1);
        assert_eq!(options.response_headers.len(), 2);
        assert_eq!(options.max_body_bytes, Some(1 << 19));
        assert_eq!(options.redirects[0].replacement.as_str(), "https://b/${1}");
    }

    #[test]
    fn what_is_wrong_is_named() {
        let fields = fields(&[
            ("allow", "example.com"),
            ("response_headers", "no colon"),
            ("max_body", "much"),
            ("redirect_pattern[0]", "("),
        ]);
        let form = typed_options(&fields, |_| false);
        let errors = options(&fields, &form).unwrap_err();
        for field in ["allow", "response_headers", "max_body", "redirects"] {
            assert!(errors.of(field).is_some(), "{field}");
        }
    }
}
