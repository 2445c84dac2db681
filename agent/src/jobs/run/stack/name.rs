//! Lets lines and failures of a component begin with its name.

use std::sync::Arc;

use longshore_agent_api::{DeployJob, JobEventKind};
use longshore_domain::Failure;

use super::super::End;
use crate::stage::{EventSink, StageContext, StageError};

pub(super) fn runs_once(job: &DeployJob) -> bool {
    job.component
        .as_ref()
        .is_some_and(|stack| stack.component.runs_once)
}

/// The component's name, for people.
pub(super) fn name_of(job: &DeployJob) -> &str {
    match &job.component {
        Some(stack) => stack.component.name.as_str(),
        None => job.service_name.as_str(),
    }
}

pub(super) fn named(end: End, job: &DeployJob) -> End {
    match end {
        End::Stopped => End::Stopped,
        End::Failed(failure) => End::Failed(Failure::new(
            failure.stage,
            failure.kind,
            format!("{}: {}", name_of(job), failure.message),
        )),
    }
}

pub(super) fn named_error(error: StageError, job: &DeployJob) -> StageError {
    match error {
        StageError::Cancelled => StageError::Cancelled,
        StageError::Failed { kind, message } => {
            StageError::failed(kind, format!("{}: {message}", name_of(job)))
        }
    }
}

/// The context of one component: its lines begin with its name.
pub(super) fn of(context: StageContext, job: &DeployJob) -> StageContext {
    StageContext {
        sink: Arc::new(Named {
            name: name_of(job).to_owned(),
            sink: context.sink,
        }),
        cancel: context.cancel,
    }
}

struct Named {
    name: String,
    sink: Arc<dyn EventSink>,
}

impl EventSink for Named {
    fn append(&self, event: JobEventKind) {
        self.sink.append(match event {
            JobEventKind::Line { stream, text } => JobEventKind::Line {
                stream,
                text: format!("{} | {text}", self.name),
            },
            other => other,
        });
    }

    fn resume_output(&self) {
        self.sink.resume_output();
    }
}
