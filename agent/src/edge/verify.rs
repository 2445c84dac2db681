//! Whether a new version answers, asked through the proxy on a way of its own.

use std::time::Duration;

use longshore_agent_api::{AgentProblem, DeployJob};
use longshore_domain::FailureKind;
use longshore_domain::health::HealthProbe;
use longshore_domain::run::Port;
use reqwest::StatusCode;
use reqwest::header::HOST;
use sha2::{Digest, Sha256};
use tokio::time::Instant;

use super::Edge;
use super::dynamic::{File, probe_file};
use super::files::probe_name;
use super::routes::backend;
use crate::engine::{Part, failed};
use crate::stage::{StageContext, StageError};

/// The header that carries a deployment's secret there and a marker back.
const HEADER: &str = "Longshore-Probe";
/// How long a healthy version may answer otherwise than it should.
const PATIENCE: Duration = Duration::from_secs(15);
const POLL: Duration = Duration::from_millis(25);
/// How often a version without a port is looked at while it settles.
const SETTLE_POLL: Duration = Duration::from_millis(500);

impl Edge {
    /// Asks the new version through the proxy, or sees a version without a port stay up
    /// for its settling time. The public entry points know nothing of it. May be repeated.
    ///
    /// # Errors
    /// [`FailureKind::PortNotListening`], [`FailureKind::ProbeFailed`] or, without a port,
    /// [`FailureKind::CrashLoop`].
    pub async fn verify(&self, ctx: &StageContext, job: &DeployJob) -> Result<(), StageError> {
        let Some(port) = job.port else {
            return ctx.or_cancelled(self.settle(ctx, job)).await;
        };
        let first = self.engine.first_parts(job);
        self.verify_parts(ctx, job, port, &first).await
    }

    /// Asks given parts of the new version through the proxy.
    ///
    /// # Errors
    /// As [`Edge::verify`].
    pub(crate) async fn verify_parts(
        &self,
        ctx: &StageContext,
        job: &DeployJob,
        port: Port,
        parts: &[Part],
    ) -> Result<(), StageError> {
        let verified = ctx.or_cancelled(self.probe(ctx, job, port, parts)).await;
        if let Err(StageError::Failed { .. }) = verified {
            self.engine.tell_lines_of_running(ctx, job).await;
        }
        verified
    }

    /// Gives the proxy the way to a version that is being started, so that it knows it by
    /// the time the version is healthy. It is on the private probe entry alone, and goes
    /// after the switch.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub async fn announce(&self, job: &DeployJob) -> Result<(), AgentProblem> {
        let Some(port) = job.port else {
            return Ok(());
        };
        let first = self.engine.first_parts(job);
        let (file, _) = self.probe_file(job, port, &first).await?;
        self.put_probe(job, &file).await
    }

    async fn put_probe(&self, job: &DeployJob, file: &File) -> Result<(), AgentProblem> {
        let name = probe_name(job.service, job.number);
        if self.files.read(&name).await?.as_deref() != Some(&file.text) {
            self.files.put(&name, Some(file.text.clone())).await?;
        }
        Ok(())
    }

    /// The probe's route and its secret, which is the deployment's own.
    async fn probe_file(
        &self,
        job: &DeployJob,
        port: Port,
        parts: &[Part],
    ) -> Result<(File, String), AgentProblem> {
        let mut backend = backend(job, parts);
        // As many requests in turn as there are parts reach each of them, when each has
        // the same share and none is remembered.
        backend.is_sticky = false;
        for (_, replicas) in &mut backend.parts {
            *replicas = 1;
        }
        let mut hash = Sha256::new_with_prefix(self.files.secret().await?);
        hash.update(job.deployment.0.as_bytes());
        let secret = hex::encode(hash.finalize());
        Ok((probe_file(&backend, port, HEADER, &secret), secret))
    }

    async fn settle(&self, ctx: &StageContext, job: &DeployJob) -> Result<(), StageError> {
        ctx.say(format!(
            "It must stay up for {} seconds.",
            job.settle_seconds
        ));
        let deadline = Instant::now() + Duration::from_secs(u64::from(job.settle_seconds));
        let ends = self.engine.ends(job).await.map_err(failed)?;
        loop {
            let now = self.engine.ends(job).await.map_err(failed)?;
            if now.is_none() || now > ends {
                let error = self.engine.explain_end(ctx, job).await;
                return Err(error);
            }
            if Instant::now() >= deadline {
                return Ok(());
            }
            tokio::time::sleep(SETTLE_POLL.min(deadline - Instant::now())).await;
        }
    }

    async fn probe(
        &self,
        ctx: &StageContext,
        job: &DeployJob,
        port: Port,
        parts: &[Part],
    ) -> Result<(), StageError> {
        let (file, secret) = self.probe_file(job, port, parts).await.map_err(failed)?;
        self.put_probe(job, &file).await.map_err(failed)?;
        let mut good = 0;
        let deadline = Instant::now() + PATIENCE;
        loop {
            let answer = self.ask(job, &secret, &file.marker).await;
            if let Ok(Answer::Status(status)) = answer
                && is_expected(job, status)
            {
                good += 1;
                if good < parts.len() {
                    continue;
                }
                let (path, code) = (job.health.path(), status.as_u16());
                ctx.say(format!(
                    "GET {path} through the proxy was answered with status {code}."
                ));
                return Ok(());
            }
            good = 0;
            if Instant::now() >= deadline {
                return Err(unanswered(job, port, answer));
            }
            tokio::time::sleep(POLL).await;
        }
    }

    async fn ask(
        &self,
        job: &DeployJob,
        secret: &str,
        marker: &str,
    ) -> Result<Answer, AgentProblem> {
        let ports = self.private_ports().await?;
        let url = format!("http://127.0.0.1:{}{}", ports.probe, job.health.path());
        let first = job.routes.first().map(|route| route.host.base());
        let host = job.health.host.as_deref().or(first).unwrap_or("localhost");
        let answer = self
            .http
            .get(url)
            .header(HOST, host)
            .header(HEADER, secret)
            .send()
            .await;
        let Ok(answer) = answer else {
            return Ok(Answer::None);
        };
        let is_marked = answer
            .headers()
            .get(HEADER)
            .is_some_and(|value| value == marker);
        Ok(match answer.status() {
            // The proxy's own words, which carry the marker or do not.
            StatusCode::BAD_GATEWAY | StatusCode::GATEWAY_TIMEOUT => Answer::Unreachable,
            status if is_marked => Answer::Status(status),
            _ => Answer::NoRoute,
        })
    }
}

/// What came of one request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Answer {
    /// Nothing, or not in time.
    None,
    /// The proxy does not know the probe's route yet.
    NoRoute,
    /// The proxy cannot reach the container.
    Unreachable,
    /// The container answered.
    Status(StatusCode),
}

/// A path that somebody chose must succeed; of others it is only wanted that no error of
/// the server's comes.
fn is_expected(job: &DeployJob, status: StatusCode) -> bool {
    match job.health.probe {
        HealthProbe::Http { .. } => job.health.accepts(status.as_u16()),
        HealthProbe::Auto | HealthProbe::Tcp | HealthProbe::Command { .. } => status.as_u16() < 500,
    }
}

fn unanswered(job: &DeployJob, port: Port, answer: Result<Answer, AgentProblem>) -> StageError {
    let path = job.health.path();
    match answer {
        Err(problem) => failed(problem),
        Ok(Answer::NoRoute) => StageError::failed(
            FailureKind::SwitchFailed,
            "The proxy did not take the route of the probe.",
        ),
        Ok(Answer::Unreachable) => StageError::failed(
            FailureKind::PortNotListening,
            format!("Nothing answers on port {port} of the container's network address."),
        ),
        Ok(Answer::None) => StageError::failed(
            FailureKind::ProbeFailed,
            format!("GET {path} through the proxy was not answered in time."),
        ),
        Ok(Answer::Status(status)) => StageError::failed(
            FailureKind::ProbeFailed,
            format!(
                "GET {path} through the proxy was answered with status {}.",
                status.as_u16()
            ),
        ),
    }
}
