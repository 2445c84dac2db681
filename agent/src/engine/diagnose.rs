//! Why a container did not come up, in words.

use bollard::models::{ContainerInspectResponse, ContainerState, Task, TaskState};
use bollard::query_parameters::InspectContainerOptions;
use longshore_domain::FailureKind;

use super::log::LogLine;
use super::{Engine, brief};
use crate::stage::{StageContext, StageError};

/// How many of a container's last lines a failure shows.
pub(super) const LAST_LINES: u32 = 30;

/// What became of a container.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Diagnosis {
    pub(super) kind: FailureKind,
    pub(super) message: String,
    /// Whether another attempt would only end the same way.
    pub(super) is_final: bool,
}

impl Diagnosis {
    fn last(kind: FailureKind, message: impl Into<String>) -> Self {
        Self {
            kind,
            message: message.into(),
            is_final: true,
        }
    }

    pub(super) fn into_error(self, times: usize) -> StageError {
        let message = if times > 1 {
            format!("{} That happened {times} times.", self.message)
        } else {
            self.message
        };
        StageError::failed(self.kind, message)
    }
}

/// What is known of a container's end.
struct End<'a> {
    state: Option<TaskState>,
    /// Swarm's words.
    error: &'a str,
    exit_code: Option<i64>,
    out_of_memory: bool,
    /// What the last failed health check printed.
    health: Option<String>,
    last_lines: Vec<String>,
}

impl Engine {
    /// Why a task ended.
    pub(super) async fn diagnose(&self, memory_limit: Option<i64>, task: &Task) -> Diagnosis {
        let status = task.status.as_ref();
        let container = self.container_of(task).await;
        let inspected = container.as_ref().and_then(|found| found.state.as_ref());
        let lines = self.last_lines(task, 5).await;
        let end = End {
            state: status.and_then(|status| status.state),
            error: status
                .and_then(|status| status.err.as_deref())
                .unwrap_or_default(),
            exit_code: status
                .and_then(|status| status.container_status.as_ref()?.exit_code)
                .or_else(|| inspected?.exit_code),
            out_of_memory: inspected.and_then(|state| state.oom_killed) == Some(true),
            health: inspected.and_then(last_complaint),
            last_lines: lines.into_iter().map(|line| line.text).collect(),
        };
        if let Some(container) = &container
            && let Some(message) = self.foreign_program(container, end.exit_code).await
        {
            return Diagnosis::last(FailureKind::ImagePlatform, message);
        }
        end.diagnose(memory_limit)
    }

    /// Puts the last lines of a task's container into the job's log.
    pub(super) async fn tell_last_lines(&self, ctx: &StageContext, task: &Task) {
        let lines = self.last_lines(task, LAST_LINES).await;
        if lines.is_empty() {
            ctx.say("The container wrote nothing.");
            return;
        }
        ctx.say("The container's last lines:");
        for line in lines {
            ctx.line(line.stream, line.text);
        }
    }

    /// The last lines of a task's container.
    pub(super) async fn last_lines(&self, task: &Task, count: u32) -> Vec<LogLine> {
        match container_id(task) {
            Some(id) => self.tail(id, count).await,
            None => Vec::new(),
        }
    }

    async fn container_of(&self, task: &Task) -> Option<ContainerInspectResponse> {
        let id = container_id(task)?;
        self.docker
            .inspect_container(id, None::<InspectContainerOptions>)
            .await
            .ok()
    }
}

/// What the health check printed when it last failed. A check that is cut short by the
/// container's end prints nothing; for one that a busy machine cut short Docker says so, which
/// counts only when no other check said more.
fn last_complaint(state: &ContainerState) -> Option<String> {
    let log = state.health.as_ref()?.log.as_ref()?;
    let said = || {
        log.iter()
            .rev()
            .filter(|result| result.exit_code != Some(0))
            .filter_map(|result| result.output.as_deref())
            .map(brief)
            .filter(|output| !output.is_empty())
    };
    said()
        .find(|output| !output.starts_with(CUT_SHORT))
        .or_else(|| said().next())
}

/// The beginning of Docker's words for a health check that did not end in time.
const CUT_SHORT: &str = "Health check exceeded timeout";

/// The container of a task, when it has come that far.
pub(super) fn container_id(task: &Task) -> Option<&str> {
    task.status
        .as_ref()?
        .container_status
        .as_ref()?
        .container_id
        .as_deref()
        .filter(|id| !id.is_empty())
}

impl End<'_> {
    fn diagnose(&self, memory_limit: Option<i64>) -> Diagnosis {
        let says = |text: &str| self.error.to_lowercase().contains(text);
        let wrong_format = says("exec format error")
            || self
                .last_lines
                .iter()
                .any(|line| line.to_lowercase().contains("exec format error"));
        if wrong_format {
            return Diagnosis::last(
                FailureKind::ImagePlatform,
                "The image's program does not run on this machine's platform (exec format error).",
            );
        }
        if says("no such image") {
            return Diagnosis::last(
                FailureKind::ImagePull,
                "The version's image is not on this server any more.",
            );
        }
        if self.out_of_memory {
            let limit = memory_limit.map_or_else(
                || "The machine had no more memory for the container.".to_owned(),
                |bytes| {
                    format!(
                        "The container needed more than its memory limit of {}.",
                        mebibytes(bytes)
                    )
                },
            );
            return Diagnosis::last(FailureKind::OutOfMemory, limit);
        }
        if says("unhealthy") {
            return self.unhealthy();
        }
        // Docker refuses a limit of more cores than there are.
        if says("range of cpus") {
            return Diagnosis::last(
                FailureKind::NoSuitableNode,
                format!("No machine can run the container: {}.", brief(self.error)),
            );
        }
        if says("oci runtime") || says("invalid mount") || self.state == Some(TaskState::REJECTED) {
            return Diagnosis::last(
                FailureKind::StartFailed,
                format!("The container cannot be started: {}.", reason(self.error)),
            );
        }
        // Docker's init process, which is the container's first, says so on standard error.
        let not_run = self
            .last_lines
            .iter()
            .find_map(|line| line.strip_prefix("[FATAL tini ")?.split_once("] "));
        if let Some((_, reason)) = not_run {
            return Diagnosis::last(
                FailureKind::StartFailed,
                format!("The container cannot be started: {}.", brief(reason)),
            );
        }
        let message = match self.exit_code {
            Some(code @ 129..=192) => {
                format!(
                    "The container was ended by signal {} (exit code {code}).",
                    code - 128
                )
            }
            Some(code) => format!("The container ended by itself with exit code {code}."),
            None if self.error.is_empty() => "The container ended by itself.".to_owned(),
            None => format!("The container ended: {}.", brief(self.error)),
        };
        Diagnosis {
            kind: FailureKind::CrashLoop,
            message,
            is_final: false,
        }
    }

    fn unhealthy(&self) -> Diagnosis {
        let said = self.health.as_deref().unwrap_or_default();
        if let Some(message) = about_port(said) {
            return Diagnosis::last(FailureKind::PortNotListening, message);
        }
        let message = if said.is_empty() {
            "The health check did not pass.".to_owned()
        } else {
            format!("The health check did not pass: {said}.")
        };
        Diagnosis::last(FailureKind::HealthCheck, message)
    }
}

/// What the probe's words about a closed port mean.
fn about_port(said: &str) -> Option<String> {
    if let Some(rest) = said.strip_prefix("port ")
        && let Some(port) = rest.strip_suffix(" is open on the loopback address only")
    {
        return Some(format!(
            "The program listens on port {port} of the loopback address (127.0.0.1) only, where \
             nothing outside of its container reaches it; let it listen on 0.0.0.0."
        ));
    }
    let rest = said.strip_prefix("nothing listens on port ")?;
    let message = if let Some(port) = rest.strip_suffix(" or any other") {
        format!(
            "Nothing listens on port {port} inside the container, nor on any other. If the \
             program only needs longer to start, allow a longer start period."
        )
    } else if let Some((port, elsewhere)) = rest.split_once(" but on ") {
        format!(
            "Nothing listens on port {port} inside the container; the program listens on port \
             {elsewhere}."
        )
    } else {
        format!("Nothing listens on port {rest} inside the container.")
    };
    Some(message)
}

/// The part of a long chain of Docker's that says something.
fn reason(error: &str) -> String {
    let tail = error
        .rsplit_once("container init process: ")
        .or_else(|| error.rsplit_once("OCI runtime create failed: "))
        .map_or(error, |(_, tail)| tail);
    brief(tail.trim_end_matches(": unknown"))
}

fn mebibytes(bytes: i64) -> String {
    format!("{} MiB", bytes / (1024 * 1024))
}

#[cfg(test)]
mod tests {
    use bollard::models::{ContainerState, Health, HealthcheckResult};

    use super::{about_port, last_complaint};

    #[test]
    fn a_check_that_was_cut_short_hides_no_reason() {
        let result = |output: &str| HealthcheckResult {
            exit_code: Some(1),
            output: Some(output.to_owned()),
            ..HealthcheckResult::default()
        };
        let state = |outputs: &[&str]| ContainerState {
            health: Some(Health {
                log: Some(outputs.iter().map(|output| result(output)).collect()),
                ..Health::default()
            }),
            ..ContainerState::default()
        };
        let cut_short = "Health check exceeded timeout (3s)";
        let told = last_complaint(&state(&["nothing listens on port 80", cut_short, ""]));
        assert_eq!(told.as_deref(), Some("nothing listens on port 80"));
        let told = last_complaint(&state(&[cut_short]));
        assert_eq!(told.as_deref(), Some(cut_short));
    }

    #[test]
    fn the_probes_words_become_sentences() {
        for (said, expected) in [
            (
                "nothing listens on port 80 or any other",
                "nor on any other",
            ),
            (
                "nothing listens on port 80 but on 3000, 9000",
                "on port 3000, 9000.",
            ),
            (
                "nothing listens on port 80",
                "on port 80 inside the container.",
            ),
            ("port 80 is open on the loopback address only", "0.0.0.0"),
        ] {
            let message = about_port(said).unwrap();
            assert!(message.contains(expected), "{message}");
            assert!(message.contains("80"), "{message}");
        }
        assert_eq!(about_port("GET / was answered with status 500"), None);
    }
}
