//! A running agent in a directory of its own, and a client of its socket.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use clap::Parser;
use futures_util::StreamExt;
use longshore_agent::agent::Agent;
use longshore_agent::config::Config;
use longshore_agent::machine::Machine;
use longshore_agent::tasks::Tasks;
use longshore_agent_api::{
    DeployJob, GitCredentials, JobEvent, JobEventKind, JobOutcome, JobStatus, Origin,
    PROTOCOL_HEADER, PROTOCOL_VERSION, Repository, StageLimits,
};
use longshore_domain::health::HealthCheck;
use longshore_domain::source::Build;
use longshore_domain::takeover::StrategyReason;
use longshore_domain::{DeploymentId, EnvironmentId, ServiceId, Strategy};
use reqwest::{Client, Method, RequestBuilder, StatusCode};
use tokio::runtime::{Builder, Runtime};
use tokio::task::JoinHandle;

use super::machine::Simulated;

/// A running agent.
pub struct Running {
    tasks: Tasks,
    server: JoinHandle<()>,
    socket: PathBuf,
    http: Client,
}

pub fn config(directory: &Path) -> Config {
    let data = directory.join("data");
    let socket = directory.join("agent.sock");
    Config::parse_from([
        "longshore-agent".as_ref(),
        "--data-dir".as_ref(),
        data.as_os_str(),
        "--socket".as_ref(),
        socket.as_os_str(),
    ])
}

impl Running {
    /// An agent in a runtime of its own, which [`kill`] ends without any farewell.
    pub fn start_apart(directory: &Path, machine: &Arc<Simulated>) -> (Self, Runtime) {
        let runtime = Builder::new_multi_thread()
            .worker_threads(2)
            .enable_all()
            .build()
            .unwrap();
        let guard = runtime.enter();
        let agent = Self::start(directory, machine);
        drop(guard);
        (agent, runtime)
    }

    pub fn start(directory: &Path, machine: &Arc<Simulated>) -> Self {
        Self::start_with(config(directory), machine)
    }

    pub fn start_with(config: Config, machine: &Arc<Simulated>) -> Self {
        let socket = config.socket.clone();
        let tasks = Tasks::new();
        let machine: Arc<dyn Machine> = Arc::clone(machine) as _;
        let agent = Agent::start(config, machine, tasks.clone()).unwrap();
        let server = tokio::spawn(async move { agent.serve().await.unwrap() });
        let http = Client::builder()
            .unix_socket(socket.as_path())
            .build()
            .unwrap();
        Self {
            tasks,
            server,
            socket,
            http,
        }
    }

    /// As after SIGTERM.
    pub async fn stop(self) {
        self.tasks.stopping().cancel();
        tokio::time::timeout(Duration::from_secs(10), self.server)
            .await
            .expect("the agent does not stop")
            .unwrap();
        assert!(!self.socket.exists());
    }

    pub fn socket(&self) -> &Path {
        &self.socket
    }

    pub fn bare(&self, method: Method, path: &str) -> RequestBuilder {
        self.http.request(method, format!("http://agent{path}"))
    }

    pub fn call(&self, method: Method, path: &str) -> RequestBuilder {
        self.bare(method, path)
            .header(PROTOCOL_HEADER, PROTOCOL_VERSION)
    }

    pub async fn put(&self, job: &DeployJob) -> (StatusCode, String) {
        let path = format!("/v1/jobs/{}", job.deployment);
        let answer = self
            .call(Method::PUT, &path)
            .json(job)
            .send()
            .await
            .unwrap();
        (answer.status(), answer.text().await.unwrap())
    }

    pub async fn put_ok(&self, job: &DeployJob) -> JobStatus {
        let (status, text) = self.put(job).await;
        assert_eq!(status, StatusCode::OK, "{text}");
        serde_json::from_str(&text).unwrap()
    }

    pub async fn cancel(&self, deployment: DeploymentId) {
        let path = format!("/v1/jobs/{deployment}");
        let answer = self.call(Method::DELETE, &path).send().await.unwrap();
        assert_eq!(answer.status(), StatusCode::ACCEPTED);
    }

    pub async fn status(&self, deployment: DeploymentId) -> JobStatus {
        let path = format!("/v1/jobs/{deployment}");
        let answer = self.call(Method::GET, &path).send().await.unwrap();
        answer.json().await.unwrap()
    }

    /// The events behind a number, until the job's end or until `enough` says so.
    pub async fn events_until(
        &self,
        deployment: DeploymentId,
        after: u64,
        enough: impl Fn(&JobEvent) -> bool,
    ) -> Vec<JobEvent> {
        let path = format!("/v1/jobs/{deployment}/events");
        let answer = self
            .call(Method::GET, &path)
            .header("last-event-id", after)
            .send()
            .await
            .unwrap();
        assert_eq!(answer.status(), StatusCode::OK);
        let mut body = answer.bytes_stream();
        let mut text = Vec::new();
        let mut events: Vec<JobEvent> = Vec::new();
        while let Some(Ok(chunk)) = body.next().await {
            text.extend_from_slice(&chunk);
            while let Some(end) = text.windows(2).position(|pair| pair == b"\n\n") {
                let frame: Vec<u8> = text.drain(..end + 2).collect();
                let frame = String::from_utf8(frame).unwrap();
                let Some(data) = frame.lines().find_map(|line| line.strip_prefix("data: ")) else {
                    continue;
                };
                let event: JobEvent = serde_json::from_str(data).unwrap();
                assert!(frame.starts_with(&format!("id: {}\n", event.sequence)));
                events.push(event);
                if enough(&events[events.len() - 1]) {
                    return events;
                }
            }
        }
        events
    }

    pub async fn events(&self, deployment: DeploymentId, after: u64) -> Vec<JobEvent> {
        let all = self.events_until(deployment, after, |_| false);
        tokio::time::timeout(Duration::from_secs(30), all)
            .await
            .expect("the job does not end")
    }

    /// Waits for the end and tells how it was.
    pub async fn outcome(&self, deployment: DeploymentId) -> JobOutcome {
        let events = self.events(deployment, 0).await;
        assert_unbroken(&events);
        match events.last().map(|event| &event.kind) {
            Some(JobEventKind::Finished { outcome }) => outcome.clone(),
            other => panic!("the job ended with {other:?}"),
        }
    }
}

/// As `kill -9` does: whatever was not in a file is gone.
pub async fn kill(agent: Running, runtime: Runtime) {
    tokio::task::spawn_blocking(move || runtime.shutdown_timeout(Duration::from_secs(10)))
        .await
        .unwrap();
    drop(agent);
}

/// Every number once, in order, from 1.
pub fn assert_unbroken(events: &[JobEvent]) {
    let sequences: Vec<u64> = events.iter().map(|event| event.sequence).collect();
    let count = u64::try_from(events.len()).unwrap();
    assert_eq!(sequences, (1..=count).collect::<Vec<_>>());
}

/// A job of a Git service.
pub fn job(service: ServiceId, number: i32) -> DeployJob {
    DeployJob {
        deployment: DeploymentId::generate(),
        number,
        live_number: (number > 1).then_some(number - 1),
        service,
        service_name: "web".parse().unwrap(),
        environment: EnvironmentId::generate(),
        origin: Origin::Git {
            repository: Repository {
                url: "https://git.example/app.git".parse().unwrap(),
                credentials: GitCredentials::Token {
                    username: "git".to_owned(),
                    token: "s3cr3t-token".into(),
                },
                host_key: None,
            },
            branch: "main".parse().unwrap(),
            commit: None,
            submodules: false,
            build: Build::default(),
            build_secrets: std::collections::BTreeMap::new(),
            clear_cache: false,
        },
        variables: [("KEY".parse().unwrap(), "a-secret-value".into())].into(),
        registries: Vec::new(),
        redact: vec!["a-secret-value".into()],
        port: std::num::NonZeroU16::new(8080),
        command: None,
        arguments: None,
        volumes: Vec::new(),
        files: Vec::new(),
        binds: Vec::new(),
        stack: None,
        component: None,
        host_ports: Vec::new(),
        scale: longshore_domain::scale::Scale::default(),
        release_command: Some(vec!["migrate".to_owned()]),
        replicas: 1,
        memory_limit_bytes: None,
        cpu_limit_millis: None,
        health: HealthCheck::default(),
        strategy: Strategy::BlueGreen,
        strategy_reason: StrategyReason::Usual,
        sticky_sessions: false,
        routes: Vec::new(),
        drain_seconds: 0,
        stop_grace_seconds: 1,
        settle_seconds: 1,
        limits: StageLimits::default(),
    }
}
