//! Changing a stack's settings. They count from the next deployment on.

use longshore_domain::source::{Build, Source};
use longshore_domain::specification::run_problems;
use longshore_domain::{Permission, ServiceId};
use longshore_store::events::{self, Event};
use longshore_store::services::{self, GitReach, ServiceChange, ServiceRecord};

use super::create::{file, repository, typed};
use crate::access::Authorized;
use crate::apps::{keep_git, load_view};
use crate::problems::Problems;
use crate::{Actor, Control, ControlError, Result, ServiceView, StackPatch};

impl Control {
    /// Changes a stack's settings; what the patch leaves out stays. A file that is typed in
    /// takes the place of the repository, and the other way round.
    ///
    /// # Errors
    /// The problems of all fields, or that another service has the name.
    pub async fn update_stack(
        &self,
        actor: &Actor,
        id: ServiceId,
        patch: StackPatch,
    ) -> Result<ServiceView> {
        let mut transaction = self.begin().await?;
        services::lock(&mut transaction, id).await?;
        let service =
            Authorized::<ServiceRecord>::load(&mut transaction, actor, id, Permission::Change)
                .await?;
        if service.get().kind != "stack" {
            return Err(ControlError::refused("Only a stack has these settings."));
        }
        let change = self.parse_stack_patch(service.get(), &patch)?;
        let mut transaction = self
            .change_service(transaction, actor, &service, &change)
            .await?;
        events::notify(&mut transaction, &[Event::Service(id), Event::Machine]).await?;
        let view = load_view(&mut transaction, actor, id, self.ports).await?;
        self.commit(transaction).await?;
        Ok(view)
    }

    fn parse_stack_patch(
        &self,
        before: &ServiceRecord,
        patch: &StackPatch,
    ) -> Result<ServiceChange> {
        let mut problems = Problems::default();
        let name = match &patch.name {
            Some(name) => problems.parse("name", name),
            None => Some(before.name.clone()),
        };
        let old_path = match &before.build {
            Build::Compose(compose) => Some(compose.path.to_string()),
            Build::Dockerfile(_) | Build::Static(_) | Build::Auto(_) => None,
        };
        let path = patch.compose_path.clone().or(old_path);
        let (source, build, git) = match (&patch.source, &patch.compose) {
            (Some(_), Some(_)) => {
                problems.add("source", "and compose cannot be given together");
                (None, None, GitReach::default())
            }
            (Some(draft), None) => {
                let source = repository(&mut problems, draft);
                let build = file(&mut problems, path.as_deref());
                let git = self.git_reach(
                    &mut problems,
                    before.id,
                    before.name.as_str(),
                    draft,
                    source.as_ref(),
                    Some(before),
                )?;
                (source, build, git)
            }
            (None, Some(text)) => (
                typed(&mut problems, text),
                Some(Build::default()),
                GitReach::default(),
            ),
            (None, None) => {
                let build = match (&before.source, &patch.compose_path) {
                    (Source::Compose { .. }, Some(_)) => {
                        problems.add("compose_path", "is for a file from a repository only");
                        None
                    }
                    (_, Some(path)) => file(&mut problems, Some(path)),
                    (_, None) => Some(before.build.clone()),
                };
                (Some(before.source.clone()), build, keep_git(before))
            }
        };
        let run = patch.run.clone().unwrap_or_else(|| before.run.clone());
        problems.extend(run_problems(&run, None));
        let (name, (source, build)) = problems.finish(name.zip(source.zip(build)))?;
        Ok(ServiceChange {
            name,
            port: None,
            source,
            build,
            run,
            git,
        })
    }
}
