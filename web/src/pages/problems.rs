//! What the use cases say about fields, in the words and names of the forms.

use longshore_control::{ControlError, FieldProblem};

use super::view::FieldErrors;

/// Fields of the use cases: the last parts of the path, the form's name, the label.
const FIELDS: &[(&str, &str, &str)] = &[
    ("source.git.url", "url", "The repository"),
    ("source.git.branch", "branch", "The branch"),
    ("source.git.watch_paths", "watch_paths", "This"),
    ("access.token", "token", "The token"),
    ("access.username", "username", "The user name"),
    ("source.git.access", "url", "Access to the repository"),
    ("source.image.reference", "reference", "The image"),
    ("build.static.directory", "directory", "The folder"),
    ("build.static.command", "build_command", "The build command"),
    ("build.dockerfile.path", "dockerfile", "The Dockerfile"),
    ("build.dockerfile.context", "context", "The context"),
    ("build.dockerfile.target", "target", "The stage"),
    ("build.dockerfile.args", "args", "A build argument"),
    (
        "build.dockerfile.secrets",
        "build_secrets",
        "A build secret",
    ),
    (
        "build.dockerfile.variables",
        "build_variables",
        "A build variable",
    ),
    (
        "build.static.variables",
        "build_variables",
        "A build variable",
    ),
    (
        "build.auto.variables",
        "build_variables",
        "A build variable",
    ),
    ("memory_limit_bytes", "memory", "The memory limit"),
    ("cpu_limit_millis", "cpu", "The CPU limit"),
    ("expected_status", "expected_status", "The expected status"),
    ("health.host", "health_host", "The host header"),
    ("run.path", "path", "The path"),
    ("run.argv", "argv", "The command"),
    ("health.path", "path", "The path"),
    ("health.argv", "argv", "The command"),
    ("probe.path", "path", "The path"),
    ("probe.argv", "argv", "The command"),
    ("interval_seconds", "interval_seconds", "This"),
    ("timeout_seconds", "timeout_seconds", "The timeout"),
    (
        "start_period_seconds",
        "start_period_seconds",
        "The start period",
    ),
    ("retries", "retries", "This"),
    ("drain_seconds", "drain_seconds", "The drain time"),
    ("stop_grace_seconds", "stop_grace_seconds", "The stop grace"),
    ("settle_seconds", "settle_seconds", "The settling time"),
    ("watch_seconds", "watch_seconds", "The watch time"),
    (
        "release_timeout_seconds",
        "release_timeout_seconds",
        "The release command's time",
    ),
    (
        "keep_releases",
        "keep_releases",
        "The number of kept releases",
    ),
    ("external_port", "external_port", "The external port"),
    ("host_ports", "external_port", "The external port"),
    (
        "scale.memory_reservation_bytes",
        "memory_reservation",
        "The reserved memory",
    ),
    (
        "scale.cpu_reservation_millis",
        "cpu_reservation",
        "The reserved CPU",
    ),
    ("scale.placement", "placement", "The constraints"),
    ("scale.restart", "restart_delay", "Starting again"),
    ("scale.labels", "labels", "The labels"),
    ("image", "image", "The image"),
    ("release_command", "release_command", "The release command"),
    ("command", "command", "The command"),
    ("replicas", "replicas", "The number of replicas"),
    ("strategy", "strategy", "The way of taking over"),
    ("options.hsts", "hsts", "HSTS"),
    ("hsts.days", "hsts_days", "The time"),
    ("hsts.preload", "hsts", "Building it in"),
    ("options.basic_auth", "basic_auth", "The list of users"),
    ("options.allow", "allow", "The list of addresses"),
    ("options.behind_cloudflare", "behind_cloudflare", "This"),
    ("options.rate_limit", "rate_limit", "The rate limit"),
    ("options.max_body_bytes", "max_body", "The size"),
    ("options.request_headers", "request_headers", "The list"),
    ("options.response_headers", "response_headers", "The list"),
    ("redirect_to.to", "redirect_to", "The address"),
    ("options.redirects", "redirects", "The list of redirects"),
    ("split.percent", "split_percent", "The share"),
    ("options.split", "split", "The split"),
    ("path_prefix", "path_prefix", "The path prefix"),
    ("host", "host", "The host"),
    ("tls", "tls", "The protection"),
    ("dns_provider", "dns_provider", "The DNS provider"),
    ("certificate", "certificate", "The certificate"),
    ("chain", "chain", "The chain"),
    ("private_key", "private_key", "The key"),
    ("secret", "secret", "The secret"),
    ("settings.server", "server", "The server"),
    ("settings.zone", "zone", "The zone"),
    ("settings.key_name", "key_name", "The key’s name"),
    ("settings.algorithm", "algorithm", "The algorithm"),
    ("settings.url", "url", "The URL"),
    ("settings.username", "username", "The user"),
    ("port", "port", "The port"),
    ("token", "token", "The token"),
    ("username", "username", "The user name"),
    ("email", "email", "The e-mail address"),
    ("password", "password", "The password"),
    ("current", "current_password", "The current password"),
    ("new", "new_password", "The new password"),
    ("confirmation", "confirmation", "The name"),
    ("data_confirmation", "data_confirmation", "This"),
    ("volumes", "volumes", "The volumes"),
    ("files", "files", "The files"),
    ("binds", "binds", "The machine’s directory"),
    ("engine", "engine", "The engine"),
    ("version", "version", "The version"),
    ("name", "name", "The name"),
    ("url", "url", "The repository"),
    ("branch", "branch", "The branch"),
    ("reference", "reference", "The image"),
    ("path", "dockerfile", "The Dockerfile"),
    ("context", "context", "The context"),
    ("target", "target", "The stage"),
    ("args", "args", "A build argument"),
    ("secrets", "build_secrets", "A build secret"),
];

/// The sentences for a form, when the error is one that a person can correct in it;
/// otherwise the error goes on.
///
/// # Errors
/// The error itself, when it is not about what was typed.
pub fn explain(error: ControlError) -> Result<FieldErrors, ControlError> {
    let mut errors = FieldErrors::none();
    match error {
        ControlError::Invalid(problems) => {
            for problem in &problems {
                let (field, message) = sentence(problem);
                errors.add(field, message);
            }
        }
        ControlError::Conflict(problem) => {
            let (field, message) = sentence(&problem);
            errors.add(field, message);
        }
        ControlError::Refused { message } | ControlError::Unavailable(message) => {
            errors.add("", message_as_sentence(&message));
        }
        other => return Err(other),
    }
    Ok(errors)
}

/// The form's name of a field, and a sentence about it.
pub fn sentence(problem: &FieldProblem) -> (String, String) {
    let path = problem.field.as_str();
    let found = FIELDS.iter().find(|(end, _, _)| {
        path.strip_suffix(end)
            .is_some_and(|before| before.is_empty() || before.ends_with('.'))
            || path
                .strip_prefix(end)
                .is_some_and(|after| after.starts_with('.') || after.starts_with('['))
    });
    if let Some((_, name, label)) = found {
        let text = format!("{label} {}", problem.message);
        return ((*name).to_owned(), message_as_sentence(&text));
    }
    let path = path.strip_prefix("variables.").unwrap_or(path);
    let text = format!("{path} {}", problem.message);
    (String::new(), message_as_sentence(&text))
}

/// What stood in the way, for a message above a page without the form.
pub fn in_words(error: &ControlError) -> String {
    match error {
        ControlError::Invalid(problems) => {
            let sentences: Vec<_> = problems.iter().map(|problem| sentence(problem).1).collect();
            sentences.join(" ")
        }
        ControlError::Conflict(problem) => sentence(problem).1,
        other => message_as_sentence(&other.to_string()),
    }
}

/// A message with a capital letter and a full stop.
pub fn message_as_sentence(message: &str) -> String {
    super::view::sentence(message.trim())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_of_use_cases_become_fields_of_forms() {
        for (path, name, text) in [
            ("name", "name", "The name must start with a letter."),
            (
                "source.git.url",
                "url",
                "The repository must start with a letter.",
            ),
            (
                "build.dockerfile.args.FOO",
                "args",
                "A build argument must start with a letter.",
            ),
            (
                "build.static.directory",
                "directory",
                "The folder must start with a letter.",
            ),
            (
                "build.static.command",
                "build_command",
                "The build command must start with a letter.",
            ),
            (
                "run.health.retries",
                "retries",
                "This must start with a letter.",
            ),
            (
                "run.command",
                "command",
                "The command must start with a letter.",
            ),
            (
                "something.else",
                "",
                "Something.else must start with a letter.",
            ),
            ("variables.DB_URL", "", "DB_URL must start with a letter."),
        ] {
            let problem = FieldProblem::new(path, "must start with a letter");
            assert_eq!(sentence(&problem), (name.to_owned(), text.to_owned()));
        }
    }

    #[test]
    fn what_cannot_be_corrected_goes_on() {
        assert!(matches!(
            explain(ControlError::NotFound),
            Err(ControlError::NotFound)
        ));
    }
}
