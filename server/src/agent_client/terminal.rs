//! Terminals over the agent's socket.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use futures_util::stream::{SplitSink, SplitStream};
use futures_util::{SinkExt as _, StreamExt as _, stream};
use longshore_agent_api::{
    TerminalCommand, TerminalNews, TerminalProgram, TerminalRequest, TerminalSize,
};
use longshore_control::{ControlError, TerminalPlan};
use longshore_web::terminal::{Size, TerminalInput, TerminalOutput, TerminalPipe};
use reqwest::header::{CONNECTION, SEC_WEBSOCKET_KEY, SEC_WEBSOCKET_VERSION, UPGRADE};
use reqwest::{StatusCode, Upgraded};
use tokio::sync::mpsc;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::protocol::Role;

use super::{AgentClient, AgentError, url};

/// Messages on their way to the agent.
const QUEUE: usize = 16;

type Sender = SplitSink<WebSocketStream<Upgraded>, Message>;
type Receiver = SplitStream<WebSocketStream<Upgraded>>;

/// Opens a terminal and waits until the program runs.
pub(super) async fn open(
    client: &AgentClient,
    plan: &TerminalPlan,
    size: Size,
) -> Result<TerminalPipe, ControlError> {
    let (mut sender, mut receiver) = connect(client, plan).await?;
    let request = TerminalCommand::Open(request(plan, size));
    say(&mut sender, &request).await.ok_or_else(silent)?;
    let container = loop {
        let message = receiver.next().await.and_then(Result::ok);
        match message.ok_or_else(silent)? {
            Message::Text(text) => match serde_json::from_str(&text) {
                Ok(TerminalNews::Opened { container }) => break container,
                Ok(TerminalNews::Refused(problem)) => {
                    return Err(ControlError::refused(problem.message));
                }
                Ok(TerminalNews::Ended { .. }) | Err(_) => return Err(silent()),
            },
            Message::Ping(_) | Message::Pong(_) => {}
            Message::Binary(_) | Message::Close(_) | Message::Frame(_) => return Err(silent()),
        }
    };
    let (input, inputs) = mpsc::channel(QUEUE);
    // Driven by whoever reads the output.
    let typing = stream::once(forward(sender, inputs)).filter_map(async |()| None);
    let output = stream::unfold(Some(receiver), |receiver| async {
        let mut receiver = receiver?;
        let output = next(&mut receiver).await;
        let output = output.unwrap_or(TerminalOutput::Ended(None));
        let goes_on = matches!(output, TerminalOutput::Bytes(_));
        Some((output, goes_on.then_some(receiver)))
    });
    Ok(TerminalPipe {
        container,
        input,
        output: stream::select(output, typing).boxed(),
    })
}

async fn connect(
    client: &AgentClient,
    plan: &TerminalPlan,
) -> Result<(Sender, Receiver), ControlError> {
    let key = STANDARD.encode(rand::random::<[u8; 16]>());
    let unreachable = |error: reqwest::Error| {
        ControlError::Unavailable(super::queries::sentence(&AgentError::from_transport(error)))
    };
    let response = client
        .http
        .get(url(&format!("/v1/services/{}/terminal", plan.runs_as)))
        .header(CONNECTION, "Upgrade")
        .header(UPGRADE, "websocket")
        .header(SEC_WEBSOCKET_VERSION, "13")
        .header(SEC_WEBSOCKET_KEY, key)
        .send()
        .await
        .map_err(unreachable)?;
    if response.status() != StatusCode::SWITCHING_PROTOCOLS {
        return Err(silent());
    }
    let upgraded = response.upgrade().await.map_err(unreachable)?;
    let socket = WebSocketStream::from_raw_socket(upgraded, Role::Client, None).await;
    Ok(socket.split())
}

fn request(plan: &TerminalPlan, size: Size) -> TerminalRequest {
    TerminalRequest {
        number: plan.live_number,
        replica: plan.replica,
        program: match &plan.program {
            longshore_control::TerminalProgram::Shell => TerminalProgram::Shell,
            longshore_control::TerminalProgram::Console { engine, variables } => {
                TerminalProgram::Console {
                    engine: (*engine).to_owned(),
                    variables: variables
                        .iter()
                        .map(|(key, value)| (key.clone(), value.clone().into()))
                        .collect(),
                }
            }
        },
        size: wire(size),
    }
}

fn wire(size: Size) -> TerminalSize {
    TerminalSize {
        columns: size.columns,
        rows: size.rows,
    }
}

/// Sends what comes until nothing comes any more.
async fn forward(mut sender: Sender, mut inputs: mpsc::Receiver<TerminalInput>) {
    while let Some(input) = inputs.recv().await {
        let sent = match input {
            TerminalInput::Keys(keys) => sender.send(Message::Binary(keys)).await.ok(),
            TerminalInput::Resize(size) => {
                say(&mut sender, &TerminalCommand::Resize(wire(size))).await
            }
        };
        if sent.is_none() {
            return;
        }
    }
    let _ = sender.close().await;
}

async fn next(receiver: &mut Receiver) -> Option<TerminalOutput> {
    loop {
        match receiver.next().await?.ok()? {
            Message::Binary(bytes) => return Some(TerminalOutput::Bytes(bytes)),
            Message::Text(text) => {
                if let Ok(TerminalNews::Ended { code }) = serde_json::from_str(&text) {
                    return Some(TerminalOutput::Ended(code));
                }
            }
            Message::Close(_) => return None,
            Message::Ping(_) | Message::Pong(_) | Message::Frame(_) => {}
        }
    }
}

async fn say(sender: &mut Sender, command: &TerminalCommand) -> Option<()> {
    let text = serde_json::to_string(command).ok()?;
    sender.send(Message::Text(text.into())).await.ok()
}

fn silent() -> ControlError {
    ControlError::Unavailable("The agent does not open terminals at the moment.".to_owned())
}
