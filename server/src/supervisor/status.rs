//! `longshore status`: a table of the parts.

use std::fmt::Write as _;

use time::OffsetDateTime;
use time::macros::format_description;

use super::board::{self, Phase};
use super::pid_file::{PidFile, ProcessIdentity};
use super::probe;
use super::up::SUPERVISOR;
use crate::config::Config;

/// What `status` prints, and whether all is well.
#[derive(Debug)]
pub struct Report {
    /// The table and the verdict.
    pub text: String,
    /// Whether the server said that it is ready.
    pub ready: bool,
}

/// Looks at every part.
pub async fn report(config: &Config) -> Report {
    let mut rows = vec![
        [
            "PART", "STATE", "PID", "USER", "SINCE", "RESTARTS", "HEALTH",
        ]
        .map(str::to_owned),
    ];
    let supervisor = PidFile::new(&config.run_dir, SUPERVISOR).running();
    let mut notes = Vec::new();
    for state in board::read(&config.run_dir) {
        let pid = state.pid.filter(|pid| ProcessIdentity::of(*pid).is_some());
        let health = if pid.is_none() {
            "-"
        } else if probe::part(config, state.part).await {
            "answers"
        } else {
            "no answer"
        };
        let phase = match (supervisor, pid) {
            (None, Some(_)) => "unsupervised",
            (None, None) => Phase::Stopped.word(),
            (Some(_), _) => state.phase.word(),
        };
        if let Some(end) = state.last_end.filter(|_| state.phase == Phase::Restarting) {
            notes.push(format!("{}: {end}", state.part));
        }
        rows.push([
            state.part.to_string(),
            phase.to_owned(),
            pid.map_or("-".to_owned(), |pid| pid.to_string()),
            state.user,
            moment(state.since),
            state.restarts.to_string(),
            health.to_owned(),
        ]);
    }

    let answer = probe::readiness(config).await;
    let ready = answer.as_ref().is_some_and(|answer| answer.status == 200);
    let mut text = String::new();
    match supervisor {
        Some(process) => {
            let _ = writeln!(
                text,
                "Longshore runs, supervised by process {}.\n",
                process.pid
            );
        }
        None => text.push_str("No supervisor runs; start it with `longshore up`.\n\n"),
    }
    if rows.len() > 1 {
        text.push_str(&table(&rows));
        text.push('\n');
    }
    for note in notes {
        let _ = writeln!(text, "{note}");
    }
    let address = config.local_address();
    let _ = match answer {
        Some(_) if ready => writeln!(text, "Ready: http://{address}"),
        Some(answer) => writeln!(
            text,
            "Not ready: http://{address}/readyz answers {}: {}",
            answer.status, answer.body
        ),
        None => writeln!(
            text,
            "Not ready: nothing answers at http://{address}/readyz"
        ),
    };
    Report { text, ready }
}

fn moment(time: OffsetDateTime) -> String {
    let format = format_description!("[year]-[month]-[day] [hour]:[minute]:[second]Z");
    time.format(format).unwrap_or_default()
}

fn table<const COLUMNS: usize>(rows: &[[String; COLUMNS]]) -> String {
    let mut text = String::new();
    for row in rows {
        let mut line = String::new();
        for (column, cell) in row.iter().enumerate() {
            let width = rows.iter().map(|row| row[column].len()).max().unwrap_or(0);
            let _ = write!(line, "{cell:<width$}  ");
        }
        text.push_str(line.trim_end());
        text.push('\n');
    }
    text
}
