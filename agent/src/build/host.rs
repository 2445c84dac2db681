//! What builds may use of the machine, and what they leave behind.
//!
//! Limits are set, and orphans ended, before each build and from time to time: Docker may
//! have been started anew, or killed, at any moment.

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use bollard::models::SystemInfoCgroupDriverEnum;
use bollard::query_parameters::PruneImagesOptionsBuilder;
use longshore_agent_api::AgentProblem;
use tokio::sync::Notify;
use tokio::time::{MissedTickBehavior, interval};

use super::{Cgroup, Limits, cache, gather, orphans};
use crate::config::{Amount, Config, Size};
use crate::disk::{Floor, Shortage};
use crate::engine::{Engine, refused};
use crate::info;

/// How often limits and orphans are looked at.
const GUARD_EVERY: Duration = Duration::from_secs(15);
/// How often the cache is looked at although nothing was built.
const TIDY_EVERY: Duration = Duration::from_mins(10);
/// The memory to reckon with when the machine's cannot be read.
const UNKNOWN_MEMORY: u64 = 2_000_000_000;

/// The first engine that heeds a build's `cgroupparent`.
const HEEDS_PARENT: u32 = 23;

/// What has to be known of Docker.
#[derive(Debug, Clone)]
struct Facts {
    /// Where its data is.
    root: PathBuf,
    /// Whether the cgroup driver is `cgroupfs`.
    is_cgroupfs: bool,
    /// The major version of the engine.
    version: u32,
}

/// The machine as builds see it.
#[derive(Debug)]
pub struct BuildHost {
    engine: Engine,
    limits: Limits,
    floor: Floor,
    cache: Amount,
    agent_dir: PathBuf,
    facts: Mutex<Option<Facts>>,
    built: Notify,
    /// One pruning at a time; Docker refuses a second one.
    pruning: tokio::sync::Mutex<()>,
    /// Trouble that was told of, so that it is told of once.
    told: Mutex<Option<String>>,
}

impl BuildHost {
    /// The machine with the limits of the settings.
    pub fn new(engine: Engine, config: &Config) -> Self {
        let memory = info::memory_total().unwrap_or(UNKNOWN_MEMORY);
        Self {
            engine,
            limits: Limits {
                memory_bytes: config.build_memory.of(memory),
                cpu_millis: u64::from(info::cores()) * 10 * u64::from(config.build_cpu_percent),
                pids: config.build_pids,
            },
            floor: Floor::new(config.disk_floor),
            cache: config.build_cache,
            agent_dir: config.agent_dir(),
            facts: Mutex::default(),
            built: Notify::new(),
            pruning: tokio::sync::Mutex::default(),
            told: Mutex::default(),
        }
    }

    /// The same with another floor.
    #[must_use]
    pub fn with_floor(self, floor: Floor) -> Self {
        Self { floor, ..self }
    }

    /// The limits that hold for all builds together.
    pub fn limits(&self) -> Limits {
        self.limits
    }

    /// Ends what earlier builds left running and sets the limits; gives the cgroup that builds
    /// belong to. Trouble is logged: a build without limits is better than none.
    pub async fn guard(&self) -> Cgroup {
        let Ok(facts) = self.facts().await else {
            return Cgroup::docker();
        };
        let cgroup = if facts.is_cgroupfs {
            Cgroup::docker()
        } else {
            Cgroup::of_instance(self.engine.names().instance())
        };
        self.guard_in(cgroup.clone(), &facts).await;
        cgroup
    }

    async fn guard_in(&self, cgroup: Cgroup, facts: &Facts) {
        let holds = facts.is_cgroupfs || cgroup.is_gathered() || facts.version >= HEEDS_PARENT;
        let limits = self.limits;
        let work = tokio::task::spawn_blocking(move || {
            gather::gather(&cgroup);
            let ended = orphans::end(&cgroup);
            (ended, cgroup.limit(&limits))
        });
        match work.await {
            Ok((ended, limited)) => {
                if ended > 0 {
                    tracing::info!(ended, "steps of builds that nobody waits for were ended");
                }
                match limited {
                    Ok(()) if !holds => self.tell(
                        "builds run without limits: with version 1 of cgroups and the cgroup \
                         driver systemd, Docker before version 23 gives them no cgroup in common"
                            .to_owned(),
                    ),
                    Ok(()) => *self.told.lock().unwrap_or_else(PoisonError::into_inner) = None,
                    Err(error) => self.tell(format!("builds run without limits: {error}")),
                }
            }
            Err(error) => self.tell(format!("builds run without limits: {error}")),
        }
    }

    /// What is missing of the free disk that a build needs.
    pub async fn shortage(&self) -> Option<Shortage> {
        let root = self.facts().await.ok().map(|facts| facts.root);
        let (floor, agent_dir) = (self.floor.clone(), self.agent_dir.clone());
        tokio::task::spawn_blocking(move || {
            floor.shortage([agent_dir.as_path()].into_iter().chain(root.as_deref()))
        })
        .await
        .ok()
        .flatten()
    }

    /// Frees what is ours and can be made again: the build cache, and images of ours that
    /// have neither a tag nor a container.
    pub async fn make_room(&self) {
        log(self.shrink_cache(0).await);
        log(self.remove_untagged().await);
    }

    /// Notes that a build has ended: the cache may be larger than it should be.
    pub fn note_build(&self) {
        self.built.notify_one();
    }

    /// Brings the cache below its cap and removes images of ours without a tag.
    ///
    /// # Errors
    /// When Docker does not answer.
    pub async fn tidy(&self) -> Result<(), AgentProblem> {
        let root = self.facts().await?.root;
        let floor = self.floor.clone();
        let total = tokio::task::spawn_blocking(move || floor.total_at(&root))
            .await
            .ok()
            .flatten();
        self.remove_untagged().await?;
        let cap = match (self.cache, total) {
            (Amount::Bytes(bytes), _) => bytes,
            (share @ Amount::Percent(_), Some(total)) => share.of(total),
            // A share of an unknown disk is no number.
            (Amount::Percent(_), None) => return Ok(()),
        };
        self.shrink_cache(cap).await
    }

    /// Guards and tidies for ever.
    pub async fn supervise(self: Arc<Self>) {
        let mut guard = interval(GUARD_EVERY);
        guard.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut tidy = interval(TIDY_EVERY);
        tidy.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                _ = guard.tick() => {
                    // Docker may be another one than the last time.
                    *self.facts.lock().unwrap_or_else(PoisonError::into_inner) = None;
                    self.guard().await;
                }
                _ = tidy.tick() => log(self.tidy().await),
                () = self.built.notified() => log(self.tidy().await),
            }
        }
    }

    async fn shrink_cache(&self, keep: u64) -> Result<(), AgentProblem> {
        let _pruning = self.pruning.lock().await;
        let freed = cache::shrink(self.engine.docker(), keep).await?;
        if freed > 0 {
            tracing::info!(freed = %Size(freed), "the build cache was made smaller");
        }
        Ok(())
    }

    async fn remove_untagged(&self) -> Result<(), AgentProblem> {
        let filters = HashMap::from([
            ("dangling", vec!["true".to_owned()]),
            ("label", vec![self.engine.names().owned()]),
        ]);
        let options = PruneImagesOptionsBuilder::default()
            .filters(&filters)
            .build();
        let docker = self.engine.docker();
        docker
            .prune_images(Some(options))
            .await
            .map(drop)
            .map_err(|error| refused("The removal of untagged images", &error))
    }

    async fn facts(&self) -> Result<Facts, AgentProblem> {
        let known = self
            .facts
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone();
        if let Some(facts) = known {
            return Ok(facts);
        }
        let docker = self.engine.docker();
        let info = docker
            .info()
            .await
            .map_err(|error| refused("Its state", &error))?;
        let facts = Facts {
            root: info.docker_root_dir.unwrap_or_default().into(),
            is_cgroupfs: info.cgroup_driver == Some(SystemInfoCgroupDriverEnum::CGROUPFS),
            version: major(&info.server_version.unwrap_or_default()),
        };
        *self.facts.lock().unwrap_or_else(PoisonError::into_inner) = Some(facts.clone());
        Ok(facts)
    }

    fn tell(&self, trouble: String) {
        let mut told = self.told.lock().unwrap_or_else(PoisonError::into_inner);
        if told.as_ref() != Some(&trouble) {
            tracing::warn!("{trouble}");
            *told = Some(trouble);
        }
    }
}

/// The first number of a version.
fn major(version: &str) -> u32 {
    version
        .split('.')
        .next()
        .and_then(|first| first.parse().ok())
        .unwrap_or(0)
}

fn log(result: Result<(), AgentProblem>) {
    if let Err(problem) = result {
        tracing::info!(%problem, "the machine could not be tidied after builds");
    }
}

#[cfg(test)]
mod tests {
    use super::major;

    #[test]
    fn the_first_number_of_a_version_counts() {
        assert_eq!(major("20.10.24+dfsg1"), 20);
        assert_eq!(major("26.1.5+dfsg1"), 26);
        assert_eq!(major(""), 0);
    }
}
