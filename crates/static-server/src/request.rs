//! Requests: the part of HTTP/1.1 that a file server needs.

use std::io::{self, Read};

/// The longest head, in bytes.
const MAX_HEAD: usize = 16 * 1024;

/// A request without body.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Request {
    /// Whether only the head of the answer is wanted.
    pub head_only: bool,
    /// The path, decoded, without leading slash, in parts.
    pub parts: Vec<String>,
    /// Whether the path ends with a slash.
    pub folder: bool,
    /// Encodings that the client takes.
    pub gzip: bool,
    /// Brotli.
    pub brotli: bool,
    /// `If-None-Match`.
    pub if_none_match: Option<String>,
    /// `If-Range`.
    pub if_range: Option<String>,
    /// `Range`.
    pub range: Option<String>,
    /// Whether the connection goes on.
    pub keep_alive: bool,
    /// The path as it was sent, for redirects.
    pub raw_path: String,
    /// The query with its question mark.
    pub query: String,
}

/// Why a request is not answered with a file.
#[derive(Debug, PartialEq, Eq, Clone, Copy)]
pub enum Refusal {
    /// Not HTTP, a body, or a path that means something else than a file below.
    Bad,
    /// Another method than GET and HEAD.
    Method,
    /// A path that no file can have (dotfiles, `..`).
    NotFound,
    /// More than the head may have.
    TooLarge,
}

/// Reads one head; `None` when the client has gone. Bytes behind it stay in `buffer`.
///
/// # Errors
/// Those of the connection, also when it is silent for too long.
pub fn read(
    stream: &mut impl Read,
    buffer: &mut Vec<u8>,
) -> io::Result<Option<Result<Request, Refusal>>> {
    let mut chunk = [0; 4096];
    loop {
        if let Some(end) = buffer.windows(4).position(|window| window == b"\r\n\r\n") {
            let head: Vec<u8> = buffer.drain(..end + 4).collect();
            let text = std::str::from_utf8(&head[..end]).map_err(|_| Refusal::Bad);
            return Ok(Some(text.and_then(parse)));
        }
        if buffer.len() > MAX_HEAD {
            return Ok(Some(Err(Refusal::TooLarge)));
        }
        match stream.read(&mut chunk)? {
            0 => return Ok(None),
            count => buffer.extend_from_slice(&chunk[..count]),
        }
    }
}

/// Parses a head without its empty line.
pub fn parse(head: &str) -> Result<Request, Refusal> {
    let mut lines = head.split("\r\n");
    let mut line = lines.next().ok_or(Refusal::Bad)?.split(' ');
    let (Some(method), Some(target), Some(version), None) =
        (line.next(), line.next(), line.next(), line.next())
    else {
        return Err(Refusal::Bad);
    };
    if !version.starts_with("HTTP/1.") || !target.starts_with('/') {
        return Err(Refusal::Bad);
    }
    let mut request = Request {
        head_only: method == "HEAD",
        keep_alive: version != "HTTP/1.0",
        ..Request::default()
    };
    for header in lines {
        let (name, value) = header.split_once(':').ok_or(Refusal::Bad)?;
        let value = value.trim();
        match name.to_ascii_lowercase().as_str() {
            "connection" if value.eq_ignore_ascii_case("close") => request.keep_alive = false,
            "content-length" if value != "0" => return Err(Refusal::Bad),
            "transfer-encoding" => return Err(Refusal::Bad),
            "accept-encoding" => {
                request.gzip = accepts(value, "gzip");
                request.brotli = accepts(value, "br");
            }
            "if-none-match" => request.if_none_match = Some(value.to_owned()),
            "if-range" => request.if_range = Some(value.to_owned()),
            "range" => request.range = Some(value.to_owned()),
            _ => {}
        }
    }
    if !matches!(method, "GET" | "HEAD") {
        return Err(Refusal::Method);
    }
    let (path, query) = target
        .find('?')
        .map_or((target, ""), |at| target.split_at(at));
    path.clone_into(&mut request.raw_path);
    query.clone_into(&mut request.query);
    request.folder = path.ends_with('/');
    for part in path.split('/').filter(|part| !part.is_empty()) {
        let part = decode(part).ok_or(Refusal::Bad)?;
        let hidden = part.starts_with('.') && !(request.parts.is_empty() && part == ".well-known");
        if hidden || part.contains(['/', '\\', '\0']) {
            return Err(Refusal::NotFound);
        }
        request.parts.push(part);
    }
    Ok(request)
}

fn accepts(value: &str, coding: &str) -> bool {
    value.split(',').any(|item| {
        let mut item = item.split(';').map(str::trim);
        item.next()
            .is_some_and(|name| name.eq_ignore_ascii_case(coding))
            && !item.any(|weight| {
                weight
                    .strip_prefix("q=")
                    .and_then(|q| q.parse::<f32>().ok())
                    .is_some_and(|q| q <= 0.0)
            })
    })
}

fn decode(part: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(part.len());
    let mut rest = part.bytes();
    while let Some(byte) = rest.next() {
        if byte == b'%' {
            let high = char::from(rest.next()?).to_digit(16)?;
            let low = char::from(rest.next()?).to_digit(16)?;
            bytes.push(u8::try_from(high * 16 + low).ok()?);
        } else {
            bytes.push(byte);
        }
    }
    String::from_utf8(bytes).ok()
}

#[cfg(test)]
mod tests {
    use super::{Refusal, parse, read};

    #[test]
    fn a_path_cannot_leave_or_name_a_dotfile() {
        for path in [
            "/../etc/passwd",
            "/%2e%2e/x",
            "/a/..%2fx",
            "/.env",
            "/a/.git/config",
            "/a%00b",
            "/a%5c..",
            "/..",
            "/a/.well-known/x",
        ] {
            let result = parse(&format!("GET {path} HTTP/1.1"));
            assert_eq!(result, Err(Refusal::NotFound), "{path}");
        }
        assert_eq!(parse("GET /%zz HTTP/1.1"), Err(Refusal::Bad));
        assert_eq!(parse("GET http://x/ HTTP/1.1"), Err(Refusal::Bad));
        let allowed = parse("GET /.well-known/security.txt HTTP/1.1").unwrap();
        assert_eq!(allowed.parts, [".well-known", "security.txt"]);
    }

    #[test]
    fn what_is_no_plain_reading_is_refused() {
        assert_eq!(parse("POST / HTTP/1.1"), Err(Refusal::Method));
        assert_eq!(
            parse("GET / HTTP/1.1\r\nContent-Length: 5"),
            Err(Refusal::Bad)
        );
        assert_eq!(
            parse("GET / HTTP/1.1\r\nTransfer-Encoding: chunked"),
            Err(Refusal::Bad)
        );
        assert_eq!(parse("GET /"), Err(Refusal::Bad));
        let endless = vec![b'a'; 100_000];
        let answer = read(&mut endless.as_slice(), &mut Vec::new()).unwrap();
        assert_eq!(answer, Some(Err(Refusal::TooLarge)));
    }

    #[test]
    fn encodings_that_are_refused_are_not_taken() {
        let request = parse("GET / HTTP/1.1\r\nAccept-Encoding: gzip;q=0, br").unwrap();
        assert!(!request.gzip);
        assert!(request.brotli);
    }

    #[test]
    fn two_requests_in_one_packet_are_two() {
        let mut bytes = &b"GET /a HTTP/1.1\r\n\r\nGET /b HTTP/1.1\r\n\r\n"[..];
        let mut buffer = Vec::new();
        for part in ["a", "b"] {
            let request = read(&mut bytes, &mut buffer).unwrap().unwrap().unwrap();
            assert_eq!(request.parts, [part]);
        }
        assert_eq!(read(&mut bytes, &mut buffer).unwrap(), None);
    }
}
