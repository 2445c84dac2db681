//! Tar files.

use std::io::Read;

use tar::{Archive, EntryType};

use super::Trouble;
use super::tree::Tree;

/// The end of a sentence about what cannot be read.
const DAMAGED: &str = "is damaged or cut off";

pub(super) fn read(content: impl Read, tree: &mut Tree<'_>) -> Result<(), Trouble> {
    let damaged = |_| Trouble::Refused(DAMAGED.to_owned());
    let mut archive = Archive::new(content);
    for entry in archive.entries().map_err(damaged)? {
        let mut entry = entry.map_err(damaged)?;
        let name = entry.path_bytes().into_owned();
        let kind = entry.header().entry_type();
        let link = || {
            let target = entry.link_name_bytes();
            target.map(std::borrow::Cow::into_owned).unwrap_or_default()
        };
        match kind {
            EntryType::Regular | EntryType::Continuous if name.ends_with(b"/") => {
                tree.folder(&name)?;
            }
            EntryType::Regular | EntryType::Continuous => {
                let mode = entry.header().mode().map_err(damaged)?;
                tree.file(&name, mode & 0o100 != 0, &mut entry)?;
            }
            EntryType::Directory => tree.folder(&name)?,
            EntryType::Symlink => tree.link(&name, &link())?,
            EntryType::Link => tree.hard_link(&name, &link())?,
            // A comment on the whole archive, such as the commit of `git archive`.
            EntryType::XGlobalHeader => {}
            EntryType::Char | EntryType::Block => {
                return Err(Tree::other(&name, "a device"));
            }
            EntryType::Fifo => return Err(Tree::other(&name, "a pipe")),
            EntryType::GNUSparse => return Err(Tree::other(&name, "a sparse file")),
            _ => return Err(Tree::other(&name, "an entry of an unknown kind")),
        }
    }
    Ok(())
}
