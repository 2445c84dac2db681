//! Run and health settings, between the form and the use cases.

use longshore_domain::Strategy;
use longshore_domain::health::{HealthCheck, HealthProbe};
use longshore_domain::run::{DEFAULT_KEEP_RELEASES, RunSettings};
use longshore_domain::scale::Scale;

use super::fields::Fields;
use super::scale_fields;
use super::view::{FieldErrors, RunForm};

/// The form as it was typed.
pub fn typed(fields: &Fields) -> RunForm {
    let text = |name: &str| fields.trimmed(name);
    RunForm {
        name: text("name"),
        port: text("port"),
        replicas: text("replicas"),
        memory: text("memory"),
        cpu: text("cpu"),
        strategy: text("strategy"),
        sticky_sessions: fields.is_ticked("sticky_sessions"),
        command: text("command"),
        release_command: text("release_command"),
        probe: text("probe"),
        path: text("path"),
        argv: text("argv"),
        interval_seconds: text("interval_seconds"),
        timeout_seconds: text("timeout_seconds"),
        start_period_seconds: text("start_period_seconds"),
        retries: text("retries"),
        expected_status: text("expected_status"),
        health_host: text("health_host"),
        drain_seconds: text("drain_seconds"),
        stop_grace_seconds: text("stop_grace_seconds"),
        settle_seconds: text("settle_seconds"),
        watch_seconds: text("watch_seconds"),
        release_timeout_seconds: text("release_timeout_seconds"),
        keep_releases: text("keep_releases"),
        memory_reservation: text("memory_reservation"),
        cpu_reservation: text("cpu_reservation"),
        placement: text("placement"),
        labels: text("labels"),
        restart: text("restart"),
        restart_delay: text("restart_delay"),
        restart_attempts: text("restart_attempts"),
    }
}

/// The settings in the form.
///
/// # Errors
/// Fields that are no numbers. Whether a number fits is for the use case to say.
pub fn settings(form: &RunForm) -> Result<RunSettings, FieldErrors> {
    let mut errors = FieldErrors::none();
    let health = health(form, &mut errors);
    let mut whole = |name: &str, text: &str| whole(&mut errors, name, text);
    let mut settings = RunSettings {
        command: arguments(&form.command),
        // Not in this form; whoever saves keeps what is set.
        arguments: None,
        volumes: Vec::new(),
        files: Vec::new(),
        binds: Vec::new(),
        host_ports: Vec::new(),
        scale: Scale::default(),
        release_command: arguments(&form.release_command),
        replicas: whole("replicas", &form.replicas),
        strategy: match form.strategy.as_str() {
            "blue_green" => Some(Strategy::BlueGreen),
            "rolling" => Some(Strategy::Rolling),
            "recreate" => Some(Strategy::Recreate),
            _ => None,
        },
        sticky_sessions: form.sticky_sessions,
        health,
        drain_seconds: whole("drain_seconds", &form.drain_seconds),
        stop_grace_seconds: whole("stop_grace_seconds", &form.stop_grace_seconds),
        settle_seconds: whole("settle_seconds", &form.settle_seconds),
        watch_seconds: whole("watch_seconds", &form.watch_seconds),
        release_timeout_seconds: whole("release_timeout_seconds", &form.release_timeout_seconds),
        keep_releases: match form.keep_releases.as_str() {
            "" => DEFAULT_KEEP_RELEASES,
            text => whole("keep_releases", text),
        },
        memory_limit_bytes: None,
        cpu_limit_millis: None,
    };
    if !form.memory.is_empty() {
        settings.memory_limit_bytes = mebibytes(&form.memory);
        if settings.memory_limit_bytes.is_none() {
            errors.add("memory", "Must be a whole number of MiB.");
        }
    }
    if !form.cpu.is_empty() {
        settings.cpu_limit_millis = thousandths(&form.cpu);
        if settings.cpu_limit_millis.is_none() {
            errors.add("cpu", "Must be a number of cores, such as 0.5.");
        }
    }
    settings.scale = scale_fields::scale(form, &mut errors);
    if errors.is_empty() {
        Ok(settings)
    } else {
        Err(errors)
    }
}

/// The health check in the form.
pub fn health(form: &RunForm, errors: &mut FieldErrors) -> HealthCheck {
    HealthCheck {
        probe: match form.probe.as_str() {
            "http" => HealthProbe::Http {
                path: form.path.clone(),
            },
            "tcp" => HealthProbe::Tcp,
            "command" => HealthProbe::Command {
                argv: arguments(&form.argv).unwrap_or_default(),
            },
            _ => HealthProbe::Auto,
        },
        interval_seconds: whole(errors, "interval_seconds", &form.interval_seconds),
        timeout_seconds: whole(errors, "timeout_seconds", &form.timeout_seconds),
        start_period_seconds: whole(errors, "start_period_seconds", &form.start_period_seconds),
        retries: whole(errors, "retries", &form.retries),
        expected_status: match form.expected_status.as_str() {
            "" => None,
            // One that is too large for the type is out of its range as well.
            text => Some(u16::try_from(whole(errors, "expected_status", text)).unwrap_or(0)),
        },
        host: Some(form.health_host.clone()).filter(|host| !host.is_empty()),
    }
}

pub(super) fn whole(errors: &mut FieldErrors, name: &str, text: &str) -> u32 {
    text.parse().unwrap_or_else(|_| {
        errors.add(name, "Must be a whole number.");
        0
    })
}

/// An argument a line; none when there is not one.
fn arguments(text: &str) -> Option<Vec<String>> {
    let lines: Vec<String> = text
        .lines()
        .map(|line| line.trim().to_owned())
        .filter(|line| !line.is_empty())
        .collect();
    (!lines.is_empty()).then_some(lines)
}

/// Mebibytes as bytes.
pub fn mebibytes(text: &str) -> Option<i64> {
    text.parse::<i64>().ok()?.checked_mul(1024 * 1024)
}

/// `1.5` as 1500, without the rounding of floating point.
pub fn thousandths(text: &str) -> Option<i64> {
    let (whole, part) = text.split_once(['.', ',']).unwrap_or((text, ""));
    if part.len() > 3 || !part.bytes().all(|digit| digit.is_ascii_digit()) {
        return None;
    }
    let whole: i64 = if whole.is_empty() {
        0
    } else {
        whole.parse().ok()?
    };
    let part: i64 = format!("{part:0<3}").parse().ok()?;
    whole.checked_mul(1000)?.checked_add(part)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn form() -> RunForm {
        RunForm {
            replicas: "2".to_owned(),
            interval_seconds: "2".to_owned(),
            timeout_seconds: "3".to_owned(),
            start_period_seconds: "60".to_owned(),
            retries: "3".to_owned(),
            drain_seconds: "10".to_owned(),
            stop_grace_seconds: "10".to_owned(),
            settle_seconds: "5".to_owned(),
            watch_seconds: "60".to_owned(),
            release_timeout_seconds: "1800".to_owned(),
            ..RunForm::default()
        }
    }

    #[test]
    fn units_are_turned_into_those_of_the_settings() {
        let typed = RunForm {
            memory: "512".to_owned(),
            cpu: "1.5".to_owned(),
            command: "node\n server.js \n".to_owned(),
            probe: "http".to_owned(),
            path: "/up".to_owned(),
            ..form()
        };
        let settings = settings(&typed).unwrap();
        assert_eq!(settings.memory_limit_bytes, Some(536_870_912));
        assert_eq!(settings.cpu_limit_millis, Some(1500));
        assert_eq!(settings.command.unwrap(), ["node", "server.js"]);
        assert_eq!(settings.health.path(), "/up");
        assert_eq!(settings.replicas, 2);
    }

    #[test]
    fn every_field_that_is_no_number_is_named() {
        let typed = RunForm {
            memory: "much".to_owned(),
            cpu: "1.2345".to_owned(),
            replicas: "-1".to_owned(),
            ..form()
        };
        let errors = settings(&typed).unwrap_err();
        for field in ["memory", "cpu", "replicas"] {
            assert!(errors.of(field).is_some(), "{field}");
        }
    }
}
