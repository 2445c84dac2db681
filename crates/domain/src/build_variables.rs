//! Which of a service's variables its build is given as arguments.

use std::str::FromStr;

use crate::text::text_type;
use crate::{EnvKey, InvalidText};

/// The name of a variable, or the begin of names followed by `*`, such as `VITE_*`.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct BuildVariable(String);
text_type!(BuildVariable);

impl BuildVariable {
    /// Whether a variable is meant.
    pub fn matches(&self, key: &EnvKey) -> bool {
        match self.0.strip_suffix('*') {
            Some(begin) => key.as_str().starts_with(begin),
            None => key.as_str() == self.0,
        }
    }

    /// The one variable that is meant; none when all of a begin are.
    pub fn single(&self) -> Option<&str> {
        (!self.0.ends_with('*')).then_some(self.0.as_str())
    }
}

impl FromStr for BuildVariable {
    type Err = InvalidText;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let begin = text.strip_suffix('*').unwrap_or(text);
        if begin.is_empty() {
            return Err(InvalidText::new(
                "must be a variable's name, or its begin and a star such as VITE_*",
            ));
        }
        begin.parse::<EnvKey>()?;
        Ok(Self(text.to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::BuildVariable;

    #[test]
    fn a_star_stands_for_the_rest_of_a_name() {
        let matches = |pattern: &str, key: &str| {
            let pattern: BuildVariable = pattern.parse().unwrap();
            pattern.matches(&key.parse().unwrap())
        };
        assert!(matches("VITE_*", "VITE_API"));
        assert!(!matches("VITE_*", "INVITE_API"));
        assert!(matches("API", "API"));
        assert!(!matches("API", "API_KEY"));
        for wrong in ["", "*", "A*B", "A-B", "A**"] {
            assert!(wrong.parse::<BuildVariable>().is_err(), "{wrong}");
        }
    }
}
