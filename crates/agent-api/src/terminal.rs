//! Terminals in containers that run: a WebSocket. Binary messages are keys one way and output
//! the other; text messages are the types here, as JSON.

use std::collections::BTreeMap;

use longshore_domain::EnvKey;
use serde::{Deserialize, Serialize};

use crate::{AgentProblem, WireSecret};

/// A terminal to open.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TerminalRequest {
    /// The number of the live deployment.
    pub number: i32,
    /// Which of its containers that run, from 1.
    pub replica: u32,
    /// What runs in it.
    pub program: TerminalProgram,
    /// How large it is.
    pub size: TerminalSize,
}

/// What may run in a terminal: nothing else can be asked for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "kind")]
pub enum TerminalProgram {
    /// `/bin/bash` or `/bin/sh`, whichever the container has.
    Shell,
    /// The client of a database engine, by the engine's name.
    Console {
        /// The engine.
        engine: String,
        /// What the client's arguments refer to and its environment has.
        variables: BTreeMap<EnvKey, WireSecret>,
    },
}

/// How large a terminal is, in characters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct TerminalSize {
    /// Characters in a line.
    pub columns: u16,
    /// Lines.
    pub rows: u16,
}

/// What the server says in text.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TerminalCommand {
    /// The first message.
    Open(TerminalRequest),
    /// The window has another size now.
    Resize(TerminalSize),
}

/// What the agent says in text.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TerminalNews {
    /// The program runs in this container; output follows.
    Opened {
        /// The start of the container's id.
        container: String,
    },
    /// It cannot be opened.
    Refused(AgentProblem),
    /// The program has ended by itself.
    Ended {
        /// Its exit code, if Docker knows it.
        code: Option<i64>,
    },
}
