//! A machine that stops, fails and hangs where a test wants it to.

use std::collections::{BTreeMap, HashMap};
use std::path::Path;
use std::sync::Mutex;
use std::time::Duration;

use async_trait::async_trait;
use futures_util::stream::{self, BoxStream, StreamExt};
use longshore_agent::build::Image;
use longshore_agent::disk::Shortage;
use longshore_agent::git::Checkout;
use longshore_agent::machine::{Machine, MachineState, Owned};
use longshore_agent::stage::{StageContext, StageError};
use longshore_agent_api::{
    AgentProblem, CommandEnd, ContainerCommand, ContainerLine, DeployJob, DesiredService,
    HealthTrial, HealthVerdict, LogStream, Origin, RegistryLogin, RepositoryCheck,
    RepositoryReport, RouteUpdate, RunningUpdate, VersionEnds, VersionStatus, VolumeStatus,
};
use longshore_domain::{FailureKind, ServiceId, Stage};
use longshore_testkit::wait;
use time::OffsetDateTime;
use tokio::sync::watch;

/// The disk that a build needs, in bytes.
pub const FLOOR: u64 = 1_000_000_000;

pub const SHA: &str = "0123456789abcdef0123456789abcdef01234567";

/// What a stage does when it is reached.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Behaviour {
    #[default]
    Succeed,
    Fail(FailureKind, &'static str),
    /// Works until it is cancelled.
    Hang,
    /// Works on although it is cancelled.
    IgnoreCancellation,
    Panic,
    /// Says this many lines.
    Say(u32),
    /// Says this many lines, then works until it is cancelled.
    SayAndHang(u32),
}

#[derive(Debug, Default)]
struct World {
    behaviour: HashMap<&'static str, Behaviour>,
    versions: BTreeMap<(ServiceId, i32), u32>,
    live: HashMap<ServiceId, i32>,
    calls: Vec<String>,
    commits_asked: Vec<Option<String>>,
    builds: u32,
    built: Vec<i32>,
    built_before: bool,
    shortage: Option<Shortage>,
    /// What is missing of the disk once room was made.
    shortage_after_making_room: Option<Shortage>,
}

/// The simulated machine.
#[derive(Debug, Default)]
pub struct Simulated {
    world: Mutex<World>,
    /// The stages that have been entered, in order.
    entered: watch::Sender<Vec<Stage>>,
    /// The most builds at a time.
    pub most_builds: watch::Sender<u32>,
}

impl Simulated {
    pub fn set(&self, stage: Stage, behaviour: Behaviour) {
        let mut world = self.world.lock().unwrap();
        world.behaviour.insert(stage.as_str(), behaviour);
    }

    pub async fn wait_for_stage(&self, stage: Stage) {
        let mut entered = self.entered.subscribe();
        tokio::time::timeout(
            Duration::from_secs(10),
            entered.wait_for(|entered| entered.contains(&stage)),
        )
        .await
        .expect("the stage is not reached")
        .unwrap();
    }

    /// How much of the disk is free of what builds need, before and after making room.
    pub fn set_free_disk(&self, before: u64, after: u64) {
        let shortage = |free_bytes: u64| {
            (free_bytes < FLOOR).then(|| Shortage {
                place: "/data".into(),
                free_bytes,
                floor_bytes: FLOOR,
            })
        };
        let mut world = self.world.lock().unwrap();
        world.shortage = shortage(before);
        world.shortage_after_making_room = shortage(after);
    }

    /// The numbers of the versions whose images were made, in order.
    pub fn built(&self) -> Vec<i32> {
        self.world.lock().unwrap().built.clone()
    }

    pub fn set_built_before(&self) {
        self.world.lock().unwrap().built_before = true;
    }

    pub fn forget_stages(&self) {
        self.entered.send_modify(Vec::clear);
    }

    pub fn entered(&self) -> Vec<Stage> {
        self.entered.borrow().clone()
    }

    /// A version that runs and serves.
    pub fn add_live(&self, service: ServiceId, number: i32) {
        let mut world = self.world.lock().unwrap();
        world.versions.insert((service, number), 1);
        world.live.insert(service, number);
    }

    pub fn live(&self, service: ServiceId) -> Option<i32> {
        self.world.lock().unwrap().live.get(&service).copied()
    }

    pub fn running(&self, service: ServiceId) -> Vec<(i32, u32)> {
        let world = self.world.lock().unwrap();
        world
            .versions
            .iter()
            .filter(|((owner, _), _)| *owner == service)
            .map(|((_, number), replicas)| (*number, *replicas))
            .collect()
    }

    pub async fn wait_for_versions(&self, service: ServiceId, numbers: &[i32]) {
        wait::until("the expected versions", Duration::from_secs(10), || async {
            let now: Vec<i32> = self.running(service).iter().map(|(n, _)| *n).collect();
            (now == numbers).then_some(())
        })
        .await;
    }

    pub fn calls(&self) -> Vec<String> {
        self.world.lock().unwrap().calls.clone()
    }

    pub fn commits_asked(&self) -> Vec<Option<String>> {
        self.world.lock().unwrap().commits_asked.clone()
    }

    fn note(&self, call: impl Into<String>) {
        self.world.lock().unwrap().calls.push(call.into());
    }

    async fn behave(&self, context: &StageContext, stage: Stage) -> Result<(), StageError> {
        self.entered.send_modify(|entered| entered.push(stage));
        let behaviour = {
            let world = self.world.lock().unwrap();
            world
                .behaviour
                .get(stage.as_str())
                .cloned()
                .unwrap_or_default()
        };
        context.say(format!("{} works", stage.as_str()));
        match behaviour {
            Behaviour::Succeed => Ok(()),
            Behaviour::Fail(kind, message) => Err(StageError::failed(kind, message)),
            Behaviour::Hang => {
                context.cancel.cancelled().await;
                Err(StageError::Cancelled)
            }
            Behaviour::IgnoreCancellation => std::future::pending().await,
            Behaviour::Panic => panic!("a panic that the test asked for"),
            Behaviour::Say(count) | Behaviour::SayAndHang(count) => {
                for number in 1..=count {
                    context.line(LogStream::Stdout, format!("line {number}"));
                    if number % 100 == 0 {
                        tokio::task::yield_now().await;
                    }
                }
                if behaviour == Behaviour::Say(count) {
                    return Ok(());
                }
                context.cancel.cancelled().await;
                Err(StageError::Cancelled)
            }
        }
    }
}

#[async_trait]
impl Machine for Simulated {
    async fn state(&self) -> MachineState {
        MachineState {
            docker_version: Some("simulated".to_owned()),
            swarm_ready: true,
            proxy_ready: true,
            proxy_refusal: None,
        }
    }

    async fn try_health(
        &self,
        _service: ServiceId,
        trial: &HealthTrial,
    ) -> Result<HealthVerdict, AgentProblem> {
        Ok(HealthVerdict {
            passed: true,
            status: Some(200),
            took_ms: 7,
            message: format!("version {} answers", trial.number),
        })
    }

    async fn command(
        &self,
        _service: ServiceId,
        command: &ContainerCommand,
    ) -> Result<CommandEnd, AgentProblem> {
        Ok(CommandEnd {
            code: 0,
            output: format!("in version {}", command.number),
        })
    }

    async fn volumes(&self) -> Result<Vec<VolumeStatus>, AgentProblem> {
        Ok(Vec::new())
    }

    async fn check_repository(
        &self,
        _check: &RepositoryCheck,
    ) -> Result<RepositoryReport, AgentProblem> {
        Err(AgentProblem {
            kind: FailureKind::CredentialsRefused,
            message: "the repository wants credentials".to_owned(),
        })
    }

    async fn check_registry(&self, _login: &RegistryLogin) -> Result<(), AgentProblem> {
        Ok(())
    }

    async fn fetch(
        &self,
        context: &StageContext,
        job: &DeployJob,
        work_tree: &Path,
    ) -> Result<Checkout, StageError> {
        if let Origin::Git { commit, .. } = &job.origin {
            let asked = commit.as_ref().map(ToString::to_string);
            self.world.lock().unwrap().commits_asked.push(asked);
        }
        self.behave(context, Stage::Fetching).await?;
        std::fs::create_dir_all(work_tree).unwrap();
        Ok(Checkout {
            sha: SHA.parse().unwrap(),
            subject: "a commit by s3cr3t-token".to_owned(),
            author: "Ada".to_owned(),
            tree: "tree".to_owned(),
            host_key: Some("SHA256:key".to_owned()),
            reused: false,
        })
    }

    async fn built_before(
        &self,
        _context: &StageContext,
        job: &DeployJob,
        (work_tree, _): (&Path, &str),
    ) -> Result<Option<Image>, StageError> {
        assert!(work_tree.is_dir());
        let built_before = self.world.lock().unwrap().built_before;
        Ok(built_before.then(|| Image {
            tag: format!("app:{}", job.number),
            digest: "sha256:1234".to_owned(),
            size_bytes: 1,
            pinned: None,
            reused: true,
        }))
    }

    async fn components(
        &self,
        _: &StageContext,
        _: &DeployJob,
        _: &Path,
    ) -> Result<Vec<DeployJob>, StageError> {
        Ok(Vec::new())
    }

    async fn is_unchanged(&self, _: &DeployJob, _: &Image, _: i32) -> Result<bool, AgentProblem> {
        Ok(false)
    }

    async fn has_started(&self, _: &DeployJob) -> Result<bool, AgentProblem> {
        Ok(true)
    }

    async fn stack_versions(&self, _: ServiceId) -> Result<Vec<(ServiceId, i32)>, AgentProblem> {
        Ok(Vec::new())
    }

    async fn tidy_stack(&self, _: ServiceId) -> Result<(), AgentProblem> {
        Ok(())
    }

    async fn shortage(&self) -> Option<Shortage> {
        self.world.lock().unwrap().shortage.clone()
    }

    async fn make_room(&self) {
        self.note("make room");
        let mut world = self.world.lock().unwrap();
        let after = world.shortage_after_making_room.clone();
        world.shortage = after;
    }

    async fn image(
        &self,
        context: &StageContext,
        job: &DeployJob,
        source: Option<(&Path, &str)>,
    ) -> Result<Image, StageError> {
        if let Some((work_tree, _)) = source {
            assert!(work_tree.is_dir());
        }
        let builds = {
            let mut world = self.world.lock().unwrap();
            world.builds += 1;
            world.built.push(job.number);
            world.builds
        };
        self.most_builds
            .send_modify(|most| *most = (*most).max(builds));
        let result = self.behave(context, Stage::Building).await;
        self.world.lock().unwrap().builds -= 1;
        result?;
        Ok(Image {
            tag: format!("app:{}", job.number),
            digest: "sha256:1234".to_owned(),
            size_bytes: 1,
            pinned: None,
            reused: false,
        })
    }

    async fn release(
        &self,
        context: &StageContext,
        _job: &DeployJob,
        _image: &Image,
    ) -> Result<(), StageError> {
        self.behave(context, Stage::Releasing).await
    }

    async fn start(
        &self,
        context: &StageContext,
        job: &DeployJob,
        _image: &Image,
    ) -> Result<(), StageError> {
        {
            let mut world = self.world.lock().unwrap();
            world
                .versions
                .insert((job.service, job.number), job.replicas);
        }
        self.behave(context, Stage::Starting).await
    }

    async fn verify(&self, context: &StageContext, _job: &DeployJob) -> Result<(), StageError> {
        self.behave(context, Stage::Verifying).await
    }

    async fn switch(
        &self,
        context: &StageContext,
        job: &DeployJob,
        _previous: Option<i32>,
    ) -> Result<(), StageError> {
        {
            let mut world = self.world.lock().unwrap();
            world.live.insert(job.service, job.number);
        }
        self.behave(context, Stage::Switching).await
    }

    async fn withdraw(
        &self,
        service: ServiceId,
        number: i32,
        previous: Option<RouteUpdate>,
    ) -> Result<(), AgentProblem> {
        self.note(format!("withdraw {number}"));
        let mut world = self.world.lock().unwrap();
        if world.live.get(&service) == Some(&number) {
            match previous {
                Some(previous) => world.live.insert(service, previous.live_number),
                None => world.live.remove(&service),
            };
        }
        Ok(())
    }

    async fn remove_version(&self, service: ServiceId, number: i32) -> Result<(), AgentProblem> {
        self.note(format!("remove {number}"));
        self.world
            .lock()
            .unwrap()
            .versions
            .remove(&(service, number));
        Ok(())
    }

    async fn ends(&self, service: ServiceId, number: i32) -> Result<VersionEnds, AgentProblem> {
        let is_settled = self.running(service).iter().any(|(n, _)| *n == number);
        Ok(VersionEnds {
            is_settled,
            ends: Vec::new(),
        })
    }

    async fn until_gone(&self, _service: ServiceId, number: i32) -> Result<(), AgentProblem> {
        self.note(format!("until gone {number}"));
        Ok(())
    }

    async fn versions(&self, service: ServiceId) -> Result<Vec<VersionStatus>, AgentProblem> {
        Ok(self
            .running(service)
            .into_iter()
            .map(|(number, replicas)| VersionStatus {
                number,
                desired: replicas,
                running: replicas,
                trouble: None,
            })
            .collect())
    }

    async fn set_running(
        &self,
        service: ServiceId,
        update: &RunningUpdate,
    ) -> Result<(), AgentProblem> {
        self.note(format!(
            "scale {} to {}",
            update.live_number, update.replicas
        ));
        let mut world = self.world.lock().unwrap();
        world
            .versions
            .insert((service, update.live_number), update.replicas);
        Ok(())
    }

    async fn set_routes(
        &self,
        service: ServiceId,
        update: &RouteUpdate,
    ) -> Result<(), AgentProblem> {
        let mut world = self.world.lock().unwrap();
        world.live.insert(service, update.live_number);
        Ok(())
    }

    async fn drifted(&self, desired: &[DesiredService]) -> Result<Vec<ServiceId>, AgentProblem> {
        Ok(desired.iter().map(|one| one.service).collect())
    }

    async fn repair_routes(
        &self,
        service: ServiceId,
        update: &RouteUpdate,
    ) -> Result<bool, AgentProblem> {
        let mut world = self.world.lock().unwrap();
        Ok(world.live.insert(service, update.live_number) != Some(update.live_number))
    }

    async fn remove_service(&self, service: ServiceId, volumes: bool) -> Result<(), AgentProblem> {
        self.note(format!("remove service, volumes {volumes}"));
        let mut world = self.world.lock().unwrap();
        world.versions.retain(|(owner, _), _| *owner != service);
        Ok(())
    }

    async fn container_log(
        &self,
        _service: ServiceId,
        number: i32,
        tail: u32,
        _follow: bool,
    ) -> Result<BoxStream<'static, ContainerLine>, AgentProblem> {
        Ok(stream::iter(0..tail)
            .map(move |line| ContainerLine {
                at: OffsetDateTime::UNIX_EPOCH,
                replica: "1".to_owned(),
                stream: LogStream::Stdout,
                text: format!("version {number} line {line}"),
            })
            .boxed())
    }

    async fn is_settling(&self) -> Result<bool, AgentProblem> {
        Ok(false)
    }

    async fn list_owned(&self) -> Result<Vec<Owned>, AgentProblem> {
        let world = self.world.lock().unwrap();
        Ok(world
            .versions
            .keys()
            .map(|(service, number)| Owned::Version {
                service: *service,
                number: *number,
            })
            .collect())
    }

    async fn remove_owned(&self, owned: &Owned) -> Result<(), AgentProblem> {
        if let Owned::Version { service, number } = owned {
            self.remove_version(*service, *number).await?;
        }
        Ok(())
    }
}
