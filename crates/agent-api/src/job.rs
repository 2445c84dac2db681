//! What the agent is told to do.

use std::collections::BTreeMap;

use longshore_domain::health::HealthCheck;
use longshore_domain::route::Route;
use longshore_domain::run::Port;
use longshore_domain::scale::Scale;
use longshore_domain::secret::serialize_exposed;
use longshore_domain::source::{Archive, Build};
use longshore_domain::takeover::StrategyReason;
use longshore_domain::{
    BindMount, CommitSha, DeploymentId, EnvKey, EnvironmentId, FilePath, GitRef, GitUrl, HostPort,
    ImageRef, Secret, ServiceId, ServiceName, Strategy, VolumeMount,
};
use serde::{Deserialize, Serialize};

use crate::{RegistryLogin, StackComponent, StackJob};

/// Everything that a deployment needs, from source to traffic.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeployJob {
    /// The deployment; also the job's identity.
    pub deployment: DeploymentId,
    /// Its number within the service, from 1.
    pub number: i32,
    /// The service.
    pub service: ServiceId,
    /// The service's name, its host name in the environment's network.
    pub service_name: ServiceName,
    /// The environment, which has one private network.
    pub environment: EnvironmentId,
    /// Where the image comes from.
    pub origin: Origin,
    /// What a stack has beside that.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stack: Option<Box<StackJob>>,
    /// Which component of a stack it runs; set within the agent alone.
    #[serde(skip)]
    pub component: Option<Box<StackComponent>>,
    /// Accounts at registries, for images that are pulled and those that builds start from.
    #[serde(default)]
    pub registries: Vec<RegistryLogin>,
    /// The container's variables, resolved.
    pub variables: BTreeMap<EnvKey, WireSecret>,
    /// Values that must not appear in any log.
    pub redact: Vec<WireSecret>,
    /// The port that the service listens on; none for a worker.
    pub port: Option<Port>,
    /// Overrides the image's command.
    pub command: Option<Vec<String>>,
    /// Overrides the arguments of the image's entry point; may hold secrets.
    #[serde(default)]
    pub arguments: Option<Vec<WireSecret>>,
    /// Volumes of the service; made when they are first needed, and kept.
    #[serde(default)]
    pub volumes: Vec<VolumeMount>,
    /// Files with a text of their own.
    #[serde(default)]
    pub files: Vec<JobFile>,
    /// Directories of the machine; refused when its administrator does not allow them.
    #[serde(default)]
    pub binds: Vec<BindMount>,
    /// Ports of the machine that lead straight to the one container.
    #[serde(default)]
    pub host_ports: Vec<HostPort>,
    /// Where the containers run, what is kept free for them, when they are started again.
    #[serde(default)]
    pub scale: Scale,
    /// Runs once in the new image before it starts.
    pub release_command: Option<Vec<String>>,
    /// Containers.
    pub replicas: u32,
    /// Memory limit in bytes.
    pub memory_limit_bytes: Option<i64>,
    /// CPU limit in thousandths of a core.
    pub cpu_limit_millis: Option<i64>,
    /// The health check.
    pub health: HealthCheck,
    /// How the new version takes over.
    pub strategy: Strategy,
    /// Why it does so.
    #[serde(default)]
    pub strategy_reason: StrategyReason,
    /// Whether a visitor stays with one container.
    #[serde(default)]
    pub sticky_sessions: bool,
    /// The version that is live now: the traffic goes back to it if this one fails.
    #[serde(default)]
    pub live_number: Option<i32>,
    /// The routes it is to serve.
    pub routes: Vec<Route>,
    /// Seconds that the old version goes on after the switch.
    pub drain_seconds: u32,
    /// Seconds between SIGTERM and SIGKILL.
    pub stop_grace_seconds: u32,
    /// Seconds that a service without a port must stay up.
    pub settle_seconds: u32,
    /// The longest that each stage may take.
    pub limits: StageLimits,
}

impl DeployJob {
    /// The part that decides what is done. Routes, the live version, credentials and what
    /// is redacted may change while a job is suspended; it stays the same job.
    #[must_use]
    pub fn work(&self) -> Self {
        let mut work = self.clone();
        work.routes.clear();
        work.live_number = None;
        work.redact.clear();
        if let Some(stack) = &mut work.stack {
            stack.live.clear();
        }
        work.registries.clear();
        if let Origin::Git {
            repository,
            build_secrets,
            ..
        } = &mut work.origin
        {
            repository.credentials = GitCredentials::Anonymous;
            repository.host_key = None;
            build_secrets.clear();
        }
        if let Origin::Upload { build_secrets, .. } = &mut work.origin {
            build_secrets.clear();
        }
        work
    }
}

/// A file that a version's containers find.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct JobFile {
    /// Where.
    pub path: FilePath,
    /// Its text, variables filled in; may hold secrets.
    pub content: WireSecret,
}

/// The longest that stages may take, in seconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct StageLimits {
    /// Fetching.
    pub fetching: u32,
    /// Building.
    pub building: u32,
    /// Releasing.
    pub releasing: u32,
    /// Starting, on top of the health check's own patience.
    pub starting: u32,
    /// Verifying.
    pub verifying: u32,
    /// Switching.
    pub switching: u32,
}

impl Default for StageLimits {
    fn default() -> Self {
        Self {
            fetching: 600,
            building: 3600,
            releasing: 1800,
            starting: 120,
            verifying: 60,
            switching: 60,
        }
    }
}

/// Where the image of a deployment comes from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "kind")]
pub enum Origin {
    /// Fetched and built.
    Git {
        /// The repository and how to reach it.
        repository: Repository,
        /// The branch or tag.
        branch: GitRef,
        /// The exact commit; the branch's head when absent.
        commit: Option<CommitSha>,
        /// Whether submodules are fetched.
        submodules: bool,
        /// How it is built.
        #[serde(deserialize_with = "Build::read")]
        build: Build,
        /// Values of the build's secrets.
        build_secrets: BTreeMap<EnvKey, WireSecret>,
        /// Whether everything is built anew.
        clear_cache: bool,
    },
    /// Unpacked and built.
    Upload {
        /// The archive, which was uploaded before.
        archive: Archive,
        /// How it is built.
        #[serde(deserialize_with = "Build::read")]
        build: Build,
        /// Values of the build's secrets.
        build_secrets: BTreeMap<EnvKey, WireSecret>,
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
        /// The tag that the earlier deployment recorded.
        image: String,
        /// The image's identity, `sha256:…`.
        digest: String,
    },
    /// Nothing is fetched: the Compose file was typed in.
    Typed,
}

impl Origin {
    /// How the image is built, its secrets, and whether everything is built anew; none when
    /// nothing is built.
    pub fn build(&self) -> Option<(&Build, &BTreeMap<EnvKey, WireSecret>, bool)> {
        match self {
            Self::Git {
                build,
                build_secrets,
                clear_cache,
                ..
            }
            | Self::Upload {
                build,
                build_secrets,
                clear_cache,
                ..
            } => Some((build, build_secrets, *clear_cache)),
            Self::Image { .. } | Self::Existing { .. } | Self::Typed => None,
        }
    }
}

/// A repository and how to reach it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Repository {
    /// The URL, without credentials.
    pub url: GitUrl,
    /// The credentials.
    pub credentials: GitCredentials,
    /// The pinned SSH host key: the SHA-256 of the key as OpenSSH prints it
    /// (`SHA256:…`). When absent the first key seen is taken and reported.
    pub host_key: Option<String>,
}

/// Credentials for a repository.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "kind")]
pub enum GitCredentials {
    /// None.
    Anonymous,
    /// A user name and a token or password, for HTTP.
    Token {
        /// The user name; hosts with tokens mostly ignore it.
        username: String,
        /// The token.
        token: WireSecret,
    },
    /// An SSH private key.
    DeployKey {
        /// The key in OpenSSH's PEM form, without passphrase.
        private_key: WireSecret,
    },
}

/// A secret on the protected socket to the agent: serialised in the clear, printed as
/// `[redacted]`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct WireSecret(#[serde(serialize_with = "serialize_exposed")] pub Secret);

impl WireSecret {
    /// The text itself.
    pub fn expose(&self) -> &str {
        self.0.expose()
    }
}

impl From<Secret> for WireSecret {
    fn from(secret: Secret) -> Self {
        Self(secret)
    }
}

impl From<&str> for WireSecret {
    fn from(secret: &str) -> Self {
        Self(Secret::new(secret))
    }
}
