//! One terminal from its opening to its end.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use axum::extract::ws::{Message, WebSocket};
use bytes::Bytes;
use futures_util::stream::{SplitSink, SplitStream};
use futures_util::{SinkExt as _, StreamExt as _};
use longshore_control::{Actor, Control, ControlError, TerminalPlan};
use tokio::time::{Instant, MissedTickBehavior, interval, sleep_until};
use tower_sessions::SessionStore;
use tower_sessions::session::Id as SessionId;

use super::{Notice, Size, TerminalInput, TerminalOutput, TerminalPipe};
use crate::pages::in_words;
use crate::state::AgentQueries;

/// A terminal in which nobody types ends after this time.
const IDLE: Duration = Duration::from_mins(15);
/// How often it is asked whether the person may still have it.
const CHECK: Duration = Duration::from_secs(3);
/// How often the browser is asked whether it is there.
const PING: Duration = Duration::from_secs(20);
/// A browser that says nothing for this long is gone.
const GONE: Duration = Duration::from_secs(60);

type Sender = SplitSink<WebSocket, Message>;
type Receiver = SplitStream<WebSocket>;

/// What a terminal needs.
pub(crate) struct Session {
    pub(crate) control: Control,
    pub(crate) agent: Arc<dyn AgentQueries>,
    pub(crate) actor: Actor,
    /// The browser's session; the terminal ends with it.
    pub(crate) session: Option<SessionId>,
    /// What is to be opened, or why nothing is.
    pub(crate) plan: Result<TerminalPlan, ControlError>,
    pub(crate) size: Size,
}

/// Carries a terminal until either side ends it or the person may not have it any longer.
pub(crate) async fn serve(session: Session, socket: WebSocket) {
    let (mut sender, receiver) = socket.split();
    let message = match session.open().await {
        Ok(pipe) => session.carry(pipe, &mut sender, receiver).await,
        Err(error) => Some(in_words(&error)),
    };
    if let Some(message) = message {
        let _ = tell(&mut sender, &Notice::Closed { message }).await;
    }
    let _ = sender.close().await;
}

/// When somebody typed last, and when the browser was last heard of.
#[derive(Clone, Copy)]
struct Heard {
    typed: Instant,
    seen: Instant,
}

impl Session {
    async fn open(&self) -> Result<TerminalPipe, ControlError> {
        let plan = match &self.plan {
            Ok(plan) => plan,
            Err(error) => return Err(ControlError::refused(in_words(error))),
        };
        let pipe = self.agent.open_terminal(plan, self.size).await?;
        // Without the note there is no terminal.
        self.control
            .note_terminal(&self.actor, plan, &pipe.container, None)
            .await?;
        Ok(pipe)
    }

    /// Gives what to say at the end; nothing when the browser went.
    async fn carry(
        &self,
        pipe: TerminalPipe,
        sender: &mut Sender,
        receiver: Receiver,
    ) -> Option<String> {
        let began = Instant::now();
        let heard = Mutex::new(Heard {
            typed: began,
            seen: began,
        });
        let container = pipe.container.clone();
        let message = tokio::select! {
            () = read(receiver, &pipe.input, &heard) => None,
            message = write(pipe.container, pipe.output, sender) => message,
            message = self.guard(&heard) => message,
        };
        drop(pipe.input);
        let seconds = i64::try_from(began.elapsed().as_secs()).unwrap_or(i64::MAX);
        if let Ok(plan) = &self.plan {
            let noted = self
                .control
                .note_terminal(&self.actor, plan, &container, Some(seconds))
                .await;
            if let Err(error) = noted {
                tracing::error!(%error, "the end of a terminal cannot be noted");
            }
        }
        message
    }

    /// Waits until the terminal may not go on.
    async fn guard(&self, heard: &Mutex<Heard>) -> Option<String> {
        let mut ticks = interval(CHECK);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            ticks.tick().await;
            let now = *heard.lock().unwrap_or_else(PoisonError::into_inner);
            if now.seen.elapsed() > GONE {
                return None;
            }
            if now.typed.elapsed() > IDLE {
                let minutes = IDLE.as_secs() / 60;
                return Some(format!(
                    "Closed, because nothing was typed for {minutes} minutes."
                ));
            }
            match self.is_allowed().await {
                Ok(true) => {}
                Ok(false) => {
                    return Some("Closed, because you may not have it any longer.".to_owned());
                }
                // The database may be away for a moment; what cannot be checked does not go on.
                Err(error) => {
                    tracing::warn!(%error, "a terminal cannot be checked");
                    return Some("Closed, because your session cannot be checked.".to_owned());
                }
            }
        }
    }

    async fn is_allowed(&self) -> Result<bool, ControlError> {
        let Some(session) = self.session else {
            return Ok(false);
        };
        let stored = self.control.session_store().load(&session).await;
        if stored.map_err(ControlError::internal)?.is_none() {
            return Ok(false);
        }
        let service = match &self.plan {
            Ok(plan) => plan.service,
            Err(_) => return Ok(false),
        };
        self.control.may_keep_terminal(&self.actor, service).await
    }
}

/// Hands on what the browser says, until it goes.
async fn read(
    mut receiver: Receiver,
    input: &tokio::sync::mpsc::Sender<TerminalInput>,
    heard: &Mutex<Heard>,
) {
    while let Some(Ok(message)) = receiver.next().await {
        let now = Instant::now();
        let mut is_typed = false;
        let input_message = match message {
            Message::Binary(keys) => {
                is_typed = true;
                Some(TerminalInput::Keys(keys))
            }
            Message::Text(text) => serde_json::from_str(&text).ok().map(TerminalInput::Resize),
            Message::Close(_) => return,
            Message::Ping(_) | Message::Pong(_) => None,
        };
        {
            let mut heard = heard.lock().unwrap_or_else(PoisonError::into_inner);
            heard.seen = now;
            if is_typed {
                heard.typed = now;
            }
        }
        if let Some(message) = input_message
            && input.send(message).await.is_err()
        {
            return;
        }
    }
}

/// Shows what the program writes, until it ends; gives what to say then.
async fn write(
    container: String,
    mut output: futures_util::stream::BoxStream<'static, TerminalOutput>,
    sender: &mut Sender,
) -> Option<String> {
    tell(sender, &Notice::Opened { container }).await.ok()?;
    let mut next_ping = Instant::now() + PING;
    loop {
        tokio::select! {
            news = output.next() => match news {
                Some(TerminalOutput::Bytes(bytes)) => {
                    sender.send(Message::Binary(bytes)).await.ok()?;
                }
                Some(TerminalOutput::Ended(Some(0))) => return Some("The program has ended.".to_owned()),
                Some(TerminalOutput::Ended(Some(code))) => {
                    return Some(format!("The program has ended with code {code}."));
                }
                Some(TerminalOutput::Ended(None)) | None => {
                    return Some("The container or the connection to it has ended.".to_owned());
                }
            },
            () = sleep_until(next_ping) => {
                sender.send(Message::Ping(Bytes::new())).await.ok()?;
                next_ping = Instant::now() + PING;
            }
        }
    }
}

async fn tell(sender: &mut Sender, notice: &Notice) -> Result<(), axum::Error> {
    let text = serde_json::to_string(notice).map_err(axum::Error::new)?;
    sender.send(Message::Text(text.into())).await
}
