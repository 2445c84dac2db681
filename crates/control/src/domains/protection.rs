//! Which certificate a domain gets, and whether the host may be claimed.

use longshore_domain::route::TlsMode;
use longshore_domain::{CertificateId, DnsProviderId, DomainName, TeamId};
use longshore_store::{PgConnection, certificates, dns_providers, domains};

use crate::problems::Problems;
use crate::{ControlError, DomainDraft, Result};

/// The team's own certificate, or where DNS records are made.
pub(super) struct Protection {
    pub(super) certificate: Option<CertificateId>,
    pub(super) dns_provider: Option<DnsProviderId>,
}

/// Finds what protects a host, as its draft says.
pub(super) async fn of(
    connection: &mut PgConnection,
    team: TeamId,
    host: &DomainName,
    tls: TlsMode,
    draft: &DomainDraft,
) -> Result<Protection> {
    let mut problems = Problems::default();
    let mut protection = Protection {
        certificate: None,
        dns_provider: None,
    };
    match tls {
        TlsMode::None => {}
        TlsMode::Acme => {
            if let Some(id) = draft.dns_provider {
                if dns_providers::find(connection, team, id).await?.is_none() {
                    problems.add("dns_provider", "must be a DNS provider of this team");
                }
            } else if host.is_wildcard() {
                problems.add(
                    "dns_provider",
                    "is required: authorities issue wildcards for a DNS record alone",
                );
            }
            protection.dns_provider = draft.dns_provider;
        }
        TlsMode::Custom => {
            let all = certificates::list(connection, team).await?;
            let covers = |hosts: &[DomainName]| hosts.iter().any(|name| name.covers(host));
            let found = match draft.certificate {
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

/// Refuses a host that belongs to another team, also through a wildcard.
pub(super) async fn claim(
    connection: &mut PgConnection,
    team: TeamId,
    host: &DomainName,
) -> Result<()> {
    if domains::is_others(connection, team, host).await? {
        return Err(ControlError::conflict("host", "is used by another team"));
    }
    Ok(())
}
