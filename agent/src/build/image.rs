//! Images that are pulled, or that an earlier deployment left.

use std::time::Duration;

use bollard::Docker;
use bollard::errors::Error;
use bollard::models::ImageInspect;
use bollard::query_parameters::{CreateImageOptionsBuilder, TagImageOptionsBuilder};
use futures_util::StreamExt as _;
use longshore_agent_api::RegistryLogin;
use longshore_domain::{FailureKind, ImageRef};

use super::endpoint::unavailable;
use super::{Image, registry};
use crate::stage::{StageContext, StageError};

/// How long a registry may stay silent when the image is on the machine anyway.
const PATIENCE: Duration = Duration::from_secs(20);

/// Pulls an image and tags it. An image that is on the machine already is used when it
/// is named by its digest, or when no registry gives it.
///
/// # Errors
/// [`FailureKind::ImagePull`] or [`FailureKind::ImagePlatform`], mostly.
pub async fn pull(
    ctx: &StageContext,
    docker: &Docker,
    reference: &ImageRef,
    logins: &[RegistryLogin],
    tag: &str,
) -> Result<Image, StageError> {
    if is_private(reference) {
        return Err(StageError::failed(
            FailureKind::ImagePull,
            format!("{reference} names a registry that cannot exist."),
        ));
    }
    ctx.or_cancelled(async {
        let local = inspect(docker, reference.as_str()).await?;
        let pinned = reference.as_str().contains("@sha256:");
        if local.is_none() || !pinned {
            let patience = local.as_ref().map(|_| PATIENCE);
            let login = registry::login_for(logins, reference);
            if let Err(reason) = pull_from_registry(ctx, docker, reference, login, patience).await {
                if local.is_none() {
                    return Err(StageError::failed(
                        FailureKind::ImagePull,
                        format!("{reference} cannot be pulled: {reason}."),
                    ));
                }
                ctx.say(format!(
                    "{reference} cannot be pulled ({reason}); the image on this server is used."
                ));
            }
        }
        let image = inspect(docker, reference.as_str()).await?.ok_or_else(|| {
            StageError::failed(
                FailureKind::ImagePull,
                format!("{reference} was pulled but is not there."),
            )
        })?;
        check_platform(docker, reference, &image).await?;
        let same = local.is_some_and(|local| local.id == image.id);
        let pinned = meaning(reference, &image);
        if let Some(pinned) = &pinned {
            ctx.say(format!("{reference} is {pinned}."));
        }
        let image = Image {
            pinned,
            ..described(&image, tag, same)
        };
        self::tag(docker, &image.digest, &image.tag).await?;
        Ok(image)
    })
    .await
}

/// The image of an earlier deployment: still on the machine with that identity. It is
/// tagged again when somebody took the tag away.
///
/// # Errors
/// [`FailureKind::ImagePull`] when it is gone.
pub async fn find(docker: &Docker, tag: &str, digest: &str) -> Result<Image, StageError> {
    let image = inspect(docker, digest).await?.ok_or_else(|| {
        StageError::failed(
            FailureKind::ImagePull,
            format!("The image {tag} of the earlier deployment is not on this server any more."),
        )
    })?;
    let tagged = image
        .repo_tags
        .as_ref()
        .is_some_and(|tags| tags.iter().any(|has| has == tag));
    if !tagged {
        self::tag(docker, digest, tag).await?;
    }
    Ok(described(&image, tag, true))
}

/// Tags an image.
pub(super) async fn tag(docker: &Docker, id: &str, tag: &str) -> Result<(), StageError> {
    let options = TagImageOptionsBuilder::default()
        .repo(repository_of(tag))
        .tag(tag_of(tag))
        .build();
    docker.tag_image(id, Some(options)).await.map_err(|error| {
        refused(&error).map_or_else(unavailable, |reason| {
            StageError::failed(
                FailureKind::Internal,
                format!("The image could not be tagged {tag}: {reason}."),
            )
        })
    })
}

/// An image on the machine, by name or identity.
pub(super) async fn inspect(
    docker: &Docker,
    name: &str,
) -> Result<Option<ImageInspect>, StageError> {
    match docker.inspect_image(name).await {
        Ok(image) => Ok(Some(image)),
        Err(Error::DockerResponseServerError {
            status_code: 404, ..
        }) => Ok(None),
        Err(_) => Err(unavailable()),
    }
}

/// An image as a stage's result.
pub(super) fn described(image: &ImageInspect, tag: &str, reused: bool) -> Image {
    Image {
        tag: tag.to_owned(),
        digest: image.id.clone().unwrap_or_default(),
        size_bytes: image
            .size
            .and_then(|size| u64::try_from(size).ok())
            .unwrap_or(0),
        reused,
        pinned: None,
    }
}

/// The digest that a reference's repository has for an image, with the repository's name.
fn meaning(reference: &ImageRef, image: &ImageInspect) -> Option<String> {
    let digests = image.repo_digests.as_deref().unwrap_or_default();
    digests
        .iter()
        .find(|digest| {
            digest.parse::<ImageRef>().is_ok_and(|digest| {
                digest.registry() == reference.registry()
                    && digest.repository() == reference.repository()
            })
        })
        .cloned()
}

/// `registry:5000/team/app` of `registry:5000/team/app:3`.
pub(super) fn repository_of(tag: &str) -> &str {
    match tag.rsplit_once(':') {
        Some((repository, tag)) if !tag.contains('/') => repository,
        _ => tag,
    }
}

fn tag_of(tag: &str) -> &str {
    match tag.rsplit_once(':') {
        Some((_, tag)) if !tag.contains('/') => tag,
        _ => "latest",
    }
}

/// Whether it names a registry below `.invalid`. The images that are built here have
/// such tags; nobody may take another's by its tag.
fn is_private(reference: &ImageRef) -> bool {
    reference
        .as_str()
        .split_once('/')
        .and_then(|(registry, _)| registry.split(':').next())
        .is_some_and(|host| host.to_ascii_lowercase().ends_with(".invalid"))
}

async fn pull_from_registry(
    ctx: &StageContext,
    docker: &Docker,
    reference: &ImageRef,
    login: Option<&RegistryLogin>,
    patience: Option<Duration>,
) -> Result<(), String> {
    let name = reference.as_str();
    let options = if name.contains('@') {
        CreateImageOptionsBuilder::default().from_image(name)
    } else {
        CreateImageOptionsBuilder::default()
            .from_image(repository_of(name))
            .tag(tag_of(name))
    };
    ctx.say(format!("Pulling {reference}."));
    let mut progress = std::pin::pin!(docker.create_image(
        Some(options.build()),
        None,
        login.map(registry::credentials),
    ));
    loop {
        let next = match patience {
            Some(patience) => tokio::time::timeout(patience, progress.next())
                .await
                .map_err(|_| "the registry does not answer".to_owned())?,
            None => progress.next().await,
        };
        let Some(step) = next else { return Ok(()) };
        let step = step.map_err(|error| {
            refused(&error).map_or_else(
                || "Docker does not answer".to_owned(),
                |reason| registry::explain_pull(reference, login.is_some(), &reason),
            )
        })?;
        if let Some(message) = step.error_detail.and_then(|detail| detail.message) {
            return Err(registry::explain_pull(reference, login.is_some(), &message));
        }
        // Progress bars come many times a second; their begin and end are enough.
        let bar = step
            .progress_detail
            .is_some_and(|detail| detail.total.is_some());
        if let (Some(status), false) = (step.status, bar) {
            let layer = step.id.map(|id| format!("{id}: ")).unwrap_or_default();
            ctx.say(format!("{layer}{}", brief(&status)));
        }
    }
}

async fn check_platform(
    docker: &Docker,
    reference: &ImageRef,
    image: &ImageInspect,
) -> Result<(), StageError> {
    let version = docker.version().await.map_err(|_| unavailable())?;
    let fits = |image: &Option<String>, machine: &Option<String>| match (image, machine) {
        (Some(image), Some(machine)) => image.is_empty() || image == machine,
        _ => true,
    };
    if fits(&image.os, &version.os) && fits(&image.architecture, &version.arch) {
        return Ok(());
    }
    let shown = |part: &Option<String>| part.clone().unwrap_or_else(|| "unknown".to_owned());
    Err(StageError::failed(
        FailureKind::ImagePlatform,
        format!(
            "{reference} is an image for {}/{}, but this server is {}/{}.",
            shown(&image.os),
            shown(&image.architecture),
            shown(&version.os),
            shown(&version.arch),
        ),
    ))
}

/// Docker's own words, when it was Docker that said no.
fn refused(error: &Error) -> Option<String> {
    match error {
        Error::DockerResponseServerError { message, .. } => Some(brief(message)),
        Error::DockerStreamError { error } => Some(brief(error)),
        _ => None,
    }
}

fn brief(message: &str) -> String {
    message
        .trim()
        .trim_end_matches('.')
        .chars()
        .map(|c| if c.is_control() { ' ' } else { c })
        .take(300)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::{is_private, repository_of, tag_of};

    #[test]
    fn images_that_were_built_here_are_nobody_elses() {
        for (reference, private) in [
            ("longshore.invalid/0190:3", true),
            ("LONGSHORE.INVALID:80/0190:3", true),
            ("docker.io/invalid/x", false),
            ("invalid/x", false),
            ("busybox", false),
        ] {
            assert_eq!(
                is_private(&reference.parse().unwrap()),
                private,
                "{reference}"
            );
        }
    }

    #[test]
    fn a_port_is_no_tag() {
        assert_eq!(repository_of("host:5000/a/b"), "host:5000/a/b");
        assert_eq!(tag_of("host:5000/a/b"), "latest");
        assert_eq!(repository_of("host:5000/a/b:3"), "host:5000/a/b");
        assert_eq!(tag_of("a:3"), "3");
    }
}
