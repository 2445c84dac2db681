//! The editor of variables.

use longshore_control::view::VariableView;

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
        }
    }
}
