//! Asks an authority for a certificate (RFC 8555).

use std::path::PathBuf;
use std::time::Duration;

use instant_acme::{
    Account, AccountCredentials, AuthorizationStatus, ChallengeType, Error, Identifier,
    LetsEncrypt, NewAccount, NewOrder, Order, OrderStatus, RetryPolicy,
};
use longshore_agent_api::DnsAccess;
use longshore_domain::DomainName;
use tokio::sync::Mutex;
use tokio::task::spawn_blocking;
use tokio::time::timeout;

use super::dns::{self, Record};
use super::http_client::HttpClient;
use super::look_up::Resolver;
use super::responder::Responder;
use super::store::{Issued, Store};
use super::words::{Trouble, explain};
use crate::config::Config;
use crate::edge::Edge;

/// The longest that it may take to show that a name is ours.
const LIMIT: Duration = Duration::from_mins(8);
/// The longest that the authority may take over one decision.
const PATIENCE: Duration = Duration::from_mins(2);

/// How it is shown that a name is ours.
#[derive(Clone, Copy)]
pub(super) enum Proof<'a> {
    /// By an answer over HTTP.
    Http,
    /// By a DNS record.
    Dns(&'a DnsAccess),
}

/// The authority, and what is needed to ask it.
pub(super) struct Acme {
    directory: String,
    authority: Option<PathBuf>,
    email: Option<String>,
    store: Store,
    account: Mutex<Option<Account>>,
    responder: Responder,
    /// The routes of all proofs are in one file.
    challenges: Mutex<()>,
    http: HttpClient,
}

impl Acme {
    pub(super) fn new(config: &Config, store: Store, responder: Responder) -> Self {
        Self {
            directory: config
                .acme_directory
                .clone()
                .unwrap_or_else(|| LetsEncrypt::Production.url().to_owned()),
            authority: config.acme_ca.clone(),
            email: config.acme_email.clone(),
            store,
            account: Mutex::default(),
            responder,
            challenges: Mutex::default(),
            http: HttpClient::new(config.acme_ca.as_deref()),
        }
    }

    /// The authority's host, for people.
    pub(super) fn name(&self) -> String {
        url::Url::parse(&self.directory)
            .ok()
            .and_then(|url| url.host_str().map(str::to_owned))
            .unwrap_or_default()
    }

    /// Asks for a certificate for one name.
    pub(super) async fn obtain(
        &self,
        edge: &Edge,
        resolver: &Resolver,
        host: &DomainName,
        proof: Proof<'_>,
    ) -> Result<Issued, Trouble> {
        let identifiers = [Identifier::Dns(host.to_string())];
        let order = NewOrder::new(&identifiers);
        let account = self.account().await?;
        let mut order = match account.new_order(&order).await {
            // A test authority forgets its accounts when it is started again.
            Err(Error::Api(problem)) if is_about_account(problem.r#type.as_deref()) => {
                self.forget_account().await;
                self.account().await?.new_order(&order).await?
            }
            other => other?,
        };
        self.prove(edge, resolver, host, proof, &mut order).await?;
        let private_key = order.finalize().await?;
        let chain = order.poll_certificate(&policy()).await?;
        Ok(Issued { chain, private_key })
    }

    /// Shows that the name is ours, and takes away what showed it.
    async fn prove(
        &self,
        edge: &Edge,
        resolver: &Resolver,
        host: &DomainName,
        proof: Proof<'_>,
        order: &mut Order,
    ) -> Result<(), Trouble> {
        let mut made = Vec::new();
        let mut tokens = Vec::new();
        let shown = timeout(LIMIT, async {
            self.show(edge, resolver, host, proof, order, &mut tokens, &mut made)
                .await?;
            self.wait(order).await
        })
        .await
        .unwrap_or_else(|_| {
            Err(Trouble::new(format!(
                "It was not shown within {} minutes that the name is ours.",
                LIMIT.as_secs() / 60
            )))
        });
        for token in &tokens {
            self.responder.remove(token);
        }
        if !tokens.is_empty()
            && let Err(trouble) = self.route(edge).await
        {
            tracing::warn!(reason = trouble.message, "the route of a proof stays");
        }
        if let Proof::Dns(access) = proof {
            for record in &made {
                if let Err(trouble) = dns::clean_up(access, &self.http, record).await {
                    tracing::warn!(
                        name = record.name,
                        reason = trouble.message,
                        "a DNS record stays"
                    );
                }
            }
        }
        shown
    }

    #[expect(
        clippy::too_many_arguments,
        reason = "what was shown must be known to the caller also when this fails half way"
    )]
    async fn show(
        &self,
        edge: &Edge,
        resolver: &Resolver,
        host: &DomainName,
        proof: Proof<'_>,
        order: &mut Order,
        tokens: &mut Vec<String>,
        made: &mut Vec<Record>,
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
                Proof::Http => (ChallengeType::Http01, "HTTP-01"),
                Proof::Dns(_) => (ChallengeType::Dns01, "DNS-01"),
            };
            let mut challenge = authorization.challenge(kind).ok_or_else(|| {
                Trouble::new(format!("The authority does not take {what} for {host}."))
            })?;
            let answer = challenge.key_authorization();
            match proof {
                Proof::Http => {
                    let token = challenge.token.clone();
                    self.responder.add(host, &token, answer.as_str());
                    tokens.push(token.clone());
                    self.route(edge).await?;
                    self.check_way(edge, host, &token, answer.as_str()).await?;
                }
                Proof::Dns(access) => {
                    let record = Record::proof(host, answer.dns_value());
                    made.push(Record::proof(host, answer.dns_value()));
                    dns::present(access, &self.http, resolver, &record).await?;
                }
            }
            challenge.set_ready().await?;
        }
        Ok(())
    }

    /// Gives the proxy the way to the proofs of the moment.
    async fn route(&self, edge: &Edge) -> Result<(), Trouble> {
        let _one = self.challenges.lock().await;
        let gateway = edge.gateway().await.map_err(proxy_trouble)?;
        let address = self.responder.listen(gateway).await.map_err(|error| {
            Trouble::new(format!(
                "The agent cannot listen on {gateway} for the authority's requests: {error}."
            ))
        })?;
        let hosts = self.responder.hosts();
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

    async fn account(&self) -> Result<Account, Trouble> {
        let mut known = self.account.lock().await;
        if let Some(account) = &*known {
            return Ok(account.clone());
        }
        let (store, directory) = (self.store.clone(), self.directory.clone());
        let stored = spawn_blocking(move || store.account(&directory)).await;
        let stored = stored.ok().flatten();
        let credentials: Option<AccountCredentials> =
            stored.and_then(|stored| serde_json::from_value(stored).ok());
        let builder = match &self.authority {
            Some(file) => Account::builder_with_root(file)?,
            None => Account::builder()?,
        };
        let account = if let Some(credentials) = credentials {
            builder.from_credentials(credentials).await?
        } else {
            let contact = self.email.as_ref().map(|email| format!("mailto:{email}"));
            let contact: Vec<&str> = contact.as_deref().into_iter().collect();
            let new = NewAccount {
                contact: &contact,
                terms_of_service_agreed: true,
                only_return_existing: false,
            };
            let (account, credentials) = builder.create(&new, self.directory.clone(), None).await?;
            let (store, directory) = (self.store.clone(), self.directory.clone());
            let text = serde_json::to_value(&credentials)
                .map_err(|_| Trouble::new("The account cannot be written."))?;
            spawn_blocking(move || store.save_account(&directory, text))
                .await
                .map_err(std::io::Error::other)
                .flatten()
                .map_err(|error| Trouble::new(format!("The account cannot be stored: {error}.")))?;
            tracing::info!(authority = self.directory, "an account was made");
            account
        };
        *known = Some(account.clone());
        Ok(account)
    }

    async fn forget_account(&self) {
        *self.account.lock().await = None;
        let (store, directory) = (self.store.clone(), self.directory.clone());
        let forgotten =
            spawn_blocking(move || store.save_account(&directory, serde_json::Value::Null));
        if !matches!(forgotten.await, Ok(Ok(()))) {
            tracing::warn!("the old account stays on disk");
        }
    }
}

fn policy() -> RetryPolicy {
    RetryPolicy::new().timeout(PATIENCE)
}

fn is_about_account(kind: Option<&str>) -> bool {
    kind.is_some_and(|kind| kind.ends_with(":accountDoesNotExist") || kind.ends_with(":malformed"))
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
