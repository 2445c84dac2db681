//! Views of a service with its settings, variables and domains.

use longshore_domain::database::DatabaseKind;
use longshore_domain::route::{DomainOptions, TlsMode};
use longshore_domain::run::RunSettings;
use longshore_domain::source::{Archive, Build};
use longshore_domain::{
    CertificateId, DnsProviderId, DomainId, EnvironmentId, ProjectId, ServiceId, VolumeName,
};
use serde::{Deserialize, Serialize};
use time::OffsetDateTime;

use super::{DeploymentSummary, ServiceKind, ServiceStatus};

/// A thing's id and name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Named<I> {
    /// Its id.
    pub id: I,
    /// Its name.
    pub name: String,
}

/// A service.
#[derive(Debug, Clone, Serialize)]
pub struct ServiceView {
    /// Its id.
    pub id: ServiceId,
    /// Its name.
    pub name: String,
    /// What it is.
    pub kind: ServiceKind,
    /// What it is a database of, if it is one.
    pub database: Option<DatabaseKind>,
    /// Its project.
    pub project: Named<ProjectId>,
    /// Its environment.
    pub environment: Named<EnvironmentId>,
    /// Where it comes from.
    pub source: SourceView,
    /// How it becomes an image.
    pub build: Build,
    /// How it runs.
    pub run: RunSettings,
    /// The port that it listens on.
    pub port: Option<u16>,
    /// Whether a person stopped it.
    pub stopped: bool,
    /// How it does.
    pub status: ServiceStatus,
    /// The deployment that serves.
    pub live: Option<DeploymentSummary>,
    /// The newest deployment.
    pub latest: Option<DeploymentSummary>,
    /// What its live version consists of, if it is a stack.
    pub components: Vec<ComponentView>,
    /// Where it can be reached from outside.
    pub domains: Vec<DomainView>,
    /// Its host name inside its environment's network.
    pub internal_host: String,
    /// When it was made.
    #[serde(with = "time::serde::rfc3339")]
    pub created_at: OffsetDateTime,
}

/// A component of a stack's live version.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ComponentView {
    /// Its name, its host name within the stack.
    pub name: String,
    /// The id under which it runs.
    #[serde(skip)]
    pub service: ServiceId,
    /// The number of the deployment that started what runs of it.
    pub number: i32,
    /// Its containers.
    pub replicas: u32,
    /// Whether it runs once to its end.
    pub runs_once: bool,
    /// Whether a domain can lead to it without a new deployment.
    pub takes_requests: bool,
    /// The port that the file names first.
    pub port: Option<u16>,
    /// The image's reference in the file; none when it is built.
    pub image: Option<String>,
    /// Its host name inside its environment's network.
    pub internal_host: Option<String>,
    /// Its volumes.
    pub volumes: Vec<VolumeName>,
}

/// Where a service comes from.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum SourceView {
    /// A branch of a Git repository.
    Git {
        /// The repository's URL.
        url: String,
        /// The branch or tag.
        branch: String,
        /// Whether submodules are fetched.
        submodules: bool,
        /// Patterns of files whose change a push deploys; all files when there are none.
        watch_paths: Vec<String>,
        /// How it is reached.
        access: GitAccessView,
        /// The public half of the deploy key, to be added at the Git host.
        deploy_key: Option<String>,
        /// The pinned SSH host key, `SHA256:…`.
        host_key: Option<String>,
    },
    /// An image.
    Image {
        /// The image's reference.
        reference: String,
    },
    /// A Compose file that was typed in.
    Compose {
        /// Its text.
        text: String,
    },
    /// An archive that is uploaded.
    Upload {
        /// The newest one.
        archive: Option<Archive>,
    },
}

/// How a repository is reached.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum GitAccessView {
    /// Without credentials.
    Anonymous,
    /// With a token over HTTP.
    Token {
        /// The user name.
        username: Option<String>,
    },
    /// With a deploy key.
    DeployKey,
}

impl GitAccessView {
    /// The stable name.
    pub fn as_str(&self) -> &'static str {
        match self {
            Self::Anonymous => "anonymous",
            Self::Token { .. } => "token",
            Self::DeployKey => "deploy_key",
        }
    }
}

/// A variable.
#[derive(Debug, Clone, Serialize)]
pub struct VariableView {
    /// Its name.
    pub key: String,
    /// Its value as written; none when it is secret.
    pub value: Option<String>,
    /// Whether it is hidden.
    pub secret: bool,
    /// Whether its value holds secrets that were made for it.
    pub generated: bool,
    /// Why its references cannot be followed, as a fragment behind its name.
    pub problem: Option<String>,
    /// When its value last changed.
    #[serde(with = "time::serde::rfc3339")]
    pub updated_at: OffsetDateTime,
    /// Whether a live version runs with an earlier value.
    pub changed_since_live: bool,
}

/// How a service's variables differ from those of its live version, by name: also where
/// only what they refer to has changed.
#[derive(Debug, Clone, Serialize, PartialEq, Eq)]
pub struct VariableChanges {
    /// The number of the live deployment.
    pub deployment: i32,
    /// Those that the live version does not have.
    pub added: Vec<String>,
    /// Those that have another value now.
    pub changed: Vec<String>,
    /// Those that only the live version has.
    pub removed: Vec<String>,
}

/// A domain.
#[derive(Debug, Clone, Serialize)]
pub struct DomainView {
    /// Its id.
    pub id: DomainId,
    /// The host name.
    pub host: String,
    /// The path prefix.
    pub path_prefix: String,
    /// Whether the prefix is taken off before the service sees the request.
    pub strip_prefix: bool,
    /// The port inside the container; the service's when absent.
    pub port: Option<u16>,
    /// How it is protected.
    pub tls: TlsMode,
    /// The component that it leads to, of a stack.
    pub component: Option<String>,
    /// The team's own certificate.
    pub certificate: Option<CertificateId>,
    /// Where a DNS record shows that the name is ours.
    pub dns_provider: Option<DnsProviderId>,
    /// What happens to requests on their way.
    pub options: DomainOptions<BasicUserName>,
    /// The whole URL.
    pub url: String,
}

/// A user of basic authentication, without password.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BasicUserName {
    /// The name.
    pub name: String,
}
