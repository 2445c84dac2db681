//! The dashboard's own domain, of which there is one at most.

use longshore_domain::route::TlsMode;
use longshore_domain::{CertificateId, DnsProviderId, DomainName, TeamId};
use sqlx::PgConnection;

use crate::error::parse;
use crate::{Result, StoreError};

/// The dashboard's own domain.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DashboardRecord {
    /// The team of whoever chose it, which owns certificate and DNS provider.
    pub team: TeamId,
    /// The host.
    pub host: DomainName,
    /// How it is protected.
    pub tls: TlsMode,
    /// The team's own certificate.
    pub certificate: Option<CertificateId>,
    /// Where a DNS record shows that the name is ours; else a request over HTTP does.
    pub dns_provider: Option<DnsProviderId>,
}

/// The dashboard's own domain.
pub async fn find(connection: &mut PgConnection) -> Result<Option<DashboardRecord>> {
    let row = sqlx::query!(
        "SELECT team_id, host, tls, certificate_id, dns_provider_id FROM dashboard_domain"
    )
    .fetch_optional(connection)
    .await?;
    row.map(|row| {
        Ok(DashboardRecord {
            team: row.team_id.into(),
            host: parse("host", &row.host)?,
            tls: TlsMode::from_name(&row.tls)
                .ok_or_else(|| StoreError::Corrupt(format!("TLS mode {:?}", row.tls)))?,
            certificate: row.certificate_id.map(Into::into),
            dns_provider: row.dns_provider_id.map(Into::into),
        })
    })
    .transpose()
}

/// Makes it the dashboard's own domain, in place of another one.
pub async fn put(connection: &mut PgConnection, record: &DashboardRecord) -> Result<()> {
    sqlx::query!(
        "INSERT INTO dashboard_domain (team_id, host, tls, certificate_id, dns_provider_id)
         VALUES ($1, $2, $3, $4, $5)
         ON CONFLICT (is_only) DO UPDATE SET team_id = $1, host = $2, tls = $3,
                                             certificate_id = $4, dns_provider_id = $5",
        record.team.0,
        record.host.as_str(),
        record.tls.as_str(),
        record.certificate.map(|id| id.0),
        record.dns_provider.map(|id| id.0),
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// Takes the dashboard's own domain away.
///
/// # Errors
/// [`StoreError::Missing`].
pub async fn delete(connection: &mut PgConnection) -> Result<()> {
    let done = sqlx::query!("DELETE FROM dashboard_domain")
        .execute(connection)
        .await?;
    if done.rows_affected() == 0 {
        return Err(StoreError::Missing);
    }
    Ok(())
}
