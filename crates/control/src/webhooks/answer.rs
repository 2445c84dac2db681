//! What is to be done about a push, by the service's settings.

use longshore_domain::source::Source;
use longshore_domain::{CommitSha, ImageRef};
use longshore_store::services::ServiceRecord;

use super::changed::Watched;
use super::image::PushedImage;
use super::payload::{Message, Push};
use crate::{Decision, Provider};

/// Words in a commit's message that keep it from being deployed.
const SKIP: [&str; 4] = ["[skip deploy]", "[deploy skip]", "[skip ci]", "[ci skip]"];

/// What is to be done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Verdict {
    /// Deploy; the configured branch's head when no commit is named.
    Deploy {
        commit: Option<CommitSha>,
        push: Push,
        /// What the watch paths say.
        watched: Watched,
    },
    /// Deploy an image; the configured one when none is named.
    DeployImage {
        image: Option<ImageRef>,
        reason: String,
    },
    /// Nothing, for a reason.
    Nothing {
        decision: Decision,
        reason: String,
        push: Push,
    },
}

pub(super) fn judge(provider: Provider, message: Message, service: &ServiceRecord) -> Verdict {
    match message {
        Message::Ping => nothing(Decision::Pong, "The connection works.", Push::default()),
        Message::Images(images) => judge_images(&images, service),
        Message::Other { event } => {
            let event: String = event.chars().take(80).collect();
            let reason = format!("The event {event:?} does not concern deployments.");
            nothing(Decision::Ignored, reason, Push::default())
        }
        Message::Pushes(pushes) => {
            let mut verdict = None;
            for push in pushes {
                let next = judge_push(provider, push, service);
                if matches!(next, Verdict::Deploy { .. }) {
                    return next;
                }
                verdict.get_or_insert(next);
            }
            verdict.unwrap_or_else(|| {
                nothing(Decision::Ignored, "Nothing was pushed.", Push::default())
            })
        }
    }
}

fn judge_images(images: &[PushedImage], service: &ServiceRecord) -> Verdict {
    let ignore = |reason: String| nothing(Decision::Ignored, reason, Push::default());
    if service.stopped {
        return ignore("The service is stopped.".to_owned());
    }
    let (Source::Image { reference }, "app") = (&service.source, service.kind.as_str()) else {
        return ignore("The service does not come from an image.".to_owned());
    };
    let mut reason = None;
    for image in images {
        match image.differs_from(reference) {
            None => {
                let image = image.reference.clone();
                let pushed = image.as_ref().unwrap_or(reference);
                let reason = format!("{pushed} was pushed.");
                return Verdict::DeployImage { image, reason };
            }
            Some(other) => reason = reason.or(Some(other)),
        }
    }
    ignore(reason.unwrap_or_else(|| "No tag was pushed.".to_owned()))
}

fn judge_push(provider: Provider, push: Push, service: &ServiceRecord) -> Verdict {
    let ignore = |reason: String, push| nothing(Decision::Ignored, reason, push);
    if service.stopped {
        return ignore("The service is stopped.".to_owned(), push);
    }
    let git = match &service.source {
        Source::Git(git) => git,
        Source::Image { .. } if provider == Provider::Generic && push.reference.is_none() => {
            return deploy(None, push, Watched::Everything);
        }
        Source::Image { .. } => {
            return ignore("The service comes from an image.".to_owned(), push);
        }
        Source::Compose { .. } => {
            return ignore("The stack's file was typed in.".to_owned(), push);
        }
        Source::Upload(_) => {
            let reason = "The service comes from an archive that is uploaded.";
            return ignore(reason.to_owned(), push);
        }
    };
    if let Some(reference) = &push.reference {
        let wanted = format!("refs/heads/{}", git.branch);
        if *reference != wanted {
            let shown: String = reference.chars().take(120).collect();
            let reason = format!("{shown:?} was pushed, the service follows {wanted:?}.");
            return ignore(reason, push);
        }
    }
    if push.deleted {
        return ignore("The branch was deleted.".to_owned(), push);
    }
    let message = push.message.as_deref().unwrap_or_default().to_lowercase();
    if let Some(word) = SKIP.iter().find(|word| message.contains(**word)) {
        return ignore(format!("The commit's message says {word}."), push);
    }
    let watched = push.changed.watched(&git.watch_paths);
    if let (Watched::No { .. }, Some(reason)) = (&watched, watched.sentence()) {
        return ignore(reason, push);
    }
    match push.commit.as_deref().map(str::parse::<CommitSha>) {
        None => deploy(None, push, watched),
        Some(Ok(commit)) => deploy(Some(commit), push, watched),
        Some(Err(error)) => nothing(Decision::Refused, format!("The commit {error}."), push),
    }
}

fn deploy(commit: Option<CommitSha>, push: Push, watched: Watched) -> Verdict {
    Verdict::Deploy {
        commit,
        push,
        watched,
    }
}

fn nothing(decision: Decision, reason: impl Into<String>, push: Push) -> Verdict {
    Verdict::Nothing {
        decision,
        reason: reason.into(),
        push,
    }
}
