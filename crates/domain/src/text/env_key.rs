//! Names of environment variables.

use std::str::FromStr;

use super::{InvalidText, text_type};

/// The name of an environment variable: `[A-Za-z_][A-Za-z0-9_]*`, at most 200 characters.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct EnvKey(String);
text_type!(EnvKey);

impl FromStr for EnvKey {
    type Err = InvalidText;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if text.is_empty() {
            return Err(InvalidText::new("needs a name"));
        }
        if text.len() > 200 {
            return Err(InvalidText::new("must have at most 200 characters"));
        }
        if !text.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_') {
            return Err(InvalidText::new(
                "must start with a letter or an underscore",
            ));
        }
        if let Some(bad) = text
            .chars()
            .find(|c| !(c.is_ascii_alphanumeric() || *c == '_'))
        {
            return Err(InvalidText::new(format!(
                "may hold letters, digits and underscores only, not {bad:?}"
            )));
        }
        Ok(Self(text.to_owned()))
    }
}
