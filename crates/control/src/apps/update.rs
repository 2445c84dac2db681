//! Changing an app's settings. They count from the next deployment on.

use longshore_domain::source::Source;
use longshore_domain::specification::{build_problems, run_problems};
use longshore_domain::{Permission, ServiceId};
use longshore_store::domains;
use longshore_store::domains::DomainRecord;
use longshore_store::events::{self, Event};
use longshore_store::services::{self, ServiceChange, ServiceRecord};

use super::git_access::keep;
use super::parse;
use super::show::load_view;
use crate::access::Authorized;
use crate::problems::Problems;
use crate::{Actor, AppPatch, Control, ControlError, Result, ServiceView, SourceDraft};

impl Control {
    /// Changes an app's settings; what the patch leaves out stays.
    ///
    /// # Errors
    /// The problems of all fields, or that another service has the name.
    pub async fn update_app(
        &self,
        actor: &Actor,
        id: ServiceId,
        patch: AppPatch,
    ) -> Result<ServiceView> {
        let mut transaction = self.begin().await?;
        services::lock(&mut transaction, id).await?;
        let service =
            Authorized::<ServiceRecord>::load(&mut transaction, actor, id, Permission::Change)
                .await?;
        if service.get().kind != "app" {
            return Err(ControlError::refused("Only an app has these settings."));
        }
        let domains = domains::list_of_services(&mut transaction, &[id]).await?;
        let change = self.parse_patch(service.get(), &domains, &patch)?;
        let team = service.team();
        self.check_host_ports(&mut transaction, (team, id), &change.run, "run.host_ports")
            .await?;
        let mut transaction = self
            .change_service(transaction, actor, &service, &change)
            .await?;
        // The port of routes may have changed.
        events::notify(&mut transaction, &[Event::Service(id), Event::Machine]).await?;
        let view = load_view(&mut transaction, actor, id, self.ports).await?;
        self.commit(transaction).await?;
        Ok(view)
    }

    fn parse_patch(
        &self,
        before: &ServiceRecord,
        domains: &[DomainRecord],
        patch: &AppPatch,
    ) -> Result<ServiceChange> {
        let mut problems = Problems::default();
        let name = match &patch.name {
            Some(name) => problems.parse("name", name),
            None => Some(before.name.clone()),
        };
        let source = match (&patch.source, &before.source) {
            // An upload keeps the archive that it has.
            (None, _) | (Some(SourceDraft::Upload), Source::Upload(_)) => {
                Some(before.source.clone())
            }
            (Some(draft), _) => parse::source(&mut problems, draft),
        };
        let build = match &patch.build {
            Some(draft) => parse::build(&mut problems, Some(draft)),
            None => Some(before.build.clone()),
        };
        let port = match patch.port {
            Some(port) => problems.port("port", port),
            None => Some(before.port),
        };
        if port == Some(None) && domains.iter().any(|domain| domain.port.is_none()) {
            problems.add("port", "is needed by the domains of this service");
        }
        let run = patch.run.clone().unwrap_or_else(|| before.run.clone());
        problems.extend(run_problems(&run, port.flatten()));
        self.check_binds(&mut problems, &run);
        if let Some(build) = &build {
            problems.extend(build_problems(build));
        }
        let git = match &patch.source {
            Some(draft) => self.git_reach(
                &mut problems,
                before.id,
                before.name.as_str(),
                draft,
                source.as_ref(),
                Some(before),
            )?,
            None => keep(before),
        };
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
