//! The page of terminals, and the WebSocket behind it.

use std::sync::Arc;

use axum::extract::ws::WebSocketUpgrade;
use axum::extract::ws::rejection::WebSocketUpgradeRejection;
use axum::extract::{Query, State};
use axum::response::IntoResponse as _;
use http::{HeaderMap, StatusCode, header};
use longshore_control::{Control, ControlError, TerminalDraft};
use longshore_domain::{ProjectId, ServiceId};
use serde::Deserialize;
use url::Url;

use super::answer::{Answer, page, refuse, see_other};
use super::fields::Fields;
use super::path::Id;
use super::services::{frame, turn_back};
use super::view::{ContainerChoice, ServiceHead, TerminalPage};
use super::visit::Signed;
use crate::state::AgentQueries;
use crate::terminal::{Session, Size, serve};

/// The largest message of a browser: what somebody pastes at once.
const MESSAGE_LIMIT: usize = 256 * 1024;

/// The component that is chosen first.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Chosen {
    component: String,
}

/// The terminals that can be opened.
pub async fn show(
    State(control): State<Control>,
    signed: Signed,
    Id(id): Id<ServiceId>,
    Query(Chosen { component }): Query<Chosen>,
) -> Answer {
    let offer = control.offer_terminals(&signed.actor, id).await?;
    let service = control.show_service(&signed.actor, id).await?;
    Ok(page(&TerminalPage {
        page: frame(signed.frame, &service, "Shell"),
        service: ServiceHead::new(&service, "terminal"),
        allowed: offer.allowed,
        containers: ContainerChoice::all(&offer.containers, &component),
        console: offer.console.unwrap_or_default(),
    }))
}

/// What a browser asks for.
#[derive(Debug, Deserialize)]
#[serde(default)]
pub struct Asked {
    component: String,
    replica: u32,
    console: bool,
    columns: u16,
    rows: u16,
}

impl Default for Asked {
    fn default() -> Self {
        Self {
            component: String::new(),
            replica: 1,
            console: false,
            columns: 80,
            rows: 24,
        }
    }
}

/// Opens a terminal. Who may not have one learns so before anything is opened; what else
/// stands in the way is told over the socket, where a page can show it.
pub async fn socket(
    State(control): State<Control>,
    State(agent): State<Arc<dyn AgentQueries>>,
    signed: Signed,
    Id(id): Id<ServiceId>,
    Query(asked): Query<Asked>,
    headers: HeaderMap,
    upgrade: Result<WebSocketUpgrade, WebSocketUpgradeRejection>,
) -> Answer {
    let draft = TerminalDraft {
        component: Some(asked.component),
        replica: asked.replica,
        console: asked.console,
    };
    let plan = match control.plan_terminal(&signed.actor, id, draft).await {
        Err(error @ (ControlError::NotFound | ControlError::Forbidden { .. })) => {
            return Err(error.into());
        }
        plan => plan,
    };
    let Ok(upgrade) = upgrade else {
        return Ok(refuse(
            StatusCode::UPGRADE_REQUIRED,
            "This address is for terminals. Open the service's page “Shell” instead.",
        ));
    };
    // A browser sends its cookies along whatever page asks, but says which one it is.
    if !is_same_origin(&headers) {
        return Ok(refuse(
            StatusCode::FORBIDDEN,
            "A terminal was asked for by another site.",
        ));
    }
    let session = Session {
        control,
        agent,
        cookie: signed.session.id(),
        actor: signed.actor,
        plan,
        size: Size {
            columns: asked.columns,
            rows: asked.rows,
        },
    };
    Ok(upgrade
        .max_message_size(MESSAGE_LIMIT)
        .on_upgrade(move |socket| serve(session, socket))
        .into_response())
}

/// Whether the page that asks was served under the host that it asks.
fn is_same_origin(headers: &HeaderMap) -> bool {
    let text = |name| headers.get(name).and_then(|value| value.to_str().ok());
    if text(header::HeaderName::from_static("sec-fetch-site"))
        .is_some_and(|site| site != "same-origin")
    {
        return false;
    }
    let (Some(origin), Some(host)) = (text(header::ORIGIN), text(header::HOST)) else {
        return false;
    };
    let Ok(origin) = Url::parse(origin) else {
        return false;
    };
    let Ok(own) = Url::parse(&format!("{}://{host}", origin.scheme())) else {
        return false;
    };
    matches!(origin.scheme(), "http" | "https") && origin.origin() == own.origin()
}

/// Allows or forbids terminals in a project.
pub async fn allow(
    State(control): State<Control>,
    signed: Signed,
    Id(id): Id<ProjectId>,
    fields: Fields,
) -> Answer {
    let place = format!("/projects/{id}/settings");
    let allowed = fields.is_ticked("terminals");
    match control.allow_terminals(&signed.actor, id, allowed).await {
        Ok(()) => {
            let words = if allowed {
                "Shells may be opened in this project's containers."
            } else {
                "No shell may be opened in this project's containers any longer."
            };
            signed.done(words).await;
            Ok(see_other(&place))
        }
        Err(error) => turn_back(&signed, error, &place).await,
    }
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    #[test]
    fn only_our_own_pages_may_ask() {
        let asks = |origin: Option<&'static str>, site: Option<&'static str>| {
            let mut headers = HeaderMap::new();
            headers.insert(header::HOST, HeaderValue::from_static("panel.example:3000"));
            if let Some(origin) = origin {
                headers.insert(header::ORIGIN, HeaderValue::from_static(origin));
            }
            if let Some(site) = site {
                headers.insert("sec-fetch-site", HeaderValue::from_static(site));
            }
            is_same_origin(&headers)
        };
        assert!(asks(Some("http://panel.example:3000"), None));
        assert!(asks(Some("http://panel.example:3000"), Some("same-origin")));
        for other in [
            "http://panel.example",
            "http://panel.example:3001",
            "http://evil.example:3000",
            "http://panel.example:3000.evil.example",
            "null",
            "file://panel.example:3000",
        ] {
            assert!(!asks(Some(other), None), "{other}");
        }
        assert!(!asks(None, None));
        assert!(!asks(Some("http://panel.example:3000"), Some("same-site")));
    }
}
