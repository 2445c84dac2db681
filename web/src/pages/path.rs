//! Ids in paths.

use std::str::FromStr;

use axum::extract::{FromRequestParts, Path};
use http::request::Parts;
use longshore_control::ControlError;

use super::answer::PageError;

/// The id in a path; what is no id is not found.
pub struct Id<I>(pub I);

impl<I, S> FromRequestParts<S> for Id<I>
where
    I: FromStr,
    S: Send + Sync,
{
    type Rejection = PageError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, PageError> {
        let Path(text) = Path::<String>::from_request_parts(parts, state)
            .await
            .map_err(|_| ControlError::NotFound)?;
        Ok(Self(text.parse().map_err(|_| ControlError::NotFound)?))
    }
}

/// Two ids in a path, the second below the first.
pub struct Ids<I, J>(pub I, pub J);

impl<I, J, S> FromRequestParts<S> for Ids<I, J>
where
    I: FromStr,
    J: FromStr,
    S: Send + Sync,
{
    type Rejection = PageError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, PageError> {
        let Path((first, second)) = Path::<(String, String)>::from_request_parts(parts, state)
            .await
            .map_err(|_| ControlError::NotFound)?;
        Ok(Self(
            first.parse().map_err(|_| ControlError::NotFound)?,
            second.parse().map_err(|_| ControlError::NotFound)?,
        ))
    }
}
