//! Gzip (RFC 1951 and 1952) with fixed codes: a few dozen lines that bring text down to
//! less than half.

/// How far back a repetition is looked for, in bytes.
const WINDOW: usize = 32 * 1024;
/// How many earlier places are compared.
const TRIES: usize = 32;
const MIN_MATCH: usize = 3;
const MAX_MATCH: usize = 258;
const HASH_BITS: u32 = 15;
const NOWHERE: u32 = u32::MAX;

/// First length, and extra bits, of the codes 257 to 285.
const LENGTHS: [(u16, u8); 29] = [
    (3, 0),
    (4, 0),
    (5, 0),
    (6, 0),
    (7, 0),
    (8, 0),
    (9, 0),
    (10, 0),
    (11, 1),
    (13, 1),
    (15, 1),
    (17, 1),
    (19, 2),
    (23, 2),
    (27, 2),
    (31, 2),
    (35, 3),
    (43, 3),
    (51, 3),
    (59, 3),
    (67, 4),
    (83, 4),
    (99, 4),
    (115, 4),
    (131, 5),
    (163, 5),
    (195, 5),
    (227, 5),
    (258, 0),
];

/// The bytes as a gzip file.
pub fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut out = Bits {
        bytes: vec![0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 255],
        ..Bits::default()
    };
    out.put(0b011, 3);
    deflate(bytes, &mut out);
    out.symbol(256);
    out.flush();
    let mut file = out.bytes;
    file.extend_from_slice(&crc(bytes).to_le_bytes());
    let size = u32::try_from(bytes.len() % (1 << 32)).unwrap_or(0);
    file.extend_from_slice(&size.to_le_bytes());
    file
}

fn deflate(bytes: &[u8], out: &mut Bits) {
    let mut heads = vec![NOWHERE; 1 << HASH_BITS];
    let mut earlier = vec![NOWHERE; bytes.len()];
    let mut at = 0;
    while at < bytes.len() {
        let (length, distance) = longest(bytes, at, &heads, &earlier);
        let step = if length >= MIN_MATCH {
            out.repetition(length, distance);
            length
        } else {
            out.symbol(u16::from(bytes[at]));
            1
        };
        for (place, before) in earlier.iter_mut().enumerate().skip(at).take(step) {
            if let Some(slot) = hash(bytes, place) {
                *before = heads[slot];
                heads[slot] = u32::try_from(place).unwrap_or(NOWHERE);
            }
        }
        at += step;
    }
}

fn hash(bytes: &[u8], at: usize) -> Option<usize> {
    let [a, b, c] = *bytes.get(at..at + MIN_MATCH)?.first_chunk()?;
    let key = u32::from_le_bytes([a, b, c, 0]);
    usize::try_from(key.wrapping_mul(0x9E37_79B1) >> (32 - HASH_BITS)).ok()
}

fn longest(bytes: &[u8], at: usize, heads: &[u32], earlier: &[u32]) -> (usize, usize) {
    let mut best = (0, 0);
    let Some(slot) = hash(bytes, at) else {
        return best;
    };
    let limit = MAX_MATCH.min(bytes.len() - at);
    let mut place = heads[slot];
    for _ in 0..TRIES {
        let Some(from) = usize::try_from(place)
            .ok()
            .filter(|from| *from < at && at - from <= WINDOW)
        else {
            break;
        };
        let length = (0..limit)
            .take_while(|offset| bytes[from + offset] == bytes[at + offset])
            .count();
        if length > best.0 {
            best = (length, at - from);
        }
        if length == limit {
            break;
        }
        place = earlier[from];
    }
    best
}

/// Bits, the lowest first.
#[derive(Default)]
struct Bits {
    bytes: Vec<u8>,
    waiting: u64,
    count: u32,
}

impl Bits {
    fn put(&mut self, value: u32, count: u32) {
        self.waiting |= u64::from(value) << self.count;
        self.count += count;
        while self.count >= 8 {
            self.bytes.push(self.waiting.to_le_bytes()[0]);
            self.waiting >>= 8;
            self.count -= 8;
        }
    }

    /// Codes go the highest bit first.
    fn code(&mut self, value: u32, count: u32) {
        self.put(value.reverse_bits() >> (32 - count), count);
    }

    fn symbol(&mut self, symbol: u16) {
        let value = u32::from(symbol);
        match symbol {
            0..=143 => self.code(0x30 + value, 8),
            144..=255 => self.code(0x190 + value - 144, 9),
            256..=279 => self.code(value - 256, 7),
            _ => self.code(0xC0 + value - 280, 8),
        }
    }

    fn repetition(&mut self, length: usize, distance: usize) {
        let at = LENGTHS.partition_point(|(first, _)| usize::from(*first) <= length) - 1;
        let (first, extra) = LENGTHS[at];
        self.symbol(257 + u16::try_from(at).unwrap_or(0));
        self.put(
            u32::try_from(length).unwrap_or(0) - u32::from(first),
            u32::from(extra),
        );
        // Distances double every two codes.
        let distance = u32::try_from(distance).unwrap_or(1) - 1;
        if distance < 4 {
            self.code(distance, 5);
            return;
        }
        let extra = distance.ilog2() - 1;
        self.code(2 * extra + (distance >> extra), 5);
        self.put(distance & ((1 << extra) - 1), extra);
    }

    fn flush(&mut self) {
        if self.count > 0 {
            self.put(0, 8 - self.count);
        }
    }
}

fn crc(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(!0, |crc, byte| {
        (0..8).fold(crc ^ u32::from(*byte), |crc: u32, _| {
            if crc & 1 == 1 {
                (crc >> 1) ^ 0xEDB8_8320
            } else {
                crc >> 1
            }
        })
    })
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;
    use std::process::{Command, Stdio};

    use super::gzip;

    #[expect(clippy::disallowed_methods, reason = "the real gzip is the judge")]
    fn unpack(bytes: &[u8]) -> Vec<u8> {
        let mut child = Command::new("gzip")
            .arg("-dc")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut input = child.stdin.take().unwrap();
        let bytes = bytes.to_vec();
        let writer = std::thread::spawn(move || input.write_all(&bytes));
        let output = child.wait_with_output().unwrap();
        writer.join().unwrap().unwrap();
        assert!(output.status.success());
        output.stdout
    }

    #[test]
    fn the_real_gzip_reads_it() {
        let mut noise = Vec::new();
        let mut state = 1_u32;
        for _ in 0..100_000 {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            noise.push(state.to_be_bytes()[0]);
        }
        let source = include_str!("answer.rs").as_bytes().repeat(5);
        for bytes in [
            b"".as_slice(),
            b"a",
            b"aaaaaaaaaaaaaaaaaaaaaaaaaa",
            &vec![0; 100_000],
            &noise,
            &source,
        ] {
            assert!(unpack(&gzip(bytes)) == bytes, "{} bytes", bytes.len());
        }
        assert!(gzip(include_bytes!("answer.rs")).len() * 2 < include_bytes!("answer.rs").len());
    }
}
