//! Certificates: those that teams bring themselves, and which ones the machine shall have.

mod parse;
mod providers;

use longshore_domain::route::TlsMode;
use longshore_domain::{CertificateId, DnsProviderId, DomainId, DomainName, Permission, TeamId};
use longshore_store::certificates::{self, CertificateRecord};
use longshore_store::domains::{self, DomainRecord};
use longshore_store::events::{self, Event};
use longshore_store::{PgConnection, dashboard, dns_providers, pool};

pub(crate) use providers::open;

use crate::access::{Authorized, Guarded};
use crate::keyring::Purpose;
use crate::problems::Problems;
use crate::transaction::note;
use crate::work::{DesiredCertificate, DesiredOrigin};
use crate::{Actor, CertificateDraft, CertificateView, Control, ControlError, Result};

/// The longest name, in characters.
const LONGEST_NAME: usize = 100;

/// A host with a certificate or a DNS provider of a team's own.
struct Usage {
    host: DomainName,
    certificate: Option<CertificateId>,
    dns_provider: Option<DnsProviderId>,
}

/// What uses the certificates and the DNS providers of a team: domains, and perhaps the
/// dashboard.
async fn usages(connection: &mut PgConnection, team: TeamId) -> Result<Vec<Usage>> {
    let domains = domains::list_with_certificates(connection, team).await?;
    let dashboard = dashboard::find(connection).await?;
    let dashboard = dashboard.filter(|record| record.team == team);
    let of_services = domains.into_iter().map(|domain| Usage {
        host: domain.host,
        certificate: domain.certificate,
        dns_provider: domain.dns_provider,
    });
    let of_dashboard = dashboard.map(|record| Usage {
        host: record.host,
        certificate: record.certificate,
        dns_provider: record.dns_provider,
    });
    Ok(of_services.chain(of_dashboard).collect())
}

impl Guarded for CertificateRecord {
    type Id = CertificateId;

    async fn find(
        connection: &mut PgConnection,
        team: TeamId,
        id: CertificateId,
    ) -> longshore_store::Result<Option<Self>> {
        certificates::find(connection, team, id).await
    }
}

impl Control {
    /// Adds a certificate and its key, after looking whether they fit.
    ///
    /// # Errors
    /// What is wrong with name, chain or key.
    pub async fn add_certificate(
        &self,
        actor: &Actor,
        draft: CertificateDraft,
    ) -> Result<CertificateView> {
        let scope = Authorized::<()>::of_team(actor, Permission::Administer)?;
        let mut problems = Problems::default();
        let name = problems.line("name", &draft.name, LONGEST_NAME);
        let key = draft.private_key.expose();
        let uploaded = match parse::read(&draft.chain, key, self.clock.now()) {
            Ok(uploaded) => Some(uploaded),
            Err(wrong) => {
                problems.add(wrong.field, wrong.message);
                None
            }
        };
        let (name, uploaded) = problems.finish(name.zip(uploaded))?;
        let record = CertificateRecord {
            id: CertificateId::generate(),
            team: scope.team(),
            name,
            chain: uploaded.chain,
            hosts: uploaded.hosts,
            issuer: uploaded.issuer,
            fingerprint: uploaded.fingerprint,
            not_before: uploaded.not_before,
            not_after: uploaded.not_after,
        };
        let key = uploaded.private_key.expose();
        let sealed = self
            .keyring
            .encrypt(Purpose::CertificateKey, record.id.0, "", key)?;
        let mut transaction = self.begin().await?;
        certificates::insert(&mut transaction, &record, &sealed).await?;
        let target = format!("certificate:{}", record.id);
        note(&mut transaction, actor, &scope, "certificate.add", &target).await?;
        self.commit(transaction).await?;
        Ok(CertificateView::new(record, Vec::new()))
    }

    /// The team's certificates, each with the domains that use it.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn list_certificates(&self, actor: &Actor) -> Result<Vec<CertificateView>> {
        let scope = Authorized::<()>::of_team(actor, Permission::View)?;
        let mut connection = self.connection().await?;
        let records = certificates::list(&mut connection, scope.team()).await?;
        let usages = usages(&mut connection, scope.team()).await?;
        Ok(records
            .into_iter()
            .map(|record| {
                let used = usages
                    .iter()
                    .filter(|user| user.certificate == Some(record.id));
                let used = used.map(|user| user.host.to_string()).collect();
                CertificateView::new(record, used)
            })
            .collect())
    }

    /// Removes a certificate that no domain uses.
    ///
    /// # Errors
    /// [`ControlError::Refused`] when a domain uses it.
    pub async fn remove_certificate(&self, actor: &Actor, id: CertificateId) -> Result<()> {
        let mut transaction = self.begin().await?;
        let certificate = Authorized::<CertificateRecord>::load(
            &mut transaction,
            actor,
            id,
            Permission::Administer,
        )
        .await?;
        let team = certificate.team();
        let usages = usages(&mut transaction, team).await?;
        if let Some(user) = usages.iter().find(|user| user.certificate == Some(id)) {
            return Err(ControlError::refused(format!(
                "{} uses this certificate; give it another one first.",
                user.host
            )));
        }
        certificates::delete(&mut transaction, team, id).await?;
        let target = format!("certificate:{id}");
        note(
            &mut transaction,
            actor,
            &certificate,
            "certificate.remove",
            &target,
        )
        .await?;
        events::notify(&mut transaction, &[Event::Machine]).await?;
        self.commit(transaction).await
    }

    /// The host of a domain whose certificate somebody wants to be asked for now.
    ///
    /// # Errors
    /// [`ControlError::Refused`] when no authority is asked for it.
    pub async fn plan_certificate_retry(&self, actor: &Actor, id: DomainId) -> Result<DomainName> {
        let mut connection = self.connection().await?;
        let domain =
            Authorized::<DomainRecord>::load(&mut connection, actor, id, Permission::Change)
                .await?;
        if domain.get().tls != TlsMode::Acme {
            return Err(ControlError::refused(
                "This domain gets no certificate by ACME.",
            ));
        }
        Ok(domain.get().host.clone())
    }

    /// The certificates that the machine shall have, one a host.
    ///
    /// # Errors
    /// When the database does not answer, or a secret cannot be decrypted.
    pub async fn desired_certificates(&self) -> Result<Vec<DesiredCertificate>> {
        let mut snapshot = pool::begin_snapshot(&self.pool).await?;
        let domains = domains::list_secure_for_system(&mut snapshot).await?;
        let dashboard = dashboard::find(&mut snapshot).await?;
        let own = certificates::list_used_for_system(&mut snapshot).await?;
        let providers = dns_providers::list_used_for_system(&mut snapshot).await?;
        self.commit(snapshot).await?;
        let mut desired: Vec<DesiredCertificate> = Vec::new();
        let of_dashboard = dashboard.map(|record| {
            let protection = (record.tls, record.certificate, record.dns_provider);
            (record.host, protection)
        });
        let of_services = domains.into_iter().map(|domain| {
            let protection = (domain.tls, domain.certificate, domain.dns_provider);
            (domain.host, protection)
        });
        for (host, protection) in of_dashboard.into_iter().chain(of_services) {
            // Several paths of one host share a certificate; the first row counts.
            if desired.iter().any(|known| known.host == host) {
                continue;
            }
            let origin = match protection {
                (TlsMode::None, _, _) | (TlsMode::Custom, None, _) => continue,
                (TlsMode::Acme, _, None) => DesiredOrigin::Http,
                (TlsMode::Acme, _, Some(provider)) => {
                    let provider = providers.iter().find(|known| known.id == provider);
                    let Some(provider) = provider else { continue };
                    DesiredOrigin::Dns(open(&self.keyring, provider)?)
                }
                (TlsMode::Custom, Some(certificate), _) => {
                    let Some(certificate) = own.iter().find(|known| known.id == certificate) else {
                        continue;
                    };
                    let private_key = self.keyring.decrypt(
                        Purpose::CertificateKey,
                        certificate.id.0,
                        "",
                        &certificate.sealed_key,
                    )?;
                    DesiredOrigin::Own {
                        chain: certificate.chain.clone(),
                        private_key,
                    }
                }
            };
            desired.push(DesiredCertificate { host, origin });
        }
        Ok(desired)
    }
}
