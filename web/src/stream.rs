//! Logs as streams: bounded reads from the database, woken by news, never a whole log
//! in memory.

use std::collections::VecDeque;
use std::convert::Infallible;
use std::time::Duration;

use axum::body::Body;
use axum::response::sse::{Event, KeepAlive, Sse};
use axum::response::{IntoResponse, Response};
use futures_util::stream::{BoxStream, unfold};
use futures_util::{Stream, StreamExt};
use http::header;
use longshore_control::{Actor, Control, ControlError, LogLine, Subscription};
use longshore_domain::{DeploymentId, DeploymentStatus};
use serde::Serialize;

/// Lines that are read at once.
const LINES: usize = 500;
/// Proxies close connections that say nothing.
const KEEP_ALIVE: Duration = Duration::from_secs(15);

/// A line as its event carries it.
#[derive(Serialize)]
struct LineData<'a> {
    #[serde(with = "time::serde::rfc3339")]
    at: time::OffsetDateTime,
    stream: &'a str,
    text: &'a str,
}

/// The log of a deployment as events: `line` with its sequence number as id, `status`
/// when that changes, `end` when nothing more will come.
pub(crate) fn deployment_events(
    control: Control,
    actor: Actor,
    id: DeploymentId,
    after: i64,
) -> impl IntoResponse {
    let follower = Follower {
        news: control.follow(id),
        control,
        actor,
        id,
        after,
        status: None,
        ready: VecDeque::new(),
        ended: false,
    };
    let events = unfold(follower, |mut follower| async {
        let event = follower.next().await?;
        Some((Ok::<_, Infallible>(event), follower))
    });
    sse(events)
}

struct Follower {
    control: Control,
    actor: Actor,
    id: DeploymentId,
    after: i64,
    status: Option<DeploymentStatus>,
    ready: VecDeque<Event>,
    ended: bool,
    news: Subscription,
}

impl Follower {
    async fn next(&mut self) -> Option<Event> {
        loop {
            if let Some(event) = self.ready.pop_front() {
                return Some(event);
            }
            if self.ended {
                return None;
            }
            match self.look().await {
                Ok(true) => {}
                Ok(false) => self.news.changed().await,
                // The browser comes back with the last id.
                Err(error) => {
                    tracing::debug!(%error, "a log's viewer is sent away");
                    return None;
                }
            }
        }
    }

    /// Reads what is new. The status is read first: an end that is seen has all lines
    /// before it.
    async fn look(&mut self) -> Result<bool, ControlError> {
        let view = self.control.show_deployment(&self.actor, self.id).await?;
        let lines = self
            .control
            .log_after(&self.actor, self.id, self.after, LINES)
            .await?;
        for line in &lines {
            self.ready.push_back(line_event(line));
            self.after = line.sequence;
        }
        if self.status != Some(view.status) {
            self.status = Some(view.status);
            let event = Event::default().event("status");
            self.ready
                .push_back(event.json_data(&view).unwrap_or_default());
        }
        if lines.is_empty() && view.status.has_ended() {
            self.ended = true;
            self.ready
                .push_back(Event::default().event("end").data(view.status.as_str()));
        }
        Ok(!self.ready.is_empty())
    }
}

/// The stored log of a deployment as text.
pub(crate) fn deployment_text(
    control: Control,
    actor: Actor,
    id: DeploymentId,
    after: i64,
) -> Response {
    let pages = unfold(Some(after), move |after| {
        let (control, actor) = (control.clone(), actor.clone());
        async move {
            let lines = match control.log_after(&actor, id, after?, LINES).await {
                Ok(lines) => lines,
                Err(error) => return Some((Err(std::io::Error::other(error)), None)),
            };
            let last = lines.last()?.sequence;
            let mut text = String::new();
            for line in lines {
                text.push_str(&line.text);
                text.push('\n');
            }
            Some((Ok(text), Some(last)))
        }
    });
    plain(pages)
}

/// A container's log as events; a viewer that comes back gets only what is behind the
/// last id it has seen.
pub(crate) fn container_events(
    lines: BoxStream<'static, Result<LogLine, ControlError>>,
    after: i64,
) -> impl IntoResponse {
    let is_new = move |line: &Result<LogLine, ControlError>| {
        let new = !matches!(line, Ok(line) if line.sequence <= after);
        std::future::ready(new)
    };
    let events = lines
        .filter(is_new)
        .map(|line| match line {
            Ok(line) => line_event(&line),
            Err(error) => Event::default()
                .event("trouble")
                .data(error.to_string().replace(['\r', '\n'], " ")),
        })
        .chain(futures_util::stream::once(async {
            Event::default().event("end").data("ended")
        }))
        .map(Ok::<_, Infallible>);
    sse(events)
}

/// A container's log as text.
pub(crate) fn container_text(lines: BoxStream<'static, Result<LogLine, ControlError>>) -> Response {
    plain(lines.map(|line| match line {
        Ok(line) => Ok(format!("{}\n", line.text)),
        Err(error) => Err(std::io::Error::other(error)),
    }))
}

fn line_event(line: &LogLine) -> Event {
    let data = LineData {
        at: line.at,
        stream: line.stream,
        text: &line.text,
    };
    Event::default()
        .event("line")
        .id(line.sequence.to_string())
        .json_data(data)
        .unwrap_or_default()
}

fn sse(
    events: impl Stream<Item = Result<Event, Infallible>> + Send + 'static,
) -> impl IntoResponse {
    let keep_alive = KeepAlive::new().interval(KEEP_ALIVE);
    // Tells nginx and its like to pass events on at once.
    (
        [("x-accel-buffering", "no")],
        Sse::new(events).keep_alive(keep_alive),
    )
}

fn plain(text: impl Stream<Item = Result<String, std::io::Error>> + Send + 'static) -> Response {
    let kind = "text/plain; charset=utf-8";
    ([(header::CONTENT_TYPE, kind)], Body::from_stream(text)).into_response()
}
