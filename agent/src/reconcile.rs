//! Makes the machine agree with what shall exist: removes what is ours and not desired,
//! repairs routes. Never touches anything without this instance's label.

use std::collections::HashSet;
use std::fs;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use longshore_agent_api::{
    AgentProblem, DesiredService, DesiredState, ReconcileReport, ReconcileSubject, RouteUpdate,
    RunningUpdate,
};
use longshore_domain::{DeploymentId, FailureKind, ServiceId};
use tokio::sync::Mutex;

use crate::drain::Drains;
use crate::git;
use crate::jobs::Jobs;
use crate::machine::Machine;
use crate::paths::Paths;
use crate::upload;

mod plan;

use plan::{Known, describe, unwanted};

/// How long the mirror of a repository that no service names may lie unused. Submodules
/// are such repositories.
const MIRROR_UNUSED: Duration = Duration::from_hours(7 * 24);

/// How long an uploaded archive that no service names may lie: one that has just come is
/// named a moment later, and one that is still coming is a file too.
const UPLOAD_UNUSED: Duration = Duration::from_hours(2);

/// Makes the machine agree with what shall exist, one pass at a time.
pub struct Reconciler {
    paths: Paths,
    machine: Arc<dyn Machine>,
    jobs: Arc<Jobs>,
    drains: Arc<Drains>,
    pass: Mutex<()>,
}

impl Reconciler {
    /// A reconciler of this machine.
    pub fn new(
        paths: Paths,
        machine: Arc<dyn Machine>,
        jobs: Arc<Jobs>,
        drains: Arc<Drains>,
    ) -> Self {
        Self {
            paths,
            machine,
            jobs,
            drains,
            pass: Mutex::default(),
        }
    }

    /// One pass.
    ///
    /// # Errors
    /// When Docker cannot be asked what there is.
    pub async fn run(&self, desired: &DesiredState) -> Result<ReconcileReport, AgentProblem> {
        let _pass = self.pass.lock().await;
        let mut report = ReconcileReport::default();
        if self.machine.is_settling().await? {
            report.add(
                ReconcileSubject::Machine,
                "Docker is still starting what it had stopped; nothing was changed",
            );
            return Ok(report);
        }
        // Docker is asked before the jobs: whatever it names was begun by a job that is
        // known by now.
        let owned = self.machine.list_owned().await?;
        let known = Known {
            desired,
            unfinished: self.jobs.unfinished(),
            recently_live: &|service| self.jobs.recently_live(service),
            drains: &|service, number| self.drains.contains(service, number),
        };
        for object in unwanted(&owned, &known) {
            let name = describe(object);
            match self.machine.remove_owned(object).await {
                Ok(()) => report.changes.push(format!("removed {name}")),
                Err(problem) => report.add(ReconcileSubject::Leftover(name), problem.message),
            }
        }
        let drifted = self.machine.drifted(&desired.services).await?;
        for service in &desired.services {
            let Some(live_number) = service.live_number else {
                continue;
            };
            if !drifted.contains(&service.service) || known.is_moving(service.service, live_number)
            {
                continue;
            }
            self.repair(service, live_number, &mut report).await;
        }
        let dashboard = desired.dashboard.as_ref();
        match self.machine.repair_dashboard(dashboard).await {
            Ok(false) => {}
            Ok(true) => report
                .changes
                .push("repaired the way to the dashboard".to_owned()),
            Err(problem) => report.add(ReconcileSubject::Dashboard, problem.message),
        }
        self.remove_files(&known, &mut report).await;
        Ok(report)
    }

    /// Gives a live version its routes and its number of containers.
    async fn repair(
        &self,
        desired: &DesiredService,
        live_number: i32,
        report: &mut ReconcileReport,
    ) {
        let service = desired.service;
        let update = RouteUpdate {
            live_number,
            routes: desired.routes.clone(),
        };
        let replicas = match self.replicas(service, live_number).await {
            Ok(replicas) => Some(replicas),
            Err(problem) => {
                report.add(ReconcileSubject::Containers(service), problem.message);
                None
            }
        };
        // Without a version there is nothing to lead to; a host that another service has by now
        // must not be held on to.
        if replicas.is_none() && !update.routes.is_empty() {
            return;
        }
        match self.machine.repair_routes(service, &update).await {
            Ok(false) => {}
            Ok(true) => report
                .changes
                .push(format!("repaired the routes of service {service}")),
            Err(problem) => report.add(ReconcileSubject::Routes(service), problem.message),
        }
        let Some(replicas) = replicas.filter(|replicas| *replicas != desired.replicas) else {
            return;
        };
        let update = RunningUpdate {
            live_number,
            replicas: desired.replicas,
            restart: false,
        };
        match self.machine.set_running(service, &update).await {
            Ok(()) => report.changes.push(format!(
                "scaled service {service} from {replicas} to {}",
                desired.replicas
            )),
            Err(problem) => report.add(ReconcileSubject::Containers(service), problem.message),
        }
    }

    /// How many containers a live version is to have now.
    async fn replicas(&self, service: ServiceId, live_number: i32) -> Result<u32, AgentProblem> {
        let versions = self.machine.versions(service).await?;
        versions
            .iter()
            .find(|version| version.number == live_number)
            .map(|version| version.desired)
            .ok_or_else(|| AgentProblem {
                kind: FailureKind::StartFailed,
                message: format!("version {live_number} is gone; deploy it again"),
            })
    }

    async fn remove_files(&self, known: &Known<'_>, report: &mut ReconcileReport) {
        for job in self.jobs.stale() {
            // The server works with a job's journal until it has stored the end.
            let is_awaited = known.desired.services.iter().any(|service| {
                service.service == job.service && service.active_numbers.contains(&job.number)
            });
            if !is_awaited && self.jobs.forget(job.deployment).await.is_ok() {
                report.changes.push(format!(
                    "removed the journal of deployment {}",
                    job.deployment
                ));
            }
        }
        let working: HashSet<DeploymentId> =
            known.unfinished.iter().map(|job| job.deployment).collect();
        let directory = self.paths.work_trees();
        let jobs = Arc::clone(&self.jobs);
        let removed = tokio::task::spawn_blocking(move || {
            remove_work_trees(&directory, |deployment| {
                working.contains(&deployment) || jobs.has_unfinished(deployment)
            })
        });
        match removed.await {
            Ok(Ok(removed)) => report.changes.extend(removed),
            Ok(Err(error)) => report.add(leftover("work trees"), error.to_string()),
            Err(error) => report.add(leftover("work trees"), error.to_string()),
        }
        self.remove_mirrors(known, report).await;
        self.remove_uploads(known, report).await;
    }

    async fn remove_uploads(&self, known: &Known<'_>, report: &mut ReconcileReport) {
        let Some(used) = known.desired.uploads.clone() else {
            return;
        };
        let directory = self.paths.uploads();
        let removed = tokio::task::spawn_blocking(move || {
            upload::remove_unused(&directory, &used, UPLOAD_UNUSED)
        });
        match removed.await {
            Ok(Ok(0)) => {}
            Ok(Ok(removed)) => report
                .changes
                .push(format!("removed {removed} uploaded archives")),
            Ok(Err(error)) => report.add(leftover("uploads"), error.to_string()),
            Err(error) => report.add(leftover("uploads"), error.to_string()),
        }
    }

    async fn remove_mirrors(&self, known: &Known<'_>, report: &mut ReconcileReport) {
        let Some(used) = known.desired.repositories.clone() else {
            return;
        };
        let directory = self.paths.mirrors();
        let removed = tokio::task::spawn_blocking(move || {
            git::remove_unused(&directory, &used, MIRROR_UNUSED)
        });
        match removed.await {
            Ok(Ok(0)) => {}
            Ok(Ok(removed)) => report
                .changes
                .push(format!("removed {removed} mirrors of repositories")),
            Ok(Err(error)) => report.add(leftover("mirrors"), error.to_string()),
            Err(error) => report.add(leftover("mirrors"), error.to_string()),
        }
    }
}

fn leftover(name: &str) -> ReconcileSubject {
    ReconcileSubject::Leftover(name.to_owned())
}

/// Blocking.
fn remove_work_trees(
    directory: &std::path::Path,
    is_known: impl Fn(DeploymentId) -> bool,
) -> io::Result<Vec<String>> {
    let mut removed = Vec::new();
    for entry in fs::read_dir(directory)? {
        let entry = entry?;
        let name = entry.file_name();
        let name = name.to_string_lossy();
        // What is beside a work tree begins with its name.
        let deployment = name.get(..36).and_then(|id| id.parse().ok());
        if deployment.is_some_and(&is_known) {
            continue;
        }
        let path = entry.path();
        if entry.file_type()?.is_dir() {
            fs::remove_dir_all(path)?;
        } else {
            fs::remove_file(path)?;
        }
        removed.push(format!("removed the work tree {name}"));
    }
    Ok(removed)
}
