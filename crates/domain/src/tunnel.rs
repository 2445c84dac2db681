//! Cloudflare Tunnel: a program that fetches requests from Cloudflare, so that no port of the
//! machine need be open. It is an app like others; this is how that app is made, and what
//! its token looks like.

use std::borrow::Cow;
use std::fmt;
use std::str::FromStr;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use serde::Deserialize;
use uuid::Uuid;
use zeroize::Zeroizing;

use crate::Secret;
use crate::health::{HealthCheck, HealthProbe};
use crate::run::RunSettings;
use crate::text::InvalidText;

/// The image of `cloudflared`, unless somebody wants another version.
pub const IMAGE: &str = "cloudflare/cloudflared:2026.9.3";
/// The variable from which `cloudflared` takes its token.
pub const TOKEN_KEY: &str = "TUNNEL_TOKEN";
/// The variable that says where `cloudflared` tells how it does.
pub const METRICS_KEY: &str = "TUNNEL_METRICS";
/// Inside the container alone: what it tells is nothing for its neighbours.
pub const METRICS: &str = "127.0.0.1:2000";

/// For how long `cloudflared` lets requests end after SIGTERM, in seconds, if it is let.
const GRACE_SECONDS: u32 = 30;
/// With what every token begins: base64 of `{"`.
const BEGINNING: &str = "eyJ";
/// Longer texts are no tokens, nor commands with one.
const LONGEST: usize = 8192;

/// How `cloudflared` runs. It is healthy while it has a connection to Cloudflare, which it
/// tells on a page that only itself can reach: the command that asks is in its image, which
/// holds nothing else.
pub fn run_settings() -> RunSettings {
    let words = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect();
    RunSettings {
        arguments: Some(words(&["tunnel", "--no-autoupdate", "run"])),
        health: HealthCheck {
            probe: HealthProbe::Command {
                argv: words(&["cloudflared", "tunnel", "--metrics", METRICS, "ready"]),
            },
            interval_seconds: 10,
            timeout_seconds: 5,
            start_period_seconds: 30,
            // A minute without Cloudflare is the network's fault more often than its own.
            retries: 6,
            ..HealthCheck::default()
        },
        // Cloudflare sends it nothing new once it is told to stop.
        drain_seconds: 0,
        stop_grace_seconds: GRACE_SECONDS + 5,
        ..RunSettings::default()
    }
}

/// The token of a tunnel: base64 of the account, the tunnel and its secret.
#[derive(Clone)]
pub struct TunnelToken(Secret);

impl TunnelToken {
    /// The token.
    pub fn secret(&self) -> &Secret {
        &self.0
    }
}

impl fmt::Debug for TunnelToken {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("TunnelToken([redacted])")
    }
}

/// What a token holds.
#[derive(Deserialize)]
struct Parts<'a> {
    #[serde(borrow, rename = "a")]
    account: Option<Cow<'a, str>>,
    #[serde(borrow, rename = "t")]
    tunnel: Option<Cow<'a, str>>,
    #[serde(borrow, rename = "s")]
    secret: Option<Cow<'a, str>>,
}

impl FromStr for TunnelToken {
    type Err = InvalidText;

    /// Takes a token, or a command of Cloudflare's dashboard with one in it.
    fn from_str(text: &str) -> Result<Self, InvalidText> {
        if text.len() > LONGEST {
            let problem = format!("must have at most {LONGEST} characters");
            return Err(InvalidText::new(problem));
        }
        let token = token_in(text)?;
        let changed = || {
            InvalidText::new(
                "is cut off, changed or not that of a tunnel; copy it as a whole from Cloudflare’s dashboard",
            )
        };
        let decoded = BASE64_STANDARD.decode(token.as_bytes());
        let decoded = Zeroizing::new(decoded.map_err(|_| changed())?);
        let parts: Parts<'_> = serde_json::from_slice(&decoded).map_err(|_| changed())?;
        let lacks = |what| InvalidText::new(format!("must hold {what}; this one does not"));
        let given = |part: &Option<Cow<'_, str>>| part.as_deref().is_some_and(|p| !p.is_empty());
        if !given(&parts.account) {
            return Err(lacks("the account (“a”)"));
        }
        let tunnel = parts.tunnel.as_deref().unwrap_or_default();
        if tunnel.parse::<Uuid>().is_err() {
            return Err(lacks("the tunnel’s id (“t”)"));
        }
        let secret = parts.secret.as_deref().unwrap_or_default();
        if !BASE64_STANDARD.decode(secret).is_ok_and(|s| !s.is_empty()) {
            return Err(lacks("the tunnel’s secret (“s”)"));
        }
        Ok(Self(Secret::new(token.into_owned())))
    }
}

/// The token in what was pasted: alone, on several lines, or in a command.
fn token_in(text: &str) -> Result<Cow<'_, str>, InvalidText> {
    let text = text.trim();
    if text.is_empty() {
        return Err(InvalidText::new("is required"));
    }
    if text.starts_with(BEGINNING) {
        // A terminal may have broken the line.
        return Ok(match text.split_once(char::is_whitespace) {
            None => Cow::Borrowed(text),
            Some(_) => Cow::Owned(text.split_whitespace().collect()),
        });
    }
    let mut words = text.split_whitespace().map(bare);
    let found = words.find(|word| word.starts_with(BEGINNING));
    found.map(Cow::Borrowed).ok_or_else(|| {
        InvalidText::new(format!(
            "must begin with {BEGINNING}: copy the tunnel’s token, or the command with it, from Cloudflare’s dashboard"
        ))
    })
}

/// A word of a command without the option before it and the quotes around it.
fn bare(word: &str) -> &str {
    let quotes = ['"', '\'', '`'];
    let word = word.trim_matches(quotes);
    let value = ["--token=", "TUNNEL_TOKEN="]
        .iter()
        .find_map(|before| Some(word.split_once(before)?.1));
    value.unwrap_or(word).trim_matches(quotes)
}

#[cfg(test)]
mod tests;
