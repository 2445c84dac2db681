//! Signatures of webhooks: over the raw bytes, by the one algorithm of the provider, in
//! constant time.

use hmac::{Hmac, Mac};
use longshore_domain::Secret;
use sha2::Sha256;

use crate::{Provider, random};

/// Whether a signature was made with one of these secrets.
pub(super) fn is_signed(
    provider: Provider,
    secrets: &[Secret],
    signature: Option<&str>,
    body: &[u8],
) -> bool {
    let Some(signature) = signature.map(str::trim) else {
        return false;
    };
    // Each secret is tried, so that the time does not tell which one it was.
    let mut signed = false;
    for secret in secrets {
        // An empty secret would be known to everybody.
        signed |= !secret.is_empty() && matches(provider, secret, signature, body);
    }
    signed
}

fn matches(provider: Provider, secret: &Secret, signature: &str, body: &[u8]) -> bool {
    let hex_digits = match provider {
        Provider::Gitlab | Provider::Registry => {
            return random::equal(signature, secret.expose());
        }
        Provider::Gitea => Some(signature),
        Provider::Github | Provider::Bitbucket => signature.strip_prefix("sha256="),
        Provider::Generic => Some(signature.strip_prefix("sha256=").unwrap_or(signature)),
    };
    let Some(Ok(given)) = hex_digits.map(hex::decode) else {
        return false;
    };
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(secret.expose().as_bytes()) else {
        return false;
    };
    mac.update(body);
    mac.verify_slice(&given).is_ok()
}

#[cfg(test)]
mod tests;
