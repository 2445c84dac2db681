//! A constant load of requests, slow requests and WebSockets, with a count of what failed.
//!
//! Requests come at fixed times whether or not earlier ones were answered, and their time
//! counts from when they were due: a pause of the server's is seen in every one of them.

mod report;
mod websocket;

use std::sync::Arc;
use std::time::Duration;

use reqwest::Client;
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::{Instant, MissedTickBehavior, interval};

pub use report::Report;
pub use websocket::WebSocket;

/// The longest that an answer may take beyond what it has to.
const PATIENCE: Duration = Duration::from_secs(10);
/// Between two messages on a WebSocket.
const MESSAGE_INTERVAL: Duration = Duration::from_millis(200);

/// Where a load goes and how large it is.
#[derive(Debug, Clone)]
pub struct Load {
    /// The port of the proxy on this machine.
    pub port: u16,
    /// The host that is asked for.
    pub host: String,
    /// The path of ordinary requests.
    pub path: String,
    /// Ordinary requests a second.
    pub rate: u32,
    /// Clients that share them, each with a connection that it keeps.
    pub clients: u32,
    /// The path of requests that take long.
    pub slow_path: String,
    /// Clients that ask for it, one request after the other.
    pub slow_clients: u32,
    /// The path of the WebSocket that echoes.
    pub websocket_path: String,
    /// WebSockets that are open at a time.
    pub websockets: u32,
    /// How long each is used before it is closed and opened anew; shorter than the drain
    /// time, after which an old version's connections may be cut.
    pub websocket_session: Duration,
}

impl Load {
    /// Ordinary requests alone.
    pub fn requests(port: u16, host: &str, rate: u32) -> Self {
        Self {
            port,
            host: host.to_owned(),
            path: "/".to_owned(),
            rate,
            clients: rate.div_ceil(20).max(1),
            slow_path: "/slow".to_owned(),
            slow_clients: 0,
            websocket_path: "/socket".to_owned(),
            websockets: 0,
            websocket_session: Duration::from_secs(5),
        }
    }

    /// Starts it; it goes on until [`Running::stop`].
    pub fn start(self) -> Running {
        let (stop, stopped) = watch::channel(false);
        let load = Arc::new(self);
        let mut clients = JoinSet::new();
        for number in 0..load.clients {
            clients.spawn(ask(Arc::clone(&load), number, stopped.clone()));
        }
        for _ in 0..load.slow_clients {
            clients.spawn(ask_slowly(Arc::clone(&load), stopped.clone()));
        }
        for _ in 0..load.websockets {
            clients.spawn(talk(Arc::clone(&load), stopped.clone()));
        }
        Running { stop, clients }
    }

    fn url(&self, path: &str) -> String {
        format!("http://127.0.0.1:{}{path}", self.port)
    }
}

/// A load that goes on.
pub struct Running {
    stop: watch::Sender<bool>,
    clients: JoinSet<Report>,
}

impl Running {
    /// Lets every client end what it has begun, and sums up.
    pub async fn stop(mut self) -> Report {
        self.stop.send_replace(true);
        let mut report = Report::default();
        while let Some(client) = self.clients.join_next().await {
            report.add(client.expect("a client that does not panic"));
        }
        report.finish()
    }
}

fn client() -> Client {
    let client = Client::builder().no_proxy().build();
    client.expect("a client")
}

/// Asks at fixed times. One client starts a little after the other.
async fn ask(load: Arc<Load>, number: u32, stop: watch::Receiver<bool>) -> Report {
    let (http, url) = (client(), load.url(&load.path));
    let every = Duration::from_secs(1) * load.clients / load.rate.max(1);
    let mut times = interval(every);
    times.set_missed_tick_behavior(MissedTickBehavior::Burst);
    times.reset_after(every * number / load.clients);
    let mut report = Report::default();
    while !*stop.borrow() {
        let due = times.tick().await;
        let answer = http.get(&url).header("host", &load.host);
        match answer.timeout(PATIENCE).send().await {
            Ok(answer) if answer.status().is_success() => match answer.text().await {
                Ok(text) => report.answered(due.elapsed(), text.trim()),
                Err(error) => report.failed(&format!("cut: {error:?}")),
            },
            Ok(answer) => report.failed(&format!("status {}", answer.status().as_u16())),
            Err(error) => report.failed(&format!("{error:?}")),
        }
    }
    report
}

async fn ask_slowly(load: Arc<Load>, stop: watch::Receiver<bool>) -> Report {
    let (http, url) = (client(), load.url(&load.slow_path));
    let mut report = Report::default();
    while !*stop.borrow() {
        report.slow += 1;
        let answer = http.get(&url).header("host", &load.host);
        let text = match answer.timeout(PATIENCE).send().await {
            Ok(answer) if answer.status().is_success() => answer.text().await.map(drop),
            Ok(answer) => {
                report.slow_failed(&format!("status {}", answer.status().as_u16()));
                continue;
            }
            Err(error) => Err(error),
        };
        if let Err(error) = text {
            report.slow_failed(&format!("{error:?}"));
        }
    }
    report
}

async fn talk(load: Arc<Load>, stop: watch::Receiver<bool>) -> Report {
    let mut report = Report::default();
    while !*stop.borrow() {
        report.websockets += 1;
        if let Err(error) = session(&load, &stop, &mut report).await {
            report.websocket_failed(&format!("{error:#}"));
        }
    }
    report
}

/// One WebSocket from its opening to its close.
async fn session(
    load: &Load,
    stop: &watch::Receiver<bool>,
    report: &mut Report,
) -> anyhow::Result<()> {
    let end = Instant::now() + load.websocket_session;
    let opening = WebSocket::open(load.port, &load.host, &load.websocket_path);
    let mut socket = tokio::time::timeout(PATIENCE, opening).await??;
    let mut times = interval(MESSAGE_INTERVAL);
    while Instant::now() < end && !*stop.borrow() {
        times.tick().await;
        tokio::time::timeout(PATIENCE, socket.echo(report.messages)).await??;
        report.messages += 1;
    }
    tokio::time::timeout(PATIENCE, socket.close()).await?
}
