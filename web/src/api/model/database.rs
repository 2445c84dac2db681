//! Databases.

use std::collections::BTreeMap;

use longshore_control::{ConnectionView, DatabaseDraft, DatabasePatch, ServiceView};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use super::Service;
use super::service::given;

/// A new database.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewDatabase {
    /// A DNS label: the database's host name in its environment.
    name: String,
    /// `postgres`, `mysql`, `mariadb`, `mongodb`, `redis`, `valkey` or `minio`.
    engine: String,
    /// Such as `17` or `17.2`; the engine's default when absent.
    version: Option<String>,
    /// What the engine lets one choose, such as `maxmemory-policy` of Redis.
    #[serde(default)]
    options: BTreeMap<String, String>,
    /// The most memory that it may take, in bytes.
    memory_limit_bytes: Option<i64>,
    /// An image with extensions instead of the usual one, such as `pgvector/pgvector:pg17`.
    image: Option<String>,
}

/// Changes of a database; what is absent stays.
#[expect(
    clippy::option_option,
    reason = "a limit may be absent from the body, or null in it"
)]
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct DatabaseChanges {
    /// Such as `17.2`, within the series that it has.
    version: Option<String>,
    /// What the engine lets one choose.
    #[serde(default)]
    options: BTreeMap<String, String>,
    /// The most memory that it may take, in bytes; `null` takes the limit away.
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Option<i64>)]
    memory_limit_bytes: Option<Option<i64>>,
    /// Thousandths of a core; `null` takes the limit away.
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Option<i64>)]
    cpu_limit_millis: Option<Option<i64>>,
    /// An image with extensions; `null` takes the usual one again.
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Option<String>)]
    image: Option<Option<String>>,
    /// A port of the machine, from 1024, that leads to the database from everywhere; `null`
    /// closes it.
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Option<i64>)]
    external_port: Option<Option<i64>>,
}

impl From<DatabaseChanges> for DatabasePatch {
    fn from(body: DatabaseChanges) -> Self {
        Self {
            version: body.version,
            options: body.options,
            memory_limit_bytes: body.memory_limit_bytes,
            cpu_limit_millis: body.cpu_limit_millis,
            image: body.image,
            external_port: body.external_port,
        }
    }
}

/// A password that was changed.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct PasswordChange {
    /// The deployment that brings it, for an engine that reads it at its start.
    pub(crate) deployment: Option<Uuid>,
}

impl From<NewDatabase> for DatabaseDraft {
    fn from(body: NewDatabase) -> Self {
        Self {
            name: body.name,
            engine: body.engine,
            version: body.version,
            options: body.options,
            memory_limit_bytes: body.memory_limit_bytes,
            image: body.image,
        }
    }
}

/// A database that was just made: the service, and how to reach it.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Database {
    #[serde(flatten)]
    service: Service,
    /// Works inside the environment's network. Other services refer to it as
    /// `${{name.DATABASE_URL}}`.
    connection_url: String,
    connection: Connection,
}

impl Database {
    /// The answer to whoever made it.
    pub(crate) fn new(service: ServiceView, connection: ConnectionView) -> Self {
        Self {
            service: service.into(),
            connection_url: connection.url.expose().to_owned(),
            connection: connection.into(),
        }
    }
}

/// How programs of the environment reach a database.
#[derive(Serialize, ToSchema)]
pub(crate) struct Connection {
    engine: String,
    version: String,
    host: String,
    port: u16,
    /// With user and password.
    url: String,
}

impl std::fmt::Debug for Connection {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("Connection")
    }
}

impl From<ConnectionView> for Connection {
    fn from(view: ConnectionView) -> Self {
        Self {
            url: view.url.expose().to_owned(),
            engine: view.engine,
            version: view.version,
            host: view.host,
            port: view.port,
        }
    }
}
