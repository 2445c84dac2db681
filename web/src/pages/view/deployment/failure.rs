//! Why a deployment failed.

use longshore_control::view::FailureView;
use longshore_domain::Stage;

/// Why a deployment failed, ready to print.
#[derive(Debug, Clone)]
pub struct FailureNotice {
    /// The deployment.
    pub deployment: String,
    /// Where it failed.
    pub heading: String,
    /// What happened.
    pub message: String,
    /// What to do about it.
    pub advice: String,
}

impl FailureNotice {
    /// The failure of a deployment.
    pub fn new(deployment: String, number: i32, failure: &FailureView) -> Self {
        let heading = match failure.stage {
            None if failure.while_live => {
                format!("Deployment #{number} failed after it had become live")
            }
            None => format!("Deployment #{number} failed before it began"),
            Some(Stage::Fetching) => format!("Deployment #{number} failed while fetching"),
            Some(Stage::Building) => format!("Deployment #{number} failed while building"),
            Some(Stage::Releasing) => format!("The release command of #{number} failed"),
            Some(Stage::Starting) => format!("Deployment #{number} failed while starting"),
            Some(Stage::Verifying) => format!("Deployment #{number} did not pass its checks"),
            Some(Stage::Switching) => format!("Deployment #{number} failed while switching"),
        };
        Self {
            deployment,
            heading,
            message: sentence(&failure.message),
            advice: failure.advice.to_owned(),
        }
    }
}

/// A message with a capital letter and a full stop.
pub fn sentence(message: &str) -> String {
    let mut letters = message.trim().chars();
    let mut text: String = letters
        .next()
        .into_iter()
        .flat_map(char::to_uppercase)
        .chain(letters)
        .collect();
    if !text.is_empty() && !text.ends_with(['.', '!', '?', ':']) {
        text.push('.');
    }
    text
}
