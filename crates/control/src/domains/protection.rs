//! Which certificate a domain gets, and whether the host may be claimed.

use longshore_domain::route::TlsMode;
use longshore_domain::{CertificateId, DnsProviderId, DomainName, TeamId};
use longshore_store::{PgConnection, certificates, dashboard, dns_providers, domains};

use crate::problems::Problems;
use crate::{ControlError, Result};

/// The team's own certificate, or where DNS records are made.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Protection {
    pub(crate) certificate: Option<CertificateId>,
    pub(crate) dns_provider: Option<DnsProviderId>,
}

/// Finds what protects a host, as is wished.
pub(crate) async fn of(
    connection: &mut PgConnection,
    team: TeamId,
    host: &DomainName,
    tls: TlsMode,
    wished: Protection,
) -> Result<Protection> {
    let mut problems = Problems::default();
    let mut protection = Protection::default();
    match tls {
        TlsMode::None => {}
        TlsMode::Acme => {
            if let Some(id) = wished.dns_provider {
                if dns_providers::find(connection, team, id).await?.is_none() {
                    problems.add("dns_provider", "must be a DNS provider of this team");
                }
            } else if host.is_wildcard() {
                problems.add(
                    "dns_provider",
                    "is required: authorities issue wildcards for a DNS record alone",
                );
            }
            protection.dns_provider = wished.dns_provider;
        }
        TlsMode::Custom => {
            let all = certificates::list(connection, team).await?;
            let covers = |hosts: &[DomainName]| hosts.iter().any(|name| name.covers(host));
            let found = match wished.certificate {
                Some(id) => {
                    let found = all.iter().find(|known| known.id == id);
                    if found.is_none() {
                        problems.add("certificate", "must be a certificate of this team");
                    } else if found.is_some_and(|found| !covers(&found.hosts)) {
                        problems.add("certificate", format!("is not valid for {host}"));
                    }
                    found
                }
                None => {
                    let found = all.iter().find(|known| covers(&known.hosts));
                    if found.is_none() {
                        problems.add(
                            "tls",
                            format!("needs a certificate of this team that is valid for {host}"),
                        );
                    }
                    found
                }
            };
            protection.certificate = found.map(|found| found.id);
        }
    }
    problems.finish(Some(protection))
}

/// Refuses a host that is the dashboard's, or belongs to another team, also through a
/// wildcard.
pub(super) async fn claim(
    connection: &mut PgConnection,
    team: TeamId,
    host: &DomainName,
) -> Result<()> {
    domains::lock_host(connection, host).await?;
    let dashboard = dashboard::find(connection).await?;
    if dashboard.is_some_and(|dashboard| dashboard.host == *host) {
        return Err(ControlError::conflict("host", "is the dashboard's own"));
    }
    if domains::is_others(connection, team, host).await? {
        return Err(ControlError::conflict("host", "is used by another team"));
    }
    Ok(())
}
