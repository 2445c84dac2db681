//! Answers an authority's requests over HTTP: a small server that knows the proofs of the
//! moment and nothing else. The proxy passes requests on to it.

use std::collections::HashMap;
use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, Mutex, PoisonError};

use axum::Router;
use axum::extract::{Path, State};
use axum::routing::get;
use http::StatusCode;
use longshore_domain::DomainName;
use tokio::net::TcpListener;

use crate::tasks::Tasks;

/// The path of proofs.
pub(crate) const PATH: &str = "/.well-known/acme-challenge/";

/// The proofs of the moment: the name and the answer, by token.
#[derive(Debug, Clone, Default)]
struct Proofs(Arc<Mutex<HashMap<String, (DomainName, String)>>>);

impl Proofs {
    fn lock(&self) -> std::sync::MutexGuard<'_, HashMap<String, (DomainName, String)>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The server, which is started when it is first needed.
pub(super) struct Responder {
    proofs: Proofs,
    tasks: Tasks,
    address: tokio::sync::Mutex<Option<SocketAddr>>,
}

impl Responder {
    pub(super) fn new(tasks: Tasks) -> Self {
        Self {
            proofs: Proofs::default(),
            tasks,
            address: tokio::sync::Mutex::default(),
        }
    }

    /// Where it listens: on the one address of this machine that the proxy can reach.
    pub(super) async fn listen(&self, ip: IpAddr) -> std::io::Result<SocketAddr> {
        let mut known = self.address.lock().await;
        if let Some(address) = known.filter(|address| address.ip() == ip) {
            return Ok(address);
        }
        let listener = TcpListener::bind((ip, 0)).await?;
        let address = listener.local_addr()?;
        let router = Router::new()
            .route(&format!("{PATH}{{token}}"), get(answer))
            .with_state(self.proofs.clone());
        let stop = self.tasks.stopping().clone();
        self.tasks.spawn("proofs for certificates", async move {
            let served =
                axum::serve(listener, router).with_graceful_shutdown(stop.cancelled_owned());
            if let Err(error) = served.await {
                tracing::error!(%error, "proofs for certificates are not served any more");
            }
        });
        *known = Some(address);
        Ok(address)
    }

    pub(super) fn add(&self, host: &DomainName, token: &str, proof: &str) {
        let value = (host.clone(), proof.to_owned());
        self.proofs.lock().insert(token.to_owned(), value);
    }

    pub(super) fn remove(&self, token: &str) {
        self.proofs.lock().remove(token);
    }

    /// The names that are being proven.
    pub(super) fn hosts(&self) -> Vec<DomainName> {
        let proofs = self.proofs.lock();
        let mut hosts: Vec<DomainName> = proofs.values().map(|(host, _)| host.clone()).collect();
        hosts.sort();
        hosts.dedup();
        hosts
    }
}

async fn answer(
    State(proofs): State<Proofs>,
    Path(token): Path<String>,
) -> Result<String, StatusCode> {
    let proofs = proofs.lock();
    let found = proofs.get(&token).map(|(_, proof)| proof.clone());
    found.ok_or(StatusCode::NOT_FOUND)
}
