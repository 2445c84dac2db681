//! How a repository is reached: tokens and deploy keys, encrypted before they are stored.

use longshore_domain::source::Source;
use longshore_domain::{GitScheme, GitUrl, Secret, ServiceId};
use longshore_store::services::{GitAccess, GitReach, ServiceRecord};
use rand::TryRngCore;
use rand::rngs::OsRng;
use ssh_key::private::{Ed25519Keypair, KeypairData, PrivateKey};

use crate::keyring::Purpose;
use crate::problems::Problems;
use crate::{Control, ControlError, GitAccessDraft, Result, SourceDraft};

const FIELD: &str = "source.git.access";

impl Control {
    /// How the repository of a draft will be reached. `before` is the service as it is.
    /// Problems are noted; the answer is of use only when there are none.
    pub(crate) fn git_reach(
        &self,
        problems: &mut Problems,
        id: ServiceId,
        name: &str,
        draft: &SourceDraft,
        source: Option<&Source>,
        before: Option<&ServiceRecord>,
    ) -> Result<GitReach> {
        let (SourceDraft::Git { access, .. }, Some(Source::Git(git))) = (draft, source) else {
            return Ok(GitReach::default());
        };
        let host_key = before
            .filter(|before| same_host(before, &git.url))
            .and_then(|before| before.git_host_key.clone());
        let over_ssh = git.url.scheme() == GitScheme::Ssh;
        match access {
            GitAccessDraft::Anonymous => Ok(GitReach {
                host_key,
                ..GitReach::default()
            }),
            GitAccessDraft::Token { username, token } => {
                if !matches!(git.url.scheme(), GitScheme::Https | GitScheme::Http) {
                    problems.add(FIELD, "can be a token with https and http URLs only");
                }
                let username = username
                    .as_deref()
                    .map(str::trim)
                    .filter(|username| !username.is_empty());
                if let Some(username) = username {
                    problems.line("source.git.username", username, 100);
                }
                let Some(token) = problems.line("source.git.token", token, 4000) else {
                    return Ok(GitReach::default());
                };
                Ok(GitReach {
                    access: GitAccess::Token {
                        username: username.map(str::to_owned),
                    },
                    secret: Some(self.keyring.encrypt(Purpose::GitSecret, id.0, "", &token)?),
                    public_key: None,
                    host_key,
                })
            }
            GitAccessDraft::DeployKey => {
                if !over_ssh {
                    problems.add(FIELD, "can be a deploy key with SSH URLs only");
                    return Ok(GitReach::default());
                }
                if let Some(before) = before.filter(|b| b.git_access == GitAccess::DeployKey) {
                    return Ok(GitReach {
                        host_key,
                        ..keep(before)
                    });
                }
                let (private, public) = make_deploy_key(name)?;
                let secret =
                    self.keyring
                        .encrypt(Purpose::GitSecret, id.0, "", private.expose())?;
                Ok(GitReach {
                    access: GitAccess::DeployKey,
                    secret: Some(secret),
                    public_key: Some(public),
                    host_key,
                })
            }
            GitAccessDraft::Keep => {
                let Some(before) = before else {
                    return Ok(GitReach::default());
                };
                match before.git_access {
                    // Else whoever may change the URL could send the token anywhere.
                    GitAccess::Token { .. } if !same_host(before, &git.url) => {
                        problems.add(FIELD, "must be given again when the URL's host changes");
                    }
                    GitAccess::DeployKey if !over_ssh => {
                        problems.add(FIELD, "can be a deploy key with SSH URLs only");
                    }
                    GitAccess::Token { .. } | GitAccess::DeployKey | GitAccess::Anonymous => {}
                }
                Ok(GitReach {
                    host_key,
                    ..keep(before)
                })
            }
        }
    }
}

pub(crate) fn keep(before: &ServiceRecord) -> GitReach {
    GitReach {
        access: before.git_access.clone(),
        secret: before.git_secret.clone(),
        public_key: before.git_public_key.clone(),
        host_key: before.git_host_key.clone(),
    }
}

fn same_host(before: &ServiceRecord, url: &GitUrl) -> bool {
    match &before.source {
        Source::Git(git) => git.url.host() == url.host() && git.url.scheme() == url.scheme(),
        Source::Image { .. } | Source::Upload(_) | Source::Compose { .. } => false,
    }
}

/// A new ed25519 key: the private half in OpenSSH's PEM form, the public half as a line of
/// `authorized_keys`.
fn make_deploy_key(name: &str) -> Result<(Secret, String)> {
    let mut seed = zeroize::Zeroizing::new([0_u8; 32]);
    OsRng
        .try_fill_bytes(&mut seed[..])
        .map_err(ControlError::internal)?;
    let pair = KeypairData::Ed25519(Ed25519Keypair::from_seed(&seed));
    let key = PrivateKey::new(pair, format!("longshore-{name}")).map_err(ControlError::internal)?;
    let private = key
        .to_openssh(ssh_key::LineEnding::LF)
        .map_err(ControlError::internal)?;
    let public = key
        .public_key()
        .to_openssh()
        .map_err(ControlError::internal)?;
    Ok((Secret::new(private.as_str()), public))
}
