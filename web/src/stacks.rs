//! What runs of a stack, asked component by component.

use futures_util::future::join_all;
use futures_util::stream::{self, BoxStream, SelectAll, StreamExt as _};
use longshore_control::{ComponentView, ControlError, LogLine, ServiceView};

use crate::state::{AgentQueries, VersionState};

type Lines = BoxStream<'static, Result<LogLine, ControlError>>;

/// The components with what is seen of them on the machine.
pub(crate) async fn seen(
    agent: &dyn AgentQueries,
    components: Vec<ComponentView>,
) -> Vec<(ComponentView, Option<VersionState>)> {
    let all = components.into_iter().map(|component| async move {
        let versions = agent.versions(component.service).await.unwrap_or_default();
        let state = versions
            .into_iter()
            .find(|version| version.number == component.number);
        (component, state)
    });
    join_all(all).await
}

/// The log of a service's containers: of a stack that of all components, or of one, each
/// line with its component's name.
pub(crate) async fn log(
    agent: &dyn AgentQueries,
    service: &ServiceView,
    component: Option<&str>,
    tail: u32,
    follow: bool,
) -> Result<Lines, ControlError> {
    if service.kind != longshore_control::ServiceKind::Stack {
        return agent.container_log(service.id, tail, follow).await;
    }
    let chosen: Vec<&ComponentView> = service
        .components
        .iter()
        .filter(|one| component.is_none_or(|name| one.name == name))
        .collect();
    if chosen.is_empty() && component.is_some() {
        return Err(ControlError::invalid(
            "component",
            "is not one of this stack's live version",
        ));
    }
    let mut recent = Vec::new();
    let mut open = Vec::new();
    for one in chosen {
        // One that has run to its end has left its words in the deployment's log.
        let Ok(lines) = agent.container_log(one.service, tail, false).await else {
            continue;
        };
        let name = one.name.clone();
        let lines: Vec<LogLine> = lines.filter_map(async |line| line.ok()).collect().await;
        let last = lines.last().map(|line| line.sequence);
        recent.extend(lines.into_iter().map(|line| named(&name, line)));
        if follow && let Ok(lines) = agent.container_log(one.service, tail, true).await {
            open.push(
                lines
                    .skip_while(move |line| {
                        let is_known = line
                            .as_ref()
                            .is_ok_and(|line| last.is_some_and(|last| line.sequence <= last));
                        std::future::ready(is_known)
                    })
                    .map(move |line| line.map(|line| named(&name, line)))
                    .boxed(),
            );
        }
    }
    recent.sort_by_key(|line| line.at);
    let skip = recent.len().saturating_sub(tail as usize);
    let recent = stream::iter(recent.into_iter().skip(skip).map(Ok));
    let live: SelectAll<Lines> = stream::select_all(open);
    let mut sequence = 0;
    Ok(recent
        .chain(live)
        .map(move |line| {
            line.map(|mut line| {
                // Of one component after the other they come a little out of order.
                line.sequence = line.sequence.max(sequence + 1);
                sequence = line.sequence;
                line
            })
        })
        .boxed())
}

fn named(component: &str, mut line: LogLine) -> LogLine {
    line.text = format!("{component} | {}", line.text);
    line
}
