//! Errors of the database, with constraints as typed conflicts.

/// The result of a query.
pub type Result<T> = std::result::Result<T, StoreError>;

/// Why a query failed.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// A uniqueness rule was broken.
    #[error("conflict: {0:?}")]
    Conflict(Conflict),
    /// The row to change does not exist.
    #[error("the row does not exist")]
    Missing,
    /// A row holds what this version cannot read.
    #[error("stored data cannot be read: {0}")]
    Corrupt(String),
    /// The database does not answer.
    #[error("the database does not answer")]
    Unavailable(#[source] sqlx::Error),
    /// Any other error of the database.
    #[error("the database refused a query")]
    Database(#[source] sqlx::Error),
}

/// A named uniqueness rule of the schema.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Conflict {
    /// `users_email_key`
    UserEmail,
    /// `api_tokens_name_key`
    TokenName,
    /// `projects_name_key`
    ProjectName,
    /// `environments_name_key`
    EnvironmentName,
    /// `services_name_key`
    ServiceName,
    /// `domains_host_path_key`
    DomainTaken,
    /// `certificates_name_key`
    CertificateName,
    /// `dns_providers_name_key`
    DnsProviderName,
    /// `deployments_number_key`
    DeploymentNumber,
    /// `deployments_one_running_key`
    OneRunning,
    /// `deployments_one_queued_key`
    OneQueued,
    /// `deployments_one_live_key`
    OneLive,
    /// `deliveries_key`
    DeliveryRepeated,
    /// `hooks_service_id_key`
    HookExists,
    /// `registries_host_key`
    RegistryHost,
}

impl Conflict {
    fn from_constraint(name: &str) -> Option<Self> {
        Some(match name {
            "users_email_key" => Self::UserEmail,
            "api_tokens_name_key" => Self::TokenName,
            "projects_name_key" => Self::ProjectName,
            "environments_name_key" => Self::EnvironmentName,
            "services_name_key" => Self::ServiceName,
            "domains_host_path_key" => Self::DomainTaken,
            "certificates_name_key" => Self::CertificateName,
            "dns_providers_name_key" => Self::DnsProviderName,
            "deployments_number_key" => Self::DeploymentNumber,
            "deployments_one_running_key" => Self::OneRunning,
            "deployments_one_queued_key" => Self::OneQueued,
            "deployments_one_live_key" => Self::OneLive,
            "deliveries_key" => Self::DeliveryRepeated,
            "hooks_service_id_key" => Self::HookExists,
            "registries_host_key" => Self::RegistryHost,
            _ => return None,
        })
    }

    /// The field that a person would have to change.
    pub fn field(self) -> &'static str {
        match self {
            Self::UserEmail => "email",
            Self::TokenName
            | Self::ProjectName
            | Self::EnvironmentName
            | Self::ServiceName
            | Self::CertificateName
            | Self::DnsProviderName => "name",
            Self::DomainTaken | Self::RegistryHost => "host",
            Self::DeploymentNumber | Self::OneRunning | Self::OneQueued | Self::OneLive => {
                "deployment"
            }
            Self::DeliveryRepeated => "delivery",
            Self::HookExists => "webhook",
        }
    }

    /// What is wrong, as a fragment behind the field's name.
    pub fn message(self) -> &'static str {
        match self {
            Self::UserEmail => "belongs to a user already",
            Self::TokenName => "is the name of another token of yours",
            Self::ProjectName => "is taken by another project",
            Self::EnvironmentName => "is taken by another environment of this project",
            Self::ServiceName => "is taken by another service of this environment",
            Self::CertificateName => "is taken by another certificate of this team",
            Self::DnsProviderName => "is taken by another DNS provider of this team",
            Self::DomainTaken => "routes to a service already with this path prefix",
            Self::DeploymentNumber | Self::OneRunning | Self::OneQueued | Self::OneLive => {
                "was changed by somebody else at the same moment; try again"
            }
            Self::DeliveryRepeated => "was received before",
            Self::RegistryHost => "has an account of this team already; change that one",
            Self::HookExists => "was made by somebody else at the same moment; try again",
        }
    }
}

impl From<sqlx::Error> for StoreError {
    fn from(error: sqlx::Error) -> Self {
        if let Some(conflict) = error
            .as_database_error()
            .and_then(sqlx::error::DatabaseError::constraint)
            .and_then(Conflict::from_constraint)
        {
            return Self::Conflict(conflict);
        }
        let away = match &error {
            sqlx::Error::Io(_)
            | sqlx::Error::Tls(_)
            | sqlx::Error::PoolTimedOut
            | sqlx::Error::PoolClosed
            | sqlx::Error::WorkerCrashed => true,
            // Class 57P: the server shuts down or starts; class 08: the connection broke;
            // class 53: it is out of connections, memory or disk.
            sqlx::Error::Database(database) => database.code().is_some_and(|code| {
                code.starts_with("57P") || code.starts_with("08") || code.starts_with("53")
            }),
            _ => false,
        };
        if away {
            Self::Unavailable(error)
        } else {
            Self::Database(error)
        }
    }
}

/// A stored text that must be one of the domain's types.
pub(crate) fn parse<T: std::str::FromStr>(what: &str, text: &str) -> Result<T> {
    text.parse()
        .map_err(|_| StoreError::Corrupt(format!("{what} {text:?}")))
}

/// A stored JSON document that must be one of the domain's types.
pub(crate) fn parse_json<T: serde::de::DeserializeOwned>(
    what: &str,
    value: serde_json::Value,
) -> Result<T> {
    serde_json::from_value(value).map_err(|error| StoreError::Corrupt(format!("{what}: {error}")))
}

/// A domain type as a JSON document.
pub(crate) fn to_json<T: serde::Serialize>(value: &T) -> Result<serde_json::Value> {
    serde_json::to_value(value).map_err(|error| StoreError::Corrupt(error.to_string()))
}

impl StoreError {
    /// Whether two transactions got into each other's way, so that trying again will do
    /// (a deadlock or a failed serialization).
    pub fn is_serialization_failure(&self) -> bool {
        match self {
            Self::Database(sqlx::Error::Database(error)) => {
                matches!(error.code().as_deref(), Some("40001" | "40P01"))
            }
            _ => false,
        }
    }
}
