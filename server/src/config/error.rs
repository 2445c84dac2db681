//! What is wrong with the configuration.

use std::fmt;
use std::path::PathBuf;

use super::setting::{Setting, Source};

/// One fault.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Problem {
    /// A value that does not parse, or that contradicts another one.
    Value {
        /// The setting.
        setting: Setting,
        /// The text found; absent when it may hold a password.
        shown: Option<String>,
        /// Where it came from.
        source: Source,
        /// What would be right.
        expected: String,
    },
    /// A name in the configuration file that is no setting.
    UnknownKey {
        /// The name.
        key: String,
        /// The file.
        file: PathBuf,
        /// The most similar name that exists.
        similar: Option<&'static str>,
    },
    /// The configuration file cannot be read or is not TOML.
    File {
        /// The file.
        file: PathBuf,
        /// What the system or the parser said.
        reason: String,
    },
}

impl fmt::Display for Problem {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Value {
                setting,
                shown,
                source,
                expected,
            } => {
                let name = setting.variable();
                match shown {
                    Some(text) => write!(formatter, "{name} is {text:?} ({source})")?,
                    None => write!(formatter, "{name} ({source}, value not shown)")?,
                }
                write!(formatter, "; expected {expected}")
            }
            Self::UnknownKey { key, file, similar } => {
                write!(formatter, "{key:?} in {} is not a setting", file.display())?;
                match similar {
                    Some(name) => write!(formatter, "; did you mean {name:?}?"),
                    None => Ok(()),
                }
            }
            Self::File { file, reason } => {
                write!(formatter, "cannot read {}: {reason}", file.display())
            }
        }
    }
}

/// Everything that is wrong with the configuration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConfigErrors {
    /// The faults, in the order of the settings.
    pub problems: Vec<Problem>,
}

impl fmt::Display for ConfigErrors {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let count = self.problems.len();
        let noun = if count == 1 { "problem" } else { "problems" };
        write!(formatter, "the configuration has {count} {noun}:")?;
        for problem in &self.problems {
            write!(formatter, "\n  - {problem}")?;
        }
        Ok(())
    }
}

impl std::error::Error for ConfigErrors {}
