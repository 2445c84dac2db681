//! Collects what is wrong with all fields of a draft.

use std::fmt::Display;
use std::str::FromStr;

use longshore_domain::run::Port;

use crate::{ControlError, FieldProblem, Result};

#[derive(Debug, Default)]
pub(crate) struct Problems(Vec<FieldProblem>);

impl Problems {
    pub(crate) fn add(&mut self, field: impl Into<String>, message: impl Into<String>) {
        self.0.push(FieldProblem::new(field, message));
    }

    pub(crate) fn extend(&mut self, problems: Vec<(String, String)>) {
        for (field, message) in problems {
            self.add(field, message);
        }
    }

    /// Parses a field; none when it is wrong, which is noted.
    pub(crate) fn parse<T>(&mut self, field: &str, text: &str) -> Option<T>
    where
        T: FromStr,
        T::Err: Display,
    {
        match text.parse() {
            Ok(value) => Some(value),
            Err(error) => {
                self.add(field, error.to_string());
                None
            }
        }
    }

    #[expect(clippy::option_option, reason = "wrong, absent and given differ")]
    /// A port of the full range; the outer none when it is wrong, which is noted.
    pub(crate) fn port(&mut self, field: &str, port: Option<i64>) -> Option<Option<Port>> {
        let Some(number) = port else {
            return Some(None);
        };
        let parsed = u16::try_from(number).ok().and_then(Port::new);
        if parsed.is_none() {
            self.add(field, "must be between 1 and 65535");
        }
        parsed.map(Some)
    }

    /// A free text of one line.
    pub(crate) fn line(&mut self, field: &str, text: &str, most: usize) -> Option<String> {
        let text = text.trim();
        if text.is_empty() {
            self.add(field, "is required");
        } else if text.chars().count() > most {
            self.add(field, format!("must have at most {most} characters"));
        } else if text.chars().any(char::is_control) {
            self.add(field, "must not hold control characters");
        } else {
            return Some(text.to_owned());
        }
        None
    }

    /// What was parsed, when nothing is wrong.
    pub(crate) fn finish<T>(self, parsed: Option<T>) -> Result<T> {
        match parsed {
            Some(value) if self.0.is_empty() => Ok(value),
            _ => Err(ControlError::Invalid(self.0)),
        }
    }
}
