//! Old versions that go on for their drain time and are then removed.
//!
//! Each is a file, so that a restarted agent still knows what it has to remove.

use std::collections::HashMap;
use std::fs;
use std::io;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use longshore_domain::ServiceId;
use serde::{Deserialize, Serialize};
use time::OffsetDateTime;

use crate::clock;
use crate::machine::Machine;
use crate::paths::{Paths, write_atomically};
use crate::tasks::Tasks;

/// The longest wait between two attempts to remove a version.
const LONGEST_RETRY: Duration = Duration::from_mins(1);

/// An old version that is to go.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Drain {
    /// The service.
    pub service: ServiceId,
    /// The number of the old version.
    pub number: i32,
    /// When it is removed.
    #[serde(with = "time::serde::rfc3339")]
    pub due: OffsetDateTime,
}

impl Drain {
    fn key(&self) -> (ServiceId, i32) {
        (self.service, self.number)
    }

    fn remaining(&self) -> Duration {
        (self.due - clock::now())
            .try_into()
            .unwrap_or(Duration::ZERO)
    }
}

/// All old versions that are to go.
pub struct Drains {
    directory: PathBuf,
    machine: Arc<dyn Machine>,
    tasks: Tasks,
    pending: Mutex<HashMap<(ServiceId, i32), Drain>>,
}

impl Drains {
    /// Takes up the drains that an earlier agent left. Blocking; needs a runtime.
    ///
    /// # Errors
    /// When the directory cannot be read.
    pub fn load(paths: &Paths, machine: Arc<dyn Machine>, tasks: Tasks) -> io::Result<Arc<Self>> {
        let drains = Arc::new(Self {
            directory: paths.drains(),
            machine,
            tasks,
            pending: Mutex::default(),
        });
        for entry in fs::read_dir(&drains.directory)? {
            let path = entry?.path();
            let drain = fs::read(&path)
                .map_err(|error| error.to_string())
                .and_then(|text| serde_json::from_slice(&text).map_err(|error| error.to_string()));
            match drain {
                Ok(drain) => drains.begin(drain),
                Err(error) => {
                    tracing::warn!(path = %path.display(), error, "a drain cannot be read");
                    fs::remove_file(&path)?;
                }
            }
        }
        Ok(drains)
    }

    /// Removes a version after a time, durably. Does nothing when that is planned already.
    ///
    /// # Errors
    /// When the plan cannot be written.
    pub async fn schedule(
        self: &Arc<Self>,
        service: ServiceId,
        number: i32,
        after: Duration,
    ) -> io::Result<()> {
        if self.contains(service, number) {
            return Ok(());
        }
        let drain = Drain {
            service,
            number,
            due: clock::now() + after,
        };
        let path = self.path(drain);
        let text = serde_json::to_vec(&drain).map_err(io::Error::other)?;
        tokio::task::spawn_blocking(move || write_atomically(&path, &text))
            .await
            .map_err(io::Error::other)??;
        self.begin(drain);
        Ok(())
    }

    /// Whether a version is to go.
    pub fn contains(&self, service: ServiceId, number: i32) -> bool {
        self.lock().contains_key(&(service, number))
    }

    fn begin(self: &Arc<Self>, drain: Drain) {
        self.lock().insert(drain.key(), drain);
        let drains = Arc::clone(self);
        self.tasks.spawn("drain", async move {
            let stopping = drains.tasks.stopping().clone();
            tokio::select! {
                () = stopping.cancelled() => {}
                () = drains.carry_out(drain) => {}
            }
        });
    }

    async fn carry_out(&self, drain: Drain) {
        tokio::time::sleep(drain.remaining()).await;
        let mut retry = Duration::from_secs(1);
        while let Err(problem) = self
            .machine
            .remove_version(drain.service, drain.number)
            .await
        {
            tracing::warn!(service = %drain.service, number = drain.number, %problem,
                "an old version cannot be removed yet");
            tokio::time::sleep(retry).await;
            retry = (retry * 2).min(LONGEST_RETRY);
        }
        let path = self.path(drain);
        match tokio::task::spawn_blocking(move || fs::remove_file(path)).await {
            Ok(Ok(())) => {}
            Ok(Err(error)) => tracing::warn!(%error, "a drain's file cannot be removed"),
            Err(error) => tracing::warn!(%error, "a drain's file was not removed"),
        }
        self.lock().remove(&drain.key());
        tracing::info!(service = %drain.service, number = drain.number, "old version removed");
    }

    fn path(&self, drain: Drain) -> PathBuf {
        self.directory
            .join(format!("{}-{}.json", drain.service, drain.number))
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, HashMap<(ServiceId, i32), Drain>> {
        self.pending.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
