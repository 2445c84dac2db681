//! Hashes of passwords: argon2id with the parameters that OWASP recommends (19 MiB,
//! two passes, one lane).

use std::sync::Arc;

use argon2::password_hash::{PasswordHash, PasswordHasher, PasswordVerifier, SaltString};
use argon2::{Algorithm, Argon2, Params, Version};
use longshore_domain::Secret;
use rand::TryRngCore;
use rand::rngs::OsRng;
use tokio::sync::Semaphore;
use tokio::task::spawn_blocking;

use crate::{ControlError, Result};

/// A hash that no password has, so that unknown accounts take as long as known ones.
const NOBODY: &str = "$argon2id$v=19$m=19456,t=2,p=1$bG9uZ3Nob3JlLXNhbHQ$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";

/// Nobody types longer passwords; longer text is not hashed.
const LONGEST_BYTES: usize = 4096;

/// Hashes and verifies passwords off the asynchronous threads, a few at a time: each needs
/// 19 MiB.
#[derive(Clone)]
pub(crate) struct Passwords(Arc<Semaphore>);

impl Default for Passwords {
    fn default() -> Self {
        Self(Arc::new(Semaphore::new(4)))
    }
}

impl Passwords {
    /// A new hash in PHC form. Works on a blocking thread.
    pub(crate) async fn hash(&self, password: &str) -> Result<String> {
        let mut salt = [0_u8; 16];
        OsRng
            .try_fill_bytes(&mut salt)
            .map_err(ControlError::internal)?;
        let password = Secret::new(password);
        self.work(move || {
            let salt = SaltString::encode_b64(&salt).map_err(|error| error.to_string())?;
            let hash = argon2()?
                .hash_password(password.expose().as_bytes(), &salt)
                .map_err(|error| error.to_string())?;
            Ok(hash.to_string())
        })
        .await
    }

    /// Whether a password has this hash; without a hash the answer is no and takes as
    /// long. Works on a blocking thread.
    pub(crate) async fn verify(&self, password: &str, hash: Option<&str>) -> Result<bool> {
        let known = hash.is_some() && password.len() <= LONGEST_BYTES;
        let hash = hash.unwrap_or(NOBODY).to_owned();
        let password = Secret::new(if known { password } else { "nobody" });
        self.work(move || {
            let hash = PasswordHash::new(&hash).map_err(|error| error.to_string())?;
            let matches = argon2()?
                .verify_password(password.expose().as_bytes(), &hash)
                .is_ok();
            Ok(known && matches)
        })
        .await
    }

    async fn work<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> std::result::Result<T, String> + Send + 'static,
    ) -> Result<T> {
        let _permit = self.0.acquire().await.map_err(ControlError::internal)?;
        spawn_blocking(work)
            .await
            .map_err(ControlError::internal)?
            .map_err(ControlError::internal)
    }
}

fn argon2() -> std::result::Result<Argon2<'static>, String> {
    let params = Params::new(19 * 1024, 2, 1, None).map_err(|error| error.to_string())?;
    Ok(Argon2::new(Algorithm::Argon2id, Version::V0x13, params))
}

#[cfg(test)]
mod tests;
