//! `install.sh` with the real programs: from a release on a local HTTP server to ready and back.

use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::thread;

use longshore_e2e::longshore::SERVER_USER;
use longshore_testkit::engine::Run;
use longshore_testkit::{ports, programs};
use tempfile::TempDir;

const PROGRAMS: [&str; 2] = ["longshore", "longshore-agent"];

/// An installation in a folder of its own; removed when dropped.
struct Installation {
    folder: TempDir,
    release_url: String,
    ports: [u16; 3],
    // Last: Docker's objects go after the processes that would make them anew.
    run: Run,
}

impl Installation {
    fn new() -> Self {
        let mut run = Run::start();
        run.also_removes(format!("{}.owned", run.name()));
        let folder = tempfile::Builder::new()
            .prefix("ls-install-")
            .tempdir_in("/tmp")
            .expect("a folder");
        // The unprivileged parts must reach their directories.
        fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o755)).expect("its mode");
        let release = publish(folder.path(), "9.9.9");
        Self {
            release_url: serve(release),
            folder,
            ports: [ports::free(), ports::free(), ports::free()],
            run,
        }
    }

    fn installer(&self, arguments: &[&str]) -> Output {
        let script = fs::canonicalize("../../install.sh").expect("the installer");
        let at = |name: &str| self.folder.path().join(name);
        let mut command = Command::new("sh");
        command
            .arg(script)
            .args(arguments)
            .env("LONGSHORE_RELEASE_URL", &self.release_url)
            .env("LONGSHORE_PREFIX", at("prefix"))
            .env("LONGSHORE_CONFIG", at("etc/longshore.toml"))
            .env("LONGSHORE_DATA_DIR", at("data"))
            .env("LONGSHORE_RUN_DIR", at("run"))
            .env("LONGSHORE_INSTANCE", self.run.name())
            .env("LONGSHORE_TRAEFIK_IMAGE", "longshore/traefik:v3.7")
            .env("LONGSHORE_SERVER_USER", SERVER_USER)
            .env("LONGSHORE_DB_USER", "postgres")
            .env("LONGSHORE_LISTEN", format!("127.0.0.1:{}", self.ports[0]))
            .env("LONGSHORE_PROXY_HTTP_PORT", self.ports[1].to_string())
            .env("LONGSHORE_PROXY_HTTPS_PORT", self.ports[2].to_string())
            .env_remove("DATABASE_URL");
        command.output().expect("sh")
    }

    fn install(&self) -> String {
        let output = self.installer(&[]);
        assert!(output.status.success(), "{}", text(&output));
        text(&output)
    }

    /// The containers of the installation, as long as they are the same.
    fn containers(&self) -> String {
        let label = format!("label={}.owned", self.run.name());
        let list = ["ps", "--all", "--quiet", "--no-trunc", "--filter", &label];
        text(&Command::new("docker").args(list).output().expect("docker"))
    }

    /// The number of the supervisor's process.
    fn supervisor(&self) -> String {
        let file = self.folder.path().join("run/supervisor.pid");
        let text = fs::read_to_string(file).expect("the supervisor's process id");
        text.lines().next().unwrap_or_default().to_owned()
    }
}

impl Drop for Installation {
    fn drop(&mut self) {
        let output = self.installer(&["--uninstall", "--purge"]);
        if !output.status.success() {
            eprintln!("{}", text(&output));
        }
    }
}

/// Makes a release of this build's programs; what follows them makes them others.
fn publish(folder: &Path, version: &str) -> PathBuf {
    let release = folder.join("release");
    let name = format!("longshore-{version}-{}", std::env::consts::ARCH);
    let stage = release.join(&name);
    fs::create_dir_all(&stage).expect("a folder");
    for program in PROGRAMS {
        let place = stage.join(program);
        fs::copy(programs::path(program), &place).expect("a program");
        let file = fs::File::options().append(true).open(place);
        let added = file.and_then(|mut file| file.write_all(version.as_bytes()));
        added.expect("a program");
    }
    let unit = Path::new("../../longshore.service");
    fs::copy(unit, stage.join("longshore.service")).expect("the unit");
    let tarball = format!("{name}.tar.gz");
    let tar = ["--use-compress-program", "gzip -1", "-cf", &tarball, &name];
    let packed = Command::new("tar")
        .current_dir(&release)
        .args(tar)
        .output()
        .expect("tar");
    assert!(packed.status.success(), "{}", text(&packed));
    let sum = Command::new("sha256sum")
        .current_dir(&release)
        .arg(&tarball)
        .output()
        .expect("sha256sum");
    fs::write(release.join(format!("{tarball}.sha256")), sum.stdout).expect("the checksum");
    fs::write(release.join("VERSION"), format!("{version}\n")).expect("the version");
    release
}

/// Serves a folder's files over HTTP until the test ends.
fn serve(folder: PathBuf) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let url = format!("http://{}", listener.local_addr().expect("its address"));
    thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            let mut lines = BufReader::new(&stream).lines().map_while(Result::ok);
            let request = lines.next().unwrap_or_default();
            lines.find(String::is_empty);
            let name = request
                .split(' ')
                .nth(1)
                .unwrap_or_default()
                .trim_start_matches('/');
            let (status, body) = match fs::read(folder.join(name)) {
                Ok(body) => ("200 OK", body),
                Err(_) => ("404 Not Found", Vec::new()),
            };
            let length = body.len();
            let head = format!(
                "HTTP/1.1 {status}\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n"
            );
            let _ = stream
                .write_all(head.as_bytes())
                .and_then(|()| stream.write_all(&body));
        }
    });
    url
}

fn text(output: &Output) -> String {
    let both = [output.stdout.as_slice(), output.stderr.as_slice()].concat();
    String::from_utf8_lossy(&both).into_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_release_is_installed_from_http_upgraded_in_place_and_removed() {
    let installation = Installation::new();
    let said = installation.install();
    let token = fs::read_to_string(installation.folder.path().join("data/server/setup-token"));
    assert!(
        said.contains(token.expect("a set-up token").trim()),
        "{said}"
    );
    let ready = format!("http://127.0.0.1:{}/readyz", installation.ports[0]);
    assert_eq!(
        reqwest::get(&ready)
            .await
            .expect("an answer")
            .status()
            .as_u16(),
        200
    );

    // The same release again: nothing is stopped.
    let before = installation.supervisor();
    let key = installation.folder.path().join("data/server/master.key");
    let key_before = fs::read(&key).expect("the master key");
    installation.install();
    assert_eq!(installation.supervisor(), before);
    assert_eq!(fs::read(&key).expect("the master key"), key_before);

    // The next release: other programs, the same data and containers.
    let containers = installation.containers();
    assert_eq!(containers.lines().count(), 1, "the proxy: {containers}");
    publish(installation.folder.path(), "9.9.10");
    installation.install();
    assert_ne!(installation.supervisor(), before);
    assert_eq!(fs::read(&key).expect("the master key"), key_before);
    assert_eq!(installation.containers(), containers);
    let answer = reqwest::get(&ready).await.expect("an answer");
    assert_eq!(answer.status().as_u16(), 200);
    let place = installation.folder.path().join("prefix/bin/longshore");
    assert!(fs::read(place).expect("a program").ends_with(b"9.9.10"));

    // Removed, but for the data; and then all of it.
    let removed = installation.installer(&["--uninstall"]);
    assert!(removed.status.success(), "{}", text(&removed));
    assert!(reqwest::get(&ready).await.is_err(), "it still answers");
    assert!(key.exists());
    let purged = installation.installer(&["--uninstall", "--purge"]);
    assert!(purged.status.success(), "{}", text(&purged));
    assert!(!installation.folder.path().join("data").exists());
    assert_eq!(installation.containers(), "", "containers are left");
}
