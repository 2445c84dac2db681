//! Variables.

use std::collections::BTreeMap;

use longshore_control::{VariableChanges, VariableDraft, VariableView};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Variables to set.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct VariablesBody {
    #[schema(value_type = Object)]
    variables: BTreeMap<String, VariableBody>,
}

/// A value, or a value with a mark.
#[derive(Deserialize)]
#[serde(
    untagged,
    expecting = "must be a text, or an object with `value` and `secret`"
)]
enum VariableBody {
    Plain(String),
    Marked(MarkedVariable),
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct MarkedVariable {
    /// Absent for a secret that stays.
    value: Option<String>,
    #[serde(default)]
    secret: bool,
}

impl std::fmt::Debug for VariableBody {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("VariableBody")
    }
}

impl VariablesBody {
    /// The variables as drafts.
    pub(crate) fn drafts(self) -> BTreeMap<String, VariableDraft> {
        self.variables
            .into_iter()
            .map(|(key, body)| {
                let draft = match body {
                    VariableBody::Plain(value) => VariableDraft {
                        value: Some(value),
                        secret: false,
                    },
                    VariableBody::Marked(marked) => VariableDraft {
                        value: marked.value,
                        secret: marked.secret,
                    },
                };
                (key, draft)
            })
            .collect()
    }
}

/// All variables of a scope.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Variables {
    #[schema(value_type = Object)]
    variables: BTreeMap<String, Variable>,
    /// How a service's variables differ from those that its live version was given; absent
    /// for others, and when nothing is live.
    #[serde(skip_serializing_if = "Option::is_none")]
    changes: Option<Changes>,
}

/// Names of variables by how they changed since the live deployment.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Changes {
    /// The live deployment's number.
    deployment: i32,
    added: Vec<String>,
    changed: Vec<String>,
    removed: Vec<String>,
}

impl Variables {
    /// The same with how they differ from those of the live version.
    #[must_use]
    pub(crate) fn with_changes(self, changes: Option<VariableChanges>) -> Self {
        Self {
            changes: changes.map(|changes| Changes {
                deployment: changes.deployment,
                added: changes.added,
                changed: changes.changed,
                removed: changes.removed,
            }),
            ..self
        }
    }
}

/// A variable as shown.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Variable {
    /// `null` for a secret.
    value: Option<String>,
    secret: bool,
    /// Whether secrets were made for it by `${{secret(32)}}`.
    generated: bool,
    /// Why its references cannot be followed.
    #[serde(skip_serializing_if = "Option::is_none")]
    problem: Option<String>,
    /// Whether it was written since the live deployment read it.
    changed_since_live: bool,
}

impl From<Vec<VariableView>> for Variables {
    fn from(views: Vec<VariableView>) -> Self {
        let variables = views.into_iter().map(|view| {
            let variable = Variable {
                value: view.value,
                secret: view.secret,
                generated: view.generated,
                problem: view.problem,
                changed_since_live: view.changed_since_live,
            };
            (view.key, variable)
        });
        Self {
            variables: variables.collect(),
            changes: None,
        }
    }
}
