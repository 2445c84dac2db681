//! The routes of services, and the switch.

use longshore_agent_api::{AgentProblem, DeployJob, RouteUpdate};
use longshore_domain::route::Route;
use longshore_domain::{FailureKind, ServiceId};

use super::Edge;
use super::dynamic::{Backend, File, Shares, number_in, routes_file};
use super::files::{probe_name, routes_name};
use crate::engine::{Part, Version, failed, problem};
use crate::machine::Owned;
use crate::stage::{StageContext, StageError};

impl Edge {
    /// Moves the traffic to the version of a job and waits until the proxy has been seen
    /// to do so. The version must have been verified, for then its name is known in the
    /// proxy's network.
    ///
    /// # Errors
    /// When the proxy does not take the change; the earlier routes are then in place.
    pub async fn switch(&self, ctx: &StageContext, job: &DeployJob) -> Result<(), StageError> {
        let backend = backend(job, &self.engine.parts(job));
        let name = routes_name(job.service);
        if job.routes.is_empty() || job.port.is_none() {
            ctx.say("There is no domain to switch.");
            self.take_away(&name).await.map_err(failed)?;
        } else {
            let file = self.file(&backend, &job.routes).await.map_err(failed)?;
            // Once begun, a change is not left half done: it is taken within seconds or
            // undone.
            self.change(&name, &file).await.map_err(failed)?;
        }
        // Not before: the proxy takes changes one by one, with a pause in between.
        if let Err(problem) = self.remove_probe(job.service, job.number).await {
            tracing::warn!(%problem, "a probe's route cannot be removed");
        }
        Ok(())
    }

    /// Takes back what a deployment that did not become live had put into the proxy.
    /// `previous` is the version whose routes stay, when the switch had begun.
    ///
    /// # Errors
    /// When the proxy does not take the change.
    pub async fn withdraw(
        &self,
        service: ServiceId,
        number: i32,
        previous: Option<RouteUpdate>,
    ) -> Result<(), AgentProblem> {
        self.remove_probe(service, number).await?;
        let name = routes_name(service);
        let current = self.files.read(&name).await?;
        if current.as_deref().and_then(number_in) != Some(number) {
            return Ok(());
        }
        match previous {
            Some(previous) => self.set_routes(service, &previous).await,
            None => self.take_away(&name).await,
        }
    }

    /// Gives a live version new routes and waits until the proxy serves them.
    ///
    /// # Errors
    /// When there is no such version, or the proxy does not take the change.
    pub async fn set_routes(
        &self,
        service: ServiceId,
        update: &RouteUpdate,
    ) -> Result<(), AgentProblem> {
        match self.wanted(service, update).await? {
            Some(file) => self.change(&routes_name(service), &file).await,
            None => self.take_away(&routes_name(service)).await,
        }
    }

    /// Makes the routes of a live version what they shall be; tells whether they were not.
    ///
    /// # Errors
    /// As [`Edge::set_routes`].
    pub async fn repair_routes(
        &self,
        service: ServiceId,
        update: &RouteUpdate,
    ) -> Result<bool, AgentProblem> {
        let wanted = self.wanted(service, update).await?;
        let current = self.files.read(&routes_name(service)).await?;
        if current == wanted.map(|file| file.text) {
            return Ok(false);
        }
        self.set_routes(service, update).await?;
        Ok(true)
    }

    /// Removes all routes of a service.
    ///
    /// # Errors
    /// When the proxy does not take the change.
    pub async fn remove_routes(&self, service: ServiceId) -> Result<(), AgentProblem> {
        self.take_away(&routes_name(service)).await
    }

    /// Removes what is left of the probe of a version.
    ///
    /// # Errors
    /// When the file cannot be removed.
    pub async fn remove_probe(&self, service: ServiceId, number: i32) -> Result<(), AgentProblem> {
        self.files.put(&probe_name(service, number), None).await
    }

    /// Whose routes and probes there are.
    ///
    /// # Errors
    /// When the files cannot be read.
    pub async fn list_owned(&self) -> Result<Vec<Owned>, AgentProblem> {
        self.files.list().await
    }

    /// Lets given parts, of the version of a job and of the one before, share the requests,
    /// and waits until the proxy does so.
    ///
    /// # Errors
    /// When the proxy does not take the change; what was before is then in place.
    pub(crate) async fn share(
        &self,
        job: &DeployJob,
        new: &[Part],
        old: &[Part],
    ) -> Result<(), AgentProblem> {
        let mut backend = backend(job, new);
        backend.parts.extend(old.iter().map(pair));
        let file = self.file(&backend, &job.routes).await?;
        self.change(&routes_name(job.service), &file).await
    }

    /// Whether a live version, as it was found, has the routes that it shall have.
    ///
    /// # Errors
    /// When the files cannot be read.
    pub(crate) async fn has_routes(
        &self,
        service: ServiceId,
        update: &RouteUpdate,
        version: &Version,
    ) -> Result<bool, AgentProblem> {
        let wanted = if update.routes.is_empty() {
            None
        } else {
            Some(self.file_of(service, update, version).await?.text)
        };
        Ok(self.files.read(&routes_name(service)).await? == wanted)
    }

    async fn wanted(
        &self,
        service: ServiceId,
        update: &RouteUpdate,
    ) -> Result<Option<File>, AgentProblem> {
        if update.routes.is_empty() {
            return Ok(None);
        }
        let version = self
            .engine
            .find_version(service, update.live_number)
            .await?
            .ok_or_else(|| {
                problem(
                    FailureKind::SwitchFailed,
                    format!(
                        "Version {} does not exist on the server; deploy again.",
                        update.live_number
                    ),
                )
            })?;
        Ok(Some(self.file_of(service, update, &version).await?))
    }

    async fn file_of(
        &self,
        service: ServiceId,
        update: &RouteUpdate,
        version: &Version,
    ) -> Result<File, AgentProblem> {
        let backend = Backend {
            service,
            number: update.live_number,
            parts: serving(version),
            is_sticky: version.is_sticky,
        };
        self.file(&backend, &update.routes).await
    }

    async fn file(&self, backend: &Backend, routes: &[Route]) -> Result<File, AgentProblem> {
        let secret = self.files.secret().await?;
        let shares = self.shares(routes).await?;
        let port = self.config.proxy_https_port;
        Ok(routes_file(backend, routes, &shares, &secret, port))
    }

    /// The versions of other services that get a share of a service's requests. One that is
    /// not there gets none.
    async fn shares(&self, routes: &[Route]) -> Result<Shares, AgentProblem> {
        let mut shares = Shares::new();
        for share in routes.iter().filter_map(|route| route.share) {
            let found = self.engine.find_version(share.service, share.live_number);
            if let Some(version) = found.await? {
                let backend = Backend {
                    service: share.service,
                    number: share.live_number,
                    parts: serving(&version),
                    is_sticky: version.is_sticky,
                };
                shares.insert((share.service, share.live_number), backend);
            }
        }
        Ok(shares)
    }
}

/// Given parts of a job's version.
pub(super) fn backend(job: &DeployJob, parts: &[Part]) -> Backend {
    Backend {
        service: job.service,
        number: job.number,
        parts: parts.iter().map(pair).collect(),
        is_sticky: job.sticky_sessions,
    }
}

/// The parts that shall have containers; all of them when the version is stopped.
fn serving(version: &Version) -> Vec<(String, u32)> {
    let is_stopped = version.parts.iter().all(|part| part.replicas == 0);
    let parts = version.parts.iter();
    parts
        .filter(|part| is_stopped || part.replicas > 0)
        .map(pair)
        .collect()
}

fn pair(part: &Part) -> (String, u32) {
    (part.name.clone(), part.replicas)
}
