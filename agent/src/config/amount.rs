//! Amounts of memory or disk in settings: a share of what there is, or bytes.

use std::fmt;
use std::str::FromStr;

/// A share of the whole, or a number of bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Amount {
    /// Hundredths of the whole, 0 to 100.
    Percent(u8),
    /// Bytes.
    Bytes(u64),
}

impl Amount {
    /// In bytes, of a whole.
    #[must_use]
    pub fn of(self, whole: u64) -> u64 {
        match self {
            // Divided first: no disk is so small that it matters, and nothing overflows.
            Self::Percent(percent) => whole / 100 * u64::from(percent),
            Self::Bytes(bytes) => bytes,
        }
    }
}

/// The text is no amount.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("must be a share such as 10% or a size such as 512MB or 10GB")]
pub struct AmountError;

impl FromStr for Amount {
    type Err = AmountError;

    fn from_str(text: &str) -> Result<Self, AmountError> {
        let text = text.trim();
        let digits = text.bytes().take_while(u8::is_ascii_digit).count();
        let (number, unit) = text.split_at(digits);
        let number: u64 = number.parse().map_err(|_| AmountError)?;
        let factor = match unit.trim().to_ascii_lowercase().as_str() {
            "%" => {
                return u8::try_from(number)
                    .ok()
                    .filter(|percent| *percent <= 100)
                    .map(Self::Percent)
                    .ok_or(AmountError);
            }
            "" | "b" => 1,
            "k" | "kb" => 1000,
            "kib" => 1 << 10,
            "m" | "mb" => 1_000_000,
            "mib" => 1 << 20,
            "g" | "gb" => 1_000_000_000,
            "gib" => 1 << 30,
            "t" | "tb" => 1_000_000_000_000,
            "tib" => 1 << 40,
            _ => return Err(AmountError),
        };
        number
            .checked_mul(factor)
            .map(Self::Bytes)
            .ok_or(AmountError)
    }
}

/// Bytes for people: `1.5 GB`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Size(pub u64);

impl fmt::Display for Size {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let bytes = self.0;
        for (unit, name) in [
            (1_000_000_000_000, "TB"),
            (1_000_000_000, "GB"),
            (1_000_000, "MB"),
            (1000, "kB"),
        ] {
            if bytes >= unit {
                return write!(
                    formatter,
                    "{}.{} {name}",
                    bytes / unit,
                    bytes % unit * 10 / unit
                );
            }
        }
        write!(formatter, "{bytes} bytes")
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::{Amount, AmountError, Size};

    #[rstest]
    #[case("10%", Amount::Percent(10))]
    #[case("100 %", Amount::Percent(100))]
    #[case("0", Amount::Bytes(0))]
    #[case("1500", Amount::Bytes(1500))]
    #[case("512MB", Amount::Bytes(512_000_000))]
    #[case("2 GiB", Amount::Bytes(2_147_483_648))]
    #[case("10g", Amount::Bytes(10_000_000_000))]
    fn amounts_are_shares_or_sizes(#[case] text: &str, #[case] amount: Amount) {
        assert_eq!(text.parse(), Ok(amount));
    }

    #[rstest]
    #[case("")]
    #[case("101%")]
    #[case("-1")]
    #[case("1.5GB")]
    #[case("10 bananas")]
    #[case("99999999999999TB")]
    fn other_texts_are_refused(#[case] text: &str) {
        assert_eq!(text.parse::<Amount>(), Err(AmountError));
    }

    #[test]
    fn a_share_is_of_the_whole() {
        assert_eq!(Amount::Percent(75).of(4000), 3000);
        assert_eq!(Amount::Percent(100).of(u64::MAX), u64::MAX / 100 * 100);
        assert_eq!(Amount::Bytes(7).of(4000), 7);
    }

    #[test]
    fn sizes_are_readable() {
        assert_eq!(Size(999).to_string(), "999 bytes");
        assert_eq!(Size(1_540_000_000).to_string(), "1.5 GB");
        assert_eq!(Size(64_000_000).to_string(), "64.0 MB");
    }
}
