//! Certificates: asks for them, renews them, gives them to the proxy, and says how they do.
//!
//! The server tells which hosts shall have one (`set_desired`); what was issued lies in the
//! agent's directory (`store`), so that it is shown and renewed while the server is away. A
//! pass looks at every host whose time has come: is the name here (`look_up`), then the
//! authority is asked (`acme`), by an answer over HTTP (`responder`) or a DNS record (`dns`).

mod accounts;
mod acme;
mod dns;
mod http_client;
mod look_up;
mod pem;
mod responder;
mod schedule;
mod state;
mod store;
mod words;

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use futures_util::StreamExt as _;
use longshore_agent_api::{AgentProblem, CertificateState, CertificateStatus, DesiredCertificates};
use longshore_domain::{DomainName, FailureKind};
use tokio::sync::Notify;
use tokio::task::spawn_blocking;
use tokio::time::sleep;
use tokio_util::sync::CancellationToken;

use crate::clock;
use crate::config::Config;
use crate::edge::Edge;
use crate::engine::problem;
use crate::tasks::Tasks;
use acme::{Acme, Proof};
use dns::Dns;
use look_up::Resolver;
pub(crate) use responder::PATH as CHALLENGE_PATH;
use responder::Responder;
use state::{Entry, Wish};
use store::{Record, Store};

/// Hosts that are seen to at the same time.
const AT_ONCE: usize = 4;
/// The longest between two looks.
const LONGEST_SLEEP: Duration = Duration::from_mins(1);
/// Between two looks when the proxy lacks a certificate.
const SHORTEST_SLEEP: Duration = Duration::from_secs(5);

/// All certificates of the machine.
pub struct Certificates {
    acme: Acme,
    resolver: Resolver,
    store: Store,
    entries: Mutex<BTreeMap<DomainName, Entry>>,
    news: Notify,
}

impl Certificates {
    /// Those of a machine; nothing is done before [`Certificates::supervise`].
    pub fn new(config: &Config, tasks: &Tasks) -> Self {
        let store = Store::new(config.agent_dir().join("certificates"));
        let responder = Responder::new(tasks.clone());
        let resolver = Resolver::new(config.dns_resolver, config.public_addresses.clone());
        let dns = Dns::new(config.acme_ca.as_deref(), resolver.clone());
        Self {
            acme: Acme::new(config, store.clone(), responder, dns),
            resolver,
            store,
            entries: Mutex::default(),
            news: Notify::new(),
        }
    }

    /// Takes up what is stored.
    ///
    /// # Errors
    /// When the directory cannot be read.
    pub async fn load(&self) -> Result<(), AgentProblem> {
        let store = self.store.clone();
        let records = spawn_blocking(move || store.load())
            .await
            .map_err(std::io::Error::other)
            .flatten()
            .map_err(|error| disk(&error))?;
        let mut entries = self.lock();
        for record in records {
            entries
                .entry(record.host.clone())
                .or_insert_with(|| Entry::stored(record));
        }
        Ok(())
    }

    /// Makes the list of hosts with certificates what it shall be.
    pub fn set_desired(&self, desired: DesiredCertificates) {
        let now = clock::now();
        let mut entries = self.lock();
        let mut others: Vec<DomainName> = entries.keys().cloned().collect();
        for certificate in desired.certificates {
            others.retain(|host| *host != certificate.host);
            entries
                .entry(certificate.host.clone())
                .or_insert_with(|| Entry::new(certificate.host.clone()))
                .wish(certificate.origin, now);
        }
        for host in others {
            if let Some(entry) = entries.get_mut(&host) {
                entry.give_up();
            }
        }
        drop(entries);
        self.news.notify_one();
    }

    /// Makes the next attempt for a host now, whatever DNS says.
    ///
    /// # Errors
    /// When there is none for this host.
    pub fn retry(&self, host: &DomainName) -> Result<(), AgentProblem> {
        let mut entries = self.lock();
        let entry = entries.get_mut(host).filter(|entry| entry.is_wanted());
        let Some(entry) = entry else {
            return Err(problem(
                FailureKind::Internal,
                format!("There is no certificate for {host} to be asked for."),
            ));
        };
        entry.insist(clock::now());
        drop(entries);
        self.news.notify_one();
        Ok(())
    }

    /// How all certificates do, by host.
    pub fn list(&self) -> Vec<CertificateStatus> {
        let entries = self.lock();
        let wanted = entries.values().filter(|entry| entry.is_wanted());
        wanted.map(Entry::status).collect()
    }

    /// Sees to all certificates until it is cancelled.
    pub async fn supervise(&self, edge: &Edge, cancel: CancellationToken) {
        let work = async {
            while let Err(problem) = self.load().await {
                tracing::error!(%problem, "stored certificates cannot be read");
                sleep(LONGEST_SLEEP).await;
            }
            self.acme.close_way(edge).await;
            loop {
                self.pass(edge).await;
                tokio::select! {
                    () = self.news.notified() => {}
                    () = sleep(self.until_next()) => {}
                }
            }
        };
        tokio::select! {
            () = cancel.cancelled() => {}
            () = work => {}
        }
    }

    async fn pass(&self, edge: &Edge) {
        let now = clock::now();
        let due: Vec<DomainName> = {
            let entries = self.lock();
            let due = entries.iter().filter(|(_, entry)| entry.is_due(now));
            due.map(|(host, _)| host.clone()).collect()
        };
        futures_util::stream::iter(due)
            .for_each_concurrent(AT_ONCE, |host| async move {
                self.see_to(edge, &host).await;
            })
            .await;
    }

    /// Until the next host's time has come.
    fn until_next(&self) -> Duration {
        let now = clock::now();
        let entries = self.lock();
        let next = entries.values().filter_map(Entry::due).min();
        let wait = next.map_or(LONGEST_SLEEP, |next| {
            Duration::try_from(next - now).unwrap_or(Duration::ZERO)
        });
        wait.clamp(Duration::from_millis(200), LONGEST_SLEEP)
    }

    async fn see_to(&self, edge: &Edge, host: &DomainName) {
        let Some(wish) = self.lock().get(host).map(|entry| entry.wish.clone()) else {
            return;
        };
        match wish {
            Wish::Nothing => self.remove(edge, host).await,
            Wish::Own { .. } => self.show(edge, host).await,
            Wish::Http | Wish::Dns(_) => {
                if self.needs_new(host) {
                    self.obtain(edge, host, &wish).await;
                }
                self.show(edge, host).await;
            }
        }
        self.change(host, |entry| entry.settle(clock::now()));
    }

    fn needs_new(&self, host: &DomainName) -> bool {
        let entries = self.lock();
        entries
            .get(host)
            .is_some_and(|entry| entry.needs_new(clock::now()))
    }

    /// Looks where the name leads, and asks the authority.
    async fn obtain(&self, edge: &Edge, host: &DomainName, wish: &Wish) {
        let proof = match wish {
            Wish::Http => Proof::Http(edge),
            Wish::Dns(Some(access)) => Proof::Dns(access),
            // Not before the server has sent the credentials again.
            Wish::Dns(None) | Wish::Own { .. } | Wish::Nothing => return,
        };
        if matches!(proof, Proof::Http(_)) {
            let leads = self.resolver.leads_here(host).await;
            let goes_on = self.change(host, |entry| entry.leads(leads, clock::now()));
            if goes_on != Some(true) {
                return;
            }
        }
        let authority = self.acme.name();
        self.change(host, |entry| entry.state = CertificateState::Asking);
        tracing::info!(%host, authority, "a certificate is asked for");
        let obtained = self.acme.obtain(host, proof).await;
        let now = clock::now();
        let record = self.change(host, |entry| {
            match obtained {
                Ok(issued) => {
                    let by_dns = matches!(proof, Proof::Dns(_));
                    entry.issued(issued, by_dns, now);
                    tracing::info!(%host, "a certificate was issued");
                }
                Err(trouble) => {
                    tracing::warn!(%host, reason = trouble.message, "no certificate was issued");
                    entry.failed(&trouble, now);
                }
            }
            entry.record.clone()
        });
        if let Some(record) = record {
            self.save(record).await;
        }
    }

    /// Gives the proxy what there is.
    async fn show(&self, edge: &Edge, host: &DomainName) {
        let Some(Some((chain, key))) = self.change(host, |entry| entry.shown()) else {
            return;
        };
        let shown = edge.set_certificate(host, &chain, &key).await;
        self.change(host, |entry| match &shown {
            Ok(()) => entry.is_shown = true,
            Err(problem) => {
                tracing::error!(%host, %problem, "the proxy did not take a certificate");
                entry.show_again(clock::now() + SHORTEST_SLEEP);
            }
        });
    }

    async fn remove(&self, edge: &Edge, host: &DomainName) {
        if let Err(problem) = edge.remove_certificate(host).await {
            tracing::error!(%host, %problem, "the proxy keeps a certificate");
            self.change(host, |entry| {
                entry.show_again(clock::now() + SHORTEST_SLEEP);
            });
            return;
        }
        let record = self.change(host, |entry| {
            entry.is_shown = false;
            entry.rest();
            entry.record.clone()
        });
        let Some(record) = record else {
            return;
        };
        // One that is valid yet is used again when the host comes back.
        let is_usable = record
            .validity()
            .is_some_and(|validity| validity.until > clock::now());
        if is_usable {
            self.save(record).await;
            return;
        }
        self.lock().remove(host);
        let (store, host) = (self.store.clone(), host.clone());
        let deleted = spawn_blocking(move || store.delete(&host)).await;
        if !matches!(deleted, Ok(Ok(()))) {
            tracing::error!("an old certificate cannot be deleted");
        }
    }

    async fn save(&self, record: Record) {
        let store = self.store.clone();
        let saved = spawn_blocking(move || store.save(&record)).await;
        let saved = saved.map_err(std::io::Error::other).flatten();
        if let Err(error) = saved {
            tracing::error!(%error, "a certificate cannot be stored");
        }
    }

    /// Changes what is known of a host; none when it is not known any more.
    fn change<T>(&self, host: &DomainName, change: impl FnOnce(&mut Entry) -> T) -> Option<T> {
        self.lock().get_mut(host).map(change)
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, BTreeMap<DomainName, Entry>> {
        self.entries.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn disk(error: &std::io::Error) -> AgentProblem {
    problem(
        FailureKind::DiskFull,
        format!("The certificates cannot be read: {error}."),
    )
}
