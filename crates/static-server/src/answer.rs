//! Answers: which file, and which headers.

use std::fmt::Write as _;
use std::fs::File;
use std::io::{self, Read as _, Seek as _, SeekFrom, Write};

use crate::file::{Found, Site, is_hashed, is_text, media_type};
use crate::gzip::gzip;
use crate::request::{Refusal, Request};

/// Files up to this size are compressed on their way, in bytes.
const MAX_COMPRESSED: u64 = 1024 * 1024;
/// Below it nothing is gained.
const MIN_COMPRESSED: u64 = 512;

/// What follows the head.
enum Body {
    Bytes(Vec<u8>),
    File(File, u64),
}

/// Answers one request.
///
/// # Errors
/// Those of the connection.
pub fn answer(
    site: &Site,
    request: &Result<Request, Refusal>,
    stream: &mut impl Write,
) -> io::Result<()> {
    let request = match request {
        Ok(request) => request,
        Err(Refusal::NotFound) => return not_found(site, &Request::default(), stream),
        Err(Refusal::Bad) => return plain(stream, "400 Bad Request", ""),
        Err(Refusal::Method) => {
            return plain(stream, "405 Method Not Allowed", "Allow: GET, HEAD\r\n");
        }
        Err(Refusal::TooLarge) => {
            return plain(stream, "431 Request Header Fields Too Large", "");
        }
    };
    if !request.folder && site.is_folder(&request.parts) {
        // Never `//host`, which a browser takes for another site.
        let path = request.raw_path.trim_start_matches('/');
        let location = format!("Location: /{path}/{}\r\n", request.query);
        return plain(stream, "308 Permanent Redirect", &location);
    }
    if let Some(found) = site.find(&request.parts, request.folder) {
        return file(site, request, found, "200 OK", stream);
    }
    // A missing asset stays missing: a page in its place would hide the mistake.
    let is_asset = request.parts.last().is_some_and(|last| last.contains('.'));
    if site.spa
        && !is_asset
        && let Some(index) = site.file(&["index.html".to_owned()])
    {
        return file(site, request, index, "200 OK", stream);
    }
    not_found(site, request, stream)
}

fn not_found(site: &Site, request: &Request, stream: &mut impl Write) -> io::Result<()> {
    match site.file(&["404.html".to_owned()]) {
        Some(page) => file(site, request, page, "404 Not Found", stream),
        None => plain(stream, "404 Not Found", ""),
    }
}

fn plain(stream: &mut impl Write, status: &str, headers: &str) -> io::Result<()> {
    write!(
        stream,
        "HTTP/1.1 {status}\r\n{headers}Content-Type: text/plain; charset=utf-8\r\n\
         X-Content-Type-Options: nosniff\r\nContent-Length: {}\r\n\r\n{status}\n",
        status.len() + 1
    )
}

fn file(
    site: &Site,
    request: &Request,
    mut found: Found,
    status: &str,
    stream: &mut impl Write,
) -> io::Result<()> {
    let kind = media_type(&found.path);
    let is_page = status.starts_with("200");
    let cache = if is_page && is_hashed(&found.path) {
        "public, max-age=31536000, immutable"
    } else {
        "no-cache"
    };
    let mut head = format!(
        "Content-Type: {kind}\r\nCache-Control: {cache}\r\nX-Content-Type-Options: nosniff\r\n"
    );
    if is_text(kind) {
        head.push_str("Vary: Accept-Encoding\r\n");
    }
    let range = request.range.as_deref().filter(|_| {
        is_page
            && request
                .if_range
                .as_deref()
                .is_none_or(|etag| etag == format!("\"{}\"", found.etag))
    });
    let (mut etag, mut encoded) = (found.etag.clone(), None);
    if range.is_none() && is_text(kind) {
        encoded = encode(site, request, &mut found, &mut etag, &mut head)?;
    }
    let _ = write!(head, "ETag: \"{etag}\"\r\n");
    if is_page {
        if encoded.is_none() {
            head.push_str("Accept-Ranges: bytes\r\n");
        }
        if request
            .if_none_match
            .as_deref()
            .is_some_and(|tags| matches(tags, &etag))
        {
            return write!(stream, "HTTP/1.1 304 Not Modified\r\n{head}\r\n");
        }
    }
    let body = match encoded {
        Some(body) => body,
        None => match range.map(|range| parse_range(range, found.size)) {
            None | Some(Asked::All) => Body::File(found.file, found.size),
            Some(Asked::Part { first, last }) => {
                found.file.seek(SeekFrom::Start(first))?;
                let _ = write!(
                    head,
                    "Content-Range: bytes {first}-{last}/{}\r\n",
                    found.size
                );
                let body = Body::File(found.file, last - first + 1);
                return send(
                    stream,
                    "206 Partial Content",
                    &head,
                    body,
                    request.head_only,
                );
            }
            Some(Asked::Nothing) => {
                let range = format!("Content-Range: bytes */{}\r\n", found.size);
                return plain(stream, "416 Range Not Satisfiable", &range);
            }
        },
    };
    send(stream, status, &head, body, request.head_only)
}

/// The file compressed: beforehand by whoever built the site, or now.
fn encode(
    site: &Site,
    request: &Request,
    found: &mut Found,
    etag: &mut String,
    head: &mut String,
) -> io::Result<Option<Body>> {
    for (accepted, suffix, coding) in [(request.brotli, ".br", "br"), (request.gzip, ".gz", "gzip")]
    {
        if accepted && let Some(beside) = site.beside(found, suffix) {
            let _ = write!(head, "Content-Encoding: {coding}\r\n");
            *etag = format!("{}-{coding}", beside.etag);
            return Ok(Some(Body::File(beside.file, beside.size)));
        }
    }
    if !request.gzip || !(MIN_COMPRESSED..=MAX_COMPRESSED).contains(&found.size) {
        return Ok(None);
    }
    let mut bytes = Vec::new();
    (&found.file)
        .take(MAX_COMPRESSED + 1)
        .read_to_end(&mut bytes)?;
    head.push_str("Content-Encoding: gzip\r\n");
    etag.push_str("-gzip");
    Ok(Some(Body::Bytes(gzip(&bytes))))
}

fn send(
    stream: &mut impl Write,
    status: &str,
    head: &str,
    body: Body,
    head_only: bool,
) -> io::Result<()> {
    let length = match &body {
        Body::Bytes(bytes) => bytes.len() as u64,
        Body::File(_, length) => *length,
    };
    write!(
        stream,
        "HTTP/1.1 {status}\r\n{head}Content-Length: {length}\r\n\r\n"
    )?;
    if head_only {
        return Ok(());
    }
    match body {
        Body::Bytes(bytes) => stream.write_all(&bytes),
        Body::File(file, length) => {
            let sent = io::copy(&mut file.take(length), stream)?;
            if sent == length {
                Ok(())
            } else {
                Err(io::ErrorKind::UnexpectedEof.into())
            }
        }
    }
}

fn matches(tags: &str, etag: &str) -> bool {
    tags.split(',')
        .map(|tag| tag.trim().trim_start_matches("W/").trim_matches('"'))
        .any(|tag| tag == "*" || tag == etag)
}

#[derive(Debug, PartialEq, Eq)]
enum Asked {
    All,
    Part { first: u64, last: u64 },
    Nothing,
}

/// One range; several, or what is no range, give the whole file, as the standard allows.
fn parse_range(text: &str, size: u64) -> Asked {
    let Some((first, last)) = text
        .strip_prefix("bytes=")
        .filter(|ranges| !ranges.contains(','))
        .and_then(|range| range.trim().split_once('-'))
    else {
        return Asked::All;
    };
    match (first.parse::<u64>(), last.parse::<u64>()) {
        (Ok(first), _) if first >= size => Asked::Nothing,
        (Ok(first), Ok(last)) if last >= first => Asked::Part {
            first,
            last: last.min(size - 1),
        },
        (Ok(first), Err(_)) if last.is_empty() => Asked::Part {
            first,
            last: size - 1,
        },
        (Err(_), Ok(count)) if first.is_empty() => match count.min(size) {
            0 => Asked::Nothing,
            count => Asked::Part {
                first: size - count,
                last: size - 1,
            },
        },
        _ => Asked::All,
    }
}

#[cfg(test)]
mod tests;
