//! Certificates, their keys and the account on disk. Each file is replaced as a whole and is
//! readable by the agent alone.

use std::fs;
use std::io::{self, Write as _};
use std::os::unix::fs::PermissionsExt as _;
use std::path::PathBuf;

use longshore_agent_api::CertificateEvent;
use longshore_domain::DomainName;
use serde::{Deserialize, Serialize};
use time::OffsetDateTime;

use super::dns;
use super::pem::{self, Validity};
use crate::paths::create_private;

/// Most events that are kept of a certificate.
const MOST_EVENTS: usize = 20;

/// What is known of one host. Credentials for DNS are not: the server sends them.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Record {
    /// The name.
    pub(super) host: DomainName,
    /// Whether the machine shall have it; else it lies here until it has run out.
    pub(super) is_wanted: bool,
    /// Whether a DNS record is the proof.
    pub(super) by_dns: bool,
    /// The certificate as it was issued.
    pub(super) issued: Option<Issued>,
    /// When it is renewed.
    #[serde(with = "time::serde::rfc3339::option")]
    pub(super) renew_at: Option<OffsetDateTime>,
    /// Since when attempts have failed.
    #[serde(with = "time::serde::rfc3339::option")]
    pub(super) failing_since: Option<OffsetDateTime>,
    /// Failed attempts since the last good one.
    pub(super) failures: u32,
    /// Why the last attempt failed.
    pub(super) problem: Option<String>,
    /// When the next attempt is made after a failed one.
    #[serde(with = "time::serde::rfc3339::option")]
    pub(super) retry_at: Option<OffsetDateTime>,
    /// What happened, the newest first.
    pub(super) history: Vec<CertificateEvent>,
}

/// A certificate and its key, as PEM.
#[derive(Clone, Serialize, Deserialize)]
pub(super) struct Issued {
    /// The certificates, the host's own first.
    pub(super) chain: String,
    /// The key.
    pub(super) private_key: String,
}

impl std::fmt::Debug for Issued {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("[redacted]")
    }
}

impl Record {
    pub(super) fn new(host: DomainName) -> Self {
        Self {
            host,
            is_wanted: true,
            by_dns: false,
            issued: None,
            renew_at: None,
            failing_since: None,
            failures: 0,
            problem: None,
            retry_at: None,
            history: Vec::new(),
        }
    }

    pub(super) fn validity(&self) -> Option<Validity> {
        pem::validity(&self.issued.as_ref()?.chain)
    }

    pub(super) fn note(&mut self, at: OffsetDateTime, text: impl Into<String>) {
        let text = text.into();
        self.history.insert(0, CertificateEvent { at, text });
        self.history.truncate(MOST_EVENTS);
    }
}

/// The directory of certificates.
#[derive(Debug, Clone)]
pub(super) struct Store(PathBuf);

impl Store {
    pub(super) fn new(directory: PathBuf) -> Self {
        Self(directory)
    }

    /// All records. One that cannot be read is left alone and told of. Blocking.
    pub(super) fn load(&self) -> io::Result<Vec<Record>> {
        create_private(&self.0)?;
        let mut records = Vec::new();
        for entry in fs::read_dir(&self.0)? {
            let path = entry?.path();
            let name = path.file_name().unwrap_or_default().to_string_lossy();
            if !name.starts_with("host-") || !name.ends_with(".json") {
                continue;
            }
            match serde_json::from_slice(&fs::read(&path)?) {
                Ok(record) => records.push(record),
                Err(error) => {
                    tracing::error!(path = %path.display(), %error, "a stored certificate cannot be read");
                }
            }
        }
        Ok(records)
    }

    /// Blocking.
    pub(super) fn save(&self, record: &Record) -> io::Result<()> {
        self.put(&file_name(&record.host), &serde_json::to_vec(record)?)
    }

    /// Blocking.
    pub(super) fn delete(&self, host: &DomainName) -> io::Result<()> {
        match fs::remove_file(self.0.join(file_name(host))) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
            _ => Ok(()),
        }
    }

    /// The account at an authority. Blocking.
    pub(super) fn account(&self, directory: &str) -> Option<Account> {
        let text = fs::read(self.0.join("account.json")).ok()?;
        let account: Account = serde_json::from_slice(&text).ok()?;
        (account.directory == directory).then_some(account)
    }

    /// Blocking.
    pub(super) fn save_account(&self, account: &Account) -> io::Result<()> {
        self.put("account.json", &serde_json::to_vec(account)?)
    }

    /// The DNS records that were made for a host and perhaps not taken away. Blocking.
    pub(super) fn proofs(&self, host: &DomainName) -> Vec<dns::Record> {
        let text = fs::read(self.0.join(proofs_name(host))).unwrap_or_default();
        serde_json::from_slice(&text).unwrap_or_default()
    }

    /// Blocking.
    pub(super) fn save_proofs(&self, host: &DomainName, proofs: &[dns::Record]) -> io::Result<()> {
        let name = proofs_name(host);
        if !proofs.is_empty() {
            return self.put(&name, &serde_json::to_vec(proofs)?);
        }
        match fs::remove_file(self.0.join(name)) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
            _ => Ok(()),
        }
    }

    fn put(&self, name: &str, bytes: &[u8]) -> io::Result<()> {
        create_private(&self.0)?;
        let mut file = tempfile::NamedTempFile::new_in(&self.0)?;
        file.write_all(bytes)?;
        file.as_file()
            .set_permissions(fs::Permissions::from_mode(0o600))?;
        file.as_file().sync_all()?;
        file.persist(self.0.join(name))
            .map_err(|error| error.error)?;
        fs::File::open(&self.0)?.sync_all()
    }
}

/// The account at an authority.
#[derive(Clone, Serialize, Deserialize)]
pub(super) struct Account {
    /// The authority.
    pub(super) directory: String,
    /// The account's key as PKCS#8 in base64. It is stored before the authority is told of
    /// it, so that no second account is made when the agent ends in between.
    #[serde(default)]
    pub(super) key: Option<String>,
    /// The account as the client of ACME writes it; null while it is not known.
    pub(super) credentials: serde_json::Value,
    /// The address for letters that the authority was told, if any.
    #[serde(default)]
    pub(super) contact: Option<String>,
}

/// A host's name is made of letters, digits, dashes and dots; of a wildcard the star is
/// replaced.
fn file_name(host: &DomainName) -> String {
    format!("host-{}.json", host.as_str().replace('*', "_"))
}

fn proofs_name(host: &DomainName) -> String {
    format!("proofs-{}.json", host.as_str().replace('*', "_"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn records_come_back_and_are_nobody_elses() {
        let directory = tempfile::tempdir().unwrap();
        let store = Store::new(directory.path().join("certificates"));
        let mut record = Record::new("*.example.com".parse().unwrap());
        record.issued = Some(Issued {
            chain: "chain".to_owned(),
            private_key: "key".to_owned(),
        });
        store.save(&record).unwrap();
        fs::write(directory.path().join("certificates/host-x.json"), "{").unwrap();
        let loaded = store.load().unwrap();
        assert_eq!(loaded.len(), 1);
        assert_eq!(loaded[0].host, record.host);
        assert!(
            !format!("{:?}", loaded[0]).contains("key\""),
            "{:?}",
            loaded[0]
        );
        let path = directory
            .path()
            .join("certificates/host-_.example.com.json");
        let mode = fs::metadata(path).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        store.delete(&record.host).unwrap();
        store.delete(&record.host).unwrap();
        assert!(store.load().unwrap().is_empty());
    }

    #[test]
    fn an_account_belongs_to_one_authority() {
        let directory = tempfile::tempdir().unwrap();
        let store = Store::new(directory.path().to_owned());
        let account = Account {
            directory: "https://a".to_owned(),
            key: None,
            credentials: serde_json::json!({"k": 1}),
            contact: None,
        };
        store.save_account(&account).unwrap();
        assert!(store.account("https://a").is_some());
        assert!(store.account("https://b").is_none());
    }

    #[test]
    fn records_that_were_made_are_known_until_they_are_taken_away() {
        let directory = tempfile::tempdir().unwrap();
        let store = Store::new(directory.path().to_owned());
        let host = "*.example.com".parse().unwrap();
        let proofs = [dns::Record::proof(&host, "text".to_owned())];
        assert_eq!(store.proofs(&host), []);
        store.save_proofs(&host, &proofs).unwrap();
        assert_eq!(store.proofs(&host), proofs);
        assert!(store.load().unwrap().is_empty());
        store.save_proofs(&host, &[]).unwrap();
        store.save_proofs(&host, &[]).unwrap();
        assert_eq!(store.proofs(&host), []);
    }
}
