//! Host names and path prefixes that route to a service.

use std::str::FromStr;

use super::{InvalidText, text_type};

/// A host name in ASCII lower case (RFC 1123), at most 253 characters, each label at
/// most 63. Names in other scripts are turned into punycode. `*.example.com` stands for all
/// names one label below `example.com`.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct DomainName(String);
text_type!(DomainName);

impl DomainName {
    /// Whether it stands for all names one label below another.
    pub fn is_wildcard(&self) -> bool {
        self.0.starts_with("*.")
    }

    /// The name without `*.`.
    pub fn base(&self) -> &str {
        self.0.strip_prefix("*.").unwrap_or(&self.0)
    }

    /// Whether it is the other name, or stands for it.
    pub fn covers(&self, other: &Self) -> bool {
        self == other
            || (self.is_wildcard()
                && other
                    .0
                    .split_once('.')
                    .is_some_and(|(first, rest)| first != "*" && rest == self.base()))
    }
}

impl FromStr for DomainName {
    type Err = InvalidText;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let text = text.trim().trim_end_matches('.');
        if text.is_empty() {
            return Err(InvalidText::new("is required"));
        }
        if text.contains("://") || text.contains('/') {
            return Err(InvalidText::new(
                "must be a host name alone, such as app.example.com, without a scheme or path",
            ));
        }
        // The URL standard's host parser turns other scripts into punycode.
        let ascii = match url::Host::parse(text) {
            Ok(url::Host::Domain(name)) => name,
            Ok(_) => return Err(InvalidText::new("must be a host name, not an address")),
            Err(_) => return Err(InvalidText::new("is not a host name")),
        };
        if ascii.len() > 253 {
            return Err(InvalidText::new("must have at most 253 characters"));
        }
        let base = ascii.strip_prefix("*.").unwrap_or(&ascii);
        for label in base.split('.') {
            let fits = !label.is_empty()
                && label.len() <= 63
                && label
                    .bytes()
                    .all(|b| b.is_ascii_alphanumeric() || b == b'-')
                && !label.starts_with('-')
                && !label.ends_with('-');
            if !fits {
                return Err(InvalidText::new(format!(
                    "has the part {label:?}, which is not allowed in a host name"
                )));
            }
        }
        Ok(Self(ascii))
    }
}

/// The path under which a domain routes: `/`, or `/a/b` without a trailing slash.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct PathPrefix(String);
text_type!(PathPrefix);

impl PathPrefix {
    /// The whole host, `/`.
    pub fn root() -> Self {
        Self("/".to_owned())
    }

    /// Whether this is the whole host.
    pub fn is_root(&self) -> bool {
        self.0 == "/"
    }
}

impl FromStr for PathPrefix {
    type Err = InvalidText;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let text = text.trim();
        if text.is_empty() || text == "/" {
            return Ok(Self::root());
        }
        if !text.starts_with('/') {
            return Err(InvalidText::new("must start with /"));
        }
        if text.len() > 200 {
            return Err(InvalidText::new("must have at most 200 characters"));
        }
        let trimmed = text.trim_end_matches('/');
        for part in trimmed.split('/').skip(1) {
            let fits = !part.is_empty()
                && part != "."
                && part != ".."
                && part
                    .bytes()
                    .all(|b| b.is_ascii_alphanumeric() || b"._~-".contains(&b));
            if !fits {
                return Err(InvalidText::new(
                    "may hold letters, digits and . _ ~ - between single slashes only",
                ));
            }
        }
        if trimmed.is_empty() {
            return Ok(Self::root());
        }
        Ok(Self(trimmed.to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::DomainName;

    #[test]
    fn a_wildcard_covers_one_label() {
        let wildcard: DomainName = "*.Example.com".parse().unwrap();
        assert!(wildcard.is_wildcard());
        assert_eq!(wildcard.as_str(), "*.example.com");
        for (name, is_covered) in [
            ("a.example.com", true),
            ("*.example.com", true),
            ("example.com", false),
            ("a.b.example.com", false),
        ] {
            assert_eq!(
                wildcard.covers(&name.parse().unwrap()),
                is_covered,
                "{name}"
            );
        }
        for text in ["*", "*.", "a.*.com", "**.com", "*a.com"] {
            assert!(text.parse::<DomainName>().is_err(), "{text}");
        }
    }
}
