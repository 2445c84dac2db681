//! Terminals: a WebSocket each.

use std::sync::Arc;
use std::time::Duration;

use axum::extract::State;
use axum::extract::ws::{Message, WebSocket, WebSocketUpgrade};
use axum::response::Response;
use bytes::Bytes;
use futures_util::stream::{SplitSink, SplitStream};
use futures_util::{SinkExt as _, StreamExt as _};
use longshore_agent_api::{AgentProblem, TerminalCommand, TerminalNews, TerminalRequest};
use longshore_domain::{FailureKind, ServiceId};
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _, split};
use tokio::time::timeout;

use super::Api;
use super::body::Id;
use crate::engine::terminal::{Terminal, TerminalHandle};

/// The largest message: what somebody pastes at once.
const MESSAGE_LIMIT: usize = 1024 * 1024;
/// How long the first message may take.
const PATIENCE: Duration = Duration::from_secs(10);
/// What is read of a program's output at once.
const PIECE: usize = 16 * 1024;

type Sender = SplitSink<WebSocket, Message>;
type Receiver = SplitStream<WebSocket>;

pub(super) async fn open(
    State(api): State<Api>,
    Id(service): Id<ServiceId>,
    upgrade: WebSocketUpgrade,
) -> Response {
    upgrade
        .max_message_size(MESSAGE_LIMIT)
        .on_upgrade(move |socket| {
            let tasks = api.tasks.clone();
            // In the group, so that no program is left when the agent ends.
            tasks.spawn("terminal", serve(api, service, socket));
            std::future::ready(())
        })
}

async fn serve(api: Api, service: ServiceId, socket: WebSocket) {
    let (mut sender, mut receiver) = socket.split();
    let Some(request) = first(&mut receiver).await else {
        return;
    };
    match api.machine.open_terminal(service, &request).await {
        Err(problem) => {
            let _ = tell(&mut sender, &TerminalNews::Refused(problem)).await;
        }
        Ok(terminal) => {
            let handle = Arc::new(terminal.handle);
            let stream = terminal.stream;
            let stopping = api.tasks.stopping().clone();
            tokio::select! {
                () = stopping.cancelled() => {}
                () = carry(stream, &handle, &mut sender, &mut receiver) => {}
            }
            handle.end().await;
        }
    }
    let _ = sender.close().await;
}

async fn first(receiver: &mut Receiver) -> Option<TerminalRequest> {
    let message = timeout(PATIENCE, receiver.next()).await.ok()??.ok()?;
    match serde_json::from_str(message.to_text().ok()?).ok()? {
        TerminalCommand::Open(request) => Some(request),
        TerminalCommand::Resize(_) => None,
    }
}

/// Carries keys and output until either side ends.
async fn carry(
    stream: impl AsyncRead + AsyncWrite + Unpin,
    handle: &TerminalHandle,
    sender: &mut Sender,
    receiver: &mut Receiver,
) {
    let (mut output, mut input) = split(stream);
    let container = handle.container().to_owned();
    let typing = async {
        while let Some(Ok(message)) = receiver.next().await {
            match message {
                Message::Binary(keys) => {
                    if input.write_all(&keys).await.is_err() {
                        return;
                    }
                }
                Message::Text(text) => {
                    if let Ok(TerminalCommand::Resize(size)) = serde_json::from_str(&text) {
                        handle.resize(size).await;
                    }
                }
                Message::Close(_) => return,
                Message::Ping(_) | Message::Pong(_) => {}
            }
        }
    };
    let showing = async {
        tell(sender, &TerminalNews::Opened { container }).await?;
        let mut piece = vec![0; PIECE];
        loop {
            let count = output.read(&mut piece).await.unwrap_or(0);
            if count == 0 {
                break;
            }
            let bytes = Bytes::copy_from_slice(&piece[..count]);
            sender.send(Message::Binary(bytes)).await?;
        }
        let code = handle.exit_code().await;
        tell(sender, &TerminalNews::Ended { code }).await
    };
    tokio::select! {
        () = typing => {}
        _ = showing => {}
    }
}

async fn tell(sender: &mut Sender, news: &TerminalNews) -> Result<(), axum::Error> {
    let text = serde_json::to_string(news).map_err(axum::Error::new)?;
    sender.send(Message::Text(text.into())).await
}

/// What a machine without terminals answers.
pub(crate) fn none() -> Result<Terminal, AgentProblem> {
    Err(AgentProblem {
        kind: FailureKind::EngineUnavailable,
        message: "No terminals can be opened on this machine.".to_owned(),
    })
}
