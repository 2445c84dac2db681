//! Making an app.

use longshore_domain::specification::{build_problems, run_problems};
use longshore_domain::{EnvironmentId, ServiceId, ServiceName};
use longshore_store::services::ServiceChange;

use super::parse;
use super::show::load_view;
use crate::problems::Problems;
use crate::{Actor, AppDraft, Control, Result, ServiceView};

impl Control {
    /// Makes an app. Nothing runs until it is deployed.
    ///
    /// # Errors
    /// The problems of all fields, or that another service has the name.
    pub async fn create_app(
        &self,
        actor: &Actor,
        environment: EnvironmentId,
        draft: AppDraft,
    ) -> Result<ServiceView> {
        let (mut transaction, environment) = self.begin_in(actor, environment).await?;
        let id = ServiceId::generate();
        let change = self.parse_app(id, &draft)?;
        let team = environment.team();
        self.check_host_ports(&mut transaction, (team, id), &change.run, "run.host_ports")
            .await?;
        let mut transaction = self
            .insert_service(transaction, actor, &environment, id, "app", &change)
            .await?;
        let view = load_view(&mut transaction, actor, id, self.ports).await?;
        self.commit(transaction).await?;
        Ok(view)
    }

    fn parse_app(&self, id: ServiceId, draft: &AppDraft) -> Result<ServiceChange> {
        let mut problems = Problems::default();
        let name = problems.parse::<ServiceName>("name", &draft.name);
        let source = parse::source(&mut problems, &draft.source);
        let build = parse::build(&mut problems, draft.build.as_ref());
        let port = problems.port("port", draft.port);
        let run = draft.run.clone().unwrap_or_default();
        problems.extend(run_problems(&run, port.flatten()));
        self.check_binds(&mut problems, &run);
        if let Some(build) = &build {
            problems.extend(build_problems(build));
        }
        let git = self.git_reach(
            &mut problems,
            id,
            &draft.name,
            &draft.source,
            source.as_ref(),
            None,
        )?;
        let parsed = name.zip(source).zip(build.zip(port));
        let ((name, source), (build, port)) = problems.finish(parsed)?;
        Ok(ServiceChange {
            name,
            port,
            source,
            build,
            run,
            git,
        })
    }
}
