//! The domains of a service.

use axum::extract::State;
use longshore_control::{Control, DomainDraft, ServiceView};
use longshore_domain::{DomainId, ServiceId};

use super::answer::{Answer, page, refused, see_other};
use super::fields::Fields;
use super::path::{Id, Ids};
use super::problems::explain;
use super::services::{frame, turn_back};
use super::view::{DomainForm, DomainRow, DomainsPage, FieldErrors, ServiceHead};
use super::visit::Signed;

/// The domains, and a form for a new one.
pub async fn index(
    State(control): State<Control>,
    signed: Signed,
    Id(id): Id<ServiceId>,
) -> Answer {
    let service = control.show_service(&signed.actor, id).await?;
    let errors = FieldErrors::none();
    Ok(page(&domains_page(
        signed,
        &service,
        DomainForm::default(),
        errors,
    )))
}

fn domains_page(
    signed: Signed,
    service: &ServiceView,
    form: DomainForm,
    errors: FieldErrors,
) -> DomainsPage {
    DomainsPage {
        page: frame(signed.frame, service, "Domains"),
        service: ServiceHead::new(service, "domains"),
        domains: service.domains.iter().map(DomainRow::new).collect(),
        form,
        components: service
            .components
            .iter()
            .map(|component| component.name.clone())
            .collect(),
        errors,
    }
}

/// Adds a domain.
pub async fn create(
    State(control): State<Control>,
    signed: Signed,
    Id(id): Id<ServiceId>,
    fields: Fields,
) -> Answer {
    let form = DomainForm {
        host: fields.trimmed("host"),
        path_prefix: fields.trimmed("path_prefix"),
        port: fields.trimmed("port"),
        tls: fields.text("tls"),
        strip_prefix: fields.is_ticked("strip_prefix"),
        component: fields.trimmed("component"),
    };
    let draft = DomainDraft {
        host: form.host.clone(),
        path_prefix: fields.optional("path_prefix"),
        strip_prefix: form.strip_prefix,
        port: fields.number("port"),
        tls: form.tls.clone(),
        component: fields.optional("component"),
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
            Ok(refused(&domains_page(signed, &service, form, errors)))
        }
    }
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
