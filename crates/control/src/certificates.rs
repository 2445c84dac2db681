//! Certificates: those that teams bring themselves, and which ones the machine shall have.

mod parse;
mod providers;

use longshore_domain::route::TlsMode;
use longshore_domain::{CertificateId, DomainId, DomainName, Permission, TeamId};
use longshore_store::certificates::{self, CertificateRecord};
use longshore_store::domains::{self, DomainRecord};
use longshore_store::events::{self, Event};
use longshore_store::{PgConnection, dns_providers, pool};

pub(crate) use providers::open;

use crate::access::{Authorized, Guarded};
use crate::keyring::Purpose;
use crate::problems::Problems;
use crate::transaction::note;
use crate::work::{DesiredCertificate, DesiredOrigin};
use crate::{Actor, CertificateDraft, CertificateView, Control, ControlError, Result};

/// The longest name, in characters.
const LONGEST_NAME: usize = 100;

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
        let domains = domains::list_with_certificates(&mut connection, scope.team()).await?;
        Ok(records
            .into_iter()
            .map(|record| {
                let used = domains
                    .iter()
                    .filter(|domain| domain.certificate == Some(record.id));
                let used = used.map(|domain| domain.host.to_string()).collect();
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
        let domains = domains::list_with_certificates(&mut transaction, team).await?;
        let user = domains.iter().find(|domain| domain.certificate == Some(id));
        if let Some(domain) = user {
            return Err(ControlError::refused(format!(
                "{} uses this certificate; give it another one first.",
                domain.host
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
        let own = certificates::list_used_for_system(&mut snapshot).await?;
        let providers = dns_providers::list_used_for_system(&mut snapshot).await?;
        self.commit(snapshot).await?;
        let mut desired: Vec<DesiredCertificate> = Vec::new();
        for domain in domains {
            // Several paths of one host share a certificate; the first row counts.
            if desired.iter().any(|known| known.host == domain.host) {
                continue;
            }
            let origin = match (domain.tls, domain.certificate, domain.dns_provider) {
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
            desired.push(DesiredCertificate {
                host: domain.host,
                origin,
            });
        }
        Ok(desired)
    }
}
