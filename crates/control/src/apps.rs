//! Apps: services that are built from a repository or run from an image.

mod create;
mod delete;
mod git_access;
mod health;
mod host_key;
pub(crate) mod parse;
mod running;
mod show;
pub(crate) mod summaries;
mod update;

pub(crate) use git_access::keep as keep_git;
pub(crate) use show::load_view;
