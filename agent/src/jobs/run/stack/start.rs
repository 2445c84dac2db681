//! Starts components in the order in which they wait for each other.

use std::collections::HashMap;
use std::time::Duration;

use futures_util::future::try_join_all;
use longshore_agent_api::DeployJob;
use longshore_domain::Strategy;
use longshore_domain::compose::Condition;
use tokio::sync::watch;

use super::super::make_way::stop_versions;
use super::name::{name_of, named_error, of, runs_once};
use crate::build::Image;
use crate::jobs::record::ComponentProgress;
use crate::machine::Machine;
use crate::stage::{StageContext, StageError};

/// How often it is asked whether a component's containers run.
const POLL: Duration = Duration::from_millis(200);

/// How far a component has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Reached {
    Nothing,
    Started,
    Healthy,
    Completed,
}

impl Reached {
    fn fulfils(self, condition: Condition) -> bool {
        match condition {
            Condition::Started => self >= Self::Started,
            Condition::Healthy => self >= Self::Healthy,
            Condition::Completed => self >= Self::Completed,
        }
    }
}

/// Components that start, each as soon as it may.
pub(super) struct Starting<'a> {
    pub(super) machine: &'a dyn Machine,
    pub(super) progress: &'a [ComponentProgress],
    pub(super) jobs: &'a [DeployJob],
    pub(super) images: &'a [Image],
}

impl Starting<'_> {
    pub(super) async fn run(&self, context: StageContext) -> Result<(), StageError> {
        let reached: HashMap<&str, watch::Sender<Reached>> = self
            .jobs
            .iter()
            .zip(self.progress)
            .map(|(job, known)| {
                let first = match known.kept {
                    Some(_) => Reached::Healthy,
                    None => Reached::Nothing,
                };
                (name_of(job), watch::Sender::new(first))
            })
            .collect();
        let all = self
            .jobs
            .iter()
            .zip(self.images)
            .zip(self.progress)
            .filter(|(_, known)| known.kept.is_none())
            .map(|((job, image), known)| {
                let context = of(context.clone(), job);
                let reached = &reached;
                async move {
                    let started = self.one(&context, job, image, known, reached).await;
                    started.map_err(|error| named_error(error, job))
                }
            });
        try_join_all(all).await.map(drop)
    }

    async fn one(
        &self,
        context: &StageContext,
        job: &DeployJob,
        image: &Image,
        known: &ComponentProgress,
        reached: &HashMap<&str, watch::Sender<Reached>>,
    ) -> Result<(), StageError> {
        self.wait_for_others(context, job, reached).await?;
        if job.strategy == Strategy::Recreate {
            let numbers: Vec<i32> = known
                .progress
                .stopped
                .iter()
                .map(|old| old.number)
                .collect();
            stop_versions(self.machine, context, job.service, &numbers).await?;
        }
        let tell = |news: Reached| {
            if let Some(sender) = reached.get(name_of(job)) {
                sender.send_modify(|now| *now = (*now).max(news));
            }
        };
        let start = self.machine.start(context, job, image);
        let notice = async {
            loop {
                if let Ok(true) = self.machine.has_started(job).await {
                    tell(Reached::Started);
                    return;
                }
                tokio::time::sleep(POLL).await;
            }
        };
        tokio::pin!(start);
        tokio::select! {
            result = &mut start => result?,
            () = notice => start.await?,
        }
        tell(if runs_once(job) {
            Reached::Completed
        } else {
            Reached::Healthy
        });
        Ok(())
    }

    async fn wait_for_others(
        &self,
        context: &StageContext,
        job: &DeployJob,
        reached: &HashMap<&str, watch::Sender<Reached>>,
    ) -> Result<(), StageError> {
        let Some(stack) = &job.component else {
            return Ok(());
        };
        for dependency in &stack.component.depends_on {
            let Some(sender) = reached.get(dependency.name.as_str()) else {
                continue;
            };
            let mut watched = sender.subscribe();
            let fulfilled = |now: &Reached| now.fulfils(dependency.condition);
            if !fulfilled(&watched.borrow_and_update()) {
                let what = match dependency.condition {
                    Condition::Started => "to start",
                    Condition::Healthy => "to be healthy",
                    Condition::Completed => "to end",
                };
                context.say(format!("waits for {} {what}", dependency.name));
            }
            context
                .or_cancelled(async {
                    // Nobody drops the senders while any component waits.
                    let _ = watched.wait_for(fulfilled).await;
                    Ok(())
                })
                .await?;
        }
        Ok(())
    }
}
