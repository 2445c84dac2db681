//! References to container images.

use std::str::FromStr;

use super::{InvalidText, text_type};

/// A reference to an image as Docker writes it: `[registry[:port]/]path[:tag][@sha256:…]`.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ImageRef(String);
text_type!(ImageRef);

impl FromStr for ImageRef {
    type Err = InvalidText;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let text = text.trim();
        if text.is_empty() {
            return Err(InvalidText::new("is required"));
        }
        if text.len() > 400 {
            return Err(InvalidText::new("must have at most 400 characters"));
        }
        let (name_and_tag, digest) = match text.split_once('@') {
            Some((name, digest)) => (name, Some(digest)),
            None => (text, None),
        };
        if let Some(digest) = digest {
            let hex = digest.strip_prefix("sha256:").unwrap_or_default();
            if hex.len() != 64 || !hex.bytes().all(|b| b.is_ascii_hexdigit()) {
                return Err(InvalidText::new(
                    "has a digest that is not sha256: and 64 hexadecimal digits",
                ));
            }
        }
        let (name, tag) = match name_and_tag.rsplit_once(':') {
            Some((name, tag)) if !tag.contains('/') => (name, Some(tag)),
            _ => (name_and_tag, None),
        };
        if let Some(tag) = tag {
            let fits = !tag.is_empty()
                && tag.len() <= 128
                && tag
                    .bytes()
                    .all(|b| b.is_ascii_alphanumeric() || b"._-".contains(&b))
                && !tag.starts_with(['.', '-']);
            if !fits {
                return Err(InvalidText::new("has a tag that Docker does not allow"));
            }
        }
        let mut parts = name.split('/').peekable();
        let mut first = true;
        while let Some(part) = parts.next() {
            let is_registry = first
                && parts.peek().is_some()
                && (part.contains(['.', ':']) || part == "localhost");
            first = false;
            let allowed = |b: u8| {
                b.is_ascii_lowercase()
                    || b.is_ascii_digit()
                    || b"._-".contains(&b)
                    || (is_registry && (b == b':' || b.is_ascii_uppercase()))
            };
            if part.is_empty()
                || !part.bytes().all(allowed)
                || part.starts_with(['.', '-', '_'])
                || part.ends_with(['.', '-', '_'])
            {
                return Err(InvalidText::new(
                    "is not an image reference such as nginx:1.27 or registry.example.com/team/app:v2",
                ));
            }
        }
        Ok(Self(text.to_owned()))
    }
}
