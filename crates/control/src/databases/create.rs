//! Making a database.

use longshore_domain::database::{DatabaseKind, Engine, EngineValue, URL_KEY};
use longshore_domain::source::{Build, Source};
use longshore_domain::specification::run_problems;
use longshore_domain::{EnvironmentId, Secret, ServiceId, ServiceName, TeamId};
use longshore_store::services::{GitReach, ServiceChange};
use longshore_store::{PgConnection, databases};

use crate::problems::Problems;
use crate::{
    Actor, ConnectionView, Control, ControlError, DatabaseDraft, Result, ServiceView, random,
};

/// A database that passed all checks.
struct NewDatabase {
    engine: &'static Engine,
    kind: DatabaseKind,
    service: ServiceChange,
}

impl Control {
    /// Makes a database with credentials of its own and asks for its first deployment.
    ///
    /// # Errors
    /// The problems of all fields, or that another service has the name.
    pub async fn create_database(
        &self,
        actor: &Actor,
        environment: EnvironmentId,
        draft: DatabaseDraft,
    ) -> Result<(ServiceView, ConnectionView)> {
        let (transaction, environment) = self.begin_in(actor, environment).await?;
        let new = parse(&draft)?;
        let id = ServiceId::generate();
        let team = environment.team();
        let mut transaction = self
            .insert_service(
                transaction,
                actor,
                &environment,
                id,
                "database",
                &new.service,
            )
            .await?;
        databases::insert(&mut transaction, team, id, &new.kind).await?;
        self.give_credentials(&mut transaction, team, id, &new)
            .await?;
        let service = self.deploy_first(&mut transaction, actor, team, id).await?;
        let connection = self.connection_view(&mut transaction, &service).await?;
        let view = crate::apps::load_view(&mut transaction, actor, id, self.ports).await?;
        self.commit(transaction).await?;
        Ok((view, connection))
    }

    /// Stores the variables of the engine, its passwords made anew, and the connection URL.
    async fn give_credentials(
        &self,
        connection: &mut PgConnection,
        team: TeamId,
        id: ServiceId,
        new: &NewDatabase,
    ) -> Result<()> {
        let mut values = vec![(
            URL_KEY,
            Secret::new(new.engine.url_of(&new.service.name)),
            true,
        )];
        for variable in new.engine.variables {
            let (value, secret) = match variable.value {
                EngineValue::Text(text) => (Secret::new(text), false),
                EngineValue::Secret(text) => (Secret::new(text), true),
                EngineValue::Password => (random::hex::<24>()?, true),
            };
            values.push((variable.key, value, secret));
        }
        self.give_variables(connection, team, id, values).await
    }
}

fn parse(draft: &DatabaseDraft) -> Result<NewDatabase> {
    let mut problems = Problems::default();
    let name = problems.parse::<ServiceName>("name", &draft.name);
    let engine = match Engine::find(draft.engine.trim()) {
        Ok(engine) => engine,
        Err(problem) => {
            problems.add("engine", problem.to_string());
            return problems.finish(None);
        }
    };
    let version = match engine.version(draft.version.as_deref()) {
        Ok(version) => Some(version),
        Err(problem) => {
            problems.add("version", problem.to_string());
            None
        }
    };
    let options = draft
        .options
        .iter()
        .map(|(name, value)| (name.as_str(), value.as_str()));
    let run = match engine.run(options, draft.memory_limit_bytes) {
        Ok(run) => Some(run),
        Err((field, problem)) => {
            problems.add(field, problem.to_string());
            None
        }
    };
    if let Some(run) = &run {
        problems.extend(run_problems(run, None));
    }
    let (name, (version, run)) = problems.finish(name.zip(version.zip(run)))?;
    let reference = engine
        .image_or(&version, draft.image.as_deref())
        .map_err(|problem| ControlError::invalid("image", problem.to_string()))?;
    Ok(NewDatabase {
        engine,
        kind: DatabaseKind {
            engine: engine.name.to_owned(),
            version,
        },
        service: ServiceChange {
            name,
            // On the environment's network alone: the edge is for what answers requests.
            port: None,
            source: Source::Image { reference },
            build: Build::default(),
            run,
            git: GitReach::default(),
        },
    })
}
