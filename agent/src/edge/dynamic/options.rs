//! The options of a domain as the proxy's middlewares.

use std::collections::BTreeMap;

use longshore_domain::route::{
    DomainOptions, HeaderName, HeaderValue, HostRedirect, Route, cloudflare,
};

use super::model::{IpStrategy, Middleware, SourceCriterion};

/// What the usual protection against misuse by other sites says.
const SECURITY_HEADERS: [(&str, &str); 3] = [
    ("Referrer-Policy", "strict-origin-when-cross-origin"),
    ("X-Content-Type-Options", "nosniff"),
    ("X-Frame-Options", "SAMEORIGIN"),
];
const SECONDS_OF_A_DAY: u32 = 86_400;

/// What requests of a route pass, the outermost first, each with the end of its name.
pub(super) fn middlewares(route: &Route, is_secure: bool) -> Vec<(String, Middleware)> {
    let options = &route.options;
    let mut passed = Vec::new();
    if let Some(headers) = headers(options, is_secure) {
        let name = if is_secure {
            "headers"
        } else {
            "headers-plain"
        };
        passed.push((name.to_owned(), headers));
    }
    passed.extend(doors(options));
    if let Some(redirect) = &options.redirect_to {
        passed.push(("redirect".to_owned(), everything(redirect)));
        return passed;
    }
    for (index, redirect) in options.redirects.iter().enumerate() {
        passed.push((
            format!("redirect-{index}"),
            Middleware::RedirectRegex {
                regex: redirect.pattern.to_string(),
                replacement: redirect.replacement.to_string(),
                permanent: redirect.permanent,
            },
        ));
    }
    if !options.basic_auth.is_empty() {
        let users = options.basic_auth.iter();
        passed.push((
            "auth".to_owned(),
            Middleware::BasicAuth {
                users: users
                    .map(|user| format!("{}:{}", user.name, user.hash.expose()))
                    .collect(),
                remove_header: true,
            },
        ));
    }
    if options.compression {
        let encodings = ["zstd", "br", "gzip"];
        passed.push(("compress".to_owned(), Middleware::Compress { encodings }));
    }
    if let Some(max_request_body_bytes) = options.max_body_bytes {
        let buffering = Middleware::Buffering {
            max_request_body_bytes,
        };
        passed.push(("body".to_owned(), buffering));
    }
    if route.strip_prefix && !route.path_prefix.is_root() {
        let prefixes = vec![route.path_prefix.to_string()];
        passed.push(("strip".to_owned(), Middleware::StripPrefix { prefixes }));
    }
    passed
}

/// Who may come in, and how often.
fn doors(options: &DomainOptions) -> Vec<(String, Middleware)> {
    let mut doors = Vec::new();
    let strategy = options.behind_cloudflare.then(|| IpStrategy {
        excluded: cloudflare::ranges().to_vec(),
    });
    if options.behind_cloudflare {
        // The peer itself, whatever it forwards.
        let only = Middleware::IpAllowList {
            source_range: cloudflare::ranges().to_vec(),
            ip_strategy: None,
        };
        doors.push(("cloudflare".to_owned(), only));
    }
    if !options.allow.is_empty() {
        let allow = Middleware::IpAllowList {
            source_range: options.allow.clone(),
            ip_strategy: strategy.clone(),
        };
        doors.push(("allow".to_owned(), allow));
    }
    if let Some(limit) = options.rate_limit {
        let limit = Middleware::RateLimit {
            average: limit.requests,
            period: format!("{}s", limit.per_seconds),
            burst: limit.burst,
            source_criterion: strategy.map(|ip_strategy| SourceCriterion { ip_strategy }),
        };
        doors.push(("limit".to_owned(), limit));
    }
    doors
}

fn headers(options: &DomainOptions, is_secure: bool) -> Option<Middleware> {
    let mut response = BTreeMap::new();
    if options.security_headers {
        let usual = SECURITY_HEADERS.into_iter();
        response.extend(usual.map(|(name, value)| (name.to_owned(), value.to_owned())));
    }
    if let Some(hsts) = options.hsts.filter(|_| is_secure) {
        let mut value = format!("max-age={}", hsts.days.saturating_mul(SECONDS_OF_A_DAY));
        if hsts.include_subdomains {
            value.push_str("; includeSubDomains");
        }
        if hsts.preload {
            value.push_str("; preload");
        }
        response.insert("Strict-Transport-Security".to_owned(), value);
    }
    // What was set for this domain alone counts more than the usual.
    for (name, value) in texts(&options.response_headers) {
        response.retain(|usual, _| !usual.eq_ignore_ascii_case(&name));
        response.insert(name, value);
    }
    let request: BTreeMap<String, String> = texts(&options.request_headers).collect();
    if request.is_empty() && response.is_empty() {
        return None;
    }
    Some(Middleware::Headers {
        custom_request_headers: request,
        custom_response_headers: response,
    })
}

fn texts(
    headers: &BTreeMap<HeaderName, HeaderValue>,
) -> impl Iterator<Item = (String, String)> + '_ {
    let headers = headers.iter();
    headers.map(|(name, value)| (name.to_string(), value.to_string()))
}

/// The target's text may hold no `$`, which would name a group.
fn everything(redirect: &HostRedirect) -> Middleware {
    let (regex, replacement) = if redirect.keep_path {
        ("^[a-z]+://[^/]+/(.*)$", format!("{}/${{1}}", redirect.to))
    } else {
        ("^.*$", format!("{}/", redirect.to))
    };
    Middleware::RedirectRegex {
        regex: regex.to_owned(),
        replacement,
        permanent: redirect.permanent,
    }
}
