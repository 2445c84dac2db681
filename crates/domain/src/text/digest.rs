//! Hashes by which things are known.

use std::str::FromStr;

use super::{InvalidText, text_type};

/// The SHA-256 of some bytes, as 64 hexadecimal digits in lower case.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Sha256Digest(String);
text_type!(Sha256Digest);

impl FromStr for Sha256Digest {
    type Err = InvalidText;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let is_digit = |b: u8| b.is_ascii_digit() || (b'a'..=b'f').contains(&b);
        if text.len() == 64 && text.bytes().all(is_digit) {
            Ok(Self(text.to_owned()))
        } else {
            Err(InvalidText::new("must be 64 hexadecimal digits"))
        }
    }
}
