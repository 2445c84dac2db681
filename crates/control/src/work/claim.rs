//! Taking deployments from the queue, and keeping them.

use std::collections::BTreeMap;
use std::time::Duration;

use longshore_domain::specification::Origin;
use longshore_domain::{DeploymentId, EnvKey, Failure, FailureKind, Secret};
use longshore_store::deployments::{self, ClaimedRow};
use longshore_store::events::{self, Event};
use longshore_store::services::{self, GitAccess, ServiceRecord};
use longshore_store::{PgConnection, domains};
use uuid::Uuid;

use super::{ClaimedDeployment, GitCredentials, Heartbeat, Outcome, WorkError};
use crate::domains::routes;
use crate::keyring::Purpose;
use crate::variables::resolve::Resolved;
use crate::{Control, ControlError, Result};

/// Shorter values are not kept out of logs: they would blacken every second word.
const REDACT_FROM_BYTES: usize = 4;

/// The user name for hosts that want any name beside a token.
const ANY_USERNAME: &str = "x-access-token";

impl Control {
    /// Leases the next deployment to a worker: first one whose lease has expired, else the
    /// oldest that waits and whose service has none at work.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn claim(&self, worker: Uuid, lease: Duration) -> Result<Option<ClaimedDeployment>> {
        loop {
            let mut connection = self.connection().await?;
            let Some(claimed) = deployments::claim(&mut connection, worker, lease).await? else {
                return Ok(None);
            };
            match self.assemble(&mut connection, claimed).await {
                Ok(Some(claimed)) => {
                    let news = [
                        Event::Deployment(claimed.id),
                        Event::Service(claimed.service),
                    ];
                    events::notify(&mut connection, &news).await?;
                    return Ok(Some(claimed));
                }
                // Removed in the same moment.
                Ok(None) => {}
                Err(ControlError::Internal(error)) => {
                    drop(connection);
                    tracing::error!(%error, deployment = %claimed.id, "cannot be prepared");
                    self.give_up(claimed.id, worker).await?;
                }
                Err(other) => return Err(other),
            }
        }
    }

    /// Ends a deployment whose stored data cannot be read, so that it is not taken up
    /// again and again.
    async fn give_up(&self, id: DeploymentId, worker: Uuid) -> Result<()> {
        let failure = Failure::new(
            None,
            FailureKind::Internal,
            "What is stored of this deployment cannot be read, or its secrets cannot be \
             decrypted with this machine's master key.",
        );
        match self.finish(id, worker, Outcome::Failed(failure)).await {
            Ok(()) | Err(WorkError::LostLease) => Ok(()),
            Err(WorkError::InvalidTransition(error)) => Err(ControlError::internal(error)),
            Err(WorkError::Control(error)) => Err(error),
        }
    }

    pub(super) async fn assemble(
        &self,
        connection: &mut PgConnection,
        claimed: ClaimedRow,
    ) -> Result<Option<ClaimedDeployment>> {
        let Some(record) = deployments::find_for_system(connection, claimed.id).await? else {
            return Ok(None);
        };
        let Some(service) = services::find_for_system(connection, record.service).await? else {
            return Ok(None);
        };
        let domains = domains::list_of_services(connection, &[service.id]).await?;
        let live = deployments::list_live(connection, &[service.id]).await?;
        let is_split = domains.iter().any(|domain| domain.options.split.is_some());
        let all = if is_split {
            deployments::list_live_for_system(connection).await?
        } else {
            Vec::new()
        };
        let routes = routes(&domains, service.id, record.specification.port, |other| {
            let live = all.iter().find(|live| live.service == other)?;
            Some((live.number, live.port))
        });
        let variables = self.open_variables(record.id, &record.variables)?;
        let is_git = matches!(record.specification.origin, Origin::Git { .. });
        let git_credentials = if is_git {
            self.credentials(&service)?
        } else {
            GitCredentials::Anonymous
        };
        let registries = match record.specification.origin {
            Origin::Existing { .. } => Vec::new(),
            _ => self.registry_accounts(connection, record.team).await?,
        };
        let mut redact = redact(&variables, &git_credentials);
        redact.extend(registries.iter().map(|account| account.password.clone()));
        Ok(Some(ClaimedDeployment {
            registries,
            id: record.id,
            number: record.number,
            team: record.team,
            service: record.service,
            service_name: record.specification.service_name.clone(),
            environment: record.environment,
            build_secrets: build_secrets(&record.specification.origin, &variables),
            live_number: live.first().map(|live| live.number),
            live_components: deployments::live_components(connection, service.id).await?,
            routes,
            redact,
            git_credentials,
            git_host_key: service.git_host_key,
            variables: variables
                .into_iter()
                .map(|(key, variable)| (key, variable.value))
                .collect(),
            specification: record.specification,
            last_sequence: record.last_sequence,
            cancel_requested: record.cancel_requested,
            resumed: claimed.resumed,
            queued_at: record.queued_at,
        }))
    }

    fn credentials(&self, service: &ServiceRecord) -> Result<GitCredentials> {
        let secret = || -> Result<Secret> {
            let sealed = service
                .git_secret
                .as_ref()
                .ok_or_else(|| ControlError::internal("a service's Git secret is missing"))?;
            let plain = self
                .keyring
                .decrypt(Purpose::GitSecret, service.id.0, "", sealed)?;
            Ok(plain)
        };
        Ok(match &service.git_access {
            GitAccess::Anonymous => GitCredentials::Anonymous,
            GitAccess::Token { username } => GitCredentials::Token {
                username: username.clone().unwrap_or_else(|| ANY_USERNAME.to_owned()),
                token: secret()?,
            },
            GitAccess::DeployKey => GitCredentials::DeployKey {
                private_key: secret()?,
            },
        })
    }

    /// Extends a lease.
    ///
    /// # Errors
    /// [`WorkError::LostLease`] when another worker has the deployment, or it has ended or
    /// is gone.
    pub async fn heartbeat(
        &self,
        id: DeploymentId,
        worker: Uuid,
        lease: Duration,
    ) -> std::result::Result<Heartbeat, WorkError> {
        let mut connection = self.connection().await?;
        deployments::heartbeat(&mut connection, id, worker, lease)
            .await?
            .map(|cancel_requested| Heartbeat { cancel_requested })
            .ok_or(WorkError::LostLease)
    }

    /// Gives a lease back, so that the work is taken up again at once, by whomever.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn release(&self, id: DeploymentId, worker: Uuid) -> Result<()> {
        let mut transaction = self.begin().await?;
        deployments::release(&mut transaction, id, worker).await?;
        events::notify(&mut transaction, &[Event::Queue]).await?;
        self.commit(transaction).await
    }

    /// How long until a lease may expire and the queue should be looked at again; none
    /// when nothing is leased.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn next_due(&self) -> Result<Option<Duration>> {
        let mut connection = self.connection().await?;
        Ok(deployments::next_lease_end(&mut connection).await?)
    }
}

fn build_secrets(origin: &Origin, variables: &Resolved) -> BTreeMap<EnvKey, Secret> {
    let Some(build) = origin.build() else {
        return BTreeMap::new();
    };
    build
        .secrets()
        .iter()
        .filter_map(|key| {
            let variable = variables.get(key)?;
            Some((key.clone(), variable.value.clone()))
        })
        .collect()
}

/// Secret values, and each line of those that have several: logs come in lines.
pub(super) fn redact(variables: &Resolved, credentials: &GitCredentials) -> Vec<Secret> {
    let secret = variables
        .values()
        .filter(|variable| variable.secret)
        .map(|variable| &variable.value);
    let credential = match credentials {
        GitCredentials::Anonymous => None,
        GitCredentials::Token { token, .. } => Some(token),
        GitCredentials::DeployKey { private_key } => Some(private_key),
    };
    let mut values: Vec<&str> = Vec::new();
    for value in secret.chain(credential) {
        values.push(value.expose());
        values.extend(value.expose().lines().map(str::trim));
    }
    values.retain(|value| value.len() >= REDACT_FROM_BYTES);
    values.sort_unstable();
    values.dedup();
    values.into_iter().map(Secret::new).collect()
}
