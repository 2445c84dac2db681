//! Why a deployment failed: a stable kind and a sentence.

use serde::{Deserialize, Serialize};

use crate::Stage;

/// The kind of a failure. The names are stored and shown by the API: never rename one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FailureKind {
    /// The repository cannot be reached or does not exist.
    RepositoryUnreachable,
    /// The repository wants credentials, or refused those given.
    CredentialsRefused,
    /// The SSH host key is not the pinned one.
    HostKeyMismatch,
    /// The branch or commit does not exist.
    ReferenceNotFound,
    /// The Dockerfile, the context or another path is not in the checkout, or leads out.
    PathInvalid,
    /// The uploaded archive is hostile, damaged or gone.
    ArchiveInvalid,
    /// Nothing that can be built by itself is in the repository.
    BuildUndetected,
    /// A step of the build ended with an error.
    BuildFailed,
    /// The registry cannot be reached, or refuses the account.
    RegistryRefused,
    /// The image cannot be pulled.
    ImagePull,
    /// The image does not run on this machine's platform.
    ImagePlatform,
    /// The release command ended with an error.
    ReleaseFailed,
    /// The container ended, again and again, while it should run.
    CrashLoop,
    /// The kernel ended the container or the build for its memory.
    OutOfMemory,
    /// The container could not be started at all.
    StartFailed,
    /// No node fits the placement or the resources.
    NoSuitableNode,
    /// The health check did not pass.
    HealthCheck,
    /// Nothing answers on the port.
    PortNotListening,
    /// The probe through the proxy did not get the expected answer.
    ProbeFailed,
    /// The proxy did not take over the new route.
    SwitchFailed,
    /// A stage took longer than it may.
    Timeout,
    /// There is not enough free disk.
    DiskFull,
    /// A variable refers to something that does not exist.
    VariableUnresolved,
    /// The specification breaks a rule.
    SpecificationInvalid,
    /// Docker or another part of the machine does not answer.
    EngineUnavailable,
    /// The agent lost the work and could not take it up again.
    Interrupted,
    /// Something of ours went wrong.
    Internal,
}

impl FailureKind {
    /// The stable name.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::RepositoryUnreachable => "repository_unreachable",
            Self::CredentialsRefused => "credentials_refused",
            Self::HostKeyMismatch => "host_key_mismatch",
            Self::ReferenceNotFound => "reference_not_found",
            Self::PathInvalid => "path_invalid",
            Self::ArchiveInvalid => "archive_invalid",
            Self::BuildUndetected => "build_undetected",
            Self::BuildFailed => "build_failed",
            Self::RegistryRefused => "registry_refused",
            Self::ImagePull => "image_pull",
            Self::ImagePlatform => "image_platform",
            Self::ReleaseFailed => "release_failed",
            Self::CrashLoop => "crash_loop",
            Self::OutOfMemory => "out_of_memory",
            Self::StartFailed => "start_failed",
            Self::NoSuitableNode => "no_suitable_node",
            Self::HealthCheck => "health_check",
            Self::PortNotListening => "port_not_listening",
            Self::ProbeFailed => "probe_failed",
            Self::SwitchFailed => "switch_failed",
            Self::Timeout => "timeout",
            Self::DiskFull => "disk_full",
            Self::VariableUnresolved => "variable_unresolved",
            Self::SpecificationInvalid => "specification_invalid",
            Self::EngineUnavailable => "engine_unavailable",
            Self::Interrupted => "interrupted",
            Self::Internal => "internal",
        }
    }

    /// Reads the stable name; a name of a later version reads as [`Self::Internal`].
    pub fn from_name(name: &str) -> Self {
        serde_json::from_value(serde_json::Value::String(name.to_owned())).unwrap_or(Self::Internal)
    }

    /// What a person can do about it, as a sentence.
    pub fn advice(self) -> &'static str {
        match self {
            Self::RepositoryUnreachable => {
                "Check the repository's URL and that this server can reach its host."
            }
            Self::CredentialsRefused => {
                "Add a token or the deploy key to the repository, or renew the one that is set."
            }
            Self::HostKeyMismatch => {
                "The Git server's identity changed. Confirm the new host key before deploying again."
            }
            Self::ReferenceNotFound => "Check that the branch or commit exists and was pushed.",
            Self::PathInvalid => {
                "Check the Dockerfile path and the context in the service's build settings."
            }
            Self::ArchiveInvalid => {
                "Make the archive anew from the project's folder, and upload it again."
            }
            Self::BuildUndetected => {
                "Add a Dockerfile and choose it in the build settings, or choose static files."
            }
            Self::BuildFailed => {
                "Read the last lines of the build log: the failing step is named there."
            }
            Self::RegistryRefused => {
                "Check the registry's host, user name and password under Registries."
            }
            Self::ImagePull => "Check the image's name and tag, and the registry's credentials.",
            Self::ImagePlatform => "Build the image for this machine's platform.",
            Self::ReleaseFailed => {
                "Read the release command's output in the log; the old version keeps serving."
            }
            Self::CrashLoop => {
                "Read the container's last lines: it ends on its own soon after its start."
            }
            Self::OutOfMemory => "Raise the memory limit, or make the program use less.",
            Self::StartFailed => "Check the command, the mounts and the image's entry point.",
            Self::NoSuitableNode => "Lower the reservations or relax the placement constraints.",
            Self::HealthCheck => {
                "Check the health path and what the program logs while it starts; allow a longer start period if it needs one."
            }
            Self::PortNotListening => {
                "Check the service's port, and that the program listens on 0.0.0.0 rather than 127.0.0.1."
            }
            Self::ProbeFailed => {
                "Open the probe's path locally: it must answer with the expected status."
            }
            Self::SwitchFailed => {
                "Look at the proxy's state on the server page; the old version keeps serving."
            }
            Self::Timeout => {
                "Look at the log for what it was waiting for, or allow the stage more time."
            }
            Self::DiskFull => "Free disk space on the server, then deploy again.",
            Self::VariableUnresolved => "Correct the reference or add the missing variable.",
            Self::SpecificationInvalid => "Correct the setting that the message names.",
            Self::EngineUnavailable => "Check that Docker runs on the server, then deploy again.",
            Self::Interrupted => "Deploy again.",
            Self::Internal => "Deploy again; if it repeats, look into the server's log.",
        }
    }
}

/// A failure of a deployment, as stored and shown.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Failure {
    /// The stage it happened in; none while queued.
    pub stage: Option<Stage>,
    /// Its stable kind.
    pub kind: FailureKind,
    /// One sentence for people: what happened, without internals.
    pub message: String,
}

impl Failure {
    /// A failure in a stage.
    pub fn new(stage: Option<Stage>, kind: FailureKind, message: impl Into<String>) -> Self {
        Self {
            stage,
            kind,
            message: message.into(),
        }
    }
}
