//! Where docker-compose runs: it sees one directory, writes nothing, reaches nobody, is
//! nobody, and has bounded time and memory.
//!
//! The agent starts its own program once more with the hidden command [`COMMAND`]; that
//! process locks itself in and then becomes docker-compose.

use std::convert::Infallible;
use std::ffi::{CString, OsString};
use std::fs::File;
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};
use landlock::{
    ABI, Access as _, AccessFs, AccessNet, PathBeneath, PathFd, Ruleset, RulesetAttr as _,
    RulesetCreatedAttr as _, RulesetStatus, Scope,
};
use longshore_domain::EnvKey;
use nix::sched::{CloneFlags, unshare};
use nix::sys::resource::{Resource, setrlimit};
use nix::unistd::{Gid, Uid, chdir, chroot, fexecve, setgroups, setresgid, setresuid};

/// The agent's hidden command.
pub const COMMAND: &str = "compose-sandbox";

/// What begins the names of the program's variables until it is locked in. Without it names
/// such as `LD_PRELOAD`, which people choose, would mean something to this process, which
/// is root until then.
const HIDDEN: &str = "_";

/// A user and group that own nothing and that no system gives to anybody.
const NOBODY: u32 = 61_150;
/// Memory that the program may fill.
const MEMORY_BYTES: u64 = 768 * 1024 * 1024;
/// Seconds of a core.
const CPU_SECONDS: u64 = 20;
const OPEN_FILES: u64 = 256;
/// Processes and threads.
const TASKS: u64 = 256;

/// Locks this process in and becomes the program. The arguments are the program, the
/// directory that becomes the root, the one below it that may be read, and the program's
/// own arguments.
///
/// # Errors
/// When it cannot be locked in; the program then does not run.
pub fn enter(mut arguments: impl Iterator<Item = OsString>) -> anyhow::Result<Infallible> {
    let (Some(program), Some(root), Some(readable)) =
        (arguments.next(), arguments.next(), arguments.next())
    else {
        bail!("the sandbox needs a program, a root and a directory");
    };
    let readable = Path::new("/").join(PathBuf::from(readable));
    let argv: Vec<CString> = std::iter::once(program.clone())
        .chain(arguments)
        .map(|argument| CString::new(argument.as_bytes()))
        .collect::<Result<_, _>>()?;
    let program = File::open(&program).context("docker-compose cannot be opened")?;
    for (resource, limit) in [
        (Resource::RLIMIT_DATA, MEMORY_BYTES),
        (Resource::RLIMIT_CPU, CPU_SECONDS),
        (Resource::RLIMIT_NOFILE, OPEN_FILES),
        (Resource::RLIMIT_NPROC, TASKS),
        (Resource::RLIMIT_FSIZE, 0),
        (Resource::RLIMIT_CORE, 0),
    ] {
        setrlimit(resource, limit, limit).context("limits cannot be set")?;
    }
    // A container may not; then Landlock must close the network.
    let is_apart = unshare(CloneFlags::CLONE_NEWNET).is_ok();
    chroot(Path::new(&root)).context("the root cannot be changed")?;
    chdir(&readable).context("the directory cannot be entered")?;
    setgroups(&[]).context("groups cannot be given up")?;
    let (user, group) = (Uid::from_raw(NOBODY), Gid::from_raw(NOBODY));
    setresgid(group, group, group).context("the group cannot be given up")?;
    setresuid(user, user, user).context("root cannot be given up")?;
    let is_enforced = landlock(&program, &readable)?;
    if !is_apart && !is_enforced {
        bail!("neither a network of its own nor Landlock can be had");
    }
    let environment: Vec<CString> = variables()?;
    Ok(fexecve(program, &argv, &environment)?)
}

/// The name by which the agent hands over a variable of the program.
pub(super) fn hidden(key: &EnvKey) -> String {
    format!("{HIDDEN}{key}")
}

/// Whether the kernel enforces all of it.
fn landlock(program: &File, readable: &Path) -> anyhow::Result<bool> {
    let read = AccessFs::ReadFile | AccessFs::ReadDir;
    let status = Ruleset::default()
        .handle_access(AccessFs::from_all(ABI::V5))?
        .handle_access(AccessNet::from_all(ABI::V4))?
        .scope(Scope::from_all(ABI::V6))?
        .create()?
        .add_rule(PathBeneath::new(PathFd::new(readable)?, read))?
        .add_rule(PathBeneath::new(
            program,
            AccessFs::Execute | AccessFs::ReadFile,
        ))?
        .restrict_self()?;
    Ok(status.ruleset == RulesetStatus::FullyEnforced)
}

/// The variables that the agent chose for the program, and no other.
#[expect(
    clippy::disallowed_methods,
    reason = "they are not this program's settings but the next one's environment"
)]
fn variables() -> anyhow::Result<Vec<CString>> {
    std::env::vars_os()
        .filter_map(|(key, value)| {
            let key = key.as_bytes().strip_prefix(HIDDEN.as_bytes())?;
            Some((key.to_vec(), value))
        })
        .map(|(mut line, value)| {
            line.push(b'=');
            line.extend_from_slice(value.as_bytes());
            Ok(CString::new(line)?)
        })
        .collect()
}
