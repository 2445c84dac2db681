//! The composition root of the server process: database, use cases, pages, background work.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, Result};
use axum::Router;
use longshore_control::{Control, ControlSettings, ProxyPorts, store};
use longshore_domain::route::cloudflare;
use longshore_domain::{AllowedBinds, Secret};
use longshore_web::{TrustedProxy, WebSettings, WebState};
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};
use tokio::time::{Instant, sleep, timeout};
use tokio_util::sync::CancellationToken;

use crate::agent_client::AgentClient;
use crate::config::Config;
use crate::jobs::Workers;
use crate::once::JobRunner;
use crate::reconcile::Reconciler;
use crate::secrets::{self, MasterKey};
use crate::tasks::Tasks;
use crate::upkeep;
use crate::watch::Watcher;

/// Most connections to the database at once.
const DATABASE_CONNECTIONS: u32 = 12;

/// How long the database may take to answer at start; the supervisor then starts us again.
const DATABASE_PATIENCE: Duration = Duration::from_secs(30);

/// How often a database that does not answer is tried.
const TRY_EVERY: Duration = Duration::from_millis(100);

/// Deployments that are worked on at once; the agent limits its builds itself.
const CONCURRENT_DEPLOYMENTS: usize = 4;

/// How long open requests and running steps may take to end.
const DRAIN: Duration = Duration::from_secs(10);

/// Serves until SIGTERM or SIGINT; a second one ends the process at once.
///
/// # Errors
/// When the database cannot be reached or the address cannot be listened on.
pub async fn serve(config: Config) -> Result<()> {
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    // First, so that a taken port is told at once, and callers wait instead of being refused.
    let listener = TcpListener::bind(config.listen)
        .await
        .with_context(|| format!("cannot listen on {}", config.listen))?;
    let control = connect(&config).await?;

    let tasks = Tasks::default();
    let agent = AgentClient::new(&config.agent_socket)?;
    let proof = secrets::proxy_proof(&config.server_dir())?;
    let web = web_state(&config, &control, &agent, proof.clone());
    let (metrics, agreement) = (Arc::clone(&web.metrics), Arc::clone(&web.agreement));
    Reconciler::new(control.clone(), agent.clone(), metrics, agreement, proof).start(&tasks);
    start_background_work(&control, &agent, &tasks);
    upkeep::start(control.clone(), config.retention, &tasks);
    let stop = tasks.stopping().clone();
    let answering = answer(listener, longshore_web::router(web), stop.clone());
    tokio::pin!(answering);
    tracing::info!(address = %config.listen, "serving");

    tokio::select! {
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
        outcome = &mut answering => return outcome,
    }
    tracing::info!("stopping");
    stop.cancel();
    let drained = async { tokio::join!(answering, tasks.shut_down()) };
    tokio::select! {
        outcome = timeout(DRAIN, drained) => {
            if outcome.is_err() {
                tracing::warn!("some requests did not end in time and are cut");
            }
        }
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
    }
    Ok(())
}

/// What the use cases must know of the configuration.
pub fn control_settings(config: &Config) -> ControlSettings {
    ControlSettings {
        listen: config.listen,
        public_url: config.public_url.clone(),
        setup_token_file: secrets::setup_token_file(&config.server_dir()),
        instance: config.instance.as_str().to_owned(),
        bind_paths: AllowedBinds::new(config.bind_paths.clone()),
        addresses: addresses(config),
        trusts_cloudflare: cloudflare::ranges()
            .iter()
            .all(|range| config.trusted_proxies.contains(range)),
    }
}

/// Where this machine is reached from outside: as configured, else as its public URL says,
/// else the address from which it would reach others.
fn addresses(config: &Config) -> Vec<IpAddr> {
    if !config.public_addresses.is_empty() {
        return config.public_addresses.clone();
    }
    match config.public_url.as_ref().and_then(url::Url::host) {
        Some(url::Host::Ipv4(address)) => return vec![address.into()],
        Some(url::Host::Ipv6(address)) => return vec![address.into()],
        Some(url::Host::Domain(_)) | None => {}
    }
    // Connecting a datagram socket sends nothing, but chooses the way; the addresses are
    // those that documentation uses.
    [("0.0.0.0:0", "192.0.2.1:9"), ("[::]:0", "[2001:db8::1]:9")]
        .into_iter()
        .filter_map(|(own, other)| {
            let socket = std::net::UdpSocket::bind(own).ok()?;
            socket.connect(other).ok()?;
            Some(socket.local_addr().ok()?.ip())
        })
        .filter(|address| !address.is_loopback() && !address.is_unspecified())
        .collect()
}

/// Connects the database, brings its schema up to date, and settles the server's own files.
async fn connect(config: &Config) -> Result<Control> {
    let server_dir = config.server_dir();
    let key = MasterKey::read_or_make(&server_dir)?;
    let keyring = key.keyring()?;
    let pool = store::connect(
        config.effective_database_url().expose(),
        DATABASE_CONNECTIONS,
    )
    .context("DATABASE_URL cannot be used")?;
    let end = Instant::now() + DATABASE_PATIENCE;
    while let Err(error) = store::migrate(&pool).await {
        if !matches!(error, store::StoreError::Unavailable(_)) || Instant::now() >= end {
            return Err(error).context("cannot bring the database up to date");
        }
        sleep(TRY_EVERY).await;
    }
    let control =
        Control::new(pool, keyring, control_settings(config)).with_proxy_ports(ProxyPorts {
            http: config.proxy.http_port,
            https: config.proxy.https_port,
        });
    let is_empty = control
        .needs_setup()
        .await
        .context("cannot read the database")?;
    key.settle(is_empty)?;
    secrets::settle_setup_token(&server_dir, is_empty)?;
    Ok(control)
}

/// Starts what works without being asked: news from the database, the queue, jobs, watching.
fn start_background_work(control: &Control, agent: &AgentClient, tasks: &Tasks) {
    let (listening, stopping) = (control.clone(), tasks.stopping().clone());
    tasks.spawn("news", async move {
        stopping.run_until_cancelled(listening.listen()).await;
    });
    Workers::start(
        control.clone(),
        agent.clone(),
        CONCURRENT_DEPLOYMENTS,
        tasks,
    );
    JobRunner::start(control, agent.clone(), tasks);
    Watcher::start(control, agent.clone(), tasks);
}

/// What pages and API work with: the use cases and the agent.
fn web_state(config: &Config, control: &Control, agent: &AgentClient, proof: Secret) -> WebState {
    let settings = WebSettings {
        trusted_proxies: config
            .trusted_proxies
            .iter()
            .map(|range| TrustedProxy {
                address: range.first(),
                prefix_length: range.prefix_bits(),
            })
            .collect(),
        proxy_proof: Some(proof),
    };
    WebState::new(control.clone(), Arc::new(agent.clone()), settings)
}

async fn answer(listener: TcpListener, router: Router, stop: CancellationToken) -> Result<()> {
    let service = router.into_make_service_with_connect_info::<SocketAddr>();
    axum::serve(listener, service)
        .with_graceful_shutdown(stop.cancelled_owned())
        .await
        .context("cannot accept connections")
}
