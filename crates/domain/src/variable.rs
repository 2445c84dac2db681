//! Variables and their references to each other.

pub mod generated;

use std::cell::RefCell;
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

/// So many variables may refer to one another in a row.
const DEEPEST: usize = 50;

/// A reference in a variable's value that cannot be followed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnresolvedReference {
    /// The variable with the reference, behind the name of its scope if it is not the
    /// service's own.
    pub variable: String,
    /// What it refers to.
    pub reference: String,
    /// What is wrong with it.
    pub reason: Unresolved,
}

/// Why a reference cannot be followed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Unresolved {
    /// Nothing has that name; what exactly is missing, as a sentence without its stop.
    Missing(String),
    /// The variables refer to each other in a circle.
    Cycle,
    /// Too many variables refer to one another in a row.
    TooDeep,
    /// The value would be longer than a container takes.
    TooLong,
}

impl std::error::Error for UnresolvedReference {}

impl std::fmt::Display for UnresolvedReference {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "{} {}", self.variable, self.fragment())
    }
}

impl UnresolvedReference {
    /// What is wrong, as a fragment behind the variable's name.
    pub fn fragment(&self) -> String {
        let reference = &self.reference;
        match &self.reason {
            Unresolved::Missing(what) => {
                format!("refers to ${{{{{reference}}}}}, which does not exist: {what}")
            }
            Unresolved::Cycle => format!("refers to itself through ${{{{{reference}}}}}"),
            Unresolved::TooDeep => {
                format!(
                    "refers through ${{{{{reference}}}}} to more than {DEEPEST} others in a row"
                )
            }
            Unresolved::TooLong => {
                format!("becomes longer than {VALUE_MAX_BYTES} bytes through ${{{{{reference}}}}}")
            }
        }
    }
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
    resolve_each(own, scopes)
        .into_iter()
        .map(|(key, resolved)| Ok((key, resolved?)))
        .collect()
}

/// What became of a variable's references.
pub type Resolution = Result<ResolvedVariable, UnresolvedReference>;

/// The same with one answer a variable.
pub fn resolve_each(
    own: &BTreeMap<EnvKey, Variable>,
    scopes: &Scopes,
) -> BTreeMap<EnvKey, Resolution> {
    resolve_scope("", own, own, scopes)
}

/// The variables of the environment, whose references reach the project and the services.
pub fn resolve_environment(scopes: &Scopes) -> BTreeMap<EnvKey, Resolution> {
    let none = BTreeMap::new();
    resolve_scope(ENVIRONMENT, &scopes.environment, &none, scopes)
}

fn resolve_scope(
    scope: &str,
    variables: &BTreeMap<EnvKey, Variable>,
    own: &BTreeMap<EnvKey, Variable>,
    scopes: &Scopes,
) -> BTreeMap<EnvKey, Resolution> {
    let resolver = Resolver {
        own,
        scopes,
        known: RefCell::default(),
    };
    variables
        .iter()
        .map(|(key, variable)| {
            let resolved = resolver.value(scope, key.as_str(), variable, &mut Vec::new());
            (key.clone(), resolved)
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

const ENVIRONMENT: &str = "environment";
const PROJECT: &str = "project";

struct Resolver<'a> {
    own: &'a BTreeMap<EnvKey, Variable>,
    scopes: &'a Scopes,
    /// What was resolved already, by scope and key: each variable is followed once, however
    /// many refer to it.
    known: RefCell<BTreeMap<(String, String), ResolvedVariable>>,
}

impl Resolver<'_> {
    fn value(
        &self,
        scope: &str,
        key: &str,
        variable: &Variable,
        path: &mut Vec<(String, String)>,
    ) -> Resolution {
        let place = (scope.to_owned(), key.to_owned());
        if let Some(known) = self.known.borrow().get(&place) {
            return Ok(known.clone());
        }
        let unresolved = |reference: &str, reason| UnresolvedReference {
            variable: match scope {
                "" => key.to_owned(),
                scope => format!("{scope}.{key}"),
            },
            reference: reference.to_owned(),
            reason,
        };
        path.push(place.clone());
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
            let target = self
                .find(target_scope, target_key)
                .map_err(|what| unresolved(reference, Unresolved::Missing(what)))?;
            let step = (target_scope.to_owned(), target_key.to_owned());
            if path.contains(&step) {
                return Err(unresolved(reference, Unresolved::Cycle));
            }
            if path.len() >= DEEPEST {
                return Err(unresolved(reference, Unresolved::TooDeep));
            }
            let found = self.value(target_scope, target_key, target, path)?;
            secret |= found.secret;
            if result.len() + found.value.expose().len() > VALUE_MAX_BYTES {
                return Err(unresolved(reference, Unresolved::TooLong));
            }
            result.push_str(found.value.expose());
        }
        result.push_str(rest);
        path.pop();
        let resolved = ResolvedVariable {
            value: Secret::new(result),
            secret,
        };
        self.known.borrow_mut().insert(place, resolved.clone());
        Ok(resolved)
    }

    /// The variable, or what is missing.
    fn find(&self, scope: &str, key: &str) -> Result<&Variable, String> {
        let (variables, whose) = match scope {
            "" => (self.own, "this service".to_owned()),
            ENVIRONMENT => (&self.scopes.environment, "the environment".to_owned()),
            PROJECT => (&self.scopes.project, "the project".to_owned()),
            service => match self.scopes.services.get(service) {
                Some(variables) => (variables, format!("the service {service}")),
                None => {
                    return Err(format!(
                        "no service {service} with variables is in this environment"
                    ));
                }
            },
        };
        key.parse::<EnvKey>()
            .ok()
            .and_then(|key| variables.get(&key))
            .ok_or_else(|| format!("{whose} has no variable {key}"))
    }
}

#[cfg(test)]
mod tests;
