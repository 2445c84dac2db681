//! Text for Swarm that arrives as it is.
//!
//! Swarm takes variables, mounts and the host name of a service for templates of Go's
//! (`{{.Node.Hostname}}`): a value with two braces would be refused, or tell of the machine.

use bollard::models::ServiceSpec;

/// Makes the text of a specification literal where Swarm would expand it. Once, when the
/// service is made: what Docker gives back is literal already.
pub(super) fn make_literal(spec: &mut ServiceSpec) {
    let Some(container) = spec
        .task_template
        .as_mut()
        .and_then(|task| task.container_spec.as_mut())
    else {
        return;
    };
    let mounts = container.mounts.iter_mut().flatten();
    let places = mounts.flat_map(|mount| [&mut mount.source, &mut mount.target]);
    let texts = places
        .flatten()
        .chain(container.env.iter_mut().flatten())
        .chain(container.hostname.iter_mut());
    for text in texts {
        if text.contains("{{") {
            *text = text.replace("{{", r#"{{"{{"}}"#);
        }
    }
}

#[cfg(test)]
mod tests {
    use bollard::models::{Mount, TaskSpec, TaskSpecContainerSpec};

    use super::*;

    #[test]
    fn braces_are_no_template() {
        let mut spec = ServiceSpec {
            task_template: Some(TaskSpec {
                container_spec: Some(TaskSpecContainerSpec {
                    env: Some(vec![
                        "A={{.Node.ID}} {{{ }}".to_owned(),
                        "B=$X {}".to_owned(),
                    ]),
                    mounts: Some(vec![Mount {
                        target: Some("/{{.Task.ID}}".to_owned()),
                        ..Mount::default()
                    }]),
                    ..TaskSpecContainerSpec::default()
                }),
                ..TaskSpec::default()
            }),
            ..ServiceSpec::default()
        };
        make_literal(&mut spec);
        let container = spec.task_template.unwrap().container_spec.unwrap();
        assert_eq!(
            container.env.unwrap(),
            [r#"A={{"{{"}}.Node.ID}} {{"{{"}}{ }}"#, "B=$X {}"]
        );
        let target = container.mounts.unwrap()[0].target.clone().unwrap();
        assert_eq!(target, r#"/{{"{{"}}.Task.ID}}"#);
    }
}
