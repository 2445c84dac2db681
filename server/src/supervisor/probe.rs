//! Asks the parts whether they are well.

use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpStream, UnixStream};
use tokio::time::timeout;

use super::part::Part;
use crate::config::Config;

/// How long an answer may take.
const PATIENCE: Duration = Duration::from_secs(3);

/// The most of an answer that is read, in bytes.
const ANSWER_LIMIT_BYTES: u64 = 16 * 1024;

/// What the server said about its readiness.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// The HTTP status.
    pub status: u16,
    /// The body, when it is text.
    pub body: String,
}

/// Whether the part answers.
pub async fn part(config: &Config, part: Part) -> bool {
    let socket = match part {
        Part::Database => config.database_socket_dir().join(".s.PGSQL.5432"),
        Part::Agent => config.agent_socket.clone(),
        Part::Server => {
            return get(config, "/healthz")
                .await
                .is_some_and(|answer| answer.status == 200);
        }
    };
    matches!(
        timeout(PATIENCE, UnixStream::connect(socket)).await,
        Ok(Ok(_))
    )
}

/// Asks the server whether it is ready; `None` when it does not answer.
pub async fn readiness(config: &Config) -> Option<Answer> {
    get(config, "/readyz").await
}

/// A plain request; our own server needs no more, and `status` needs no HTTP library.
async fn get(config: &Config, path: &str) -> Option<Answer> {
    let address = config.local_address();
    let exchange = async {
        let mut stream = TcpStream::connect(address).await.ok()?;
        let request =
            format!("GET {path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n");
        stream.write_all(request.as_bytes()).await.ok()?;
        let mut bytes = Vec::new();
        stream
            .take(ANSWER_LIMIT_BYTES)
            .read_to_end(&mut bytes)
            .await
            .ok()?;
        parse(&String::from_utf8_lossy(&bytes))
    };
    timeout(PATIENCE, exchange).await.ok().flatten()
}

fn parse(text: &str) -> Option<Answer> {
    let (head, body) = text.split_once("\r\n\r\n")?;
    let status = head
        .strip_prefix("HTTP/1.1 ")?
        .split(' ')
        .next()?
        .parse()
        .ok()?;
    Some(Answer {
        status,
        body: body.trim().to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn status_and_body_are_taken_from_the_answer() {
        let answer = parse("HTTP/1.1 503 Service Unavailable\r\nA: b\r\n\r\n{}\n").unwrap();
        assert_eq!(
            answer,
            Answer {
                status: 503,
                body: "{}".to_owned()
            }
        );
        assert_eq!(parse("nonsense"), None);
    }
}
