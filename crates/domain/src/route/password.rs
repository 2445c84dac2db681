//! Passwords that the proxy asks for, as hashes.

use std::str::FromStr;

use crate::InvalidText;

/// The hash of a password as `htpasswd` writes it: bcrypt, or Apache's MD5 (`$apr1$`).
/// Unsalted hashes are refused. Prints as `[redacted]`.
#[derive(Clone, PartialEq, Eq)]
pub struct PasswordHash(String);

impl PasswordHash {
    /// The hash, for the proxy.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl std::fmt::Debug for PasswordHash {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("[redacted]")
    }
}

impl FromStr for PasswordHash {
    type Err = InvalidText;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let text = text.trim();
        if is_bcrypt(text) || is_apr1(text) {
            return Ok(Self(text.to_owned()));
        }
        Err(InvalidText::new(
            "must be a hash by bcrypt ($2y$…, cost 4 to 12) or by Apache's MD5 ($apr1$…)",
        ))
    }
}

fn is_crypt_text(text: &str) -> bool {
    text.bytes()
        .all(|b| b.is_ascii_alphanumeric() || b == b'.' || b == b'/')
}

fn is_bcrypt(text: &str) -> bool {
    let Some((cost, rest)) = ["$2a$", "$2b$", "$2y$"]
        .iter()
        .find_map(|start| text.strip_prefix(start))
        .and_then(|rest| rest.split_once('$'))
    else {
        return false;
    };
    let is_cheap = cost.len() == 2 && cost.parse().is_ok_and(|cost: u8| (4..=12).contains(&cost));
    is_cheap && rest.len() == 53 && is_crypt_text(rest)
}

fn is_apr1(text: &str) -> bool {
    let parts = text
        .strip_prefix("$apr1$")
        .and_then(|rest| rest.split_once('$'));
    parts.is_some_and(|(salt, hash)| {
        (1..=8).contains(&salt.len())
            && is_crypt_text(salt)
            && hash.len() == 22
            && is_crypt_text(hash)
    })
}

impl serde::Serialize for PasswordHash {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

impl<'de> serde::Deserialize<'de> for PasswordHash {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = <String as serde::Deserialize>::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::PasswordHash;

    #[test]
    fn hashes_of_htpasswd_are_read_and_never_printed() {
        let apr1: PasswordHash = "$apr1$H6uskkkW$IgXLP6ewTrSuBkTrqE8wj/".parse().unwrap();
        assert_eq!(format!("{apr1:?}"), "[redacted]");
        let bcrypt = "$2y$05$c4WoMPo3SXsafkva.HHa6uXQZWr7oboPiC2bT/r7q1BB8I2s0BRqC";
        assert_eq!(bcrypt.parse::<PasswordHash>().unwrap().expose(), bcrypt);
    }

    #[test]
    fn plain_unsalted_and_costly_ones_are_refused() {
        for text in [
            "secret",
            "{SHA}W6ph5Mm5Pz8GgiULbPgzG37mj9g=",
            "$2y$31$c4WoMPo3SXsafkva.HHa6uXQZWr7oboPiC2bT/r7q1BB8I2s0BRqC",
            "$apr1$a:b$IgXLP6ewTrSuBkTrqE8wj/",
            "$apr1$H6uskkkW$IgXLP6ewTrSuBkTrqE8wj/,x:y",
        ] {
            assert!(text.parse::<PasswordHash>().is_err(), "{text}");
        }
    }
}
