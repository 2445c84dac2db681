//! Paths inside a repository.

use std::str::FromStr;

use super::{InvalidText, text_type};

/// A normalised path inside a checkout: relative, with `/` between its parts, without
/// `.` or `..` parts; the empty path is the checkout itself and prints as `.`.
///
/// It says nothing about symbolic links: whoever opens it must resolve them and check
/// that the result is still inside the checkout.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct RelativePath(String);
text_type!(RelativePath);

impl RelativePath {
    /// The checkout itself, `.`.
    pub fn root() -> Self {
        Self(".".to_owned())
    }

    /// Whether this is the checkout itself.
    pub fn is_root(&self) -> bool {
        self.0 == "."
    }
}

impl FromStr for RelativePath {
    type Err = InvalidText;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let text = text.trim();
        if text.len() > 400 {
            return Err(InvalidText::new("must have at most 400 characters"));
        }
        if text.starts_with('/') {
            return Err(InvalidText::new(
                "must be relative to the repository, without a leading /",
            ));
        }
        if text.chars().any(|c| c.is_control() || c == '\\') {
            return Err(InvalidText::new(
                "must not hold control characters or backslashes",
            ));
        }
        let mut parts = Vec::new();
        for part in text.split('/') {
            match part {
                "" | "." => {}
                ".." => {
                    return Err(InvalidText::new(
                        "must stay inside the repository, without ..",
                    ));
                }
                ".git" => return Err(InvalidText::new("must not lead into .git")),
                other => parts.push(other),
            }
        }
        if parts.is_empty() {
            return Ok(Self::root());
        }
        Ok(Self(parts.join("/")))
    }
}
