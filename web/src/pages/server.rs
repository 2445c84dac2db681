//! The state of the server, for administrators.

use std::sync::Arc;
use std::time::Duration;

use axum::extract::State;
use longshore_control::Control;
use time::OffsetDateTime;

use super::answer::{Answer, page};
use super::server_domain;
use super::view::{
    DashboardAddress, DifferenceNotice, Gauge, Icon, Part, ServerPage, Status, When, when,
};
use super::visit::Signed;
use crate::agreement::{Agreement, Comparison};
use crate::state::{AgentQueries, Machine};

/// For how long a comparison tells how the machine is. There is one at least every 30 seconds,
/// and one that repairs much takes a while.
const FRESH: Duration = Duration::from_secs(180);

/// The parts of the server and how full it is.
pub async fn show(
    State(control): State<Control>,
    State(agent): State<Arc<dyn AgentQueries>>,
    State(agreement): State<Arc<Agreement>>,
    signed: Signed,
) -> Answer {
    let address = server_domain::found(&control, &*agent, &signed).await?;
    let comparison = agreement.newest();
    Ok(page(
        &server_page(&control, &*agent, comparison, signed, address).await,
    ))
}

/// The page with what is shown, or was typed, of the dashboard's own domain.
pub async fn server_page(
    control: &Control,
    agent: &dyn AgentQueries,
    comparison: Comparison,
    signed: Signed,
    address: DashboardAddress,
) -> ServerPage {
    let database = match control.check_database().await {
        Ok(()) => part("Database", "PostgreSQL answers.", Status::WORKS),
        Err(error) => part("Database", &error.to_string(), Status::BROKEN),
    };
    let (host, mut parts, gauges) = match agent.machine().await {
        Ok(machine) => (machine.host_name.clone(), parts(&machine), gauges(&machine)),
        Err(trouble) => (
            "This server".to_owned(),
            vec![
                part(
                    "Agent",
                    &super::problems::message_as_sentence(&trouble),
                    Status::BROKEN,
                ),
                part("Docker", "The agent would know.", Status::UNKNOWN),
                part("Proxy", "The agent would know.", Status::UNKNOWN),
            ],
            Vec::new(),
        ),
    };
    parts.insert(0, database);
    parts.push(agreement(&comparison, signed.now));
    ServerPage {
        page: signed.frame.titled("Server").below("Server", ""),
        host,
        parts,
        gauges,
        differences: DifferenceNotice::all(comparison.differences),
        address,
    }
}

/// Whether the machine was as it shall be when it was last compared.
fn agreement(comparison: &Comparison, now: OffsetDateTime) -> Part {
    let Some(at) = comparison.at else {
        let note = "The machine has not been compared with what shall run yet.";
        return part("Agreement", note, Status::UNKNOWN);
    };
    let ago = When::new(at, now).ago;
    if now - at > FRESH {
        let note = format!(
            "Last compared with what shall run {ago}; why not since is in the server's log."
        );
        return part("Agreement", &note, Status::UNKNOWN);
    }
    let (finding, status) = match comparison.differences.len() {
        0 => ("nothing differs".to_owned(), Status::WORKS),
        1 => ("one thing differs".to_owned(), Status::DIFFERS),
        count => (format!("{count} things differ"), Status::DIFFERS),
    };
    let note = format!("Compared {ago} with what shall run: {finding}.");
    part("Agreement", &note, status)
}

fn part(name: &'static str, note: &str, status: Status) -> Part {
    Part {
        name,
        note: note.to_owned(),
        status,
    }
}

fn parts(machine: &Machine) -> Vec<Part> {
    let jobs = match machine.running_jobs {
        0 => "no deployment under way".to_owned(),
        1 => "1 deployment under way".to_owned(),
        count => format!("{count} deployments under way"),
    };
    let docker = match (&machine.docker_version, machine.swarm_ready) {
        (Some(version), true) => part(
            "Docker",
            &format!("Version {version}, Swarm is active."),
            Status::WORKS,
        ),
        (Some(version), false) => part(
            "Docker",
            &format!("Version {version}, but this machine is no active Swarm manager."),
            Status::BROKEN,
        ),
        (None, _) => part("Docker", "Docker does not answer.", Status::BROKEN),
    };
    let proxy = if let Some(refusal) = &machine.proxy_refusal {
        part("Proxy", refusal, Status::BROKEN)
    } else if machine.proxy_ready {
        part(
            "Proxy",
            &format!("{} answers.", machine.proxy_image),
            Status::WORKS,
        )
    } else {
        part(
            "Proxy",
            &format!("{} does not answer.", machine.proxy_image),
            Status::BROKEN,
        )
    };
    vec![
        part(
            "Agent",
            &format!("Version {}, {jobs}.", machine.agent_version),
            Status::WORKS,
        ),
        docker,
        proxy,
    ]
}

fn gauges(machine: &Machine) -> Vec<Gauge> {
    let gauge = |label, icon, free: u64, total: u64, what: &str| Gauge {
        label,
        icon,
        value: format!("{} free", when::size(free)),
        note: format!("of {} {what}", when::size(total)),
        percent: total.saturating_sub(free) * 100 / total.max(1),
    };
    let cores = match machine.cores {
        1 => "1 core".to_owned(),
        cores => format!("{cores} cores"),
    };
    vec![
        gauge(
            "Disk",
            Icon::Disk,
            machine.disk_free_bytes,
            machine.disk_total_bytes,
            "where Longshore keeps its data",
        ),
        gauge(
            "Memory",
            Icon::Cpu,
            machine.memory_available_bytes,
            machine.memory_total_bytes,
            &format!("beside {cores}"),
        ),
    ]
}
