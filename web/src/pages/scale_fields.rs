//! Where containers run and when they are started again, between the form and the use cases.

use longshore_domain::scale::{Restart, RestartCondition, Scale};

use super::run_fields::{mebibytes, thousandths, whole};
use super::view::{FieldErrors, RunForm};

/// The settings in the form.
pub fn scale(form: &RunForm, errors: &mut FieldErrors) -> Scale {
    let mut scale = Scale::default();
    if !form.memory_reservation.is_empty() {
        scale.memory_reservation_bytes = mebibytes(&form.memory_reservation);
        if scale.memory_reservation_bytes.is_none() {
            errors.add("memory_reservation", "Must be a whole number of MiB.");
        }
    }
    if !form.cpu_reservation.is_empty() {
        scale.cpu_reservation_millis = thousandths(&form.cpu_reservation);
        if scale.cpu_reservation_millis.is_none() {
            errors.add("cpu_reservation", "Must be a number of cores, such as 0.5.");
        }
    }
    for line in lines(&form.placement) {
        match line.parse() {
            Ok(constraint) => scale.placement.push(constraint),
            Err(problem) => errors.add("placement", format!("A line {problem}.")),
        }
    }
    for line in lines(&form.labels) {
        match line.split_once('=') {
            Some((key, value)) => {
                scale
                    .labels
                    .insert(key.trim().to_owned(), value.trim().to_owned());
            }
            None => errors.add("labels", "A line must be name=value."),
        }
    }
    let usual = Restart::default();
    scale.restart = Restart {
        condition: match form.restart.as_str() {
            "on_failure" => RestartCondition::OnFailure,
            _ => RestartCondition::Any,
        },
        delay_seconds: match form.restart_delay.as_str() {
            "" => usual.delay_seconds,
            text => whole(errors, "restart_delay", text),
        },
        max_attempts: match form.restart_attempts.as_str() {
            "" => None,
            text => Some(whole(errors, "restart_attempts", text)),
        },
    };
    scale
}

fn lines(text: &str) -> impl Iterator<Item = &str> {
    text.lines().map(str::trim).filter(|line| !line.is_empty())
}
