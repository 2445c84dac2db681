//! Drafts of projects, environments, apps and domains.

use std::collections::BTreeMap;

use longshore_domain::route::{DomainOptions, PasswordHash};
use longshore_domain::run::RunSettings;
use longshore_domain::{CertificateId, DnsProviderId};

/// A new project, or a project's new name.
#[derive(Debug, Clone, Default, serde::Deserialize)]
pub struct ProjectDraft {
    /// The name.
    pub name: String,
}

/// A new environment.
#[derive(Debug, Clone, Default, serde::Deserialize)]
pub struct EnvironmentDraft {
    /// The name.
    pub name: String,
}

/// A new app.
#[derive(Debug, Clone)]
pub struct AppDraft {
    /// The name.
    pub name: String,
    /// Where it comes from.
    pub source: SourceDraft,
    /// How it becomes an image; a Dockerfile at the repository's root when absent.
    pub build: Option<BuildDraft>,
    /// The port that it listens on; none for a worker.
    pub port: Option<i64>,
    /// How it runs; the defaults when absent.
    pub run: Option<RunSettings>,
}

/// Changes of an app; what is absent stays.
#[derive(Debug, Clone, Default)]
pub struct AppPatch {
    /// The name.
    pub name: Option<String>,
    /// Where it comes from.
    pub source: Option<SourceDraft>,
    /// How it becomes an image.
    pub build: Option<BuildDraft>,
    /// The port; `Some(None)` takes it away.
    pub port: Option<Option<i64>>,
    /// How it runs.
    pub run: Option<RunSettings>,
}

/// Where an app comes from.
#[derive(Debug, Clone)]
pub enum SourceDraft {
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
        /// How the repository is reached.
        access: GitAccessDraft,
    },
    /// An image.
    Image {
        /// The image's reference.
        reference: String,
    },
    /// An archive that is uploaded.
    Upload,
}

/// How a repository is reached.
#[derive(Clone, Default)]
pub enum GitAccessDraft {
    /// Without credentials.
    #[default]
    Anonymous,
    /// With a token over HTTP.
    Token {
        /// The user name; hosts with tokens mostly ignore it.
        username: Option<String>,
        /// The token.
        token: String,
    },
    /// With a key that Longshore makes and keeps (the same key when there is one already).
    DeployKey,
    /// As it is now.
    Keep,
}

impl std::fmt::Debug for GitAccessDraft {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str(match self {
            Self::Anonymous => "Anonymous",
            Self::Token { .. } => "Token([redacted])",
            Self::DeployKey => "DeployKey",
            Self::Keep => "Keep",
        })
    }
}

/// How a source becomes an image.
#[derive(Debug, Clone)]
pub enum BuildDraft {
    /// By a Dockerfile of the repository.
    Dockerfile {
        /// The Dockerfile, from the repository's root; `Dockerfile` when absent.
        path: Option<String>,
        /// The folder that is sent to the build; the whole repository when absent.
        context: Option<String>,
        /// The stage to build; the last one when absent.
        target: Option<String>,
        /// Build arguments.
        args: BTreeMap<String, String>,
        /// Names of variables that the build may mount as secrets.
        secrets: Vec<String>,
        /// Names of variables that the build is given as arguments.
        variables: Vec<String>,
    },
    /// As files that are served.
    Static {
        /// The folder that is served; the whole repository when absent.
        directory: Option<String>,
        /// Whether a path without a file is answered with `index.html`.
        spa: bool,
        /// What makes the files.
        command: Option<String>,
        /// Names of variables that the build is given as arguments.
        variables: Vec<String>,
    },
    /// By a Dockerfile that Longshore writes.
    Auto {
        /// Names of variables that the build is given as arguments.
        variables: Vec<String>,
    },
}

/// A new domain.
#[derive(Debug, Clone, Default)]
pub struct DomainDraft {
    /// The host name.
    pub host: String,
    /// The path prefix; `/` when absent.
    pub path_prefix: Option<String>,
    /// Whether the prefix is taken off before the service sees the request.
    pub strip_prefix: bool,
    /// The port; the service's when absent.
    pub port: Option<i64>,
    /// `none`, `acme` or `custom`.
    pub tls: String,
    /// The component of a stack.
    pub component: Option<String>,
    /// The team's own certificate; one that fits when absent.
    pub certificate: Option<CertificateId>,
    /// Where a DNS record shows that the name is ours.
    pub dns_provider: Option<DnsProviderId>,
    /// What happens to requests on their way.
    pub options: DomainOptions<BasicUserDraft>,
}

/// Changes of a domain; what is absent stays.
#[derive(Debug, Clone, Default)]
pub struct DomainPatch {
    /// The path prefix.
    pub path_prefix: Option<String>,
    /// Whether the prefix is taken off before the service sees the request.
    pub strip_prefix: Option<bool>,
    /// The port; `Some(None)` means the service's.
    pub port: Option<Option<i64>>,
    /// `none`, `acme` or `custom`.
    pub tls: Option<String>,
    /// The team's own certificate; `Some(None)` means one that fits.
    pub certificate: Option<Option<CertificateId>>,
    /// Where a DNS record shows that the name is ours; `Some(None)` means nowhere.
    pub dns_provider: Option<Option<DnsProviderId>>,
    /// All options.
    pub options: Option<DomainOptions<BasicUserDraft>>,
    /// The component of a stack.
    pub component: Option<String>,
}

/// A user of basic authentication as typed. Without password and hash a known user keeps
/// the password.
#[derive(Clone, Default, PartialEq, Eq, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BasicUserDraft {
    /// The name.
    pub name: String,
    /// The password.
    #[serde(default)]
    pub password: Option<String>,
    /// The password's hash as `htpasswd` writes it.
    #[serde(default)]
    pub hash: Option<PasswordHash>,
}

impl std::fmt::Debug for BasicUserDraft {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "{}:[redacted]", self.name)
    }
}
