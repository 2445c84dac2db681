//! Managed databases: what each engine needs, as data.
//!
//! An engine is an entry of [`ENGINES`]: its image, its variables, its volume, its health
//! check and the commands around it. Nothing else in the program knows an engine by name.

mod engines;

pub use engines::ENGINES;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::health::{HealthCheck, HealthProbe};
use crate::run::{Port, RunSettings};
use crate::variable::fill;
use crate::volume::VolumeMount;
use crate::{EnvKey, ImageRef, InvalidText, Secret, ServiceName};

/// The variable that holds the connection URL of every engine.
pub const URL_KEY: &str = "DATABASE_URL";

/// One kind of database server.
#[derive(Debug)]
pub struct Engine {
    /// Its stable name, as the API takes it.
    pub name: &'static str,
    /// Its name for people.
    pub label: &'static str,
    /// The repository of its image.
    pub image: &'static str,
    /// The series that are offered, newest first. A version is one of them or lies within
    /// one (`17` → `17.2`).
    pub versions: &'static [&'static str],
    /// The series taken when none is asked for: the one that the tests run against where an
    /// engine's server can be had for them.
    pub default_version: &'static str,
    /// The port that it listens on inside the environment's network.
    pub port: u16,
    /// Where its volume is mounted.
    pub data_directory: &'static str,
    /// What its containers are told, and others may refer to.
    pub variables: &'static [EngineVariable],
    /// What its client is told beside that, in the commands below and in consoles; `${{KEY}}`
    /// is a variable.
    pub client_variables: &'static [(&'static str, &'static str)],
    /// The connection URL; `{host}` is the service's name, `${{KEY}}` a variable.
    pub url: &'static str,
    /// Arguments for the image's entry point; `${{KEY}}` is a variable.
    pub arguments: &'static [&'static str],
    /// Settings that a person may choose, appended to the arguments.
    pub options: &'static [EngineOption],
    /// The argument that bounds its own memory in bytes; none when it needs no bound.
    pub memory_argument: Option<&'static str>,
    /// Whether a later series reads the files of an earlier one by itself.
    pub reads_earlier_series: bool,
    /// Ends with 0 when it takes queries; runs in its container.
    pub health: &'static [&'static str],
    /// An image with extensions that may take the place of the usual one, as an example; none
    /// where only the usual one is known to work.
    pub extension_image: Option<&'static str>,
    /// Its client for people, run in its container; `${{KEY}}` is a variable. None when the
    /// image has none.
    pub console: &'static [&'static str],
    /// Writes everything to standard output; runs in its container.
    pub dump: &'static [&'static str],
    /// Reads that from standard input; none when files of the volume are put back instead.
    pub restore: &'static [&'static str],
    /// Sets a new password; runs in its container, `${{NEW_PASSWORD}}` is the new one. None
    /// when the password is taken from the variables at each start.
    pub change_password: &'static [&'static str],
}

/// A variable of an engine.
#[derive(Debug)]
pub struct EngineVariable {
    /// Its key.
    pub key: &'static str,
    /// What it holds at first.
    pub value: EngineValue,
}

/// What a variable holds at first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EngineValue {
    /// A text, possibly with references.
    Text(&'static str),
    /// The same, kept secret.
    Secret(&'static str),
    /// A password, made once.
    Password,
}

/// A setting that a person may choose.
#[derive(Debug)]
pub struct EngineOption {
    /// Its stable name; the argument is `--name value`.
    pub name: &'static str,
    /// Its name for people.
    pub label: &'static str,
    /// What it may be; the first is the default.
    pub values: &'static [&'static str],
}

/// The engine and version of a database, fixed when it was made.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DatabaseKind {
    /// The engine's name.
    pub engine: String,
    /// The version.
    pub version: String,
}

impl Engine {
    /// The engine of that name.
    ///
    /// # Errors
    /// A fragment that names the engines there are.
    pub fn find(name: &str) -> Result<&'static Self, InvalidText> {
        ENGINES
            .iter()
            .find(|engine| engine.name == name)
            .ok_or_else(|| {
                let names: Vec<_> = ENGINES.iter().map(|engine| engine.name).collect();
                InvalidText::new(format!("must be one of {}", names.join(", ")))
            })
    }

    /// The version to run: the default one, or the one asked for.
    ///
    /// # Errors
    /// A fragment that names the series there are.
    pub fn version(&self, asked: Option<&str>) -> Result<String, InvalidText> {
        let Some(asked) = asked.map(str::trim).filter(|asked| !asked.is_empty()) else {
            return Ok(self.default_version.to_owned());
        };
        let is_tag = asked.len() <= 60
            && asked
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || b"._-".contains(&byte));
        let is_offered = self.versions.iter().any(|series| {
            asked
                .strip_prefix(series)
                .is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', '-']))
        });
        if is_tag && is_offered {
            Ok(asked.to_owned())
        } else {
            Err(InvalidText::new(format!(
                "must be {} or a version within one of these",
                self.versions.join(", ")
            )))
        }
    }

    /// The image of a version that [`Engine::version`] has let through.
    ///
    /// # Errors
    /// None for such a version.
    pub fn image(&self, version: &str) -> Result<ImageRef, InvalidText> {
        format!("{}:{version}", self.image).parse()
    }

    /// The image of a version, or another one of the same series with extensions.
    ///
    /// # Errors
    /// A fragment that says what the other one must be like.
    pub fn image_or(&self, version: &str, other: Option<&str>) -> Result<ImageRef, InvalidText> {
        let Some(other) = other.map(str::trim).filter(|other| !other.is_empty()) else {
            return self.image(version);
        };
        let Some(example) = self.extension_image else {
            return Err(InvalidText::new(format!(
                "cannot be chosen for {}",
                self.label
            )));
        };
        let image: ImageRef = other.parse()?;
        let series = self.versions.get(self.series(version)).copied();
        let name = image.as_str().split('@').next().unwrap_or_default();
        let tag = name
            .rsplit_once(':')
            .map(|(_, tag)| tag)
            .filter(|tag| !tag.contains('/'))
            .unwrap_or_default();
        // `pg17`, `17-3.5`, `0.8.0-pg17` and `latest-pg17.2` name the series 17.
        let mut numbers = tag.split(|c: char| !c.is_ascii_digit() && c != '.');
        let fits = series.is_some_and(|series| {
            numbers.any(|number| {
                number
                    .strip_prefix(series)
                    .is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
            })
        });
        if fits {
            return Ok(image);
        }
        Err(InvalidText::new(format!(
            "must have a tag that names the series of {version}, because another one cannot read its files; such as {example}"
        )))
    }

    /// Whether an image is the usual one, in whichever version.
    pub fn is_usual(&self, image: &ImageRef) -> bool {
        image
            .as_str()
            .strip_prefix(self.image)
            .is_some_and(|rest| rest.starts_with(':'))
    }

    /// The version to go to from the one that there is.
    ///
    /// # Errors
    /// A fragment that says why its files could not be read then.
    pub fn next_version(&self, now: &str, asked: &str) -> Result<String, InvalidText> {
        let next = self.version(Some(asked))?;
        let (from, to) = (self.series(now), self.series(&next));
        // Newest first.
        if from == to || (self.reads_earlier_series && to < from) {
            return Ok(next);
        }
        Err(InvalidText::new(format!(
            "must stay within the series of {now}, because {} of another one cannot read its files; make a new database and copy the data",
            self.label
        )))
    }

    /// The place of a version's series among the versions that are offered.
    fn series(&self, version: &str) -> usize {
        let fits = |series: &&str| {
            version
                .strip_prefix(*series)
                .is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', '-']))
        };
        // The longest one, where one is within another.
        let longest = self
            .versions
            .iter()
            .filter(|series| fits(series))
            .max_by_key(|s| s.len());
        self.versions
            .iter()
            .position(|series| Some(series) == longest)
            .unwrap_or(self.versions.len())
    }

    /// What a person chose of the options, as the settings of a database have it.
    pub fn chosen<'a>(&self, run: &'a RunSettings) -> BTreeMap<&'static str, &'a str> {
        let arguments = run.arguments.as_deref().unwrap_or_default();
        self.options
            .iter()
            .filter_map(|option| {
                let flag = format!("--{}", option.name);
                let at = arguments.iter().position(|argument| *argument == flag)?;
                Some((option.name, arguments.get(at + 1)?.as_str()))
            })
            .collect()
    }

    /// The variable with the password.
    pub fn password_key(&self) -> Option<&'static str> {
        self.variables
            .iter()
            .find(|variable| variable.value == EngineValue::Password)
            .map(|variable| variable.key)
    }

    /// Adds what its client is told to the variables of its containers.
    pub fn add_client_variables(&self, variables: &mut BTreeMap<EnvKey, Secret>) {
        for (key, text) in self.client_variables {
            if let Ok(key) = key.parse() {
                let value = Secret::new(fill(text, variables));
                variables.insert(key, value);
            }
        }
    }

    /// The port.
    pub fn port(&self) -> Option<Port> {
        Port::new(self.port)
    }

    /// The connection URL of a database of that name, with references to its variables.
    pub fn url_of(&self, name: &ServiceName) -> String {
        self.url.replace("{host}", name.as_str())
    }

    /// How its containers run, with the options that a person chose.
    ///
    /// # Errors
    /// The name of a field and what is wrong with it.
    pub fn run<'a>(
        &self,
        chosen: impl IntoIterator<Item = (&'a str, &'a str)>,
        memory_limit_bytes: Option<i64>,
    ) -> Result<RunSettings, (String, InvalidText)> {
        let mut values: Vec<&str> = self
            .options
            .iter()
            .filter_map(|option| option.values.first().copied())
            .collect();
        for (name, value) in chosen {
            let field = format!("options.{name}");
            let found = self.options.iter().position(|option| option.name == name);
            let Some(index) = found else {
                let problem = InvalidText::new(format!("is no option of {}", self.label));
                return Err((field, problem));
            };
            let allowed = self.options[index].values;
            let Some(value) = allowed.iter().find(|allowed| **allowed == value) else {
                let problem = InvalidText::new(format!("must be one of {}", allowed.join(", ")));
                return Err((field, problem));
            };
            values[index] = value;
        }
        let mut arguments = owned(self.arguments);
        for (option, value) in self.options.iter().zip(values) {
            arguments.extend([format!("--{}", option.name), value.to_owned()]);
        }
        if let (Some(name), Some(bytes)) = (self.memory_argument, memory_limit_bytes) {
            // The rest is for its connections, and for the copy that it makes to write.
            let own = bytes / 4 * 3;
            arguments.extend([format!("--{name}"), own.to_string()]);
        }
        let internal = |problem: InvalidText| ("engine".to_owned(), problem);
        Ok(RunSettings {
            memory_limit_bytes,
            arguments: (!arguments.is_empty()).then_some(arguments),
            volumes: vec![VolumeMount {
                name: "data".parse().map_err(internal)?,
                path: self.data_directory.parse().map_err(internal)?,
                read_only: false,
                shared: false,
            }],
            health: HealthCheck {
                probe: HealthProbe::Command {
                    argv: owned(self.health),
                },
                interval_seconds: 3,
                timeout_seconds: 10,
                start_period_seconds: 180,
                retries: 5,
                ..HealthCheck::default()
            },
            drain_seconds: 0,
            // A server writes what it holds in memory before it ends.
            stop_grace_seconds: 60,
            settle_seconds: 1,
            // An earlier server may not be able to read what a later one has written.
            watch_seconds: 0,
            ..RunSettings::default()
        })
    }
}

fn owned(texts: &[&str]) -> Vec<String> {
    texts.iter().map(|&text| text.to_owned()).collect()
}

#[cfg(test)]
mod tests;
