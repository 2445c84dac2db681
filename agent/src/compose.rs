//! Stacks: from a Compose file to the components that run.
//!
//! The real `docker-compose` reads the file, in a sandbox that sees the checkout and
//! nothing else (`sandbox`, `config`); `longshore_domain::compose` decides every key; here
//! each component becomes a job of its own for the engine (`jobs`).

mod config;
mod copies;
mod jobs;
mod placeholders;
pub mod sandbox;

pub(crate) use copies::remove_unused;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use bollard::Docker;
use longshore_agent_api::{DeployJob, StackJob};
use longshore_domain::compose::{Given, read};
use longshore_domain::{EnvKey, FailureKind, Secret};

use crate::config::Config;
use crate::paths::Paths;
use crate::stage::{StageContext, StageError};

/// What the installer puts beside the agent where Docker brings none.
const INSTALLED: &str = "longshore-compose";
/// Where packages put it.
const PLACES: [&str; 6] = [
    "/usr/local/lib/docker/cli-plugins/docker-compose",
    "/usr/libexec/docker/cli-plugins/docker-compose",
    "/usr/lib/docker/cli-plugins/docker-compose",
    "/usr/local/libexec/docker/cli-plugins/docker-compose",
    "/usr/local/bin/docker-compose",
    "/usr/bin/docker-compose",
];

/// Whether a file is a program by itself: version 1 was a script, and could not run in the
/// sandbox.
fn is_program(place: &Path) -> bool {
    let mut start = [0; 4];
    std::fs::File::open(place)
        .and_then(|mut file| std::io::Read::read_exact(&mut file, &mut start))
        .is_ok()
        && start == *b"\x7fELF"
}

/// Reads Compose files on this machine.
pub(crate) struct Compose<'a> {
    pub(crate) config: &'a Config,
    pub(crate) docker: &'a Docker,
}

impl Compose<'_> {
    /// The components of a stack's job, each behind those that it waits for, as jobs of
    /// their own. Whatever is ignored is said.
    ///
    /// # Errors
    /// Everything that is wrong with the file, before anything has changed.
    pub(crate) async fn components(
        &self,
        ctx: &StageContext,
        job: &DeployJob,
        stack: &StackJob,
        work_tree: &Path,
    ) -> Result<Vec<DeployJob>, StageError> {
        let variables: BTreeMap<EnvKey, Secret> = job
            .variables
            .iter()
            .map(|(key, value)| (key.clone(), value.0.clone()))
            .collect();
        let program = self.program()?;
        let normalised = ctx
            .or_cancelled(config::normalise(&config::Request {
                ctx,
                program: &program,
                own: self.config.own_program.as_deref(),
                work_tree,
                file: &stack.file,
                name: job.service_name.as_str(),
                variables: &job.variables,
            }))
            .await?;
        let has_checkout = !matches!(job.origin, longshore_agent_api::Origin::Typed);
        let root = config::root(work_tree);
        let project = read(
            &normalised.text,
            &Given {
                root: &root,
                variables: &variables,
                take_variables: &normalised.take_variables,
                has_checkout,
            },
        )
        .map_err(|problems| {
            for problem in &problems {
                ctx.say(problem.as_str());
            }
            StageError::failed(FailureKind::SpecificationInvalid, problems.join(" "))
        })?;
        for note in &project.notes {
            ctx.say(note.as_str());
        }
        let making = jobs::Making {
            docker: self.docker,
            config: self.config,
            work_tree,
            job,
            stack,
        };
        making.all(ctx, project.components).await
    }

    /// The docker-compose of the settings, or of one of the usual places.
    fn program(&self) -> Result<PathBuf, StageError> {
        if let Some(program) = &self.config.compose {
            return Ok(program.clone());
        }
        let own = std::env::current_exe().ok();
        let beside = own.and_then(|own| Some(own.parent()?.join(INSTALLED)));
        beside
            .into_iter()
            .chain(PLACES.iter().map(PathBuf::from))
            .find(|place| is_program(place))
            .ok_or_else(|| {
                StageError::failed(
                    FailureKind::EngineUnavailable,
                    "This server has no docker-compose, which reads the files of stacks; install Docker's compose plug-in or name the program in LONGSHORE_COMPOSE.",
                )
            })
    }
}

/// Where a stack's copies of repository files are kept.
pub(crate) fn copies_of(config: &Config, stack: longshore_domain::ServiceId) -> PathBuf {
    Paths::new(config.agent_dir())
        .stacks()
        .join(stack.to_string())
}
