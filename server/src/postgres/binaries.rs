//! Finds PostgreSQL's programs.

use std::fs;
use std::path::{Path, PathBuf};

use super::PostgresError;

/// Where Debian and Ubuntu keep one directory for each major version.
const VERSIONED: &str = "/usr/lib/postgresql";

/// Where other distributions keep the one version they have.
const PLAIN: [&str; 3] = ["/usr/bin", "/usr/local/bin", "/usr/local/pgsql/bin"];

/// One version's programs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Binaries {
    directory: PathBuf,
    /// The major version; unknown when the directory's name does not tell it.
    major: Option<u32>,
}

impl Binaries {
    /// The programs that can serve a cluster of this major version; the newest, when there is no
    /// cluster yet.
    ///
    /// # Errors
    /// When there are none, or only of other versions.
    pub fn find(
        configured: Option<&Path>,
        cluster: Option<Clustered>,
    ) -> Result<Self, PostgresError> {
        let (candidates, searched) = match configured {
            Some(directory) => (vec![candidate(directory)], directory.display().to_string()),
            None => (
                installed(),
                format!("{VERSIONED}/*/bin, {}", PLAIN.join(", ")),
            ),
        };
        let found: Vec<Self> = candidates.into_iter().flatten().collect();
        choose(found, searched, cluster)
    }

    /// Path of `initdb`.
    pub fn initdb(&self) -> PathBuf {
        self.directory.join("initdb")
    }

    /// Path of `postgres`.
    pub fn postgres(&self) -> PathBuf {
        self.directory.join("postgres")
    }
}

/// An existing cluster: where it is and which major version made it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Clustered {
    /// Its directory.
    pub directory: PathBuf,
    /// Its major version.
    pub major: u32,
}

fn choose(
    mut found: Vec<Binaries>,
    searched: String,
    cluster: Option<Clustered>,
) -> Result<Binaries, PostgresError> {
    found.sort_by_key(|binaries| binaries.major);
    let Some(newest) = found.last().cloned() else {
        return Err(PostgresError::NoBinaries { searched });
    };
    let Some(cluster) = cluster else {
        return Ok(newest);
    };
    // Programs of unknown version are tried: PostgreSQL itself refuses a cluster it cannot serve.
    let fits = |binaries: &&Binaries| binaries.major.is_none_or(|major| major == cluster.major);
    if let Some(fitting) = found.iter().rev().find(fits) {
        return Ok(fitting.clone());
    }
    let versions: Vec<_> = found
        .iter()
        .filter_map(|binaries| binaries.major)
        .map(|major| major.to_string())
        .collect();
    Err(PostgresError::OtherVersion {
        directory: cluster.directory,
        cluster: cluster.major,
        found: versions.join(", "),
    })
}

fn installed() -> Vec<Option<Binaries>> {
    let versioned = fs::read_dir(VERSIONED).into_iter().flatten().flatten();
    let versioned = versioned.map(|entry| candidate(&entry.path().join("bin")));
    versioned
        .chain(PLAIN.map(|directory| candidate(Path::new(directory))))
        .collect()
}

fn candidate(directory: &Path) -> Option<Binaries> {
    let both = directory.join("initdb").is_file() && directory.join("postgres").is_file();
    let major = directory.parent()?.file_name()?.to_str()?.parse().ok();
    both.then(|| Binaries {
        directory: directory.to_owned(),
        major,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn binaries(majors: &[u32]) -> Vec<Binaries> {
        let directory = |major: &u32| PathBuf::from(format!("/usr/lib/postgresql/{major}/bin"));
        majors
            .iter()
            .map(|major| Binaries {
                directory: directory(major),
                major: Some(*major),
            })
            .collect()
    }

    fn cluster(major: u32) -> Clustered {
        Clustered {
            directory: "/data/postgres".into(),
            major,
        }
    }

    #[test]
    fn a_new_cluster_takes_the_newest_and_an_old_one_its_own() {
        let newest = choose(binaries(&[9, 17, 15]), String::new(), None).unwrap();
        assert_eq!(newest.major, Some(17));
        let own = choose(binaries(&[9, 17, 15]), String::new(), Some(cluster(15))).unwrap();
        assert_eq!(own.major, Some(15));
    }

    #[test]
    fn missing_programs_are_said_clearly() {
        let text = choose(Vec::new(), "/x".into(), None)
            .unwrap_err()
            .to_string();
        assert!(text.contains("install the package postgresql"), "{text}");
        let text = choose(binaries(&[17]), String::new(), Some(cluster(15)))
            .unwrap_err()
            .to_string();
        assert!(
            text.contains("was made by PostgreSQL 15") && text.contains("only 17"),
            "{text}"
        );
    }

    #[test]
    fn a_configured_directory_without_the_programs_is_refused() {
        let text = Binaries::find(Some(Path::new("/nonexistent/15/bin")), None)
            .unwrap_err()
            .to_string();
        assert!(text.contains("/nonexistent/15/bin"), "{text}");
    }
}
