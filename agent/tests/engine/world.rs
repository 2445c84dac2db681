//! An engine and a proxy of one test's own, and jobs for them.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use clap::Parser;
use longshore_agent::config::Config;
use longshore_agent::edge::Edge;
use longshore_agent::engine::Engine;
use longshore_agent::stage::{EventSink, StageContext, StageError};
use longshore_agent_api::{DeployJob, JobEventKind, Origin, StageLimits};
use longshore_domain::health::HealthCheck;
use longshore_domain::route::{DomainOptions, Route, TlsMode};
use longshore_domain::takeover::StrategyReason;
use longshore_domain::{DeploymentId, DomainId, EnvironmentId, ServiceId, Strategy};
use longshore_testkit::engine::Run;
use longshore_testkit::{ports, wait};
use tempfile::TempDir;
use tokio_util::sync::CancellationToken;

/// Everything of one test; removed when dropped.
pub struct World {
    pub engine: Engine,
    pub edge: Arc<Edge>,
    pub config: Config,
    pub context: StageContext,
    said: Arc<Said>,
    pub http: reqwest::Client,
    _run: Run,
    _data: TempDir,
}

#[derive(Default)]
struct Said(Mutex<Vec<String>>);

impl EventSink for Said {
    fn append(&self, event: JobEventKind) {
        if let JobEventKind::Line { text, .. } = event {
            self.0.lock().unwrap().push(text);
        }
    }
}

impl World {
    pub async fn with_engine() -> Self {
        let _ = tracing_subscriber::fmt()
            .with_test_writer()
            .with_env_filter("longshore_agent=info")
            .try_init();
        let mut run = Run::start();
        run.also_removes(format!("{}.owned", run.name()));
        let data = tempfile::tempdir().unwrap();
        let config = Config::parse_from([
            "longshore-agent".to_owned(),
            format!("--instance={}", run.name()),
            format!("--data-dir={}", data.path().display()),
            format!("--proxy-http-port={}", ports::free()),
            format!("--proxy-https-port={}", ports::free()),
            "--traefik-image=longshore/traefik:v3.7".to_owned(),
        ]);
        let engine = Engine::connect(&config).unwrap();
        // Another test program may be making this machine a Swarm manager at the same moment.
        wait::until("a Swarm", Duration::from_secs(20), || async {
            engine.prepare().await.ok()
        })
        .await;
        let said = Arc::<Said>::default();
        Self {
            edge: Arc::new(Edge::new(engine.clone(), &config)),
            engine,
            config,
            context: StageContext {
                sink: Arc::clone(&said) as _,
                cancel: CancellationToken::new(),
            },
            said,
            http: reqwest::Client::builder().no_proxy().build().unwrap(),
            _run: run,
            _data: data,
        }
    }

    pub async fn with_edge() -> Self {
        let world = Self::with_engine().await;
        world.edge.prepare().await.unwrap();
        world
    }

    pub fn said(&self) -> String {
        self.said.0.lock().unwrap().join("\n")
    }

    pub async fn start(&self, job: &DeployJob, image: &str) -> Result<(), StageError> {
        self.engine.start(&self.context, job, image).await
    }

    /// Brings a version up to traffic.
    pub async fn deploy(&self, job: &DeployJob, image: &str) {
        self.start(job, image).await.unwrap();
        self.edge.verify(&self.context, job).await.unwrap();
        self.edge.switch(&self.context, job).await.unwrap();
    }

    /// What the public entry point answers for a host.
    pub async fn get(&self, host: &str, path: &str) -> (u16, String) {
        let url = format!("http://127.0.0.1:{}{path}", self.config.proxy_http_port);
        let answer = self
            .http
            .get(url)
            .header("Host", host)
            .send()
            .await
            .unwrap();
        (answer.status().as_u16(), answer.text().await.unwrap())
    }

    pub fn proxy(&self) -> String {
        format!("{}-proxy", self.config.instance)
    }
}

/// A job for a program that needs no build.
pub fn job(command: &[&str], port: Option<u16>) -> DeployJob {
    DeployJob {
        deployment: DeploymentId::generate(),
        number: 1,
        service: ServiceId::generate(),
        service_name: "app".parse().unwrap(),
        environment: EnvironmentId::generate(),
        origin: Origin::Image {
            reference: "busybox:latest".parse().unwrap(),
        },
        variables: BTreeMap::new(),
        registries: Vec::new(),
        redact: Vec::new(),
        port: port.map(|port| port.try_into().unwrap()),
        command: Some(command.iter().map(|&word| word.to_owned()).collect()),
        arguments: None,
        volumes: Vec::new(),
        files: Vec::new(),
        binds: Vec::new(),
        stack: None,
        component: None,
        host_ports: Vec::new(),
        scale: longshore_domain::scale::Scale::default(),
        release_command: None,
        replicas: 1,
        memory_limit_bytes: None,
        cpu_limit_millis: None,
        health: HealthCheck {
            start_period_seconds: 0,
            timeout_seconds: 1,
            retries: 2,
            ..HealthCheck::default()
        },
        strategy: Strategy::BlueGreen,
        strategy_reason: StrategyReason::Usual,
        sticky_sessions: false,
        live_number: None,
        routes: Vec::new(),
        drain_seconds: 1,
        stop_grace_seconds: 1,
        settle_seconds: 1,
        limits: StageLimits::default(),
    }
}

/// A web server that answers with a text.
pub fn web(text: &str) -> DeployJob {
    let script =
        format!("mkdir -p /www && echo {text} > /www/index.html && exec httpd -f -p 8080 -h /www");
    let mut job = job(&["sh", "-c", &script], Some(8080));
    job.routes = vec![route("app.test", "/")];
    job
}

/// The next version of the same service.
pub fn next(job: &DeployJob, text: &str) -> DeployJob {
    DeployJob {
        number: job.number + 1,
        service: job.service,
        environment: job.environment,
        ..web(text)
    }
}

pub fn route(host: &str, prefix: &str) -> Route {
    Route {
        domain: DomainId::generate(),
        host: host.parse().unwrap(),
        path_prefix: prefix.parse().unwrap(),
        strip_prefix: false,
        port: 8080.try_into().unwrap(),
        tls: TlsMode::None,
        component: None,
        options: DomainOptions::default(),
        share: None,
    }
}

/// What a program of the machine prints, and whether it succeeded.
pub async fn run(program: &str, arguments: &[&str]) -> (bool, String) {
    let output = tokio::process::Command::new(program)
        .args(arguments)
        .output()
        .await
        .unwrap();
    let mut text = String::from_utf8_lossy(&output.stdout).into_owned();
    text.push_str(&String::from_utf8_lossy(&output.stderr));
    (output.status.success(), text.trim().to_owned())
}

/// The id of the container of a version.
pub async fn container(world: &World, job: &DeployJob) -> String {
    let label = format!(
        "label={}.deployment={}",
        world.config.instance, job.deployment
    );
    let (_, ids) = run("docker", &["ps", "--quiet", "--filter", &label]).await;
    ids.lines().next().expect("a container").to_owned()
}

pub const SECOND: Duration = Duration::from_secs(1);
