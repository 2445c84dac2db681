//! The image of an earlier deployment that was built from the same files and settings.

use std::collections::HashMap;
use std::fs;
use std::sync::OnceLock;

use bollard::Docker;
use bollard::query_parameters::ListImagesOptionsBuilder;
use longshore_domain::source::Build;
use sha2::{Digest, Sha256};

use super::context::SERVER;
use super::endpoint::unavailable;
use super::image::{repository_of, tag};
use super::paths::Place;
use super::{BuildRequest, Image};
use crate::stage::StageError;

/// The label of an image that holds what decided it.
pub(super) const INPUTS_LABEL: &str = "longshore.inputs";

/// What decides the image, as a hash. Values of secrets count too; their part is keyed
/// with the machine's identity, so that the label tells nothing to whoever gets the
/// image elsewhere.
pub(super) fn inputs(request: &BuildRequest<'_>, place: &Place) -> String {
    let mut hash = Sha256::new();
    let mut add = |bytes: &[u8]| {
        hash.update((bytes.len() as u64).to_le_bytes());
        hash.update(bytes);
    };
    add(b"2");
    add(std::env::consts::ARCH.as_bytes());
    add(request.tree.as_bytes());
    match request.build {
        Build::Dockerfile(build) => {
            add(build.path.as_str().as_bytes());
            add(build.context.as_str().as_bytes());
            add(build.target.as_deref().unwrap_or_default().as_bytes());
        }
        // The text is ours, and another one with another version of Longshore.
        Build::Static(_) | Build::Auto(_) | Build::Compose(_) => add(&place.dockerfile_text),
    }
    add(&request.args.len().to_le_bytes());
    for (key, value) in &request.args {
        add(key.as_str().as_bytes());
        add(value.as_bytes());
    }
    if place.server {
        add(SERVER);
    }
    for (key, value) in request.secrets {
        add(key.as_str().as_bytes());
        add(&keyed(value.expose()));
    }
    hex::encode(hash.finalize())
}

/// A hash of a secret, keyed at both ends against extension.
fn keyed(secret: &str) -> [u8; 32] {
    let key = machine_key();
    let inner = Sha256::new()
        .chain_update(key)
        .chain_update(secret.as_bytes())
        .finalize();
    Sha256::new()
        .chain_update(key)
        .chain_update(inner)
        .finalize()
        .into()
}

/// A key that only this machine knows. Without a machine id it is new in each process,
/// and images with secrets are then built anew after a restart.
fn machine_key() -> &'static [u8; 32] {
    static KEY: OnceLock<[u8; 32]> = OnceLock::new();
    KEY.get_or_init(|| {
        fs::read("/etc/machine-id")
            .ok()
            .filter(|id| id.len() >= 32)
            .map_or_else(rand::random, |id| {
                Sha256::new()
                    .chain_update(b"longshore build inputs")
                    .chain_update(id)
                    .finalize()
                    .into()
            })
    })
}

/// Finds and tags the newest image with these inputs among the tags of the same
/// service; other services' images are not taken, for they go when those services go.
pub(super) async fn take(
    docker: &Docker,
    inputs: &str,
    wanted: &str,
) -> Result<Option<Image>, StageError> {
    let filters = HashMap::from([("label", vec![format!("{INPUTS_LABEL}={inputs}")])]);
    let options = ListImagesOptionsBuilder::default()
        .filters(&filters)
        .build();
    let images = docker
        .list_images(Some(options))
        .await
        .map_err(|_| unavailable())?;
    let repository = repository_of(wanted);
    let found = images
        .into_iter()
        .filter(|image| {
            image
                .repo_tags
                .iter()
                .any(|tag| repository_of(tag) == repository)
        })
        .max_by_key(|image| image.created);
    let Some(found) = found else {
        return Ok(None);
    };
    tag(docker, &found.id, wanted).await?;
    Ok(Some(Image {
        tag: wanted.to_owned(),
        digest: found.id,
        size_bytes: u64::try_from(found.size).unwrap_or(0),
        reused: true,
        pinned: None,
    }))
}

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, HashMap};
    use std::path::{Path, PathBuf};

    use longshore_domain::source::{AutoBuild, Build, DockerfileBuild};

    use crate::build::arguments;

    use super::BuildRequest;
    use crate::build::paths::Place;

    fn inputs(request: &BuildRequest<'_>, text: &str, server: bool) -> String {
        let place = Place {
            context: PathBuf::new(),
            dockerfile: PathBuf::new(),
            dockerfile_text: text.into(),
            ignore: None,
            generated: true,
            server,
        };
        super::inputs(request, &place)
    }

    #[test]
    fn everything_that_decides_the_image_changes_the_inputs() {
        let plain = DockerfileBuild::default();
        let request = |tree, build, secrets| BuildRequest {
            checkout: Path::new("/"),
            tree,
            build,
            args: arguments(build, &BTreeMap::new()),
            secrets,
            registries: &[],
            tag: "x:1",
            labels: HashMap::new(),
            clear_cache: false,
        };
        let none = BTreeMap::new();
        let one = BTreeMap::from([("A".parse().unwrap(), "1".into())]);
        let other = BTreeMap::from([("A".parse().unwrap(), "2".into())]);
        let with_args = DockerfileBuild {
            args: BTreeMap::from([("A".parse().unwrap(), "1".to_owned())]),
            ..plain.clone()
        };
        let with_target = DockerfileBuild {
            target: Some("x".to_owned()),
            ..plain.clone()
        };
        let auto = Build::Auto(AutoBuild::default());
        let (plain, with_args, with_target) = (
            Build::Dockerfile(plain),
            Build::Dockerfile(with_args),
            Build::Dockerfile(with_target),
        );
        let all = [
            inputs(&request("t", &plain, &none), "", false),
            inputs(&request("u", &plain, &none), "", false),
            inputs(&request("t", &with_args, &none), "", false),
            inputs(&request("t", &with_target, &none), "", false),
            inputs(&request("t", &plain, &one), "", false),
            inputs(&request("t", &plain, &other), "", false),
            inputs(&request("t", &auto, &none), "FROM a", false),
            inputs(&request("t", &auto, &none), "FROM b", false),
            inputs(&request("t", &auto, &none), "FROM a", true),
        ];
        let distinct: std::collections::HashSet<_> = all.iter().collect();
        assert_eq!(distinct.len(), all.len());
        assert_eq!(all[4], inputs(&request("t", &plain, &one), "", false));
    }
}
