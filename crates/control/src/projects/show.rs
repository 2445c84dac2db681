//! Looking at projects.

use std::collections::HashMap;

use longshore_domain::{DeploymentStatus, EnvironmentId, Permission, ProjectId, ServiceId};
use longshore_store::deployments::SummaryRecord;
use longshore_store::projects::ProjectRecord;
use longshore_store::services::ServiceRecord;
use longshore_store::{PgConnection, deployments, environments, projects, services, terminals};

use crate::access::Authorized;
use crate::apps::summaries::{self, summary};
use crate::{
    Actor, Control, EnvironmentSummary, EnvironmentView, ProjectSummary, ProjectView, ProxyPorts,
    Result,
};

impl Control {
    /// The team's projects by name, with counts of what runs in them.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn list_projects(&self, actor: &Actor) -> Result<Vec<ProjectSummary>> {
        let team = Authorized::of_team(actor, Permission::View)?.team();
        let mut connection = self.connection().await?;
        let projects = projects::list(&mut connection, team).await?;
        let environments = environments::list(&mut connection, team, None).await?;
        let services = services::list_of_team(&mut connection, team).await?;
        let ids: Vec<ServiceId> = services.iter().map(|service| service.id).collect();
        let latest = deployments::list_latest(&mut connection, &ids).await?;
        let live = deployments::list_live(&mut connection, &ids).await?;
        let counts = count(&services, &latest, &live);
        let mut newest = newest_of_projects(&services, latest);
        Ok(projects
            .into_iter()
            .map(|project| ProjectSummary {
                id: project.id,
                name: project.name.to_string(),
                environments: environments
                    .iter()
                    .filter(|environment| environment.project == project.id)
                    .map(|environment| {
                        let counts = counts.get(&environment.id).copied().unwrap_or_default();
                        EnvironmentSummary {
                            id: environment.id,
                            name: environment.name.to_string(),
                            service_count: counts.services,
                            live_count: counts.live,
                            trouble_count: counts.trouble,
                        }
                    })
                    .collect(),
                last_deployment: newest.remove(&project.id).map(summary),
                created_at: project.created_at,
            })
            .collect())
    }

    /// A project with its environments and services.
    ///
    /// # Errors
    /// [`crate::ControlError::NotFound`].
    pub async fn show_project(&self, actor: &Actor, id: ProjectId) -> Result<ProjectView> {
        let mut connection = self.connection().await?;
        let project =
            Authorized::<ProjectRecord>::load(&mut connection, actor, id, Permission::View).await?;
        view(&mut connection, &project, self.ports).await
    }
}

pub(super) async fn view(
    connection: &mut PgConnection,
    project: &Authorized<ProjectRecord>,
    ports: ProxyPorts,
) -> Result<ProjectView> {
    let team = project.team();
    let project = project.get();
    let mut views = Vec::new();
    for environment in environments::list(connection, team, Some(project.id)).await? {
        let records = services::list_of_environment(connection, team, environment.id).await?;
        views.push(EnvironmentView {
            id: environment.id,
            name: environment.name.to_string(),
            project_id: project.id,
            project_name: project.name.to_string(),
            services: summaries::of(connection, records, ports).await?,
        });
    }
    let terminals_allowed = terminals::are_allowed(connection, team, project.id).await?;
    Ok(ProjectView {
        id: project.id,
        terminals_allowed,
        name: project.name.to_string(),
        created_at: project.created_at,
        environments: views,
    })
}

#[derive(Default, Clone, Copy)]
struct Counts {
    services: i64,
    live: i64,
    trouble: i64,
}

fn count(
    services: &[ServiceRecord],
    latest: &[SummaryRecord],
    live: &[SummaryRecord],
) -> HashMap<EnvironmentId, Counts> {
    let mut counts: HashMap<EnvironmentId, Counts> = HashMap::new();
    for service in services {
        let entry = counts.entry(service.environment).or_default();
        entry.services += 1;
        if !service.stopped && live.iter().any(|live| live.service == service.id) {
            entry.live += 1;
        }
        let failed = latest.iter().any(|latest| {
            latest.service == service.id && latest.status == DeploymentStatus::Failed
        });
        if failed {
            entry.trouble += 1;
        }
    }
    counts
}

fn newest_of_projects(
    services: &[ServiceRecord],
    latest: Vec<SummaryRecord>,
) -> HashMap<ProjectId, SummaryRecord> {
    let projects: HashMap<ServiceId, ProjectId> = services
        .iter()
        .map(|service| (service.id, service.project))
        .collect();
    let mut newest: HashMap<ProjectId, SummaryRecord> = HashMap::new();
    for summary in latest {
        let Some(project) = projects.get(&summary.service) else {
            continue;
        };
        let is_newer = newest
            .get(project)
            .is_none_or(|known| known.queued_at < summary.queued_at);
        if is_newer {
            newest.insert(*project, summary);
        }
    }
    newest
}
