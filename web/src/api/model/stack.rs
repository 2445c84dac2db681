//! Stacks.

use longshore_control::{ComponentView, GitAccessDraft, SourceDraft, StackDraft, StackPatch};
use longshore_domain::run::RunSettings;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::SourceBody;
use crate::state::VersionState;

/// A new stack: `source` and `compose_path`, or `compose`.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewStack {
    /// A DNS label.
    name: String,
    /// A Git repository.
    source: Option<SourceBody>,
    /// The Compose file in it; `docker-compose.yml` when absent.
    compose_path: Option<String>,
    /// The text of a Compose file.
    compose: Option<String>,
}

/// Changes of a stack; what is absent stays.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct StackChanges {
    name: Option<String>,
    source: Option<SourceBody>,
    compose_path: Option<String>,
    compose: Option<String>,
    /// Times of draining and settling; a component's own settings are in the file.
    #[schema(value_type = Option<Object>)]
    run: Option<RunSettings>,
}

/// A component of a stack's live version.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Component {
    /// Its host name within the stack.
    name: String,
    /// The deployment that started what runs of it.
    number: i32,
    /// Containers that shall run; 0 of one that has run to its end.
    replicas: u32,
    /// Containers that run; `null` when that cannot be seen.
    running: Option<u32>,
    /// What Docker says of the newest container that does not run.
    trouble: Option<String>,
    runs_once: bool,
    /// Whether a domain can lead to it without a new deployment.
    takes_requests: bool,
    /// The port that the file names first.
    port: Option<u16>,
    /// The image; `null` when it is built.
    image: Option<String>,
    /// Its host name for other services of the environment.
    internal_host: Option<String>,
    #[schema(value_type = Vec<String>)]
    volumes: Vec<longshore_domain::VolumeName>,
}

impl Component {
    /// A component with what is seen of it on the machine.
    pub(crate) fn new(view: ComponentView, state: Option<VersionState>) -> Self {
        Self {
            name: view.name,
            number: view.number,
            replicas: view.replicas,
            running: state.as_ref().map(|state| state.running),
            trouble: state
                .and_then(|state| state.trouble)
                .filter(|_| view.replicas > 0),
            runs_once: view.runs_once,
            takes_requests: view.takes_requests,
            port: view.port,
            image: view.image,
            internal_host: view.internal_host,
            volumes: view.volumes,
        }
    }
}

impl From<NewStack> for StackDraft {
    fn from(body: NewStack) -> Self {
        Self {
            name: body.name,
            source: body.source.map(|source| match source.into() {
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
            }),
            compose_path: body.compose_path,
            compose: body.compose,
        }
    }
}

impl From<StackChanges> for StackPatch {
    fn from(body: StackChanges) -> Self {
        Self {
            name: body.name,
            source: body.source.map(Into::into),
            compose_path: body.compose_path,
            compose: body.compose,
            run: body.run,
        }
    }
}
