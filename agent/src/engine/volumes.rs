//! The volumes of this instance: what they take on the disk and what has them.

use std::collections::{HashMap, HashSet};
use std::fs;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use bollard::query_parameters::{ListContainersOptionsBuilder, ListVolumesOptionsBuilder};
use longshore_agent_api::{AgentProblem, VolumeStatus};

use super::{Engine, Names, refused};

/// How long all volumes together may be counted.
const PATIENCE: Duration = Duration::from_secs(10);
/// What a block of `st_blocks` has in bytes, whatever the file system's own are.
const BLOCK: u64 = 512;

impl Engine {
    /// All volumes of this instance.
    ///
    /// # Errors
    /// When Docker does not answer.
    pub async fn volumes(&self) -> Result<Vec<VolumeStatus>, AgentProblem> {
        let filters = HashMap::from([("label", vec![self.names.volume_name()])]);
        let options = ListVolumesOptionsBuilder::default()
            .filters(&filters)
            .build();
        let found = self
            .docker
            .list_volumes(Some(options))
            .await
            .map_err(|error| refused("The list of volumes", &error))?
            .volumes
            .unwrap_or_default();
        let holders = self.volume_holders().await?;
        let mut places = Vec::new();
        let mut volumes = Vec::new();
        for volume in found {
            let labels = Some(&volume.labels);
            let (Some(service), Some(environment), Some(name)) = (
                Names::read(labels, &self.names.service()),
                Names::read(labels, &self.names.environment()),
                Names::read(labels, &self.names.volume_name()),
            ) else {
                continue;
            };
            places.push(PathBuf::from(&volume.mountpoint));
            volumes.push(VolumeStatus {
                service,
                environment,
                name,
                size_bytes: None,
                containers: holders.get(&volume.name).copied().unwrap_or_default(),
            });
        }
        let sizes = tokio::task::spawn_blocking(move || {
            let deadline = Instant::now() + PATIENCE;
            places
                .iter()
                .map(|place| size(place, deadline))
                .collect::<Vec<_>>()
        })
        .await
        .unwrap_or_default();
        for (volume, size) in volumes.iter_mut().zip(sizes) {
            volume.size_bytes = size;
        }
        Ok(volumes)
    }

    /// How many running containers have each volume.
    async fn volume_holders(&self) -> Result<HashMap<String, u32>, AgentProblem> {
        let filters = HashMap::from([("label", vec![self.names.owned()])]);
        let options = ListContainersOptionsBuilder::default()
            .filters(&filters)
            .build();
        let containers = self
            .docker
            .list_containers(Some(options))
            .await
            .map_err(|error| refused("The list of containers", &error))?;
        let mut holders: HashMap<String, u32> = HashMap::new();
        for mount in containers
            .into_iter()
            .flat_map(|container| container.mounts.unwrap_or_default())
        {
            if let Some(name) = mount.name {
                *holders.entry(name).or_default() += 1;
            }
        }
        Ok(holders)
    }
}

/// What a directory takes on the disk; none when it cannot be read or takes too long.
/// Links are not followed, and a file with several names counts once. Blocking.
fn size(directory: &Path, deadline: Instant) -> Option<u64> {
    let mut total = 0;
    let mut seen = HashSet::new();
    let mut open = vec![fs::read_dir(directory).ok()?];
    while let Some(entries) = open.last_mut() {
        if Instant::now() > deadline {
            return None;
        }
        let Some(entry) = entries.next() else {
            open.pop();
            continue;
        };
        // What vanishes while it is counted takes nothing.
        let Ok(entry) = entry else { continue };
        let Ok(metadata) = entry.metadata() else {
            continue;
        };
        if metadata.nlink() > 1 && !metadata.is_dir() && !seen.insert(metadata.ino()) {
            continue;
        }
        total += metadata.blocks() * BLOCK;
        if metadata.is_dir()
            && let Ok(inner) = fs::read_dir(entry.path())
        {
            open.push(inner);
        }
    }
    Some(total)
}

#[cfg(test)]
mod tests {
    use super::size;
    use std::fs;
    use std::time::{Duration, Instant};

    #[test]
    fn a_directory_is_measured_with_all_that_is_in_it_once() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path();
        let deadline = Instant::now() + Duration::from_secs(60);
        fs::create_dir_all(root.join("a/b")).unwrap();
        let before = size(root, deadline).unwrap();
        fs::write(root.join("a/b/file"), vec![7; 1024 * 1024]).unwrap();
        fs::hard_link(root.join("a/b/file"), root.join("again")).unwrap();
        std::os::unix::fs::symlink("/usr", root.join("link")).unwrap();
        let grown = size(root, deadline).unwrap() - before;
        assert!((1024 * 1024..1100 * 1024).contains(&grown), "{grown}");
        assert_eq!(size(&root.join("absent"), deadline), None);
        let past = Instant::now().checked_sub(Duration::from_secs(1)).unwrap();
        assert_eq!(size(root, past), None);
    }
}
