//! Zip files.

use std::collections::HashSet;
use std::fs::File;
use std::io::{BufReader, Read, Seek, SeekFrom};

use zip::ZipArchive;
use zip::result::ZipError;

use super::name::shown;
use super::tree::Tree;
use super::{MAX_ENTRIES, Trouble};

const FILE_KIND: u32 = 0o170_000;
const LINK: u32 = 0o120_000;
const FOLDER: u32 = 0o040_000;
const FILE: u32 = 0o100_000;

/// The longest text of a link, in bytes.
const LONGEST_LINK: u64 = 1024;

pub(super) fn read(file: File, tree: &mut Tree<'_>) -> Result<(), Trouble> {
    let directory = file.try_clone()?;
    let mut archive = ZipArchive::new(BufReader::new(file)).map_err(|error| damaged(&error))?;
    check_directory(directory, archive.central_directory_start())?;
    check_places(&mut archive)?;
    for index in 0..archive.len() {
        let mut entry = archive.by_index(index).map_err(|error| damaged(&error))?;
        let name = entry.name_raw().to_vec();
        let mode = entry.unix_mode().unwrap_or(0);
        match mode & FILE_KIND {
            LINK => {
                let mut target = Vec::new();
                (&mut entry)
                    .take(LONGEST_LINK + 1)
                    .read_to_end(&mut target)
                    .map_err(|_| Trouble::Refused("is damaged or cut off".to_owned()))?;
                tree.link(&name, &target)?;
            }
            _ if name.ends_with(b"/") => tree.folder(&name)?,
            FOLDER => tree.folder(&name)?,
            0 | FILE => tree.file(&name, mode & 0o100 != 0, &mut entry)?,
            _ => return Err(Tree::other(&name, "a device or a pipe")),
        }
    }
    Ok(())
}

/// No name may stand in the directory twice: readers differ in which one they take.
fn check_directory(file: File, start: u64) -> Result<(), Trouble> {
    let mut reader = BufReader::new(file);
    reader.seek(SeekFrom::Start(start))?;
    let mut names = HashSet::new();
    loop {
        let mut header = [0; 46];
        if reader.read_exact(&mut header).is_err() || !header.starts_with(b"PK\x01\x02") {
            return Ok(());
        }
        let length = |at: usize| usize::from(u16::from_le_bytes([header[at], header[at + 1]]));
        let mut name = vec![0; length(28)];
        let rest = length(30) + length(32);
        let read = reader
            .read_exact(&mut name)
            .and_then(|()| reader.seek_relative(i64::try_from(rest).unwrap_or(0)));
        if read.is_err() {
            return Err(Trouble::Refused("is damaged or cut off".to_owned()));
        }
        if names.len() > MAX_ENTRIES {
            return Err(Trouble::Refused(format!(
                "holds more than {MAX_ENTRIES} files and folders"
            )));
        }
        if names.contains(&name) {
            return Err(Trouble::Refused(format!("holds {} twice", shown(&name))));
        }
        names.insert(name);
    }
}

/// No byte may belong to two files: a small archive would unpack to a large one.
fn check_places(archive: &mut ZipArchive<BufReader<File>>) -> Result<(), Trouble> {
    let end = archive.central_directory_start();
    let mut places = Vec::with_capacity(archive.len());
    for index in 0..archive.len() {
        let entry = archive
            .by_index_raw(index)
            .map_err(|error| damaged(&error))?;
        if entry.encrypted() {
            return Err(Tree::other(entry.name_raw(), "which is encrypted"));
        }
        let data = entry.data_start().unwrap_or(entry.header_start());
        let last = data.saturating_add(entry.compressed_size());
        places.push((entry.header_start(), last, entry.name_raw().to_vec()));
    }
    places.sort();
    let starts = places.iter().skip(1).map(|place| place.0).chain([end]);
    for ((_, last, name), next) in places.iter().zip(starts) {
        if *last > next {
            return Err(Tree::other(name, "which lies over another file"));
        }
    }
    Ok(())
}

fn damaged(error: &ZipError) -> Trouble {
    Trouble::Refused(match error {
        ZipError::UnsupportedArchive(_) => {
            "is of a kind that is not supported; only stored and deflated files are".to_owned()
        }
        _ => "is damaged or cut off".to_owned(),
    })
}
