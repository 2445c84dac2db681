//! One build, from the request to the image.

use std::collections::HashMap;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bollard::Docker;
use bollard_buildkit_proto::moby::buildkit::v1::StatusResponse;
use bytes::{Buf as _, BytesMut};
use futures_util::StreamExt as _;
use http::{Method, Request, header};
use http_body_util::{BodyExt, StreamBody};
use hyper::body::{Frame, Incoming};
use longshore_domain::FailureKind;
use longshore_domain::source::{Build, DockerfileBuild};
use prost::Message as _;
use serde::Deserialize;
use tokio::task::JoinSet;
use tokio::time::interval;
use tokio_stream::wrappers::ReceiverStream;
use url::form_urlencoded;
use uuid::Uuid;

use super::context::Context;
use super::endpoint::{Endpoint, unavailable};
use super::memory::Watch;
use super::paths::Place;
use super::reuse::INPUTS_LABEL;
use super::trace::Trace;
use super::{BuildRequest, Cgroup, Image, explain, gather, image, session};
use crate::stage::{StageContext, StageError};

/// The longest message of the engine's, in bytes.
const MAX_MESSAGE: usize = 16 * 1024 * 1024;

/// How often it is looked whether the kernel killed a process.
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// How a try ended that did not give an image.
enum Trouble {
    Final(StageError),
    /// The registry does not give the frontend that a `# syntax=` line names.
    Frontend(StageError),
}

impl From<StageError> for Trouble {
    fn from(error: StageError) -> Self {
        Self::Final(error)
    }
}

/// Builds. Dropping it ends the build.
pub(super) async fn solve(
    ctx: &StageContext,
    docker: &Docker,
    cgroup: &Cgroup,
    request: &BuildRequest<'_>,
    place: &Place,
    inputs: &str,
) -> Result<Image, StageError> {
    let endpoint = Endpoint::of(docker).await?;
    let context = Context::new(place, request.checkout)?;
    let id = match attempt(ctx, &endpoint, cgroup, request, context, inputs).await {
        Ok(id) => id,
        Err(Trouble::Final(error)) => return Err(error),
        Err(Trouble::Frontend(error)) => {
            let Some(text) = without_syntax(&place.dockerfile_text) else {
                return Err(error);
            };
            ctx.say(
                "The Dockerfile's syntax image cannot be pulled; the engine's own syntax is used.",
            );
            let mut context = Context::new(place, request.checkout)?;
            context.replace_dockerfile(text);
            attempt(ctx, &endpoint, cgroup, request, context, inputs)
                .await
                .map_err(|trouble| match trouble {
                    Trouble::Final(error) | Trouble::Frontend(error) => error,
                })?
        }
    };
    let built = image::inspect(docker, id.as_deref().unwrap_or(request.tag))
        .await?
        .ok_or_else(|| {
            StageError::failed(
                FailureKind::BuildFailed,
                "The build ended without an image.",
            )
        })?;
    let built = image::described(&built, request.tag, false);
    // Two builds may end in the same image; the tag is made sure of by hand.
    image::tag(docker, &built.digest, &built.tag).await?;
    Ok(built)
}

async fn attempt(
    ctx: &StageContext,
    endpoint: &Endpoint,
    cgroup: &Cgroup,
    request: &BuildRequest<'_>,
    context: Context,
    inputs: &str,
) -> Result<Option<String>, Trouble> {
    let mut tasks = JoinSet::new();
    let session = Uuid::new_v4().to_string();
    let secrets = request
        .secrets
        .iter()
        .map(|(key, value)| (key.to_string(), value.clone()))
        .collect();
    let logins = request.registries.to_vec();
    session::open(endpoint, &session, secrets, logins, &mut tasks).await?;
    tasks.spawn(gather::keep_gathering(cgroup.clone()));
    let mut memory = Watch::begin(cgroup.clone());
    let mut looks = interval(LOOK_EVERY);
    let query = query(request, cgroup, &context.dockerfile, &session, inputs);
    let body = ReceiverStream::new(context.stream()).map(|chunk| chunk.map(Frame::data));
    let http_request = Request::builder()
        .method(Method::POST)
        .uri(format!("/build?{query}"))
        .header(header::HOST, "docker")
        .header(header::CONTENT_TYPE, "application/x-tar")
        .body(BodyExt::boxed(StreamBody::new(body)))
        .map_err(|_| unavailable())?;
    let mut sender = endpoint.connect(&mut tasks).await?;
    let response = sender
        .send_request(http_request)
        .await
        .map_err(|_| unavailable())?;
    let refused = !response.status().is_success();
    let mut messages = Messages::new(response.into_body());
    let mut trace = Trace::default();
    let mut id = None;
    loop {
        let message = tokio::select! {
            message = messages.next() => message?,
            _ = looks.tick() => {
                memory.look();
                continue;
            }
        };
        let Some(message) = message else {
            break;
        };
        if let Some(error) = message.error.or(message.message.filter(|_| refused)) {
            for (stream, text) in trace.rest() {
                ctx.line(stream, text);
            }
            let explained = explain::explain(&error, trace.failed(), memory.verdict());
            return Err(if explain::lacks_frontend(&error) {
                Trouble::Frontend(explained)
            } else {
                Trouble::Final(explained)
            });
        }
        match (message.id.as_deref(), message.aux) {
            (Some("moby.buildkit.trace"), Some(Aux::Trace(text))) => {
                let status = STANDARD
                    .decode(text)
                    .ok()
                    .and_then(|bytes| StatusResponse::decode(bytes.as_slice()).ok());
                for (stream, text) in status.map(|status| trace.take(status)).unwrap_or_default() {
                    ctx.line(stream, text);
                }
            }
            (Some("moby.image.id"), Some(Aux::Image { id: built })) => id = Some(built),
            _ => {}
        }
    }
    for (stream, text) in trace.rest() {
        ctx.line(stream, text);
    }
    if refused {
        return Err(StageError::failed(
            FailureKind::BuildFailed,
            "Docker refused the build without a reason.",
        )
        .into());
    }
    Ok(id)
}

fn query(
    request: &BuildRequest<'_>,
    cgroup: &Cgroup,
    dockerfile: &str,
    session: &str,
    inputs: &str,
) -> String {
    let none = DockerfileBuild::default();
    let build = match request.build {
        Build::Dockerfile(build) => build,
        Build::Static(_) | Build::Auto(_) | Build::Compose(_) => &none,
    };
    let mut labels = request.labels.clone();
    labels.insert(INPUTS_LABEL.to_owned(), inputs.to_owned());
    let args: HashMap<&str, &str> = request
        .args
        .iter()
        .map(|(key, value)| (key.as_str(), value.as_str()))
        .collect();
    let mut query = form_urlencoded::Serializer::new(String::new());
    query
        .append_pair("version", "2")
        .append_pair("session", session)
        .append_pair("buildid", session)
        .append_pair("t", request.tag)
        .append_pair("dockerfile", dockerfile)
        .append_pair("cgroupparent", cgroup.parent())
        .append_pair("labels", &json(&labels))
        .append_pair("buildargs", &json(&args));
    if let Some(target) = &build.target {
        query.append_pair("target", target);
    }
    if request.clear_cache {
        query.append_pair("nocache", "1");
    }
    query.finish()
}

/// A map of text as JSON.
fn json<K: serde::Serialize + Eq + std::hash::Hash, V: serde::Serialize>(
    map: &HashMap<K, V>,
) -> String {
    serde_json::to_string(map).unwrap_or_else(|_| "{}".to_owned())
}

/// A Dockerfile without its `# syntax=` line; none when it has none.
fn without_syntax(dockerfile: &[u8]) -> Option<Vec<u8>> {
    let text = std::str::from_utf8(dockerfile).ok()?;
    let is_syntax = |line: &str| {
        line.trim_start()
            .strip_prefix('#')
            .is_some_and(|rest| rest.trim_start().to_ascii_lowercase().starts_with("syntax"))
    };
    let at = text
        .lines()
        .take_while(|line| line.trim_start().starts_with('#'))
        .position(is_syntax)?;
    let mut lines: Vec<&str> = text.split('\n').collect();
    // An empty comment keeps the numbers of the lines.
    lines[at] = "#";
    Some(lines.join("\n").into_bytes())
}

/// One message of the engine's.
#[derive(Debug, Deserialize)]
struct EngineMessage {
    id: Option<String>,
    aux: Option<Aux>,
    error: Option<String>,
    /// What went wrong, when the request itself was refused.
    message: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum Aux {
    /// A trace message in base64.
    Trace(String),
    /// The image.
    Image {
        #[serde(rename = "ID")]
        id: String,
    },
    /// Anything else.
    Other(serde::de::IgnoredAny),
}

/// The engine's answer, cut into messages: one JSON object a line.
struct Messages {
    body: Incoming,
    buffer: BytesMut,
    ended: bool,
}

impl Messages {
    fn new(body: Incoming) -> Self {
        Self {
            body,
            buffer: BytesMut::new(),
            ended: false,
        }
    }

    /// The next one. Dropping the call loses nothing.
    async fn next(&mut self) -> Result<Option<EngineMessage>, StageError> {
        let mut searched = 0;
        loop {
            let end = self.buffer[searched..]
                .iter()
                .position(|byte| *byte == b'\n')
                .map(|at| searched + at);
            let line = match end {
                Some(end) => {
                    let line = self.buffer.split_to(end);
                    self.buffer.advance(1);
                    line
                }
                None if self.ended => self.buffer.split(),
                None => {
                    searched = self.buffer.len();
                    self.receive().await?;
                    continue;
                }
            };
            searched = 0;
            if let Ok(message) = serde_json::from_slice(&line) {
                return Ok(Some(message));
            }
            if self.ended && self.buffer.is_empty() {
                return Ok(None);
            }
        }
    }

    async fn receive(&mut self) -> Result<(), StageError> {
        match self.body.frame().await {
            Some(Ok(frame)) => {
                if let Ok(data) = frame.into_data() {
                    self.buffer.extend_from_slice(&data);
                }
                if self.buffer.len() > MAX_MESSAGE {
                    return Err(unavailable());
                }
            }
            Some(Err(_)) => {
                return Err(StageError::failed(
                    FailureKind::EngineUnavailable,
                    "Docker broke off the build.",
                ));
            }
            None => self.ended = true,
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::without_syntax;

    #[test]
    fn the_syntax_line_is_found_among_the_first_comments_only() {
        let cut = |text: &str| {
            without_syntax(text.as_bytes()).map(|text| String::from_utf8(text).unwrap())
        };
        assert_eq!(
            cut("# syntax=docker/dockerfile:1\nFROM scratch\n").as_deref(),
            Some("#\nFROM scratch\n")
        );
        assert_eq!(
            cut("# hello\n#Syntax = x\nFROM a").as_deref(),
            Some("# hello\n#\nFROM a")
        );
        assert_eq!(cut("FROM a\n# syntax=x\n"), None);
    }
}
