//! The dashboard's own address, for URLs that people copy.

use std::convert::Infallible;

use axum::extract::FromRequestParts;
use http::header;
use http::request::Parts;

/// Where the visitor reached the dashboard, such as `http://203.0.113.7:3000`. Serves
/// only where no public URL is configured, and only for what that visitor sees.
#[derive(Debug, Clone)]
pub(crate) struct Origin(String);

impl Origin {
    /// A URL with its host: a path is completed, a whole URL stays.
    pub(crate) fn complete(&self, url: &str) -> String {
        if url.starts_with('/') {
            format!("{}{url}", self.0)
        } else {
            url.to_owned()
        }
    }
}

impl<S: Send + Sync> FromRequestParts<S> for Origin {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        let host = parts
            .headers
            .get(header::HOST)
            .and_then(|host| host.to_str().ok())
            .or_else(|| parts.uri.authority().map(http::uri::Authority::as_str))
            .unwrap_or("localhost:3000");
        // Only what this visitor sees depends on it, so it need not be a proxy of ours.
        let is_https = parts
            .headers
            .get("x-forwarded-proto")
            .is_some_and(|scheme| scheme == "https");
        let scheme = if is_https { "https" } else { "http" };
        Ok(Self(format!("{scheme}://{host}")))
    }
}
