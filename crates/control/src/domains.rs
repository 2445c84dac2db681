//! Domains: hosts and path prefixes that route to a service. A change wakes the
//! reconciler, which applies the routes to the live version.

mod change;
mod options;
pub(crate) mod protection;

use longshore_domain::route::{DomainOptions, Route, Share, TlsMode};
use longshore_domain::run::Port;
use longshore_domain::{
    ComponentName, DomainId, DomainName, PathPrefix, Permission, ServiceId, TeamId,
};
use longshore_store::domains::DomainRecord;
use longshore_store::events::{self, Event};
use longshore_store::services::ServiceRecord;
use longshore_store::{PgConnection, domains, services};

pub(crate) use protection::Protection;

use crate::access::Authorized;
use crate::problems::Problems;
use crate::transaction::note;
use crate::{Actor, Control, ControlError, DomainDraft, DomainView, ProxyPorts, Result};

impl Control {
    /// Routes a host and path prefix to a service.
    ///
    /// # Errors
    /// The fields' problems, or that the host and path prefix are taken.
    pub async fn add_domain(
        &self,
        actor: &Actor,
        service: ServiceId,
        draft: DomainDraft,
    ) -> Result<DomainView> {
        let mut transaction = self.begin().await?;
        services::lock(&mut transaction, service).await?;
        let service =
            Authorized::<ServiceRecord>::load(&mut transaction, actor, service, Permission::Change)
                .await?;
        if service.get().kind == "database" {
            return Err(ControlError::refused(
                "A database speaks no HTTP, so it takes no domains.",
            ));
        }
        let parsed = self.parse_domain(service.get(), &draft)?;
        let options = self
            .options(&mut transaction, service.get(), draft.options, &[])
            .await?;
        let team = service.team();
        protection::claim(&mut transaction, team, &parsed.host).await?;
        let owner = (DomainId::generate(), team, service.get().id);
        let domain = parsed.record(&mut transaction, owner, options).await?;
        domains::insert(&mut transaction, &domain).await?;
        let target = format!("domain:{}", domain.host);
        note(&mut transaction, actor, &service, "domain.add", &target).await?;
        let id = service.get().id;
        events::notify(&mut transaction, &[Event::Service(id), Event::Machine]).await?;
        self.commit(transaction).await?;
        Ok(domain_view(&domain, self.ports))
    }

    /// The domains of a service, in the order in which they were added.
    ///
    /// # Errors
    /// [`ControlError::NotFound`].
    pub async fn list_domains(&self, actor: &Actor, service: ServiceId) -> Result<Vec<DomainView>> {
        let mut connection = self.connection().await?;
        let service =
            Authorized::<ServiceRecord>::load(&mut connection, actor, service, Permission::View)
                .await?;
        let records = domains::list_of_services(&mut connection, &[service.get().id]).await?;
        Ok(records
            .iter()
            .map(|domain| domain_view(domain, self.ports))
            .collect())
    }

    /// Takes a domain away.
    ///
    /// # Errors
    /// [`ControlError::NotFound`].
    pub async fn remove_domain(&self, actor: &Actor, id: DomainId) -> Result<()> {
        let mut transaction = self.begin().await?;
        let domain =
            Authorized::<DomainRecord>::load(&mut transaction, actor, id, Permission::Change)
                .await?;
        domains::delete(&mut transaction, domain.team(), id).await?;
        let target = format!("domain:{}", domain.get().host);
        note(&mut transaction, actor, &domain, "domain.remove", &target).await?;
        let service = domain.get().service;
        events::notify(&mut transaction, &[Event::Service(service), Event::Machine]).await?;
        self.commit(transaction).await
    }

    fn parse_domain(&self, service: &ServiceRecord, draft: &DomainDraft) -> Result<Parsed> {
        let mut problems = Problems::default();
        let host = problems.parse::<DomainName>("host", &draft.host);
        let path_prefix = match &draft.path_prefix {
            Some(prefix) => problems.parse::<PathPrefix>("path_prefix", prefix),
            None => Some(PathPrefix::root()),
        };
        let port = problems.port("port", draft.port);
        if port == Some(None) && service.port.is_none() {
            problems.add("port", "is required, because the service has none");
        }
        let tls = TlsMode::from_name(&draft.tls);
        if tls.is_none() {
            problems.add("tls", "must be none, acme or custom");
        }
        let component = component(&mut problems, service, draft);
        let parsed = host.zip(path_prefix).zip(port.zip(tls));
        let ((host, path_prefix), (port, tls)) = problems.finish(parsed)?;
        let dashboard = self.settings.public_url.as_ref();
        if dashboard.and_then(url::Url::host_str) == Some(host.as_str()) {
            return Err(ControlError::conflict("host", "is the dashboard's own"));
        }
        Ok(Parsed {
            host,
            strip_prefix: draft.strip_prefix && !path_prefix.is_root(),
            path_prefix,
            port,
            tls,
            wished: Protection {
                certificate: draft.certificate,
                dns_provider: draft.dns_provider,
            },
            component,
        })
    }
}

/// The component that a domain of a stack leads to.
fn component(
    problems: &mut Problems,
    service: &ServiceRecord,
    draft: &DomainDraft,
) -> Option<ComponentName> {
    let given = draft
        .component
        .as_deref()
        .map(str::trim)
        .filter(|component| !component.is_empty());
    match given {
        Some(given) if service.kind == "stack" => problems.parse("component", given),
        Some(_) => {
            problems.add("component", "can be given for a stack only");
            None
        }
        None if service.kind == "stack" => {
            problems.add(
                "component",
                "is required: which service of the file answers?",
            );
            None
        }
        None => None,
    }
}

/// Where a domain leads, read.
struct Parsed {
    host: DomainName,
    path_prefix: PathPrefix,
    strip_prefix: bool,
    port: Option<Port>,
    tls: TlsMode,
    wished: Protection,
    component: Option<ComponentName>,
}

impl Parsed {
    /// The domain of a team's service, after looking for what protects it and whether it
    /// leads back to itself.
    async fn record(
        self,
        connection: &mut PgConnection,
        (id, team, service): (DomainId, TeamId, ServiceId),
        options: DomainOptions,
    ) -> Result<DomainRecord> {
        let protection =
            protection::of(connection, team, &self.host, self.tls, self.wished).await?;
        let domain = DomainRecord {
            id,
            team,
            service,
            host: self.host,
            path_prefix: self.path_prefix,
            strip_prefix: self.strip_prefix,
            port: self.port,
            tls: self.tls,
            certificate: protection.certificate,
            dns_provider: protection.dns_provider,
            options,
            component: self.component,
        };
        check_redirect(&domain)?;
        Ok(domain)
    }
}

/// A redirect to its own host would never end.
fn check_redirect(domain: &DomainRecord) -> Result<()> {
    let Some(redirect) = &domain.options.redirect_to else {
        return Ok(());
    };
    let to: DomainName = redirect.to.host().parse().map_err(ControlError::internal)?;
    if domain.host.covers(&to) && (domain.path_prefix.is_root() || redirect.keep_path) {
        let problem = crate::FieldProblem::new(
            "options.redirect_to.to",
            format!("leads back to {} and would never end", domain.host),
        );
        return Err(ControlError::Invalid(vec![problem]));
    }
    Ok(())
}

/// The URL of a host, without a slash at its end.
pub(crate) fn base_url(host: &DomainName, tls: TlsMode, ports: ProxyPorts) -> String {
    let (scheme, port, usual) = match tls {
        TlsMode::None => ("http", ports.http, 80),
        TlsMode::Acme | TlsMode::Custom => ("https", ports.https, 443),
    };
    let port = if port == usual {
        String::new()
    } else {
        format!(":{port}")
    };
    format!("{scheme}://{host}{port}")
}

pub(crate) fn domain_view(domain: &DomainRecord, ports: ProxyPorts) -> DomainView {
    let base = base_url(&domain.host, domain.tls, ports);
    DomainView {
        id: domain.id,
        url: format!("{base}{}", domain.path_prefix),
        host: domain.host.to_string(),
        path_prefix: domain.path_prefix.to_string(),
        strip_prefix: domain.strip_prefix,
        port: domain.port.map(Port::get),
        tls: domain.tls,
        component: domain.component.as_ref().map(ToString::to_string),
        certificate: domain.certificate,
        dns_provider: domain.dns_provider,
        options: options::shown(&domain.options),
    }
}

/// The routes of a service's domains; one without any port routes nowhere. `live` tells the
/// number and port of another service's live version.
pub(crate) fn routes(
    domains: &[DomainRecord],
    service: ServiceId,
    port: Option<Port>,
    live: impl Fn(ServiceId) -> Option<(i32, Option<Port>)>,
) -> Vec<Route> {
    domains
        .iter()
        .filter(|domain| domain.service == service)
        .filter_map(|domain| {
            Some(Route {
                domain: domain.id,
                host: domain.host.clone(),
                path_prefix: domain.path_prefix.clone(),
                strip_prefix: domain.strip_prefix,
                port: domain.port.or(port)?,
                tls: domain.tls,
                component: domain.component.clone(),
                share: domain.options.split.and_then(|split| {
                    let (live_number, port) = live(split.service)?;
                    Some(Share {
                        service: split.service,
                        live_number,
                        port: port?,
                        percent: split.percent,
                    })
                }),
                options: domain.options.clone(),
            })
        })
        .collect()
}
