//! Wakes whoever waits for a change. PostgreSQL carries the news between processes
//! (`NOTIFY`); inside the process it is fanned out to subscriptions. News carry no data:
//! whoever is woken looks again, so a lost or doubled one does no harm.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use longshore_domain::{DeploymentId, ServiceId};
use longshore_store::PgPool;
use longshore_store::events::{Event, Listener};
use tokio::sync::watch;

/// How long a subscription waits for news before it looks by itself.
const LOOK_AGAIN: Duration = Duration::from_secs(15);
/// The same while nothing listens to the database.
const LOOK_AGAIN_DEAF: Duration = Duration::from_secs(1);

/// What a subscription is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Topic {
    Deployment(DeploymentId),
    Service(ServiceId),
    Queue,
    Machine,
}

/// Fans news out to subscriptions. Cheap to clone.
#[derive(Clone, Default)]
pub struct Hub(Arc<Inner>);

#[derive(Default)]
struct Inner {
    topics: Mutex<HashMap<Topic, watch::Sender<()>>>,
    listening: std::sync::atomic::AtomicBool,
}

impl Hub {
    /// News of one deployment: its status, its log.
    pub fn deployment(&self, id: DeploymentId) -> Subscription {
        self.subscribe(Topic::Deployment(id))
    }

    /// News of one service: its settings, domains and deployments.
    pub fn service(&self, id: ServiceId) -> Subscription {
        self.subscribe(Topic::Service(id))
    }

    /// News of the queue: something waits, was cancelled or ended.
    pub fn queue(&self) -> Subscription {
        self.subscribe(Topic::Queue)
    }

    /// News of what shall run on the machine: domains, stopped, restarted or removed
    /// services, new live versions.
    pub fn machine(&self) -> Subscription {
        self.subscribe(Topic::Machine)
    }

    fn subscribe(&self, topic: Topic) -> Subscription {
        let mut topics = self.topics();
        topics.retain(|_, sender| sender.receiver_count() > 0);
        let sender = topics.entry(topic).or_insert_with(|| watch::channel(()).0);
        Subscription {
            receiver: sender.subscribe(),
            hub: Arc::clone(&self.0),
        }
    }

    fn topics(&self) -> std::sync::MutexGuard<'_, HashMap<Topic, watch::Sender<()>>> {
        self.0.topics.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn publish(&self, topic: Topic) {
        if let Some(sender) = self.topics().get(&topic) {
            sender.send_replace(());
        }
    }

    fn publish_all(&self) {
        for sender in self.topics().values() {
            sender.send_replace(());
        }
    }

    pub(crate) async fn listen(&self, pool: &PgPool) {
        use std::sync::atomic::Ordering;

        let mut pause = Duration::from_millis(200);
        loop {
            match Listener::connect(pool).await {
                Ok(mut listener) => {
                    self.0.listening.store(true, Ordering::Relaxed);
                    // Whatever happened before is not told again.
                    self.publish_all();
                    pause = Duration::from_millis(200);
                    loop {
                        match listener.next().await {
                            Ok(Some(Event::Deployment(id))) => self.publish(Topic::Deployment(id)),
                            Ok(Some(Event::Service(id))) => self.publish(Topic::Service(id)),
                            Ok(Some(Event::Queue)) => self.publish(Topic::Queue),
                            Ok(Some(Event::Machine)) => self.publish(Topic::Machine),
                            Ok(None) => {}
                            Err(error) => {
                                tracing::warn!(%error, "lost the database's notifications");
                                break;
                            }
                        }
                    }
                    self.0.listening.store(false, Ordering::Relaxed);
                    self.publish_all();
                }
                Err(error) => {
                    tracing::debug!(%error, "cannot listen to the database's notifications");
                }
            }
            tokio::time::sleep(pause).await;
            pause = (pause * 2).min(Duration::from_secs(5));
        }
    }
}

/// Wakes at a change.
pub struct Subscription {
    receiver: watch::Receiver<()>,
    hub: Arc<Inner>,
}

impl Subscription {
    /// Waits until there may be something new since the subscription was made or this
    /// was last called; also wakes now and then without news. May be dropped midway.
    pub async fn changed(&mut self) {
        let listening = self
            .hub
            .listening
            .load(std::sync::atomic::Ordering::Relaxed);
        let patience = if listening {
            LOOK_AGAIN
        } else {
            LOOK_AGAIN_DEAF
        };
        if let Ok(Err(_closed)) = tokio::time::timeout(patience, self.receiver.changed()).await {
            // The hub is gone with the process; do not spin.
            tokio::time::sleep(LOOK_AGAIN_DEAF).await;
        }
    }
}
