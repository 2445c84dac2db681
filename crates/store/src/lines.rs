//! Where a line of a log came from.

/// Where a line of a log came from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum LogStream {
    /// Standard output of a build step or container.
    Stdout,
    /// Its standard error.
    Stderr,
    /// Longshore itself.
    System,
}

impl LogStream {
    /// The stable name.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Stdout => "stdout",
            Self::Stderr => "stderr",
            Self::System => "system",
        }
    }
}
