//! What is known of one host's certificate, and what is to be done about it.

use longshore_agent_api::{
    CertificateOrigin, CertificateState, CertificateStatus, DnsAccess, WireSecret,
};
use longshore_domain::DomainName;
use time::{Duration, OffsetDateTime};

use super::look_up::Leads;
use super::store::{Issued, Record};
use super::words::Trouble;
use super::{pem, schedule};

/// How often it is looked whether a name leads here.
const LOOK_AGAIN: Duration = Duration::MINUTE;

/// Where a host's certificate shall come from.
#[derive(Debug, Clone)]
pub(super) enum Wish {
    /// It shall have none.
    Nothing,
    /// By ACME, with an answer over HTTP.
    Http,
    /// By ACME, with a DNS record; the credentials are known when the server has sent them.
    Dns(Option<DnsAccess>),
    /// The team's own.
    Own {
        /// As PEM.
        chain: String,
        /// As PEM.
        private_key: WireSecret,
    },
}

/// One host.
pub(super) struct Entry {
    pub(super) wish: Wish,
    pub(super) record: Record,
    pub(super) state: CertificateState,
    /// Whether the proxy has been given what there is.
    pub(super) is_shown: bool,
    /// What was noticed of the name.
    note: Option<String>,
    /// What is waited for.
    waits_for: Option<String>,
    /// When it is looked at again.
    due: Option<OffsetDateTime>,
    /// Whether a person wants an attempt, whatever DNS says.
    is_urgent: bool,
}

impl Entry {
    /// A host that has never had one.
    pub(super) fn new(host: DomainName) -> Self {
        Self {
            wish: Wish::Nothing,
            record: Record::new(host),
            state: CertificateState::Waiting,
            is_shown: false,
            note: None,
            waits_for: None,
            due: None,
            is_urgent: false,
        }
    }

    /// A host as it was stored. What the server wants is not known yet; what was wanted last
    /// goes on.
    pub(super) fn stored(record: Record) -> Self {
        let wish = match (record.is_wanted, record.by_dns) {
            (false, _) => Wish::Nothing,
            (true, true) => Wish::Dns(None),
            (true, false) => Wish::Http,
        };
        let state = match (&record.issued, &record.problem) {
            (_, Some(_)) => CertificateState::Failing,
            (Some(_), None) => CertificateState::Valid,
            (None, None) => CertificateState::Waiting,
        };
        Self {
            wish,
            state,
            due: record.is_wanted.then_some(OffsetDateTime::UNIX_EPOCH),
            ..Self::new(record.host.clone())
        }
        .with(record)
    }

    fn with(mut self, record: Record) -> Self {
        self.record = record;
        self
    }

    pub(super) fn is_wanted(&self) -> bool {
        !matches!(self.wish, Wish::Nothing)
    }

    /// Takes what the server wants.
    pub(super) fn wish(&mut self, origin: CertificateOrigin, now: OffsetDateTime) {
        let (wish, is_same) = match (origin, &self.wish) {
            (CertificateOrigin::Http, before) => (Wish::Http, matches!(before, Wish::Http)),
            (CertificateOrigin::Dns { access }, before) => {
                let is_same = matches!(before, Wish::Dns(Some(known)) if *known == access);
                (Wish::Dns(Some(access)), is_same)
            }
            (CertificateOrigin::Own { chain, private_key }, before) => {
                let is_same = matches!(before, Wish::Own { chain: known, .. } if *known == chain);
                (Wish::Own { chain, private_key }, is_same)
            }
        };
        let is_first = !self.is_wanted();
        self.record.is_wanted = true;
        self.wish = wish;
        if is_same {
            return;
        }
        self.is_shown = false;
        self.waits_for = None;
        if let Wish::Own { .. } = self.wish {
            self.state = CertificateState::Valid;
        } else {
            // Another way is another chance; a restart of the agent is not.
            if !is_first {
                self.record.retry_at = None;
            }
            if self.needs_new(now) {
                self.state = CertificateState::Waiting;
            }
        }
        self.due = Some(now);
    }

    /// Takes that it is not wanted any more.
    pub(super) fn give_up(&mut self) {
        if self.is_wanted() {
            self.wish = Wish::Nothing;
            self.record.is_wanted = false;
            self.due = Some(OffsetDateTime::UNIX_EPOCH);
        }
    }

    /// There is nothing to be done.
    pub(super) fn rest(&mut self) {
        self.due = None;
    }

    pub(super) fn insist(&mut self, now: OffsetDateTime) {
        self.is_urgent = true;
        self.record.retry_at = None;
        self.due = Some(now);
    }

    pub(super) fn due(&self) -> Option<OffsetDateTime> {
        self.due
    }

    pub(super) fn is_due(&self, now: OffsetDateTime) -> bool {
        self.due.is_some_and(|due| due <= now)
    }

    /// Whether the authority is to be asked now.
    pub(super) fn needs_new(&self, now: OffsetDateTime) -> bool {
        if self.is_urgent {
            return true;
        }
        if self.record.retry_at.is_some_and(|retry| retry > now) {
            return false;
        }
        self.record.issued.is_none() || self.record.renew_at.is_none_or(|renew| renew <= now)
    }

    /// Takes what DNS says; whether the authority may be asked.
    pub(super) fn leads(&mut self, leads: Leads, now: OffsetDateTime) -> bool {
        match leads {
            Leads::Here(note) => {
                self.note = note;
                self.waits_for = None;
                true
            }
            Leads::Elsewhere(words) if self.is_urgent => {
                self.note = Some(words);
                self.waits_for = None;
                true
            }
            Leads::Elsewhere(words) => {
                if self.record.issued.is_none() {
                    self.state = CertificateState::WaitingForDns;
                }
                self.note = None;
                self.waits_for = Some(words);
                self.due = Some(now + LOOK_AGAIN);
                false
            }
        }
    }

    pub(super) fn issued(&mut self, issued: Issued, by_dns: bool, now: OffsetDateTime) {
        let is_renewal = self.record.issued.is_some();
        let validity = pem::validity(&issued.chain);
        let (renew_at, until) = match &validity {
            Some(validity) => (
                schedule::renewal(validity.from, validity.until),
                validity.until.date().to_string(),
            ),
            None => (now + Duration::DAY, "an unknown day".to_owned()),
        };
        self.record.issued = Some(issued);
        self.record.by_dns = by_dns;
        self.record.renew_at = Some(renew_at);
        self.record.failing_since = None;
        self.record.failures = 0;
        self.record.problem = None;
        self.record.retry_at = None;
        let verb = if is_renewal { "Renewed" } else { "Issued" };
        self.record
            .note(now, format!("{verb}; valid until {until}."));
        self.state = CertificateState::Valid;
        self.is_shown = false;
        self.is_urgent = false;
        self.waits_for = None;
        self.due = Some(renew_at);
    }

    pub(super) fn failed(&mut self, trouble: &Trouble, now: OffsetDateTime) {
        self.record.failures = self.record.failures.saturating_add(1);
        self.record.failing_since.get_or_insert(now);
        self.record.problem = Some(trouble.message.clone());
        self.record.note(now, trouble.message.clone());
        let retry_at = now + schedule::pause(self.record.failures, trouble.is_limited);
        self.record.retry_at = Some(retry_at);
        self.state = CertificateState::Failing;
        self.is_urgent = false;
        self.due = Some(retry_at);
    }

    /// What the proxy is to show, unless it does.
    pub(super) fn shown(&self) -> Option<(String, String)> {
        if self.is_shown {
            return None;
        }
        match &self.wish {
            Wish::Own { chain, private_key } => {
                Some((chain.clone(), private_key.expose().to_owned()))
            }
            Wish::Http | Wish::Dns(_) => {
                let issued = self.record.issued.as_ref()?;
                Some((issued.chain.clone(), issued.private_key.clone()))
            }
            Wish::Nothing => None,
        }
    }

    /// Sets when it is looked at next, when that is over.
    pub(super) fn settle(&mut self, now: OffsetDateTime) {
        if self.due.is_none_or(|due| due > now) {
            return;
        }
        let later = |at: Option<OffsetDateTime>| at.filter(|at| *at > now);
        self.due = match self.wish {
            Wish::Own { .. } | Wish::Nothing => None,
            Wish::Http | Wish::Dns(_) => later(self.record.retry_at)
                .or(later(self.record.renew_at))
                .or(Some(now + LOOK_AGAIN)),
        };
    }

    /// The proxy did not take it.
    pub(super) fn show_again(&mut self, at: OffsetDateTime) {
        self.due = Some(self.due.map_or(at, |due| due.min(at)));
    }

    pub(super) fn status(&self) -> CertificateStatus {
        let validity = match &self.wish {
            Wish::Own { chain, .. } => pem::validity(chain),
            Wish::Http | Wish::Dns(_) | Wish::Nothing => self.record.validity(),
        };
        let is_own = matches!(self.wish, Wish::Own { .. });
        CertificateStatus {
            host: self.record.host.clone(),
            state: self.state,
            valid_from: validity.as_ref().map(|validity| validity.from),
            valid_until: validity.as_ref().map(|validity| validity.until),
            issuer: validity.map(|validity| validity.issuer),
            next_attempt: self.due.filter(|_| !is_own),
            failing_since: self.record.failing_since.filter(|_| !is_own),
            problem: self
                .waits_for
                .clone()
                .or_else(|| self.record.problem.clone())
                .filter(|_| !is_own),
            note: self.note.clone(),
            history: if is_own {
                Vec::new()
            } else {
                self.record.history.clone()
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use time::macros::datetime;

    const NOW: OffsetDateTime = datetime!(2026-01-01 0:00 UTC);

    fn entry() -> Entry {
        let mut entry = Entry::new("a.example.com".parse().unwrap());
        entry.wish(CertificateOrigin::Http, NOW);
        entry
    }

    fn issued() -> Issued {
        Issued {
            chain: "none".to_owned(),
            private_key: "none".to_owned(),
        }
    }

    #[test]
    fn a_new_host_is_asked_for_at_once_and_again_after_failures() {
        let mut entry = entry();
        assert!(entry.is_due(NOW) && entry.needs_new(NOW));
        entry.failed(&Trouble::new("No."), NOW);
        assert!(!entry.needs_new(NOW));
        assert!(entry.needs_new(NOW + Duration::minutes(2)));
        let status = entry.status();
        assert_eq!(status.state, CertificateState::Failing);
        assert_eq!(status.failing_since, Some(NOW));
        assert_eq!(status.problem.as_deref(), Some("No."));
        entry.insist(NOW);
        assert!(entry.needs_new(NOW) && entry.is_due(NOW));
        entry.issued(issued(), false, NOW);
        let status = entry.status();
        assert_eq!(
            (status.state, status.problem),
            (CertificateState::Valid, None)
        );
        assert_eq!(status.history.len(), 2);
    }

    #[test]
    fn a_name_that_leads_elsewhere_waits_unless_somebody_insists() {
        let mut entry = entry();
        let elsewhere = || Leads::Elsewhere("It is elsewhere.".to_owned());
        assert!(!entry.leads(elsewhere(), NOW));
        assert_eq!(entry.status().state, CertificateState::WaitingForDns);
        assert_eq!(entry.status().problem.as_deref(), Some("It is elsewhere."));
        assert!(entry.is_due(NOW + LOOK_AGAIN));
        entry.insist(NOW);
        assert!(entry.leads(elsewhere(), NOW));
    }

    #[test]
    fn the_same_wish_changes_nothing_and_another_way_is_another_chance() {
        let mut entry = entry();
        entry.failed(&Trouble::new("No."), NOW);
        let due = entry.due();
        entry.wish(CertificateOrigin::Http, NOW);
        assert_eq!(entry.due(), due);
        let access = DnsAccess::Cloudflare {
            token: "token".into(),
        };
        entry.wish(CertificateOrigin::Dns { access }, NOW);
        assert!(entry.is_due(NOW) && entry.needs_new(NOW));
    }

    #[test]
    fn what_is_stored_is_shown_before_the_server_speaks() {
        let mut record = Record::new("a.example.com".parse().unwrap());
        record.issued = Some(issued());
        record.renew_at = Some(NOW + Duration::DAY);
        let mut entry = Entry::stored(record);
        assert!(entry.is_due(NOW) && !entry.needs_new(NOW));
        assert!(entry.shown().is_some());
        entry.is_shown = true;
        assert!(entry.shown().is_none());
        entry.settle(NOW);
        assert_eq!(entry.due(), Some(NOW + Duration::DAY));
    }
}
