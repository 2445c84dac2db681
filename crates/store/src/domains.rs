//! Domains.

use longshore_domain::route::{DomainOptions, TlsMode};
use longshore_domain::run::Port;
use longshore_domain::{
    CertificateId, ComponentName, DnsProviderId, DomainId, DomainName, PathPrefix, ServiceId,
    TeamId,
};
use sqlx::PgConnection;
use uuid::Uuid;

use crate::error::{parse, parse_json, to_json};
use crate::services::port;
use crate::{Result, StoreError};

/// A domain.
#[derive(Debug, Clone)]
pub struct DomainRecord {
    /// Its id.
    pub id: DomainId,
    /// The team that owns it.
    pub team: TeamId,
    /// The service that it routes to.
    pub service: ServiceId,
    /// The host.
    pub host: DomainName,
    /// The path prefix.
    pub path_prefix: PathPrefix,
    /// Whether the prefix is taken off.
    pub strip_prefix: bool,
    /// The port; the service's when absent.
    pub port: Option<Port>,
    /// How it is protected.
    pub tls: TlsMode,
    /// The team's own certificate.
    pub certificate: Option<CertificateId>,
    /// Where a DNS record shows that the name is ours; else a request over HTTP does.
    pub dns_provider: Option<DnsProviderId>,
    /// What happens to requests on their way.
    pub options: DomainOptions,
    /// The component that it leads to, of a stack.
    pub component: Option<ComponentName>,
}

struct DomainRow {
    id: Uuid,
    team_id: Uuid,
    service_id: Uuid,
    host: String,
    path_prefix: String,
    strip_prefix: bool,
    port: Option<i32>,
    tls: String,
    certificate_id: Option<Uuid>,
    dns_provider_id: Option<Uuid>,
    options: serde_json::Value,
    component: Option<String>,
}

impl TryFrom<DomainRow> for DomainRecord {
    type Error = StoreError;

    fn try_from(row: DomainRow) -> Result<Self> {
        Ok(Self {
            id: row.id.into(),
            team: row.team_id.into(),
            service: row.service_id.into(),
            host: parse("host", &row.host)?,
            path_prefix: parse("path prefix", &row.path_prefix)?,
            strip_prefix: row.strip_prefix,
            port: port(row.port)?,
            tls: TlsMode::from_name(&row.tls)
                .ok_or_else(|| StoreError::Corrupt(format!("TLS mode {:?}", row.tls)))?,
            certificate: row.certificate_id.map(Into::into),
            dns_provider: row.dns_provider_id.map(Into::into),
            options: parse_json("options of a domain", row.options)?,
            component: row
                .component
                .map(|component| parse("component", &component))
                .transpose()?,
        })
    }
}

/// Adds a domain.
///
/// # Errors
/// [`crate::Conflict::DomainTaken`].
pub async fn insert(connection: &mut PgConnection, domain: &DomainRecord) -> Result<()> {
    sqlx::query!(
        "INSERT INTO domains (id, team_id, service_id, host, path_prefix, strip_prefix, port, tls,
                              certificate_id, dns_provider_id, options, component)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)",
        domain.id.0,
        domain.team.0,
        domain.service.0,
        domain.host.as_str(),
        domain.path_prefix.as_str(),
        domain.strip_prefix,
        domain.port.map(|port| i32::from(port.get())),
        domain.tls.as_str(),
        domain.certificate.map(|id| id.0),
        domain.dns_provider.map(|id| id.0),
        to_json(&domain.options)?,
        domain.component.as_ref().map(ComponentName::as_str),
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// Changes everything of a domain but its host.
///
/// # Errors
/// [`crate::Conflict::DomainTaken`], [`StoreError::Missing`].
pub async fn update(connection: &mut PgConnection, domain: &DomainRecord) -> Result<()> {
    let done = sqlx::query!(
        "UPDATE domains SET path_prefix = $3, strip_prefix = $4, port = $5, tls = $6,
                            certificate_id = $7, dns_provider_id = $8, options = $9,
                            component = $10
         WHERE team_id = $1 AND id = $2",
        domain.team.0,
        domain.id.0,
        domain.path_prefix.as_str(),
        domain.strip_prefix,
        domain.port.map(|port| i32::from(port.get())),
        domain.tls.as_str(),
        domain.certificate.map(|id| id.0),
        domain.dns_provider.map(|id| id.0),
        to_json(&domain.options)?,
        domain.component.as_ref().map(ComponentName::as_str),
    )
    .execute(connection)
    .await?;
    if done.rows_affected() == 0 {
        return Err(StoreError::Missing);
    }
    Ok(())
}

/// A domain of a team.
pub async fn find(
    connection: &mut PgConnection,
    team: TeamId,
    id: DomainId,
) -> Result<Option<DomainRecord>> {
    sqlx::query_as!(
        DomainRow,
        "SELECT id, team_id, service_id, host, path_prefix, strip_prefix, port, tls,
                certificate_id, dns_provider_id, options, component
         FROM domains WHERE team_id = $1 AND id = $2",
        team.0,
        id.0,
    )
    .fetch_optional(connection)
    .await?
    .map(TryInto::try_into)
    .transpose()
}

/// The domains of some services, in the order in which they were made.
pub async fn list_of_services(
    connection: &mut PgConnection,
    services: &[ServiceId],
) -> Result<Vec<DomainRecord>> {
    let ids: Vec<Uuid> = services.iter().map(|id| id.0).collect();
    sqlx::query_as!(
        DomainRow,
        "SELECT id, team_id, service_id, host, path_prefix, strip_prefix, port, tls,
                certificate_id, dns_provider_id, options, component
         FROM domains WHERE service_id = ANY($1) ORDER BY created_at, id",
        &ids,
    )
    .fetch_all(connection)
    .await?
    .into_iter()
    .map(TryInto::try_into)
    .collect()
}

/// The domains of a team that use a certificate or a DNS provider of its own.
pub async fn list_with_certificates(
    connection: &mut PgConnection,
    team: TeamId,
) -> Result<Vec<DomainRecord>> {
    sqlx::query_as!(
        DomainRow,
        "SELECT id, team_id, service_id, host, path_prefix, strip_prefix, port, tls,
                certificate_id, dns_provider_id, options, component
         FROM domains
         WHERE team_id = $1 AND (certificate_id IS NOT NULL OR dns_provider_id IS NOT NULL)
         ORDER BY host, path_prefix",
        team.0,
    )
    .fetch_all(connection)
    .await?
    .into_iter()
    .map(TryInto::try_into)
    .collect()
}

/// All domains with TLS of all teams, own certificates first, then those by DNS: for the
/// system itself.
pub async fn list_secure_for_system(connection: &mut PgConnection) -> Result<Vec<DomainRecord>> {
    sqlx::query_as!(
        DomainRow,
        "SELECT id, team_id, service_id, host, path_prefix, strip_prefix, port, tls,
                certificate_id, dns_provider_id, options, component
         FROM domains WHERE tls <> 'none'
         ORDER BY host, tls = 'custom' DESC, dns_provider_id IS NULL, created_at, id"
    )
    .fetch_all(connection)
    .await?
    .into_iter()
    .map(TryInto::try_into)
    .collect()
}

/// Lets one claim of a host, and of the names that it stands for, be made at a time, until
/// the transaction ends.
pub async fn lock_host(connection: &mut PgConnection, host: &DomainName) -> Result<()> {
    sqlx::query!(
        "SELECT pg_advisory_xact_lock(hashtextextended($1, 0))",
        host.base()
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// Whether any service has a domain of this host: for the system itself.
pub async fn is_used_for_system(connection: &mut PgConnection, host: &DomainName) -> Result<bool> {
    let row = sqlx::query!(
        r#"SELECT EXISTS (SELECT 1 FROM domains WHERE host = $1) AS "found!""#,
        host.as_str()
    )
    .fetch_one(connection)
    .await?;
    Ok(row.found)
}

/// Whether another team has a domain of this host, or one that stands for it or for which
/// it stands.
pub async fn is_others(
    connection: &mut PgConnection,
    team: TeamId,
    host: &DomainName,
) -> Result<bool> {
    let wildcard = host
        .as_str()
        .split_once('.')
        .map(|(_, parent)| format!("*.{parent}"));
    let below = host.is_wildcard().then(|| format!("%.{}", host.base()));
    let row = sqlx::query!(
        r#"SELECT EXISTS (
             SELECT 1 FROM domains WHERE team_id <> $1
             AND (host = $2 OR host = $3 OR host LIKE $4)
           ) AS "found!""#,
        team.0,
        host.as_str(),
        wildcard,
        below,
    )
    .fetch_one(connection)
    .await?;
    Ok(row.found)
}

/// Removes a domain.
///
/// # Errors
/// [`StoreError::Missing`].
pub async fn delete(connection: &mut PgConnection, team: TeamId, id: DomainId) -> Result<()> {
    let done = sqlx::query!(
        "DELETE FROM domains WHERE team_id = $1 AND id = $2",
        team.0,
        id.0
    )
    .execute(connection)
    .await?;
    if done.rows_affected() == 0 {
        return Err(StoreError::Missing);
    }
    Ok(())
}
