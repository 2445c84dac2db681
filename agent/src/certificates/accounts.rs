//! The account at an authority. There is one, whatever happens in between: its key is stored
//! before the authority is told of it, and a key has one account (RFC 8555, 7.3.1).

use std::path::PathBuf;
use std::time::Duration;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use instant_acme::{Account, AccountBuilder, AccountCredentials, Key, LetsEncrypt};
use rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use tokio::sync::Mutex;
use tokio::task::{JoinError, spawn_blocking};
use tokio::time::timeout;

use super::store::{self, Store};
use super::words::Trouble;
use crate::config::Config;

/// How long the authority may take to hear the address for letters; a certificate waits for it.
const CONTACT_LIMIT: Duration = Duration::from_secs(10);

/// The account, and what is needed to make it.
pub(super) struct Accounts {
    directory: String,
    authority: Option<PathBuf>,
    email: Option<String>,
    store: Store,
    known: Mutex<Option<Account>>,
    telling: Mutex<()>,
}

impl Accounts {
    pub(super) fn new(config: &Config, store: Store) -> Self {
        Self {
            directory: config
                .acme_directory
                .clone()
                .unwrap_or_else(|| LetsEncrypt::Production.url().to_owned()),
            authority: config.acme_ca.clone(),
            email: config.acme_email.clone(),
            store,
            known: Mutex::default(),
            telling: Mutex::default(),
        }
    }

    /// The authority's host, for people.
    pub(super) fn host(&self) -> String {
        url::Url::parse(&self.directory)
            .ok()
            .and_then(|url| url.host_str().map(str::to_owned))
            .unwrap_or_default()
    }

    /// The account, which is made when there is none yet.
    pub(super) async fn one(&self) -> Result<Account, Trouble> {
        let account = match self.found().await? {
            Some(account) => account,
            None => self.register().await?,
        };
        self.tell_contact(&account).await;
        Ok(account)
    }

    /// The account that was made before.
    async fn found(&self) -> Result<Option<Account>, Trouble> {
        let mut known = self.known.lock().await;
        if let Some(account) = &*known {
            return Ok(Some(account.clone()));
        }
        let credentials = self.stored().await.and_then(|stored| {
            let credentials: Option<AccountCredentials> =
                serde_json::from_value(stored.credentials).ok();
            credentials
        });
        let Some(credentials) = credentials else {
            return Ok(None);
        };
        let account = self.client()?.from_credentials(credentials).await?;
        *known = Some(account.clone());
        Ok(Some(account))
    }

    /// The account after the authority did not know it. It keeps its key, so that the
    /// authority gives the same account when it does know it after all.
    pub(super) async fn again(&self) -> Result<Account, Trouble> {
        *self.known.lock().await = None;
        let account = self.register().await?;
        self.tell_contact(&account).await;
        Ok(account)
    }

    /// Tells the authority the address for letters, unless it knows it. When that fails or takes
    /// long it is tried again with the next certificate.
    async fn tell_contact(&self, account: &Account) {
        let Ok(_only_one) = self.telling.try_lock() else {
            return;
        };
        let knows = |stored: store::Account| stored.contact == self.email;
        if self.stored().await.is_none_or(knows) {
            return;
        }
        let contact = self.email.as_ref().map(|email| format!("mailto:{email}"));
        let contacts: Vec<&str> = contact.as_deref().into_iter().collect();
        let told = match timeout(CONTACT_LIMIT, account.update_contacts(&contacts)).await {
            Ok(Ok(())) => self.keep_contact().await,
            Ok(Err(error)) => Err(error.into()),
            Err(_) => Err(Trouble::new("It did not answer.")),
        };
        if let Err(Trouble { message, .. }) = told {
            tracing::warn!(reason = message, "the authority was not told acme_email");
        }
    }

    async fn keep_contact(&self) -> Result<(), Trouble> {
        let Some(stored) = self.stored().await else {
            return Ok(());
        };
        self.keep(store::Account {
            contact: self.email.clone(),
            ..stored
        })
        .await
    }

    /// Makes the account, or finds the one that the stored key has.
    async fn register(&self) -> Result<Account, Trouble> {
        let mut known = self.known.lock().await;
        if let Some(account) = &*known {
            // Another host was first.
            return Ok(account.clone());
        }
        let (text, key) = self.key().await?;
        let directory = self.directory.clone();
        let made = self.client()?.create_from_key(key, directory).await;
        let (account, credentials) = made?;
        let credentials = serde_json::to_value(&credentials)
            .map_err(|_| Trouble::new("The account cannot be written."))?;
        self.keep_account(text, credentials).await?;
        tracing::info!(authority = self.directory, "the account is known");
        *known = Some(account.clone());
        Ok(account)
    }

    /// The account's key, as it is stored and as it is used; a new one is stored first.
    async fn key(&self) -> Result<(String, (Key, PrivateKeyDer<'static>)), Trouble> {
        let unusable = || Trouble::new("The account’s key cannot be used.");
        let stored = self.stored().await.and_then(|stored| stored.key);
        if let Some(text) = stored {
            let der = BASE64_STANDARD.decode(&text).map_err(|_| unusable())?;
            let der = PrivatePkcs8KeyDer::from(der);
            let key = Key::from_pkcs8_der(der.clone_key())?;
            return Ok((text, (key, der.into())));
        }
        let (key, der) = Key::generate_pkcs8()?;
        let text = BASE64_STANDARD.encode(der.secret_pkcs8_der());
        self.keep_account(text.clone(), serde_json::Value::Null)
            .await?;
        Ok((text, (key, der.into())))
    }

    fn client(&self) -> Result<AccountBuilder, Trouble> {
        Ok(match &self.authority {
            Some(file) => Account::builder_with_root(file)?,
            None => Account::builder()?,
        })
    }

    async fn stored(&self) -> Option<store::Account> {
        let (store, directory) = (self.store.clone(), self.directory.clone());
        spawn_blocking(move || store.account(&directory))
            .await
            .ok()
            .flatten()
    }

    async fn keep_account(
        &self,
        key: String,
        credentials: serde_json::Value,
    ) -> Result<(), Trouble> {
        self.keep(store::Account {
            directory: self.directory.clone(),
            key: Some(key),
            credentials,
            contact: None,
        })
        .await
    }

    async fn keep(&self, account: store::Account) -> Result<(), Trouble> {
        let store = self.store.clone();
        let kept = spawn_blocking(move || store.save_account(&account)).await;
        stored("The account", kept)
    }
}

/// Whether something was stored, in words.
pub(super) fn stored(
    what: &str,
    kept: Result<std::io::Result<()>, JoinError>,
) -> Result<(), Trouble> {
    kept.map_err(std::io::Error::other)
        .flatten()
        .map_err(|error| Trouble::new(format!("{what} cannot be stored: {error}.")))
}
