//! Asks an authority for a certificate (RFC 8555).

use std::time::Duration;

use instant_acme::{
    AuthorizationStatus, ChallengeType, Error, Identifier, NewOrder, Order, OrderStatus,
    RetryPolicy,
};
use longshore_agent_api::DnsAccess;
use longshore_domain::DomainName;
use tokio::sync::Mutex;
use tokio::task::spawn_blocking;
use tokio::time::timeout;

use super::accounts::{Accounts, stored};
use super::dns::{Dns, Record};
use super::responder::Responder;
use super::store::{Issued, Store};
use super::words::{Trouble, explain};
use crate::config::Config;
use crate::edge::Edge;

/// The longest that it may take to show that a name is ours.
const LIMIT: Duration = Duration::from_mins(8);
/// The longest that the authority may be silent: longer than over one decision.
const SILENCE: Duration = Duration::from_mins(3);
/// The longest that the authority may take over one decision.
const PATIENCE: Duration = Duration::from_mins(2);
/// DNS records of a host that could not be taken away and are tried again.
const MOST_KEPT: usize = 10;

/// How it is shown that a name is ours.
#[derive(Clone, Copy)]
pub(super) enum Proof<'a> {
    /// By an answer over HTTP, to which the proxy leads.
    Http(&'a Edge),
    /// By a DNS record.
    Dns(&'a DnsAccess),
}

/// The authority, and what is needed to ask it.
pub(super) struct Acme {
    accounts: Accounts,
    store: Store,
    responder: Responder,
    /// The routes of all proofs are in one file.
    challenges: Mutex<()>,
    dns: Dns,
}

impl Acme {
    pub(super) fn new(config: &Config, store: Store, responder: Responder, dns: Dns) -> Self {
        Self {
            accounts: Accounts::new(config, store.clone()),
            store,
            responder,
            challenges: Mutex::default(),
            dns,
        }
    }

    /// The authority's host, for people.
    pub(super) fn name(&self) -> String {
        self.accounts.host()
    }

    /// Asks for a certificate for one name.
    pub(super) async fn obtain(
        &self,
        host: &DomainName,
        proof: Proof<'_>,
    ) -> Result<Issued, Trouble> {
        if let Proof::Dns(access) = proof {
            self.take_away(host, access).await;
        }
        let mut order = answered(self.order(host)).await?;
        self.prove(host, proof, &mut order).await?;
        answered(async {
            let private_key = order.finalize().await?;
            let chain = order.poll_certificate(&policy()).await?;
            Ok(Issued { chain, private_key })
        })
        .await
    }

    async fn order(&self, host: &DomainName) -> Result<Order, Trouble> {
        let identifiers = [Identifier::Dns(host.to_string())];
        let order = NewOrder::new(&identifiers);
        let account = self.accounts.one().await?;
        match account.new_order(&order).await {
            // A test authority forgets its accounts when it is started again.
            Err(Error::Api(problem)) if is_about_account(problem.r#type.as_deref()) => {
                let account = self.accounts.again().await?;
                Ok(account.new_order(&order).await?)
            }
            other => Ok(other?),
        }
    }

    /// Takes the way to proofs away that an agent left which ended in the middle of an order.
    pub(super) async fn close_way(&self, edge: &Edge) {
        let _one = self.challenges.lock().await;
        if let Err(problem) = edge.remove_challenges().await {
            tracing::warn!(%problem, "the route of a proof stays");
        }
    }

    /// Shows that the name is ours, and takes away what showed it.
    async fn prove(
        &self,
        host: &DomainName,
        proof: Proof<'_>,
        order: &mut Order,
    ) -> Result<(), Trouble> {
        let mut tokens = Vec::new();
        let shown = timeout(LIMIT, async {
            self.show(host, proof, order, &mut tokens).await?;
            self.wait(order).await
        })
        .await
        .unwrap_or_else(|_| {
            Err(Trouble::new(format!(
                "It was not shown within {} minutes that the name is ours.",
                LIMIT.as_secs() / 60
            )))
        });
        match proof {
            Proof::Http(edge) => {
                for token in &tokens {
                    self.responder.remove(token);
                }
                if !tokens.is_empty()
                    && let Err(trouble) = self.route(edge).await
                {
                    tracing::warn!(reason = trouble.message, "the route of a proof stays");
                }
            }
            Proof::Dns(access) => self.take_away(host, access).await,
        }
        shown
    }

    /// Takes the DNS records away that were made for a host, also by an agent that ended in
    /// between. Those that stay are tried again with the next certificate.
    async fn take_away(&self, host: &DomainName, access: &DnsAccess) {
        let made = self.proofs(host).await;
        if made.is_empty() {
            return;
        }
        let mut stay = Vec::new();
        for record in made {
            if let Err(trouble) = self.dns.clean_up(access, &record).await {
                tracing::warn!(
                    name = record.name,
                    reason = trouble.message,
                    "a DNS record stays"
                );
                stay.push(record);
            }
        }
        // The oldest are forgotten first.
        stay.drain(..stay.len().saturating_sub(MOST_KEPT));
        if let Err(trouble) = self.keep_proofs(host, stay).await {
            tracing::warn!(
                reason = trouble.message,
                "DNS records that stay are forgotten"
            );
        }
    }

    async fn proofs(&self, host: &DomainName) -> Vec<Record> {
        let (store, host) = (self.store.clone(), host.clone());
        spawn_blocking(move || store.proofs(&host))
            .await
            .unwrap_or_default()
    }

    async fn keep_proofs(&self, host: &DomainName, proofs: Vec<Record>) -> Result<(), Trouble> {
        let (store, host) = (self.store.clone(), host.clone());
        stored(
            "The DNS record",
            spawn_blocking(move || store.save_proofs(&host, &proofs)).await,
        )
    }

    /// Shows the proofs. What is shown is known to the caller also when this fails half way.
    async fn show(
        &self,
        host: &DomainName,
        proof: Proof<'_>,
        order: &mut Order,
        tokens: &mut Vec<String>,
    ) -> Result<(), Trouble> {
        let mut authorizations = order.authorizations();
        while let Some(authorization) = authorizations.next().await {
            let mut authorization = authorization?;
            match authorization.status {
                AuthorizationStatus::Valid => continue,
                AuthorizationStatus::Pending => {}
                status => {
                    return Err(Trouble::new(format!(
                        "The authority's earlier question about this name is {status:?}."
                    )));
                }
            }
            let (kind, what) = match proof {
                Proof::Http(_) => (ChallengeType::Http01, "HTTP-01"),
                Proof::Dns(_) => (ChallengeType::Dns01, "DNS-01"),
            };
            let mut challenge = authorization.challenge(kind).ok_or_else(|| {
                Trouble::new(format!("The authority does not take {what} for {host}."))
            })?;
            let answer = challenge.key_authorization();
            match proof {
                Proof::Http(edge) => {
                    let token = challenge.token.clone();
                    self.responder.add(host, &token, answer.as_str());
                    tokens.push(token.clone());
                    self.route(edge).await?;
                    self.check_way(edge, host, &token, answer.as_str()).await?;
                }
                Proof::Dns(access) => {
                    let record = Record::proof(host, answer.dns_value());
                    let mut made = self.proofs(host).await;
                    if !made.contains(&record) {
                        made.push(record.clone());
                        self.keep_proofs(host, made).await?;
                    }
                    self.dns.present(access, &record).await?;
                }
            }
            challenge.set_ready().await?;
        }
        Ok(())
    }

    /// Gives the proxy the way to the proofs of the moment.
    async fn route(&self, edge: &Edge) -> Result<(), Trouble> {
        let _one = self.challenges.lock().await;
        let hosts = self.responder.hosts();
        if hosts.is_empty() {
            return edge.remove_challenges().await.map_err(proxy_trouble);
        }
        let gateway = edge.gateway().await.map_err(proxy_trouble)?;
        let address = self.responder.listen(gateway).await.map_err(|error| {
            Trouble::new(format!(
                "The agent cannot listen on {gateway} for the authority's requests: {error}."
            ))
        })?;
        edge.set_challenges(&hosts, address)
            .await
            .map_err(proxy_trouble)
    }

    /// Asks as the authority will, but from here.
    async fn check_way(
        &self,
        edge: &Edge,
        host: &DomainName,
        token: &str,
        answer: &str,
    ) -> Result<(), Trouble> {
        let path = format!("{}{token}", super::CHALLENGE_PATH);
        match edge.ask_as_visitor(host, &path).await {
            Some((200, text)) if text == answer => Ok(()),
            Some((status, _)) => Err(Trouble::new(format!(
                "The proxy cannot pass the authority's requests on to the agent (status {status}); a firewall of this server may keep containers from it."
            ))),
            None => Err(Trouble::new("The proxy does not answer over HTTP.")),
        }
    }

    /// Waits for the authority's decision; when it is no, says why.
    async fn wait(&self, order: &mut Order) -> Result<(), Trouble> {
        let decided = order.poll_ready(&policy()).await;
        match decided {
            Ok(OrderStatus::Ready | OrderStatus::Valid) => Ok(()),
            other => {
                // The reason is at the question, not at the order.
                if let Some(trouble) = reason(order).await {
                    return Err(trouble);
                }
                match other {
                    Err(error) => Err(error.into()),
                    Ok(status) => Err(Trouble::new(format!(
                        "The authority ended the order as {status:?} without a reason."
                    ))),
                }
            }
        }
    }
}

/// What the authority answers, unless it says nothing for too long: it would hold up all
/// other certificates.
async fn answered<T>(call: impl Future<Output = Result<T, Trouble>>) -> Result<T, Trouble> {
    timeout(SILENCE, call)
        .await
        .unwrap_or_else(|_| Err(Trouble::new("The authority does not answer.")))
}

fn policy() -> RetryPolicy {
    RetryPolicy::new().timeout(PATIENCE)
}

fn is_about_account(kind: Option<&str>) -> bool {
    kind.is_some_and(|kind| kind.ends_with(":accountDoesNotExist"))
}

fn proxy_trouble(problem: longshore_agent_api::AgentProblem) -> Trouble {
    Trouble::new(problem.message)
}

/// Why the authority is not content.
async fn reason(order: &mut Order) -> Option<Trouble> {
    let mut authorizations = order.authorizations();
    while let Some(authorization) = authorizations.next().await {
        let mut authorization = authorization.ok()?;
        let state = authorization.refresh().await.ok()?;
        let problem = state
            .challenges
            .iter()
            .find_map(|challenge| challenge.error.as_ref());
        if let Some(problem) = problem {
            return Some(explain(problem));
        }
    }
    None
}

#[cfg(test)]
mod tests;
