//! Connections: one thread each, in bounded number.

use std::io::{self, BufWriter, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

use crate::answer::answer;
use crate::file::Site;
use crate::request;

/// More wait in the kernel's queue.
const MAX_CONNECTIONS: usize = 1024;
/// How long a client may be silent. Longer than the proxy keeps a connection without
/// use, so that it is never the server that closes first.
const SILENCE: Duration = Duration::from_secs(120);

/// Serves until the process ends.
pub fn accept(listener: &TcpListener, site: &Site) {
    let open = AtomicUsize::new(0);
    thread::scope(|scope| {
        for stream in listener.incoming() {
            while open.load(Ordering::Acquire) >= MAX_CONNECTIONS {
                thread::sleep(Duration::from_millis(5));
            }
            // A connection that failed before it was accepted is nobody's.
            let Ok(stream) = stream else {
                thread::sleep(Duration::from_millis(5));
                continue;
            };
            open.fetch_add(1, Ordering::AcqRel);
            let open = &open;
            let spawned =
                thread::Builder::new()
                    .stack_size(256 * 1024)
                    .spawn_scoped(scope, move || {
                        // A client that goes away is no news.
                        let _ = converse(&stream, site);
                        open.fetch_sub(1, Ordering::AcqRel);
                    });
            if spawned.is_err() {
                open.fetch_sub(1, Ordering::AcqRel);
            }
        }
    });
}

fn converse(stream: &TcpStream, site: &Site) -> io::Result<()> {
    stream.set_nodelay(true)?;
    stream.set_read_timeout(Some(SILENCE))?;
    stream.set_write_timeout(Some(SILENCE))?;
    let mut reader = stream;
    let mut writer = BufWriter::with_capacity(32 * 1024, stream);
    let mut buffer = Vec::new();
    while let Some(request) = request::read(&mut reader, &mut buffer)? {
        answer(site, &request, &mut writer)?;
        writer.flush()?;
        if !request.is_ok_and(|request| request.keep_alive) {
            break;
        }
    }
    Ok(())
}
