//! Webhooks of services, and what was received on them.

mod delivery;

pub use delivery::{
    DeliveryRecord, NewDelivery, find_by_key, insert_delivery, list_deliveries, prune_refused,
};

use longshore_domain::{HookId, ServiceId, TeamId};
use sqlx::PgConnection;
use time::OffsetDateTime;

use crate::Result;

/// The webhook of a service.
#[derive(Debug, Clone)]
pub struct HookRecord {
    /// Its id, part of its URL.
    pub id: HookId,
    /// The team that owns it.
    pub team: TeamId,
    /// Its service.
    pub service: ServiceId,
    /// Its secret, encrypted.
    pub secret: Vec<u8>,
    /// The secret before the last rotation, encrypted.
    pub old_secret: Option<Vec<u8>>,
    /// Until when that one is taken.
    pub old_secret_until: Option<OffsetDateTime>,
    /// When it was made.
    pub created_at: OffsetDateTime,
}

struct HookRow {
    id: uuid::Uuid,
    team_id: uuid::Uuid,
    service_id: uuid::Uuid,
    secret: Vec<u8>,
    old_secret: Option<Vec<u8>>,
    old_secret_until: Option<OffsetDateTime>,
    created_at: OffsetDateTime,
}

impl From<HookRow> for HookRecord {
    fn from(row: HookRow) -> Self {
        Self {
            id: row.id.into(),
            team: row.team_id.into(),
            service: row.service_id.into(),
            secret: row.secret,
            old_secret: row.old_secret,
            old_secret_until: row.old_secret_until,
            created_at: row.created_at,
        }
    }
}

/// The hook of a team's service.
pub async fn find_of_service(
    connection: &mut PgConnection,
    team: TeamId,
    service: ServiceId,
) -> Result<Option<HookRecord>> {
    let row = sqlx::query_as!(
        HookRow,
        "SELECT id, team_id, service_id, secret, old_secret, old_secret_until, created_at
         FROM hooks WHERE team_id = $1 AND service_id = $2",
        team.0,
        service.0,
    )
    .fetch_optional(connection)
    .await?;
    Ok(row.map(HookRecord::from))
}

/// The hook with an id, of any team: the signature is the authorisation. Hooks of services
/// that are being removed are not found.
pub async fn find_for_sender(
    connection: &mut PgConnection,
    id: HookId,
) -> Result<Option<HookRecord>> {
    let row = sqlx::query_as!(
        HookRow,
        "SELECT h.id, h.team_id, h.service_id, h.secret, h.old_secret, h.old_secret_until,
                h.created_at
         FROM hooks h JOIN services s ON s.id = h.service_id
         WHERE h.id = $1 AND s.removing_at IS NULL",
        id.0,
    )
    .fetch_optional(connection)
    .await?;
    Ok(row.map(HookRecord::from))
}

/// Adds a hook.
///
/// # Errors
/// [`crate::Conflict::HookExists`].
pub async fn insert(
    connection: &mut PgConnection,
    id: HookId,
    team: TeamId,
    service: ServiceId,
    secret: &[u8],
) -> Result<HookRecord> {
    let row = sqlx::query_as!(
        HookRow,
        "INSERT INTO hooks (id, team_id, service_id, secret) VALUES ($1, $2, $3, $4)
         RETURNING id, team_id, service_id, secret, old_secret, old_secret_until, created_at",
        id.0,
        team.0,
        service.0,
        secret,
    )
    .fetch_one(connection)
    .await?;
    Ok(row.into())
}

/// Gives a hook a new secret; the present one stays valid for a while.
pub async fn rotate(
    connection: &mut PgConnection,
    id: HookId,
    secret: &[u8],
    old_secret_until: OffsetDateTime,
) -> Result<HookRecord> {
    let row = sqlx::query_as!(
        HookRow,
        "UPDATE hooks SET old_secret = secret, old_secret_until = $3, secret = $2 WHERE id = $1
         RETURNING id, team_id, service_id, secret, old_secret, old_secret_until, created_at",
        id.0,
        secret,
        old_secret_until,
    )
    .fetch_one(connection)
    .await?;
    Ok(row.into())
}
