//! The rolling take-over: part after part of the old version makes room for the new one.
//!
//! Each step is a small cut-over of its own: new parts start and are verified, share the
//! requests with what is left of the old version, and the old parts that are not needed
//! any more get no new requests, drain, and stop. They stay in Swarm without containers,
//! so that a failure in a later step can start them again. What there is in Swarm says how
//! far it has come: an agent that was killed finds every step that was finished.

use std::time::Duration;

use longshore_agent_api::DeployJob;
use longshore_domain::takeover;

use crate::edge::Edge;
use crate::engine::{Engine, Part, failed};
use crate::stage::{StageContext, StageError};

/// How often Docker is asked whether a part has stopped.
const POLL: Duration = Duration::from_millis(200);

/// One rolling take-over.
pub(super) struct StepByStep<'a> {
    pub(super) engine: &'a Engine,
    pub(super) edge: &'a Edge,
    pub(super) context: &'a StageContext,
    pub(super) job: &'a DeployJob,
}

impl StepByStep<'_> {
    /// Takes over from the previous version, whose last parts are left to be drained.
    pub(super) async fn run(&self, previous: Option<i32>) -> Result<(), StageError> {
        let (engine, job) = (self.engine, self.job);
        let parts = engine.parts(job);
        let batches = engine.batches(job);
        let image = engine.image_of(job).await.map_err(failed)?;
        for (step, batch) in batches.iter().enumerate() {
            let new = &parts[..batch.end];
            // The first parts were started and verified before.
            if step > 0 {
                let fresh = &parts[batch.clone()];
                engine.start_parts(self.context, job, &image, fresh).await?;
                if let Some(port) = job.port {
                    let verified = self.edge.verify_parts(self.context, job, port, fresh);
                    verified.await?;
                }
            }
            if step + 1 == batches.len() {
                return self.edge.switch(self.context, job).await;
            }
            let Some(old) = self.old_parts(previous).await? else {
                continue;
            };
            let sizes: Vec<u32> = old.iter().map(|part| part.replicas).collect();
            let serving: u32 = new.iter().map(|part| part.replicas).sum();
            let keep = takeover::kept(&sizes, serving, job.replicas);
            let (kept, dropped) = old.split_at(keep);
            self.share(new, kept).await?;
            self.context.say(format!(
                "Step {} of {}: {serving} new containers serve.",
                step + 1,
                batches.len()
            ));
            self.stop(dropped).await?;
        }
        Ok(())
    }

    /// The parts of the previous version that serve; none when there is no such version, or
    /// it listens on another port and cannot share requests: it then stays until the end.
    async fn old_parts(&self, previous: Option<i32>) -> Result<Option<Vec<Part>>, StageError> {
        let Some(number) = previous else {
            return Ok(None);
        };
        let found = self.engine.find_version(self.job.service, number).await;
        let Some(mut version) = found.map_err(failed)? else {
            return Ok(None);
        };
        version.parts.retain(|part| part.replicas > 0);
        Ok((version.port == self.job.port).then_some(version.parts))
    }

    async fn share(&self, new: &[Part], old: &[Part]) -> Result<(), StageError> {
        if self.job.port.is_none() || self.job.routes.is_empty() {
            return Ok(());
        }
        // Once begun, a change is not left half done: it is taken within seconds or undone.
        self.edge.share(self.job, new, old).await.map_err(failed)
    }

    /// Lets parts that get no new requests end what they have begun, and stops them.
    async fn stop(&self, parts: &[Part]) -> Result<(), StageError> {
        if parts.is_empty() {
            return Ok(());
        }
        let drain = Duration::from_secs(u64::from(self.job.drain_seconds));
        self.context
            .or_cancelled(async {
                tokio::time::sleep(drain).await;
                for part in parts {
                    let stopped = self.engine.scale_part(&part.name, 0, false);
                    stopped.await.map_err(failed)?;
                }
                for part in parts {
                    while self.engine.running_in(part).await.map_err(failed)? > 0 {
                        tokio::time::sleep(POLL).await;
                    }
                }
                Ok(())
            })
            .await
    }
}
