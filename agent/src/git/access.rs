//! How a repository's host is spoken to: credentials, host keys, cancellation.

use std::sync::{Mutex, MutexGuard, PoisonError};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use git2::{
    CertificateCheckStatus, Cred, CredentialType, ErrorClass, ErrorCode, FetchOptions,
    ProxyOptions, RemoteCallbacks, RemoteRedirect,
};
use longshore_agent_api::{GitCredentials, Repository};
use longshore_domain::GitUrl;
use sha2::{Digest, Sha256};

use super::progress::Progress;
use super::worker::Stop;

/// Credentials and host key of one repository, and what its host made of them.
#[derive(Debug)]
pub(super) struct Access {
    url: GitUrl,
    credentials: GitCredentials,
    pinned: Option<String>,
    stop: Stop,
    seen: Mutex<Seen>,
}

/// What happened while a host was spoken to.
#[derive(Debug, Clone, Default)]
pub(super) struct Seen {
    /// The fingerprint that the host showed.
    pub(super) host_key: Option<String>,
    /// The host wanted credentials that there are none for.
    pub(super) wanted: Option<Wants>,
    /// The host did not take the credentials.
    pub(super) refused: bool,
    /// The disk is nearly full.
    pub(super) disk_full: bool,
}

/// The credentials that a host wants.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Wants {
    /// A user name and a token.
    Token,
    /// An SSH key.
    Key,
}

impl Access {
    pub(super) fn new(repository: &Repository, stop: Stop) -> Self {
        Self {
            url: repository.url.clone(),
            credentials: repository.credentials.clone(),
            pinned: repository.host_key.clone(),
            stop,
            seen: Mutex::default(),
        }
    }

    /// The access to a submodule: the same credentials and host key where scheme, host
    /// and port are the same, nothing anywhere else.
    pub(super) fn for_submodule(&self, url: &GitUrl) -> Self {
        let same = self.url.scheme() == url.scheme() && self.url.host() == url.host();
        Self {
            url: url.clone(),
            credentials: if same {
                self.credentials.clone()
            } else {
                GitCredentials::Anonymous
            },
            pinned: if same { self.pinned_or_seen() } else { None },
            stop: self.stop.clone(),
            seen: Mutex::default(),
        }
    }

    fn pinned_or_seen(&self) -> Option<String> {
        self.pinned.clone().or_else(|| self.host_key())
    }

    fn lock(&self) -> MutexGuard<'_, Seen> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What was seen up to now.
    pub(super) fn seen(&self) -> Seen {
        self.lock().clone()
    }

    /// The fingerprint that the host showed, if it was reached over SSH.
    pub(super) fn host_key(&self) -> Option<String> {
        self.lock().host_key.clone()
    }

    /// The pinned fingerprint.
    pub(super) fn pinned(&self) -> Option<&str> {
        self.pinned.as_deref()
    }

    /// Whether the work shall stop.
    pub(super) fn stopped(&self) -> bool {
        self.stop.is_set()
    }

    /// Options of a download: nothing but the named references, redirects within the
    /// host only.
    pub(super) fn fetch_options<'a>(&'a self, progress: &'a Progress) -> FetchOptions<'a> {
        let mut options = FetchOptions::new();
        options
            .remote_callbacks(self.callbacks(Some(progress)))
            .proxy_options(proxy())
            .download_tags(git2::AutotagOption::None)
            .update_fetchhead(false)
            .follow_redirects(RemoteRedirect::None);
        options
    }

    /// Callbacks for one connection.
    pub(super) fn callbacks<'a>(&'a self, progress: Option<&'a Progress>) -> RemoteCallbacks<'a> {
        let mut callbacks = RemoteCallbacks::new();
        let mut offered = false;
        let mut named = false;
        callbacks.credentials(move |_, user, allowed| {
            self.credentials(user, allowed, &mut offered, &mut named)
        });
        callbacks.certificate_check(|certificate, _| {
            if self.stopped() {
                return Err(stopped());
            }
            match certificate.as_hostkey() {
                Some(key) => self.check_host_key(key),
                // HTTPS: libgit2's own verdict stands.
                None => Ok(CertificateCheckStatus::CertificatePassthrough),
            }
        });
        callbacks.sideband_progress(|_| !self.stopped());
        callbacks.transfer_progress(move |transfer| {
            if let Some(progress) = progress
                && !progress.receiving(&transfer)
            {
                self.lock().disk_full = true;
                return false;
            }
            !self.stopped()
        });
        callbacks
    }

    /// Offers the credentials once a connection; libgit2 asks again for as long as the
    /// host refuses.
    fn credentials(
        &self,
        user: Option<&str>,
        allowed: CredentialType,
        offered: &mut bool,
        named: &mut bool,
    ) -> Result<Cred, git2::Error> {
        if self.stopped() {
            return Err(stopped());
        }
        let user = user.unwrap_or("git");
        if allowed.contains(CredentialType::USERNAME) && !*named {
            *named = true;
            return Cred::username(user);
        }
        if *offered {
            self.lock().refused = true;
            return Err(refused());
        }
        let takes_key = allowed.intersects(CredentialType::SSH_MEMORY | CredentialType::SSH_KEY);
        let takes_token = allowed.contains(CredentialType::USER_PASS_PLAINTEXT);
        *offered = true;
        match &self.credentials {
            GitCredentials::Token { username, token } if takes_token => {
                let username = if username.is_empty() { "git" } else { username };
                Cred::userpass_plaintext(username, token.expose())
            }
            GitCredentials::DeployKey { private_key } if takes_key => {
                Cred::ssh_key_from_memory(user, None, private_key.expose(), None)
            }
            GitCredentials::Anonymous
            | GitCredentials::Token { .. }
            | GitCredentials::DeployKey { .. } => {
                self.lock().wanted = Some(if takes_key { Wants::Key } else { Wants::Token });
                Err(refused())
            }
        }
    }

    fn check_host_key(
        &self,
        key: &git2::cert::CertHostkey<'_>,
    ) -> Result<CertificateCheckStatus, git2::Error> {
        let hash: Option<[u8; 32]> = key
            .hostkey()
            .map(|bytes| Sha256::digest(bytes).into())
            .or_else(|| key.hash_sha256().copied());
        let Some(hash) = hash else {
            return Err(git2::Error::new(
                ErrorCode::Certificate,
                ErrorClass::Ssh,
                "the host showed no key",
            ));
        };
        let found = format!("SHA256:{}", STANDARD_NO_PAD.encode(hash));
        let fits = self.pinned.as_ref().is_none_or(|pinned| *pinned == found);
        self.lock().host_key = Some(found);
        if fits {
            Ok(CertificateCheckStatus::CertificateOk)
        } else {
            Err(git2::Error::new(
                ErrorCode::Certificate,
                ErrorClass::Ssh,
                "the host key is not the pinned one",
            ))
        }
    }
}

/// The machine's own proxy settings.
pub(super) fn proxy<'a>() -> ProxyOptions<'a> {
    let mut options = ProxyOptions::new();
    options.auto();
    options
}

fn stopped() -> git2::Error {
    git2::Error::new(ErrorCode::User, ErrorClass::Callback, "stopped")
}

fn refused() -> git2::Error {
    git2::Error::new(ErrorCode::Auth, ErrorClass::Callback, "refused")
}
