//! Where the image of a version comes from.

use std::path::Path;

use longshore_agent_api::{DeployJob, Origin};
use longshore_domain::FailureKind;

use super::DockerMachine;
use crate::build::{self, BuildRequest, Image};
use crate::engine::failed;
use crate::stage::{StageContext, StageError};

impl DockerMachine {
    /// How the image of a job is built; none when there is nothing to build.
    pub(super) fn build_request<'a>(
        &self,
        job: &'a DeployJob,
        (checkout, tree): (&'a Path, &'a str),
        tag: &'a str,
    ) -> Option<BuildRequest<'a>> {
        let (build, build_secrets, clear_cache) = job.origin.build()?;
        Some(BuildRequest {
            checkout,
            tree,
            build,
            args: build::arguments(build, &job.variables),
            secrets: build_secrets,
            registries: &job.registries,
            tag,
            labels: self.engine.image_labels(job),
            clear_cache,
        })
    }

    /// Builds, pulls or finds the image.
    pub(super) async fn make_image(
        &self,
        context: &StageContext,
        job: &DeployJob,
        source: Option<(&Path, &str)>,
    ) -> Result<Image, StageError> {
        // Before anything is built or changed.
        self.engine.check_binds(job).map_err(failed)?;
        self.engine.check_host_ports(job).await.map_err(failed)?;
        let docker = self.engine.docker();
        let tag = self.engine.image_tag(job.service, job.number);
        match (&job.origin, source) {
            (Origin::Git { .. } | Origin::Upload { .. }, source) => {
                let request = source.and_then(|source| self.build_request(job, source, &tag));
                let Some(request) = request else {
                    return Err(StageError::failed(
                        FailureKind::Internal,
                        "the checkout is gone",
                    ));
                };
                let cgroup = context
                    .or_cancelled(async { Ok(self.builds.guard().await) })
                    .await?;
                let image = build::build(context, docker, &cgroup, request).await;
                self.builds.note_build();
                image
            }
            (Origin::Image { reference }, _) => {
                build::pull(context, docker, reference, &job.registries, &tag).await
            }
            (Origin::Typed, _) => Err(StageError::failed(
                FailureKind::Internal,
                "A stack has no image of its own.",
            )),
            // Under a tag of its own, so that it stays as long as this version.
            (Origin::Existing { digest, .. }, _) => {
                context
                    .or_cancelled(build::find(docker, &tag, digest))
                    .await
            }
        }
    }
}
