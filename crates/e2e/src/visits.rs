//! Constant visits of an app, to see that it never fails.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use reqwest::Client;
use tokio::task::JoinHandle;

/// Between the end of a request and the next one.
const PAUSE: Duration = Duration::from_millis(20);

/// Visitors that come again and again until [`Visits::finish`].
pub struct Visits {
    seen: Arc<Mutex<Seen>>,
    visitor: JoinHandle<()>,
}

/// What the visitors saw.
#[derive(Debug, Clone, Default)]
pub struct Seen {
    /// Answers with status 200.
    pub good: usize,
    /// Everything else, in words.
    pub bad: Vec<String>,
}

impl Visits {
    /// Starts visiting a host through the proxy's port.
    pub fn start(port: u16, host: &str) -> Self {
        let seen = Arc::<Mutex<Seen>>::default();
        let visitor = tokio::spawn(visit(port, host.to_owned(), Arc::clone(&seen)));
        Self { seen, visitor }
    }

    /// What was seen so far.
    pub fn seen(&self) -> Seen {
        self.seen.lock().expect("the counts").clone()
    }

    /// Ends the visits.
    pub fn finish(self) -> Seen {
        self.visitor.abort();
        self.seen()
    }
}

async fn visit(port: u16, host: String, seen: Arc<Mutex<Seen>>) {
    let client = Client::new();
    let url = format!("http://127.0.0.1:{port}/");
    loop {
        let answer = client
            .get(&url)
            .header("host", &host)
            .timeout(Duration::from_secs(10))
            .send()
            .await;
        let complaint = match answer {
            Ok(answer) if answer.status() == 200 => None,
            Ok(answer) => Some(format!("status {}", answer.status())),
            Err(error) => Some(format!("{error:?}")),
        };
        {
            let mut seen = seen.lock().expect("the counts");
            match complaint {
                None => seen.good += 1,
                Some(complaint) => seen.bad.push(complaint),
            }
        }
        tokio::time::sleep(PAUSE).await;
    }
}
