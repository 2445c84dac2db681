//! Changing a database's settings. They count from the next deployment on.

use longshore_domain::database::{DatabaseKind, Engine};
use longshore_domain::run::RunSettings;
use longshore_domain::source::Source;
use longshore_domain::specification::run_problems;
use longshore_domain::{HostPort, Permission, ServiceId};
use longshore_store::services::{self, ServiceChange, ServiceRecord};
use longshore_store::{Conflict, StoreError, databases};

use crate::access::Authorized;
use crate::apps::{keep_git, load_view};
use crate::problems::Problems;
use crate::transaction::note;
use crate::{Actor, Control, ControlError, DatabasePatch, Result, ServiceView};

impl Control {
    /// Changes a database's settings; what the patch leaves out stays.
    ///
    /// # Errors
    /// The problems of all fields, or [`ControlError::Refused`] for a service that is none.
    pub async fn update_database(
        &self,
        actor: &Actor,
        id: ServiceId,
        patch: DatabasePatch,
    ) -> Result<ServiceView> {
        let mut transaction = self.begin().await?;
        services::lock(&mut transaction, id).await?;
        let service =
            Authorized::<ServiceRecord>::load(&mut transaction, actor, id, Permission::Change)
                .await?;
        let team = service.team();
        let kind = databases::find(&mut transaction, team, id)
            .await?
            .ok_or_else(|| ControlError::refused("Only a database has these settings."))?;
        let (change, version) = parse(service.get(), &kind, &patch)?;
        self.check_host_ports(&mut transaction, (team, id), &change.run, "external_port")
            .await?;
        match services::update(&mut transaction, team, id, &change).await {
            Err(StoreError::Conflict(Conflict::ServiceName)) => return Err(ControlError::NotFound),
            other => other?,
        }
        databases::set_version(&mut transaction, team, id, &version).await?;
        let target = format!("service:{id}");
        note(&mut transaction, actor, &service, "service.update", &target).await?;
        let view = load_view(&mut transaction, actor, id, self.ports).await?;
        self.commit(transaction).await?;
        Ok(view)
    }
}

fn parse(
    before: &ServiceRecord,
    kind: &DatabaseKind,
    patch: &DatabasePatch,
) -> Result<(ServiceChange, String)> {
    let engine = Engine::find(&kind.engine).map_err(ControlError::internal)?;
    let mut problems = Problems::default();
    let version = match patch.version.as_deref().map(str::trim) {
        None => Some(kind.version.clone()),
        Some(asked) => match engine.next_version(&kind.version, asked) {
            Ok(version) => Some(version),
            Err(problem) => {
                problems.add("version", problem.to_string());
                None
            }
        },
    };
    let mut chosen = engine.chosen(&before.run);
    let asked = patch.options.iter();
    let mut all: Vec<(&str, &str)> = asked.map(|(name, value)| (&**name, &**value)).collect();
    chosen.retain(|name, _| !patch.options.contains_key(*name));
    all.extend(chosen);
    let memory = patch
        .memory_limit_bytes
        .unwrap_or(before.run.memory_limit_bytes);
    let run = match engine.run(all, memory) {
        Ok(run) => Some(RunSettings {
            cpu_limit_millis: patch
                .cpu_limit_millis
                .unwrap_or(before.run.cpu_limit_millis),
            host_ports: host_ports(engine, before, patch, &mut problems),
            scale: before.run.scale.clone(),
            ..run
        }),
        Err((field, problem)) => {
            problems.add(field, problem.to_string());
            None
        }
    };
    if let Some(run) = &run {
        let of_form = |(field, problem): (String, String)| match field.as_str() {
            "run.host_ports" => ("external_port".to_owned(), problem),
            _ => (field, problem),
        };
        problems.extend(run_problems(run, None).into_iter().map(of_form).collect());
    }
    let (version, run) = problems.finish(version.zip(run))?;
    let kept = match &before.source {
        Source::Image { reference } if !engine.is_usual(reference) => Some(reference.as_str()),
        _ => None,
    };
    let image = match &patch.image {
        Some(asked) => asked.as_deref(),
        None => kept,
    };
    let reference = engine
        .image_or(&version, image)
        .map_err(|problem| ControlError::invalid("image", problem.to_string()))?;
    let change = ServiceChange {
        name: before.name.clone(),
        port: before.port,
        source: Source::Image { reference },
        build: before.build.clone(),
        run,
        git: keep_git(before),
    };
    Ok((change, version))
}

/// The port of the machine that leads to the database.
fn host_ports(
    engine: &Engine,
    before: &ServiceRecord,
    patch: &DatabasePatch,
    problems: &mut Problems,
) -> Vec<HostPort> {
    let Some(asked) = patch.external_port else {
        return before.run.host_ports.clone();
    };
    let port = problems.port("external_port", asked).flatten();
    port.zip(engine.port())
        .map(|(port, target)| HostPort { port, target })
        .into_iter()
        .collect()
}
