//! Archives that are fine, and archives of people who are not.

use std::fs::{self, File};
use std::io::{Cursor, Write as _};
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use bytes::Bytes;
use longshore_domain::source::Archive;
use tar::{EntryType, Header};
use tempfile::TempDir;
use tokio_util::sync::CancellationToken;
use zip::write::SimpleFileOptions;

use super::store::{check, receive};
use super::tree::{Contents, Tree};
use super::{Trouble, format, write};

/// Kind, name, mode, content or target of a link.
type Entry = (EntryType, &'static [u8], u32, &'static [u8]);

/// A tar file from its entries.
fn tape(entries: &[(EntryType, &[u8], u32, &[u8])]) -> Vec<u8> {
    let mut builder = tar::Builder::new(Vec::new());
    for (kind, name, mode, content) in entries {
        let mut header = Header::new_gnu();
        header.set_entry_type(*kind);
        header.set_mode(*mode);
        // Past the checks of the crate, as a hostile writer would.
        header.as_old_mut().name[..name.len()].copy_from_slice(name);
        let is_link = matches!(kind, EntryType::Symlink | EntryType::Link);
        if is_link {
            header.as_old_mut().linkname[..content.len()].copy_from_slice(content);
        }
        let content = if is_link { b"".as_slice() } else { content };
        header.set_size(content.len() as u64);
        header.set_cksum();
        builder.append(&header, content).unwrap();
    }
    builder.into_inner().unwrap()
}

fn files(entries: &[(&str, &str)]) -> Vec<u8> {
    let entries: Vec<_> = entries
        .iter()
        .map(|(name, text)| (EntryType::Regular, name.as_bytes(), 0o644, text.as_bytes()))
        .collect();
    tape(&entries)
}

fn zipped(entries: &[(&str, &str)]) -> Vec<u8> {
    let mut writer = zip::ZipWriter::new(Cursor::new(Vec::new()));
    for (name, text) in entries {
        let options = SimpleFileOptions::default().unix_permissions(0o755);
        writer.start_file(*name, options).unwrap();
        writer.write_all(text.as_bytes()).unwrap();
    }
    writer.finish().unwrap().into_inner()
}

fn gzipped(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

fn place(bytes: &[u8]) -> (TempDir, File) {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("archive");
    fs::write(&path, bytes).unwrap();
    (directory, File::open(path).unwrap())
}

fn look(bytes: &[u8]) -> Result<Contents, String> {
    let (_directory, file) = place(bytes);
    match check(file, &CancellationToken::new()) {
        Ok(contents) => Ok(contents),
        Err(Trouble::Refused(reason)) => Err(reason),
        Err(other) => panic!("{other:?}"),
    }
}

/// Unpacks into a directory beside which nothing may appear.
fn unpack(bytes: &[u8]) -> (TempDir, Result<Contents, Trouble>) {
    let (directory, _) = place(bytes);
    let into = directory.path().join("outer/work");
    fs::create_dir_all(&into).unwrap();
    let archive = directory.path().join("archive");
    let outcome = write(&archive, &into, &CancellationToken::new());
    let beside: Vec<_> = fs::read_dir(directory.path().join("outer"))
        .unwrap()
        .map(|entry| entry.unwrap().file_name())
        .collect();
    assert_eq!(beside, ["work"]);
    (directory, outcome)
}

fn text(directory: &TempDir, path: &str) -> String {
    fs::read_to_string(directory.path().join("outer/work").join(path)).unwrap()
}

#[test]
fn all_kinds_of_archives_hold_the_same_files() {
    let listed = [("a/index.html", "home"), ("a/b/c.js", "x")];
    let plain = files(&listed);
    let zstd = zstd::stream::encode_all(plain.as_slice(), 3).unwrap();
    let mut identities = Vec::new();
    for bytes in [plain.clone(), gzipped(&plain), zstd] {
        let (directory, outcome) = unpack(&bytes);
        let contents = outcome.unwrap();
        assert_eq!(contents.top.as_deref(), Some("a"));
        assert_eq!((contents.files, contents.bytes), (2, 5));
        assert_eq!(text(&directory, "index.html"), "home");
        assert_eq!(text(&directory, "b/c.js"), "x");
        assert_eq!(look(&bytes).unwrap().identity, contents.identity);
        identities.push(contents.identity);
    }
    // Without the folder around it they are the same files.
    identities.push(
        look(&files(&[("b/c.js", "x"), ("./index.html", "home")]))
            .unwrap()
            .identity,
    );
    identities.dedup();
    assert_eq!(identities.len(), 1);
    let other = look(&files(&[("b/c.js", "y"), ("index.html", "home")])).unwrap();
    assert_ne!(other.identity, identities[0]);
}

#[test]
fn a_zip_keeps_what_may_be_run_and_loses_the_notes_of_a_mac() {
    let bytes = zipped(&[
        ("app/run.sh", "#!/bin/sh"),
        ("__MACOSX/app/._run.sh", "note"),
        ("app/.DS_Store", "note"),
        ("app/.git/config", "history"),
    ]);
    let (directory, outcome) = unpack(&bytes);
    let contents = outcome.unwrap();
    assert_eq!((contents.files, contents.left_out), (1, 3));
    assert_eq!(contents.top.as_deref(), Some("app"));
    let path = directory.path().join("outer/work/run.sh");
    assert_eq!(
        fs::metadata(path).unwrap().permissions().mode() & 0o777,
        0o755
    );
}

#[test]
fn links_inside_are_kept_as_links() {
    let bytes = tape(&[
        (EntryType::Directory, b"top/", 0o755, b""),
        (EntryType::Regular, b"top/a/file", 0o644, b"text"),
        (EntryType::Symlink, b"top/a/up", 0o777, b"../b"),
        (EntryType::Link, b"top/b", 0o644, b"top/a/file"),
    ]);
    let (directory, outcome) = unpack(&bytes);
    assert_eq!(outcome.unwrap().bytes, 8);
    assert_eq!(text(&directory, "b"), "text");
    let link = directory.path().join("outer/work/a/up");
    assert_eq!(fs::read_link(link).unwrap(), Path::new("../b"));
}

#[test]
fn hostile_tar_files_are_refused_by_name() {
    use EntryType::{Block, Char, Directory, Fifo, Link, Regular, Symlink};

    let long = "x".repeat(90);
    let deep = "d/".repeat(40) + "f";
    let table: &[(&[Entry], &str)] = &[
        (
            &[(Regular, b"/etc/passwd", 0o644, b"x")],
            "“/etc/passwd”, an absolute path",
        ),
        (
            &[(Regular, b"../evil", 0o644, b"x")],
            "“../evil”, which leads out",
        ),
        (
            &[(Regular, b"a/../../evil", 0o644, b"x")],
            "leads out of it with ..",
        ),
        (&[(Regular, b"a\\..\\evil", 0o644, b"x")], "backslash"),
        (&[(Regular, b"a\nb", 0o644, b"x")], "control character"),
        (&[(Regular, b"caf\xe9", 0o644, b"x")], "not UTF-8"),
        (
            &[(Symlink, b"a", 0o777, b"/etc")],
            "“a”, a link to “/etc”, which leads out",
        ),
        (
            &[
                (Symlink, b"a/b", 0o777, b"../../x"),
                (Regular, b"c", 0o644, b""),
            ],
            "leads out",
        ),
        // Inside by its letters, outside through another link.
        (
            &[
                (Symlink, b"here", 0o777, b"."),
                (Symlink, b"out", 0o777, b"here/../etc"),
                (Regular, b"c", 0o644, b""),
            ],
            "“out”",
        ),
        // Inside of the archive, outside of the folder that becomes the root.
        (
            &[
                (Regular, b"top/f", 0o644, b""),
                (Symlink, b"top/l", 0o777, b"../x"),
            ],
            "leads out",
        ),
        (
            &[(Symlink, b"d", 0o777, b"."), (Regular, b"d/f", 0o644, b"x")],
            "“d” as a folder, which is a file or a link",
        ),
        (
            &[(Regular, b"d", 0o644, b"x"), (Directory, b"d/", 0o755, b"")],
            "as a folder",
        ),
        (&[(Link, b"a", 0o644, b"/etc/passwd")], "an absolute path"),
        (
            &[
                (Link, b"a", 0o644, b"later"),
                (Regular, b"later", 0o644, b""),
            ],
            "no file before it",
        ),
        (
            &[(Regular, b"a", 0o644, b"1"), (Regular, b"./a", 0o644, b"2")],
            "“./a” twice",
        ),
        (
            &[
                (Regular, b"README", 0o644, b"1"),
                (Regular, b"Readme", 0o644, b"2"),
            ],
            "capital letters",
        ),
        (
            &[
                (Regular, b"src/a", 0o644, b"1"),
                (Regular, b"SRC/b", 0o644, b"2"),
            ],
            "capital letters",
        ),
        (&[(Char, b"null", 0o644, b"")], "a device"),
        (&[(Block, b"disk", 0o644, b"")], "a device"),
        (&[(Fifo, b"pipe", 0o644, b"")], "a pipe"),
        (&[(Directory, b"empty/", 0o755, b"")], "holds no files"),
    ];
    for (entries, words) in table {
        let bytes = tape(entries);
        let reason = look(&bytes).unwrap_err();
        assert!(reason.contains(words), "{words}: {reason}");
        let (_directory, outcome) = unpack(&bytes);
        assert!(outcome.is_err(), "{words}");
    }
    assert!(look(&files(&[(long.as_str(), "")])).is_ok());
    assert!(look(&files(&[(deep.as_str(), "")])).is_ok());
}

#[test]
fn hostile_zip_files_are_refused_by_name() {
    let names = |names: &[&str]| {
        let entries: Vec<_> = names.iter().map(|name| (*name, "x")).collect();
        look(&zipped(&entries)).unwrap_err()
    };
    assert!(names(&["../evil"]).contains("leads out"), "..");
    assert!(names(&["/etc/x"]).contains("absolute"));
    assert!(names(&["a\\b"]).contains("backslash"));
    assert!(names(&["a", "A"]).contains("capital letters"));
    // The same name twice: written as two of the same length.
    let mut twice = zipped(&[("aa", "1"), ("ab", "2")]);
    while let Some(at) = twice.windows(2).position(|two| two == b"ab") {
        twice[at + 1] = b'a';
    }
    assert!(look(&twice).unwrap_err().contains("“aa” twice"));
    let mut link = zip::ZipWriter::new(Cursor::new(Vec::new()));
    link.add_symlink("a", "/etc/passwd", SimpleFileOptions::default())
        .unwrap();
    let link = link.finish().unwrap().into_inner();
    assert!(look(&link).unwrap_err().contains("leads out"));
}

#[test]
fn files_of_a_zip_do_not_share_bytes() {
    let mut bytes = zipped(&[("a", "the first"), ("b", "the second")]);
    // Both entries of the directory point to the first file.
    let places: Vec<usize> = bytes
        .windows(4)
        .enumerate()
        .filter(|(_, four)| four == b"PK\x01\x02")
        .map(|(at, _)| at)
        .collect();
    let first = bytes[places[0] + 42..places[0] + 46].to_vec();
    bytes[places[1] + 42..places[1] + 46].copy_from_slice(&first);
    let reason = look(&bytes).unwrap_err();
    assert!(
        reason.contains("lies over another") || reason.contains("damaged"),
        "{reason}"
    );
}

#[test]
fn what_is_no_archive_or_half_of_one_is_refused() {
    assert!(look(b"hello").unwrap_err().contains("must be a .zip"));
    assert!(look(b"PK\x03\x04junk").unwrap_err().contains("damaged"));
    let whole = gzipped(&files(&[("a", &"text ".repeat(10_000))]));
    assert!(
        look(&whole[..whole.len() / 2])
            .unwrap_err()
            .contains("damaged")
    );
    let mut zip = zipped(&[("a", "some text that is there")]);
    let at = zip
        .windows(4)
        .position(|four| four == b"text")
        .unwrap_or(40);
    zip[at] ^= 0xff;
    assert!(look(&zip).unwrap_err().contains("damaged"));
}

#[test]
fn a_bomb_is_stopped_by_what_it_unpacks_to() {
    // Eight MiB of zeros in a few KiB, for a tree that takes four.
    let bytes = gzipped(&files(&[("zeros", &"\0".repeat(8 * 1024 * 1024))]));
    assert!(bytes.len() < 256 * 1024);
    let (_directory, file) = place(&bytes);
    let stop = CancellationToken::new();
    let mut tree = Tree::new(None, &stop);
    tree.most_bytes = 4 * 1024 * 1024;
    let refused = format::read(file, &mut tree).unwrap_err();
    assert_eq!(
        refused.to_string(),
        "The archive unpacks to more than 4 GiB."
    );
}

#[tokio::test]
async fn an_archive_is_kept_by_its_content_and_nothing_stays_of_a_refused_one() {
    let uploads = tempfile::tempdir().unwrap();
    let pieces = |bytes: Vec<u8>| {
        let pieces: Vec<_> = bytes
            .chunks(100)
            .map(|piece| Ok::<_, std::io::Error>(Bytes::copy_from_slice(piece)))
            .collect();
        futures_util::stream::iter(pieces)
    };
    let good = files(&[("index.html", "home")]);
    let report = receive(uploads.path(), pieces(good.clone())).await.unwrap();
    assert_eq!((report.files, report.unpacked_bytes), (1, 4));
    assert_eq!(report.size_bytes, good.len() as u64);
    let kept = uploads.path().join(report.digest.as_str());
    assert_eq!(fs::read(kept).unwrap(), good);
    let again = receive(uploads.path(), pieces(good)).await.unwrap();
    assert_eq!(again.digest, report.digest);
    let bad = receive(uploads.path(), pieces(files(&[("../x", "")]))).await;
    assert!(
        bad.unwrap_err()
            .message
            .starts_with("The archive holds “../x”")
    );
    let broken = futures_util::stream::iter([
        Ok(Bytes::from_static(b"half")),
        Err(std::io::Error::other("gone")),
    ]);
    let broken = receive(uploads.path(), broken).await.unwrap_err();
    assert!(broken.message.contains("broke off"), "{}", broken.message);
    let count = || fs::read_dir(uploads.path()).unwrap().count();
    assert_eq!(count(), 1);
    // What was being received when the agent died goes at the next start; what is whole stays.
    fs::write(uploads.path().join(".tmpAb12Cd"), "half").unwrap();
    super::remove_partial(uploads.path()).unwrap();
    assert_eq!(count(), 1);
    // In use it stays, otherwise it goes when it is old enough.
    let day = std::time::Duration::from_hours(24);
    let now = std::time::Duration::ZERO;
    let remove = super::remove_unused;
    assert_eq!(remove(uploads.path(), &[], day).unwrap(), 0);
    assert_eq!(
        remove(uploads.path(), std::slice::from_ref(&report.digest), now).unwrap(),
        0
    );
    assert_eq!(remove(uploads.path(), &[], now).unwrap(), 1);
    assert_eq!(count(), 0);
    let archive = Archive {
        name: "site.tar".parse().unwrap(),
        digest: report.digest,
        size_bytes: 1,
        files: 1,
    };
    let context = crate::stage::StageContext {
        sink: std::sync::Arc::new(Nobody),
        cancel: CancellationToken::new(),
    };
    let work = uploads.path().join("work");
    let gone = super::unpack(&context, uploads.path(), &archive, &work).await;
    assert!(gone.unwrap_err().to_string().contains("upload it again"));
}

struct Nobody;

impl crate::stage::EventSink for Nobody {
    fn append(&self, _event: longshore_agent_api::JobEventKind) {}
}
