//! A machine for builds of one test's own, while no other test has one.

use std::collections::{BTreeMap, HashMap};
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use bollard::models::SystemInfoCgroupDriverEnum;
use clap::Parser;
use longshore_agent::build::{self, BuildHost, BuildRequest, Cgroup, Image, Limits};
use longshore_agent::config::Config;
use longshore_agent::engine::Engine;
use longshore_agent::stage::{EventSink, StageContext, StageError};
use longshore_agent_api::JobEventKind;
use longshore_domain::source::Build;
use longshore_testkit::engine::{RUN_LABEL, Run};
use tempfile::TempDir;
use tokio::sync::MutexGuard;
use tokio_util::sync::CancellationToken;

static TURN: tokio::sync::Mutex<()> = tokio::sync::Mutex::const_new(());

struct Silent;

impl EventSink for Silent {
    fn append(&self, _event: JobEventKind) {}
}

/// Collects lines.
#[derive(Default)]
pub struct Lines(pub Mutex<Vec<String>>);

impl EventSink for Lines {
    fn append(&self, event: JobEventKind) {
        if let JobEventKind::Line { text, .. } = event {
            self.0.lock().unwrap().push(text);
        }
    }
}

/// The machine; the builds' limits go when it is dropped.
pub struct Site {
    pub engine: Engine,
    pub host: Arc<BuildHost>,
    pub config: Config,
    pub run: Run,
    /// The builds' cgroup, as a path below a hierarchy.
    cgroup: PathBuf,
    _data: TempDir,
    _turn: MutexGuard<'static, ()>,
}

impl Site {
    pub async fn new(settings: &[&str]) -> Self {
        let turn = TURN.lock().await;
        let mut run = Run::start();
        run.also_removes(format!("{}.owned", run.name()));
        let data = tempfile::tempdir().unwrap();
        let mut arguments = vec![
            "longshore-agent".to_owned(),
            format!("--instance={}", run.name()),
            format!("--data-dir={}", data.path().display()),
        ];
        arguments.extend(settings.iter().map(|&setting| setting.to_owned()));
        let config = Config::parse_from(arguments);
        let engine = Engine::connect(&config).unwrap();
        engine.prepare().await.unwrap();
        let info = engine.docker().info().await.unwrap();
        let parent = match info.cgroup_driver {
            Some(SystemInfoCgroupDriverEnum::CGROUPFS) => "docker",
            _ => run.name(),
        };
        Self {
            host: Arc::new(BuildHost::new(engine.clone(), &config)),
            engine,
            config,
            cgroup: Path::new(parent).join("buildkit"),
            run,
            _data: data,
            _turn: turn,
        }
    }

    pub async fn build(&self, number: u32, dockerfile: &str) -> Result<Image, StageError> {
        self.build_with(number, dockerfile, Arc::new(Silent)).await
    }

    pub async fn build_with(
        &self,
        number: u32,
        dockerfile: &str,
        sink: Arc<dyn EventSink>,
    ) -> Result<Image, StageError> {
        let checkout = tempfile::tempdir().unwrap();
        fs::write(checkout.path().join("Dockerfile"), dockerfile).unwrap();
        let context = StageContext {
            sink,
            cancel: CancellationToken::new(),
        };
        let request = BuildRequest {
            checkout: checkout.path(),
            tree: &format!("{} {number}", self.run.name()),
            build: &Build::default(),
            args: BTreeMap::new(),
            secrets: &BTreeMap::new(),
            registries: &[],
            tag: &format!("{}/app:{number}", self.run.name()),
            labels: HashMap::from([
                (RUN_LABEL.to_owned(), self.run.name().to_owned()),
                (format!("{}.owned", self.run.name()), String::new()),
            ]),
            clear_cache: false,
        };
        let cgroup = self.host.guard().await;
        build::build(&context, self.engine.docker(), &cgroup, request).await
    }

    /// A file of the builds' cgroup, of whichever version cgroups are.
    pub fn cgroup_file(&self, controller: &str, file: &str) -> PathBuf {
        let root = Path::new("/sys/fs/cgroup");
        if is_unified() {
            root.join(&self.cgroup).join(file)
        } else {
            root.join(controller).join(&self.cgroup).join(file)
        }
    }

    /// The size of the engine's build cache, in bytes.
    pub async fn cache_size(&self) -> i64 {
        // The client library knows the newest form of the answer alone.
        let http = reqwest::Client::builder()
            .unix_socket("/var/run/docker.sock")
            .build()
            .unwrap();
        let answer = http.get("http://docker/v1.41/system/df").send().await;
        let text = answer.unwrap().text().await.unwrap();
        let text: serde_json::Value = serde_json::from_str(&text).unwrap();
        let entries = text["BuildCache"].as_array().cloned().unwrap_or_default();
        entries
            .iter()
            .filter(|entry| entry["Shared"] != true)
            .filter_map(|entry| entry["Size"].as_i64())
            .sum()
    }
}

impl Drop for Site {
    fn drop(&mut self) {
        let cgroup = if self.cgroup.starts_with("docker") {
            Cgroup::docker()
        } else {
            Cgroup::of_instance(self.run.name())
        };
        let _ = cgroup.limit(&Limits {
            memory_bytes: 1 << 40,
            cpu_millis: 64_000,
            pids: 32_000,
        });
    }
}

pub fn is_unified() -> bool {
    Path::new("/sys/fs/cgroup/cgroup.controllers").exists()
}

pub fn read(path: impl AsRef<Path>) -> String {
    fs::read_to_string(path)
        .unwrap_or_default()
        .trim()
        .to_owned()
}
