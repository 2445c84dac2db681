//! What an authority or a DNS server says, in words for people.

use instant_acme::{Error, Problem};

/// The most that is repeated of what another program says, in characters.
const LONGEST: usize = 600;

/// Why an attempt failed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Trouble {
    /// Sentences.
    pub(super) message: String,
    /// Whether the authority was asked too often.
    pub(super) is_limited: bool,
}

impl Trouble {
    pub(super) fn new(message: impl Into<String>) -> Self {
        Self {
            message: message.into(),
            is_limited: false,
        }
    }
}

impl From<Error> for Trouble {
    fn from(error: Error) -> Self {
        match error {
            Error::Api(problem) => explain(&problem),
            Error::Timeout(_) => Self::new("The authority did not decide in time."),
            Error::Hyper(_) | Error::Http(_) | Error::Other(_) => Self::new(format!(
                "The authority cannot be reached: {}.",
                deepest(&error).trim_end_matches('.')
            )),
            Error::InvalidUri(_) => Self::new("The authority's address is not a URL."),
            Error::Json(_) => Self::new("The authority's answer is not one of ACME."),
            error => Self::new(format!("The authority cannot be used: {error}.")),
        }
    }
}

/// What is at the bottom of an error says most.
fn deepest(error: &dyn std::error::Error) -> String {
    let mut deepest = error;
    while let Some(source) = deepest.source() {
        deepest = source;
    }
    deepest.to_string()
}

/// What another program says, on one line and not too long.
pub(super) fn brief(text: &str) -> String {
    let line = text.chars().map(|c| if c.is_control() { ' ' } else { c });
    line.take(LONGEST).collect::<String>().trim().to_owned()
}

/// A problem document of an authority.
pub(super) fn explain(problem: &Problem) -> Trouble {
    let kind = problem.r#type.as_deref().unwrap_or_default();
    let kind = kind.rsplit(':').next().unwrap_or_default();
    let what = match kind {
        "connection" => "The authority could not connect to this name",
        "dns" => "The authority could not look the name up",
        "unauthorized" => "The authority did not find the proof that the name is ours",
        "incorrectResponse" => {
            "The authority got another answer than the proof that the name is ours"
        }
        "caa" => "A CAA record of the name does not allow this authority",
        "rateLimited" => "The authority was asked too often",
        "rejectedIdentifier" => "The authority issues no certificates for this name",
        "unsupportedContact" | "invalidContact" => {
            "The authority does not take the contact address (acme_email)"
        }
        "externalAccountRequired" => "The authority needs an account that was made beforehand",
        "userActionRequired" => "The authority wants a person to act first",
        "tls" => "The authority met a TLS error",
        "serverInternal" => "The authority has an error of its own",
        "badNonce" => "The authority refused a repeated request",
        _ => "The authority refused",
    };
    let mut details: Vec<&str> = problem.detail.as_deref().into_iter().collect();
    details.extend(
        problem
            .subproblems
            .iter()
            .filter_map(|sub| sub.detail.as_deref()),
    );
    let details = details.join("; ");
    let message = if details.is_empty() {
        format!("{what}.")
    } else {
        format!("{what}: {}.", brief(&details).trim_end_matches('.'))
    };
    Trouble {
        message,
        is_limited: kind == "rateLimited",
    }
}

#[cfg(test)]
mod tests {
    use super::explain;

    #[test]
    fn problems_become_sentences() {
        let problem = serde_json::from_str(
            r#"{"type": "urn:ietf:params:acme:error:connection", "detail": "Fetching http://a.test/x: refused", "status": 400}"#,
        )
        .unwrap();
        let trouble = explain(&problem);
        assert_eq!(
            trouble.message,
            "The authority could not connect to this name: Fetching http://a.test/x: refused."
        );
        assert!(!trouble.is_limited);
        let limited = r#"{"type": "urn:ietf:params:acme:error:rateLimited"}"#;
        let trouble = explain(&serde_json::from_str(limited).unwrap());
        assert!(trouble.is_limited);
    }
}
