//! The editor of variables.

use crate::pages::problems::message_as_sentence;
use longshore_control::view::{VariableChanges, VariableView};

/// The editor as shown or as typed.
#[derive(Debug, Clone, Default)]
pub struct VariablesForm {
    /// Where it is sent.
    pub action: String,
    /// The variables, and an empty one at the end.
    pub pairs: Vec<Pair>,
    /// The pasted lines.
    pub pasted: String,
    /// Whether the pasted ones are stored as secrets.
    pub pasted_secret: bool,
    /// Something to say beside the button.
    pub note: String,
    /// What the live version does not have yet, in words with the names.
    pub changes: Vec<ChangeList>,
}

/// Variables that changed in the same way.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChangeList {
    /// In which way, such as `Added`.
    pub label: &'static str,
    /// Their names.
    pub names: Vec<String>,
}

/// A variable in the editor.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Pair {
    /// Its name.
    pub key: String,
    /// Its value; empty when it is secret.
    pub value: String,
    /// Whether it is hidden.
    pub is_secret: bool,
    /// Whether it is stored already.
    pub is_saved: bool,
    /// Whether an empty value means that the stored one stays.
    pub is_kept: bool,
    /// What is wrong with it; empty when nothing is.
    pub error: String,
    /// Whether its value was made, not typed.
    pub is_generated: bool,
    /// Why the next deployment could not use it; empty when it could.
    pub warning: String,
}

impl VariablesForm {
    /// The editor of the stored variables.
    pub fn new(action: String, variables: &[VariableView]) -> Self {
        let mut pairs: Vec<Pair> = variables.iter().map(Pair::new).collect();
        pairs.push(Pair::default());
        let waiting = variables
            .iter()
            .filter(|variable| variable.changed_since_live)
            .count();
        Self {
            action,
            pairs,
            note: match waiting {
                0 => String::new(),
                1 => "1 change waits for the next deployment.".to_owned(),
                count => format!("{count} changes wait for the next deployment."),
            },
            ..Self::default()
        }
    }

    /// The same with how the variables differ from those of the live version.
    #[must_use]
    pub fn with_changes(self, changes: Option<VariableChanges>) -> Self {
        let Some(changes) = changes else {
            return self;
        };
        let lists = [
            ("Added", changes.added),
            ("Changed", changes.changed),
            ("Removed", changes.removed),
        ];
        let lists = lists.into_iter().filter(|(_, names)| !names.is_empty());
        Self {
            note: String::new(),
            changes: lists
                .map(|(label, names)| ChangeList { label, names })
                .collect(),
            ..self
        }
    }
}

impl Pair {
    fn new(variable: &VariableView) -> Self {
        Self {
            key: variable.key.clone(),
            value: variable.value.clone().unwrap_or_default(),
            is_secret: variable.secret,
            is_saved: true,
            is_kept: variable.secret,
            error: String::new(),
            is_generated: variable.generated,
            warning: variable
                .problem
                .as_ref()
                .map(|problem| message_as_sentence(&format!("{} {problem}", variable.key)))
                .unwrap_or_default(),
        }
    }
}
