//! What containers write.

use std::collections::{HashMap, HashSet, VecDeque};
use std::time::Duration;

use bollard::container::LogOutput;
use bollard::query_parameters::LogsOptionsBuilder;
use futures_util::stream::{self, BoxStream, SelectAll, StreamExt};
use longshore_agent_api::{AgentProblem, ContainerLine, LogStream};
use longshore_domain::{FailureKind, ServiceId};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;
use tokio::time::{Interval, MissedTickBehavior, interval};

use super::diagnose::container_id;
use super::{Engine, Names, problem};
use crate::clock;

/// How often Swarm is asked for containers that have come up since.
const REFRESH: Duration = Duration::from_secs(1);

/// A line of one container.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct LogLine {
    pub(super) at: OffsetDateTime,
    pub(super) stream: LogStream,
    pub(super) text: String,
}

impl Engine {
    /// What the containers of a version write: the last `tail` lines in the order in which
    /// they were written, then, when it follows, what comes, also of containers that replace
    /// them. Without a number it is the newest version.
    ///
    /// # Errors
    /// When there is no such version.
    pub async fn container_log(
        &self,
        service: ServiceId,
        number: Option<i32>,
        tail: u32,
        follow: bool,
    ) -> Result<BoxStream<'static, ContainerLine>, AgentProblem> {
        let mut parts = self.swarm_services(Some(service)).await?;
        let newest = parts.iter().map(|part| part.number).max();
        parts.retain(|part| Some(part.number) == number.or(newest));
        if parts.is_empty() {
            return Err(problem(
                FailureKind::StartFailed,
                "Nothing runs of this service.",
            ));
        }
        let names: Vec<String> = parts.into_iter().map(|part| part.name).collect();
        let mut seen = HashMap::new();
        let mut recent = Vec::new();
        for (id, replica) in self.containers(&names).await? {
            let lines = self.tail(&id, tail).await;
            seen.insert(id, lines.last().map(|line| line.at));
            recent.extend(lines.into_iter().map(|line| container_line(&replica, line)));
        }
        recent.sort_by_key(|line| line.at);
        let skip = recent.len().saturating_sub(tail as usize);
        let recent = stream::iter(recent.into_iter().skip(skip));
        if !follow {
            return Ok(recent.boxed());
        }
        let mut ticks = interval(REFRESH);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let following = Following {
            engine: self.clone(),
            names,
            seen,
            open: HashSet::new(),
            lines: SelectAll::new(),
            ticks,
            gone: false,
        };
        let live = stream::unfold(following, |mut following| async move {
            let line = following.next().await?;
            Some((line, following))
        });
        Ok(recent.chain(live).boxed())
    }

    /// The containers of a version that exist, with the names of their slots.
    async fn containers(
        &self,
        swarm_services: &[String],
    ) -> Result<Vec<(String, String)>, AgentProblem> {
        let mut tasks = self.tasks(swarm_services).await?;
        tasks.sort_by_key(|task| task.created_at);
        Ok(tasks
            .iter()
            .filter_map(|task| {
                let spec = task
                    .spec
                    .as_ref()
                    .and_then(|spec| spec.container_spec.as_ref());
                let labels = spec.and_then(|spec| spec.labels.as_ref());
                let part: usize = Names::read(labels, &self.names.part()).unwrap_or_default();
                let slot = task.slot.unwrap_or(1);
                let replica = if swarm_services.len() > 1 {
                    format!("{}.{slot}", part + 1)
                } else {
                    slot.to_string()
                };
                Some((container_id(task)?.to_owned(), replica))
            })
            .collect())
    }

    /// The last lines of one container.
    pub(super) async fn tail(&self, container: &str, count: u32) -> Vec<LogLine> {
        self.lines(container, &count.to_string(), None, false)
            .collect()
            .await
    }

    /// The lines of one container; those up to `after` are left out.
    pub(super) fn lines(
        &self,
        container: &str,
        tail: &str,
        after: Option<OffsetDateTime>,
        follow: bool,
    ) -> BoxStream<'static, LogLine> {
        let since = after.map_or(0, |at| i32::try_from(at.unix_timestamp()).unwrap_or(0));
        let options = LogsOptionsBuilder::default()
            .stdout(true)
            .stderr(true)
            .timestamps(true)
            .follow(follow)
            .since(since)
            .tail(tail)
            .build();
        let docker = self.docker.clone();
        let container = container.to_owned();
        // bollard's stream borrows the client.
        let (sender, receiver) = tokio::sync::mpsc::channel(64);
        let reading = async move {
            let mut output = std::pin::pin!(docker.logs(&container, Some(options)));
            let mut lines = Lines::default();
            while let Some(Ok(output)) = output.next().await {
                for line in lines.take(&output) {
                    if after.is_none_or(|after| line.at > after) && sender.send(line).await.is_err()
                    {
                        return;
                    }
                }
            }
        };
        let received = tokio_stream::wrappers::ReceiverStream::new(receiver);
        let reading = stream::once(reading).filter_map(|()| async { None::<LogLine> });
        stream::select(received, reading).boxed()
    }
}

/// The state of a log that is followed.
struct Following {
    engine: Engine,
    names: Vec<String>,
    /// The time of the last line that was given out, by container.
    seen: HashMap<String, Option<OffsetDateTime>>,
    /// The containers whose lines are being read.
    open: HashSet<String>,
    lines: SelectAll<BoxStream<'static, (String, String, Option<LogLine>)>>,
    ticks: Interval,
    /// Whether the version is gone; what is still being read is given out, then all ends.
    gone: bool,
}

impl Following {
    async fn next(&mut self) -> Option<ContainerLine> {
        loop {
            tokio::select! {
                _ = self.ticks.tick(), if !self.gone => self.refresh().await,
                Some((id, replica, line)) = self.lines.next(), if !self.lines.is_empty() => {
                    let Some(line) = line else {
                        self.open.remove(&id);
                        continue;
                    };
                    self.seen.insert(id, Some(line.at));
                    return Some(container_line(&replica, line));
                }
                else => return None,
            }
        }
    }

    async fn refresh(&mut self) {
        // While Docker is down nothing is known; the next tick asks again.
        let Ok(containers) = self.engine.containers(&self.names).await else {
            return;
        };
        let Some(first) = self.names.first() else {
            return;
        };
        if let Ok(None) = self.engine.swarm_service(first).await {
            self.gone = true;
        }
        for (id, replica) in containers {
            if self.open.contains(&id) {
                continue;
            }
            let after = self.seen.get(&id).copied();
            let tail = if matches!(after, Some(None)) || after.is_none() {
                "all"
            } else {
                "1000"
            };
            let lines = self.engine.lines(&id, tail, after.flatten(), true);
            self.open.insert(id.clone());
            self.seen.entry(id.clone()).or_default();
            let end = stream::once({
                let (id, replica) = (id.clone(), replica.clone());
                async move { (id, replica, None) }
            });
            self.lines.push(
                lines
                    .map(move |line| (id.clone(), replica.clone(), Some(line)))
                    .chain(end)
                    .boxed(),
            );
        }
    }
}

fn container_line(replica: &str, line: LogLine) -> ContainerLine {
    ContainerLine {
        at: line.at,
        replica: replica.to_owned(),
        stream: line.stream,
        text: line.text,
    }
}

/// Puts lines together from what Docker sends: each piece begins with a time, and a long
/// line comes in several.
#[derive(Default)]
struct Lines {
    pending: HashMap<bool, LogLine>,
    ready: VecDeque<LogLine>,
}

/// The longest line that is kept whole, in bytes.
const LINE_MAX: usize = 256 * 1024;

impl Lines {
    fn take(&mut self, output: &LogOutput) -> impl Iterator<Item = LogLine> + '_ {
        let stream = match output {
            LogOutput::StdErr { .. } => LogStream::Stderr,
            LogOutput::StdOut { .. } | LogOutput::StdIn { .. } | LogOutput::Console { .. } => {
                LogStream::Stdout
            }
        };
        let text = String::from_utf8_lossy(output.as_ref());
        let (at, rest) = text.split_once(' ').unwrap_or((&text, ""));
        let parsed = OffsetDateTime::parse(at, &Rfc3339).ok();
        let rest = if parsed.is_some() { rest } else { &*text };
        let is_stderr = stream == LogStream::Stderr;
        let line = self.pending.entry(is_stderr).or_insert_with(|| LogLine {
            at: parsed.unwrap_or_else(clock::now),
            stream,
            text: String::new(),
        });
        line.text.push_str(rest);
        if (rest.ends_with('\n') || line.text.len() >= LINE_MAX)
            && let Some(mut line) = self.pending.remove(&is_stderr)
        {
            let end = line.text.trim_end_matches(['\n', '\r']).len();
            line.text.truncate(end);
            self.ready.push_back(line);
        }
        self.ready.drain(..)
    }
}

#[cfg(test)]
mod tests {
    use super::{Lines, LogOutput};

    fn piece(text: &str) -> LogOutput {
        LogOutput::StdOut {
            message: text.to_owned().into(),
        }
    }

    #[test]
    fn a_long_line_is_put_together() {
        let mut lines = Lines::default();
        let first = lines
            .take(&piece("2026-11-21T06:00:00.000000001Z one "))
            .count();
        assert_eq!(first, 0);
        let whole: Vec<_> = lines
            .take(&piece("2026-11-21T06:00:00.000000002Z two\r\n"))
            .collect();
        assert_eq!(whole.len(), 1);
        assert_eq!(whole[0].text, "one two");
        assert_eq!(whole[0].at.nanosecond(), 1);
    }
}
