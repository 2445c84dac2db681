//! Git URLs, references and commits.

use std::str::FromStr;

use serde::{Deserialize, Serialize};
use url::Url;

use super::{InvalidText, text_type};

/// How a repository is reached.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum GitScheme {
    /// `https://`
    Https,
    /// `http://`, for servers in a private network.
    Http,
    /// `ssh://` or `user@host:path`
    Ssh,
    /// `git://`
    Git,
}

/// The URL of a Git repository: `https`, `http`, `ssh` (also written `git@host:path`)
/// or `git`, without credentials: those are kept apart and encrypted.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct GitUrl(String);
text_type!(GitUrl);

impl GitUrl {
    /// How the repository is reached.
    pub fn scheme(&self) -> GitScheme {
        match self.0.split_once("://").map(|(scheme, _)| scheme) {
            Some("https") => GitScheme::Https,
            Some("http") => GitScheme::Http,
            Some("git") => GitScheme::Git,
            _ => GitScheme::Ssh,
        }
    }

    /// The host, and the port when the URL names one.
    pub fn host(&self) -> String {
        Url::parse(&self.0)
            .ok()
            .and_then(|url| {
                let host = url.host_str()?.to_owned();
                Some(match url.port() {
                    Some(port) => format!("{host}:{port}"),
                    None => host,
                })
            })
            .unwrap_or_default()
    }
}

impl FromStr for GitUrl {
    type Err = InvalidText;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let text = text.trim();
        if text.is_empty() {
            return Err(InvalidText::new("is required"));
        }
        if text.len() > 500 {
            return Err(InvalidText::new("must have at most 500 characters"));
        }
        if text.chars().any(|c| c.is_control() || c.is_whitespace()) {
            return Err(InvalidText::new(
                "must not hold spaces or control characters",
            ));
        }
        let expanded = expand_scp_form(text);
        let url = Url::parse(&expanded).map_err(|_| {
            InvalidText::new(
                "is not a Git URL; use https://host/path, ssh://git@host/path or git@host:path",
            )
        })?;
        let ssh = match url.scheme() {
            "https" | "http" | "git" => false,
            "ssh" => true,
            other => {
                return Err(InvalidText::new(format!(
                    "must use https, http, ssh or git, not {other}"
                )));
            }
        };
        if url.host_str().is_none_or(str::is_empty) {
            return Err(InvalidText::new("must name a host"));
        }
        if url.path().trim_matches('/').is_empty() {
            return Err(InvalidText::new("must name a repository behind the host"));
        }
        if url.password().is_some() || (!ssh && !url.username().is_empty()) {
            return Err(InvalidText::new(
                "must not hold credentials; give a token or a deploy key instead",
            ));
        }
        if url.query().is_some() || url.fragment().is_some() {
            return Err(InvalidText::new("must not hold a query or a fragment"));
        }
        if [url.username(), url.host_str().unwrap_or_default()]
            .iter()
            .any(|part| part.starts_with('-') || part.contains("%2"))
            || url.path().starts_with("/-")
        {
            return Err(InvalidText::new("must not hold parts that start with -"));
        }
        Ok(Self(url.to_string()))
    }
}

/// `git@host:path` becomes `ssh://git@host/path`; everything else stays.
fn expand_scp_form(text: &str) -> String {
    if text.contains("://") {
        return text.to_owned();
    }
    match text.split_once(':') {
        Some((host, path)) if !host.contains('/') && host.contains('@') => {
            format!("ssh://{host}/{}", path.trim_start_matches('/'))
        }
        _ => text.to_owned(),
    }
}

/// The name of a branch or tag, after the rules of `git check-ref-format`, narrowed
/// to letters, digits and `. _ / - + @ #`.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct GitRef(String);
text_type!(GitRef);

impl FromStr for GitRef {
    type Err = InvalidText;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let text = text.trim();
        if text.is_empty() {
            return Err(InvalidText::new("is required"));
        }
        if text.len() > 200 {
            return Err(InvalidText::new("must have at most 200 characters"));
        }
        if let Some(bad) = text
            .chars()
            .find(|c| !(c.is_alphanumeric() || "._/-+@#".contains(*c)))
        {
            return Err(InvalidText::new(format!(
                "may hold letters, digits and . _ / - + @ # only, not {bad:?}"
            )));
        }
        let bad_part = text
            .split('/')
            .any(|part| part.is_empty() || part.starts_with('.') || is_lock(part));
        if text.starts_with('-') || text.contains("..") || text.ends_with('.') || bad_part {
            return Err(InvalidText::new("is not a valid name of a branch"));
        }
        Ok(Self(text.to_owned()))
    }
}

/// Git keeps `<reference>.lock` for itself, in this spelling alone.
fn is_lock(part: &str) -> bool {
    part.strip_suffix(".lock").is_some()
}

/// A full commit id: 40 (SHA-1) or 64 (SHA-256) lower-case hexadecimal digits.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct CommitSha(String);
text_type!(CommitSha);

impl CommitSha {
    /// The first seven digits, as people write it.
    pub fn short(&self) -> &str {
        &self.0[..7]
    }
}

impl FromStr for CommitSha {
    type Err = InvalidText;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let text = text.trim().to_ascii_lowercase();
        if !matches!(text.len(), 40 | 64) || !text.bytes().all(|b| b.is_ascii_hexdigit()) {
            return Err(InvalidText::new(
                "must be a full commit id of 40 or 64 hexadecimal digits",
            ));
        }
        Ok(Self(text))
    }
}
