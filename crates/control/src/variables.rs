//! Variables of services, environments and projects.

mod change;
mod compare;
mod dotenv;
mod list;
pub(crate) mod resolve;

pub use dotenv::parse_dotenv;

use longshore_domain::{EnvironmentId, Permission, ProjectId, TeamId};
use longshore_store::PgConnection;
use longshore_store::environments::EnvironmentRecord;
use longshore_store::projects::ProjectRecord;
use longshore_store::services::ServiceRecord;
use longshore_store::variables::Owner;

use crate::access::Authorized;
use crate::{Actor, Result, VariableScope};

/// Loads what the variables belong to, which is the authorisation.
async fn authorize(
    connection: &mut PgConnection,
    actor: &Actor,
    scope: VariableScope,
    permission: Permission,
) -> Result<AuthorizedOwner> {
    Ok(match scope {
        VariableScope::Service(id) => {
            let service =
                Authorized::<ServiceRecord>::load(connection, actor, id, permission).await?;
            AuthorizedOwner {
                owner: Owner::Service(id),
                team: service.team(),
                place: Some((service.get().environment, service.get().project)),
            }
        }
        VariableScope::Environment(id) => {
            let environment =
                Authorized::<EnvironmentRecord>::load(connection, actor, id, permission).await?;
            AuthorizedOwner {
                owner: Owner::Environment(id),
                team: environment.team(),
                place: Some((id, environment.get().project)),
            }
        }
        VariableScope::Project(id) => {
            let project =
                Authorized::<ProjectRecord>::load(connection, actor, id, permission).await?;
            AuthorizedOwner {
                owner: Owner::Project(id),
                team: project.team(),
                place: None,
            }
        }
    })
}

/// An owner of variables that the actor may see or change.
struct AuthorizedOwner {
    owner: Owner,
    team: TeamId,
    /// Where references lead; a project's variables are seen from several environments.
    place: Option<(EnvironmentId, ProjectId)>,
}
