//! Images: built by BuildKit, pulled, or found again.
//!
//! BuildKit is driven through the Docker Engine API alone: the context goes as a tar
//! stream to `POST /build`, secrets through a gRPC session over `POST /session`
//! (`session.rs`), progress comes back as BuildKit's own trace messages (`trace.rs`).
//! Dropping the work closes the connections, which ends the build.

mod arguments;
mod cache;
mod cgroup;
mod context;
mod daemon;
mod dockerignore;
pub(crate) mod endpoint;
mod explain;
mod gather;
mod host;
mod image;
mod memory;
mod orphans;
mod paths;
mod recipe;
mod registry;
mod reuse;
mod scan;
mod session;
mod solve;
mod trace;

use std::collections::{BTreeMap, HashMap};
use std::path::Path;

use bollard::Docker;
use longshore_agent_api::{RegistryLogin, WireSecret};
use longshore_domain::EnvKey;
use longshore_domain::source::Build;

use crate::stage::{StageContext, StageError};

pub use arguments::arguments;
pub use cgroup::{Cgroup, Limits};
pub use host::BuildHost;
pub use image::{find, pull};
pub use registry::check as check_registry;

/// What is to be built.
#[derive(Debug)]
pub struct BuildRequest<'a> {
    /// The work tree.
    pub checkout: &'a Path,
    /// What identifies the work tree's content.
    pub tree: &'a str,
    /// How it is built.
    pub build: &'a Build,
    /// The build's arguments.
    pub args: BTreeMap<EnvKey, String>,
    /// The build's secrets by their names.
    pub secrets: &'a BTreeMap<EnvKey, WireSecret>,
    /// Accounts at registries, for images that the build starts from.
    pub registries: &'a [RegistryLogin],
    /// The tag for the image.
    pub tag: &'a str,
    /// Labels for the image.
    pub labels: HashMap<String, String>,
    /// Whether every step runs anew.
    pub clear_cache: bool,
}

/// An image on this machine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Image {
    /// Its tag.
    pub tag: String,
    /// Its identity, `sha256:…`.
    pub digest: String,
    /// Its size in bytes.
    pub size_bytes: u64,
    /// Whether it was there already.
    pub reused: bool,
    /// What a registry's reference meant, `name@sha256:…`.
    pub pinned: Option<String>,
}

/// Takes the image that an earlier deployment of the same service built from the same
/// files and settings, if there is one: then nothing has to be built.
///
/// # Errors
/// [`StageError::Cancelled`], or the failure.
pub async fn built_before(
    ctx: &StageContext,
    docker: &Docker,
    request: &BuildRequest<'_>,
) -> Result<Option<Image>, StageError> {
    ctx.or_cancelled(async {
        let recipe = recipe::read(request)?;
        let inputs = reuse::inputs(request, &recipe.place);
        take(ctx, docker, request, &inputs).await
    })
    .await
}

async fn take(
    ctx: &StageContext,
    docker: &Docker,
    request: &BuildRequest<'_>,
    inputs: &str,
) -> Result<Option<Image>, StageError> {
    if request.clear_cache {
        return Ok(None);
    }
    let image = reuse::take(docker, inputs, request.tag).await?;
    if image.is_some() {
        ctx.say("Nothing that decides the image has changed: the image of an earlier deployment is used.");
    }
    Ok(image)
}

/// Builds an image, or takes the one that an earlier deployment of the same service
/// built from the same files and settings. The build's steps belong to that cgroup.
///
/// # Errors
/// [`StageError::Cancelled`], after which nothing of the build runs on, or the failure.
pub async fn build(
    ctx: &StageContext,
    docker: &Docker,
    cgroup: &Cgroup,
    request: BuildRequest<'_>,
) -> Result<Image, StageError> {
    ctx.or_cancelled(async {
        let recipe = recipe::read(&request)?;
        let inputs = reuse::inputs(&request, &recipe.place);
        if let Some(image) = take(ctx, docker, &request, &inputs).await? {
            return Ok(image);
        }
        recipe.tell(ctx);
        solve::solve(ctx, docker, cgroup, &request, &recipe.place, &inputs).await
    })
    .await
}
