//! A constant load of requests, slow requests and WebSockets, with a count of what failed.
//!
//! Requests come at fixed times whether or not earlier ones were answered, and their time
//! counts from when they were due: a pause of the server's is seen in every one of them.

mod report;
mod websocket;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use reqwest::Client;
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::{Instant, MissedTickBehavior, interval};

use crate::wait;

pub use report::Report;
pub use websocket::WebSocket;

/// The longest that an answer may take beyond what it has to.
const PATIENCE: Duration = Duration::from_secs(10);
/// The longest wait for a number of answers.
const LONG: Duration = Duration::from_mins(1);
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
        let mut running = Running {
            stop,
            clients: JoinSet::new(),
            done: Vec::new(),
            longest: PATIENCE + load.websocket_session,
        };
        for number in 0..load.clients {
            let done = running.client();
            let asks = ask(Arc::clone(&load), number, stopped.clone(), done);
            running.clients.spawn(asks);
        }
        for _ in 0..load.slow_clients {
            let done = running.client();
            let asks = ask_slowly(Arc::clone(&load), stopped.clone(), done);
            running.clients.spawn(asks);
        }
        for _ in 0..load.websockets {
            let done = running.client();
            let talks = talk(Arc::clone(&load), stopped.clone(), done);
            running.clients.spawn(talks);
        }
        running
    }

    fn url(&self, path: &str) -> String {
        format!("http://127.0.0.1:{}{path}", self.port)
    }
}

/// A load that goes on.
pub struct Running {
    stop: watch::Sender<bool>,
    clients: JoinSet<()>,
    done: Vec<Done>,
    /// What a client has begun has ended after this time, well or not.
    longest: Duration,
}

impl Running {
    fn client(&mut self) -> Done {
        let done = Done::default();
        self.done.push(done.clone());
        done
    }

    /// What came of it so far.
    pub fn seen(&self) -> Report {
        let mut report = Report::default();
        for done in &self.done {
            report.add(done.lock().report.clone());
        }
        report.finish()
    }

    /// Waits until so many more ordinary requests were answered.
    ///
    /// # Panics
    /// When they take much longer than they should.
    pub async fn answers(&self, count: u64) {
        let expected = self.seen().answered + count;
        wait::until("so many answers", LONG, || async {
            (self.seen().answered >= expected).then_some(())
        })
        .await;
    }

    /// Waits until every client has ended what it does now, and has begun something else: whom
    /// it talks to now is then left.
    ///
    /// # Panics
    /// When one takes longer than a client has patience.
    pub async fn everybody_begins_anew(&self) {
        let before: Vec<u64> = self.done.iter().map(|done| done.lock().begun).collect();
        wait::until("clients to begin anew", self.longest * 2, || async {
            let mut clients = self.done.iter().zip(&before);
            clients
                .all(|(done, before)| done.lock().begun > *before)
                .then_some(())
        })
        .await;
    }

    /// Lets every client end what it has begun, and sums up.
    pub async fn stop(mut self) -> Report {
        self.stop.send_replace(true);
        while let Some(client) = self.clients.join_next().await {
            client.expect("a client that does not panic");
        }
        self.seen()
    }
}

/// What a client has done so far.
#[derive(Clone, Default)]
struct Done(Arc<Mutex<Progress>>);

#[derive(Default)]
struct Progress {
    report: Report,
    begun: u64,
}

impl Done {
    fn lock(&self) -> MutexGuard<'_, Progress> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn begin(&self) {
        self.lock().begun += 1;
    }

    fn note(&self, change: impl FnOnce(&mut Report)) {
        change(&mut self.lock().report);
    }
}

fn client() -> Client {
    let client = Client::builder().no_proxy().build();
    client.expect("a client")
}

/// Asks at fixed times. One client starts a little after the other.
async fn ask(load: Arc<Load>, number: u32, stop: watch::Receiver<bool>, done: Done) {
    let (http, url) = (client(), load.url(&load.path));
    let every = Duration::from_secs(1) * load.clients / load.rate.max(1);
    let mut times = interval(every);
    times.set_missed_tick_behavior(MissedTickBehavior::Burst);
    times.reset_after(every * number / load.clients);
    while !*stop.borrow() {
        let due = times.tick().await;
        done.begin();
        let answer = http.get(&url).header("host", &load.host);
        let failure = match answer.timeout(PATIENCE).send().await {
            Ok(answer) if answer.status().is_success() => match answer.text().await {
                Ok(text) => {
                    done.note(|report| report.answered(due.elapsed(), text.trim()));
                    continue;
                }
                Err(error) => format!("cut: {error:?}"),
            },
            Ok(answer) => format!("status {}", answer.status().as_u16()),
            Err(error) => format!("{error:?}"),
        };
        done.note(|report| report.failed(&failure));
    }
}

async fn ask_slowly(load: Arc<Load>, stop: watch::Receiver<bool>, done: Done) {
    let (http, url) = (client(), load.url(&load.slow_path));
    while !*stop.borrow() {
        done.begin();
        done.note(|report| report.slow += 1);
        let answer = http.get(&url).header("host", &load.host);
        let text = match answer.timeout(PATIENCE).send().await {
            Ok(answer) if answer.status().is_success() => answer.text().await.map(drop),
            Ok(answer) => {
                let failure = format!("status {}", answer.status().as_u16());
                done.note(|report| report.slow_failed(&failure));
                continue;
            }
            Err(error) => Err(error),
        };
        if let Err(error) = text {
            done.note(|report| report.slow_failed(&format!("{error:?}")));
        }
    }
}

async fn talk(load: Arc<Load>, stop: watch::Receiver<bool>, done: Done) {
    while !*stop.borrow() {
        done.begin();
        done.note(|report| report.websockets += 1);
        if let Err(error) = session(&load, &stop, &done).await {
            done.note(|report| report.websocket_failed(&format!("{error:#}")));
        }
    }
}

/// One WebSocket from its opening to its close.
async fn session(load: &Load, stop: &watch::Receiver<bool>, done: &Done) -> anyhow::Result<()> {
    let end = Instant::now() + load.websocket_session;
    let opening = WebSocket::open(load.port, &load.host, &load.websocket_path);
    let mut socket = tokio::time::timeout(PATIENCE, opening).await??;
    let mut times = interval(MESSAGE_INTERVAL);
    let mut number = 0;
    while Instant::now() < end && !*stop.borrow() {
        times.tick().await;
        tokio::time::timeout(PATIENCE, socket.echo(number)).await??;
        done.note(|report| report.messages += 1);
        number += 1;
    }
    tokio::time::timeout(PATIENCE, socket.close()).await?
}
