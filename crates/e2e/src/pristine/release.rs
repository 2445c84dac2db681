//! A release of the programs that this build made, on an HTTP server that machines can reach.

use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::net::{Ipv4Addr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;
use std::thread;

use longshore_testkit::programs;
use tempfile::TempDir;

/// The version that it has.
pub const VERSION: &str = "9.9.9";

const PROGRAMS: [&str; 2] = ["longshore", "longshore-agent"];

/// The release of this process; packed once.
#[derive(Debug)]
pub struct Release {
    folder: TempDir,
    port: u16,
}

impl Release {
    /// The release of this process.
    pub fn ready() -> &'static Self {
        static RELEASE: OnceLock<Release> = OnceLock::new();
        RELEASE.get_or_init(Self::pack)
    }

    /// The port at which it is served, on every address of this machine.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// The folder with its files.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    fn pack() -> Self {
        let workspace = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
        let folder = tempfile::tempdir().expect("a folder");
        let name = format!("longshore-{VERSION}-{}", std::env::consts::ARCH);
        let stage = folder.path().join(&name);
        fs::create_dir_all(&stage).expect("a folder");
        for program in PROGRAMS {
            // Without what a debugger needs: half of the size.
            let stripped = stage.join(program);
            let source = programs::path(program);
            run(Command::new("strip").arg("-o").arg(stripped).arg(source));
        }
        let unit = workspace.join("longshore.service");
        fs::copy(unit, stage.join("longshore.service")).expect("the unit");
        let tarball = format!("{name}.tar.gz");
        let tar = ["--use-compress-program", "gzip -1", "-cf", &tarball, &name];
        run(Command::new("tar").current_dir(folder.path()).args(tar));
        let sum = run(Command::new("sha256sum")
            .current_dir(folder.path())
            .arg(&tarball));
        fs::write(folder.path().join(format!("{tarball}.sha256")), sum).expect("the checksum");
        fs::write(folder.path().join("VERSION"), format!("{VERSION}\n")).expect("the version");
        let script = folder.path().join("install.sh");
        fs::copy(workspace.join("install.sh"), script).expect("the installer");
        let port = serve(folder.path().to_owned());
        Self { folder, port }
    }
}

fn run(command: &mut Command) -> Vec<u8> {
    let output = command.output().expect("a program");
    let words = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{command:?}: {words}");
    output.stdout
}

/// Serves a folder's files until the process ends.
fn serve(folder: PathBuf) -> u16 {
    let listener = TcpListener::bind((Ipv4Addr::UNSPECIFIED, 0)).expect("a port");
    let port = listener.local_addr().expect("its address").port();
    thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let mut lines = BufReader::new(&stream).lines().map_while(Result::ok);
            let request = lines.next().unwrap_or_default();
            lines.find(String::is_empty);
            let name = request.split(' ').nth(1).unwrap_or_default();
            let file = fs::read(folder.join(name.trim_start_matches('/')));
            let (status, body) = match file {
                Ok(body) => ("200 OK", body),
                Err(_) => ("404 Not Found", Vec::new()),
            };
            let length = body.len();
            let head = format!(
                "HTTP/1.1 {status}\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n"
            );
            let mut stream = &stream;
            let _ = stream
                .write_all(head.as_bytes())
                .and_then(|()| stream.write_all(&body));
        }
    });
    port
}
