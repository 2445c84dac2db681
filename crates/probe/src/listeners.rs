//! On which ports the container's programs listen, as the kernel tells in `/proc/net`.

use std::fs;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// Docker's name server, which is in every container.
const DOCKER_DNS: IpAddr = IpAddr::V4(Ipv4Addr::new(127, 0, 0, 11));
/// `TCP_LISTEN` of the kernel.
const LISTEN: &str = "0A";

/// A socket that takes connections.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Listener {
    pub address: IpAddr,
    pub port: u16,
}

impl Listener {
    /// Whether only programs of the container itself reach it.
    pub fn is_local(self) -> bool {
        self.address.to_canonical().is_loopback()
    }
}

/// All of them; none when the kernel does not tell.
pub fn listeners() -> Vec<Listener> {
    ["/proc/net/tcp", "/proc/net/tcp6"]
        .into_iter()
        .filter_map(|table| fs::read_to_string(table).ok())
        .flat_map(|table| parse(&table))
        .collect()
}

fn parse(table: &str) -> Vec<Listener> {
    table
        .lines()
        .skip(1)
        .filter_map(|line| {
            let mut fields = line.split_ascii_whitespace().skip(1);
            let (address, port) = fields.next()?.split_once(':')?;
            let is_listening = fields.nth(1)? == LISTEN;
            let listener = Listener {
                address: parse_address(address)?,
                port: u16::from_str_radix(port, 16).ok()?,
            };
            (is_listening && listener.address != DOCKER_DNS).then_some(listener)
        })
        .collect()
}

/// Words of four bytes, each in the machine's own order.
fn parse_address(text: &str) -> Option<IpAddr> {
    let mut bytes = Vec::new();
    for start in (0..text.len()).step_by(8) {
        let word = u32::from_str_radix(text.get(start..start + 8)?, 16).ok()?;
        bytes.extend(word.to_ne_bytes());
    }
    match *bytes.as_slice() {
        [a, b, c, d] => Some(Ipv4Addr::new(a, b, c, d).into()),
        _ => Some(Ipv6Addr::from(<[u8; 16]>::try_from(bytes).ok()?).into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[cfg(target_endian = "little")]
    fn listening_sockets_are_read() {
        let table = "  sl  local_address rem_address   st tx_queue rx_queue\n\
             0: 0100007F:1F90 00000000:0000 0A 00000000:00000000 00:00000000\n\
             1: 0B00007F:9C41 00000000:0000 0A 00000000:00000000 00:00000000\n\
             2: 00000000:0050 00000000:0000 0A 00000000:00000000 00:00000000\n\
             3: 0100007F:1F90 0100007F:C001 01 00000000:00000000 00:00000000\n";
        let found = parse(table);
        assert_eq!(found.len(), 2, "{found:?}");
        assert_eq!((found[0].port, found[0].is_local()), (8080, true));
        assert_eq!((found[1].port, found[1].is_local()), (80, false));
    }

    #[test]
    #[cfg(target_endian = "little")]
    fn loopback_is_known_in_its_other_forms() {
        for (address, local) in [
            ("00000000000000000000000001000000", true),
            ("0000000000000000FFFF00000100007F", true),
            ("00000000000000000000000000000000", false),
        ] {
            let table = format!("head\n 0: {address}:1F90 00000000:0000 0A x\n");
            assert_eq!(parse(&table)[0].is_local(), local, "{address}");
        }
    }
}
