//! How a service runs, as a form.

use askama::Template;
use longshore_control::view::{HealthVerdict, ServiceView};
use longshore_domain::Strategy;
use longshore_domain::health::HealthProbe;
use longshore_domain::scale::RestartCondition;

use super::{FieldErrors, FlashTone, Icon, Page, ServiceHead, when};

/// The run and health settings of a service.
#[derive(Template)]
#[template(path = "service/run.html")]
pub struct RunPage {
    /// The frame.
    pub page: Page,
    /// The head.
    pub service: ServiceHead,
    /// The form.
    pub form: RunForm,
    /// What is wrong.
    pub errors: FieldErrors,
    /// What came of a test of the health check.
    pub verdict: Option<Verdict>,
}

/// What came of a test, ready to print.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verdict {
    /// Whether it passed.
    pub passed: bool,
    /// The result in a word or two.
    pub heading: String,
    /// What was seen.
    pub message: String,
}

impl Verdict {
    /// What the agent saw.
    pub fn new(verdict: &HealthVerdict) -> Self {
        let status = verdict
            .status
            .map(|status| format!(", status {status}"))
            .unwrap_or_default();
        let took = i64::try_from(verdict.took_ms).unwrap_or(i64::MAX);
        Self {
            passed: verdict.passed,
            heading: format!(
                "{}{status}, after {}",
                if verdict.passed { "Passed" } else { "Failed" },
                when::milliseconds(took)
            ),
            message: verdict.message.clone(),
        }
    }

    /// Why there was no test.
    pub fn refused(message: String) -> Self {
        Self {
            passed: false,
            heading: "Not tested".to_owned(),
            message,
        }
    }
}

/// Run and health settings as typed.
#[derive(Debug, Clone, Default, serde::Deserialize)]
#[serde(default)]
pub struct RunForm {
    /// The name.
    pub name: String,
    /// The port.
    pub port: String,
    /// Containers of the live version.
    pub replicas: String,
    /// The memory limit in MiB.
    pub memory: String,
    /// The CPU limit in cores.
    pub cpu: String,
    /// How a new version takes over; empty when Longshore chooses.
    pub strategy: String,
    /// Whether a visitor stays with one container.
    pub sticky_sessions: bool,
    /// The command, an argument a line.
    pub command: String,
    /// The release command, an argument a line.
    pub release_command: String,
    /// `auto`, `http`, `tcp` or `command`.
    pub probe: String,
    /// The path of an HTTP probe.
    pub path: String,
    /// The command of a probe, an argument a line.
    pub argv: String,
    /// Seconds between two checks.
    pub interval_seconds: String,
    /// Seconds until a check counts as failed.
    pub timeout_seconds: String,
    /// Seconds in which failures do not count.
    pub start_period_seconds: String,
    /// Failures in a row that are allowed.
    pub retries: String,
    /// The status that an HTTP probe must be answered with; empty for any below 400.
    pub expected_status: String,
    /// The `Host` header of an HTTP probe; empty for one that Longshore chooses.
    pub health_host: String,
    /// Seconds that the old version finishes what it has begun.
    pub drain_seconds: String,
    /// Seconds between SIGTERM and SIGKILL.
    pub stop_grace_seconds: String,
    /// Seconds that a worker must stay up.
    pub settle_seconds: String,
    /// Seconds after the switch in which a failing version is replaced.
    pub watch_seconds: String,
    /// Seconds that the release command may take.
    pub release_timeout_seconds: String,
    /// Earlier versions that can be gone back to.
    pub keep_releases: String,
    /// Memory that must be free, in MiB.
    pub memory_reservation: String,
    /// Cores that must be free.
    pub cpu_reservation: String,
    /// What a machine must be like, a constraint a line.
    pub placement: String,
    /// Labels of the containers, `name=value` a line.
    pub labels: String,
    /// After which ends a container is started again: empty for all, or `on_failure`.
    pub restart: String,
    /// Seconds in between; empty for the usual ones.
    pub restart_delay: String,
    /// How often; empty for ever.
    pub restart_attempts: String,
}

impl RunForm {
    /// The form with what a service has.
    pub fn of_service(service: &ServiceView) -> Self {
        let run = &service.run;
        let lines = |argv: &Option<Vec<String>>| argv.clone().unwrap_or_default().join("\n");
        let (probe, path, argv) = match &run.health.probe {
            HealthProbe::Auto => ("auto", String::new(), String::new()),
            HealthProbe::Http { path } => ("http", path.clone(), String::new()),
            HealthProbe::Tcp => ("tcp", String::new(), String::new()),
            HealthProbe::Command { argv } => ("command", String::new(), argv.join("\n")),
        };
        Self {
            name: service.name.clone(),
            port: service
                .port
                .map(|port| port.to_string())
                .unwrap_or_default(),
            replicas: run.replicas.to_string(),
            memory: run
                .memory_limit_bytes
                .map(|bytes| (bytes / (1024 * 1024)).to_string())
                .unwrap_or_default(),
            cpu: run.cpu_limit_millis.map(cores).unwrap_or_default(),
            strategy: match run.strategy {
                None => "",
                Some(Strategy::BlueGreen) => "blue_green",
                Some(Strategy::Rolling) => "rolling",
                Some(Strategy::Recreate) => "recreate",
            }
            .to_owned(),
            sticky_sessions: run.sticky_sessions,
            command: lines(&run.command),
            release_command: lines(&run.release_command),
            probe: probe.to_owned(),
            path,
            argv,
            interval_seconds: run.health.interval_seconds.to_string(),
            timeout_seconds: run.health.timeout_seconds.to_string(),
            start_period_seconds: run.health.start_period_seconds.to_string(),
            retries: run.health.retries.to_string(),
            expected_status: run
                .health
                .expected_status
                .map(|status| status.to_string())
                .unwrap_or_default(),
            health_host: run.health.host.clone().unwrap_or_default(),
            drain_seconds: run.drain_seconds.to_string(),
            stop_grace_seconds: run.stop_grace_seconds.to_string(),
            settle_seconds: run.settle_seconds.to_string(),
            watch_seconds: run.watch_seconds.to_string(),
            release_timeout_seconds: run.release_timeout_seconds.to_string(),
            keep_releases: run.keep_releases.to_string(),
            memory_reservation: run
                .scale
                .memory_reservation_bytes
                .map(|bytes| (bytes / (1024 * 1024)).to_string())
                .unwrap_or_default(),
            cpu_reservation: run
                .scale
                .cpu_reservation_millis
                .map(cores)
                .unwrap_or_default(),
            placement: joined(run.scale.placement.iter()),
            labels: joined(
                run.scale
                    .labels
                    .iter()
                    .map(|(key, value)| format!("{key}={value}")),
            ),
            restart: match run.scale.restart.condition {
                RestartCondition::Any => String::new(),
                RestartCondition::OnFailure => "on_failure".to_owned(),
            },
            restart_delay: run.scale.restart.delay_seconds.to_string(),
            restart_attempts: run
                .scale
                .restart
                .max_attempts
                .map(|attempts| attempts.to_string())
                .unwrap_or_default(),
        }
    }
}

fn joined(lines: impl Iterator<Item = impl ToString>) -> String {
    let lines: Vec<String> = lines.map(|line| line.to_string()).collect();
    lines.join("\n")
}

/// Thousandths of a core as cores: `1500` is `1.5`.
pub fn cores(millis: i64) -> String {
    let text = format!("{}.{:03}", millis / 1000, millis % 1000);
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}
