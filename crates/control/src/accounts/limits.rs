//! Limits of attempts to prove who one is, by account and by peer address.

use std::net::IpAddr;
use std::time::Duration;

use longshore_domain::EmailAddress;
use longshore_store::logins;

use crate::{Control, ControlError, Result};

/// Attempts count for this long.
const WINDOW: time::Duration = time::Duration::minutes(15);
/// Attempts of an account that are free in a window.
const FREE_OF_ACCOUNT: i32 = 5;
/// Attempts of a peer address that are free in a window; several people may share one.
const FREE_OF_PEER: i32 = 20;
/// The first block; each further attempt doubles it, up to the window.
const FIRST_BLOCK: time::Duration = time::Duration::seconds(30);

/// Who tries: counted before the attempt is looked at, so that attempts at once cannot
/// slip through, and taken back when it was right.
pub(super) struct Attempt {
    account: Option<String>,
    peer: Option<String>,
}

impl Attempt {
    pub(super) fn new(email: Option<&EmailAddress>, peer: Option<IpAddr>) -> Self {
        Self {
            account: email.map(|email| format!("account:{email}")),
            peer: peer.map(|peer| format!("peer:{}", network(peer))),
        }
    }

    /// Counts the attempt.
    pub(super) async fn begin(&self, control: &Control) -> Result<()> {
        let now = control.clock.now();
        let mut transaction = control.begin().await?;
        for (subject, free) in [(&self.account, FREE_OF_ACCOUNT), (&self.peer, FREE_OF_PEER)] {
            let Some(subject) = subject else { continue };
            let attempts = logins::count(&mut transaction, subject, now, now - WINDOW).await?;
            if let Some(until) = attempts.blocked_until.filter(|until| *until > now) {
                let wait = Duration::try_from(until - now).unwrap_or(Duration::ZERO);
                return Err(ControlError::TooManyAttempts {
                    // Whole seconds, so that it is over when they have passed.
                    retry_after: Duration::from_secs(wait.as_secs() + 1),
                });
            }
            if attempts.count >= free {
                let doublings = u32::try_from(attempts.count - free).unwrap_or(0).min(10);
                let block = (FIRST_BLOCK * 2_i32.pow(doublings)).min(WINDOW);
                logins::block(&mut transaction, subject, now + block).await?;
            }
        }
        control.commit(transaction).await
    }

    /// The attempt was right.
    pub(super) async fn succeed(&self, control: &Control) -> Result<()> {
        let mut transaction = control.begin().await?;
        if let Some(account) = &self.account {
            logins::forget(&mut transaction, account).await?;
        }
        if let Some(peer) = &self.peer {
            logins::take_back(&mut transaction, peer).await?;
        }
        control.commit(transaction).await
    }
}

/// One customer of an IPv6 provider has a /64 at least.
fn network(peer: IpAddr) -> IpAddr {
    match peer.to_canonical() {
        IpAddr::V6(address) => {
            let bits = u128::from(address) & !u128::from(u64::MAX);
            IpAddr::V6(bits.into())
        }
        IpAddr::V4(address) => IpAddr::V4(address),
    }
}
