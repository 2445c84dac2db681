//! Certificates that teams bring themselves.

use longshore_domain::{CertificateId, DomainName, TeamId};
use sqlx::PgConnection;
use time::OffsetDateTime;
use uuid::Uuid;

use crate::error::parse;
use crate::{Result, StoreError};

/// A certificate without its key.
#[derive(Debug, Clone)]
pub struct CertificateRecord {
    /// Its id.
    pub id: CertificateId,
    /// The team that owns it.
    pub team: TeamId,
    /// What people call it.
    pub name: String,
    /// The certificates as PEM, in the order in which they are sent.
    pub chain: String,
    /// The host names for which it is valid.
    pub hosts: Vec<DomainName>,
    /// Who issued it.
    pub issuer: String,
    /// The SHA-256 of the certificate, in hexadecimal.
    pub fingerprint: String,
    /// From when on it is valid.
    pub not_before: OffsetDateTime,
    /// Until when it is valid.
    pub not_after: OffsetDateTime,
}

struct CertificateRow {
    id: Uuid,
    team_id: Uuid,
    name: String,
    chain: String,
    hosts: Vec<String>,
    issuer: String,
    fingerprint: String,
    not_before: OffsetDateTime,
    not_after: OffsetDateTime,
}

impl TryFrom<CertificateRow> for CertificateRecord {
    type Error = StoreError;

    fn try_from(row: CertificateRow) -> Result<Self> {
        let hosts = row.hosts.iter().map(|host| parse("host", host));
        Ok(Self {
            id: row.id.into(),
            team: row.team_id.into(),
            name: row.name,
            chain: row.chain,
            hosts: hosts.collect::<Result<_>>()?,
            issuer: row.issuer,
            fingerprint: row.fingerprint,
            not_before: row.not_before,
            not_after: row.not_after,
        })
    }
}

/// Adds a certificate with its encrypted key.
///
/// # Errors
/// [`crate::Conflict::CertificateName`].
pub async fn insert(
    connection: &mut PgConnection,
    certificate: &CertificateRecord,
    sealed_key: &[u8],
) -> Result<()> {
    let hosts: Vec<String> = certificate.hosts.iter().map(ToString::to_string).collect();
    sqlx::query!(
        "INSERT INTO certificates (id, team_id, name, chain, private_key, hosts, issuer,
                                   fingerprint, not_before, not_after)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
        certificate.id.0,
        certificate.team.0,
        certificate.name,
        certificate.chain,
        sealed_key,
        &hosts,
        certificate.issuer,
        certificate.fingerprint,
        certificate.not_before,
        certificate.not_after,
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// A certificate of a team.
pub async fn find(
    connection: &mut PgConnection,
    team: TeamId,
    id: CertificateId,
) -> Result<Option<CertificateRecord>> {
    sqlx::query_as!(
        CertificateRow,
        "SELECT id, team_id, name, chain, hosts, issuer, fingerprint, not_before, not_after
         FROM certificates WHERE team_id = $1 AND id = $2",
        team.0,
        id.0,
    )
    .fetch_optional(connection)
    .await?
    .map(TryInto::try_into)
    .transpose()
}

/// All certificates of a team, the one that is valid longest first.
pub async fn list(connection: &mut PgConnection, team: TeamId) -> Result<Vec<CertificateRecord>> {
    sqlx::query_as!(
        CertificateRow,
        "SELECT id, team_id, name, chain, hosts, issuer, fingerprint, not_before, not_after
         FROM certificates WHERE team_id = $1 ORDER BY not_after DESC, id",
        team.0,
    )
    .fetch_all(connection)
    .await?
    .into_iter()
    .map(TryInto::try_into)
    .collect()
}

/// A certificate with its encrypted key, as the machine needs it.
#[derive(Debug, Clone)]
pub struct UsedCertificate {
    /// Its id.
    pub id: CertificateId,
    /// The certificates as PEM.
    pub chain: String,
    /// The encrypted key.
    pub sealed_key: Vec<u8>,
}

/// The certificates of all teams that domains or the dashboard use: for the system itself.
pub async fn list_used_for_system(connection: &mut PgConnection) -> Result<Vec<UsedCertificate>> {
    let rows = sqlx::query!(
        "SELECT id, chain, private_key FROM certificates
         WHERE id IN (SELECT certificate_id FROM domains WHERE tls = 'custom')
            OR id IN (SELECT certificate_id FROM dashboard_domain WHERE tls = 'custom')"
    )
    .fetch_all(connection)
    .await?;
    let rows = rows.into_iter();
    Ok(rows
        .map(|row| UsedCertificate {
            id: row.id.into(),
            chain: row.chain,
            sealed_key: row.private_key,
        })
        .collect())
}

/// Removes a certificate.
///
/// # Errors
/// [`StoreError::Missing`].
pub async fn delete(connection: &mut PgConnection, team: TeamId, id: CertificateId) -> Result<()> {
    let done = sqlx::query!(
        "DELETE FROM certificates WHERE team_id = $1 AND id = $2",
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
