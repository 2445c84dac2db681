//! The options of a domain, in their form.

use longshore_control::BasicUserName;
use longshore_domain::route::DomainOptions;

/// The options of a domain as typed.
#[derive(Debug, Clone, Default)]
pub struct DomainOptionsForm {
    /// Whether plain HTTP is sent on to HTTPS.
    pub https_redirect: bool,
    /// Whether browsers are told to use HTTPS alone.
    pub hsts: bool,
    /// For how many days.
    pub hsts_days: String,
    /// Whether that holds for names below the host.
    pub hsts_subdomains: bool,
    /// Whether browsers may have it built in.
    pub hsts_preload: bool,
    /// Whether answers carry the usual headers.
    pub security_headers: bool,
    /// Whether answers are compressed.
    pub compression: bool,
    /// Users of basic authentication.
    pub users: Vec<UserRow>,
    /// Allowed addresses, one a line.
    pub allow: String,
    /// Whether requests come through Cloudflare alone.
    pub behind_cloudflare: bool,
    /// Requests of the rate limit.
    pub rate_requests: String,
    /// Its seconds.
    pub rate_seconds: String,
    /// Its burst.
    pub rate_burst: String,
    /// Headers of requests, one a line.
    pub request_headers: String,
    /// Headers of answers, one a line.
    pub response_headers: String,
    /// The largest body, in MiB.
    pub max_body: String,
    /// Where everything is sent on to.
    pub redirect_to: String,
    /// Whether path and query are taken along.
    pub redirect_keep_path: bool,
    /// Whether browsers may remember it.
    pub redirect_permanent: bool,
    /// Redirects by pattern.
    pub redirects: Vec<RedirectRow>,
    /// The other service of a split.
    pub split_service: String,
    /// Its share.
    pub split_percent: String,
}

/// A user of basic authentication.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct UserRow {
    /// The name.
    pub name: String,
    /// Whether a password is stored.
    pub is_known: bool,
}

/// A redirect by pattern.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RedirectRow {
    /// The pattern.
    pub pattern: String,
    /// The address that matching ones become.
    pub replacement: String,
    /// Whether browsers may remember it.
    pub permanent: bool,
}

impl DomainOptionsForm {
    /// The options as they are, with an empty row for more.
    pub fn new(options: &DomainOptions<BasicUserName>) -> Self {
        let hsts = options.hsts;
        let limit = options.rate_limit;
        let number = |number: Option<u32>| number.map(|n| n.to_string()).unwrap_or_default();
        let users = options.basic_auth.iter().map(|user| UserRow {
            name: user.name.clone(),
            is_known: true,
        });
        let redirects = options.redirects.iter().map(|redirect| RedirectRow {
            pattern: redirect.pattern.to_string(),
            replacement: redirect.replacement.to_string(),
            permanent: redirect.permanent,
        });
        let redirect = options.redirect_to.as_ref();
        let lines = |lines: Vec<String>| lines.join("\n");
        let headers = |headers: &std::collections::BTreeMap<_, _>| {
            let pairs = headers.iter();
            lines(
                pairs
                    .map(|(name, value)| format!("{name}: {value}"))
                    .collect(),
            )
        };
        Self {
            https_redirect: options.https_redirect,
            hsts: hsts.is_some(),
            hsts_days: number(hsts.map(|hsts| hsts.days)),
            hsts_subdomains: hsts.is_some_and(|hsts| hsts.include_subdomains),
            hsts_preload: hsts.is_some_and(|hsts| hsts.preload),
            security_headers: options.security_headers,
            compression: options.compression,
            users: users.collect(),
            allow: lines(options.allow.iter().map(ToString::to_string).collect()),
            behind_cloudflare: options.behind_cloudflare,
            rate_requests: number(limit.map(|limit| limit.requests)),
            rate_seconds: number(limit.map(|limit| limit.per_seconds)),
            rate_burst: number(limit.map(|limit| limit.burst)),
            request_headers: headers(&options.request_headers),
            response_headers: headers(&options.response_headers),
            max_body: options.max_body_bytes.map(mebibytes).unwrap_or_default(),
            redirect_to: redirect
                .map(|redirect| redirect.to.to_string())
                .unwrap_or_default(),
            redirect_keep_path: redirect.is_none_or(|redirect| redirect.keep_path),
            redirect_permanent: redirect.is_none_or(|redirect| redirect.permanent),
            redirects: redirects.collect(),
            split_service: options
                .split
                .map(|split| split.service.to_string())
                .unwrap_or_default(),
            split_percent: options
                .split
                .map(|split| split.percent.to_string())
                .unwrap_or_default(),
        }
        .with_empty_rows()
    }

    /// With an empty row for more users and redirects.
    #[must_use]
    pub fn with_empty_rows(mut self) -> Self {
        self.users.push(UserRow::default());
        self.redirects.push(RedirectRow::default());
        self
    }

    /// With a redirect filled in that people often want.
    #[must_use]
    pub fn with_preset(mut self, preset: &str, host: &str) -> Self {
        let escaped = host.replace('.', "\\.");
        let (pattern, replacement) = match preset {
            "path" => (
                "/old/(.*)$".to_owned(),
                format!("https://{host}/new/${{1}}"),
            ),
            "slash" => ("/(.+)/$".to_owned(), format!("https://{host}/${{1}}")),
            "index" => (
                "/(.*)index\\.html$".to_owned(),
                format!("https://{host}/${{1}}"),
            ),
            _ => return self,
        };
        if let Some(last) = self.redirects.last_mut() {
            *last = RedirectRow {
                pattern: format!("^https?://{escaped}(?::[0-9]+)?{pattern}"),
                replacement,
                permanent: true,
            };
        }
        self
    }
}

/// MiB with as many decimals as it takes.
fn mebibytes(bytes: u64) -> String {
    const MEBIBYTE: u64 = 1 << 20;
    let (whole, rest) = (bytes / MEBIBYTE, bytes % MEBIBYTE);
    if rest == 0 {
        return whole.to_string();
    }
    // 2^20 divides 10^20, so twenty decimals are always enough.
    let decimals = u128::from(rest) * 10_u128.pow(20) / u128::from(MEBIBYTE);
    let text = format!("{whole}.{decimals:020}");
    text.trim_end_matches('0').to_owned()
}

#[cfg(test)]
mod tests {
    use super::{DomainOptionsForm, mebibytes};
    use longshore_domain::route::{DomainOptions, UrlPattern, UrlReplacement};

    #[test]
    fn sizes_keep_every_byte() {
        assert_eq!(mebibytes(10 << 20), "10");
        assert_eq!(mebibytes(1 << 19), "0.5");
        assert_eq!(mebibytes((1 << 20) + 1), "1.00000095367431640625");
    }

    #[test]
    fn presets_are_redirects_that_are_taken() {
        for preset in ["path", "slash", "index"] {
            let form = DomainOptionsForm::new(&DomainOptions::default());
            let form = form.with_preset(preset, "shop.example.com");
            let row = form.redirects.last().unwrap();
            let pattern: UrlPattern = row.pattern.parse().unwrap();
            let replacement: UrlReplacement = row.replacement.parse().unwrap();
            assert_eq!(replacement.highest_group(), pattern.groups(), "{preset}");
        }
    }
}
