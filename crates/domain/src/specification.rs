//! The immutable specification of a deployment: everything that decides what it will
//! run, without secrets. A rollback copies it, so it must be complete.

use serde::{Deserialize, Serialize};
use time::OffsetDateTime;

use crate::compose::{ComponentRelease, FILE_MAX_BYTES};
use crate::run::{Port, RunSettings};
use crate::source::{Archive, Build};
use crate::takeover::StrategyReason;
use crate::{CommitSha, GitRef, GitUrl, ImageRef, ServiceName, Strategy};

/// What a deployment is to run, fixed when it was asked for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Specification {
    /// The service's name, its host name in the environment's network.
    pub service_name: ServiceName,
    /// Where the image comes from.
    pub origin: Origin,
    /// The port that the service listens on; none for a worker.
    pub port: Option<Port>,
    /// How the containers run.
    pub run: RunSettings,
    /// How the new version takes over.
    pub strategy: Strategy,
    /// Why it does so.
    #[serde(default)]
    pub strategy_reason: StrategyReason,
    /// The components of an earlier version of a stack, whose images are run again.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub again: Vec<ComponentRelease>,
    /// When the variables were read.
    #[serde(with = "time::serde::rfc3339")]
    pub variables_at: OffsetDateTime,
}

/// Where the image of a deployment comes from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "kind")]
pub enum Origin {
    /// Fetched and built.
    Git {
        /// The repository.
        url: GitUrl,
        /// The branch or tag.
        branch: GitRef,
        /// The exact commit; the branch's head when absent.
        commit: Option<CommitSha>,
        /// Whether submodules are fetched.
        submodules: bool,
        /// How it is built.
        #[serde(deserialize_with = "Build::read")]
        build: Build,
        /// Whether everything is built anew.
        clear_cache: bool,
    },
    /// Uploaded and built.
    Upload {
        /// The archive.
        archive: Archive,
        /// How it is built.
        #[serde(deserialize_with = "Build::read")]
        build: Build,
        /// Whether everything is built anew.
        clear_cache: bool,
    },
    /// An image by reference.
    Image {
        /// The image.
        reference: ImageRef,
    },
    /// The image of an earlier deployment of the same service.
    Existing {
        /// The earlier deployment's number.
        number: i32,
        /// The tag that it recorded.
        image: String,
        /// The image's identity, `sha256:…`.
        digest: String,
        /// The archive that it was built from.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        archive: Option<Archive>,
    },
    /// A Compose file that was typed in.
    Compose {
        /// Its text.
        text: String,
    },
}

impl Origin {
    /// How the image is built; none when it is there already.
    pub fn build(&self) -> Option<&Build> {
        match self {
            Self::Git { build, .. } | Self::Upload { build, .. } => Some(build),
            Self::Image { .. } | Self::Existing { .. } | Self::Compose { .. } => None,
        }
    }

    /// The archive that the image is built from.
    pub fn archive(&self) -> Option<&Archive> {
        match self {
            Self::Upload { archive, .. } => Some(archive),
            Self::Existing { archive, .. } => archive.as_ref(),
            Self::Git { .. } | Self::Image { .. } | Self::Compose { .. } => None,
        }
    }
}

impl Specification {
    /// Every rule that it breaks, as field and fragment behind the field's name. All
    /// specifications pass here, whoever writes them: create, update, deploy, rollback.
    pub fn problems(&self) -> Vec<(String, String)> {
        let mut problems = run_problems(&self.run, self.port);
        match &self.origin {
            Origin::Git { build, .. } | Origin::Upload { build, .. } => {
                problems.extend(build_problems(build));
            }
            Origin::Image { .. } => {}
            Origin::Compose { text } => problems.extend(compose_problems(text)),
            Origin::Existing { image, digest, .. } => {
                if image.is_empty() || !digest.starts_with("sha256:") {
                    problems.push((
                        "deployment".to_owned(),
                        "has no image that could be run again".to_owned(),
                    ));
                }
            }
        }
        problems
    }
}

/// What is wrong with run settings, fields named `run.…`.
pub fn run_problems(run: &RunSettings, port: Option<Port>) -> Vec<(String, String)> {
    use crate::health::HealthProbe;

    let mut problems: Vec<_> = run
        .problems()
        .into_iter()
        .map(|(field, message)| (format!("run.{field}"), message))
        .collect();
    if let HealthProbe::Command { argv } = &run.health.probe
        && argv.iter().any(|argument| argument.contains('\0'))
    {
        problems.push((
            "run.argv".to_owned(),
            "must not hold NUL characters".to_owned(),
        ));
    }
    let needs_port = matches!(
        run.health.probe,
        HealthProbe::Http { .. } | HealthProbe::Tcp
    );
    if needs_port && port.is_none() {
        problems.push((
            "run.health.probe".to_owned(),
            "needs a port on the service".to_owned(),
        ));
    }
    if run.strategy == Some(Strategy::Rolling) && run.replicas < 2 {
        problems.push((
            "run.strategy".to_owned(),
            "can be rolling from two replicas on".to_owned(),
        ));
    }
    problems
}

/// What is wrong with a Compose file that was typed in, before it is read.
pub fn compose_problems(text: &str) -> Vec<(String, String)> {
    let field = "compose".to_owned();
    if text.trim().is_empty() {
        return vec![(field, "is required".to_owned())];
    }
    if text.len() > FILE_MAX_BYTES {
        let most = FILE_MAX_BYTES / 1024;
        return vec![(field, format!("must have at most {most} KiB"))];
    }
    if text.contains('\0') {
        return vec![(field, "must be text".to_owned())];
    }
    Vec::new()
}

/// What is wrong with a build, fields named `build.<kind>.…`.
pub fn build_problems(build: &Build) -> Vec<(String, String)> {
    build
        .problems()
        .into_iter()
        .map(|(field, message)| (format!("build.{field}"), message))
        .collect()
}

/// Why a deployment exists.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "kind")]
pub enum Cause {
    /// Somebody asked for it in the dashboard.
    Manual,
    /// A program asked for it with an API token.
    Api,
    /// A push to the repository.
    Push {
        /// The Git host's kind, such as `github`.
        provider: String,
        /// The person that pushed, as the Git host says.
        pusher: Option<String>,
    },
    /// Somebody wanted an earlier version back.
    Rollback {
        /// The number of the earlier deployment.
        to: i32,
    },
    /// A version began to fail soon after its switch, and the one before it came back by
    /// itself.
    AutomaticRollback {
        /// The number of the earlier deployment.
        to: i32,
        /// The number of the deployment that failed.
        from: i32,
        /// What happened to it.
        reason: String,
    },
}
