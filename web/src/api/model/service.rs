//! Services, their sources and domains.

use std::collections::BTreeMap;

use longshore_control::{
    AppDraft, AppPatch, BuildDraft, GitAccessDraft, GitAccessView, ServiceView, SourceDraft,
    SourceView,
};
use longshore_domain::database::DatabaseKind;
use longshore_domain::run::RunSettings;
use serde::{Deserialize, Deserializer, Serialize};
use time::OffsetDateTime;
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use super::Domain;
/// A new app.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewApp {
    /// A DNS label: the app's host name in its environment.
    name: String,
    source: SourceBody,
    build: Option<BuildBody>,
    /// The port that the program listens on; absent for a worker.
    port: Option<i64>,
    /// How the containers run.
    #[schema(value_type = Option<Object>)]
    run: Option<RunSettings>,
}

/// Changes of an app; what is absent stays.
#[expect(
    clippy::option_option,
    reason = "a port may be absent from the body, or null in it"
)]
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct AppChanges {
    name: Option<String>,
    source: Option<SourceBody>,
    build: Option<BuildBody>,
    /// `null` makes it a worker.
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Option<i64>)]
    port: Option<Option<i64>>,
    #[schema(value_type = Option<Object>)]
    run: Option<RunSettings>,
}

/// Tells a field that is `null` from one that is absent.
#[expect(
    clippy::option_option,
    reason = "a field may be absent from the body, or null in it"
)]
pub(super) fn given<'de, D, T>(deserializer: D) -> Result<Option<Option<T>>, D::Error>
where
    D: Deserializer<'de>,
    T: Deserialize<'de>,
{
    Option::deserialize(deserializer).map(Some)
}

/// Where an app comes from.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum SourceBody {
    /// A Git repository.
    Git(GitBody),
    /// An image.
    Image(ImageBody),
    /// Files that are uploaded.
    Upload(UploadBody),
}

/// A Git repository.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct GitBody {
    /// Without credentials.
    url: String,
    branch: String,
    #[serde(default)]
    submodules: bool,
    /// Patterns as in `.gitignore` of the files whose change a push deploys; every file
    /// when there are none.
    #[serde(default)]
    watch_paths: Vec<String>,
    /// How the repository is reached; without it an existing access stays.
    access: Option<AccessBody>,
}

/// How a repository is reached.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub(crate) enum AccessBody {
    /// Without credentials.
    Anonymous,
    /// A token over HTTP.
    Token {
        /// The user name; most hosts ignore it.
        username: Option<String>,
        /// The token; never shown again.
        token: String,
    },
    /// A key that Longshore makes; its public half is in the answer.
    DeployKey,
}

impl std::fmt::Debug for AccessBody {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("AccessBody")
    }
}

/// An image of a registry.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ImageBody {
    reference: String,
}

/// Files that are uploaded.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct UploadBody {}

/// How a source becomes an image.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum BuildBody {
    /// By a Dockerfile.
    Dockerfile(DockerfileBody),
    /// As files that are served.
    Static(StaticBody),
    /// By a Dockerfile that Longshore writes for what is in the repository.
    Auto(AutoBody),
}

/// Files that are served.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct StaticBody {
    /// The folder, from the repository's root; the root when absent.
    directory: Option<String>,
    /// Whether a path without a file is answered with `index.html`.
    #[serde(default)]
    spa: bool,
    /// What makes the files, run in a Node image.
    command: Option<String>,
    /// Names of variables, or `PREFIX_*`, that the build is given as arguments.
    #[serde(default)]
    variables: Vec<String>,
}

/// A build that finds everything in the repository.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct AutoBody {
    /// Names of variables, or `PREFIX_*`, that the build is given as arguments.
    #[serde(default)]
    variables: Vec<String>,
}

/// A build by a Dockerfile.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct DockerfileBody {
    /// From the repository's root; `Dockerfile` when absent.
    path: Option<String>,
    /// From the repository's root; the root when absent.
    context: Option<String>,
    /// The stage to build.
    target: Option<String>,
    /// Build arguments.
    args: BTreeMap<String, String>,
    /// Names of variables that the build may mount as secrets.
    secrets: Vec<String>,
    /// Names of variables, or `PREFIX_*`, that the build is given as arguments.
    variables: Vec<String>,
}

impl From<SourceBody> for SourceDraft {
    fn from(body: SourceBody) -> Self {
        match body {
            SourceBody::Git(git) => Self::Git {
                url: git.url,
                branch: git.branch,
                submodules: git.submodules,
                watch_paths: git.watch_paths,
                access: match git.access {
                    None => GitAccessDraft::Keep,
                    Some(AccessBody::Anonymous) => GitAccessDraft::Anonymous,
                    Some(AccessBody::Token { username, token }) => {
                        GitAccessDraft::Token { username, token }
                    }
                    Some(AccessBody::DeployKey) => GitAccessDraft::DeployKey,
                },
            },
            SourceBody::Image(image) => Self::Image {
                reference: image.reference,
            },
            SourceBody::Upload(UploadBody {}) => Self::Upload,
        }
    }
}

impl From<BuildBody> for BuildDraft {
    fn from(body: BuildBody) -> Self {
        match body {
            BuildBody::Dockerfile(dockerfile) => Self::Dockerfile {
                path: dockerfile.path,
                context: dockerfile.context,
                target: dockerfile.target,
                args: dockerfile.args,
                secrets: dockerfile.secrets,
                variables: dockerfile.variables,
            },
            BuildBody::Static(site) => Self::Static {
                directory: site.directory,
                spa: site.spa,
                command: site.command,
                variables: site.variables,
            },
            BuildBody::Auto(AutoBody { variables }) => Self::Auto { variables },
        }
    }
}

impl From<NewApp> for AppDraft {
    fn from(body: NewApp) -> Self {
        Self {
            name: body.name,
            source: match body.source.into() {
                SourceDraft::Git {
                    url,
                    branch,
                    submodules,
                    watch_paths,
                    access: GitAccessDraft::Keep,
                } => SourceDraft::Git {
                    url,
                    branch,
                    submodules,
                    watch_paths,
                    access: GitAccessDraft::Anonymous,
                },
                other => other,
            },
            build: body.build.map(Into::into),
            port: body.port,
            run: body.run,
        }
    }
}

impl From<AppChanges> for AppPatch {
    fn from(body: AppChanges) -> Self {
        Self {
            name: body.name,
            source: body.source.map(Into::into),
            build: body.build.map(Into::into),
            port: body.port,
            run: body.run,
        }
    }
}

/// The confirmation of a service's removal; it may stand in the query instead.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct RemovalBody {
    /// The name of the service.
    pub(crate) confirm: Option<String>,
}

/// What goes with a service.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct Removal {
    /// Whether the data in its volumes goes too. It stays unless asked for.
    #[serde(default)]
    #[param(required = false)]
    pub(crate) volumes: bool,
    /// The name of the service: needed here when its data is to go.
    pub(crate) confirm: Option<String>,
}

/// A service.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Service {
    id: Uuid,
    name: String,
    /// `app`, `database` or `stack`.
    kind: &'static str,
    /// The engine and version of a database.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Object>)]
    database: Option<DatabaseKind>,
    project: Uuid,
    environment: Uuid,
    #[schema(value_type = Object)]
    source: serde_json::Value,
    #[schema(value_type = Object)]
    build: longshore_domain::source::Build,
    #[schema(value_type = Object)]
    run: RunSettings,
    port: Option<u16>,
    stopped: bool,
    /// `never_deployed`, `running`, `deploying`, `failed` or `stopped`.
    status: &'static str,
    live_number: Option<i32>,
    domains: Vec<Domain>,
    /// Its host name for other services of the environment.
    internal_host: String,
    #[serde(with = "time::serde::rfc3339")]
    created_at: OffsetDateTime,
}

impl From<ServiceView> for Service {
    fn from(view: ServiceView) -> Self {
        Self {
            id: view.id.0,
            name: view.name,
            kind: view.kind.as_str(),
            database: view.database,
            project: view.project.id.0,
            environment: view.environment.id.0,
            source: source(&view.source),
            build: view.build,
            run: view.run,
            port: view.port,
            stopped: view.stopped,
            status: view.status.as_str(),
            live_number: view.live.map(|live| live.number),
            domains: view.domains.into_iter().map(Into::into).collect(),
            internal_host: view.internal_host,
            created_at: view.created_at,
        }
    }
}

fn source(view: &SourceView) -> serde_json::Value {
    match view {
        SourceView::Git {
            url,
            branch,
            submodules,
            watch_paths,
            access,
            deploy_key,
            host_key,
        } => serde_json::json!({"git": {
            "url": url,
            "branch": branch,
            "submodules": submodules,
            "watch_paths": watch_paths,
            "access": match access {
                GitAccessView::Anonymous => serde_json::json!("anonymous"),
                GitAccessView::Token { username } => {
                    serde_json::json!({"token": {"username": username}})
                }
                GitAccessView::DeployKey => serde_json::json!("deploy_key"),
            },
            "deploy_key": deploy_key,
            "host_key": host_key,
        }}),
        SourceView::Image { reference } => serde_json::json!({"image": {"reference": reference}}),
        SourceView::Compose { text } => serde_json::json!({"compose": {"text": text}}),
        SourceView::Upload { archive } => serde_json::json!({"upload": {"archive": archive}}),
    }
}
