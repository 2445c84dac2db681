//! Which service has which port of the machine.

use longshore_domain::{ServiceId, TeamId};
use sqlx::PgConnection;

use crate::Result;

/// Who has a port.
#[derive(Debug, Clone)]
pub struct HostPortHolder {
    /// The service's team.
    pub team: TeamId,
    /// The service's name.
    pub service_name: String,
}

/// Lets one transaction after the other take a port.
pub async fn lock(connection: &mut PgConnection, port: u16) -> Result<()> {
    sqlx::query!(
        r#"SELECT true AS "locked!" FROM pg_advisory_xact_lock(7305943, $1)"#,
        i32::from(port),
    )
    .fetch_one(connection)
    .await?;
    Ok(())
}

/// The service other than this one, of whichever team, whose settings have a port.
pub async fn find_holder(
    connection: &mut PgConnection,
    except: ServiceId,
    port: u16,
) -> Result<Option<HostPortHolder>> {
    let row = sqlx::query!(
        "SELECT team_id, name FROM services
         WHERE id <> $1
           AND run->'host_ports' @> jsonb_build_array(jsonb_build_object('port', $2::int))",
        except.0,
        i32::from(port),
    )
    .fetch_optional(connection)
    .await?;
    Ok(row.map(|row| HostPortHolder {
        team: row.team_id.into(),
        service_name: row.name,
    }))
}
