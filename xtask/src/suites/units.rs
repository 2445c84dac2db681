//! What lanes run at once: a program, or a module of one.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::Context;

use crate::process;

/// How a source says that its tests tolerate no company.
const ALONE: &str = "//! Runs alone:";

/// Tests that one process runs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unit {
    /// `<package>/<program>`, and `::<module>` when it is a module.
    pub name: String,
    /// The package's.
    pub folder: PathBuf,
    /// The test program.
    pub program: PathBuf,
    /// Those of the program that are meant; all when it is none.
    pub tests: Vec<String>,
    /// Whether nothing else may run at that time.
    pub is_alone: bool,
}

impl Unit {
    /// A whole program.
    pub fn program(
        name: String,
        folder: PathBuf,
        program: PathBuf,
        source: &Path,
    ) -> anyhow::Result<Self> {
        Ok(Self {
            name,
            folder,
            program,
            tests: Vec::new(),
            is_alone: is_alone(source)?,
        })
    }

    /// Its modules, each a unit: those of a program whose sources have a folder to themselves.
    pub fn by_module(self, source: &Path) -> anyhow::Result<Vec<Self>> {
        let sources = source.parent().context("a folder of sources")?;
        let listed =
            process::output(process::command(&self.program).args(["--list", "--format", "terse"]))?;
        modules(&listed)
            .into_iter()
            .map(|(module, tests)| {
                let is_alone = self.is_alone || is_alone(&module_source(sources, &module))?;
                Ok(Self {
                    name: format!("{}::{module}", self.name),
                    tests,
                    is_alone,
                    ..self.clone()
                })
            })
            .collect()
    }
}

/// The tests of each module, from the list that a test program gives.
fn modules(listed: &str) -> Vec<(String, Vec<String>)> {
    let mut modules: Vec<(String, Vec<String>)> = Vec::new();
    for test in listed
        .lines()
        .filter_map(|line| line.strip_suffix(": test"))
    {
        let module = test.split_once("::").map_or("main", |(module, _)| module);
        match modules.iter_mut().find(|(name, _)| name == module) {
            Some((_, tests)) => tests.push(test.to_owned()),
            None => modules.push((module.to_owned(), vec![test.to_owned()])),
        }
    }
    modules
}

fn module_source(sources: &Path, module: &str) -> PathBuf {
    let file = sources.join(format!("{module}.rs"));
    if file.exists() {
        file
    } else {
        sources.join(module).join("mod.rs")
    }
}

fn is_alone(source: &Path) -> anyhow::Result<bool> {
    let text = fs::read_to_string(source).with_context(|| source.display().to_string())?;
    Ok(text.lines().any(|line| line.starts_with(ALONE)))
}

#[cfg(test)]
mod tests {
    use super::modules;

    #[test]
    fn each_module_has_its_own_tests_and_those_of_none_are_mains() {
        let listed = "stacks::one: test\nlives::a::two: test\nstacks::three: test\nfour: test\n\
                      five: benchmark\n\n4 tests, 1 benchmark\n";
        let found = modules(listed);
        let expected = [
            ("stacks", vec!["stacks::one", "stacks::three"]),
            ("lives", vec!["lives::a::two"]),
            ("main", vec!["four"]),
        ];
        let expected: Vec<_> = expected
            .into_iter()
            .map(|(name, tests)| {
                (
                    name.to_owned(),
                    tests.into_iter().map(str::to_owned).collect(),
                )
            })
            .collect();
        assert_eq!(found, expected);
    }
}
