//! What a sandbox is made of.

use std::path::PathBuf;

/// What a sandbox is made of.
#[derive(Debug, Clone, Default)]
pub struct Setup {
    /// Its name as a machine.
    pub hostname: String,
    /// The root that it enters; this machine's own, when there is none.
    pub root: Option<Layer>,
    /// Directories and files of this machine and where they appear in the root, also for writing.
    /// With this machine's own root there is nothing to bind.
    pub binds: Vec<(PathBuf, PathBuf)>,
    /// Directories of this machine's root that are empty inside; those that do not exist are
    /// passed over.
    pub hidden: Vec<PathBuf>,
    /// The program that becomes process 1, in place of one that only waits, for example
    /// `/sbin/init`.
    pub init: Vec<String>,
}

/// A root of another system, and the place of what is written to it.
#[derive(Debug, Clone)]
pub struct Layer {
    /// The directories below, the uppermost first; nothing is written to them.
    pub lower: Vec<PathBuf>,
    /// The directory that takes the writes. It can be among [`Layer::lower`] of a later sandbox,
    /// when this one has ended.
    pub writes: PathBuf,
}
