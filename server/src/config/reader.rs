//! Finds each setting's text in the first source that has it, and collects what is wrong.

use std::collections::BTreeMap;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use super::error::Problem;
use super::setting::{Setting, Source};

/// The configuration file that is read when no other is named.
pub const DEFAULT_FILE: &str = "/etc/longshore/longshore.toml";

/// The variable that names another configuration file.
const FILE_VARIABLE: &str = "LONGSHORE_CONFIG";

/// The environment, as a map, so that tests can make one.
pub type Environment = BTreeMap<String, String>;

/// What was given on the command line.
#[derive(Debug, Clone, Default)]
pub struct FlagValues {
    /// Path of the configuration file.
    pub file: Option<PathBuf>,
    /// Texts of the settings that were given.
    pub settings: BTreeMap<Setting, String>,
}

/// The three sources, and the problems found so far.
pub(super) struct Reader<'a> {
    flags: &'a FlagValues,
    environment: &'a Environment,
    file: PathBuf,
    in_file: BTreeMap<Setting, String>,
    pub(super) problems: Vec<Problem>,
}

impl<'a> Reader<'a> {
    pub(super) fn open(flags: &'a FlagValues, environment: &'a Environment) -> Self {
        let named = flags
            .file
            .clone()
            .or_else(|| non_empty(environment.get(FILE_VARIABLE)).map(PathBuf::from));
        let must_exist = named.is_some();
        let file = named.unwrap_or_else(|| PathBuf::from(DEFAULT_FILE));
        let mut problems = Vec::new();
        let in_file = read_file(&file, must_exist, &mut problems);
        Self {
            flags,
            environment,
            file,
            in_file,
            problems,
        }
    }

    /// A setting that has a default.
    pub(super) fn required<T>(
        &mut self,
        setting: Setting,
        parse: impl Fn(&str) -> Result<T, String>,
    ) -> Option<T> {
        self.optional(setting, parse)
    }

    /// A setting that may be absent. `None` also when it is wrong: the problem is noted.
    pub(super) fn optional<T>(
        &mut self,
        setting: Setting,
        parse: impl Fn(&str) -> Result<T, String>,
    ) -> Option<T> {
        let (text, source) = self.find(setting)?;
        match parse(&text) {
            Ok(value) => Some(value),
            Err(expected) => {
                self.note(setting, text, source, expected);
                None
            }
        }
    }

    /// Notes that a value, good in itself, cannot stand beside another one.
    pub(super) fn contradiction(&mut self, setting: Setting, expected: String) {
        if let Some((text, source)) = self.find(setting) {
            self.note(setting, text, source, expected);
        }
    }

    fn note(&mut self, setting: Setting, text: String, source: Source, expected: String) {
        let shown = (!setting.is_secret()).then_some(text);
        self.problems.push(Problem::Value {
            setting,
            shown,
            source,
            expected,
        });
    }

    fn find(&self, setting: Setting) -> Option<(String, Source)> {
        if let Some(text) = self.flags.settings.get(&setting) {
            return Some((text.clone(), Source::Flag));
        }
        if let Some(text) = non_empty(self.environment.get(setting.variable())) {
            return Some((text.to_owned(), Source::Variable));
        }
        if let Some(text) = self.in_file.get(&setting) {
            return Some((text.clone(), Source::File(self.file.clone())));
        }
        setting
            .default_text()
            .map(|text| (text.to_owned(), Source::Default))
    }
}

/// An empty variable counts as not set, as in a Compose file that passes an absent one on.
fn non_empty(text: Option<&String>) -> Option<&str> {
    text.map(String::as_str).filter(|text| !text.is_empty())
}

fn read_file(
    file: &Path,
    must_exist: bool,
    problems: &mut Vec<Problem>,
) -> BTreeMap<Setting, String> {
    let mut fail = |reason: String| {
        problems.push(Problem::File {
            file: file.to_owned(),
            reason,
        });
        BTreeMap::new()
    };
    let text = match std::fs::read_to_string(file) {
        Ok(text) => text,
        Err(error) if error.kind() == ErrorKind::NotFound && !must_exist => {
            return BTreeMap::new();
        }
        Err(error) => return fail(error.to_string()),
    };
    let table = match text.parse::<toml::Table>() {
        Ok(table) => table,
        Err(error) => return fail(error.to_string().trim_end().to_owned()),
    };
    let mut settings = BTreeMap::new();
    for (key, value) in table {
        match Setting::ALL
            .into_iter()
            .find(|setting| setting.key() == key)
        {
            Some(setting) => {
                settings.insert(setting, text_of(&value));
            }
            None => problems.push(Problem::UnknownKey {
                similar: similar_key(&key),
                key,
                file: file.to_owned(),
            }),
        }
    }
    settings
}

/// A TOML value as the text that a flag would have; lists become comma-separated.
fn text_of(value: &toml::Value) -> String {
    match value {
        toml::Value::String(text) => text.clone(),
        toml::Value::Array(values) => values.iter().map(text_of).collect::<Vec<_>>().join(","),
        other => other.to_string(),
    }
}

/// The setting's name with the longest common beginning or the same letters.
fn similar_key(key: &str) -> Option<&'static str> {
    let plain = |text: &str| text.to_ascii_lowercase().replace(['_', '-'], "");
    let wanted = plain(
        key.trim_start_matches("LONGSHORE_")
            .trim_start_matches("longshore_"),
    );
    Setting::ALL
        .into_iter()
        .map(Setting::key)
        .find(|candidate| {
            let candidate = plain(candidate);
            candidate == wanted
                || (wanted.len() >= 4
                    && (candidate.contains(&wanted) || wanted.contains(&candidate)))
        })
}
