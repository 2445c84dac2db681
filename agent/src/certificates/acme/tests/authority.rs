//! An authority of a test's own. It speaks ACME (RFC 8555) over TLS, looks for DNS proofs, and
//! checks no signatures.

use std::collections::BTreeMap;
use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};

use axum::extract::{Path, Request, State};
use axum::middleware::{Next, from_fn};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use http::{HeaderValue, StatusCode};
use rustls::pki_types::PrivateKeyDer;
use serde_json::{Value, json};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;

use crate::certificates::dns::tests::NameServer;

/// What it does otherwise than usual.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Mood {
    Usual,
    /// It does not accept proofs.
    Refuses,
    /// It takes no orders.
    TakesNoOrders,
    /// It makes accounts and does not answer.
    HangsOverAccounts,
}

pub(super) struct Authority {
    pub(super) mood: Mutex<Mood>,
    /// Keys of accounts, by number.
    pub(super) accounts: Mutex<Vec<Option<String>>>,
    pub(super) contacts: Mutex<Vec<Value>>,
    /// How often an account was asked for.
    pub(super) registrations: Mutex<usize>,
    orders: Mutex<BTreeMap<usize, Order>>,
    name_server: NameServer,
    base: String,
    folder: tempfile::TempDir,
}

#[derive(Clone)]
struct Order {
    host: String,
    status: &'static str,
}

struct Tls {
    listener: TcpListener,
    acceptor: TlsAcceptor,
}

impl axum::serve::Listener for Tls {
    type Io = TlsStream<TcpStream>;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (Self::Io, SocketAddr) {
        loop {
            if let Ok((stream, peer)) = self.listener.accept().await
                && let Ok(stream) = self.acceptor.accept(stream).await
            {
                return (stream, peer);
            }
        }
    }

    fn local_addr(&self) -> io::Result<SocketAddr> {
        self.listener.local_addr()
    }
}

impl Authority {
    pub(super) async fn start(name_server: NameServer) -> Arc<Self> {
        let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("ca.pem"), made.cert.pem()).unwrap();
        let key = PrivateKeyDer::try_from(made.signing_key.serialize_der()).unwrap();
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = rustls::ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(vec![made.cert.der().clone()], key)
            .unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let authority = Arc::new(Self {
            mood: Mutex::new(Mood::Usual),
            accounts: Mutex::default(),
            contacts: Mutex::default(),
            registrations: Mutex::default(),
            orders: Mutex::default(),
            name_server,
            base: format!("https://localhost:{port}"),
            folder,
        });
        let router = Router::new()
            .route("/dir", get(directory))
            .route("/nonce", get(StatusCode::OK))
            .route("/account", post(register))
            .route("/account/{number}", post(change_account))
            .route("/order", post(new_order))
            .route("/order/{number}", post(order))
            .route("/authorization/{number}", post(authorization))
            .route("/challenge/{number}", post(challenge))
            .route("/finalize/{number}", post(finalize))
            .route("/certificate/{number}", post(certificate))
            .layer(from_fn(with_nonce))
            .with_state(authority.clone());
        let acceptor = TlsAcceptor::from(Arc::new(config));
        let tls = Tls { listener, acceptor };
        tokio::spawn(async move { axum::serve(tls, router).await });
        authority
    }

    pub(super) fn directory(&self) -> String {
        format!("{}/dir", self.base)
    }

    pub(super) fn root(&self) -> PathBuf {
        self.folder.path().join("ca.pem")
    }

    /// The keys of all accounts.
    pub(super) fn keys(&self) -> Vec<String> {
        self.accounts
            .lock()
            .unwrap()
            .iter()
            .flatten()
            .cloned()
            .collect()
    }

    fn state_of(&self, number: usize) -> Value {
        let order = self.orders.lock().unwrap()[&number].clone();
        let mut state = json!({
            "status": order.status,
            "identifiers": [{ "type": "dns", "value": order.host }],
            "authorizations": [format!("{}/authorization/{number}", self.base)],
            "finalize": format!("{}/finalize/{number}", self.base),
        });
        if order.status == "valid" {
            state["certificate"] = format!("{}/certificate/{number}", self.base).into();
        }
        state
    }

    fn challenge_of(&self, number: usize) -> Value {
        let order = self.orders.lock().unwrap()[&number].clone();
        let mut challenge = json!({
            "type": "dns-01",
            "url": format!("{}/challenge/{number}", self.base),
            "token": format!("token-{number}"),
            "status": match order.status { "invalid" => "invalid", "pending" => "pending", _ => "valid" },
        });
        if order.status == "invalid" {
            challenge["error"] = json!({
                "type": "urn:ietf:params:acme:error:unauthorized",
                "detail": "Incorrect TXT record found",
            });
        }
        challenge
    }
}

async fn with_nonce(request: Request, next: Next) -> Response {
    let mut answer = next.run(request).await;
    let nonce = HeaderValue::from_static("bm9uY2U");
    answer.headers_mut().insert("replay-nonce", nonce);
    answer
}

fn problem(kind: &str, detail: &str) -> Response {
    let kind = format!("urn:ietf:params:acme:error:{kind}");
    (
        StatusCode::BAD_REQUEST,
        Json(json!({ "type": kind, "detail": detail })),
    )
        .into_response()
}

/// A part of what was sent, without a look at its signature.
fn part(body: &Value, name: &str) -> Value {
    let text = body[name].as_str().unwrap();
    let decoded = BASE64_URL_SAFE_NO_PAD.decode(text).unwrap();
    serde_json::from_slice(&decoded).unwrap_or_default()
}

async fn directory(State(authority): State<Arc<Authority>>) -> Json<Value> {
    let at = |path: &str| format!("{}/{path}", authority.base);
    Json(json!({
        "newNonce": at("nonce"), "newAccount": at("account"), "newOrder": at("order"),
        "revokeCert": at("revoke"), "keyChange": at("key"),
    }))
}

async fn register(State(authority): State<Arc<Authority>>, body: String) -> Response {
    let body: Value = serde_json::from_str(&body).unwrap();
    let key = part(&body, "protected")["jwk"].to_string();
    *authority.registrations.lock().unwrap() += 1;
    let number = {
        let mut accounts = authority.accounts.lock().unwrap();
        let known = accounts
            .iter()
            .position(|known| known.as_ref() == Some(&key));
        known.unwrap_or_else(|| {
            accounts.push(Some(key));
            accounts.len() - 1
        })
    };
    if *authority.mood.lock().unwrap() == Mood::HangsOverAccounts {
        std::future::pending::<()>().await;
    }
    let place = format!("{}/account/{number}", authority.base);
    let state = Json(json!({ "status": "valid" }));
    (StatusCode::CREATED, [("location", place)], state).into_response()
}

async fn change_account(State(authority): State<Arc<Authority>>, body: String) -> Json<Value> {
    let body: Value = serde_json::from_str(&body).unwrap();
    let contact = part(&body, "payload")["contact"].clone();
    authority.contacts.lock().unwrap().push(contact);
    Json(json!({ "status": "valid" }))
}

async fn new_order(State(authority): State<Arc<Authority>>, body: String) -> Response {
    let body: Value = serde_json::from_str(&body).unwrap();
    let protected = part(&body, "protected");
    let account = protected["kid"].as_str().unwrap().rsplit('/').next();
    let account: usize = account.unwrap().parse().unwrap();
    if authority.accounts.lock().unwrap()[account].is_none() {
        return problem("accountDoesNotExist", "Account not found");
    }
    if *authority.mood.lock().unwrap() == Mood::TakesNoOrders {
        return problem("malformed", "Domain name is wrong");
    }
    let host = part(&body, "payload")["identifiers"][0]["value"].clone();
    let number = {
        let mut orders = authority.orders.lock().unwrap();
        let number = orders.len();
        let host = host.as_str().unwrap().to_owned();
        orders.insert(
            number,
            Order {
                host,
                status: "pending",
            },
        );
        number
    };
    let place = format!("{}/order/{number}", authority.base);
    let state = Json(authority.state_of(number));
    (StatusCode::CREATED, [("location", place)], state).into_response()
}

async fn order(State(authority): State<Arc<Authority>>, Path(number): Path<usize>) -> Json<Value> {
    Json(authority.state_of(number))
}

async fn authorization(
    State(authority): State<Arc<Authority>>,
    Path(number): Path<usize>,
) -> Json<Value> {
    let challenge = authority.challenge_of(number);
    let host = authority.orders.lock().unwrap()[&number].host.clone();
    let host = host.strip_prefix("*.").unwrap_or(&host);
    Json(json!({
        "identifier": { "type": "dns", "value": host },
        "status": challenge["status"],
        "challenges": [challenge],
    }))
}

async fn challenge(
    State(authority): State<Arc<Authority>>,
    Path(number): Path<usize>,
) -> Json<Value> {
    let told = authority.challenge_of(number);
    let refuses = *authority.mood.lock().unwrap() == Mood::Refuses;
    let mut orders = authority.orders.lock().unwrap();
    let order = orders.get_mut(&number).unwrap();
    let base = order.host.strip_prefix("*.").unwrap_or(&order.host);
    let texts = authority
        .name_server
        .texts(&format!("_acme-challenge.{base}"));
    // A proof is the SHA-256 of something, in base64.
    let is_shown = texts.iter().any(|text| text.len() == 43);
    order.status = if is_shown && !refuses {
        "ready"
    } else {
        "invalid"
    };
    Json(told)
}

async fn finalize(
    State(authority): State<Arc<Authority>>,
    Path(number): Path<usize>,
) -> Json<Value> {
    authority
        .orders
        .lock()
        .unwrap()
        .get_mut(&number)
        .unwrap()
        .status = "valid";
    Json(authority.state_of(number))
}

async fn certificate() -> &'static str {
    "-----BEGIN CERTIFICATE-----\nAA==\n-----END CERTIFICATE-----\n"
}
