//! Making a stack.

use longshore_domain::run::RunSettings;
use longshore_domain::source::{Build, ComposeBuild, Source};
use longshore_domain::specification::{build_problems, compose_problems};
use longshore_domain::{EnvironmentId, ServiceId, ServiceName};
use longshore_store::services::{GitReach, ServiceChange};

use crate::apps::{load_view, parse};
use crate::problems::Problems;
use crate::{Actor, Control, Result, ServiceView, SourceDraft, StackDraft};

/// The file that Compose looks for.
const DEFAULT_PATH: &str = "docker-compose.yml";

impl Control {
    /// Makes a stack. Nothing runs until it is deployed.
    ///
    /// # Errors
    /// The problems of all fields, or that another service has the name.
    pub async fn create_stack(
        &self,
        actor: &Actor,
        environment: EnvironmentId,
        draft: StackDraft,
    ) -> Result<ServiceView> {
        let (transaction, environment) = self.begin_in(actor, environment).await?;
        let id = ServiceId::generate();
        let change = self.parse_stack(id, &draft)?;
        let mut transaction = self
            .insert_service(transaction, actor, &environment, id, "stack", &change)
            .await?;
        let view = load_view(&mut transaction, actor, id, self.ports).await?;
        self.commit(transaction).await?;
        Ok(view)
    }

    fn parse_stack(&self, id: ServiceId, draft: &StackDraft) -> Result<ServiceChange> {
        let mut problems = Problems::default();
        let name = problems.parse::<ServiceName>("name", &draft.name);
        let (source, build, git) = match (&draft.source, &draft.compose) {
            (Some(source), None) => {
                let parsed = repository(&mut problems, source);
                let build = file(&mut problems, draft.compose_path.as_deref());
                let git = self.git_reach(
                    &mut problems,
                    id,
                    &draft.name,
                    source,
                    parsed.as_ref(),
                    None,
                )?;
                (parsed, build, git)
            }
            (None, Some(text)) => {
                if draft.compose_path.is_some() {
                    problems.add("compose_path", "is for a file from a repository only");
                }
                let source = typed(&mut problems, text);
                (source, Some(Build::default()), GitReach::default())
            }
            (Some(_), Some(_)) | (None, None) => {
                problems.add(
                    "source",
                    "must be a repository, or the file's text must be given as compose",
                );
                (None, None, GitReach::default())
            }
        };
        let (name, (source, build)) = problems.finish(name.zip(source.zip(build)))?;
        Ok(ServiceChange {
            name,
            port: None,
            source,
            build,
            run: run(),
            git,
        })
    }
}

/// A stack's versions are not watched after their switch.
fn run() -> RunSettings {
    RunSettings {
        watch_seconds: 0,
        ..RunSettings::default()
    }
}

/// A stack's repository.
pub(super) fn repository(problems: &mut Problems, draft: &SourceDraft) -> Option<Source> {
    match draft {
        SourceDraft::Git { .. } => parse::source(problems, draft),
        _ => {
            problems.add("source", "of a stack must be a Git repository");
            None
        }
    }
}

/// Where the file is in the repository.
pub(super) fn file(problems: &mut Problems, path: Option<&str>) -> Option<Build> {
    let path = path
        .map(str::trim)
        .filter(|path| !path.is_empty())
        .unwrap_or(DEFAULT_PATH);
    let build = Build::Compose(ComposeBuild {
        path: problems.parse("compose_path", path)?,
    });
    let found = build_problems(&build);
    let fits = found.is_empty();
    for (_, problem) in found {
        problems.add("compose_path", problem);
    }
    fits.then_some(build)
}

/// A file that was typed in.
pub(super) fn typed(problems: &mut Problems, text: &str) -> Option<Source> {
    // Forms send lines with carriage returns.
    let text = text.replace("\r\n", "\n");
    let found = compose_problems(&text);
    let fits = found.is_empty();
    problems.extend(found);
    fits.then_some(Source::Compose { text })
}
