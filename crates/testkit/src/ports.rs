//! Free ports on the loopback address.

use std::net::TcpListener;
use std::sync::{LazyLock, Mutex, PoisonError};
use std::time::Duration;

use tokio::net::TcpStream;

/// Ports that are given away: below those that Linux takes for outgoing connections (from 32768, see
/// `ip_local_port_range` in ip(7)) and those that Swarm publishes (from 30000).
const FIRST: u16 = 20_000;
const LAST: u16 = 29_999;

/// A port that nobody listens on at the moment, and that this program gives away once.
///
/// # Panics
/// When the machine has none.
pub fn free() -> u16 {
    static NEXT: LazyLock<Mutex<u16>> = LazyLock::new(|| {
        // Two programs at once begin at places of their own.
        let place = std::process::id().wrapping_mul(97) % u32::from(LAST - FIRST);
        Mutex::new(FIRST + u16::try_from(place).expect("below the number of ports"))
    });
    let mut next = NEXT.lock().unwrap_or_else(PoisonError::into_inner);
    for _ in FIRST..=LAST {
        let port = *next;
        *next = if port == LAST { FIRST } else { port + 1 };
        if TcpListener::bind(("0.0.0.0", port)).is_ok() {
            return port;
        }
    }
    panic!("no port of {FIRST} to {LAST} is free");
}

/// Waits until somebody listens on a port of the loopback address.
///
/// # Panics
/// After ten seconds.
pub async fn listening(port: u16) {
    crate::wait::until("a listening port", Duration::from_secs(10), || async {
        TcpStream::connect(("127.0.0.1", port)).await.ok()
    })
    .await;
}
