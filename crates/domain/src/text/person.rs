//! What people type of themselves.

use std::str::FromStr;

use super::{InvalidText, text_type};
use crate::Secret;

/// An e-mail address, kept in lower case: one `@`, at most 254 characters, a host with
/// a sensible shape. Whether it receives mail is not known.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct EmailAddress(String);
text_type!(EmailAddress);

impl FromStr for EmailAddress {
    type Err = InvalidText;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let text = text.trim().to_lowercase();
        let refused = || InvalidText::new("is not an e-mail address such as name@example.com");
        if text.len() > 254 {
            return Err(InvalidText::new("must have at most 254 characters"));
        }
        let (local, host) = text.split_once('@').ok_or_else(refused)?;
        let fits = !local.is_empty()
            && local.len() <= 64
            && !local
                .chars()
                .any(|c| c.is_whitespace() || c.is_control() || "<>()[],;:\\\"".contains(c))
            && host.parse::<super::DomainName>().is_ok();
        if fits { Ok(Self(text)) } else { Err(refused()) }
    }
}

/// A person's name as shown: 1 to 80 printable characters.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct PersonName(String);
text_type!(PersonName);

impl FromStr for PersonName {
    type Err = InvalidText;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let text = text.trim();
        if text.is_empty() {
            return Err(InvalidText::new("is required"));
        }
        if text.chars().count() > 80 {
            return Err(InvalidText::new("must have at most 80 characters"));
        }
        if text.chars().any(char::is_control) {
            return Err(InvalidText::new("must not hold control characters"));
        }
        Ok(Self(text.to_owned()))
    }
}

/// A new password: at least 12 characters (NIST SP 800-63B asks for 8 or more and no
/// composition rules), at most 256, not one repeated character or a well-known one.
#[derive(Debug, Clone)]
pub struct Password(Secret);

impl Password {
    /// The password, for hashing.
    pub fn expose(&self) -> &str {
        self.0.expose()
    }
}

impl FromStr for Password {
    type Err = InvalidText;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let length = text.chars().count();
        if length < 12 {
            return Err(InvalidText::new("must have at least 12 characters"));
        }
        if length > 256 {
            return Err(InvalidText::new("must have at most 256 characters"));
        }
        let lower = text.to_lowercase();
        let first = lower.chars().next();
        let one_character = lower.chars().all(|c| Some(c) == first);
        let guessable = [
            "password",
            "123456",
            "qwerty",
            "longshore",
            "letmein",
            "changeme",
        ];
        let rest = guessable
            .iter()
            .fold(lower.clone(), |rest, word| rest.replace(word, ""));
        if one_character || rest.chars().count() < 4 {
            return Err(InvalidText::new(
                "is too easy to guess; use several unrelated words",
            ));
        }
        Ok(Self(Secret::new(text)))
    }
}
