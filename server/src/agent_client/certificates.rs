//! Certificates between the use cases' words and the agent's.

use longshore_agent_api::{
    CertificateOrigin, CertificateState, CertificateStatus, DesiredCertificates, DnsAccess,
};
use longshore_control::work::{DesiredCertificate, DesiredOrigin, OpenProvider};
use longshore_control::{
    CertificateHistory, CertificateOnMachine, CertificatePhase, DnsProviderSettings,
};

/// What the agent is told.
pub(crate) fn desired(certificates: Vec<DesiredCertificate>) -> DesiredCertificates {
    let certificates = certificates.into_iter();
    DesiredCertificates {
        certificates: certificates
            .map(|certificate| longshore_agent_api::DesiredCertificate {
                host: certificate.host,
                origin: match certificate.origin {
                    DesiredOrigin::Http => CertificateOrigin::Http,
                    DesiredOrigin::Dns(provider) => CertificateOrigin::Dns {
                        access: access(provider),
                    },
                    DesiredOrigin::Own { chain, private_key } => CertificateOrigin::Own {
                        chain,
                        private_key: private_key.into(),
                    },
                },
            })
            .collect(),
    }
}

fn access(provider: OpenProvider) -> DnsAccess {
    let secret = provider.secret.into();
    match provider.settings {
        DnsProviderSettings::Cloudflare => DnsAccess::Cloudflare { token: secret },
        DnsProviderSettings::Rfc2136 {
            server,
            zone,
            key_name,
            algorithm,
        } => DnsAccess::Rfc2136 {
            server,
            // It was parsed when it was stored.
            zone: zone.and_then(|zone| zone.parse().ok()),
            key_name,
            algorithm,
            key: secret,
        },
        DnsProviderSettings::Webhook { url, username } => DnsAccess::Webhook {
            url,
            username,
            password: secret,
        },
    }
}

/// What the agent says.
pub(super) fn on_machine(status: CertificateStatus) -> CertificateOnMachine {
    CertificateOnMachine {
        host: status.host,
        state: match status.state {
            CertificateState::Waiting => CertificatePhase::Waiting,
            CertificateState::WaitingForDns => CertificatePhase::WaitingForDns,
            CertificateState::Asking => CertificatePhase::Asking,
            CertificateState::Valid => CertificatePhase::Valid,
            CertificateState::Failing => CertificatePhase::Failing,
        },
        valid_until: status.valid_until,
        issuer: status.issuer,
        next_attempt: status.next_attempt,
        failing_since: status.failing_since,
        problem: status.problem,
        note: status.note,
        history: status
            .history
            .into_iter()
            .map(|event| CertificateHistory {
                at: event.at,
                text: event.text,
            })
            .collect(),
    }
}
