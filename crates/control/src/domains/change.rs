//! Changing a domain, and the name for tests.

use std::net::IpAddr;

use longshore_domain::route::{DomainOptions, HostRedirect, TlsMode};
use longshore_domain::{DomainId, Permission, ServiceId};
use longshore_store::domains::{self, DomainRecord};
use longshore_store::events::{self, Event};
use longshore_store::services::{self, ServiceRecord};

use super::domain_view;
use crate::access::Authorized;
use crate::transaction::note;
use crate::{Actor, Control, ControlError, DomainDraft, DomainPatch, DomainView, Result};

impl Control {
    /// One domain.
    ///
    /// # Errors
    /// [`ControlError::NotFound`].
    pub async fn show_domain(&self, actor: &Actor, id: DomainId) -> Result<DomainView> {
        let mut connection = self.connection().await?;
        let domain =
            Authorized::<DomainRecord>::load(&mut connection, actor, id, Permission::View).await?;
        Ok(domain_view(domain.get(), self.ports))
    }

    /// Changes everything of a domain but its host; a live version gets it at once.
    ///
    /// # Errors
    /// The problems of all fields.
    pub async fn update_domain(
        &self,
        actor: &Actor,
        id: DomainId,
        patch: DomainPatch,
    ) -> Result<DomainView> {
        let mut transaction = self.begin().await?;
        let domain =
            Authorized::<DomainRecord>::load(&mut transaction, actor, id, Permission::Change)
                .await?;
        let before = domain.get();
        services::lock(&mut transaction, before.service).await?;
        let service = services::find(&mut transaction, before.team, before.service)
            .await?
            .ok_or(ControlError::NotFound)?;
        let draft = DomainDraft {
            host: before.host.to_string(),
            path_prefix: Some(
                patch
                    .path_prefix
                    .unwrap_or_else(|| before.path_prefix.to_string()),
            ),
            strip_prefix: patch.strip_prefix.unwrap_or(before.strip_prefix),
            port: patch
                .port
                .unwrap_or(before.port.map(|port| i64::from(port.get()))),
            tls: patch.tls.unwrap_or_else(|| before.tls.as_str().to_owned()),
            certificate: patch.certificate.unwrap_or(before.certificate),
            dns_provider: patch.dns_provider.unwrap_or(before.dns_provider),
            options: patch.options.clone().unwrap_or_default(),
            component: patch
                .component
                .or_else(|| before.component.as_ref().map(ToString::to_string)),
        };
        let parsed = self.parse_domain(&service, &draft)?;
        let options = match patch.options {
            None => before.options.clone(),
            Some(options) => {
                let known = &before.options.basic_auth;
                self.options(&mut transaction, &service, options, known)
                    .await?
            }
        };
        let owner = (id, before.team, before.service);
        let changed = parsed.record(&mut transaction, owner, options).await?;
        domains::update(&mut transaction, &changed).await?;
        let target = format!("domain:{}", changed.host);
        note(&mut transaction, actor, &domain, "domain.update", &target).await?;
        events::notify(
            &mut transaction,
            &[Event::Service(changed.service), Event::Machine],
        )
        .await?;
        self.commit(transaction).await?;
        Ok(domain_view(&changed, self.ports))
    }

    /// Adds the same host with `www.`, or without it, and sends its requests to this one.
    ///
    /// # Errors
    /// As [`Control::add_domain`].
    pub async fn add_twin(&self, actor: &Actor, id: DomainId) -> Result<DomainView> {
        let domain = {
            let mut connection = self.connection().await?;
            Authorized::<DomainRecord>::load(&mut connection, actor, id, Permission::Change)
                .await?
                .into_inner()
        };
        if domain.host.is_wildcard() {
            return Err(ControlError::refused(
                "A wildcard has no other name with www.",
            ));
        }
        let url = domain_view(&domain, self.ports).url;
        let to = url
            .strip_suffix(domain.path_prefix.as_str())
            .unwrap_or(&url);
        let draft = DomainDraft {
            host: twin(domain.host.as_str()),
            port: domain.port.map(|port| i64::from(port.get())),
            tls: domain.tls.as_str().to_owned(),
            certificate: domain.certificate,
            dns_provider: domain.dns_provider,
            options: DomainOptions {
                redirect_to: Some(HostRedirect {
                    to: to.parse().map_err(ControlError::internal)?,
                    keep_path: true,
                    permanent: true,
                }),
                ..DomainOptions::default()
            },
            ..DomainDraft::default()
        };
        self.add_domain(actor, domain.service, draft).await
    }

    /// Gives a service a name that leads to this machine without any DNS record of one's own:
    /// sslip.io answers with the address that is in the name.
    ///
    /// # Errors
    /// [`ControlError::Refused`] when the machine's address is not known.
    pub async fn add_test_domain(&self, actor: &Actor, id: ServiceId) -> Result<DomainView> {
        let address = self.settings.addresses.first().copied().ok_or_else(|| {
            ControlError::refused(
                "The server's public address is not known; set public_addresses in its configuration.",
            )
        })?;
        let name = {
            let mut connection = self.connection().await?;
            let service =
                Authorized::<ServiceRecord>::load(&mut connection, actor, id, Permission::Change)
                    .await?;
            service.get().name.to_string()
        };
        // Other teams may have a service of this name too.
        let tail = id.0.simple().to_string();
        let tail = tail.get(tail.len() - 6..).unwrap_or_default().to_owned();
        let draft = |host| DomainDraft {
            host,
            tls: TlsMode::None.as_str().to_owned(),
            ..DomainDraft::default()
        };
        let plain = draft(test_name(&name, address));
        match self.add_domain(actor, id, plain).await {
            Err(ControlError::Conflict(_)) => {
                let other = draft(test_name(&format!("{name}-{tail}"), address));
                self.add_domain(actor, id, other).await
            }
            other => other,
        }
    }
}

/// `www.example.com` for `example.com`, and the other way round.
fn twin(host: &str) -> String {
    match host.strip_prefix("www.") {
        Some(apex) => apex.to_owned(),
        None => format!("www.{host}"),
    }
}

fn test_name(name: &str, address: IpAddr) -> String {
    // Dashes stand for dots and colons.
    let address = match address {
        IpAddr::V4(address) => address.to_string().replace('.', "-"),
        IpAddr::V6(address) => {
            let text = address.to_string().replace(':', "-");
            // A label may not begin or end with a dash.
            let start = if text.starts_with('-') { "0" } else { "" };
            let end = if text.ends_with('-') { "0" } else { "" };
            format!("{start}{text}{end}")
        }
    };
    let most = 63 - 7;
    format!("{}.{address}.sslip.io", &name[..name.len().min(most)])
}

#[cfg(test)]
mod tests {
    use super::test_name;

    #[test]
    fn the_name_for_tests_holds_the_address() {
        for (address, name) in [
            ("203.0.113.7", "web.203-0-113-7.sslip.io"),
            ("2001:db8::1", "web.2001-db8--1.sslip.io"),
            ("::1", "web.0--1.sslip.io"),
            ("2001:db8::", "web.2001-db8--0.sslip.io"),
        ] {
            assert_eq!(test_name("web", address.parse().unwrap()), name);
        }
    }
}
