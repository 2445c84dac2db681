//! Free ports on the loopback address.

use std::net::TcpListener;
use std::time::Duration;

use tokio::net::TcpStream;

/// A port that nobody listens on at the moment.
///
/// # Panics
/// When the machine has none.
pub fn free() -> u16 {
    let listener = TcpListener::bind(("127.0.0.1", 0)).expect("a free port");
    listener.local_addr().expect("its address").port()
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
