//! What versions of stacks consist of.

use longshore_domain::compose::ComponentRelease;
use longshore_domain::{DeploymentId, ServiceId};
use sqlx::PgConnection;

use crate::Result;
use crate::error::{parse_json, to_json};

/// A version of a stack that was live.
#[derive(Debug, Clone)]
pub struct StackRelease {
    /// The stack.
    pub service: ServiceId,
    /// The deployment's number.
    pub number: i32,
    /// Whether it is live.
    pub is_live: bool,
    /// Its components.
    pub components: Vec<ComponentRelease>,
}

/// Notes what a version consists of. The caller has locked the deployment.
pub async fn save_components(
    connection: &mut PgConnection,
    id: DeploymentId,
    components: &[ComponentRelease],
) -> Result<()> {
    sqlx::query!(
        "UPDATE deployments SET components = $2 WHERE id = $1",
        id.0,
        to_json(&components)?,
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// The versions of stacks that are or were live, of one stack or of all.
pub async fn list_stack_releases(
    connection: &mut PgConnection,
    service: Option<ServiceId>,
) -> Result<Vec<StackRelease>> {
    let rows = sqlx::query!(
        r#"SELECT service_id, number, status = 'live' AS "is_live!", components AS "components!"
           FROM deployments
           WHERE components IS NOT NULL AND status IN ('live', 'retired', 'failed')
             AND ($1::uuid IS NULL OR service_id = $1)
           ORDER BY number"#,
        service.map(|service| service.0),
    )
    .fetch_all(connection)
    .await?;
    rows.into_iter()
        .map(|row| {
            Ok(StackRelease {
                service: row.service_id.into(),
                number: row.number,
                is_live: row.is_live,
                components: parse_json("components", row.components)?,
            })
        })
        .collect()
}

/// The components of a stack's live version; none when none is live, or it is no stack.
pub async fn live_components(
    connection: &mut PgConnection,
    service: ServiceId,
) -> Result<Vec<ComponentRelease>> {
    let releases = list_stack_releases(connection, Some(service)).await?;
    Ok(releases
        .into_iter()
        .find(|release| release.is_live)
        .map(|release| release.components)
        .unwrap_or_default())
}
