//! Random text for tokens, secrets and passwords, from the operating system.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use longshore_domain::Secret;
use rand::TryRngCore;
use rand::rngs::OsRng;
use sha2::{Digest, Sha256};

use crate::{ControlError, Result};

/// So many random bytes, as base64url text.
pub(crate) fn text<const BYTES: usize>() -> Result<Secret> {
    let mut bytes = zeroize::Zeroizing::new([0_u8; BYTES]);
    OsRng
        .try_fill_bytes(&mut bytes[..])
        .map_err(ControlError::internal)?;
    Ok(Secret::new(URL_SAFE_NO_PAD.encode(&bytes[..])))
}

/// So many random bytes, as hexadecimal digits: text that no URL, no command line and no
/// file of settings takes for anything else.
pub(crate) fn hex<const BYTES: usize>() -> Result<Secret> {
    let mut bytes = zeroize::Zeroizing::new([0_u8; BYTES]);
    OsRng
        .try_fill_bytes(&mut bytes[..])
        .map_err(ControlError::internal)?;
    Ok(Secret::new(hex::encode(&bytes[..])))
}

/// So many letters and digits.
pub(crate) fn letters(length: usize) -> Result<Secret> {
    use longshore_domain::variable::generated::ALPHABET;

    // The largest multiple of the alphabet's size that fits into a byte: all are equally likely.
    const LIMIT: u8 = 248;
    let mut text = String::with_capacity(length);
    let mut bytes = zeroize::Zeroizing::new([0_u8; 64]);
    while text.len() < length {
        OsRng
            .try_fill_bytes(&mut bytes[..])
            .map_err(ControlError::internal)?;
        let fair = bytes.iter().filter(|byte| **byte < LIMIT);
        let letters = fair.map(|byte| char::from(ALPHABET[usize::from(*byte) % ALPHABET.len()]));
        text.extend(letters.take(length - text.len()));
    }
    Ok(Secret::new(text))
}

/// Whether two texts are equal, in a time that does not tell where they differ.
pub(crate) fn equal(one: &str, other: &str) -> bool {
    use subtle::ConstantTimeEq;

    let one = Sha256::digest(one.as_bytes());
    let other = Sha256::digest(other.as_bytes());
    one.as_slice().ct_eq(other.as_slice()).into()
}
