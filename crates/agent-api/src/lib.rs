//! The wire types of the agent API and its protocol version.
//!
//! The agent is given complete job specifications and reports what happened; it knows
//! no users and no database. This crate must hold types only: no I/O and no policy.
//!
//! | call | meaning |
//! |---|---|
//! | `GET /v1/info` | [`AgentInfo`] |
//! | `PUT /v1/jobs/{deployment}` | [`DeployJob`] → [`JobStatus`]; starts the job, or re-attaches to it when it is known (same body), or takes it up again after a restart of the agent |
//! | `GET /v1/jobs/{deployment}` | [`JobStatus`] |
//! | `GET /v1/jobs/{deployment}/events` | SSE of [`JobEvent`]; the id is the sequence number, `Last-Event-ID` resumes; ends after [`JobEventKind::Finished`] |
//! | `DELETE /v1/jobs/{deployment}` | cancels: the real work stops; the end comes as an event |
//! | `POST /v1/jobs/{deployment}/forget` | the journal may go: all of it has been stored |
//! | `PUT /v1/services/{service}/routes` | [`RouteUpdate`] → 204 when the proxy has taken it |
//! | `PUT /v1/services/{service}/running` | [`RunningUpdate`] → 204: stop, start, restart, scale the live version |
//! | `DELETE /v1/services/{service}?volumes=false` | removes what runs of it, its routes and images |
//! | `GET /v1/services/{service}/log?tail=200&follow=true` | SSE of [`ContainerLine`] of the live version |
//! | `POST /v1/services/{service}/probe` | [`HealthTrial`] → [`HealthVerdict`]: tries a health check once on a running version |
//! | `POST /v1/services/{service}/command` | [`ContainerCommand`] → [`CommandEnd`]: runs a command in a container of the live version |
//! | `GET /v1/services/{service}/terminal` | WebSocket: a [`TerminalRequest`] first, then keys and output |
//! | `PUT /v1/services/{service}/once/{job}` | [`OnceRequest`] → 204: runs a command once; `GET` → [`OnceStatus`]; `DELETE` ends it |
//! | `GET /v1/volumes` | the [`VolumeStatus`] of every volume |
//! | `GET /v1/services/{service}` | [`ServiceStatus`] |
//! | `GET /v1/services/{service}/versions/{number}/ends` | [`VersionEnds`] |
//! | `POST /v1/repositories/check` | [`RepositoryCheck`] → [`RepositoryReport`] |
//! | `POST /v1/registries/check` | [`RegistryLogin`] → 204 when the registry takes it |
//! | `POST /v1/uploads` | the bytes of an archive → [`UploadReport`]; refused when it is hostile |
//! | `PUT /v1/certificates` | [`DesiredCertificates`] → 204; they are asked for in the background |
//! | `GET /v1/certificates` | the [`CertificateStatus`] of each |
//! | `POST /v1/certificates/{host}/retry` | the next attempt is made now |
//! | `PUT /v1/desired` | [`DesiredState`] → [`ReconcileReport`]: removes what is ours and not desired, repairs routes |
//!
//! Errors are [`AgentProblem`] with a 4xx or 5xx status.

mod certificate;
mod dashboard;
mod event;
mod health;
mod job;
mod once;
mod reconcile;
mod registry;
mod service;
mod stack;
mod storage;
mod terminal;
mod upload;

pub use certificate::*;
pub use dashboard::DashboardRoute;
pub use event::*;
pub use health::*;
pub use job::*;
pub use once::*;
pub use reconcile::*;
pub use registry::*;
pub use service::*;
pub use stack::*;
pub use storage::*;
pub use terminal::*;
pub use upload::*;

/// The version of this protocol; a server refuses an agent with another one.
pub const PROTOCOL_VERSION: u32 = 1;

/// The header in which each side says its protocol version.
pub const PROTOCOL_HEADER: &str = "longshore-agent-protocol";
