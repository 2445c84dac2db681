//! Cloudflare Tunnels: the form for a new one. What is made is an app like others.

use axum::extract::State;
use longshore_control::{Control, EnvironmentView, TunnelDraft};
use longshore_domain::{EnvironmentId, Secret, tunnel};

use super::answer::{Answer, page, refused, see_other};
use super::fields::Fields;
use super::path::Id;
use super::problems::explain;
use super::view::{FieldErrors, NewTunnelPage};
use super::visit::Signed;

/// The form for a new tunnel.
pub async fn new(
    State(control): State<Control>,
    signed: Signed,
    Id(id): Id<EnvironmentId>,
) -> Answer {
    let environment = control.show_environment(&signed.actor, id).await?;
    let fields = Fields::default();
    Ok(page(&form_page(
        signed,
        &environment,
        &fields,
        FieldErrors::none(),
    )))
}

/// The form as it was typed, without the token.
fn form_page(
    signed: Signed,
    environment: &EnvironmentView,
    fields: &Fields,
    errors: FieldErrors,
) -> NewTunnelPage {
    let title = "New Cloudflare Tunnel";
    NewTunnelPage {
        page: signed
            .frame
            .titled(title)
            .below(
                &environment.project_name,
                format!("/projects/{}", environment.project_id),
            )
            .below(
                &environment.name,
                format!("/environments/{}", environment.id),
            )
            .below(title, ""),
        environment_id: environment.id.to_string(),
        environment_name: environment.name.clone(),
        project_name: environment.project_name.clone(),
        name: fields.text("name"),
        image: fields.text("image"),
        usual_image: tunnel::IMAGE.to_owned(),
        errors,
    }
}

/// Makes a tunnel.
pub async fn create(
    State(control): State<Control>,
    signed: Signed,
    Id(id): Id<EnvironmentId>,
    fields: Fields,
) -> Answer {
    let draft = TunnelDraft {
        name: fields.trimmed("name"),
        token: Secret::new(fields.text("token")),
        image: fields.optional("image"),
    };
    match control.create_tunnel(&signed.actor, id, draft).await {
        Ok(service) => {
            signed
                .done(format!(
                    "“{}” is starting. It is live when it is connected to Cloudflare.",
                    service.name
                ))
                .await;
            Ok(see_other(&format!("/services/{}", service.id)))
        }
        Err(error) => {
            let errors = explain(error)?;
            let environment = control.show_environment(&signed.actor, id).await?;
            Ok(refused(&form_page(signed, &environment, &fields, errors)))
        }
    }
}
