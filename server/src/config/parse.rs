//! Parsers of single values. Each error says what would be right.

use std::net::{IpAddr, SocketAddr};
use std::path::{Path, PathBuf};

use longshore_domain::{IpRange, IpRanges};
use url::Url;

use super::values::{DatabaseUrl, InstanceName};

/// Longest path of a Unix socket in bytes (`sun_path` of Linux less its terminator).
const SOCKET_PATH_LIMIT_BYTES: usize = 107;

/// The part of the database's socket path below the run directory.
const DATABASE_SOCKET_SUFFIX: &str = "/postgres/.s.PGSQL.5432";

pub(super) fn absolute_path(text: &str) -> Result<PathBuf, String> {
    let strange =
        |character: char| character.is_control() || matches!(character, ',' | '"' | '\'' | '\\');
    if !text.starts_with('/') || text.contains(strange) || text.split('/').any(|part| part == "..")
    {
        return Err("an absolute path without quotes, commas, backslashes and '..'".to_owned());
    }
    Ok(PathBuf::from(text))
}

/// Absolute paths, the root not among them: who may mount it has the machine.
pub(super) fn directories(text: &str) -> Result<Vec<PathBuf>, String> {
    text.split(',')
        .map(str::trim)
        .filter(|part| !part.is_empty())
        .map(|part| match absolute_path(part.trim_end_matches('/')) {
            Ok(path) => Ok(path),
            Err(_) => Err(format!(
                "absolute paths of directories, separated by commas, the root not among them; {part:?} is none"
            )),
        })
        .collect()
}

pub(super) fn socket_directory(text: &str) -> Result<PathBuf, String> {
    let path = absolute_path(text)?;
    let limit = SOCKET_PATH_LIMIT_BYTES - DATABASE_SOCKET_SUFFIX.len();
    if text.len() > limit {
        return Err(format!(
            "an absolute path of at most {limit} bytes, because it holds Unix sockets"
        ));
    }
    Ok(path)
}

pub(super) fn socket_path(text: &str) -> Result<PathBuf, String> {
    let path = absolute_path(text)?;
    if text.len() > SOCKET_PATH_LIMIT_BYTES {
        return Err(format!(
            "an absolute path of at most {SOCKET_PATH_LIMIT_BYTES} bytes, because it is a Unix socket"
        ));
    }
    Ok(path)
}

pub(super) fn existing_file(text: &str) -> Result<PathBuf, String> {
    let path = absolute_path(text)?;
    if Path::new(&path).is_file() {
        Ok(path)
    } else {
        Err("the path of an existing file".to_owned())
    }
}

pub(super) fn listen_address(text: &str) -> Result<SocketAddr, String> {
    match text.parse::<SocketAddr>() {
        Ok(address) if address.port() != 0 => Ok(address),
        _ => Err("an IP address and a port, like 0.0.0.0:3000 or [::]:3000".to_owned()),
    }
}

pub(super) fn port(text: &str) -> Result<u16, String> {
    match text.parse::<u16>() {
        Ok(port) if port != 0 => Ok(port),
        _ => Err("a port from 1 to 65535".to_owned()),
    }
}

pub(super) fn days(text: &str) -> Result<u32, String> {
    match text.parse::<u32>() {
        Ok(days) if (1..=3650).contains(&days) => Ok(days),
        _ => Err("a number of days from 1 to 3650".to_owned()),
    }
}

pub(super) fn base_url(text: &str) -> Result<Url, String> {
    let expected = || "a URL like https://longshore.example.com, without path and query".to_owned();
    let url = Url::parse(text).map_err(|_| expected())?;
    let plain = matches!(url.scheme(), "http" | "https")
        && url.has_host()
        && url.path() == "/"
        && url.query().is_none()
        && url.fragment().is_none()
        && url.username().is_empty()
        && url.password().is_none();
    if plain { Ok(url) } else { Err(expected()) }
}

pub(super) fn acme_directory(text: &str) -> Result<Url, String> {
    match Url::parse(text) {
        Ok(url) if url.scheme() == "https" && url.has_host() => Ok(url),
        _ => Err("the https:// URL of an ACME directory".to_owned()),
    }
}

/// Ranges, and `cloudflare` for all that Cloudflare publishes.
pub(super) fn ip_ranges(text: &str) -> Result<Vec<IpRange>, String> {
    text.parse::<IpRanges>()
        .map(|ranges| ranges.0)
        .map_err(|_| {
            "addresses, ranges like 10.0.0.0/8 or cloudflare, separated by commas".to_owned()
        })
}

pub(super) fn ip_addresses(text: &str) -> Result<Vec<IpAddr>, String> {
    text.split(',')
        .map(str::trim)
        .filter(|part| !part.is_empty())
        .map(|part| part.parse().map_err(|_| part))
        .collect::<Result<_, _>>()
        .map_err(|part| format!("IP addresses separated by commas; {part:?} is none"))
}

pub(super) fn name_server(text: &str) -> Result<SocketAddr, String> {
    let alone = text
        .parse::<IpAddr>()
        .map(|address| SocketAddr::new(address, 53));
    text.parse()
        .or(alone)
        .map_err(|_| "the address of a DNS server, like 9.9.9.9 or 127.0.0.1:8053".to_owned())
}

pub(super) fn instance_name(text: &str) -> Result<InstanceName, String> {
    let plain = |character: char| {
        character.is_ascii_lowercase() || character.is_ascii_digit() || character == '-'
    };
    let good = text.starts_with(|first: char| first.is_ascii_lowercase())
        && text.len() <= 24
        && text.chars().all(plain)
        && !text.ends_with('-');
    if good {
        Ok(InstanceName(text.to_owned()))
    } else {
        Err("up to 24 lower-case letters, digits and dashes, starting with a letter".to_owned())
    }
}

pub(super) fn database_url(text: &str) -> Result<DatabaseUrl, String> {
    match Url::parse(text) {
        Ok(url) if matches!(url.scheme(), "postgres" | "postgresql") => {
            Ok(DatabaseUrl(text.to_owned()))
        }
        _ => Err("a URL like postgres://user:password@host:5432/database".to_owned()),
    }
}

pub(super) fn image_reference(text: &str) -> Result<String, String> {
    let plain = |character: char| character.is_ascii_alphanumeric() || "._-/:@".contains(character);
    if text.len() <= 255
        && text.chars().all(plain)
        && text.starts_with(|first: char| first.is_ascii_alphanumeric())
    {
        Ok(text.to_owned())
    } else {
        Err("an image reference like traefik:v3.7".to_owned())
    }
}

pub(super) fn email(text: &str) -> Result<String, String> {
    let plain =
        !text.contains(|character: char| character.is_whitespace() || character.is_control());
    match text.split_once('@') {
        Some((name, host)) if plain && !name.is_empty() && host.contains('.') => {
            Ok(text.to_owned())
        }
        _ => Err("an e-mail address".to_owned()),
    }
}

pub(super) fn user_name(text: &str) -> Result<String, String> {
    let plain = |character: char| {
        character.is_ascii_lowercase()
            || character.is_ascii_digit()
            || matches!(character, '_' | '-')
    };
    if !text.is_empty() && text.len() <= 32 && text.chars().all(plain) && !text.starts_with('-') {
        Ok(text.to_owned())
    } else {
        Err("the name of a system user".to_owned())
    }
}
