use super::*;

fn line(sequence: i64, text: &str) -> StoredLine {
    StoredLine {
        sequence,
        at: OffsetDateTime::from_unix_timestamp(1_700_000_000 + sequence).unwrap(),
        stream: LogStream::Stderr,
        text: text.to_owned(),
    }
}

#[test]
fn packed_lines_come_back() {
    let lines = vec![line(1, ""), line(2, "a\u{1b}[31mb"), line(9, "ünïcode")];
    assert_eq!(unpack(&pack(&lines).unwrap()).unwrap(), lines);
}

#[test]
fn a_damaged_chunk_is_an_error() {
    let packed = pack(&[line(1, "text that is long enough to matter")]).unwrap();
    assert!(unpack(&packed[..packed.len() - 4]).is_err());
    assert!(unpack(b"not zstd").is_err());
    let truncated = zstd::encode_all(&[1_u8; 20][..], 3).unwrap();
    assert!(unpack(&truncated).is_err());
}
