//! A connection of our own to the Docker Engine, for the two requests that bollard
//! cannot make: a session with secrets, and a build that uses it.

use std::path::PathBuf;
use std::sync::{Arc, OnceLock};

use bollard::Docker;
use bytes::Bytes;
use http_body_util::combinators::BoxBody;
use hyper::client::conn::http1::{SendRequest, handshake};
use hyper_util::rt::TokioIo;
use longshore_domain::FailureKind;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpStream, UnixStream};
use tokio::task::JoinSet;

use crate::stage::StageError;

/// The body of a request.
pub(crate) type Body = BoxBody<Bytes, std::io::Error>;

/// Where the engine listens.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Endpoint {
    /// On a Unix socket.
    Unix(PathBuf),
    /// On a host and port, without TLS.
    Tcp(String),
}

impl Endpoint {
    /// Where a client's requests go: noted from a ping of it, for bollard does not say.
    pub(crate) async fn of(docker: &Docker) -> Result<Self, StageError> {
        let noted = Arc::new(OnceLock::new());
        let note = Arc::clone(&noted);
        docker
            .clone()
            .with_request_modifier(move |request| {
                let _ = note.set(request.uri().clone());
                request
            })
            .ping()
            .await
            .map_err(|_| unavailable())?;
        noted.get().and_then(Self::from_uri).ok_or_else(|| {
            StageError::failed(
                FailureKind::EngineUnavailable,
                "Builds need Docker on a Unix socket or on plain TCP.",
            )
        })
    }

    fn from_uri(uri: &http::Uri) -> Option<Self> {
        let authority = uri.authority()?.as_str();
        match uri.scheme_str()? {
            "unix" => {
                let path = String::from_utf8(hex::decode(authority).ok()?).ok()?;
                Some(Self::Unix(path.into()))
            }
            "http" | "tcp" => Some(Self::Tcp(authority.to_owned())),
            _ => None,
        }
    }

    /// Opens a connection, which lives as long as the tasks do.
    pub(crate) async fn connect(
        &self,
        tasks: &mut JoinSet<()>,
    ) -> Result<SendRequest<Body>, StageError> {
        match self {
            Self::Unix(path) => {
                let stream = UnixStream::connect(path).await.map_err(|_| unavailable())?;
                speak(stream, tasks).await
            }
            Self::Tcp(address) => {
                let stream = TcpStream::connect(address)
                    .await
                    .map_err(|_| unavailable())?;
                speak(stream, tasks).await
            }
        }
    }
}

async fn speak<S>(stream: S, tasks: &mut JoinSet<()>) -> Result<SendRequest<Body>, StageError>
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let (sender, connection) = handshake(TokioIo::new(stream))
        .await
        .map_err(|_| unavailable())?;
    tasks.spawn(async move {
        // An error of the connection also reaches the request that waits on it.
        let _ = connection.with_upgrades().await;
    });
    Ok(sender)
}

/// Docker does not answer.
pub(crate) fn unavailable() -> StageError {
    StageError::failed(
        FailureKind::EngineUnavailable,
        "Docker does not answer on the server.",
    )
}

#[cfg(test)]
mod tests {
    use super::Endpoint;

    #[test]
    fn addresses_are_read_from_requests() {
        let uri = format!("unix://{}/_ping", hex::encode("/var/run/docker.sock"));
        assert_eq!(
            Endpoint::from_uri(&uri.parse().unwrap()),
            Some(Endpoint::Unix("/var/run/docker.sock".into()))
        );
        assert_eq!(
            Endpoint::from_uri(&"http://127.0.0.1:2375/_ping".parse().unwrap()),
            Some(Endpoint::Tcp("127.0.0.1:2375".to_owned()))
        );
        assert_eq!(
            Endpoint::from_uri(&"https://h/_ping".parse().unwrap()),
            None
        );
    }
}
