//! Static files.

use crate::{Plan, Tree, static_site};

pub(crate) fn look(tree: &Tree) -> Option<Result<Plan, String>> {
    let index = tree.first_of(&["index.html", "public/index.html", "dist/index.html"])?;
    let directory = index.strip_suffix("/index.html").unwrap_or(".");
    Some(Ok(static_site("static files", &[], directory, false)))
}
