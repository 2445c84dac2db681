//! Secrets that are made once, when a value with `${{secret(32)}}` is saved.

use std::ops::RangeInclusive;

use crate::{InvalidText, Secret};

/// How many characters a generated secret may have.
pub const LENGTHS: RangeInclusive<usize> = 8..=256;

/// The characters of generated secrets: no URL, no command line and no file of settings
/// takes them for anything else.
pub const ALPHABET: &[u8; 62] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";

/// A value that asks for secrets.
#[derive(Debug)]
pub struct Template<'a> {
    pieces: Vec<Piece<'a>>,
}

enum Piece<'a> {
    /// Stays as it is; may be secret itself.
    Text(&'a str),
    /// A secret of so many characters.
    Secret(usize),
}

impl std::fmt::Debug for Piece<'_> {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Text(_) => formatter.write_str("[redacted]"),
            Self::Secret(length) => write!(formatter, "secret({length})"),
        }
    }
}

impl<'a> Template<'a> {
    /// Reads a value; none when it asks for no secret. References to variables stay in it.
    ///
    /// # Errors
    /// A fragment that says how a secret is asked for.
    pub fn parse(value: &'a str) -> Result<Option<Self>, InvalidText> {
        let mut pieces = Vec::new();
        let mut asks = false;
        let mut rest = value;
        while let Some(start) = rest.find("${{") {
            let Some(length) = rest[start..].find("}}") else {
                break;
            };
            let (whole, inner) = (start + length + 2, rest[start + 3..start + length].trim());
            let arguments = inner
                .strip_prefix("secret")
                .map(str::trim_start)
                .and_then(|behind| behind.strip_prefix('('));
            match arguments {
                Some(arguments) => {
                    pieces.push(Piece::Text(&rest[..start]));
                    pieces.push(Piece::Secret(read_length(arguments)?));
                    asks = true;
                }
                None => pieces.push(Piece::Text(&rest[..whole])),
            }
            rest = &rest[whole..];
        }
        pieces.push(Piece::Text(rest));
        Ok(asks.then_some(Self { pieces }))
    }

    /// Whether this value came out of this template.
    pub fn has_made(&self, value: &str) -> bool {
        let mut rest = value;
        for piece in &self.pieces {
            let behind = match piece {
                Piece::Text(text) => rest.strip_prefix(text),
                Piece::Secret(length) => rest
                    .split_at_checked(*length)
                    .filter(|(made, _)| made.bytes().all(|byte| ALPHABET.contains(&byte)))
                    .map(|(_, behind)| behind),
            };
            match behind {
                Some(behind) => rest = behind,
                None => return false,
            }
        }
        rest.is_empty()
    }

    /// The value with its secrets, each made by `make` from its length.
    ///
    /// # Errors
    /// What `make` says.
    pub fn fill<E>(&self, mut make: impl FnMut(usize) -> Result<Secret, E>) -> Result<Secret, E> {
        let mut value = String::new();
        for piece in &self.pieces {
            match piece {
                Piece::Text(text) => value.push_str(text),
                Piece::Secret(length) => value.push_str(make(*length)?.expose()),
            }
        }
        Ok(Secret::new(value))
    }
}

fn read_length(arguments: &str) -> Result<usize, InvalidText> {
    arguments
        .strip_suffix(')')
        .and_then(|length| length.trim().parse().ok())
        .filter(|length| LENGTHS.contains(length))
        .ok_or_else(|| {
            InvalidText::new(format!(
                "asks for a generated secret, whose length must be between {} and {}, as in ${{{{secret(32)}}}}",
                LENGTHS.start(),
                LENGTHS.end()
            ))
        })
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;

    use super::{Secret, Template};

    fn fill(value: &str) -> String {
        let template = Template::parse(value).unwrap().unwrap();
        let made: Result<_, Infallible> =
            template.fill(|length| Ok(Secret::new("x".repeat(length))));
        made.unwrap().expose().to_owned()
    }

    #[test]
    fn secrets_are_made_within_longer_values() {
        assert_eq!(fill("${{secret(8)}}"), "xxxxxxxx");
        assert_eq!(
            fill("postgres://u:${{ secret( 9 ) }}@${{db.HOST}}/${{secret(8)}}?é"),
            "postgres://u:xxxxxxxxx@${{db.HOST}}/xxxxxxxx?é"
        );
    }

    #[test]
    fn a_value_without_one_is_left_alone() {
        for value in [
            "",
            "plain",
            "$secret(8)",
            "${{secret.KEY}}",
            "${{secrets}}",
            "${{secret(8)",
        ] {
            assert!(Template::parse(value).unwrap().is_none(), "{value}");
        }
    }

    #[test]
    fn the_length_is_checked() {
        for value in ["7", "257", "", "x", "-8", "8)(", "99999999999999999999"] {
            let value = format!("a${{{{secret({value})}}}}");
            let message = Template::parse(&value).unwrap_err().to_string();
            assert!(message.contains("between 8 and 256"), "{value}: {message}");
        }
        assert!(Template::parse("${{secret(256)}}").unwrap().is_some());
    }

    #[test]
    fn a_value_is_known_by_its_template() {
        let template = Template::parse("u:${{secret(8)}}@é").unwrap().unwrap();
        assert!(template.has_made("u:abcdEF12@é"));
        for other in [
            "u:abcdEF123@é",
            "u:abcdEF1@é",
            "u:abcd-F12@é",
            "v:abcdEF12@é",
            "u:abcdEF1é",
            "",
        ] {
            assert!(!template.has_made(other), "{other}");
        }
    }
}
