//! The bytes of a chunk: zstd over, for each line, the sequence number and the time in
//! milliseconds (8 bytes each), the stream (1), the text's length (4) and the text;
//! numbers in little-endian order.

use time::OffsetDateTime;

use crate::{LogStream, Result, StoreError};

/// A line of a log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredLine {
    /// The sequence number of its event.
    pub sequence: i64,
    /// When it was written, to the millisecond.
    pub at: OffsetDateTime,
    /// Where it came from.
    pub stream: LogStream,
    /// The text without its line end.
    pub text: String,
}

/// Fast, and near the best ratio for log text.
const LEVEL: i32 = 3;
/// No chunk is larger; a stored one that claims to be is not believed.
const UNPACKED_MAX: u64 = 64 * 1024 * 1024;

pub(super) fn pack(lines: &[StoredLine]) -> Result<Vec<u8>> {
    let mut plain = Vec::new();
    for line in lines {
        let milliseconds = line.at.unix_timestamp_nanos() / 1_000_000;
        let length = u32::try_from(line.text.len()).map_err(|_| corrupt())?;
        plain.extend(line.sequence.to_le_bytes());
        plain.extend(
            i64::try_from(milliseconds)
                .map_err(|_| corrupt())?
                .to_le_bytes(),
        );
        plain.push(match line.stream {
            LogStream::Stdout => 0,
            LogStream::Stderr => 1,
            LogStream::System => 2,
        });
        plain.extend(length.to_le_bytes());
        plain.extend(line.text.as_bytes());
    }
    zstd::encode_all(&plain[..], LEVEL).map_err(|_| corrupt())
}

pub(super) fn unpack(packed: &[u8]) -> Result<Vec<StoredLine>> {
    use std::io::Read;

    let mut plain = Vec::new();
    zstd::Decoder::new(packed)
        .map_err(|_| corrupt())?
        .take(UNPACKED_MAX)
        .read_to_end(&mut plain)
        .map_err(|_| corrupt())?;
    let mut rest = &plain[..];
    let mut lines = Vec::new();
    while !rest.is_empty() {
        lines.push(line(&mut rest).ok_or_else(corrupt)?);
    }
    Ok(lines)
}

fn line(rest: &mut &[u8]) -> Option<StoredLine> {
    let sequence = i64::from_le_bytes(*take(rest)?);
    let milliseconds = i64::from_le_bytes(*take(rest)?);
    let stream = match take::<1>(rest)? {
        [0] => LogStream::Stdout,
        [1] => LogStream::Stderr,
        [2] => LogStream::System,
        _ => return None,
    };
    let length = usize::try_from(u32::from_le_bytes(*take(rest)?)).ok()?;
    let (text, behind) = rest.split_at_checked(length)?;
    *rest = behind;
    Some(StoredLine {
        sequence,
        at: OffsetDateTime::from_unix_timestamp_nanos(i128::from(milliseconds) * 1_000_000).ok()?,
        stream,
        text: String::from_utf8(text.to_vec()).ok()?,
    })
}

fn take<'a, const N: usize>(rest: &mut &'a [u8]) -> Option<&'a [u8; N]> {
    let (taken, behind) = rest.split_first_chunk::<N>()?;
    *rest = behind;
    Some(taken)
}

fn corrupt() -> StoreError {
    StoreError::Corrupt("a chunk of a deployment's log".to_owned())
}

#[cfg(test)]
mod tests;
