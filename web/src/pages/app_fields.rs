//! Source and build of an app, between the form and the use cases.

use std::collections::BTreeMap;

use longshore_control::{BuildDraft, GitAccessDraft, SourceDraft};

use super::fields::Fields;
use super::view::{FieldErrors, SourceForm};

/// The drafts of source and build. With `keeps_token` an empty token means that the
/// stored one stays.
///
/// # Errors
/// Lines of the build arguments that are not `NAME=value`.
pub fn source_and_build(
    fields: &Fields,
    keeps_token: bool,
) -> Result<(SourceDraft, BuildDraft), FieldErrors> {
    let args = build_args(&fields.text("args"))?;
    let source = match fields.text("source").as_str() {
        "image" => SourceDraft::Image {
            reference: fields.trimmed("reference"),
        },
        "upload" => SourceDraft::Upload,
        _ => repository(fields, keeps_token),
    };
    let build = build(fields, args);
    Ok((source, build))
}

/// The draft of a repository. With `keeps_token` an empty token means that the stored one
/// stays.
pub fn repository(fields: &Fields, keeps_token: bool) -> SourceDraft {
    SourceDraft::Git {
        url: fields.trimmed("url"),
        branch: fields.trimmed("branch"),
        submodules: fields.is_ticked("submodules"),
        watch_paths: fields
            .text("watch_paths")
            .lines()
            .map(ToOwned::to_owned)
            .collect(),
        access: access(fields, keeps_token),
    }
}

fn build(fields: &Fields, args: BTreeMap<String, String>) -> BuildDraft {
    let variables = names(&fields.text("build_variables"));
    match fields.text("build").as_str() {
        "auto" => return BuildDraft::Auto { variables },
        "static" => {
            return BuildDraft::Static {
                directory: fields.optional("directory"),
                spa: fields.is_ticked("spa"),
                command: fields.optional("build_command"),
                variables,
            };
        }
        _ => {}
    }
    BuildDraft::Dockerfile {
        path: fields.optional("dockerfile"),
        context: fields.optional("context"),
        target: fields.optional("target"),
        args,
        secrets: names(&fields.text("build_secrets")),
        variables,
    }
}

/// Names between spaces, commas or line ends.
fn names(text: &str) -> Vec<String> {
    text.split([' ', ',', '\n'])
        .filter(|name| !name.is_empty())
        .map(ToOwned::to_owned)
        .collect()
}

fn access(fields: &Fields, keeps_token: bool) -> GitAccessDraft {
    match fields.text("credentials").as_str() {
        "token" => match fields.optional("token") {
            None if keeps_token => GitAccessDraft::Keep,
            token => GitAccessDraft::Token {
                username: fields.optional("username"),
                token: token.unwrap_or_default(),
            },
        },
        "deploy_key" => GitAccessDraft::DeployKey,
        _ => GitAccessDraft::Anonymous,
    }
}

fn build_args(text: &str) -> Result<BTreeMap<String, String>, FieldErrors> {
    text.lines()
        .filter(|line| !line.trim().is_empty())
        .map(|line| match line.split_once('=') {
            Some((name, value)) => Ok((name.trim().to_owned(), value.to_owned())),
            None => Err(FieldErrors::none().with(
                "args",
                format!("Each line must be NAME=value; this one is not: {line}"),
            )),
        })
        .collect()
}

/// The form as it was typed, to be shown again. A token is not sent back.
pub fn typed(fields: &Fields, build_is_open: bool) -> SourceForm {
    SourceForm {
        source: fields.text("source"),
        url: fields.text("url"),
        branch: fields.text("branch"),
        submodules: fields.is_ticked("submodules"),
        credentials: match fields.text("credentials").as_str() {
            known @ ("token" | "deploy_key") => known.to_owned(),
            _ => "none".to_owned(),
        },
        username: fields.text("username"),
        build: match fields.text("build").as_str() {
            known @ ("auto" | "static") => known.to_owned(),
            _ => "dockerfile".to_owned(),
        },
        directory: fields.text("directory"),
        spa: fields.is_ticked("spa"),
        build_command: fields.text("build_command"),
        dockerfile: fields.text("dockerfile"),
        context: fields.text("context"),
        target: fields.text("target"),
        args: fields.text("args"),
        build_secrets: fields.text("build_secrets"),
        build_variables: fields.text("build_variables"),
        watch_paths: fields.text("watch_paths"),
        build_is_open,
        reference: fields.text("reference"),
        ..SourceForm::default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fields(pairs: &[(&str, &str)]) -> Fields {
        pairs
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
            .collect()
    }

    #[test]
    fn a_repository_with_arguments_is_read() {
        let typed = fields(&[
            ("source", "git"),
            ("url", " https://example.com/a.git "),
            ("branch", "main"),
            ("credentials", "token"),
            ("token", "abc"),
            ("args", "A=1\n\nB=x=y\n"),
            ("build_secrets", "ONE, TWO"),
        ]);
        let (source, build) = source_and_build(&typed, false).unwrap();
        let SourceDraft::Git { url, access, .. } = source else {
            panic!("not git")
        };
        assert_eq!(url, "https://example.com/a.git");
        assert!(matches!(access, GitAccessDraft::Token { token, .. } if token == "abc"));
        let BuildDraft::Dockerfile { args, secrets, .. } = build else {
            panic!("not a Dockerfile")
        };
        assert_eq!(args["B"], "x=y");
        assert_eq!(secrets, ["ONE", "TWO"]);
    }

    #[test]
    fn an_empty_token_keeps_the_stored_one_only_where_there_is_one() {
        let typed = fields(&[("credentials", "token")]);
        assert!(matches!(access(&typed, true), GitAccessDraft::Keep));
        assert!(matches!(
            access(&typed, false),
            GitAccessDraft::Token { .. }
        ));
    }

    #[test]
    fn the_chosen_build_is_taken() {
        let read = |pairs: &[(&str, &str)]| source_and_build(&fields(pairs), false).unwrap().1;
        assert!(matches!(
            read(&[("build", "auto")]),
            BuildDraft::Auto { .. }
        ));
        let site = read(&[("build", "static"), ("directory", "dist"), ("spa", "true")]);
        assert!(matches!(
            site,
            BuildDraft::Static { directory: Some(directory), spa: true, command: None, .. }
                if directory == "dist"
        ));
    }

    #[test]
    fn a_line_that_is_no_argument_is_named() {
        let errors = source_and_build(&fields(&[("args", "A=1\nB")]), false).unwrap_err();
        assert!(errors.of("args").unwrap().ends_with(": B"));
    }
}
