//! What the API takes and gives. The types are lists of what may be shown: nothing of an
//! entity reaches the API by itself.

mod certificate;
mod dashboard;
mod database;
mod deployment;
mod domain;
mod hook;
mod job;
mod project;
mod service;
mod stack;
mod storage;
mod token;
mod tunnel;
mod variable;

pub(super) use certificate::*;
pub(super) use dashboard::*;
pub(super) use database::*;
pub(super) use deployment::*;
pub(super) use domain::*;
pub(super) use hook::*;
pub(super) use job::*;
pub(super) use project::*;
pub(super) use service::*;
pub(super) use stack::*;
pub(super) use storage::*;
pub(super) use token::*;
pub(super) use tunnel::*;
pub(super) use variable::*;

use serde::Serialize;
use utoipa::ToSchema;

/// A part of a list.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct List<T: ToSchema> {
    /// The entries.
    pub(crate) items: Vec<T>,
    /// Where the next part begins (`?after=`); absent at the end.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) next: Option<String>,
}

impl<T: ToSchema> List<T> {
    /// A list that is whole.
    pub(crate) fn whole<V>(values: Vec<V>) -> Self
    where
        T: From<V>,
    {
        Self {
            items: values.into_iter().map(T::from).collect(),
            next: None,
        }
    }
}
