//! Names of files that people send.

use std::str::FromStr;

use super::{InvalidText, text_type};

/// The name of a file as its sender calls it, without folders: for people to read; no file
/// has this name here.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct FileName(String);
text_type!(FileName);

impl FromStr for FileName {
    type Err = InvalidText;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let text = text.trim();
        if text.is_empty() {
            return Err(InvalidText::new("is required"));
        }
        if text.chars().count() > 200 {
            return Err(InvalidText::new("must have at most 200 characters"));
        }
        if text.chars().any(|c| c.is_control() || "/\\".contains(c)) {
            return Err(InvalidText::new(
                "must be the name of a file, without folders and control characters",
            ));
        }
        Ok(Self(text.to_owned()))
    }
}
