//! Bare mirrors, one a repository, and what is fetched into them.

use std::collections::HashSet;
use std::fs::{DirBuilder, File};
use std::io;
use std::os::unix::fs::{DirBuilderExt as _, MetadataExt as _};
use std::path::{Path, PathBuf};
use std::time::Duration;

use git2::{
    Direction, ErrorClass, ErrorCode, ObjectType, Oid, Remote, RemoteConnection, Repository,
};
use longshore_domain::{CommitSha, FailureKind, GitRef, GitUrl};
use sha2::{Digest, Sha256};
use time::OffsetDateTime;

use super::access::{Access, proxy};
use super::checkout::{self, Written};
use super::explain;
use super::progress::Progress;
use super::worker::Locks;
use crate::clock;
use crate::stage::StageError;

/// The pause between two attempts at another's lock.
const LOCK_PAUSE: Duration = Duration::from_millis(50);

/// The most packs of a mirror: each fetch adds one, and each makes looking slower. One
/// fetch of everything, which the host packs well, costs less than packing here.
const MAX_PACKS: usize = 400;

/// What is to be checked out of a repository.
#[derive(Debug, Clone, Copy)]
pub(super) struct Wanted<'a> {
    /// The branch or tag.
    pub(super) branch: Option<&'a GitRef>,
    /// The exact commit.
    pub(super) commit: Option<&'a CommitSha>,
}

/// A reference that a host advertises.
#[derive(Debug, Clone)]
pub(super) struct Head {
    pub(super) name: String,
    pub(super) oid: Oid,
    pub(super) symref: Option<String>,
}

/// The directory of all mirrors.
#[derive(Debug)]
pub(super) struct Mirrors {
    directory: PathBuf,
    locks: Locks,
}

/// Why an update or a checkout did not work.
pub(super) enum Trouble {
    /// It is final.
    Final(StageError),
    /// The mirror itself is broken.
    Corrupt(StageError),
}

impl From<StageError> for Trouble {
    fn from(error: StageError) -> Self {
        Self::Final(error)
    }
}

impl Mirrors {
    pub(super) fn new(directory: &Path, locks: Locks) -> Self {
        Self {
            directory: directory.to_owned(),
            locks,
        }
    }

    /// Brings the mirror up to date and writes the wanted commit into a directory. A
    /// broken mirror is thrown away and fetched anew, once.
    pub(super) fn check_out(
        &self,
        url: &GitUrl,
        access: &Access,
        wanted: Wanted<'_>,
        progress: &Progress,
        into: &Path,
    ) -> Result<Written, StageError> {
        let name = name_of(url);
        DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(&self.directory)
            .map_err(|error| explain::files(&error))?;
        let path = self.directory.join(&name);
        self.lock(
            &self.directory.join(format!("{name}.lock")),
            access,
            progress,
        )?;
        let mut attempt = self.attempt(&path, url, access, wanted, progress, into);
        if matches!(attempt, Err(Trouble::Corrupt(_))) && !access.stopped() {
            progress.say("The mirror of the repository is damaged; fetching all of it again.");
            std::fs::remove_dir_all(&path).map_err(|error| explain::files(&error))?;
            attempt = self.attempt(&path, url, access, wanted, progress, into);
        }
        self.locks.release();
        attempt.map_err(|trouble| match trouble {
            Trouble::Final(error) | Trouble::Corrupt(error) => error,
        })
    }

    #[expect(clippy::unused_self, reason = "reads as a step of check_out")]
    fn attempt(
        &self,
        path: &Path,
        url: &GitUrl,
        access: &Access,
        wanted: Wanted<'_>,
        progress: &Progress,
        into: &Path,
    ) -> Result<Written, Trouble> {
        let broken = |error: &git2::Error| Trouble::Corrupt(access.explain(error, url));
        if tidy(path) > MAX_PACKS {
            progress
                .say("The mirror of the repository is in many pieces; fetching all of it again.");
            std::fs::remove_dir_all(path).map_err(|error| explain::files(&error))?;
        }
        let repository = if path.join("HEAD").is_file() {
            Repository::open_bare(path).map_err(|error| broken(&error))?
        } else {
            create(path).map_err(|error| broken(&error))?
        };
        let (oid, reused) = update(&repository, url, access, wanted, progress)?;
        checkout::write(&repository, oid, url, access, into)
            .map(|written| Written { reused, ..written })
    }

    /// Waits for the mirror's lock, which other jobs and processes may hold. Its time of
    /// change tells when the mirror was used last.
    fn lock(&self, path: &Path, access: &Access, progress: &Progress) -> Result<(), StageError> {
        let mut told = false;
        let file = loop {
            let file = open_lock(path).map_err(|error| explain::files(&error))?;
            match file.try_lock() {
                // Whoever removes a mirror removes its lock too: then it is another file.
                Ok(()) if !is_at(&file, path) => continue,
                Ok(()) => break file,
                Err(std::fs::TryLockError::Error(error)) => return Err(explain::files(&error)),
                Err(std::fs::TryLockError::WouldBlock) => {}
            }
            if access.stopped() {
                return Err(StageError::Cancelled);
            }
            if !told {
                progress.say("Waiting for another fetch of the same repository.");
                told = true;
            }
            std::thread::sleep(LOCK_PAUSE);
        };
        // Not to be told is to be forgotten early; fetching again is all the harm.
        let _ = file.set_modified(clock::now().into());
        self.locks.keep(file);
        Ok(())
    }
}

/// Removes the mirrors of other repositories than these that were not used for that long,
/// and tells how many. Mirrors of submodules are known by their use alone. Blocking.
///
/// # Errors
/// When the directory cannot be read or a mirror cannot be removed.
pub fn remove_unused(directory: &Path, used: &[GitUrl], unused_for: Duration) -> io::Result<usize> {
    let used: HashSet<String> = used.iter().map(name_of).collect();
    let mut removed = 0;
    for entry in std::fs::read_dir(directory)? {
        let entry = entry?;
        let file_name = entry.file_name();
        let Some(name) = file_name.to_str() else {
            continue;
        };
        if !entry.file_type()?.is_dir() || used.contains(name) {
            continue;
        }
        let lock_path = directory.join(format!("{name}.lock"));
        let lock = open_lock(&lock_path)?;
        let used_at: OffsetDateTime = lock.metadata()?.modified()?.into();
        // A job is at work with it, or was not long ago.
        if clock::now() - used_at < unused_for || lock.try_lock().is_err() {
            continue;
        }
        std::fs::remove_dir_all(entry.path())?;
        std::fs::remove_file(&lock_path)?;
        removed += 1;
    }
    Ok(removed)
}

/// The name of a repository's mirror.
fn name_of(url: &GitUrl) -> String {
    hex::encode(Sha256::digest(url.as_str().as_bytes()))
}

fn open_lock(path: &Path) -> io::Result<File> {
    File::options()
        .create(true)
        .truncate(false)
        .write(true)
        .open(path)
}

/// Whether a file is still the one at a path.
fn is_at(file: &File, path: &Path) -> bool {
    match (file.metadata(), std::fs::metadata(path)) {
        (Ok(open), Ok(there)) => (open.dev(), open.ino()) == (there.dev(), there.ino()),
        _ => false,
    }
}

/// Removes what interrupted fetches left of a mirror, and counts its packs.
fn tidy(path: &Path) -> usize {
    let Ok(files) = std::fs::read_dir(path.join("objects/pack")) else {
        return 0;
    };
    let mut packs = 0;
    for file in files.flatten() {
        let name = file.file_name();
        if name.as_encoded_bytes().starts_with(b"pack_git2_") {
            // It may be in use by a thread that was left behind; that fails by itself.
            let _ = std::fs::remove_file(file.path());
        } else if name.as_encoded_bytes().ends_with(b".pack") {
            packs += 1;
        }
    }
    packs
}

/// Makes an empty bare repository that follows no redirect to another host.
pub(super) fn create(path: &Path) -> Result<Repository, git2::Error> {
    let repository = Repository::init_bare(path)?;
    repository
        .config()?
        .set_bool("http.followRedirects", false)?;
    Ok(repository)
}

/// What a host advertises on a connection.
pub(super) fn heads(connection: &RemoteConnection<'_, '_, '_>) -> Result<Vec<Head>, git2::Error> {
    Ok(connection
        .list()?
        .iter()
        .map(|head| Head {
            name: head.name().to_owned(),
            oid: head.oid(),
            symref: head.symref_target().map(str::to_owned),
        })
        .collect())
}

/// The head of a branch, or else of a tag, by its short or full name.
pub(super) fn find_branch(heads: &[Head], branch: &GitRef) -> Option<Oid> {
    branch_head(heads, branch).map(|head| head.oid)
}

fn branch_head<'a>(heads: &'a [Head], branch: &GitRef) -> Option<&'a Head> {
    let full = if branch.as_str().starts_with("refs/") {
        vec![branch.to_string()]
    } else {
        vec![
            format!("refs/heads/{branch}"),
            format!("refs/tags/{branch}"),
        ]
    };
    full.iter()
        .find_map(|name| heads.iter().find(|head| head.name == *name))
}

/// Fetches what is missing; answers the commit and whether it was there already.
fn update(
    repository: &Repository,
    url: &GitUrl,
    access: &Access,
    wanted: Wanted<'_>,
    progress: &Progress,
) -> Result<(Oid, bool), Trouble> {
    let explained = |error: git2::Error| trouble(&error, url, access);
    let exact = wanted.commit.map(parse_commit).transpose()?;
    let mut remote = repository
        .remote_anonymous(url.as_str())
        .map_err(explained)?;
    let mut connection = remote
        .connect_auth(
            Direction::Fetch,
            Some(access.callbacks(Some(progress))),
            Some(proxy()),
        )
        .map_err(explained)?;
    let heads = heads(&connection).map_err(explained)?;
    let head = wanted.branch.and_then(|branch| branch_head(&heads, branch));
    let target = match (exact, head, wanted.branch) {
        (Some(exact), _, _) => exact,
        (None, Some(head), _) => head.oid,
        (None, None, _) if heads.is_empty() => {
            return Err(not_found(format!(
                "{url} is empty: nothing was pushed to it yet."
            )));
        }
        (None, None, branch) => {
            let branch = branch.map(ToString::to_string).unwrap_or_default();
            return Err(not_found(format!(
                "There is no branch or tag {branch} in {url}."
            )));
        }
    };
    if has(repository, target) {
        return Ok((peel(repository, target)?, true));
    }
    if let Some(head) = head
        && !has(repository, head.oid)
    {
        let spec = format!("+{0}:{0}", head.name);
        progress.say(format!("Fetching {} of {url}.", head.name));
        connection
            .remote()
            .download(&[spec.as_str()], Some(&mut access.fetch_options(progress)))
            .map_err(explained)?;
        keep(repository, &head.name, head.oid).map_err(explained)?;
    }
    drop(connection);
    if !has(repository, target) {
        fetch_commit(repository, &mut remote, target, url, access, progress)?;
    }
    Ok((peel(repository, target)?, false))
}

/// Fetches a commit that is not on the branch: by its id where the host allows that,
/// else with all branches and tags.
fn fetch_commit(
    repository: &Repository,
    remote: &mut Remote<'_>,
    commit: Oid,
    url: &GitUrl,
    access: &Access,
    progress: &Progress,
) -> Result<(), Trouble> {
    progress.say(format!("Fetching commit {commit} of {url}."));
    let spec = format!("{commit}:refs/longshore/commit");
    let by_id = remote.download(&[spec.as_str()], Some(&mut access.fetch_options(progress)));
    let _ = remote.disconnect();
    if access.stopped() {
        return Err(StageError::Cancelled.into());
    }
    if by_id.is_err() || !has(repository, commit) {
        progress.say("The host does not give single commits; fetching all branches and tags.");
        remote
            .download(
                &["+refs/heads/*:refs/heads/*", "+refs/tags/*:refs/tags/*"],
                Some(&mut access.fetch_options(progress)),
            )
            .map_err(|error| trouble(&error, url, access))?;
    }
    if !has(repository, commit) {
        return Err(not_found(format!(
            "There is no commit {commit} in {url}; it may have been replaced by a forced push."
        )));
    }
    keep(repository, &commit.to_string(), commit).map_err(|error| trouble(&error, url, access))
}

fn has(repository: &Repository, oid: Oid) -> bool {
    repository
        .odb()
        .is_ok_and(|odb| odb.exists(oid) || (odb.refresh().is_ok() && odb.exists(oid)))
}

/// Keeps a reference to what was fetched, so that the next fetch can say that it is
/// here. The name is a hash: names of branches may collide as directories over time.
fn keep(repository: &Repository, name: &str, oid: Oid) -> Result<(), git2::Error> {
    let name = hex::encode(&Sha256::digest(name.as_bytes())[..16]);
    repository
        .reference(&format!("refs/longshore/{name}"), oid, true, "fetched")
        .map(drop)
}

/// The commit behind a commit or an annotated tag.
fn peel(repository: &Repository, oid: Oid) -> Result<Oid, Trouble> {
    let object = repository.find_object(oid, None).map_err(|_| damaged())?;
    match object.peel(ObjectType::Commit) {
        Ok(commit) => Ok(commit.id()),
        Err(error) if error.code() == ErrorCode::NotFound => Err(damaged()),
        Err(_) => Err(not_found(format!("{oid} is not a commit."))),
    }
}

fn parse_commit(commit: &CommitSha) -> Result<Oid, Trouble> {
    Oid::from_str(commit.as_str())
        .ok()
        .filter(|_| commit.as_str().len() == 40)
        .ok_or_else(|| {
            not_found(format!(
                "{commit} is a SHA-256 commit id, which Longshore cannot fetch yet."
            ))
        })
}

/// Tells trouble with the mirror from trouble with the host.
pub(super) fn trouble(error: &git2::Error, url: &GitUrl, access: &Access) -> Trouble {
    let explained = access.explain(error, url);
    let ours = matches!(
        error.class(),
        ErrorClass::Odb
            | ErrorClass::Zlib
            | ErrorClass::Object
            | ErrorClass::Repository
            | ErrorClass::Reference
            | ErrorClass::Config
            | ErrorClass::Tree
    );
    let full = matches!(
        explained,
        StageError::Failed {
            kind: FailureKind::DiskFull,
            ..
        }
    );
    if ours && !full {
        Trouble::Corrupt(explained)
    } else {
        Trouble::Final(explained)
    }
}

/// The mirror lacks an object that it should have.
pub(super) fn damaged() -> Trouble {
    Trouble::Corrupt(StageError::failed(
        FailureKind::RepositoryUnreachable,
        "The repository's objects are incomplete or damaged.",
    ))
}

fn not_found(message: String) -> Trouble {
    Trouble::Final(StageError::failed(FailureKind::ReferenceNotFound, message))
}
