//! How a repository is built.

use crate::text::list;

/// The name by which the static file server is found in the build's context.
pub const SERVER: &str = ".longshore-static-server";

/// Where it is in the image.
pub const SERVER_PATH: &str = "/longshore-static-server";

/// How a repository is built.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Plan {
    found: String,
    dockerfile: String,
    needs_server: bool,
}

impl Plan {
    /// A plan for an image that runs by itself.
    pub(crate) fn new(found: impl Into<String>, lines: &[String]) -> Self {
        let found = found.into();
        let mut dockerfile = format!("# Written by Longshore for {found}.\n");
        for line in lines {
            dockerfile.push_str(line);
            dockerfile.push('\n');
        }
        Self {
            found,
            dockerfile,
            needs_server: false,
        }
    }

    /// The same with build arguments, declared where the files have been copied: what
    /// was made before, such as the dependencies, stays in the cache when one changes.
    #[must_use]
    pub fn with_arguments(mut self, names: &[&str]) -> Self {
        if names.is_empty() {
            return self;
        }
        let lines: Vec<&str> = self.dockerfile.lines().collect();
        let mut dockerfile = String::new();
        for (at, line) in lines.iter().enumerate() {
            dockerfile.push_str(line);
            dockerfile.push('\n');
            if line.starts_with("COPY ") && is_last_before_a_run(&lines[at + 1..]) {
                for name in names {
                    dockerfile.push_str("ARG ");
                    dockerfile.push_str(name);
                    dockerfile.push('\n');
                }
            }
        }
        self.dockerfile = dockerfile;
        self
    }

    /// What was found, for example `Node 22 with npm`.
    pub fn found(&self) -> &str {
        &self.found
    }

    /// The Dockerfile's text.
    pub fn dockerfile(&self) -> &str {
        &self.dockerfile
    }

    /// Whether the build's context must hold the static file server as [`SERVER`].
    pub fn needs_server(&self) -> bool {
        self.needs_server
    }
}

/// Whether something runs in the rest of the stage, and nothing more is copied.
fn is_last_before_a_run(rest: &[&str]) -> bool {
    let stage = || rest.iter().take_while(|line| !line.starts_with("FROM "));
    stage().any(|line| line.starts_with("RUN ")) && !stage().any(|line| line.starts_with("COPY "))
}

/// The plan for files that the static server serves: those of a folder of the
/// repository, or of a folder that the stage `build` in `stages` made below `/app`.
pub fn static_site(found: &str, stages: &[String], directory: &str, spa: bool) -> Plan {
    let mut lines = stages.to_vec();
    if !lines.is_empty() {
        lines.push(String::new());
    }
    lines.push("FROM scratch".to_owned());
    lines.push(format!("COPY [\"{SERVER}\", \"{SERVER_PATH}\"]"));
    let directory = directory.trim_matches('/');
    if stages.is_empty() {
        lines.push(format!(
            "COPY {}",
            list(&[&format!("{directory}/"), "/site/"])
        ));
    } else {
        let from = format!("/app/{directory}/");
        lines.push(format!("COPY --from=build {}", list(&[&from, "/site/"])));
    }
    lines.push("USER 65532:65532".to_owned());
    lines.push("ENV PORT=8080".to_owned());
    lines.push("EXPOSE 8080".to_owned());
    let mut command = vec![SERVER_PATH, "/site"];
    if spa {
        command.push("--spa");
    }
    lines.push(format!("ENTRYPOINT {}", list(&command)));
    Plan {
        needs_server: true,
        ..Plan::new(found, &lines)
    }
}
