//! From BuildKit's errors to kinds and sentences.

use longshore_domain::FailureKind;

use super::memory::Killed;
use super::trace::FailedStep;
use crate::config::Size;
use crate::stage::StageError;

/// The exit code of a process that was killed.
const KILLED: i32 = 137;

/// What the end of a build means for a person.
pub(super) fn explain(message: &str, failed: Option<&FailedStep>, killed: Killed) -> StageError {
    let lower = message.to_lowercase();
    let step = failed.map(|step| step.name.as_str());
    if lower.contains("no space left on device") {
        return StageError::failed(
            FailureKind::DiskFull,
            "There is not enough free disk space on the server for the build.",
        );
    }
    let code = exit_code(message).or_else(|| exit_code(&failed?.error));
    if let Some(out_of_memory) = out_of_memory(step, code, killed) {
        return out_of_memory;
    }
    if let Some(code) = code {
        let step = step.unwrap_or("A step of the build");
        if failed.is_some_and(|step| step.no_space) {
            return StageError::failed(
                FailureKind::DiskFull,
                format!("{step} found no free disk space and ended with exit code {code}."),
            );
        }
        return StageError::failed(
            FailureKind::BuildFailed,
            format!("{step} ended with exit code {code}."),
        );
    }
    if let Some(image) = step
        .and_then(base_image)
        .or_else(|| pulled_image(&lower, message))
        && (is_registry_trouble(&lower) || lower.contains("not found"))
    {
        return StageError::failed(
            FailureKind::ImagePull,
            format!("The image {image} cannot be pulled: {}.", brief(message)),
        );
    }
    if lower.contains("no match for platform") {
        return StageError::failed(
            FailureKind::ImagePlatform,
            format!(
                "A base image does not run on this machine: {}.",
                brief(message)
            ),
        );
    }
    let sentence = match step {
        Some(step) => format!("{step} failed: {}.", brief(message)),
        None => format!("The build failed: {}.", brief(message)),
    };
    StageError::failed(FailureKind::BuildFailed, sentence)
}

/// The failure, when the kernel ended the step for its memory. A process that was killed
/// says 137; one whose child was killed says what it likes.
fn out_of_memory(step: Option<&str>, code: Option<i32>, killed: Killed) -> Option<StageError> {
    let step = step.unwrap_or("A step of the build");
    let sentence = match killed {
        Killed::BuildLately { limit: Some(limit) } => format!(
            "{step} ran out of memory: all builds together may use {} on this server. Let the \
             build use less, or allow builds more memory.",
            Size(limit)
        ),
        Killed::BuildLately { limit: None } | Killed::Somebody => {
            format!("{step} was ended by the kernel, because the server ran out of memory.")
        }
        Killed::Nobody => return None,
    };
    let is_clear = matches!(killed, Killed::BuildLately { .. }) || code == Some(KILLED);
    is_clear.then(|| StageError::failed(FailureKind::OutOfMemory, sentence))
}

/// Whether the frontend that a `# syntax=` line names could not be had.
pub(super) fn lacks_frontend(message: &str) -> bool {
    message.contains("docker/dockerfile") && is_registry_trouble(&message.to_lowercase())
}

fn is_registry_trouble(lower: &str) -> bool {
    [
        "dial tcp",
        "no such host",
        "i/o timeout",
        "tls handshake",
        "x509",
        "connection refused",
        "pull access denied",
        "failed to do request",
        "unexpected status code",
        "failed to authorize",
        "unauthorized",
        "server misbehaving",
        "failed to fetch",
        "failed to resolve",
    ]
    .iter()
    .any(|sign| lower.contains(sign))
}

/// The image of a step such as `[internal] load metadata for docker.io/library/x:1`,
/// `resolve image config for docker.io/x/syntax:1` or `[1/3] FROM docker.io/library/x:1`.
fn base_image(step: &str) -> Option<&str> {
    let (_, image) = step
        .split_once("load metadata for ")
        .or_else(|| step.split_once("resolve image config for "))
        .or_else(|| step.split_once("] FROM "))?;
    image.split_whitespace().next()
}

/// The image that an error names, such as `docker.io/library/x:1: not found`.
fn pulled_image<'a>(lower: &str, message: &'a str) -> Option<&'a str> {
    if !(lower.contains("docker.io/") || lower.contains("pull access denied")) {
        return None;
    }
    message
        .split(|c: char| c.is_whitespace() || c == '"')
        .map(|word| word.trim_end_matches([':', ',']))
        .find(|word| word.starts_with("docker.io/"))
}

fn exit_code(message: &str) -> Option<i32> {
    let (_, rest) = message.rsplit_once("exit code: ")?;
    let digits: String = rest.chars().take_while(char::is_ascii_digit).collect();
    digits.parse().ok()
}

/// BuildKit's words without its own chain of parts, on one line.
fn brief(message: &str) -> String {
    let mut text = message.trim();
    for prefix in [
        "failed to solve with frontend dockerfile.v0: ",
        "failed to solve with frontend gateway.v0: ",
        "failed to solve: ",
        "rpc error: code = Unknown desc = ",
        "failed to create LLB definition: ",
        "failed to read dockerfile: ",
        "failed to compute cache key: ",
        "failed to calculate checksum of ref ",
    ] {
        text = text.strip_prefix(prefix).unwrap_or(text);
    }
    text.trim_end_matches('.')
        .chars()
        .map(|c| if c.is_control() { ' ' } else { c })
        .take(300)
        .collect()
}

#[cfg(test)]
mod tests {
    use longshore_domain::FailureKind;
    use rstest::rstest;

    use super::{explain, lacks_frontend};
    use crate::build::memory::Killed;
    use crate::build::trace::FailedStep;
    use crate::stage::StageError;

    #[rstest]
    #[case(
        "executor failed running [/bin/sh -c exit 3]: exit code: 3",
        "[2/2] RUN exit 3",
        Killed::Nobody,
        FailureKind::BuildFailed,
        "[2/2] RUN exit 3 ended with exit code 3."
    )]
    #[case(
        "executor failed running [/bin/sh -c a]: exit code: 137",
        "[2/2] RUN a",
        Killed::Somebody,
        FailureKind::OutOfMemory,
        "[2/2] RUN a was ended by the kernel, because the server ran out of memory."
    )]
    #[case(
        "executor failed running [/bin/sh -c a]: exit code: 1",
        "[2/2] RUN a",
        Killed::BuildLately { limit: Some(2_000_000_000) },
        FailureKind::OutOfMemory,
        "[2/2] RUN a ran out of memory: all builds together may use 2.0 GB on this server. \
         Let the build use less, or allow builds more memory."
    )]
    #[case(
        "executor failed running [/bin/sh -c a]: exit code: 1",
        "[2/2] RUN a",
        Killed::Somebody,
        FailureKind::BuildFailed,
        "[2/2] RUN a ended with exit code 1."
    )]
    #[case(
        "executor failed running [/bin/sh -c a]: exit code: 137",
        "[2/2] RUN a",
        Killed::Nobody,
        FailureKind::BuildFailed,
        "[2/2] RUN a ended with exit code 137."
    )]
    #[case(
        "write /x: no space left on device",
        "[2/2] RUN a",
        Killed::Nobody,
        FailureKind::DiskFull,
        "There is not enough free disk space on the server for the build."
    )]
    #[case(
        "failed to compute cache key: \"/nope\" not found: not found",
        "[2/2] COPY nope /",
        Killed::Nobody,
        FailureKind::BuildFailed,
        "[2/2] COPY nope / failed: \"/nope\" not found: not found."
    )]
    #[case(
        "docker.io/library/nope:1: not found",
        "[internal] load metadata for docker.io/library/nope:1",
        Killed::Nobody,
        FailureKind::ImagePull,
        "The image docker.io/library/nope:1 cannot be pulled: docker.io/library/nope:1: not found."
    )]
    fn ends_are_named(
        #[case] message: &str,
        #[case] step: &str,
        #[case] killed: Killed,
        #[case] kind: FailureKind,
        #[case] sentence: &str,
    ) {
        let step = FailedStep {
            name: step.to_owned(),
            error: message.to_owned(),
            no_space: false,
        };
        let error = explain(message, Some(&step), killed);
        assert_eq!(error, StageError::failed(kind, sentence));
    }

    #[test]
    fn a_step_that_found_the_disk_full_says_so() {
        let step = FailedStep {
            name: "[2/2] RUN a".to_owned(),
            error: String::new(),
            no_space: true,
        };
        let error = explain("exit code: 1", Some(&step), Killed::Nobody);
        let sentence = "[2/2] RUN a found no free disk space and ended with exit code 1.";
        assert_eq!(error, StageError::failed(FailureKind::DiskFull, sentence));
    }

    #[test]
    fn an_unreachable_frontend_is_known() {
        assert!(lacks_frontend(
            "failed to solve with frontend dockerfile.v0: failed to solve with frontend gateway.v0: docker.io/docker/dockerfile:1: failed to do request: dial tcp: no such host"
        ));
        assert!(!lacks_frontend("exit code: 1"));
    }
}
