//! Ranges of IP addresses.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::str::FromStr;

use super::InvalidText;

/// A range of IP addresses in CIDR notation; a single address is a range of one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct IpRange {
    first: IpAddr,
    prefix_bits: u8,
}

impl IpRange {
    /// The range's first address.
    pub fn first(self) -> IpAddr {
        self.first
    }

    /// How many leading bits its addresses share.
    pub fn prefix_bits(self) -> u8 {
        self.prefix_bits
    }

    /// Whether an address is in it.
    pub fn contains(self, address: IpAddr) -> bool {
        let address = address.to_canonical();
        self.first.is_ipv4() == address.is_ipv4() && masked(address, self.prefix_bits) == self.first
    }
}

/// The address with all bits behind the prefix cleared.
fn masked(address: IpAddr, prefix_bits: u8) -> IpAddr {
    let bits = u32::from(prefix_bits);
    match address {
        IpAddr::V4(address) => {
            let mask = u32::MAX.checked_shl(32 - bits).unwrap_or(0);
            Ipv4Addr::from(u32::from(address) & mask).into()
        }
        IpAddr::V6(address) => {
            let mask = u128::MAX.checked_shl(128 - bits).unwrap_or(0);
            Ipv6Addr::from(u128::from(address) & mask).into()
        }
    }
}

impl FromStr for IpRange {
    type Err = InvalidText;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let refused = || {
            InvalidText::new(
                "must be an IP address or a range of them, such as 203.0.113.7 or 2001:db8::/32",
            )
        };
        let text = text.trim();
        let (address, bits) = match text.split_once('/') {
            Some((address, bits)) => (address, Some(bits)),
            None => (text, None),
        };
        let address: IpAddr = address.parse().map_err(|_| refused())?;
        let most = if address.is_ipv4() { 32 } else { 128 };
        let prefix_bits = match bits {
            None => most,
            Some(bits) if bits.len() <= 3 && bits.bytes().all(|b| b.is_ascii_digit()) => {
                bits.parse().map_err(|_| refused())?
            }
            Some(_) => return Err(refused()),
        };
        if prefix_bits > most {
            return Err(refused());
        }
        Ok(Self {
            first: masked(address, prefix_bits),
            prefix_bits,
        })
    }
}

impl std::fmt::Display for IpRange {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "{}/{}", self.first, self.prefix_bits)
    }
}

/// Ranges as one text, separated by commas; `cloudflare` stands for all that Cloudflare
/// publishes.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct IpRanges(pub Vec<IpRange>);

impl FromStr for IpRanges {
    type Err = InvalidText;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let mut ranges = Vec::new();
        let parts = text.split(',').map(str::trim);
        for part in parts.filter(|part| !part.is_empty()) {
            if part == "cloudflare" {
                ranges.extend_from_slice(crate::route::cloudflare::ranges());
                continue;
            }
            let range = part.parse().map_err(|_| {
                InvalidText::new(format!(
                    "must be addresses, ranges like 10.0.0.0/8 or cloudflare, separated by commas; {part:?} is none"
                ))
            })?;
            ranges.push(range);
        }
        Ok(Self(ranges))
    }
}

impl serde::Serialize for IpRange {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> serde::Deserialize<'de> for IpRange {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = <String as serde::Deserialize>::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::IpRange;

    #[rstest]
    #[case("203.0.113.7", "203.0.113.7/32")]
    #[case(" 10.1.2.3/8 ", "10.0.0.0/8")]
    #[case("0.0.0.0/0", "0.0.0.0/0")]
    #[case("2001:db8::1/32", "2001:db8::/32")]
    #[case("::1", "::1/128")]
    fn ranges_begin_at_their_first_address(#[case] text: &str, #[case] range: &str) {
        assert_eq!(text.parse::<IpRange>().unwrap().to_string(), range);
    }

    #[rstest]
    #[case("")]
    #[case("10.0.0.0/33")]
    #[case("10.0.0.0/-1")]
    #[case("10.0.0.0/+8")]
    #[case("::/129")]
    #[case("example.com")]
    #[case("10.0.0.0/8/8")]
    fn other_text_is_refused(#[case] text: &str) {
        assert!(text.parse::<IpRange>().is_err(), "{text}");
    }

    #[test]
    fn a_range_contains_its_own_addresses() {
        let range: IpRange = "10.0.0.0/8".parse().unwrap();
        assert!(range.contains("10.200.0.1".parse().unwrap()));
        assert!(range.contains("::ffff:10.1.1.1".parse().unwrap()));
        assert!(!range.contains("11.0.0.1".parse().unwrap()));
        assert!(!range.contains("::1".parse().unwrap()));
    }
}
