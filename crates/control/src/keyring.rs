//! Encryption of stored secrets: XChaCha20-Poly1305 with the master key. The associated
//! data binds a ciphertext to its purpose and its row, so that one cannot be moved to
//! another place; decryption fails closed.

use std::sync::Arc;

use chacha20poly1305::aead::{Aead, Payload};
use chacha20poly1305::{KeyInit, XChaCha20Poly1305, XNonce};
use longshore_domain::Secret;
use rand::TryRngCore;
use rand::rngs::OsRng;
use uuid::Uuid;
use zeroize::Zeroizing;

/// The version byte in front of each ciphertext, for later changes of the method.
const VERSION: u8 = 1;
/// Bytes of an XChaCha20 nonce, random for each encryption.
const NONCE: usize = 24;

/// The master key, which lives outside the database. Cheap to clone.
#[derive(Clone)]
pub struct Keyring(Arc<XChaCha20Poly1305>);

impl std::fmt::Debug for Keyring {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("Keyring([redacted])")
    }
}

/// The master key is not 64 hexadecimal digits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the master key must be 64 hexadecimal digits (32 bytes)")]
pub struct InvalidMasterKey;

/// A stored secret cannot be decrypted: another master key, or changed data.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a stored secret ({purpose}) cannot be decrypted with this master key")]
pub struct DecryptError {
    purpose: &'static str,
}

/// What a secret is for; part of the associated data. Never rename one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Purpose {
    /// A variable; the row is its service, environment or project, and the key counts too.
    Variable,
    /// The variables of a deployment.
    DeploymentVariables,
    /// A Git token or deploy key; the row is the service.
    GitSecret,
    /// A webhook's secret; the row is the hook.
    HookSecret,
    /// A password that a database is being given; the row is the service.
    NewPassword,
    /// A password of an account at a registry; the row is the account.
    RegistryPassword,
    /// The key of a team's own certificate; the row is the certificate.
    CertificateKey,
    /// The token, key or password of a DNS provider; the row is the provider.
    DnsProvider,
}

impl Purpose {
    fn as_str(self) -> &'static str {
        match self {
            Self::Variable => "variable",
            Self::DeploymentVariables => "deployment-variables",
            Self::GitSecret => "git-secret",
            Self::HookSecret => "hook-secret",
            Self::NewPassword => "new-password",
            Self::RegistryPassword => "registry-password",
            Self::CertificateKey => "certificate-key",
            Self::DnsProvider => "dns-provider",
        }
    }
}

impl Keyring {
    /// Reads the master key: 64 hexadecimal digits, space around them does not matter.
    ///
    /// # Errors
    /// When it is something else.
    pub fn from_hex(text: &str) -> Result<Self, InvalidMasterKey> {
        let mut key = Zeroizing::new([0_u8; 32]);
        hex::decode_to_slice(text.trim(), &mut key[..]).map_err(|_| InvalidMasterKey)?;
        Ok(Self(Arc::new(XChaCha20Poly1305::new((&*key).into()))))
    }

    pub(crate) fn encrypt(
        &self,
        purpose: Purpose,
        row: Uuid,
        name: &str,
        plain: &str,
    ) -> crate::Result<Vec<u8>> {
        let mut nonce = [0_u8; NONCE];
        OsRng
            .try_fill_bytes(&mut nonce)
            .map_err(crate::ControlError::internal)?;
        let sealed = self
            .0
            .encrypt(
                XNonce::from_slice(&nonce),
                Payload {
                    msg: plain.as_bytes(),
                    aad: &associated_data(purpose, row, name),
                },
            )
            .map_err(|_| crate::ControlError::internal("encryption failed"))?;
        let mut stored = Vec::with_capacity(1 + NONCE + sealed.len());
        stored.push(VERSION);
        stored.extend_from_slice(&nonce);
        stored.extend_from_slice(&sealed);
        Ok(stored)
    }

    pub(crate) fn decrypt(
        &self,
        purpose: Purpose,
        row: Uuid,
        name: &str,
        stored: &[u8],
    ) -> Result<Secret, DecryptError> {
        let failed = DecryptError {
            purpose: purpose.as_str(),
        };
        let (version, rest) = stored.split_first().ok_or(failed)?;
        if *version != VERSION || rest.len() < NONCE {
            return Err(failed);
        }
        let (nonce, sealed) = rest.split_at(NONCE);
        let plain = self
            .0
            .decrypt(
                XNonce::from_slice(nonce),
                Payload {
                    msg: sealed,
                    aad: &associated_data(purpose, row, name),
                },
            )
            .map_err(|_| failed)?;
        String::from_utf8(plain)
            .map(Secret::new)
            .map_err(|_| failed)
    }
}

impl From<DecryptError> for crate::ControlError {
    fn from(error: DecryptError) -> Self {
        Self::Internal(Box::new(error))
    }
}

/// Purpose and row are of fixed shape, so no two places have the same bytes.
fn associated_data(purpose: Purpose, row: Uuid, name: &str) -> Vec<u8> {
    format!("longshore/{}/{row}/{name}", purpose.as_str()).into_bytes()
}

#[cfg(test)]
mod tests;
