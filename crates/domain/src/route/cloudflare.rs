//! The addresses from which Cloudflare's proxies connect.

use std::net::IpAddr;
use std::sync::LazyLock;

use crate::IpRange;

/// One range a line; what begins with `#` is a comment and says the list's date.
const LIST: &str = include_str!("cloudflare-ranges.txt");

static RANGES: LazyLock<Vec<IpRange>> = LazyLock::new(|| {
    LIST.lines()
        .map(str::trim)
        .filter(|line| !line.is_empty() && !line.starts_with('#'))
        .filter_map(|line| line.parse().ok())
        .collect()
});

/// All ranges that Cloudflare publishes.
pub fn ranges() -> &'static [IpRange] {
    &RANGES
}

/// Whether an address belongs to Cloudflare's proxies.
pub fn is_cloudflare(address: IpAddr) -> bool {
    RANGES.iter().any(|range| range.contains(address))
}

#[cfg(test)]
mod tests {
    use super::{LIST, is_cloudflare, ranges};

    #[test]
    fn every_line_of_the_list_is_a_range() {
        let lines = LIST.lines().filter(|line| !line.starts_with('#'));
        assert_eq!(
            ranges().len(),
            lines.filter(|line| !line.is_empty()).count()
        );
        assert!(is_cloudflare("104.16.1.1".parse().unwrap()));
        assert!(is_cloudflare("2606:4700::1".parse().unwrap()));
        assert!(!is_cloudflare("203.0.113.1".parse().unwrap()));
    }
}
