//! Who has a port that the proxy wants.

use std::fs;
use std::path::Path;

/// A sentence about a port that is taken.
pub(super) async fn describe(port: u16) -> String {
    match of(port).await {
        Some(who) => format!("Port {port}, which the proxy needs, is in use by {who}."),
        None => format!("Port {port}, which the proxy needs, is in use by another program."),
    }
}

/// The program that listens on a port, as `name (process 123)`.
pub(crate) async fn of(port: u16) -> Option<String> {
    tokio::task::spawn_blocking(move || program(port))
        .await
        .ok()
        .flatten()
}

/// The program that listens on a port, as `name (process 123)`. Blocking.
fn program(port: u16) -> Option<String> {
    let inode = ["/proc/net/tcp", "/proc/net/tcp6"]
        .into_iter()
        .filter_map(|table| fs::read_to_string(table).ok())
        .find_map(|table| listening_inode(&table, port))?;
    let wanted = format!("socket:[{inode}]");
    for process in fs::read_dir("/proc").ok()?.flatten() {
        let Ok(descriptors) = fs::read_dir(process.path().join("fd")) else {
            continue;
        };
        let holds = descriptors
            .flatten()
            .any(|fd| fs::read_link(fd.path()).is_ok_and(|target| target == Path::new(&wanted)));
        if holds {
            let name = fs::read_to_string(process.path().join("comm")).ok()?;
            let id = process.file_name();
            return Some(format!(
                "{} (process {})",
                name.trim(),
                id.to_string_lossy()
            ));
        }
    }
    None
}

/// The inode of the socket that listens on a port, from a table of proc(5).
fn listening_inode(table: &str, port: u16) -> Option<u64> {
    const LISTEN: &str = "0A";
    table.lines().skip(1).find_map(|line| {
        let fields: Vec<&str> = line.split_whitespace().collect();
        let (_, local_port) = fields.get(1)?.rsplit_once(':')?;
        let listens =
            fields.get(3) == Some(&LISTEN) && u16::from_str_radix(local_port, 16) == Ok(port);
        listens.then(|| fields.get(9)?.parse().ok()).flatten()
    })
}

#[cfg(test)]
mod tests {
    use super::listening_inode;

    #[test]
    fn the_socket_that_listens_is_found() {
        let table = "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n\
            0: 0100007F:1F90 0100007F:C350 01 00000000:00000000 00:00000000 00000000     0        0 11 1\n\
            1: 00000000:1F90 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 4242 1\n";
        assert_eq!(listening_inode(table, 8080), Some(4242));
        assert_eq!(listening_inode(table, 80), None);
    }
}
