//! Going back by itself from a version that starts to fail soon after its switch.
//!
//! All of it is in the database: the watch survives the server, and however many servers
//! see the same failure, one of them answers it.

use std::time::Duration;

use longshore_domain::{Cause, DeploymentId, Failure, Secret};
use longshore_store::deployments::{self, DeploymentRecord};
use longshore_store::events::{self, Event};
use longshore_store::logs::StoredLine;
use longshore_store::{LogStream, PgConnection, services};

use super::claim::redact;
use super::{Answer, GitCredentials, LastLine, WatchedDeployment};
use crate::{Control, Result, VariablesOf};

/// What stands in a log where a secret stood.
const MASK: &str = "[redacted]";

impl Control {
    /// Live deployments that are watched.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn watched(&self) -> Result<Vec<WatchedDeployment>> {
        let mut connection = self.connection().await?;
        Ok(deployments::list_watched(&mut connection).await?)
    }

    /// Notes that a version has come through its watch.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn watch_passed(&self, id: DeploymentId) -> Result<()> {
        let mut transaction = self.begin().await?;
        // A failure that another server has seen waits for its answer.
        if deployments::lock_watched(&mut transaction, id).await? == Some(false) {
            deployments::end_watch(&mut transaction, id).await?;
            events::notify(&mut transaction, &[Event::Deployment(id)]).await?;
        }
        self.commit(transaction).await
    }

    /// Lets the watch last for so long from now, because nothing could be seen.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn prolong_watch(&self, id: DeploymentId, at_least: Duration) -> Result<()> {
        let mut connection = self.connection().await?;
        Ok(deployments::prolong_watch(&mut connection, id, at_least).await?)
    }

    /// Notes the failure of a watched version with its last lines, and brings the version
    /// before it back. A failure that is noted already is only answered. Calling it again
    /// does no harm.
    ///
    /// # Errors
    /// When the database does not answer; nothing is written then.
    pub async fn answer_failure(
        &self,
        id: DeploymentId,
        seen: Option<(Failure, Vec<LastLine>)>,
    ) -> Result<Answer> {
        let mut transaction = self.begin().await?;
        let Some(record) = deployments::find_for_system(&mut transaction, id).await? else {
            return Ok(Answer::Over);
        };
        // The service's row is locked before its deployments', here as elsewhere.
        services::lock(&mut transaction, record.service).await?;
        let Some(has_failed) = deployments::lock_watched(&mut transaction, id).await? else {
            return Ok(Answer::Over);
        };
        let failure = match (has_failed, seen) {
            (true, _) => deployments::find_for_system(&mut transaction, id)
                .await?
                .and_then(|record| record.failure),
            (false, Some((failure, lines))) => Some(
                self.note_failure(&mut transaction, &record, failure, lines)
                    .await?,
            ),
            (false, None) => None,
        };
        let Some(failure) = failure else {
            return Ok(Answer::Over);
        };
        let answer = self.go_back(&mut transaction, &record, &failure).await?;
        let news = [Event::Deployment(id), Event::Service(record.service)];
        events::notify(&mut transaction, &news).await?;
        self.commit(transaction).await?;
        Ok(answer)
    }

    async fn note_failure(
        &self,
        connection: &mut PgConnection,
        record: &DeploymentRecord,
        mut failure: Failure,
        lines: Vec<LastLine>,
    ) -> Result<Failure> {
        let variables = self.open_variables(record.id, &record.variables)?;
        let secrets = redact(&variables, &GitCredentials::Anonymous);
        failure.message = masked(&failure.message, &secrets);
        deployments::note_failure(connection, record.id, &failure).await?;
        let mut told = vec![self.own_line(failure.message.clone())];
        if !lines.is_empty() {
            told.push(self.own_line("The container's last lines:".to_owned()));
        }
        told.extend(lines.into_iter().map(|line| StoredLine {
            sequence: 0,
            at: line.at,
            stream: line.stream,
            text: masked(&line.text, &secrets),
        }));
        deployments::append_lines(connection, record.id, told).await?;
        Ok(failure)
    }

    async fn go_back(
        &self,
        connection: &mut PgConnection,
        failing: &DeploymentRecord,
        failure: &Failure,
    ) -> Result<Answer> {
        if deployments::has_waiting_or_working(connection, failing.service).await? {
            return Ok(Answer::Waits);
        }
        let earlier = match failing.cause {
            // What came back by itself does not go by itself: that could go on for ever.
            Cause::AutomaticRollback { .. } => None,
            Cause::Manual | Cause::Api | Cause::Push { .. } | Cause::Rollback { .. } => {
                self.predecessor(connection, failing).await?
            }
        };
        deployments::end_watch(connection, failing.id).await?;
        let Some(earlier) = earlier else {
            let text = "There is no earlier version to go back to by itself; this one stays.";
            let line = self.own_line(text.to_owned());
            deployments::append_lines(connection, failing.id, vec![line]).await?;
            return Ok(Answer::Stays);
        };
        let turn = self
            .take_turn(connection, failing.team, failing.service)
            .await?;
        let cause = Cause::AutomaticRollback {
            to: earlier.number,
            from: failing.number,
            reason: failure.message.clone(),
        };
        let ask = self
            .ask_again(connection, &turn, &earlier, VariablesOf::Then, cause)
            .await?;
        let id = self.enqueue(connection, &turn, ask).await?;
        let text = format!(
            "Going back to #{} by itself, as #{}.",
            earlier.number, turn.number
        );
        let line = self.own_line(text);
        deployments::append_lines(connection, failing.id, vec![line]).await?;
        Ok(Answer::RollsBack(id))
    }

    async fn predecessor(
        &self,
        connection: &mut PgConnection,
        failing: &DeploymentRecord,
    ) -> Result<Option<DeploymentRecord>> {
        let kept = deployments::kept_numbers(connection, Some(failing.service)).await?;
        let kept: Vec<i32> = kept.into_iter().map(|(_, number)| number).collect();
        let id = deployments::find_predecessor(connection, failing.service, &kept).await?;
        match id {
            Some(id) => Ok(deployments::find_for_system(connection, id).await?),
            None => Ok(None),
        }
    }

    fn own_line(&self, text: String) -> StoredLine {
        StoredLine {
            sequence: 0,
            at: self.clock.now(),
            stream: LogStream::System,
            text,
        }
    }
}

/// The text without secrets and without what PostgreSQL's text cannot hold.
fn masked(text: &str, secrets: &[Secret]) -> String {
    let mut text = text.replace('\0', "");
    // Longer ones first: a shorter one may be a part of them.
    let mut secrets: Vec<&str> = secrets.iter().map(Secret::expose).collect();
    secrets.sort_unstable_by_key(|secret| std::cmp::Reverse(secret.len()));
    for secret in secrets {
        text = text.replace(secret, MASK);
    }
    text
}
