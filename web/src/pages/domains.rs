//! The domains of a service.

use std::sync::Arc;

use axum::extract::{Query, State};
use longshore_control::{
    CertificateView, Control, ControlError, DomainDraft, DomainPatch, DomainView, ServiceKind,
    ServiceView,
};
use longshore_domain::route::TlsMode;
use longshore_domain::{DomainId, DomainName, ServiceId};
use serde::Deserialize;
use time::OffsetDateTime;

use super::PageError;
use super::answer::{Answer, page, refused, see_other};
use super::domain_fields::{options, typed_domain, typed_options};
use super::fields::Fields;
use super::path::{Id, Ids};
use super::problems::explain;
use super::services::{frame, turn_back};
use super::view::{
    CertificateChoice, CertificateStatusView, DomainForm, DomainOptionsForm, DomainPage, DomainRow,
    DomainsPage, FieldErrors, OtherService, ServiceHead,
};
use super::visit::Signed;
use crate::state::AgentQueries;

/// The domains, and a form for a new one.
pub async fn index(
    State(control): State<Control>,
    State(agent): State<Arc<dyn AgentQueries>>,
    signed: Signed,
    Id(id): Id<ServiceId>,
) -> Answer {
    let service = control.show_service(&signed.actor, id).await?;
    let errors = FieldErrors::none();
    let form = DomainForm::default();
    Ok(page(
        &domains_page(&control, &*agent, signed, &service, form, errors).await?,
    ))
}

async fn domains_page(
    control: &Control,
    agent: &dyn AgentQueries,
    signed: Signed,
    service: &ServiceView,
    form: DomainForm,
    errors: FieldErrors,
) -> Result<DomainsPage, PageError> {
    let all = &service.domains;
    let statuses = statuses(agent, all, signed.now).await;
    Ok(DomainsPage {
        providers: providers(control, &signed).await?,
        certificates: certificates(control, &signed, None).await?,
        page: frame(signed.frame, service, "Domains"),
        service: ServiceHead::new(service, "domains"),
        domains: all
            .iter()
            .zip(statuses)
            .map(|(domain, status)| DomainRow::new(domain, all, status))
            .collect(),
        form,
        components: service
            .components
            .iter()
            .map(|component| component.name.clone())
            .collect(),
        errors,
    })
}

/// How the certificates of some domains do; without the agent nothing is known.
async fn statuses(
    agent: &dyn AgentQueries,
    domains: &[DomainView],
    now: OffsetDateTime,
) -> Vec<Option<CertificateStatusView>> {
    let found = if domains.iter().any(|domain| domain.tls != TlsMode::None) {
        agent.certificates().await.unwrap_or_default()
    } else {
        Vec::new()
    };
    let status = |domain: &DomainView| {
        let own = found.iter().find(|own| own.host.as_str() == domain.host)?;
        Some(CertificateStatusView::new(own, now))
    };
    domains.iter().map(status).collect()
}

async fn providers(control: &Control, signed: &Signed) -> Result<Vec<OtherService>, PageError> {
    let found = control.list_dns_providers(&signed.actor).await?;
    let found = found.into_iter().map(|provider| OtherService {
        id: provider.id.to_string(),
        name: provider.name,
    });
    Ok(found.collect())
}

/// The team's own certificates: those for a host, or all of them.
async fn certificates(
    control: &Control,
    signed: &Signed,
    host: Option<&str>,
) -> Result<Vec<CertificateChoice>, PageError> {
    let host: Option<DomainName> = host.and_then(|host| host.parse().ok());
    let found = control.list_certificates(&signed.actor).await?;
    let fits = |certificate: &&CertificateView| match &host {
        Some(host) => certificate.hosts.iter().any(|name| name.covers(host)),
        None => true,
    };
    Ok(found
        .iter()
        .filter(fits)
        .map(|certificate| CertificateChoice::new(certificate, host.is_none(), signed.now))
        .collect())
}

/// Adds a domain.
pub async fn create(
    State(control): State<Control>,
    State(agent): State<Arc<dyn AgentQueries>>,
    signed: Signed,
    Id(id): Id<ServiceId>,
    fields: Fields,
) -> Answer {
    let form = typed_domain(&fields);
    let draft = DomainDraft {
        host: form.host.clone(),
        path_prefix: fields.optional("path_prefix"),
        strip_prefix: form.strip_prefix,
        port: fields.number("port"),
        tls: form.tls.clone(),
        component: fields.optional("component"),
        dns_provider: form.dns_provider.parse().ok(),
        certificate: form.certificate.parse().ok(),
        ..DomainDraft::default()
    };
    match control.add_domain(&signed.actor, id, draft).await {
        Ok(domain) => {
            signed
                .done(format!("{} now leads to this service.", domain.url))
                .await;
            Ok(see_other(&format!("/services/{id}/domains")))
        }
        Err(error) => {
            let errors = explain(error)?;
            let service = control.show_service(&signed.actor, id).await?;
            let page = domains_page(&control, &*agent, signed, &service, form, errors);
            Ok(refused(&page.await?))
        }
    }
}

/// Adds a free name for tests.
pub async fn create_test(
    State(control): State<Control>,
    signed: Signed,
    Id(id): Id<ServiceId>,
) -> Answer {
    let place = format!("/services/{id}/domains");
    match control.add_test_domain(&signed.actor, id).await {
        Ok(domain) => {
            signed
                .done(format!("{} now leads to this service.", domain.url))
                .await;
            Ok(see_other(&place))
        }
        Err(error) => turn_back(&signed, error, &place).await,
    }
}

/// Adds the same host with `www.`, or without it, and sends its requests to this one.
pub async fn create_twin(
    State(control): State<Control>,
    signed: Signed,
    Ids(service, domain): Ids<ServiceId, DomainId>,
) -> Answer {
    let place = format!("/services/{service}/domains");
    match control.add_twin(&signed.actor, domain).await {
        Ok(domain) => {
            signed.done(format!("{} is now sent on.", domain.url)).await;
            Ok(see_other(&place))
        }
        Err(error) => turn_back(&signed, error, &place).await,
    }
}

/// A redirect to be filled in.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Preset {
    preset: String,
}

/// The settings of a domain.
pub async fn show(
    State(control): State<Control>,
    State(agent): State<Arc<dyn AgentQueries>>,
    signed: Signed,
    Ids(service, id): Ids<ServiceId, DomainId>,
    Query(Preset { preset }): Query<Preset>,
) -> Answer {
    let domain = control.show_domain(&signed.actor, id).await?;
    let form = DomainForm {
        host: domain.host.clone(),
        path_prefix: domain.path_prefix.clone(),
        port: domain.port.map(|port| port.to_string()).unwrap_or_default(),
        tls: domain.tls.as_str().to_owned(),
        strip_prefix: domain.strip_prefix,
        component: domain.component.clone().unwrap_or_default(),
        dns_provider: domain
            .dns_provider
            .map(|id| id.to_string())
            .unwrap_or_default(),
        certificate: domain
            .certificate
            .map(|id| id.to_string())
            .unwrap_or_default(),
    };
    let options = DomainOptionsForm::new(&domain.options).with_preset(&preset, &domain.host);
    let errors = FieldErrors::none();
    let typed = (form, options, errors);
    Ok(page(
        &domain_page((&control, &*agent), signed, service, &domain, typed).await?,
    ))
}

async fn domain_page(
    (control, agent): (&Control, &dyn AgentQueries),
    signed: Signed,
    service: ServiceId,
    domain: &DomainView,
    (form, options, errors): (DomainForm, DomainOptionsForm, FieldErrors),
) -> Result<DomainPage, PageError> {
    let service = control.show_service(&signed.actor, service).await?;
    let environment = service.environment.id;
    let others = control.list_services(&signed.actor, environment).await?;
    let status = statuses(agent, std::slice::from_ref(domain), signed.now).await;
    let status = status.into_iter().next().flatten();
    let row = DomainRow::new(domain, &service.domains, status);
    let providers = providers(control, &signed).await?;
    let certificates = certificates(control, &signed, Some(&domain.host)).await?;
    Ok(DomainPage {
        page: frame(signed.frame, &service, "Domains"),
        service: ServiceHead::new(&service, "domains"),
        domain: row,
        form,
        options,
        others: others
            .into_iter()
            .filter(|other| other.id != service.id && other.kind == ServiceKind::App)
            .map(|other| OtherService {
                id: other.id.to_string(),
                name: other.name,
            })
            .collect(),
        providers,
        certificates,
        errors,
    })
}

/// Asks for the certificate of a domain now, whatever DNS says.
pub async fn retry_certificate(
    State(control): State<Control>,
    State(agent): State<Arc<dyn AgentQueries>>,
    signed: Signed,
    Ids(service, id): Ids<ServiceId, DomainId>,
) -> Answer {
    let place = format!("/services/{service}/domains/{id}");
    let planned = control.plan_certificate_retry(&signed.actor, id).await;
    ask_again(&*agent, &signed, planned, &place).await
}

/// Asks for the certificate of a host now, and leads back to a page.
pub async fn ask_again(
    agent: &dyn AgentQueries,
    signed: &Signed,
    planned: Result<DomainName, ControlError>,
    place: &str,
) -> Answer {
    let retried = match planned {
        Ok(host) => agent.retry_certificate(&host).await,
        Err(error) => Err(error),
    };
    match retried {
        Ok(()) => {
            signed.done("The certificate is being asked for.").await;
            Ok(see_other(place))
        }
        Err(error) => turn_back(signed, error, place).await,
    }
}

/// Changes a domain.
pub async fn save(
    State(control): State<Control>,
    State(agent): State<Arc<dyn AgentQueries>>,
    signed: Signed,
    Ids(service, id): Ids<ServiceId, DomainId>,
    fields: Fields,
) -> Answer {
    let before = control.show_domain(&signed.actor, id).await?;
    let form = DomainForm {
        host: before.host.clone(),
        ..typed_domain(&fields)
    };
    let users = &before.options.basic_auth;
    let typed = typed_options(&fields, |name| users.iter().any(|user| user.name == name));
    let errors = match options(&fields, &typed) {
        Ok(options) => {
            let patch = DomainPatch {
                path_prefix: Some(form.path_prefix.clone()),
                strip_prefix: Some(form.strip_prefix),
                port: Some(fields.number("port")),
                tls: Some(form.tls.clone()),
                certificate: Some(form.certificate.parse().ok()),
                dns_provider: Some(form.dns_provider.parse().ok()),
                options: Some(options),
                component: fields.optional("component"),
            };
            match control.update_domain(&signed.actor, id, patch).await {
                Ok(domain) => {
                    signed.done(format!("{} was changed.", domain.url)).await;
                    return Ok(see_other(&format!("/services/{service}/domains/{id}")));
                }
                Err(error) => explain(error)?,
            }
        }
        Err(errors) => errors,
    };
    let typed = (form, typed.with_empty_rows(), errors);
    Ok(refused(
        &domain_page((&control, &*agent), signed, service, &before, typed).await?,
    ))
}

/// Takes a domain away.
pub async fn delete(
    State(control): State<Control>,
    signed: Signed,
    Ids(service, domain): Ids<ServiceId, DomainId>,
) -> Answer {
    let place = format!("/services/{service}/domains");
    match control.remove_domain(&signed.actor, domain).await {
        Ok(()) => {
            signed.done("The domain was removed.").await;
            Ok(see_other(&place))
        }
        Err(error) => turn_back(&signed, error, &place).await,
    }
}
