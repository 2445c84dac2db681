//! Headers that are set on requests and answers.

use std::str::FromStr;

use crate::InvalidText;
use crate::text::text_type;

/// Headers that belong to one connection or to the proxy itself.
const REFUSED: [&str; 10] = [
    "connection",
    "content-length",
    "host",
    "keep-alive",
    "proxy-connection",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
    "x-forwarded-for",
];

/// The name of a header: a token of RFC 9110.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct HeaderName(String);
text_type!(HeaderName);

impl FromStr for HeaderName {
    type Err = InvalidText;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let text = text.trim();
        let is_token = |b: u8| b.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&b);
        if text.is_empty() || text.len() > 100 || !text.bytes().all(is_token) {
            return Err(InvalidText::new(
                "must be the name of a header, such as X-Robots-Tag, with at most 100 characters",
            ));
        }
        let lower = text.to_ascii_lowercase();
        if REFUSED.contains(&lower.as_str()) || lower.starts_with("longshore-") {
            return Err(InvalidText::new(format!(
                "cannot be {text}, which the proxy needs itself"
            )));
        }
        Ok(Self(text.to_owned()))
    }
}

/// The value of a header: printable ASCII; empty takes the header away.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct HeaderValue(String);
text_type!(HeaderValue);

impl FromStr for HeaderValue {
    type Err = InvalidText;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let text = text.trim();
        if text.len() > 4000 {
            return Err(InvalidText::new("must have at most 4000 characters"));
        }
        if !text.bytes().all(|b| (b' '..=b'~').contains(&b)) {
            return Err(InvalidText::new("may hold printable ASCII characters only"));
        }
        Ok(Self(text.to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::{HeaderName, HeaderValue};

    #[rstest]
    #[case("")]
    #[case("X Y")]
    #[case("X:Y")]
    #[case("Ä")]
    #[case("Connection")]
    #[case("transfer-ENCODING")]
    #[case("Longshore-Marker")]
    fn names_that_are_none_or_not_ours_are_refused(#[case] text: &str) {
        assert!(text.parse::<HeaderName>().is_err(), "{text}");
    }

    #[test]
    fn values_are_one_printable_line() {
        assert_eq!(
            "max-age=0, {{x}}".parse::<HeaderValue>().unwrap().as_str(),
            "max-age=0, {{x}}"
        );
        for text in ["a\nb", "a\0", "ä", "\u{7f}"] {
            assert!(text.parse::<HeaderValue>().is_err(), "{text:?}");
        }
    }
}
