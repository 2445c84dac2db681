//! The event stream of a job.

use std::pin::Pin;

use eventsource_stream::{Event, EventStreamError, Eventsource};
use futures_util::{Stream, StreamExt};
use longshore_agent_api::JobEvent;
use reqwest::Response;

use super::AgentError;

type RawEvents =
    Pin<Box<dyn Stream<Item = Result<Event, EventStreamError<reqwest::Error>>> + Send>>;

/// The events of a job, in order, each once.
pub struct JobEvents {
    raw: RawEvents,
}

impl JobEvents {
    pub(super) fn new(response: Response) -> Self {
        Self {
            raw: Box::pin(response.bytes_stream().eventsource()),
        }
    }

    /// The next event; none when the stream has ended (after the job's end, or because
    /// the agent went away).
    ///
    /// # Errors
    /// When the connection broke or an event cannot be read.
    pub async fn next(&mut self) -> Result<Option<JobEvent>, AgentError> {
        match self.raw.next().await {
            None => Ok(None),
            Some(Ok(event)) => serde_json::from_str(&event.data)
                .map(Some)
                .map_err(|error| AgentError::Garbled(error.to_string())),
            Some(Err(EventStreamError::Transport(error))) => Err(AgentError::Unreachable(error)),
            Some(Err(other)) => Err(AgentError::Garbled(other.to_string())),
        }
    }
}
