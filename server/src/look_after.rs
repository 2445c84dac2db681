//! Work that is looked at again and again while there is any.

use std::time::Duration;

use longshore_control::Control;

use crate::tasks::Tasks;

/// How often work that has not ended is looked at.
const EVERY: Duration = Duration::from_secs(1);
/// How often it is looked for work when there was no news of any.
const IDLE: Duration = Duration::from_secs(30);

/// Starts passes that go on until the server stops: the next one soon while a pass found
/// work, else at news or after a while. A pass that fails is repeated soon.
pub fn start<P>(
    name: &'static str,
    control: &Control,
    tasks: &Tasks,
    pass: impl Fn() -> P + Send + 'static,
) where
    P: Future<Output = longshore_control::Result<bool>> + Send + 'static,
{
    let stopping = tasks.stopping().clone();
    let mut news = control.follow_machine();
    tasks.spawn(name, async move {
        loop {
            let is_busy = pass().await.unwrap_or_else(|error| {
                tracing::warn!(%error, "cannot look after it");
                true
            });
            let look_again = async {
                if is_busy {
                    tokio::time::sleep(EVERY).await;
                } else {
                    tokio::select! {
                        () = news.changed() => {}
                        () = tokio::time::sleep(IDLE) => {}
                    }
                }
            };
            tokio::select! {
                () = stopping.cancelled() => return,
                () = look_again => {}
            }
        }
    });
}
