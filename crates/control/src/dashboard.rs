//! The dashboard's own domain: the proxy routes it to the server, and it gets a certificate
//! as the domains of services do. Only who manages the installation sees and changes it.

use longshore_domain::DomainName;
use longshore_domain::route::TlsMode;
use longshore_store::dashboard::{self, DashboardRecord};
use longshore_store::events::{self, Event};
use longshore_store::{PgConnection, domains};
use url::Url;

use crate::access::Authorized;
use crate::domains::{Protection, base_url, protection};
use crate::problems::Problems;
use crate::transaction::note;
use crate::work::DesiredDashboard;
use crate::{Actor, Control, ControlError, DashboardDomainDraft, DashboardDomainView, Result};

impl Control {
    /// The dashboard's own domain, if it has one.
    ///
    /// # Errors
    /// [`ControlError::NotFound`] for who does not manage the installation.
    pub async fn show_dashboard_domain(
        &self,
        actor: &Actor,
    ) -> Result<Option<DashboardDomainView>> {
        Authorized::of_installation(actor)?;
        let mut connection = self.connection().await?;
        let found = dashboard::find(&mut connection).await?;
        Ok(found.map(|record| self.dashboard_view(record)))
    }

    /// Gives the dashboard a domain of its own, in place of the one before.
    ///
    /// # Errors
    /// The fields' problems, that a service has the host, or that the proxy could not reach
    /// the server.
    pub async fn set_dashboard_domain(
        &self,
        actor: &Actor,
        draft: DashboardDomainDraft,
    ) -> Result<DashboardDomainView> {
        let scope = Authorized::of_installation(actor)?;
        let mut problems = Problems::default();
        let host = problems.parse::<DomainName>("host", &draft.host);
        if host.as_ref().is_some_and(DomainName::is_wildcard) {
            problems.add(
                "host",
                "must be one name; the dashboard has no use for more",
            );
        }
        let tls = TlsMode::from_name(&draft.tls);
        if tls.is_none() {
            problems.add("tls", "must be none, acme or custom");
        }
        let (host, tls) = problems.finish(host.zip(tls))?;
        let listen = self.settings.listen;
        if listen.ip().is_loopback() {
            return Err(ControlError::refused(format!(
                "The dashboard listens on {listen} only, which the proxy cannot reach from its \
                 container; set listen to 0.0.0.0:{} in the server's configuration.",
                listen.port()
            )));
        }
        let mut transaction = self.begin().await?;
        domains::lock_host(&mut transaction, &host).await?;
        if domains::is_used_for_system(&mut transaction, &host).await? {
            return Err(ControlError::conflict("host", "is the domain of a service"));
        }
        let wished = Protection {
            certificate: draft.certificate,
            dns_provider: draft.dns_provider,
        };
        let team = scope.team();
        let protection = protection::of(&mut transaction, team, &host, tls, wished).await?;
        let record = DashboardRecord {
            team,
            host,
            tls,
            certificate: protection.certificate,
            dns_provider: protection.dns_provider,
        };
        dashboard::put(&mut transaction, &record).await?;
        let target = format!("domain:{}", record.host);
        note(&mut transaction, actor, &scope, "dashboard.domain", &target).await?;
        events::notify(&mut transaction, &[Event::Machine]).await?;
        self.commit(transaction).await?;
        Ok(self.dashboard_view(record))
    }

    /// Takes the dashboard's own domain away; it stays where the server listens.
    ///
    /// # Errors
    /// [`ControlError::NotFound`] when it has none.
    pub async fn remove_dashboard_domain(&self, actor: &Actor) -> Result<()> {
        let scope = Authorized::of_installation(actor)?;
        let mut transaction = self.begin().await?;
        let record = dashboard::find(&mut transaction).await?;
        let host = record.ok_or(ControlError::NotFound)?.host;
        dashboard::delete(&mut transaction).await?;
        let target = format!("domain:{host}");
        note(
            &mut transaction,
            actor,
            &scope,
            "dashboard.domain_remove",
            &target,
        )
        .await?;
        events::notify(&mut transaction, &[Event::Machine]).await?;
        self.commit(transaction).await
    }

    /// The host of the dashboard's own domain, whose certificate somebody wants to be asked
    /// for now.
    ///
    /// # Errors
    /// [`ControlError::Refused`] when no authority is asked for it.
    pub async fn plan_dashboard_certificate_retry(&self, actor: &Actor) -> Result<DomainName> {
        match self.show_dashboard_domain(actor).await? {
            None => Err(ControlError::NotFound),
            Some(view) if view.tls == TlsMode::Acme => Ok(view.host),
            Some(_) => Err(ControlError::refused(
                "The dashboard's domain gets no certificate by ACME.",
            )),
        }
    }

    /// Where people and Git hosts reach this installation, as far as is known: as
    /// configured, else its own domain.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn public_url(&self) -> Result<Option<Url>> {
        let mut connection = self.connection().await?;
        self.known_url(&mut connection).await
    }

    /// The same over a connection.
    pub(crate) async fn known_url(&self, connection: &mut PgConnection) -> Result<Option<Url>> {
        if let Some(url) = &self.settings.public_url {
            return Ok(Some(url.clone()));
        }
        let Some(record) = dashboard::find(connection).await? else {
            return Ok(None);
        };
        let url = base_url(&record.host, record.tls, self.ports);
        Ok(Some(url.parse().map_err(ControlError::internal)?))
    }

    /// What the proxy shall know of the dashboard: nothing when it cannot be reached from the
    /// proxy's container, since another program may listen there.
    pub(crate) async fn desired_dashboard(
        &self,
        connection: &mut PgConnection,
    ) -> Result<Option<DesiredDashboard>> {
        let listen = self.settings.listen;
        if listen.ip().is_loopback() {
            return Ok(None);
        }
        let record = dashboard::find(connection).await?;
        Ok(record.map(|record| DesiredDashboard {
            host: record.host,
            is_secure: record.tls != TlsMode::None,
            listen,
        }))
    }

    fn dashboard_view(&self, record: DashboardRecord) -> DashboardDomainView {
        DashboardDomainView {
            url: base_url(&record.host, record.tls, self.ports),
            host: record.host,
            tls: record.tls,
            certificate: record.certificate,
            dns_provider: record.dns_provider,
        }
    }
}
