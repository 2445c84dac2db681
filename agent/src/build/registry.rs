//! Registries: who signs in where, what Docker says of it, and what that means.

use bollard::Docker;
use bollard::auth::DockerCredentials;
use http::{Method, Request, header};
use http_body_util::{BodyExt as _, Full};
use longshore_agent_api::{AgentProblem, RegistryLogin, WireSecret};
use longshore_domain::{FailureKind, ImageRef, RegistryHost};
use serde::Deserialize;
use tokio::task::JoinSet;

use super::endpoint::{Endpoint, unavailable};
use crate::stage::StageError;

/// The longest that a registry may take to say whether a sign-in is right.
const CHECK_TIMEOUT: std::time::Duration = std::time::Duration::from_secs(40);

/// What Docker Hub calls itself where credentials are asked for.
const HUB_URL: &str = "https://index.docker.io/v1/";

/// The sign-in for the registry of an image, if there is one.
pub(super) fn login_for<'a>(
    logins: &'a [RegistryLogin],
    reference: &ImageRef,
) -> Option<&'a RegistryLogin> {
    let host = reference.registry();
    logins.iter().find(|login| login.host == host)
}

/// The sign-in for a name that BuildKit asks with, such as `registry-1.docker.io`.
pub(super) fn login_for_host<'a>(
    logins: &'a [RegistryLogin],
    asked: &str,
) -> Option<&'a RegistryLogin> {
    let host: RegistryHost = asked.parse().ok()?;
    logins.iter().find(|login| login.host == host)
}

/// A sign-in as Docker takes it with a pull.
pub(super) fn credentials(login: &RegistryLogin) -> DockerCredentials {
    DockerCredentials {
        username: Some(login.username.clone()),
        password: Some(login.password.expose().to_owned()),
        serveraddress: Some(address(&login.host)),
        ..DockerCredentials::default()
    }
}

fn address(host: &RegistryHost) -> String {
    if host.is_docker_hub() {
        HUB_URL.to_owned()
    } else {
        host.to_string()
    }
}

/// What Docker is asked, as `docker login` does.
#[derive(serde::Serialize)]
struct Question<'a> {
    username: &'a str,
    password: &'a WireSecret,
    serveraddress: String,
}

#[derive(Deserialize)]
struct Refusal {
    message: Option<String>,
}

/// Lets Docker sign in to a registry, by the way that its pulls take: its certificates, its
/// proxies, its list of registries without TLS.
///
/// # Errors
/// Why that does not work, as a sentence.
pub async fn check(docker: &Docker, login: &RegistryLogin) -> Result<(), AgentProblem> {
    let asked = tokio::time::timeout(CHECK_TIMEOUT, ask(docker, login)).await;
    let refusal = match asked {
        Ok(Ok(None)) => return Ok(()),
        Ok(Ok(Some(refusal))) => refusal,
        Ok(Err(StageError::Failed { kind, message })) => {
            return Err(AgentProblem { kind, message });
        }
        Ok(Err(StageError::Cancelled)) | Err(_) => "timeout".to_owned(),
    };
    Err(AgentProblem {
        kind: FailureKind::RegistryRefused,
        message: explain_login(&login.host, &refusal),
    })
}

/// Docker's refusal; none when the sign-in is right.
async fn ask(docker: &Docker, login: &RegistryLogin) -> Result<Option<String>, StageError> {
    let question = Question {
        username: &login.username,
        password: &login.password,
        serveraddress: address(&login.host),
    };
    let body = serde_json::to_vec(&question).map_err(|_| unavailable())?;
    let request = Request::builder()
        .method(Method::POST)
        .uri("/auth")
        .header(header::HOST, "docker")
        .header(header::CONTENT_TYPE, "application/json")
        .body(Full::from(body).map_err(|never| match never {}).boxed())
        .map_err(|_| unavailable())?;
    let endpoint = Endpoint::of(docker).await?;
    let mut tasks = JoinSet::new();
    let mut sender = endpoint.connect(&mut tasks).await?;
    let answer = sender
        .send_request(request)
        .await
        .map_err(|_| unavailable())?;
    if answer.status().is_success() {
        return Ok(None);
    }
    let body = answer
        .into_body()
        .collect()
        .await
        .map_err(|_| unavailable())?;
    let refusal = serde_json::from_slice::<Refusal>(&body.to_bytes()).ok();
    Ok(Some(
        refusal
            .and_then(|refusal| refusal.message)
            .unwrap_or_default(),
    ))
}

/// What a refused sign-in means for a person.
fn explain_login(host: &RegistryHost, refusal: &str) -> String {
    let words = refusal.to_lowercase();
    let says = |parts: &[&str]| parts.iter().any(|part| words.contains(part));
    if says(&["http response to https client"]) {
        format!(
            "{host} answers without TLS. Give it a certificate, or list it under \
             insecure-registries in Docker's daemon.json on the server."
        )
    } else if says(&["x509", "certificate", "tls:"]) {
        format!(
            "The certificate of {host} is not one that the server trusts. For a private \
             authority put its certificate at /etc/docker/certs.d/{host}/ca.crt on the server."
        )
    } else if says(&["unauthorized", "401", "incorrect username", "denied", "403"]) {
        format!("{host} refused the user name or the password.")
    } else if says(&["toomanyrequests", "429", "rate limit"]) {
        format!("{host} answers that there were too many requests; try again later.")
    } else if says(&[
        "no such host",
        "connection refused",
        "timeout",
        "deadline",
        "no route to host",
        "unreachable",
        "dial tcp",
        "canceled",
    ]) {
        format!("{host} cannot be reached from the server.")
    } else if says(&["404", "not found"]) {
        format!("{host} answers, but it is no registry.")
    } else {
        format!("{host} did not take the sign-in: {}.", one_line(refusal))
    }
}

/// What a refused pull means for a person, and what to do.
pub(super) fn explain_pull(reference: &ImageRef, has_login: bool, refusal: &str) -> String {
    let words = refusal.to_lowercase();
    let host = reference.registry();
    let says = |parts: &[&str]| parts.iter().any(|part| words.contains(part));
    if says(&["toomanyrequests", "429", "rate limit"]) {
        let what = if has_login {
            "the account's limit is used up; wait, or take a plan with a higher one"
        } else {
            "pulls without an account are limited; add your account of it under Registries"
        };
        format!("{host} refuses more pulls for now: {what}")
    } else if says(&["http response to https client"]) {
        format!(
            "{host} answers without TLS; give it a certificate, or list it under \
             insecure-registries in Docker's daemon.json on the server"
        )
    } else if says(&["x509", "certificate", "tls:"]) {
        format!("the certificate of {host} is not one that the server trusts")
    } else if says(&["manifest unknown", "not found: manifest", "manifest for"])
        || is_unresolved(&words)
    {
        "the registry has no such tag".to_owned()
    } else if says(&[
        "denied",
        "unauthorized",
        "no basic auth",
        "authentication required",
        "repository does not exist",
        "403 forbidden",
    ]) {
        if has_login {
            format!("{host} has no such image, or the account under Registries may not read it")
        } else {
            format!(
                "{host} has no such image, or wants an account; add one for {host} under \
                 Registries"
            )
        }
    } else if says(&[
        "no such host",
        "connection refused",
        "i/o timeout",
        "no route to host",
        "dial tcp",
    ]) {
        format!("{host} cannot be reached from the server")
    } else if says(&["no matching manifest", "no match for platform"]) {
        "the image is not made for this server's kind of processor".to_owned()
    } else {
        one_line(refusal)
    }
}

/// How engines with containerd's image store say that there is no such tag.
fn is_unresolved(words: &str) -> bool {
    words.contains("failed to resolve reference")
        && !words.contains("failed to do request")
        && words.trim_end_matches(['.', ' ']).ends_with(": not found")
}

fn one_line(text: &str) -> String {
    text.trim()
        .trim_end_matches('.')
        .chars()
        .map(|c| if c.is_control() { ' ' } else { c })
        .take(300)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::{explain_login, explain_pull};

    #[test]
    fn a_refused_sign_in_is_told_in_words() {
        let host = "registry.example.com:5000".parse().unwrap();
        for (refusal, words) in [
            (
                "Get https://registry.example.com:5000/v2/: unauthorized: authentication required",
                "user name or the password",
            ),
            (
                "Get \"https://r/v2/\": x509: certificate signed by unknown authority",
                "certs.d/registry.example.com:5000/ca.crt",
            ),
            (
                "Get \"https://r/v2/\": http: server gave HTTP response to HTTPS client",
                "without TLS",
            ),
            (
                "Get \"https://r/v2/\": dial tcp: lookup r: no such host",
                "cannot be reached",
            ),
            ("timeout", "cannot be reached"),
            ("error parsing HTTP 404 response body", "no registry"),
            ("teapot\n", "did not take the sign-in: teapot."),
        ] {
            let sentence = explain_login(&host, refusal);
            assert!(sentence.contains(words), "{refusal}: {sentence}");
        }
    }

    #[test]
    fn a_refused_pull_says_what_to_do() {
        let hub = "you/app:1".parse().unwrap();
        let own = "registry.example.com/app:1".parse().unwrap();
        let limit = "toomanyrequests: You have reached your pull rate limit.";
        assert!(explain_pull(&hub, false, limit).contains("docker.io refuses more pulls"));
        assert!(explain_pull(&hub, false, limit).contains("under Registries"));
        assert!(explain_pull(&hub, true, limit).contains("wait"));
        let denied = "pull access denied for you/app, repository does not exist or may require 'docker login'";
        assert!(explain_pull(&own, false, denied).contains("add one for registry.example.com"));
        assert!(explain_pull(&own, true, denied).contains("may not read"));
        for unknown in [
            "manifest for you/app:1 not found: manifest unknown",
            "failed to resolve reference \"docker.io/you/app:1\": docker.io/you/app:1: not found",
        ] {
            let sentence = explain_pull(&hub, false, unknown);
            assert_eq!(sentence, "the registry has no such tag", "{unknown}");
        }
        let unreachable = "failed to resolve reference \"docker.io/you/app:1\": failed to do \
                           request: dial tcp: lookup docker.io: server misbehaving: not found";
        assert!(!explain_pull(&hub, false, unreachable).contains("no such tag"));
    }
}
