//! The log viewer: the tail as text, so that it can be read without a script.

use longshore_control::view::LogLine;
use time::format_description::well_known::Rfc3339;

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
    /// Where lines before those can be fetched; empty when there are none or it cannot.
    pub earlier: String,
    /// Whether more lines may come.
    pub is_live: bool,
    /// Whether lines are told apart by their time rather than by a number.
    pub shows_times: bool,
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
    /// When it was written.
    pub at: String,
    /// `stdout`, `stderr` or `system`.
    pub stream: &'static str,
    /// The text without escape sequences.
    pub text: String,
    /// The text as it came, when it has escape sequences; empty otherwise.
    pub raw: String,
}

/// How many bytes of lines a page carries at most, so that it stays small.
const MOST_BYTES: usize = 20_000;

impl LogView {
    /// Takes the last of these lines, as many as a page carries.
    pub fn fill(&mut self, lines: &[LogLine]) {
        let mut bytes = 0;
        let fitting = lines
            .iter()
            .rev()
            .take_while(|line| {
                // A line's markup is about as long as this.
                bytes += line.text.len() + 200;
                bytes <= MOST_BYTES
            })
            .count();
        self.lines = lines[lines.len() - fitting..]
            .iter()
            .map(LogRow::new)
            .collect();
    }
}

impl LogRow {
    /// A line, ready to print.
    pub fn new(line: &LogLine) -> Self {
        let text = without_escapes(&line.text);
        Self {
            sequence: line.sequence,
            at: line.at.format(&Rfc3339).unwrap_or_default(),
            stream: line.stream,
            raw: if text == line.text {
                String::new()
            } else {
                line.text.clone()
            },
            text,
        }
    }
}

/// Takes terminal escape sequences and control characters out of a line.
fn without_escapes(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    let mut letters = text.chars().peekable();
    while let Some(letter) = letters.next() {
        match letter {
            '\u{1b}' => match letters.next() {
                Some('[') => while letters.next().is_some_and(|c| !('@'..='~').contains(&c)) {},
                Some(']') => {
                    while letters
                        .next()
                        .is_some_and(|c| c != '\u{7}' && c != '\u{1b}')
                    {}
                }
                _ => {}
            },
            '\t' => plain.push('\t'),
            letter if letter.is_control() => {}
            letter => plain.push(letter),
        }
    }
    plain
}

#[cfg(test)]
mod tests {
    use longshore_control::view::LogLine;
    use time::OffsetDateTime;

    use super::*;

    fn line(sequence: i64, text: &str) -> LogLine {
        LogLine {
            sequence,
            at: OffsetDateTime::UNIX_EPOCH,
            stream: "stdout",
            text: text.to_owned(),
        }
    }

    #[test]
    fn escape_sequences_are_not_shown_but_kept_for_the_script() {
        let row = LogRow::new(&line(
            7,
            "\u{1b}[1;32mok\u{1b}[0m\u{1b}]0;title\u{7} done\u{1b}[",
        ));
        assert_eq!(row.text, "ok done");
        assert!(row.raw.starts_with("\u{1b}[1;32m"));
        assert_eq!(LogRow::new(&line(8, "plain\ttext")).raw, "");
    }

    #[test]
    fn a_page_carries_the_end_of_a_long_log() {
        let lines: Vec<_> = (1..=5_000)
            .map(|n| line(n, "some words of a build"))
            .collect();
        let mut view = LogView::default();
        view.fill(&lines);
        assert!(view.lines.len() > 50 && view.lines.len() < 200);
        assert_eq!(view.lines.last().map(|row| row.sequence), Some(5_000));
    }
}
