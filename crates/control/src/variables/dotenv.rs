//! Files of variables as people paste them (`.env`).

use std::collections::BTreeMap;

use longshore_domain::EnvKey;
use longshore_domain::variable::VALUE_MAX_BYTES;

use crate::FieldProblem;

/// Reads the text of a `.env` file: `KEY=value` lines, with optional `export`, comments,
/// single quotes (taken literally) and double quotes (`\n`, `\r`, `\t`, `\"`, `\\`, `\$`),
/// both over several lines. Nothing is substituted; a later line wins.
///
/// # Errors
/// A problem for each line that cannot be read, the field being `line N`.
pub fn parse_dotenv(text: &str) -> Result<BTreeMap<String, String>, Vec<FieldProblem>> {
    let mut reader = Reader {
        rest: text.strip_prefix('\u{feff}').unwrap_or(text),
        line: 1,
    };
    let mut variables = BTreeMap::new();
    let mut problems = Vec::new();
    while !reader.rest.is_empty() {
        let line = reader.line;
        match reader.entry() {
            Ok(Some((key, value))) => {
                variables.insert(key, value);
            }
            Ok(None) => {}
            Err(message) => {
                problems.push(FieldProblem::new(format!("line {line}"), message));
            }
        }
    }
    if problems.is_empty() {
        Ok(variables)
    } else {
        Err(problems)
    }
}

struct Reader<'a> {
    rest: &'a str,
    line: usize,
}

impl<'a> Reader<'a> {
    /// Takes the next line and, for a quoted value, those behind it.
    fn entry(&mut self) -> Result<Option<(String, String)>, String> {
        let start = self.rest;
        let line = self.take_line();
        let trimmed = line.trim();
        if trimmed.is_empty() || trimmed.starts_with('#') {
            return Ok(None);
        }
        let assignment = match trimmed.strip_prefix("export") {
            Some(rest) if rest.starts_with([' ', '\t']) => rest.trim_start(),
            _ => trimmed,
        };
        let Some((key, raw)) = assignment.split_once('=') else {
            return Err("must be KEY=value".to_owned());
        };
        let key: EnvKey = key
            .trim()
            .parse()
            .map_err(|error: longshore_domain::InvalidText| error.to_string())?;
        let raw = raw.trim_start();
        let value = match raw.chars().next() {
            Some(quote @ ('"' | '\'')) => {
                // Go back to behind the opening quote: the value may span lines.
                let offset = raw.as_ptr() as usize - start.as_ptr() as usize + 1;
                self.rest = &start[offset..];
                self.line -= usize::from(line.len() < start.len());
                self.quoted(quote)?
            }
            _ => unquoted(raw),
        };
        if value.contains('\0') {
            return Err("must not hold NUL characters".to_owned());
        }
        if value.len() > VALUE_MAX_BYTES {
            return Err(format!("must have at most {VALUE_MAX_BYTES} bytes"));
        }
        Ok(Some((key.as_str().to_owned(), value)))
    }

    fn take_line(&mut self) -> &'a str {
        if let Some((line, rest)) = self.rest.split_once('\n') {
            self.rest = rest;
            self.line += 1;
            line
        } else {
            std::mem::take(&mut self.rest)
        }
    }

    fn quoted(&mut self, quote: char) -> Result<String, String> {
        let mut value = String::new();
        let mut characters = self.rest.char_indices();
        while let Some((index, character)) = characters.next() {
            match character {
                _ if character == quote => {
                    self.rest = &self.rest[index + 1..];
                    let tail = self.take_line().trim();
                    if !(tail.is_empty() || tail.starts_with('#')) {
                        return Err("has text behind the closing quote".to_owned());
                    }
                    return Ok(value.replace("\r\n", "\n"));
                }
                '\\' if quote == '"' => match characters.next() {
                    Some((_, 'n')) => value.push('\n'),
                    Some((_, 'r')) => value.push('\r'),
                    Some((_, 't')) => value.push('\t'),
                    Some((_, escaped @ ('"' | '\\' | '$'))) => value.push(escaped),
                    Some((_, other)) => value.extend(['\\', other]),
                    None => {}
                },
                '\n' => {
                    self.line += 1;
                    value.push('\n');
                }
                other => value.push(other),
            }
        }
        self.rest = "";
        Err("has no closing quote".to_owned())
    }
}

/// Up to a comment, which needs a space before its `#`.
fn unquoted(raw: &str) -> String {
    if raw.starts_with('#') {
        return String::new();
    }
    let end = raw
        .match_indices('#')
        .find(|(index, _)| raw[..*index].ends_with([' ', '\t']))
        .map_or(raw.len(), |(index, _)| index);
    raw[..end].trim_end().to_owned()
}

#[cfg(test)]
mod tests;
