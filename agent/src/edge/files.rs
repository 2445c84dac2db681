//! The directory that the proxy reads, of which the agent is the only writer.

use std::fs;
use std::io::{self, Write};
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use longshore_agent_api::AgentProblem;
use longshore_domain::{DomainName, FailureKind, ServiceId};
use rand::Rng;

use super::dynamic::tag;

use crate::engine::problem;
use crate::machine::Owned;
use crate::paths::create_private;

const CANARY: &str = "canary.yml";
const CHALLENGES: &str = "challenges.yml";
const DASHBOARD: &str = "dashboard.yml";

/// The proxy's files.
#[derive(Debug, Clone)]
pub(super) struct Files {
    root: PathBuf,
}

/// The file with the routes of a service.
pub(super) fn routes_name(service: ServiceId) -> String {
    format!("service-{service}.yml")
}

/// The file with the probe of a version.
pub(super) fn probe_name(service: ServiceId, number: i32) -> String {
    format!("probe-{service}-{number}.yml")
}

/// The file that shows that files are taken.
pub(super) fn canary_name() -> &'static str {
    CANARY
}

/// The file with a certificate.
pub(super) fn certificate_name(host: &DomainName) -> String {
    format!("certificate-{}.yml", tag(host))
}

/// The file with the way of an authority's requests.
pub(super) fn challenges_name() -> &'static str {
    CHALLENGES
}

/// The file with the way to the dashboard.
pub(super) fn dashboard_name() -> &'static str {
    DASHBOARD
}

/// Whether the agent writes files of this name.
fn is_known(name: &str) -> bool {
    let certificate = name
        .strip_prefix("certificate-")
        .and_then(|name| name.strip_suffix(".yml"));
    [CANARY, CHALLENGES, DASHBOARD].contains(&name)
        || owned(name).is_some()
        || certificate.is_some_and(|tag| tag.bytes().all(|b| b.is_ascii_hexdigit()))
}

/// What a file is for; none when the agent does not write such files.
fn owned(name: &str) -> Option<Owned> {
    let stem = name.strip_suffix(".yml")?;
    if let Some(service) = stem.strip_prefix("service-") {
        let service = service.parse().ok()?;
        return Some(Owned::Routes { service });
    }
    let (service, number) = stem.strip_prefix("probe-")?.rsplit_once('-')?;
    Some(Owned::Probe {
        service: service.parse().ok()?,
        number: number.parse().ok()?,
    })
}

impl Files {
    pub(super) fn new(root: PathBuf) -> Self {
        Self { root }
    }

    /// The directory that the proxy reads.
    pub(super) fn dynamic(&self) -> PathBuf {
        self.root.join("dynamic")
    }

    /// Makes the directories and puts files aside that the agent does not write; gives
    /// their names.
    pub(super) async fn prepare(&self) -> Result<Vec<String>, AgentProblem> {
        let files = self.clone();
        blocking(move || {
            for directory in [files.root.clone(), files.dynamic(), files.fresh()] {
                create_private(&directory)?;
            }
            let mut unknown = Vec::new();
            for entry in fs::read_dir(files.dynamic())? {
                let entry = entry?;
                let name = entry.file_name().to_string_lossy().into_owned();
                if is_known(&name) && entry.file_type()?.is_file() {
                    continue;
                }
                let aside = files.root.join("quarantine");
                create_private(&aside)?;
                fs::rename(entry.path(), aside.join(&name))?;
                unknown.push(name);
            }
            Ok(unknown)
        })
        .await
    }

    /// The installation's secret for requests to the proxy, made at the first use.
    pub(super) async fn secret(&self) -> Result<String, AgentProblem> {
        let path = self.root.join("secret");
        blocking(move || {
            match fs::read_to_string(&path) {
                Ok(secret) if secret.len() == 64 => return Ok(secret),
                Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
                _ => {}
            }
            let secret = random();
            let mut file = fs::OpenOptions::new()
                .write(true)
                .create(true)
                .truncate(true)
                .mode(0o600)
                .open(&path)?;
            file.write_all(secret.as_bytes())?;
            file.sync_all()?;
            Ok(secret)
        })
        .await
    }

    /// The text of a file.
    pub(super) async fn read(&self, name: &str) -> Result<Option<String>, AgentProblem> {
        let path = self.dynamic().join(name);
        blocking(move || match fs::read_to_string(path) {
            Ok(text) => Ok(Some(text)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        })
        .await
    }

    /// Puts a file in place, or takes it away, in one step that survives a crash.
    pub(super) async fn put(&self, name: &str, text: Option<String>) -> Result<(), AgentProblem> {
        let directory = self.dynamic();
        let path = directory.join(name);
        // Beside the directory that the proxy watches: it need not see the first half.
        let fresh = self.fresh();
        blocking(move || {
            match text {
                Some(text) => {
                    let mut file = tempfile::NamedTempFile::new_in(fresh)?;
                    file.write_all(text.as_bytes())?;
                    file.as_file()
                        .set_permissions(fs::Permissions::from_mode(0o600))?;
                    file.as_file().sync_all()?;
                    file.persist(path).map_err(|error| error.error)?;
                }
                None => match fs::remove_file(path) {
                    Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
                    _ => {}
                },
            }
            sync(&directory)
        })
        .await
    }

    /// What there are files for.
    pub(super) async fn list(&self) -> Result<Vec<Owned>, AgentProblem> {
        let directory = self.dynamic();
        blocking(move || {
            let entries = match fs::read_dir(directory) {
                Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
                entries => entries?,
            };
            let mut found = Vec::new();
            for entry in entries {
                found.extend(owned(&entry?.file_name().to_string_lossy()));
            }
            Ok(found)
        })
        .await
    }

    fn fresh(&self) -> PathBuf {
        self.root.join("fresh")
    }
}

/// A secret of 256 random bits.
pub(super) fn random() -> String {
    hex::encode(rand::rng().random::<[u8; 32]>())
}

fn sync(directory: &Path) -> io::Result<()> {
    fs::File::open(directory)?.sync_all()
}

async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> io::Result<T> + Send + 'static,
) -> Result<T, AgentProblem> {
    tokio::task::spawn_blocking(work)
        .await
        .map_err(io::Error::other)
        .flatten()
        .map_err(|error| {
            tracing::error!(%error, "the proxy's files cannot be used");
            problem(
                FailureKind::DiskFull,
                "The proxy's files cannot be read or written on the server's disk.",
            )
        })
}

#[cfg(test)]
mod tests {
    use super::{Owned, certificate_name, is_known, owned, probe_name, routes_name};
    use longshore_domain::ServiceId;

    #[test]
    fn file_names_say_what_they_are_for() {
        let service = ServiceId::generate();
        assert_eq!(
            owned(&routes_name(service)),
            Some(Owned::Routes { service })
        );
        let probe = owned(&probe_name(service, 7));
        assert_eq!(probe, Some(Owned::Probe { service, number: 7 }));
        for foreign in [
            "service-.yml",
            "x.yml",
            "service-x.yml",
            ".tmp1",
            "probe-7.yml",
        ] {
            assert_eq!(owned(foreign), None, "{foreign}");
            assert!(!is_known(foreign), "{foreign}");
        }
        let certificate = certificate_name(&"*.example.com".parse().unwrap());
        assert!(is_known(&certificate), "{certificate}");
    }
}
