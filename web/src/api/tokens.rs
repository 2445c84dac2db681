//! API tokens of the caller.

use axum::Json;
use axum::extract::State;
use http::StatusCode;
use longshore_control::{Control, TokenDraft};
use longshore_domain::ApiTokenId;

use super::Problem;
use super::caller::Caller;
use super::extract::{Body, Id};
use super::model::{List, NameBody, Token};

/// The caller's tokens.
#[utoipa::path(get, path = "/api/v1/tokens", responses((status = 200, body = List<Token>)))]
pub(super) async fn index(
    caller: Caller,
    State(control): State<Control>,
) -> Result<Json<List<Token>>, Problem> {
    Ok(Json(List::whole(control.list_tokens(&caller.0).await?)))
}

/// Makes a token; its text is shown this once.
#[utoipa::path(post, path = "/api/v1/tokens", request_body = NameBody,
    responses((status = 201, body = Token)))]
pub(super) async fn create(
    caller: Caller,
    State(control): State<Control>,
    Body(body): Body<NameBody>,
) -> Result<(StatusCode, Json<Token>), Problem> {
    let draft = TokenDraft { name: body.name };
    let made = control.create_token(&caller.0, draft).await?;
    let text = made.token.expose().to_owned();
    Ok((StatusCode::CREATED, Json(Token::new(made.view, Some(text)))))
}

/// Revokes a token.
#[utoipa::path(delete, path = "/api/v1/tokens/{id}", params(("id" = String, Path)),
    responses((status = 204)))]
pub(super) async fn destroy(
    caller: Caller,
    State(control): State<Control>,
    Id(id): Id<ApiTokenId>,
) -> Result<StatusCode, Problem> {
    control.revoke_token(&caller.0, id).await?;
    Ok(StatusCode::NO_CONTENT)
}
