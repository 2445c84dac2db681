//! Terminals that are asked for.

use std::collections::BTreeMap;

use longshore_domain::{EnvKey, Secret, ServiceId, TeamId};

use crate::TerminalSlot;

/// A terminal to open.
#[derive(Debug, Clone, Default)]
pub struct TerminalDraft {
    /// Of which component, for a stack.
    pub component: Option<String>,
    /// Which of the containers, from 1.
    pub replica: u32,
    /// The database's console instead of a shell.
    pub console: bool,
}

/// A terminal that may be opened, for the agent.
#[derive(Debug)]
pub struct TerminalPlan {
    /// The service.
    pub service: ServiceId,
    /// The id under which the containers run: the service's, or that of a component.
    pub runs_as: ServiceId,
    /// Its team.
    pub team: TeamId,
    /// The number of the deployment that started them.
    pub live_number: i32,
    /// Which of its containers, from 1.
    pub replica: u32,
    /// What runs in it.
    pub program: TerminalProgram,
    /// The place among those that are open.
    pub slot: TerminalSlot,
}

/// What runs in a terminal.
#[derive(Debug, Clone)]
pub enum TerminalProgram {
    /// The shell of the container.
    Shell,
    /// The client of a database engine.
    Console {
        /// The engine's name.
        engine: &'static str,
        /// What the client is given.
        variables: BTreeMap<EnvKey, Secret>,
    },
}
