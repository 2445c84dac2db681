//! Rules in the moment in which Docker makes a network's namespace.
//!
//! A Docker that starts again runs its containers before it answers anybody. So its
//! directory of namespaces is watched: the rules are in before the first member is.

use std::fs;
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::time::Duration;

use futures_util::StreamExt as _;
use inotify::{EventMask, Inotify, WatchMask};
use tokio::time::Instant;

use super::{Namespace, find, tail};
use crate::edge::Edge;
use crate::engine::EdgeNetwork;

/// A file is there first, then the namespace is mounted on it.
const MOUNT_LIMIT: Duration = Duration::from_secs(2);
const POLL: Duration = Duration::from_millis(2);
const RETRY: Duration = Duration::from_secs(1);
/// Room for dozens of events at a time.
const BUFFER: usize = 4096;

impl Edge {
    /// Isolates every namespace of the edge network as it is made; never ends.
    pub(in crate::edge) async fn guard(&self) {
        let mut known = self.isolation.known.subscribe();
        loop {
            let Some((network, directory)) = known.borrow_and_update().clone() else {
                if known.changed().await.is_err() {
                    return;
                }
                continue;
            };
            tokio::select! {
                guarded = self.guard_directory(&network, &directory) => {
                    if let Err(error) = guarded {
                        tracing::warn!(%error, "new namespaces of Docker cannot be watched");
                    }
                    tokio::time::sleep(RETRY).await;
                }
                _ = known.changed() => {}
            }
        }
    }

    /// Watches until the directory is gone.
    async fn guard_directory(&self, network: &EdgeNetwork, directory: &Path) -> io::Result<()> {
        let inotify = Inotify::init()?;
        inotify
            .watches()
            .add(directory, WatchMask::CREATE | WatchMask::DELETE_SELF)?;
        let mut events = inotify.into_event_stream([0; BUFFER])?;
        // What was made before the watch began.
        if let Some(namespace) = find(directory, &network.id)? {
            self.isolate_now(network, namespace).await;
        }
        let tail = tail(&network.id);
        while let Some(event) = events.next().await {
            let event = event?;
            if event.mask.contains(EventMask::IGNORED) {
                return Ok(());
            }
            let name = event.name.unwrap_or_default();
            if name.to_string_lossy().ends_with(&tail)
                && let Some(namespace) = mounted(&directory.join(name)).await
            {
                self.isolate_now(network, namespace).await;
            }
        }
        Ok(())
    }

    async fn isolate_now(&self, network: &EdgeNetwork, namespace: Namespace) {
        if let Err(problem) = self.isolate_namespace(network, namespace).await {
            tracing::warn!(%problem, "a new namespace is not isolated yet");
        }
    }
}

/// The namespace when it is mounted: a file of another device than its directory.
async fn mounted(path: &Path) -> Option<Namespace> {
    let own = fs::metadata(path.parent()?).ok()?.dev();
    let deadline = Instant::now() + MOUNT_LIMIT;
    while Instant::now() < deadline {
        match Namespace::at(path.to_owned()) {
            Ok(namespace) if namespace.device != own => return Some(namespace),
            Ok(_) => tokio::time::sleep(POLL).await,
            Err(_) => return None,
        }
    }
    None
}
