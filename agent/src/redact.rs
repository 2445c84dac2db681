//! Takes secrets out of what is logged.

use aho_corasick::{AhoCorasick, MatchKind};
use longshore_agent_api::LogStream;

/// What stands in a log where a secret stood.
pub const MASK: &str = "[redacted]";

/// Shorter values are too common to be masked: `true`, `1` and `80` would be unreadable.
const SHORTEST: usize = 4;

/// From this length on a line may be a piece of a longer one.
const LONG: usize = 4096;

/// Finds a job's secrets in text.
pub struct Redactor {
    values: Vec<String>,
    automaton: Option<AhoCorasick>,
}

impl Redactor {
    /// A redactor of these values: each of their lines, with at least four characters.
    pub fn new<'a>(values: impl IntoIterator<Item = &'a str>) -> Self {
        let mut values: Vec<String> = values
            .into_iter()
            .flat_map(str::lines)
            .map(str::trim)
            .filter(|line| line.chars().count() >= SHORTEST)
            .map(str::to_owned)
            .collect();
        values.sort_unstable_by(|a, b| b.len().cmp(&a.len()).then_with(|| a.cmp(b)));
        values.dedup();
        let automaton = (!values.is_empty())
            .then(|| {
                AhoCorasick::builder()
                    .match_kind(MatchKind::LeftmostLongest)
                    .build(&values)
            })
            .transpose()
            .unwrap_or_else(|error| {
                tracing::error!(%error, "secrets are masked one by one");
                None
            });
        Self { values, automaton }
    }

    /// The text without secrets.
    pub fn redact(&self, text: String) -> String {
        match &self.automaton {
            Some(automaton) if automaton.is_match(&text) => {
                let mut masked = String::with_capacity(text.len());
                automaton.replace_all_with(&text, &mut masked, |_, _, out| {
                    out.push_str(MASK);
                    true
                });
                masked
            }
            Some(_) => text,
            None => self
                .values
                .iter()
                .fold(text, |text, value| text.replace(value, MASK)),
        }
    }

    /// How many bytes at the end of the text may be the beginning of a secret.
    fn open_end(&self, text: &str) -> usize {
        self.values
            .iter()
            .flat_map(|value| {
                value
                    .char_indices()
                    .skip(1)
                    .map(|(end, _)| &value[..end])
                    .filter(|start| text.ends_with(*start))
                    .map(str::len)
            })
            .max()
            .unwrap_or(0)
    }
}

/// Redacts a job's lines, also where a very long line comes in pieces: the end of a
/// piece that may be the beginning of a secret is held back for the next one.
pub struct LineRedactor {
    redactor: Redactor,
    held: Vec<(LogStream, String)>,
}

impl LineRedactor {
    /// For lines of one job.
    pub fn new(redactor: Redactor) -> Self {
        Self {
            redactor,
            held: Vec::new(),
        }
    }

    /// The text of something that is no line.
    pub fn text(&self, text: String) -> String {
        self.redactor.redact(text)
    }

    /// What may be written of a line now.
    pub fn line(&mut self, stream: LogStream, mut text: String) -> String {
        let is_piece = text.len() >= LONG;
        if let Some(index) = self.held.iter().position(|(held, _)| *held == stream) {
            let (_, held) = self.held.swap_remove(index);
            text.insert_str(0, &held);
        }
        let mut masked = self.redactor.redact(text);
        if is_piece {
            let open = self.redactor.open_end(&masked);
            if open > 0 {
                let tail = masked.split_off(masked.len() - open);
                self.held.push((stream, tail));
            }
        }
        masked
    }

    /// What is still held back, to be written before anything that is no line.
    pub fn take_held(&mut self) -> Vec<(LogStream, String)> {
        std::mem::take(&mut self.held)
    }
}

#[cfg(test)]
mod tests;
