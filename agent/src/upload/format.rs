//! Which kind of archive a file is, by its first bytes.

use std::fs::File;
use std::io::{BufReader, Read, Seek as _};

use super::tree::Tree;
use super::{Trouble, tape, zipped};

/// Reads an archive of any kind into a tree.
pub(super) fn read(mut file: File, tree: &mut Tree<'_>) -> Result<(), Trouble> {
    let mut begin = Vec::new();
    (&file).take(512).read_to_end(&mut begin)?;
    file.rewind()?;
    match begin.as_slice() {
        [b'P', b'K', 3 | 5, 4 | 6, ..] => zipped::read(file, tree),
        [0x1f, 0x8b, ..] => tape::read(
            flate2::read::MultiGzDecoder::new(BufReader::new(file)),
            tree,
        ),
        [0x28, 0xb5, 0x2f, 0xfd, ..] => {
            let decoder = zstd::stream::read::Decoder::new(file)?;
            tape::read(decoder, tree)
        }
        begin if begin.get(257..262) == Some(b"ustar") => tape::read(BufReader::new(file), tree),
        _ => Err(Trouble::Refused(
            "is of another kind; it must be a .zip, .tar, .tar.gz or .tar.zst file".to_owned(),
        )),
    }
}
