//! A client for the few calls over HTTPS that DNS providers need.

use std::path::Path;
use std::time::Duration;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use bytes::Bytes;
use http_body_util::{BodyExt as _, Full, Limited};
use hyper_rustls::{ConfigBuilderExt as _, HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;
use serde_json::Value;
use tokio::time::timeout;

/// The largest answer that is read, in bytes.
const LARGEST_ANSWER: usize = 1 << 20;

/// How the client shows who it is.
pub(super) enum Auth<'a> {
    /// A token.
    Bearer(&'a str),
    /// A name and a password.
    Basic(&'a str, &'a str),
}

/// Calls over HTTP and HTTPS with bodies of JSON. It follows no redirects: what it is given to
/// show who it is goes nowhere else.
#[derive(Clone)]
pub(super) struct HttpClient {
    client: Option<Client<HttpsConnector<HttpConnector>, Full<Bytes>>>,
    /// How long one call may take, until its answer is whole.
    patience: Duration,
}

impl HttpClient {
    /// One that trusts the machine's authorities, or those in a file.
    pub(super) fn new(more: Option<&Path>, patience: Duration) -> Self {
        let client = match connector(more) {
            Ok(connector) => Some(Client::builder(TokioExecutor::new()).build(connector)),
            Err(error) => {
                tracing::warn!(error, "DNS providers cannot be called");
                None
            }
        };
        Self { client, patience }
    }

    /// The status and the body of the answer.
    pub(super) async fn call(
        &self,
        method: &str,
        url: &str,
        auth: Auth<'_>,
        body: Option<&Value>,
    ) -> Result<(u16, Vec<u8>), String> {
        let client = self
            .client
            .as_ref()
            .ok_or("no trusted authorities are known")?;
        let auth = match auth {
            Auth::Bearer(token) => format!("Bearer {token}"),
            Auth::Basic(name, password) => {
                format!(
                    "Basic {}",
                    BASE64_STANDARD.encode(format!("{name}:{password}"))
                )
            }
        };
        let text = body.map(Value::to_string).unwrap_or_default();
        let request = http::Request::builder()
            .method(method)
            .uri(url)
            .header(http::header::AUTHORIZATION, auth)
            .header(http::header::CONTENT_TYPE, "application/json")
            .header(http::header::USER_AGENT, "longshore-agent")
            .body(Full::new(Bytes::from(text)))
            .map_err(|error| error.to_string())?;
        let called = async {
            let answer = client.request(request).await.map_err(|error| {
                let mut deepest: &dyn std::error::Error = &error;
                while let Some(source) = deepest.source() {
                    deepest = source;
                }
                deepest.to_string()
            })?;
            let status = answer.status().as_u16();
            let body = Limited::new(answer.into_body(), LARGEST_ANSWER)
                .collect()
                .await;
            let body = body.map_err(|error| error.to_string())?.to_bytes().to_vec();
            Ok((status, body))
        };
        timeout(self.patience, called)
            .await
            .map_err(|_| "it does not answer in time".to_owned())?
    }
}

fn connector(more: Option<&Path>) -> Result<HttpsConnector<HttpConnector>, String> {
    let provider = std::sync::Arc::new(rustls::crypto::ring::default_provider());
    let builder = rustls::ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| error.to_string())?;
    let config = match more {
        None => builder
            .with_native_roots()
            .map_err(|error| error.to_string())?
            .with_no_client_auth(),
        Some(file) => {
            let mut roots = rustls::RootCertStore::empty();
            let found = CertificateDer::pem_file_iter(file).map_err(|error| error.to_string())?;
            roots.add_parsable_certificates(found.flatten());
            builder.with_root_certificates(roots).with_no_client_auth()
        }
    };
    Ok(HttpsConnectorBuilder::new()
        .with_tls_config(config)
        .https_or_http()
        .enable_http1()
        .build())
}
