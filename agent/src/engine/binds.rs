//! Directories of the machine in containers.

use std::path::{Path, PathBuf};

use bollard::models::{Mount, MountType};
use longshore_agent_api::{AgentProblem, DeployJob};
use longshore_domain::{AllowedBinds, BindMount, FailureKind, HostPath};

use super::{Engine, problem};

/// What no setting can allow: whoever has it has the machine.
const NEVER: [&str; 9] = [
    "/boot",
    "/dev",
    "/etc",
    "/proc",
    "/root",
    "/run",
    "/sys",
    "/var/run",
    "/var/lib/docker",
];

impl Engine {
    /// Whether all directories that a job wants of the machine may be mounted.
    ///
    /// # Errors
    /// What is wrong with the first one that may not.
    pub fn check_binds(&self, job: &DeployJob) -> Result<(), AgentProblem> {
        let allowed = AllowedBinds::new(self.config.bind_paths.clone());
        for bind in &job.binds {
            check(&bind.source, &allowed, &self.config.data_dir).map_err(|reason| {
                let source = &bind.source;
                problem(
                    FailureKind::SpecificationInvalid,
                    format!("The directory {source} {reason}."),
                )
            })?;
        }
        Ok(())
    }
}

/// Symbolic links are followed first: what counts is what would be mounted.
pub(crate) fn check(source: &HostPath, allowed: &AllowedBinds, data: &Path) -> Result<(), String> {
    allowed
        .check(Path::new(source.as_str()))
        .map_err(|refusal| refusal.to_string())?;
    let real = Path::new(source.as_str())
        .canonicalize()
        .map_err(|_| "does not exist on this machine".to_owned())?;
    allowed
        .check(&real)
        .map_err(|refusal| refusal.to_string())?;
    let mut never = NEVER.iter().map(PathBuf::from).chain([data.to_owned()]);
    if never.any(|path| real.starts_with(&path) || path.starts_with(&real)) {
        return Err("belongs to the system or to Longshore and can never be mounted".to_owned());
    }
    Ok(())
}

/// Docker does not make what is not there.
pub(super) fn bind_mount(bind: &BindMount) -> Mount {
    Mount {
        target: Some(bind.path.to_string()),
        source: Some(bind.source.to_string()),
        typ: Some(MountType::BIND),
        read_only: Some(bind.read_only),
        ..Mount::default()
    }
}

#[cfg(test)]
mod tests {
    use super::check;
    use longshore_domain::{AllowedBinds, HostPath};
    use std::path::Path;

    fn bind(source: &Path) -> HostPath {
        source.to_str().unwrap().parse().unwrap()
    }

    #[test]
    fn a_link_that_leads_out_of_what_is_allowed_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path().canonicalize().unwrap();
        let inside = root.join("allowed/media");
        std::fs::create_dir_all(&inside).unwrap();
        std::fs::create_dir(root.join("other")).unwrap();
        std::os::unix::fs::symlink("/etc", root.join("allowed/etc")).unwrap();
        std::os::unix::fs::symlink(root.join("other"), root.join("allowed/other")).unwrap();
        let allowed = AllowedBinds::new([root.join("allowed")]);
        let data = Path::new("/var/lib/longshore");

        check(&bind(&inside), &allowed, data).unwrap();
        for bad in ["allowed/etc", "allowed/other", "allowed/absent", "other"] {
            assert!(
                check(&bind(&root.join(bad)), &allowed, data).is_err(),
                "{bad}"
            );
        }
        assert!(check(&bind(&inside), &AllowedBinds::default(), data).is_err());
        // Longshore's own data, or a directory that holds it.
        let everything = AllowedBinds::new(["/".into()]);
        assert!(check(&bind(&inside), &everything, &inside).is_err());
        assert!(check(&bind(&root), &everything, &inside).is_err());
        for bad in [
            "/etc/ssl",
            "/var",
            "/var/run/docker.sock",
            "/proc/1",
            "/run",
        ] {
            assert!(
                check(&bind(Path::new(bad)), &everything, data).is_err(),
                "{bad}"
            );
        }
    }
}
