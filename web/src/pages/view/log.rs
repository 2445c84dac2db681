//! The log viewer: the tail as text, so that it can be read without a script.

/// A log with its last lines.
#[derive(Debug, Clone, Default)]
pub struct LogView {
    /// The address of the stream.
    pub source: String,
    /// Where the whole log can be fetched as text.
    pub download: String,
    /// What the fetched file is called.
    pub file_name: String,
    /// What log it is.
    pub label: String,
    /// What to say while it is empty.
    pub empty: String,
    /// Whether more lines may come.
    pub is_live: bool,
    /// Whether the viewer may be low: the log has ended and is short.
    pub is_short: bool,
    /// The last lines.
    pub lines: Vec<LogRow>,
}

/// A line of a log.
#[derive(Debug, Clone)]
pub struct LogRow {
    /// Its place in the log, for resuming the stream.
    pub sequence: i64,
    /// Its number, for people.
    pub number: usize,
    /// `stdout`, `stderr` or `system`.
    pub stream: &'static str,
    /// The text, with ANSI colours as they came.
    pub text: String,
}
