//! `longshore-static-server <folder> [--spa]`: serves the files of a folder on `$PORT`
//! (8080 when it is not set).
//!
//! It is the only program in the image of a static site, so it needs nothing but the
//! kernel: the standard library alone, linked statically. The agent's build script
//! compiles this file by itself. It must not list folders, serve dotfiles, or leave its
//! folder; TLS, HTTP/2 and rate limits are the proxy's.

mod answer;
mod file;
mod gzip;
mod request;
mod serve;

use std::env;
use std::net::{Ipv6Addr, TcpListener};
use std::path::PathBuf;
use std::process::ExitCode;

/// The port when `PORT` is not set.
const PORT: u16 = 8080;

fn main() -> ExitCode {
    let mut arguments = env::args_os().skip(1);
    let Some(root) = arguments.next().map(PathBuf::from) else {
        eprintln!("usage: longshore-static-server <folder> [--spa]");
        return ExitCode::from(2);
    };
    let spa = arguments.any(|argument| argument == "--spa");
    let port = match port() {
        Ok(port) => port,
        Err(text) => {
            eprintln!("PORT is not a port: {text}");
            return ExitCode::from(2);
        }
    };
    let site = match file::Site::open(&root, spa) {
        Ok(site) => site,
        Err(error) => {
            eprintln!("{} cannot be served: {error}", root.display());
            return ExitCode::FAILURE;
        }
    };
    // A kernel without IPv6 has the other address only.
    let listener = TcpListener::bind((Ipv6Addr::UNSPECIFIED, port))
        .or_else(|_| TcpListener::bind(("0.0.0.0", port)));
    match listener {
        Ok(listener) => {
            eprintln!("Serving on port {port}.");
            serve::accept(&listener, &site);
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("Port {port} cannot be listened on: {error}");
            ExitCode::FAILURE
        }
    }
}

#[expect(clippy::disallowed_methods, reason = "this program's only setting")]
fn port() -> Result<u16, String> {
    match env::var("PORT") {
        Ok(text) if !text.is_empty() => text.parse().map_err(|_| text),
        _ => Ok(PORT),
    }
}
