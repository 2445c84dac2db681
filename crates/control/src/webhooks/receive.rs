//! Receiving a webhook: one short transaction, no work.

use longshore_domain::{Cause, DeliveryId, DeploymentId, HookId};
use longshore_store::hooks::{self, HookRecord, NewDelivery};
use longshore_store::services::{self, ServiceRecord};
use longshore_store::{Conflict, PgConnection, StoreError};
use sha2::{Digest, Sha256};

use super::answer::{Verdict, judge};
use super::changed::Watched;
use super::payload::{self, Push};
use super::sign::is_signed;
use crate::deployments::queue::is_race;
use crate::keyring::Purpose;
use crate::{
    Control, ControlError, Decision, DeploymentDraft, HookAnswer, HookError, HookHeaders, Provider,
};

/// The longest id of a delivery that is kept as it is.
const KEY_MAX: usize = 200;
/// Refused webhooks that are kept of a hook.
const REFUSED_KEPT: i64 = 50;
/// Attempts when another request of the same service gets in between.
const ATTEMPTS: usize = 5;

/// What is written down of a webhook.
struct Entry<'a> {
    hook: &'a HookRecord,
    provider: Provider,
    event: &'a str,
    key: &'a str,
}

impl Control {
    /// Takes a webhook: checks its signature over the raw body, decides, records the
    /// decision and queues a deployment of the exact commit. One that came before is
    /// answered as the first time and does nothing.
    ///
    /// # Errors
    /// [`HookError`].
    pub async fn receive_push(
        &self,
        hook: HookId,
        provider: Provider,
        headers: &HookHeaders,
        body: &[u8],
    ) -> Result<HookAnswer, HookError> {
        let mut connection = self.connection().await?;
        let hook = hooks::find_for_sender(&mut connection, hook)
            .await?
            .ok_or(HookError::UnknownHook)?;
        let secrets = self.hook_secrets(&hook)?;
        if !is_signed(provider, &secrets, headers.signature.as_deref(), body) {
            let event: String = event_name(headers).chars().take(80).collect();
            let entry = Entry {
                hook: &hook,
                provider,
                event: &event,
                key: &unique_key(),
            };
            refuse(
                &mut connection,
                &entry,
                "The signature is missing or wrong.",
            )
            .await?;
            return Err(HookError::BadSignature);
        }
        drop(connection);
        let key = delivery_key(provider, headers, body)?;
        let message = payload::read(provider, headers, body).map_err(HookError::Malformed)?;
        let event: String = event_name(headers).chars().take(80).collect();
        let entry = Entry {
            hook: &hook,
            provider,
            event: &event,
            key: &key,
        };
        let mut attempt = 1;
        loop {
            match self.decide(&entry, message.clone()).await {
                Err(HookError::Control(error)) if attempt < ATTEMPTS && is_race(&error) => {
                    attempt += 1;
                }
                other => return other,
            }
        }
    }

    fn hook_secrets(&self, hook: &HookRecord) -> Result<Vec<longshore_domain::Secret>, HookError> {
        let now = self.clock.now();
        let old = hook
            .old_secret
            .as_ref()
            .filter(|_| hook.old_secret_until.is_some_and(|until| until > now));
        std::iter::once(&hook.secret)
            .chain(old)
            .map(|sealed| {
                self.keyring
                    .decrypt(Purpose::HookSecret, hook.id.0, "", sealed)
                    .map_err(|error| HookError::Control(error.into()))
            })
            .collect()
    }

    async fn decide(
        &self,
        entry: &Entry<'_>,
        message: payload::Message,
    ) -> Result<HookAnswer, HookError> {
        let mut transaction = self.begin().await?;
        if let Some(answer) = repeated(&mut transaction, entry).await? {
            return Ok(answer);
        }
        let hook = entry.hook;
        let service = services::find(&mut transaction, hook.team, hook.service)
            .await?
            .ok_or(HookError::UnknownHook)?;
        let (decision, reason, push, deployment) = match judge(entry.provider, message, &service) {
            Verdict::Nothing {
                decision,
                reason,
                push,
            } => (decision, reason, push, None),
            Verdict::Deploy {
                commit,
                push,
                watched,
            } => {
                let draft = DeploymentDraft {
                    commit: commit.map(|commit| commit.to_string()),
                    ..DeploymentDraft::default()
                };
                let queued = self
                    .queue_push(&mut transaction, entry, &service, &draft, &push)
                    .await;
                match queued {
                    Ok(id) => {
                        let reason = deployed_reason(&push, &watched);
                        (Decision::Deployed, reason, push, Some(id))
                    }
                    Err(error @ (ControlError::Invalid(_) | ControlError::Refused { .. })) => {
                        // Nothing half-written; and the sender may try it again.
                        drop(transaction);
                        let mut connection = self.connection().await?;
                        let reason = format!("It cannot be deployed: {error}.");
                        let again = Entry {
                            key: &unique_key(),
                            ..*entry
                        };
                        refuse(&mut connection, &again, &reason).await?;
                        return Ok(HookAnswer {
                            decision: Decision::Refused,
                            reason,
                            deployments: Vec::new(),
                        });
                    }
                    Err(error) => return Err(error.into()),
                }
            }
        };
        let written = write(
            &mut transaction,
            entry,
            decision,
            &reason,
            &push,
            deployment,
        )
        .await;
        match written {
            Ok(()) => {}
            Err(StoreError::Conflict(Conflict::DeliveryRepeated)) => {
                // The same one came twice at once, and the other was first.
                drop(transaction);
                let mut connection = self.connection().await?;
                return repeated(&mut connection, entry)
                    .await?
                    .ok_or_else(|| HookError::Malformed("the delivery was repeated".to_owned()));
            }
            Err(error) => return Err(error.into()),
        }
        self.commit(transaction).await?;
        Ok(HookAnswer {
            decision,
            reason,
            deployments: deployment.into_iter().collect(),
        })
    }

    async fn queue_push(
        &self,
        connection: &mut PgConnection,
        entry: &Entry<'_>,
        service: &ServiceRecord,
        draft: &DeploymentDraft,
        push: &Push,
    ) -> crate::Result<DeploymentId> {
        let provider = entry.provider.as_str().to_owned();
        self.queue_configured(connection, service, draft, |ask| {
            ask.cause = Cause::Push {
                provider,
                pusher: push.pusher.as_deref().map(|pusher| shorten(pusher, 80)),
            };
            if ask.commit.is_some() {
                let subject = push.message.as_deref().and_then(|text| text.lines().next());
                ask.commit_subject = subject.map(|subject| shorten(subject, 200));
                ask.commit_author = push.author.as_deref().map(|author| shorten(author, 80));
            }
        })
        .await
    }
}

async fn repeated(
    connection: &mut PgConnection,
    entry: &Entry<'_>,
) -> Result<Option<HookAnswer>, HookError> {
    let earlier = hooks::find_by_key(connection, entry.hook.id, entry.key).await?;
    Ok(earlier.map(|earlier| HookAnswer {
        decision: Decision::Repeated,
        reason: format!(
            "This delivery was received before and {}: {}",
            earlier.decision, earlier.reason
        ),
        deployments: earlier.deployment.into_iter().collect(),
    }))
}

async fn write(
    connection: &mut PgConnection,
    entry: &Entry<'_>,
    decision: Decision,
    reason: &str,
    push: &Push,
    deployment: Option<DeploymentId>,
) -> Result<(), StoreError> {
    let reference = push.reference.as_deref().map(|text| shorten(text, 200));
    let commit = push.commit.as_deref().map(|text| shorten(text, 64));
    let delivery = NewDelivery {
        id: DeliveryId::generate(),
        team: entry.hook.team,
        hook: entry.hook.id,
        service: entry.hook.service,
        provider: entry.provider.as_str(),
        key: entry.key,
        event: entry.event,
        decision: decision.as_str(),
        reason,
        reference: reference.as_deref(),
        commit_sha: commit.as_deref(),
        deployment,
    };
    hooks::insert_delivery(connection, &delivery).await
}

async fn refuse(
    connection: &mut PgConnection,
    entry: &Entry<'_>,
    reason: &str,
) -> Result<(), HookError> {
    let nothing = Push::default();
    write(connection, entry, Decision::Refused, reason, &nothing, None).await?;
    hooks::prune_refused(connection, entry.hook.id, REFUSED_KEPT).await?;
    Ok(())
}

fn deployed_reason(push: &Push, watched: &Watched) -> String {
    let pushed = match (&push.reference, &push.commit) {
        (Some(_), Some(commit)) => {
            let short: String = commit.chars().take(7).collect();
            format!("The branch was pushed at {short}.")
        }
        _ => "It was asked for.".to_owned(),
    };
    match watched.sentence() {
        Some(sentence) => format!("{pushed} {sentence}"),
        None => pushed,
    }
}

fn event_name(headers: &HookHeaders) -> &str {
    headers.event.as_deref().unwrap_or("none")
}

/// The sender's id of the delivery. Hosts that send none are known by the body, except
/// generic ones, which may mean the same thing twice.
fn delivery_key(
    provider: Provider,
    headers: &HookHeaders,
    body: &[u8],
) -> Result<String, HookError> {
    let given = headers.delivery.as_deref().map(str::trim);
    let given = given.filter(|key| !key.is_empty());
    match (given, provider) {
        (Some(key), _) if key.len() > KEY_MAX || key.contains('\0') => Err(HookError::Malformed(
            "the id of the delivery is too long".to_owned(),
        )),
        (Some(key), _) => Ok(key.to_owned()),
        (None, Provider::Github) => Err(HookError::Malformed(
            "the header X-GitHub-Delivery is missing".to_owned(),
        )),
        (None, Provider::Gitlab | Provider::Gitea | Provider::Bitbucket) => {
            Ok(format!("sha256:{}", hex::encode(Sha256::digest(body))))
        }
        (None, Provider::Generic) => Ok(unique_key()),
    }
}

fn unique_key() -> String {
    format!("own:{}", DeliveryId::generate())
}

fn shorten(text: &str, most: usize) -> String {
    text.chars()
        .filter(|c| !c.is_control())
        .take(most)
        .collect()
}
