//! A change is made when the proxy has been seen to serve it.

use std::time::Duration;

use longshore_agent_api::AgentProblem;
use tokio::time::Instant;

use super::dynamic::{File, MARKER, canary_file, marker_request};
use super::files::{canary_name, random};
use super::{Edge, trouble};

/// How long the proxy may take over a change: it looks ten times a second, and reads all
/// files then.
const LIMIT: Duration = Duration::from_secs(15);
/// How long a proxy that has just been seen to run may be silent.
const SILENCE: Duration = Duration::from_secs(1);
const POLL: Duration = Duration::from_millis(20);

impl Edge {
    /// Puts a file in place and waits until the proxy serves it. When the proxy does not,
    /// what was there before is put back, and an alarm is raised.
    pub(super) async fn change(&self, name: &str, file: &File) -> Result<(), AgentProblem> {
        // The proxy takes all files or none: while one is refused, no other would be seen.
        let _one = self.changing.lock().await;
        let before = self.files.read(name).await?;
        if before.as_deref() != Some(&file.text) {
            self.files.put(name, Some(file.text.clone())).await?;
        }
        let mut seen = self.wait_for_marker(name, Some(&file.marker), LIMIT).await;
        if seen.is_err() && self.put_foreign_files_aside().await? {
            seen = self.wait_for_marker(name, Some(&file.marker), LIMIT).await;
        }
        if let Err(problem) = &seen {
            tracing::error!(name, %problem, "the proxy does not take its configuration");
            self.files.put(name, before).await?;
        }
        self.note_refusal(seen.as_ref().err().map(|problem| {
            format!(
                "{} The routes of {name} stay as they were; all others go on.",
                problem.message
            )
        }));
        seen
    }

    /// Takes a file away and waits until the proxy has forgotten it.
    pub(super) async fn take_away(&self, name: &str) -> Result<(), AgentProblem> {
        if self.files.read(name).await?.is_none() {
            return Ok(());
        }
        self.files.put(name, None).await?;
        self.wait_for_marker(name, None, LIMIT).await
    }

    /// Writes a file for no other purpose than to see it taken.
    pub(super) async fn confirm_that_changes_are_taken(&self) -> Result<(), AgentProblem> {
        let secret = self.files.secret().await?;
        let file = canary_file(&random(), &secret);
        self.files.put(canary_name(), Some(file.text)).await?;
        self.wait_for_marker(canary_name(), Some(&file.marker), SILENCE)
            .await
    }

    /// Waits until a file's marker is the wanted one. The proxy may be silent, because it is
    /// being started again, for a while.
    async fn wait_for_marker(
        &self,
        name: &str,
        marker: Option<&str>,
        silence: Duration,
    ) -> Result<(), AgentProblem> {
        let stem = name.trim_end_matches(".yml");
        let request = marker_request(&self.files.secret().await?, stem);
        let deadline = Instant::now() + LIMIT;
        let mut heard = Instant::now();
        loop {
            let answer = self.marker(&request).await;
            if answer.is_ok() {
                heard = Instant::now();
            }
            match answer {
                Ok(seen) if seen.as_deref() == marker => return Ok(()),
                Err(_) if heard.elapsed() > silence => {
                    return Err(trouble("The proxy does not answer."));
                }
                _ if Instant::now() > deadline => {
                    return Err(trouble(format!(
                        "The proxy did not take the change within {} seconds.",
                        LIMIT.as_secs()
                    )));
                }
                _ => tokio::time::sleep(POLL).await,
            }
        }
    }

    /// What the public entry point answers to whoever asks for a marker.
    async fn marker(&self, request: &str) -> reqwest::Result<Option<String>> {
        let url = format!("http://127.0.0.1:{}/", self.config.proxy_http_port);
        let answer = self.http.get(url).header(MARKER, request).send().await?;
        Ok(answer
            .headers()
            .get(MARKER)
            .and_then(|value| value.to_str().ok())
            .map(str::to_owned))
    }
}
