//! Building on the test engine: real BuildKit, without buildx and without a registry.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

#[path = "build/auto.rs"]
mod auto;
#[path = "build/failures.rs"]
mod failures;
#[path = "build/images.rs"]
mod images;
#[path = "build/registry.rs"]
mod registry;
#[path = "build/reuse.rs"]
mod reuse;
#[path = "build/secrets.rs"]
mod secrets;
#[path = "build/steps.rs"]
mod steps;

use std::collections::{BTreeMap, HashMap};
use std::path::Path;
use std::sync::{Arc, Mutex};

use bollard::Docker;
use longshore_agent::build::{self, BuildRequest, Cgroup, Image};
use longshore_agent::stage::{EventSink, StageContext, StageError};
use longshore_agent_api::{JobEventKind, RegistryLogin, WireSecret};
use longshore_domain::source::{Build, DockerfileBuild};
use longshore_domain::{EnvKey, FailureKind};
use longshore_testkit::engine::{RUN_LABEL, Run};
use tempfile::TempDir;
use tokio_util::sync::CancellationToken;

/// Collects lines.
#[derive(Default)]
struct Lines(Mutex<Vec<String>>);

impl EventSink for Lines {
    fn append(&self, event: JobEventKind) {
        if let JobEventKind::Line { text, .. } = event {
            self.0.lock().unwrap().push(text);
        }
    }
}

/// A work tree, an engine, and what was said.
struct Bench {
    run: Run,
    docker: Docker,
    checkout: TempDir,
    lines: Arc<Lines>,
    cancel: CancellationToken,
    build: DockerfileBuild,
    secrets: BTreeMap<EnvKey, WireSecret>,
    variables: BTreeMap<EnvKey, WireSecret>,
    registries: Vec<RegistryLogin>,
}

impl Bench {
    async fn new(dockerfile: &str) -> Self {
        let run = Run::start();
        let bench = Self {
            run,
            docker: Docker::connect_with_defaults()
                .unwrap()
                .negotiate_version()
                .await
                .unwrap(),
            checkout: tempfile::tempdir().unwrap(),
            lines: Arc::default(),
            cancel: CancellationToken::new(),
            build: DockerfileBuild::default(),
            secrets: BTreeMap::new(),
            variables: BTreeMap::new(),
            registries: Vec::new(),
        };
        bench.write("Dockerfile", dockerfile);
        bench
    }

    fn write(&self, name: &str, text: &str) {
        let path = self.checkout.path().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }

    fn context(&self) -> StageContext {
        StageContext {
            sink: Arc::clone(&self.lines) as Arc<dyn EventSink>,
            cancel: self.cancel.clone(),
        }
    }

    fn tag(&self, number: u32) -> String {
        format!("{}/app:{number}", self.run.name())
    }

    fn said(&self) -> String {
        self.lines.0.lock().unwrap().join("\n")
    }

    async fn build(&self, number: u32) -> Result<Image, StageError> {
        self.build_tree(number, self.run.name(), false).await
    }

    async fn build_tree(
        &self,
        number: u32,
        tree: &str,
        clear_cache: bool,
    ) -> Result<Image, StageError> {
        let build = Build::Dockerfile(self.build.clone());
        self.build_by(&build, number, tree, clear_cache).await
    }

    async fn build_by(
        &self,
        build: &Build,
        number: u32,
        tree: &str,
        clear_cache: bool,
    ) -> Result<Image, StageError> {
        let tag = self.tag(number);
        let request = BuildRequest {
            checkout: self.checkout.path(),
            tree,
            build,
            args: build::arguments(build, &self.variables),
            secrets: &self.secrets,
            registries: &self.registries,
            tag: &tag,
            labels: HashMap::from([(RUN_LABEL.to_owned(), self.run.name().to_owned())]),
            clear_cache,
        };
        let cgroup = Cgroup::docker();
        build::build(&self.context(), &self.docker, &cgroup, request).await
    }

    /// Takes a file out of an image.
    async fn read(&self, image: &Image, path: &str) -> String {
        read(&self.docker, &image.digest, path).await
    }
}

async fn read(docker: &Docker, image: &str, path: &str) -> String {
    use bollard::models::ContainerCreateBody;
    use bollard::query_parameters::DownloadFromContainerOptionsBuilder;
    use futures_util::TryStreamExt as _;
    use std::io::Read as _;

    let body = ContainerCreateBody {
        image: Some(image.to_owned()),
        cmd: Some(vec!["/never".to_owned()]),
        ..ContainerCreateBody::default()
    };
    let container = docker
        .create_container(
            None::<bollard::query_parameters::CreateContainerOptions>,
            body,
        )
        .await
        .unwrap();
    let options = DownloadFromContainerOptionsBuilder::default()
        .path(path)
        .build();
    let chunks: Result<Vec<_>, _> = docker
        .download_from_container(&container.id, Some(options))
        .try_collect()
        .await;
    docker
        .remove_container(
            &container.id,
            None::<bollard::query_parameters::RemoveContainerOptions>,
        )
        .await
        .unwrap();
    let Ok(chunks) = chunks else {
        return String::new();
    };
    let bytes = chunks.concat();
    let mut archive = tar::Archive::new(bytes.as_slice());
    let mut text = String::new();
    for entry in archive.entries().unwrap() {
        let mut entry = entry.unwrap();
        let name = entry.path().unwrap().display().to_string();
        if entry.header().entry_type().is_dir() {
            text.push_str(&name);
            text.push('\n');
        } else {
            entry.read_to_string(&mut text).unwrap();
        }
    }
    text
}

fn failure<T: std::fmt::Debug>(result: Result<T, StageError>) -> (FailureKind, String) {
    match result {
        Err(StageError::Failed { kind, message }) => (kind, message),
        other => panic!("{other:?}"),
    }
}

fn exists(path: &str) -> bool {
    Path::new(path).exists()
}
