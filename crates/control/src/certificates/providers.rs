//! Where a team's DNS records can be made, to show that a name is its own.

use base64::Engine as _;
use longshore_domain::{DnsProviderId, DomainName, Permission, Secret, TeamId};
use longshore_store::PgConnection;
use longshore_store::dns_providers::{self, DnsProviderRecord};
use url::Url;

use super::usages;
use crate::access::{Authorized, Guarded};
use crate::keyring::{Keyring, Purpose};
use crate::problems::Problems;
use crate::transaction::note;
use crate::work::OpenProvider;
use crate::{
    Actor, Control, ControlError, DnsProviderDraft, DnsProviderSettings, DnsProviderView, Result,
};

/// The longest text of a setting.
const LONGEST: usize = 300;

impl Guarded for DnsProviderRecord {
    type Id = DnsProviderId;

    async fn find(
        connection: &mut PgConnection,
        team: TeamId,
        id: DnsProviderId,
    ) -> longshore_store::Result<Option<Self>> {
        dns_providers::find(connection, team, id).await
    }
}

impl Control {
    /// Adds a DNS provider with its secret.
    ///
    /// # Errors
    /// The problems of all fields.
    pub async fn add_dns_provider(
        &self,
        actor: &Actor,
        draft: DnsProviderDraft,
    ) -> Result<DnsProviderView> {
        let scope = Authorized::<()>::of_team(actor, Permission::Administer)?;
        let mut problems = Problems::default();
        let name = problems.line("name", &draft.name, 100);
        check(&mut problems, &draft);
        let name = problems.finish(name)?;
        let settings = serde_json::to_value(&draft.settings).map_err(ControlError::internal)?;
        let id = DnsProviderId::generate();
        let secret = draft.secret.expose().trim();
        let record = DnsProviderRecord {
            id,
            team: scope.team(),
            name,
            settings,
            sealed_secret: self
                .keyring
                .encrypt(Purpose::DnsProvider, id.0, "", secret)?,
        };
        let mut transaction = self.begin().await?;
        dns_providers::insert(&mut transaction, &record).await?;
        let target = format!("dns-provider:{id}");
        note(&mut transaction, actor, &scope, "dns_provider.add", &target).await?;
        self.commit(transaction).await?;
        Ok(DnsProviderView {
            id,
            name: record.name,
            settings: draft.settings,
        })
    }

    /// The team's DNS providers, without their secrets.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn list_dns_providers(&self, actor: &Actor) -> Result<Vec<DnsProviderView>> {
        let scope = Authorized::<()>::of_team(actor, Permission::View)?;
        let mut connection = self.connection().await?;
        let records = dns_providers::list(&mut connection, scope.team()).await?;
        records
            .into_iter()
            .map(|record| {
                Ok(DnsProviderView {
                    id: record.id,
                    name: record.name,
                    settings: serde_json::from_value(record.settings)
                        .map_err(ControlError::internal)?,
                })
            })
            .collect()
    }

    /// Removes a DNS provider that no domain uses.
    ///
    /// # Errors
    /// [`ControlError::Refused`] when a domain uses it.
    pub async fn remove_dns_provider(&self, actor: &Actor, id: DnsProviderId) -> Result<()> {
        let mut transaction = self.begin().await?;
        let provider = Authorized::<DnsProviderRecord>::load(
            &mut transaction,
            actor,
            id,
            Permission::Administer,
        )
        .await?;
        let team = provider.team();
        let usages = usages(&mut transaction, team).await?;
        if let Some(user) = usages.iter().find(|user| user.dns_provider == Some(id)) {
            return Err(ControlError::refused(format!(
                "{} uses this DNS provider; change that first.",
                user.host
            )));
        }
        dns_providers::delete(&mut transaction, team, id).await?;
        let target = format!("dns-provider:{id}");
        note(
            &mut transaction,
            actor,
            &provider,
            "dns_provider.remove",
            &target,
        )
        .await?;
        self.commit(transaction).await
    }
}

fn check(problems: &mut Problems, draft: &DnsProviderDraft) {
    let secret = draft.secret.expose().trim();
    let is_plain = |text: &str| text.bytes().all(|b| (b'!'..=b'~').contains(&b));
    if secret.is_empty() || secret.len() > 4000 || !is_plain(secret) {
        problems.add("secret", "must be 1 to 4000 printable ASCII characters");
    }
    match &draft.settings {
        DnsProviderSettings::Cloudflare => {}
        DnsProviderSettings::Rfc2136 {
            server,
            zone,
            key_name,
            algorithm,
        } => {
            let is_server = server.rsplit_once(':').is_some_and(|(host, port)| {
                !host.is_empty() && port.parse::<u16>().is_ok_and(|port| port > 0)
            });
            if !is_server || server.len() > LONGEST || !is_plain(server) {
                problems.add(
                    "settings.server",
                    "must be a host and a port, such as ns.example.com:53",
                );
            }
            if let Some(zone) = zone {
                problems.parse::<DomainName>("settings.zone", zone);
            }
            problems.parse::<DomainName>("settings.key_name", key_name);
            if !["hmac-sha256", "hmac-sha384", "hmac-sha512"].contains(&algorithm.as_str()) {
                problems.add(
                    "settings.algorithm",
                    "must be hmac-sha256, hmac-sha384 or hmac-sha512",
                );
            }
            if base64::prelude::BASE64_STANDARD.decode(secret).is_err() {
                problems.add("secret", "must be the key as base64");
            }
        }
        DnsProviderSettings::Webhook { url, username } => {
            let is_url = Url::parse(url).is_ok_and(|url| {
                matches!(url.scheme(), "http" | "https")
                    && url.has_host()
                    && url.username().is_empty()
                    && url.password().is_none()
                    && url.query().is_none()
                    && url.fragment().is_none()
            });
            if !is_url || url.len() > LONGEST {
                problems.add(
                    "settings.url",
                    "must be a URL such as https://dns.example.com/hook",
                );
            }
            let is_name = |name: &str| !name.is_empty() && is_plain(name) && !name.contains(':');
            if username.as_deref().is_some_and(|name| !is_name(name)) {
                problems.add(
                    "settings.username",
                    "must be printable ASCII characters without colons",
                );
            }
        }
    }
}

/// A provider with its secret, for the machine.
pub(crate) fn open(keyring: &Keyring, record: &DnsProviderRecord) -> Result<OpenProvider> {
    let settings =
        serde_json::from_value(record.settings.clone()).map_err(ControlError::internal)?;
    let secret: Secret =
        keyring.decrypt(Purpose::DnsProvider, record.id.0, "", &record.sealed_secret)?;
    Ok(OpenProvider { settings, secret })
}
