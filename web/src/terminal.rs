//! Terminals between a browser's WebSocket and the agent.
//!
//! From the browser binary messages are keys, text messages the window's size; to it binary
//! messages are output, text messages say what became of the terminal ([`Notice`]).

mod session;

use bytes::Bytes;
use futures_util::stream::BoxStream;
use serde::{Deserialize, Serialize};
use tokio::sync::mpsc;

pub(crate) use session::{Session, serve};

/// How large a window is, in characters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
pub struct Size {
    /// Characters in a line.
    pub columns: u16,
    /// Lines.
    pub rows: u16,
}

/// What goes to the program.
#[derive(Debug)]
pub enum TerminalInput {
    /// What was typed.
    Keys(Bytes),
    /// The window has another size.
    Resize(Size),
}

/// What comes from the program.
#[derive(Debug)]
pub enum TerminalOutput {
    /// What it wrote.
    Bytes(Bytes),
    /// It has ended, with its exit code if that is known. Nothing follows.
    Ended(Option<i64>),
}

/// An open terminal. Both ends are closed by dropping it.
pub struct TerminalPipe {
    /// The start of the container's id.
    pub container: String,
    /// Where keys go; they move while the output is read.
    pub input: mpsc::Sender<TerminalInput>,
    /// What comes back.
    pub output: BoxStream<'static, TerminalOutput>,
}

/// What the page is told.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case", tag = "kind")]
pub(crate) enum Notice {
    /// The program runs.
    Opened {
        /// In this container.
        container: String,
    },
    /// There is no terminal, or none any more.
    Closed {
        /// Why, as a sentence.
        message: String,
    },
}
