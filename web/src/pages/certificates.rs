//! The team's own certificates, and its DNS providers.

use axum::extract::State;
use longshore_control::{CertificateDraft, Control, DnsProviderDraft, DnsProviderSettings};
use longshore_domain::{CertificateId, DnsProviderId, Secret};

use super::PageError;
use super::answer::{Answer, page, refused, see_other};
use super::fields::Fields;
use super::path::Id;
use super::problems::explain;
use super::view::{CertificateForm, CertificateRow, CertificatesPage, FieldErrors, ProviderRow};
use super::visit::Signed;

const PLACE: &str = "/certificates";

/// Both lists, and forms for new ones.
pub async fn index(State(control): State<Control>, signed: Signed) -> Answer {
    let errors = FieldErrors::none();
    let form = CertificateForm::default();
    Ok(page(&whole(&control, signed, form, errors).await?))
}

async fn whole(
    control: &Control,
    signed: Signed,
    form: CertificateForm,
    errors: FieldErrors,
) -> Result<CertificatesPage, PageError> {
    let certificates = control.list_certificates(&signed.actor).await?;
    let providers = control.list_dns_providers(&signed.actor).await?;
    Ok(CertificatesPage {
        certificates: certificates
            .iter()
            .map(|certificate| CertificateRow::new(certificate, signed.now))
            .collect(),
        providers: providers.iter().map(ProviderRow::new).collect(),
        page: signed
            .frame
            .titled("Certificates")
            .below("Certificates", ""),
        form,
        errors,
    })
}

/// Adds a certificate.
pub async fn create(State(control): State<Control>, signed: Signed, fields: Fields) -> Answer {
    let draft = CertificateDraft {
        name: fields.trimmed("name"),
        chain: fields.text("chain"),
        private_key: Secret::new(fields.text("private_key")),
    };
    let form = CertificateForm {
        name: draft.name.clone(),
        chain: draft.chain.clone(),
        ..CertificateForm::default()
    };
    match control.add_certificate(&signed.actor, draft).await {
        Ok(certificate) => {
            signed
                .done(format!("{} was added.", certificate.name))
                .await;
            Ok(see_other(PLACE))
        }
        Err(error) => {
            let errors = explain(error)?;
            Ok(refused(&whole(&control, signed, form, errors).await?))
        }
    }
}

/// Removes a certificate.
pub async fn delete(
    State(control): State<Control>,
    signed: Signed,
    Id(id): Id<CertificateId>,
) -> Answer {
    match control.remove_certificate(&signed.actor, id).await {
        Ok(()) => {
            signed.done("The certificate was removed.").await;
            Ok(see_other(PLACE))
        }
        Err(error) => turn_back(&signed, error).await,
    }
}

/// Adds a DNS provider.
pub async fn create_provider(
    State(control): State<Control>,
    signed: Signed,
    fields: Fields,
) -> Answer {
    let form = CertificateForm {
        provider_name: fields.trimmed("provider_name"),
        kind: fields.trimmed("kind"),
        server: fields.trimmed("server"),
        zone: fields.trimmed("zone"),
        key_name: fields.trimmed("key_name"),
        algorithm: fields.trimmed("algorithm"),
        url: fields.trimmed("url"),
        username: fields.trimmed("username"),
        ..CertificateForm::default()
    };
    let settings = match form.kind.as_str() {
        "rfc2136" => DnsProviderSettings::Rfc2136 {
            server: form.server.clone(),
            zone: fields.optional("zone"),
            key_name: form.key_name.clone(),
            algorithm: form.algorithm.clone(),
        },
        "webhook" => DnsProviderSettings::Webhook {
            url: form.url.clone(),
            username: fields.optional("username"),
        },
        _ => DnsProviderSettings::Cloudflare,
    };
    let draft = DnsProviderDraft {
        name: form.provider_name.clone(),
        settings,
        secret: Secret::new(fields.trimmed("secret")),
    };
    match control.add_dns_provider(&signed.actor, draft).await {
        Ok(provider) => {
            signed.done(format!("{} was added.", provider.name)).await;
            Ok(see_other(PLACE))
        }
        Err(error) => {
            let errors = explain(error)?.renamed("name", "provider_name");
            Ok(refused(&whole(&control, signed, form, errors).await?))
        }
    }
}

/// Removes a DNS provider.
pub async fn delete_provider(
    State(control): State<Control>,
    signed: Signed,
    Id(id): Id<DnsProviderId>,
) -> Answer {
    match control.remove_dns_provider(&signed.actor, id).await {
        Ok(()) => {
            signed.done("The DNS provider was removed.").await;
            Ok(see_other(PLACE))
        }
        Err(error) => turn_back(&signed, error).await,
    }
}

async fn turn_back(signed: &Signed, error: longshore_control::ControlError) -> Answer {
    super::services::turn_back(signed, error, PLACE).await
}
