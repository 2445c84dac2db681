//! The files of a site.

use std::fs::{File, Metadata};
use std::io;
use std::path::{Path, PathBuf};
use std::time::UNIX_EPOCH;

/// A folder that is served.
pub struct Site {
    root: PathBuf,
    /// Whether a path without a file is answered with `index.html`.
    pub spa: bool,
}

/// A file of a site.
#[derive(Debug)]
pub struct Found {
    /// The open file.
    pub file: File,
    /// Where it is, links resolved.
    pub path: PathBuf,
    /// Its size in bytes.
    pub size: u64,
    /// Changes with the content.
    pub etag: String,
}

impl Site {
    /// The site in a folder.
    ///
    /// # Errors
    /// When the folder is not there.
    pub fn open(root: &Path, spa: bool) -> io::Result<Self> {
        let root = root.canonicalize()?;
        if !root.is_dir() {
            return Err(io::ErrorKind::NotADirectory.into());
        }
        Ok(Self { root, spa })
    }

    /// Whether the parts name a folder with an index.
    pub fn is_folder(&self, parts: &[String]) -> bool {
        !parts.is_empty()
            && self
                .inside(parts)
                .is_some_and(|path| path.is_dir() && path.join("index.html").is_file())
    }

    /// The file that the parts name: itself, the folder's index, or the page whose name
    /// lacks `.html`.
    pub fn find(&self, parts: &[String], folder: bool) -> Option<Found> {
        if folder || parts.is_empty() {
            let mut index = parts.to_vec();
            index.push("index.html".to_owned());
            return self.file(&index);
        }
        self.file(parts).or_else(|| {
            let (last, before) = parts.split_last()?;
            let mut page = before.to_vec();
            page.push(format!("{last}.html"));
            self.file(&page)
        })
    }

    /// A file by exactly these parts.
    pub fn file(&self, parts: &[String]) -> Option<Found> {
        let path = self.inside(parts)?;
        let file = File::open(&path).ok()?;
        let metadata = file.metadata().ok()?;
        metadata.is_file().then(|| Found {
            file,
            path,
            size: metadata.len(),
            etag: etag(&metadata),
        })
    }

    /// The file beside another, compressed beforehand.
    pub fn beside(&self, found: &Found, suffix: &str) -> Option<Found> {
        let mut name = found.path.clone().into_os_string();
        name.push(suffix);
        let path = PathBuf::from(name).canonicalize().ok()?;
        let file = path
            .starts_with(&self.root)
            .then(|| File::open(&path).ok())??;
        let metadata = file.metadata().ok()?;
        metadata.is_file().then(|| Found {
            file,
            path: found.path.clone(),
            size: metadata.len(),
            etag: etag(&metadata),
        })
    }

    /// The real path of the parts, when it is inside the site and no dotfile.
    fn inside(&self, parts: &[String]) -> Option<PathBuf> {
        let path = self.root.join(parts.join("/")).canonicalize().ok()?;
        let below = path.strip_prefix(&self.root).ok()?;
        let hidden = below.iter().enumerate().any(|(depth, part)| {
            part.as_encoded_bytes().starts_with(b".") && !(depth == 0 && part == ".well-known")
        });
        (!hidden).then_some(path)
    }
}

/// Size and time decide; all files of one image may have one time, so a site whose
/// file keeps its size is told apart by its commit's time.
fn etag(metadata: &Metadata) -> String {
    let time = metadata
        .modified()
        .ok()
        .and_then(|time| time.duration_since(UNIX_EPOCH).ok())
        .unwrap_or_default();
    format!("{:x}-{:x}", time.as_nanos(), metadata.len())
}

/// The media type of a file name.
pub fn media_type(path: &Path) -> &'static str {
    let extension = path
        .extension()
        .map(|extension| extension.to_string_lossy().to_ascii_lowercase());
    match extension.as_deref().unwrap_or_default() {
        "html" | "htm" => "text/html; charset=utf-8",
        "css" => "text/css; charset=utf-8",
        "js" | "mjs" => "text/javascript; charset=utf-8",
        "json" | "map" => "application/json",
        "webmanifest" => "application/manifest+json",
        "xml" => "application/xml",
        "txt" | "md" => "text/plain; charset=utf-8",
        "svg" => "image/svg+xml",
        "png" => "image/png",
        "jpg" | "jpeg" => "image/jpeg",
        "gif" => "image/gif",
        "webp" => "image/webp",
        "avif" => "image/avif",
        "ico" => "image/x-icon",
        "woff2" => "font/woff2",
        "woff" => "font/woff",
        "ttf" => "font/ttf",
        "otf" => "font/otf",
        "wasm" => "application/wasm",
        "pdf" => "application/pdf",
        "mp4" => "video/mp4",
        "webm" => "video/webm",
        "mp3" => "audio/mpeg",
        "ogg" => "audio/ogg",
        _ => "application/octet-stream",
    }
}

/// Whether compressing such a file pays.
pub fn is_text(media_type: &str) -> bool {
    media_type.starts_with("text/")
        || matches!(
            media_type,
            "application/json"
                | "application/manifest+json"
                | "application/xml"
                | "image/svg+xml"
                | "application/wasm"
        )
}

/// Whether a name carries a hash of its content, as bundlers write it
/// (`app.3f9a2c1d.js`, `index-BkQ2x9Zf.css`): such a file never changes.
pub fn is_hashed(path: &Path) -> bool {
    let Some(stem) = path.file_stem().and_then(|stem| stem.to_str()) else {
        return false;
    };
    if path.extension().is_none_or(|extension| extension == "html") {
        return false;
    }
    let Some((_, last)) = stem.rsplit_once(['.', '-']) else {
        return false;
    };
    let all = |test: fn(&u8) -> bool| last.as_bytes().iter().all(test);
    let any = |test: fn(&u8) -> bool| last.as_bytes().iter().any(test);
    let hexadecimal = last.len() >= 8 && all(u8::is_ascii_hexdigit) && any(u8::is_ascii_digit);
    let mixed = last.len() == 8
        && all(|byte| byte.is_ascii_alphanumeric() || *byte == b'_')
        && any(u8::is_ascii_uppercase)
        && (any(u8::is_ascii_digit) || any(u8::is_ascii_lowercase));
    hexadecimal || mixed
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::is_hashed;

    #[test]
    fn hashes_are_told_from_words() {
        for name in [
            "app.3f9a2c1d.js",
            "index-BkQ2x9Zf.css",
            "main-4fa91b2c77de.js",
        ] {
            assert!(is_hashed(Path::new(name)), "{name}");
        }
        for name in [
            "app.js",
            "jquery-3.7.1.js",
            "my-document.css",
            "page-3f9a2c1d.html",
            "read-overview.js",
        ] {
            assert!(!is_hashed(Path::new(name)), "{name}");
        }
    }
}
