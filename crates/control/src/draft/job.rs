//! Drafts of jobs.

/// A command to run once.
#[derive(Debug, Clone)]
pub struct JobDraft {
    /// Program and arguments, without a shell.
    pub command: Vec<String>,
    /// How long it may take.
    pub timeout_seconds: u32,
}
