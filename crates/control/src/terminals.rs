//! Terminals in the containers of a service.

mod slots;

use longshore_domain::database::Engine;
use longshore_domain::{ComponentName, Permission, ProjectId, ServiceId};
use longshore_store::projects::ProjectRecord;
use longshore_store::services::ServiceRecord;
use longshore_store::terminals::{self, TerminalNote};
use longshore_store::{PgConnection, databases, deployments};

pub(crate) use slots::Slots;
pub use slots::TerminalSlot;

use crate::access::Authorized;
use crate::transaction::note;
use crate::{Actor, Control, ControlError, Result, TerminalDraft, TerminalPlan, TerminalProgram};

impl Control {
    /// Whether terminals may be opened in this service, for the page that offers them; the
    /// containers to choose from, and whether there is a database's console.
    ///
    /// # Errors
    /// [`ControlError::Forbidden`] for who may not change the service.
    pub async fn offer_terminals(
        &self,
        actor: &Actor,
        service: ServiceId,
    ) -> Result<TerminalOffer> {
        let mut connection = self.connection().await?;
        let service =
            Authorized::<ServiceRecord>::load(&mut connection, actor, service, Permission::Change)
                .await?;
        let service = service.get();
        let allowed =
            terminals::are_allowed(&mut connection, service.team, service.project).await?;
        let running = running(&mut connection, service).await?;
        Ok(TerminalOffer {
            allowed,
            containers: running
                .into_iter()
                .filter(|_| !service.stopped)
                .map(|part| TerminalContainers {
                    component: part.component.map(|name| name.to_string()),
                    count: part.replicas,
                })
                .collect(),
            console: self
                .console(&mut connection, service)
                .await?
                .map(|engine| engine.label),
        })
    }

    /// Checks who asks for a terminal and says what the agent is to open.
    ///
    /// # Errors
    /// [`ControlError::Forbidden`] for who may not change the service;
    /// [`ControlError::Refused`] where terminals are not allowed, nothing runs, or too many
    /// are open.
    pub async fn plan_terminal(
        &self,
        actor: &Actor,
        service: ServiceId,
        draft: TerminalDraft,
    ) -> Result<TerminalPlan> {
        let mut connection = self.connection().await?;
        let service =
            Authorized::<ServiceRecord>::load(&mut connection, actor, service, Permission::Change)
                .await?;
        let service = service.get();
        if !terminals::are_allowed(&mut connection, service.team, service.project).await? {
            return Err(ControlError::refused(
                "Terminals are not allowed in this project; its settings say so.",
            ));
        }
        let running = running(&mut connection, service).await?;
        if running.is_empty() {
            return Err(ControlError::refused(
                "No version is live of which anything keeps running. Deploy it first.",
            ));
        }
        if service.stopped {
            return Err(ControlError::refused(
                "The service is stopped. Start it first.",
            ));
        }
        let wanted = draft.component.as_deref().filter(|name| !name.is_empty());
        let part = running
            .into_iter()
            .find(|part| part.component.as_ref().map(ComponentName::as_str) == wanted);
        let part = part.ok_or_else(|| {
            ControlError::refused("This component does not run in the live version.")
        })?;
        let program = if draft.console {
            let engine = self
                .console(&mut connection, service)
                .await?
                .ok_or_else(|| ControlError::refused("This service has no database console."))?;
            let mut variables = self
                .resolve_variables(&mut connection, service)
                .await?
                .into_iter()
                .map(|(key, variable)| (key, variable.value))
                .collect();
            engine.add_client_variables(&mut variables);
            TerminalProgram::Console {
                engine: engine.name,
                variables,
            }
        } else {
            TerminalProgram::Shell
        };
        let slot = self.terminals.take(actor.user).ok_or_else(|| {
            ControlError::refused("Too many terminals are open. Close one of them first.")
        })?;
        Ok(TerminalPlan {
            service: service.id,
            runs_as: part.service,
            team: service.team,
            live_number: part.number,
            replica: draft.replica.max(1),
            program,
            slot,
        })
    }

    /// Whether a terminal may stay: the person still may change the service, and the project
    /// still allows terminals.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn may_keep_terminal(&self, actor: &Actor, service: ServiceId) -> Result<bool> {
        let actor = match self.actor_for_user(actor.user).await {
            Ok(actor) => actor,
            Err(ControlError::NotFound | ControlError::Unauthenticated) => return Ok(false),
            Err(other) => return Err(other),
        };
        let mut connection = self.connection().await?;
        let loaded =
            Authorized::<ServiceRecord>::load(&mut connection, &actor, service, Permission::Change)
                .await;
        match loaded {
            Ok(service) => {
                let service = service.get();
                Ok(terminals::are_allowed(&mut connection, service.team, service.project).await?)
            }
            Err(ControlError::NotFound | ControlError::Forbidden { .. }) => Ok(false),
            Err(other) => Err(other),
        }
    }

    /// Notes in the audit trail that a terminal was opened or, with its seconds, closed.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn note_terminal(
        &self,
        actor: &Actor,
        plan: &TerminalPlan,
        container: &str,
        seconds: Option<i64>,
    ) -> Result<()> {
        let mut connection = self.connection().await?;
        let written = TerminalNote {
            team: plan.team,
            user: actor.user,
            service: plan.service,
            container,
            program: match plan.program {
                TerminalProgram::Shell => "shell",
                TerminalProgram::Console { engine, .. } => engine,
            },
            seconds,
        };
        Ok(terminals::note(&mut connection, &written).await?)
    }

    /// Allows or forbids terminals in a project; those that are open end within seconds.
    ///
    /// # Errors
    /// [`ControlError::Forbidden`] for who is no administrator of the team.
    pub async fn allow_terminals(
        &self,
        actor: &Actor,
        project: ProjectId,
        allowed: bool,
    ) -> Result<()> {
        let mut transaction = self.begin().await?;
        let project = Authorized::<ProjectRecord>::load(
            &mut transaction,
            actor,
            project,
            Permission::Administer,
        )
        .await?;
        let id = project.get().id;
        terminals::set_allowed(&mut transaction, project.team(), id, allowed).await?;
        let verb = if allowed {
            "project.terminals.allow"
        } else {
            "project.terminals.forbid"
        };
        note(
            &mut transaction,
            actor,
            &project,
            verb,
            &format!("project:{id}"),
        )
        .await?;
        self.commit(transaction).await
    }

    /// The engine of a database that has a console.
    async fn console(
        &self,
        connection: &mut PgConnection,
        service: &ServiceRecord,
    ) -> Result<Option<&'static Engine>> {
        let kind = databases::find(connection, service.team, service.id).await?;
        Ok(kind
            .and_then(|kind| Engine::find(&kind.engine).ok())
            .filter(|engine| !engine.console.is_empty()))
    }
}

/// What runs of a live version under one id.
struct Running {
    component: Option<ComponentName>,
    service: ServiceId,
    number: i32,
    replicas: u32,
}

/// What runs of a service's live version: of a stack its components, but those that have
/// run to their end.
async fn running(connection: &mut PgConnection, service: &ServiceRecord) -> Result<Vec<Running>> {
    if service.kind == "stack" {
        let components = deployments::live_components(connection, service.id).await?;
        let lasting = components.into_iter().filter(|one| !one.runs_once);
        return Ok(lasting
            .map(|one| Running {
                component: Some(one.name),
                service: one.service,
                number: one.number,
                replicas: one.replicas,
            })
            .collect());
    }
    let live = deployments::list_live(connection, &[service.id]).await?;
    Ok(live
        .first()
        .map(|live| Running {
            component: None,
            service: service.id,
            number: live.number,
            replicas: service.run.replicas,
        })
        .into_iter()
        .collect())
}

/// Containers in which a terminal can be opened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TerminalContainers {
    /// The component, of a stack.
    pub component: Option<String>,
    /// How many there are.
    pub count: u32,
}

/// What the page of terminals offers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TerminalOffer {
    /// Whether the project allows terminals.
    pub allowed: bool,
    /// The containers of the live version, by components; none when nothing runs.
    pub containers: Vec<TerminalContainers>,
    /// The engine whose console can be opened, for people.
    pub console: Option<&'static str>,
}
