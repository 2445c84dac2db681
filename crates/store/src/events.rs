//! News between processes: `NOTIFY` on one channel. A notification is sent when its
//! transaction commits, carries a kind and an id and nothing else.

use std::fmt;

use longshore_domain::{DeploymentId, ServiceId};
use sqlx::postgres::PgListener;
use sqlx::{PgConnection, PgPool};

use crate::Result;

const CHANNEL: &str = "longshore_events";

/// Something changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Event {
    /// A deployment's status or log.
    Deployment(DeploymentId),
    /// A service's settings, domains or deployments.
    Service(ServiceId),
    /// The queue: something waits, was cancelled or ended.
    Queue,
    /// What shall run on the machine.
    Machine,
}

impl fmt::Display for Event {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Deployment(id) => write!(formatter, "deployment:{id}"),
            Self::Service(id) => write!(formatter, "service:{id}"),
            Self::Queue => formatter.write_str("queue"),
            Self::Machine => formatter.write_str("machine"),
        }
    }
}

impl Event {
    fn read(payload: &str) -> Option<Self> {
        match payload.split_once(':') {
            Some(("deployment", id)) => id.parse().ok().map(Self::Deployment),
            Some(("service", id)) => id.parse().ok().map(Self::Service),
            None if payload == "queue" => Some(Self::Queue),
            None if payload == "machine" => Some(Self::Machine),
            _ => None,
        }
    }
}

/// Tells of changes when the transaction commits.
pub async fn notify(connection: &mut PgConnection, events: &[Event]) -> Result<()> {
    let payloads: Vec<String> = events.iter().map(Event::to_string).collect();
    sqlx::query!(
        r#"SELECT count(pg_notify($1, payload)) AS "sent!" FROM unnest($2::text[]) AS payload"#,
        CHANNEL,
        &payloads,
    )
    .fetch_one(connection)
    .await?;
    Ok(())
}

/// Hears of changes.
pub struct Listener(PgListener);

impl Listener {
    /// Starts listening on a connection of its own.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn connect(pool: &PgPool) -> Result<Self> {
        let mut listener = PgListener::connect_with(pool).await?;
        listener.eager_reconnect(false);
        listener.listen(CHANNEL).await?;
        Ok(Self(listener))
    }

    /// The next change; none for one of a later version's kinds.
    ///
    /// # Errors
    /// When the connection is lost: news may have been missed.
    pub async fn next(&mut self) -> Result<Option<Event>> {
        match self.0.try_recv().await? {
            Some(notification) => Ok(Event::read(notification.payload())),
            None => Err(sqlx::Error::WorkerCrashed.into()),
        }
    }
}
