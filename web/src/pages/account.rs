//! The person's own settings.

use axum::extract::State;
use longshore_control::store::sessions::id_hash;
use longshore_control::{Control, ControlError, PasswordDraft, TokenDraft};
use longshore_domain::ApiTokenId;

use super::answer::{Answer, page, page_once, refused, see_other};
use super::fields::Fields;
use super::path::Id;
use super::problems::explain;
use super::services::turn_back;
use super::view::{AccountPage, FieldErrors, SessionRow, TokenRow};
use super::visit::Signed;

const HERE: &str = "/settings";

/// Password, tokens and sessions.
pub async fn show(State(control): State<Control>, signed: Signed) -> Answer {
    Ok(page(
        &account_page(&control, signed, FieldErrors::none()).await?,
    ))
}

async fn account_page(
    control: &Control,
    signed: Signed,
    errors: FieldErrors,
) -> Result<AccountPage, ControlError> {
    let tokens = control.list_tokens(&signed.actor).await?;
    let current = session_hash(&signed);
    let sessions = control
        .list_sessions(&signed.actor, current.as_ref().map(<[u8; 32]>::as_slice))
        .await?;
    Ok(AccountPage {
        email: signed.actor.email.to_string(),
        is_administrator: signed.actor.administrator,
        tokens: tokens
            .iter()
            .map(|token| TokenRow::new(token, signed.now))
            .collect(),
        sessions: sessions
            .iter()
            .map(|session| SessionRow::new(session, signed.now))
            .collect(),
        page: signed.frame.titled("Account").below("Account", ""),
        errors,
        ..AccountPage::default()
    })
}

fn session_hash(signed: &Signed) -> Option<[u8; 32]> {
    signed.session.id().map(|id| id_hash(id.0))
}

/// Changes the password.
pub async fn change_password(
    State(control): State<Control>,
    signed: Signed,
    fields: Fields,
) -> Answer {
    let draft = PasswordDraft {
        current: fields.text("current_password"),
        new: fields.text("new_password"),
    };
    let current = session_hash(&signed);
    let current = current.as_ref().map(<[u8; 32]>::as_slice);
    match control.change_password(&signed.actor, draft, current).await {
        Ok(()) => {
            signed
                .done("The password was changed. You are signed out everywhere else.")
                .await;
            Ok(see_other(HERE))
        }
        Err(ControlError::Unauthenticated) => {
            let errors = FieldErrors::none().with("current_password", "This is not your password.");
            Ok(refused(&account_page(&control, signed, errors).await?))
        }
        Err(error) => {
            let errors = explain(error)?.renamed("password", "new_password");
            Ok(refused(&account_page(&control, signed, errors).await?))
        }
    }
}

/// Makes an API token. The answer itself shows it: it is kept nowhere in the clear, so no
/// later page could.
pub async fn create_token(
    State(control): State<Control>,
    signed: Signed,
    fields: Fields,
) -> Answer {
    let name = fields.trimmed("token_name");
    let draft = TokenDraft { name: name.clone() };
    match control.create_token(&signed.actor, draft).await {
        Ok(made) => {
            let filled = AccountPage {
                new_token: made.token.expose().to_owned(),
                ..account_page(&control, signed, FieldErrors::none()).await?
            };
            Ok(page_once(&filled))
        }
        Err(error) => {
            let errors = explain(error)?.renamed("name", "token_name");
            Ok(refused(&AccountPage {
                token_name: name,
                ..account_page(&control, signed, errors).await?
            }))
        }
    }
}

/// Revokes an API token.
pub async fn revoke_token(
    State(control): State<Control>,
    signed: Signed,
    Id(id): Id<ApiTokenId>,
) -> Answer {
    match control.revoke_token(&signed.actor, id).await {
        Ok(()) => {
            signed.done("The token was revoked.").await;
            Ok(see_other(HERE))
        }
        Err(error) => turn_back(&signed, error, HERE).await,
    }
}

/// Ends all sessions, this one too.
pub async fn sign_out_everywhere(State(control): State<Control>, signed: Signed) -> Answer {
    control.sign_out_everywhere(&signed.actor).await?;
    crate::session::sign_out(&signed.session).await?;
    Ok(see_other("/login"))
}
