//! Builds whose Dockerfile is written here: automatic ones and static sites.

use longshore_autobuild::{Plan, detect, site_builder, static_site};
use longshore_domain::source::{Build, StaticBuild};
use longshore_domain::{EnvKey, FailureKind};

use super::paths::{self, Place};
use super::{BuildRequest, scan};
use crate::stage::{StageContext, StageError};

/// How an image is made.
pub(super) struct Recipe {
    /// The build's files.
    pub(super) place: Place,
    /// The plan, when the Dockerfile was written here.
    plan: Option<Plan>,
}

impl Recipe {
    /// Prints a Dockerfile that was written here into the log.
    pub(super) fn tell(&self, ctx: &StageContext) {
        let Some(plan) = &self.plan else {
            return;
        };
        ctx.say(format!("Found {}. The Dockerfile:", plan.found()));
        for line in plan.dockerfile().lines() {
            ctx.say(format!("    {line}"));
        }
        if !plan.needs_server() {
            ctx.say(
                "To keep it, commit it as Dockerfile and choose Dockerfile in the build settings.",
            );
        }
    }
}

/// Finds a build's files and, where the repository brings no Dockerfile, writes one.
pub(super) fn read(request: &BuildRequest<'_>) -> Result<Recipe, StageError> {
    let plan = match request.build {
        Build::Dockerfile(build) => {
            return Ok(Recipe {
                place: paths::resolve(request.checkout, build)?,
                plan: None,
            });
        }
        Build::Static(site) => static_plan(request, site)?,
        Build::Compose(_) => {
            return Err(StageError::failed(
                FailureKind::Internal,
                "A stack is built by its components.",
            ));
        }
        Build::Auto(_) => detect(&scan::tree(request.checkout)).map_err(|undetected| {
            StageError::failed(FailureKind::BuildUndetected, undetected.to_string())
        })?,
    };
    let names: Vec<&str> = request.args.keys().map(EnvKey::as_str).collect();
    let plan = plan.with_arguments(&names);
    Ok(Recipe {
        place: paths::generated(request.checkout, plan.dockerfile(), plan.needs_server())?,
        plan: Some(plan),
    })
}

fn static_plan(request: &BuildRequest<'_>, site: &StaticBuild) -> Result<Plan, StageError> {
    let directory = site.directory.as_str();
    let Some(command) = &site.command else {
        paths::folder(request.checkout, &site.directory, "static.directory")?;
        return Ok(static_site("static files", &[], directory, site.spa));
    };
    let builder = site_builder(&scan::tree(request.checkout), command)
        .map_err(|sentence| StageError::failed(FailureKind::BuildUndetected, sentence))?;
    Ok(static_site(
        &builder.found,
        &builder.stages,
        directory,
        site.spa,
    ))
}
