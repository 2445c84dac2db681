//! Looking at a service.

use longshore_domain::source::Source;
use longshore_domain::{Permission, ServiceId};
use longshore_store::services::{GitAccess, ServiceRecord};
use longshore_store::{PgConnection, databases, deployments, domains};

use super::summaries::{status, summary};
use crate::access::Authorized;
use crate::domains::domain_view;
use crate::{
    Actor, ComponentView, Control, GitAccessView, Named, ProxyPorts, Result, ServiceKind,
    ServiceView, SourceView,
};

impl Control {
    /// A service with its settings.
    ///
    /// # Errors
    /// [`crate::ControlError::NotFound`].
    pub async fn show_service(&self, actor: &Actor, id: ServiceId) -> Result<ServiceView> {
        let mut connection = self.connection().await?;
        load_view(&mut connection, actor, id, self.ports).await
    }

    /// The number of a service's live deployment, for whoever wants its containers' log.
    ///
    /// # Errors
    /// [`crate::ControlError::NotFound`].
    pub async fn live_number(&self, actor: &Actor, id: ServiceId) -> Result<Option<i32>> {
        let mut connection = self.connection().await?;
        let service =
            Authorized::<ServiceRecord>::load(&mut connection, actor, id, Permission::View).await?;
        let live = deployments::list_live(&mut connection, &[service.get().id]).await?;
        Ok(live.first().map(|live| live.number))
    }
}

pub(crate) async fn load_view(
    connection: &mut PgConnection,
    actor: &Actor,
    id: ServiceId,
    ports: ProxyPorts,
) -> Result<ServiceView> {
    let service = Authorized::<ServiceRecord>::load(connection, actor, id, Permission::View)
        .await?
        .into_inner();
    let latest = deployments::list_latest(connection, &[id]).await?;
    let live = deployments::list_live(connection, &[id]).await?;
    let latest = latest.into_iter().next().map(summary);
    let live = live.into_iter().next().map(summary);
    let domains = domains::list_of_services(connection, &[id]).await?;
    let database = databases::find(connection, service.team, id).await?;
    Ok(ServiceView {
        components: components(connection, &service).await?,
        database,
        id,
        kind: ServiceKind::from_name(&service.kind),
        project: Named {
            id: service.project,
            name: service.project_name.to_string(),
        },
        environment: Named {
            id: service.environment,
            name: service.environment_name.to_string(),
        },
        status: status(&service, live.as_ref(), latest.as_ref()),
        live,
        latest,
        domains: domains
            .iter()
            .map(|domain| domain_view(domain, ports))
            .collect(),
        internal_host: service.name.to_string(),
        source: source_view(&service),
        name: service.name.to_string(),
        build: service.build,
        run: service.run,
        port: service.port.map(std::num::NonZeroU16::get),
        stopped: service.stopped,
        created_at: service.created_at,
    })
}

/// What the live version of a stack consists of.
async fn components(
    connection: &mut PgConnection,
    service: &ServiceRecord,
) -> Result<Vec<ComponentView>> {
    let live = deployments::live_components(connection, service.id).await?;
    Ok(live
        .into_iter()
        .map(|component| ComponentView {
            internal_host: component
                .name
                .host_of(&service.name)
                .map(|host| host.to_string()),
            name: component.name.to_string(),
            service: component.service,
            number: component.number,
            replicas: component.replicas,
            runs_once: component.runs_once,
            takes_requests: component.takes_requests,
            port: component.port.map(std::num::NonZeroU16::get),
            image: component.reference,
            volumes: component.volumes,
        })
        .collect())
}

fn source_view(service: &ServiceRecord) -> SourceView {
    match &service.source {
        Source::Git(git) => SourceView::Git {
            url: git.url.to_string(),
            branch: git.branch.to_string(),
            submodules: git.submodules,
            watch_paths: git.watch_paths.patterns().to_vec(),
            access: match &service.git_access {
                GitAccess::Anonymous => GitAccessView::Anonymous,
                GitAccess::Token { username } => GitAccessView::Token {
                    username: username.clone(),
                },
                GitAccess::DeployKey => GitAccessView::DeployKey,
            },
            deploy_key: service.git_public_key.clone(),
            host_key: service.git_host_key.clone(),
        },
        Source::Image { reference } => SourceView::Image {
            reference: reference.to_string(),
        },
        Source::Compose { text } => SourceView::Compose { text: text.clone() },
        Source::Upload(upload) => SourceView::Upload {
            archive: upload.archive.clone(),
        },
    }
}
