//! The server's own files: the master key, the one-time set-up token and the proxy's proof.
//!
//! All are random, readable for the server's user alone, and appear complete or not at all.

use std::fs::{self, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail};
use longshore_control::Keyring;
use longshore_domain::Secret;
use rand::TryRngCore as _;
use rand::rngs::OsRng;

/// Bytes of the master key.
const KEY_BYTES: usize = 32;

/// Bytes of the proof that a request comes through the machine's own proxy.
const PROOF_BYTES: usize = 32;

/// Bytes of the set-up token: enough that nobody guesses it, few enough to type.
const TOKEN_BYTES: usize = 16;

/// The master key, from its file or new.
pub struct MasterKey {
    file: PathBuf,
    hex: String,
    is_new: bool,
}

impl MasterKey {
    /// Reads the key. A machine without one gets a new one, which is not stored yet.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn read_or_make(server_dir: &Path) -> Result<Self> {
        let file = server_dir.join("master.key");
        match fs::read_to_string(&file) {
            Ok(text) => Ok(Self {
                file,
                hex: text,
                is_new: false,
            }),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Self {
                file,
                hex: random_hex(KEY_BYTES)?,
                is_new: true,
            }),
            Err(error) => Err(error).with_context(|| format!("cannot read {}", file.display())),
        }
    }

    /// Reads the key of an installation that has run before.
    ///
    /// # Errors
    /// When there is none, or this user may not read it.
    pub fn read(server_dir: &Path) -> Result<Self> {
        let key = Self::read_or_make(server_dir)?;
        if key.is_new {
            bail!(
                "there is no {}; start Longshore once: longshore up",
                key.file.display()
            );
        }
        Ok(key)
    }

    /// The key, for encrypting and decrypting.
    ///
    /// # Errors
    /// When the file holds something else.
    pub fn keyring(&self) -> Result<Keyring> {
        Keyring::from_hex(&self.hex).with_context(|| format!("{} is damaged", self.file.display()))
    }

    /// Stores a new key, unless the database already holds what only the lost one can read.
    ///
    /// # Errors
    /// When the key is new and the database is not.
    pub fn settle(&self, database_is_empty: bool) -> Result<()> {
        if !self.is_new {
            return Ok(());
        }
        if !database_is_empty {
            bail!(
                "the master key {} is missing, but the database holds secrets encrypted with it: \
                 put the key back from your backup",
                self.file.display()
            );
        }
        write_once(&self.file, &self.hex)?;
        tracing::info!(file = %self.file.display(), "made the master key; back it up");
        Ok(())
    }
}

/// Where the set-up token is until the first administrator exists.
pub fn setup_token_file(server_dir: &Path) -> PathBuf {
    server_dir.join("setup-token")
}

/// Makes the set-up token while it is needed, and removes it when it is not.
///
/// # Errors
/// When the file cannot be written or removed.
pub fn settle_setup_token(server_dir: &Path, needed: bool) -> Result<()> {
    let file = setup_token_file(server_dir);
    if !needed {
        return match fs::remove_file(&file) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                Err(error).with_context(|| format!("cannot remove {}", file.display()))
            }
            _ => Ok(()),
        };
    }
    if !file.exists() {
        write_once(&file, &random_hex(TOKEN_BYTES)?)?;
    }
    tracing::info!(
        file = %file.display(),
        "no administrator exists yet: open the dashboard and enter the set-up token from the file"
    );
    Ok(())
}

/// The proof that a request comes through the machine's own proxy, made at the first use.
///
/// # Errors
/// When the file cannot be read or written.
pub fn proxy_proof(server_dir: &Path) -> Result<Secret> {
    let file = server_dir.join("proxy-proof");
    match fs::read_to_string(&file) {
        Ok(text) if text.trim().len() == PROOF_BYTES * 2 => return Ok(Secret::new(text.trim())),
        Err(error) if error.kind() != io::ErrorKind::NotFound => {
            return Err(error).with_context(|| format!("cannot read {}", file.display()));
        }
        _ => {}
    }
    let proof = random_hex(PROOF_BYTES)?;
    write_once(&file, &proof)?;
    Ok(Secret::new(proof))
}

fn random_hex(bytes: usize) -> Result<String> {
    let mut random = vec![0; bytes];
    OsRng
        .try_fill_bytes(&mut random)
        .context("the system gives no random numbers")?;
    Ok(hex::encode(random))
}

fn write_once(file: &Path, text: &str) -> Result<()> {
    let next = file.with_extension("new");
    let write = || -> io::Result<()> {
        match fs::remove_file(&next) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
        let mut open = OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(0o600)
            .open(&next)?;
        writeln!(open, "{text}")?;
        open.sync_all()?;
        fs::rename(&next, file)
    };
    write().with_context(|| format!("cannot write {}", file.display()))
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    fn mode(path: &Path) -> u32 {
        fs::metadata(path).unwrap().permissions().mode() & 0o777
    }

    #[test]
    fn a_fresh_installation_gets_a_key_and_keeps_it() {
        let directory = tempfile::tempdir().unwrap();
        let made = MasterKey::read_or_make(directory.path()).unwrap();
        made.settle(true).unwrap();
        let read = MasterKey::read(directory.path()).unwrap();
        assert_eq!(read.hex.trim(), made.hex);
        read.settle(false).unwrap();
        read.keyring().unwrap();
        assert_eq!(mode(&directory.path().join("master.key")), 0o600);
    }

    #[test]
    fn a_lost_key_is_not_replaced_while_the_database_needs_it() {
        let directory = tempfile::tempdir().unwrap();
        let made = MasterKey::read_or_make(directory.path()).unwrap();
        let text = made.settle(false).unwrap_err().to_string();
        assert!(text.contains("from your backup"), "{text}");
        assert!(!directory.path().join("master.key").exists());
    }

    #[test]
    fn a_damaged_key_is_refused() {
        let directory = tempfile::tempdir().unwrap();
        fs::write(directory.path().join("master.key"), "not a key").unwrap();
        assert!(
            MasterKey::read(directory.path())
                .unwrap()
                .keyring()
                .is_err()
        );
    }

    #[test]
    fn the_proxys_proof_stays_the_same_and_is_made_again_when_it_is_damaged() {
        let directory = tempfile::tempdir().unwrap();
        let first = proxy_proof(directory.path()).unwrap();
        assert_eq!(first.expose().len(), 64);
        let again = proxy_proof(directory.path()).unwrap();
        assert_eq!(first.expose(), again.expose());
        let file = directory.path().join("proxy-proof");
        assert_eq!(mode(&file), 0o600);
        fs::write(&file, "").unwrap();
        let other = proxy_proof(directory.path()).unwrap();
        assert_ne!(first.expose(), other.expose());
    }

    #[test]
    fn the_set_up_token_stays_the_same_until_it_is_not_needed() {
        let directory = tempfile::tempdir().unwrap();
        let file = setup_token_file(directory.path());
        settle_setup_token(directory.path(), true).unwrap();
        let first = fs::read_to_string(&file).unwrap();
        assert_eq!((first.trim().len(), mode(&file)), (32, 0o600));
        settle_setup_token(directory.path(), true).unwrap();
        assert_eq!(fs::read_to_string(&file).unwrap(), first);
        settle_setup_token(directory.path(), false).unwrap();
        settle_setup_token(directory.path(), false).unwrap();
        assert!(!file.exists());
    }
}
