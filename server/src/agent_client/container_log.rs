//! The log of a service's running containers.

use eventsource_stream::Eventsource;
use futures_util::{Stream, StreamExt};
use longshore_agent_api::ContainerLine;
use longshore_domain::ServiceId;

use super::{AgentClient, AgentError, send, url};

impl AgentClient {
    /// The last lines of the live version's containers, then live when `follow`.
    ///
    /// # Errors
    /// When the agent does not answer or nothing runs of the service.
    pub async fn container_log(
        &self,
        service: ServiceId,
        tail: u32,
        follow: bool,
    ) -> Result<impl Stream<Item = Result<ContainerLine, AgentError>> + Send + use<>, AgentError>
    {
        let request = self
            .http
            .get(url(&format!("/v1/services/{service}/log")))
            .header("accept", "text/event-stream")
            .query(&[("tail", tail.to_string()), ("follow", follow.to_string())]);
        let events = send(request).await?.bytes_stream().eventsource();
        Ok(events.map(|event| match event {
            Ok(event) => serde_json::from_str(&event.data)
                .map_err(|error| AgentError::Garbled(error.to_string())),
            Err(eventsource_stream::EventStreamError::Transport(error)) => {
                Err(AgentError::Unreachable(error))
            }
            Err(other) => Err(AgentError::Garbled(other.to_string())),
        }))
    }
}
