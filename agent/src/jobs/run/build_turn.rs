//! When a build may begin: there is free disk, and fewer builds run than may.

use std::time::{Duration, Instant};

use longshore_domain::{Failure, FailureKind, Stage};
use tokio::sync::SemaphorePermit;
use tokio::time::sleep;

use super::{End, Run};
use crate::config::Size;
use crate::disk::Shortage;

/// How often it is looked whether there is room again.
const LOOK_EVERY: Duration = Duration::from_millis(500);
/// How often it is tried to make room.
const MAKE_ROOM_EVERY: Duration = Duration::from_mins(1);

impl Run {
    /// Waits for a turn, in the order of asking, and says what for. A build that waits for
    /// disk holds nobody else's turn.
    pub(super) async fn build_turn(&self, stage: Stage) -> Result<SemaphorePermit<'_>, End> {
        let mut waited = Duration::ZERO;
        loop {
            self.room(stage, &mut waited).await?;
            let turn = self.build_slot().await?;
            // Builds that ran meanwhile may have filled the disk.
            if self.jobs.machine.shortage().await.is_none() {
                return Ok(turn);
            }
        }
    }

    /// Waits until fewer builds run than may.
    async fn build_slot(&self) -> Result<SemaphorePermit<'_>, End> {
        let builds = &self.jobs.builds;
        if let Ok(slot) = builds.try_acquire() {
            return Ok(slot);
        }
        self.say("Waits for another build on this server to end.");
        self.unless_stopped(builds.acquire())
            .await?
            .map_err(|_| End::Stopped)
    }

    /// Waits until there is enough free disk, and makes room as far as that is safe.
    /// `waited` adds up over all of a job's waiting.
    async fn room(&self, stage: Stage, waited: &mut Duration) -> Result<(), End> {
        let machine = &self.jobs.machine;
        if self.unless_stopped(machine.shortage()).await?.is_none() {
            return Ok(());
        }
        let began = Instant::now();
        let mut made_room: Option<Instant> = None;
        let mut is_told = false;
        loop {
            if made_room.is_none_or(|at| at.elapsed() >= MAKE_ROOM_EVERY) {
                self.unless_stopped(machine.make_room()).await?;
                made_room = Some(Instant::now());
            }
            let Some(shortage) = self.unless_stopped(machine.shortage()).await? else {
                self.say(if is_told {
                    "There is enough free disk again; the build goes on."
                } else {
                    "There was too little free disk; the build cache was emptied."
                });
                break;
            };
            if *waited + began.elapsed() >= self.jobs.disk_wait {
                return Err(disk_full(stage, &shortage));
            }
            if !is_told {
                self.say(&format!("Waits for free disk: {shortage}."));
                is_told = true;
            }
            self.unless_stopped(sleep(LOOK_EVERY)).await?;
        }
        *waited += began.elapsed();
        Ok(())
    }

    async fn unless_stopped<T>(&self, work: impl Future<Output = T>) -> Result<T, End> {
        tokio::select! {
            biased;
            () = self.job.stop.cancelled() => Err(End::Stopped),
            result = work => Ok(result),
        }
    }
}

fn disk_full(stage: Stage, shortage: &Shortage) -> End {
    End::Failed(Failure::new(
        Some(stage),
        FailureKind::DiskFull,
        format!(
            "The disk of the server is full: {} are free, and a build needs {}. Remove files, \
             unused volumes or services, keep fewer releases, or enlarge the disk, and deploy \
             again.",
            Size(shortage.free_bytes),
            Size(shortage.floor_bytes)
        ),
    ))
}
