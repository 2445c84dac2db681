//! The dashboard's own domain, on the page of the server.

use std::sync::Arc;

use axum::extract::State;
use longshore_control::{Control, DashboardDomainDraft};
use longshore_domain::route::TlsMode;

use super::PageError;
use super::answer::{Answer, refused, see_other};
use super::domains::ask_again;
use super::fields::Fields;
use super::problems::explain;
use super::server::server_page;
use super::services::turn_back;
use super::view::{
    CertificateStatusView, DashboardAddress, DashboardForm, FieldErrors, PresentAddress,
    ProtectionChoice,
};
use super::visit::Signed;
use crate::agreement::Agreement;
use crate::state::AgentQueries;

const PLACE: &str = "/settings/server";

/// What the page shows of the dashboard's own domain, which nobody but who manages the
/// installation sees.
pub async fn found(
    control: &Control,
    agent: &dyn AgentQueries,
    signed: &Signed,
) -> Result<DashboardAddress, PageError> {
    let domain = control.show_dashboard_domain(&signed.actor).await?;
    let form = domain
        .as_ref()
        .map_or_else(DashboardForm::default, |domain| DashboardForm {
            host: domain.host.to_string(),
            protection: ProtectionChoice::value(
                domain.tls,
                domain.certificate,
                domain.dns_provider,
            ),
        });
    let present = match domain {
        None => None,
        Some(domain) => {
            let is_secure = domain.tls != TlsMode::None;
            // Without the agent nothing is known of it.
            let all = if is_secure {
                agent.certificates().await.unwrap_or_default()
            } else {
                Vec::new()
            };
            let found = all.iter().find(|known| known.host == domain.host);
            Some(PresentAddress {
                url: domain.url,
                is_by_acme: domain.tls == TlsMode::Acme,
                certificate: found.map(|found| CertificateStatusView::new(found, signed.now)),
            })
        }
    };
    let certificates = control.list_certificates(&signed.actor).await?;
    let providers = control.list_dns_providers(&signed.actor).await?;
    Ok(DashboardAddress {
        present,
        form,
        choices: ProtectionChoice::all(&certificates, &providers, signed.now),
        errors: FieldErrors::none(),
    })
}

/// Gives the dashboard a domain of its own.
pub async fn save(
    State(control): State<Control>,
    State(agent): State<Arc<dyn AgentQueries>>,
    State(agreement): State<Arc<Agreement>>,
    signed: Signed,
    fields: Fields,
) -> Answer {
    let form = DashboardForm {
        host: fields.trimmed("host"),
        protection: fields.text("protection"),
    };
    let (tls, certificate, dns_provider) = ProtectionChoice::read(&form.protection);
    let draft = DashboardDomainDraft {
        host: form.host.clone(),
        tls: tls.to_owned(),
        certificate,
        dns_provider,
    };
    match control.set_dashboard_domain(&signed.actor, draft).await {
        Ok(domain) => {
            signed
                .done(format!(
                    "The dashboard is given the address {}.",
                    domain.url
                ))
                .await;
            Ok(see_other(PLACE))
        }
        Err(error) => {
            let errors = explain(error)?
                .renamed("tls", "protection")
                .renamed("certificate", "protection")
                .renamed("dns_provider", "protection");
            let address = DashboardAddress {
                form,
                errors,
                ..found(&control, &*agent, &signed).await?
            };
            let comparison = agreement.newest();
            Ok(refused(
                &server_page(&control, &*agent, comparison, signed, address).await,
            ))
        }
    }
}

/// Takes the dashboard's own domain away.
pub async fn remove(State(control): State<Control>, signed: Signed) -> Answer {
    match control.remove_dashboard_domain(&signed.actor).await {
        Ok(()) => {
            signed.done("The dashboard's domain was removed.").await;
            Ok(see_other(PLACE))
        }
        Err(error) => turn_back(&signed, error, PLACE).await,
    }
}

/// Asks for the certificate now, whatever DNS says.
pub async fn retry_certificate(
    State(control): State<Control>,
    State(agent): State<Arc<dyn AgentQueries>>,
    signed: Signed,
) -> Answer {
    let planned = control
        .plan_dashboard_certificate_retry(&signed.actor)
        .await;
    ask_again(&*agent, &signed, planned, PLACE).await
}
