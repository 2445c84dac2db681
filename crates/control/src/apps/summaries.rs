//! Services and deployments in a line.

use longshore_domain::{DeploymentStatus, ServiceId};
use longshore_store::deployments::SummaryRecord;
use longshore_store::domains::DomainRecord;
use longshore_store::services::ServiceRecord;
use longshore_store::{PgConnection, deployments, domains};

use crate::domains::domain_view;
use crate::{DeploymentSummary, ProxyPorts, Result, ServiceKind, ServiceStatus, ServiceSummary};

/// Services with their newest and live deployments.
pub(crate) async fn of(
    connection: &mut PgConnection,
    services: Vec<ServiceRecord>,
    ports: ProxyPorts,
) -> Result<Vec<ServiceSummary>> {
    let ids: Vec<ServiceId> = services.iter().map(|service| service.id).collect();
    let latest = deployments::list_latest(connection, &ids).await?;
    let live = deployments::list_live(connection, &ids).await?;
    let domains = domains::list_of_services(connection, &ids).await?;
    Ok(services
        .into_iter()
        .map(|service| {
            let latest = find(&latest, service.id);
            let live = find(&live, service.id);
            ServiceSummary {
                id: service.id,
                kind: ServiceKind::from_name(&service.kind),
                status: status(&service, live.as_ref(), latest.as_ref()),
                live,
                latest,
                urls: urls(&domains, service.id, ports),
                name: service.name.to_string(),
            }
        })
        .collect())
}

fn find(records: &[SummaryRecord], service: ServiceId) -> Option<DeploymentSummary> {
    records
        .iter()
        .find(|record| record.service == service)
        .cloned()
        .map(summary)
}

fn urls(domains: &[DomainRecord], service: ServiceId, ports: ProxyPorts) -> Vec<String> {
    domains
        .iter()
        .filter(|domain| domain.service == service)
        .map(|domain| domain_view(domain, ports).url)
        .collect()
}

pub(crate) fn status(
    service: &ServiceRecord,
    live: Option<&DeploymentSummary>,
    latest: Option<&DeploymentSummary>,
) -> ServiceStatus {
    match (live, latest.map(|latest| latest.status)) {
        (_, Some(status)) if !status.has_ended() => ServiceStatus::Deploying,
        (Some(_), _) if service.stopped => ServiceStatus::Stopped,
        (Some(_), _) => ServiceStatus::Running,
        (None, Some(DeploymentStatus::Failed)) => ServiceStatus::Failed,
        (None, _) => ServiceStatus::NeverDeployed,
    }
}

pub(crate) fn summary(record: SummaryRecord) -> DeploymentSummary {
    DeploymentSummary {
        id: record.id,
        number: record.number,
        status: record.status,
        commit_sha: record.commit_sha,
        commit_subject: record.commit_subject,
        duration_ms: record.ended_at.map(|ended_at| {
            i64::try_from((ended_at - record.queued_at).whole_milliseconds())
                .unwrap_or(i64::MAX)
                .max(0)
        }),
        queued_at: record.queued_at,
        ended_at: record.ended_at,
    }
}
