//! Variables and their references to each other.

use std::collections::BTreeMap;

use crate::{EnvKey, Secret};

/// A variable of a service or an environment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Variable {
    /// The value as written, possibly with references.
    pub value: Secret,
    /// Whether it is hidden once saved.
    pub secret: bool,
}

/// The longest value in bytes; the kernel refuses longer strings (`MAX_ARG_STRLEN`, 128 KiB).
pub const VALUE_MAX_BYTES: usize = 128 * 1024 - 256;

/// A reference in a variable's value that cannot be followed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum UnresolvedReference {
    /// Nothing has that name.
    #[error("{variable} refers to ${{{{{reference}}}}}, which does not exist")]
    Missing {
        /// The variable with the reference.
        variable: String,
        /// What it refers to.
        reference: String,
    },
    /// The variables refer to each other in a circle.
    #[error("{variable} refers to itself through ${{{{{reference}}}}}")]
    Cycle {
        /// The variable with the reference.
        variable: String,
        /// What it refers to.
        reference: String,
    },
}

/// What references may reach, by the part before the dot.
#[derive(Debug, Clone, Default)]
pub struct Scopes {
    /// `${{environment.KEY}}`
    pub environment: BTreeMap<EnvKey, Variable>,
    /// `${{project.KEY}}`
    pub project: BTreeMap<EnvKey, Variable>,
    /// `${{service-name.KEY}}`, by the name of another service of the environment.
    pub services: BTreeMap<String, BTreeMap<EnvKey, Variable>>,
}

/// A variable ready for the container.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ResolvedVariable {
    /// The final value.
    pub value: Secret,
    /// Whether it is secret itself or took in a secret.
    pub secret: bool,
}

/// Follows all references of a service's variables: `${{KEY}}` (the same service),
/// `${{environment.KEY}}`, `${{project.KEY}}`, `${{service.KEY}}`. Everything else,
/// such as `$HOME` or `${X}`, stays byte for byte.
///
/// # Errors
/// The first reference that is missing or circular, with the names.
pub fn resolve(
    own: &BTreeMap<EnvKey, Variable>,
    scopes: &Scopes,
) -> Result<BTreeMap<EnvKey, ResolvedVariable>, UnresolvedReference> {
    let references = Resolver { own, scopes };
    own.iter()
        .map(|(key, variable)| {
            let mut path = Vec::new();
            let resolved = references.value("", key.as_str(), variable, &mut path)?;
            Ok((key.clone(), resolved))
        })
        .collect()
}

/// Puts variables into an argument: `${{KEY}}` becomes the value of that variable. What
/// names none stays as it is.
pub fn fill(text: &str, variables: &BTreeMap<EnvKey, Secret>) -> String {
    let mut result = String::new();
    let mut rest = text;
    while let Some((before, behind)) = rest.split_once("${{") {
        let Some((key, after)) = behind.split_once("}}") else {
            break;
        };
        let value = key
            .trim()
            .parse::<EnvKey>()
            .ok()
            .and_then(|key| variables.get(&key));
        result.push_str(before);
        match value {
            Some(value) => result.push_str(value.expose()),
            None => result.push_str(&rest[before.len()..rest.len() - after.len()]),
        }
        rest = after;
    }
    result.push_str(rest);
    result
}

struct Resolver<'a> {
    own: &'a BTreeMap<EnvKey, Variable>,
    scopes: &'a Scopes,
}

impl Resolver<'_> {
    fn value(
        &self,
        scope: &str,
        key: &str,
        variable: &Variable,
        path: &mut Vec<(String, String)>,
    ) -> Result<ResolvedVariable, UnresolvedReference> {
        let shown = if scope.is_empty() {
            key.to_owned()
        } else {
            format!("{scope}.{key}")
        };
        path.push((scope.to_owned(), key.to_owned()));
        let mut secret = variable.secret;
        let mut result = String::new();
        let mut rest = variable.value.expose();
        while let Some(start) = rest.find("${{") {
            let Some(length) = rest[start..].find("}}") else {
                break;
            };
            let reference = rest[start + 3..start + length].trim();
            result.push_str(&rest[..start]);
            rest = &rest[start + length + 2..];
            let (target_scope, target_key) = match reference.split_once('.') {
                Some((target_scope, target_key)) => (target_scope.trim(), target_key.trim()),
                None => (scope, reference),
            };
            let target = self.find(target_scope, target_key).ok_or_else(|| {
                UnresolvedReference::Missing {
                    variable: shown.clone(),
                    reference: reference.to_owned(),
                }
            })?;
            let step = (target_scope.to_owned(), target_key.to_owned());
            if path.contains(&step) {
                return Err(UnresolvedReference::Cycle {
                    variable: shown,
                    reference: reference.to_owned(),
                });
            }
            let found = self.value(target_scope, target_key, target, path)?;
            secret |= found.secret;
            result.push_str(found.value.expose());
        }
        result.push_str(rest);
        path.pop();
        Ok(ResolvedVariable {
            value: Secret::new(result),
            secret,
        })
    }

    fn find(&self, scope: &str, key: &str) -> Option<&Variable> {
        let key: EnvKey = key.parse().ok()?;
        match scope {
            "" => self.own.get(&key),
            "environment" => self.scopes.environment.get(&key),
            "project" => self.scopes.project.get(&key),
            service => self.scopes.services.get(service)?.get(&key),
        }
    }
}
