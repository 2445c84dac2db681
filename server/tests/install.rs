//! `install.sh` against a release on a local HTTP server, with stand-ins for the programs and for
//! Docker, so that nothing on this machine is touched.

#![expect(
    clippy::disallowed_methods,
    reason = "tests start programs and tasks, and read the clock, as they like"
)]
#![expect(clippy::unwrap_used, reason = "a failed step fails the test")]

use std::fs::{self, Permissions};
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt as _;
use std::path::PathBuf;
use std::process::{Command, Output};

use axum::Router;
use axum::extract::{Path as UrlPath, State};
use axum::http::StatusCode;
use tempfile::TempDir;

/// A scratch machine: a release to install and places to install it to.
struct Machine {
    root: TempDir,
    release_url: String,
    ports: [u16; 3],
    _runtime: tokio::runtime::Runtime,
}

impl Machine {
    fn new() -> Self {
        let root = tempfile::tempdir().unwrap();
        fs::create_dir(root.path().join("release")).unwrap();
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build()
            .unwrap();
        let router = Router::new()
            .route("/{file}", axum::routing::get(serve_file))
            .with_state(root.path().join("release"));
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        listener.set_nonblocking(true).unwrap();
        let release_url = format!("http://{}", listener.local_addr().unwrap());
        let listener = {
            let _guard = runtime.enter();
            tokio::net::TcpListener::from_std(listener).unwrap()
        };
        runtime.spawn(async move { axum::serve(listener, router).await });
        // Stand-ins for Docker: it answers, has every image, and notes what it is told.
        let machine = Self {
            release_url,
            ports: [free_port(), free_port(), free_port()],
            root,
            _runtime: runtime,
        };
        for program in ["docker", "dockerd"] {
            let note = machine.path("docker.log");
            machine.executable(
                &format!("standins/{program}"),
                &format!("#!/bin/sh\necho \"$@\" >>{}\n", note.display()),
            );
        }
        machine.publish("1.0.0");
        machine
    }

    fn path(&self, name: &str) -> PathBuf {
        self.root.path().join(name)
    }

    fn executable(&self, name: &str, text: &str) {
        let path = self.path(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, text).unwrap();
        fs::set_permissions(&path, Permissions::from_mode(0o755)).unwrap();
    }

    /// Makes a release whose `longshore` notes how it is called.
    fn publish(&self, version: &str) {
        let name = format!("longshore-{version}-{}", std::env::consts::ARCH);
        let calls = self.path("calls.log");
        for program in ["longshore", "longshore-agent"] {
            self.executable(
                &format!("release/{name}/{program}"),
                &format!(
                    "#!/bin/sh\n# {version}\necho \"$@\" >>{}\n",
                    calls.display()
                ),
            );
        }
        fs::write(
            self.path(&format!("release/{name}/longshore.service")),
            "[Service]\n",
        )
        .unwrap();
        let release = self.path("release");
        run(Command::new("tar").current_dir(&release).args([
            "-czf",
            &format!("{name}.tar.gz"),
            &name,
        ]));
        let sum = run(Command::new("sha256sum")
            .current_dir(&release)
            .arg(format!("{name}.tar.gz")));
        fs::write(release.join(format!("{name}.tar.gz.sha256")), sum.stdout).unwrap();
        fs::write(release.join("VERSION"), format!("{version}\n")).unwrap();
    }

    fn installer(&self) -> Command {
        let script = fs::canonicalize("../install.sh").unwrap();
        let mut command = Command::new("sh");
        command
            .arg(script)
            .env_clear()
            .env(
                "PATH",
                format!(
                    "{}:/usr/sbin:/usr/bin:/sbin:/bin",
                    self.path("standins").display()
                ),
            )
            .env("LONGSHORE_RELEASE_URL", &self.release_url)
            .env("LONGSHORE_PREFIX", self.path("prefix"))
            .env("LONGSHORE_CONFIG", self.path("etc/longshore.toml"))
            .env("LONGSHORE_DATA_DIR", self.path("data"))
            .env("LONGSHORE_RUN_DIR", self.path("run"))
            .env("LONGSHORE_INSTANCE", "installtest")
            .env("LONGSHORE_SERVER_USER", "root")
            .env("DATABASE_URL", "postgres://u:p@127.0.0.1/d")
            .env("LONGSHORE_PROXY_HTTP_PORT", self.ports[0].to_string())
            .env("LONGSHORE_PROXY_HTTPS_PORT", self.ports[1].to_string())
            .env("LONGSHORE_LISTEN", format!("127.0.0.1:{}", self.ports[2]));
        command
    }

    /// What the installed `longshore` was called with since the last look.
    fn calls(&self) -> Vec<String> {
        let path = self.path("calls.log");
        let calls = fs::read_to_string(&path).unwrap_or_default();
        let _ = fs::remove_file(path);
        calls.lines().map(str::to_owned).collect()
    }

    fn installed(&self) -> String {
        fs::read_to_string(self.path("prefix/bin/longshore")).unwrap_or_default()
    }
}

async fn serve_file(
    State(directory): State<PathBuf>,
    UrlPath(file): UrlPath<String>,
) -> Result<Vec<u8>, StatusCode> {
    fs::read(directory.join(file)).map_err(|_| StatusCode::NOT_FOUND)
}

fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap()
        .port()
}

fn run(command: &mut Command) -> Output {
    let output = command.output().unwrap();
    assert!(output.status.success(), "{}", text(&output));
    output
}

fn text(output: &Output) -> String {
    let both = [output.stdout.as_slice(), output.stderr.as_slice()].concat();
    String::from_utf8_lossy(&both).into_owned()
}

#[test]
fn a_release_is_installed_upgraded_and_removed() {
    let machine = Machine::new();
    let said = text(&run(&mut machine.installer()));
    assert!(said.contains("checksum is right"), "{said}");
    assert!(
        said.contains(&format!("http://127.0.0.1:{}", machine.ports[2])),
        "{said}"
    );
    assert_eq!(machine.calls(), ["up --detach"]);

    let config = machine.path("etc/longshore.toml");
    let written = fs::read_to_string(&config).unwrap();
    assert!(
        written.contains("instance = \"installtest\"\n"),
        "{written}"
    );
    assert!(
        written.contains("database_url = \"postgres://u:p@127.0.0.1/d\"\n"),
        "{written}"
    );
    assert_eq!(
        fs::metadata(&config).unwrap().permissions().mode() & 0o777,
        0o640
    );

    // The same release again changes nothing and stops nothing.
    fs::create_dir_all(machine.path("data/server")).unwrap();
    fs::write(machine.path("data/server/master.key"), "kept").unwrap();
    run(&mut machine.installer());
    assert_eq!(machine.calls(), ["up --detach"]);

    machine.publish("1.1.0");
    run(machine.installer().env("LONGSHORE_INSTANCE", "other"));
    assert_eq!(machine.calls(), ["down", "up --detach"]);
    assert!(machine.installed().contains("# 1.1.0"));
    assert_eq!(
        fs::read_to_string(&config).unwrap(),
        written,
        "an upgrade changed the settings"
    );

    run(machine.installer().arg("--uninstall"));
    assert_eq!(machine.calls(), ["down"]);
    assert!(!machine.path("prefix/bin/longshore").exists());
    assert_eq!(
        fs::read_to_string(machine.path("data/server/master.key")).unwrap(),
        "kept"
    );

    run(machine.installer().args(["--uninstall", "--purge"]));
    assert!(!machine.path("data").exists() && !config.exists());
    let told = fs::read_to_string(machine.path("docker.log")).unwrap();
    assert!(!told.contains("swarm") && !told.contains("prune"), "{told}");
}

#[test]
fn a_damaged_download_is_refused_and_nothing_is_installed() {
    let machine = Machine::new();
    let name = format!("release/longshore-1.0.0-{}.tar.gz", std::env::consts::ARCH);
    let mut tarball = fs::read(machine.path(&name)).unwrap();
    *tarball.last_mut().unwrap() ^= 1;
    fs::write(machine.path(&name), tarball).unwrap();
    let output = machine.installer().output().unwrap();
    assert!(!output.status.success());
    assert!(text(&output).contains("is damaged"), "{}", text(&output));
    assert!(!machine.path("prefix").exists() && !machine.path("etc").exists());
}

#[test]
fn a_dry_run_says_every_step_and_changes_nothing() {
    let machine = Machine::new();
    let said = text(&run(machine.installer().arg("--dry-run")));
    for step in [
        "verify its SHA-256",
        "would install: longshore",
        "up --detach",
    ] {
        assert!(said.contains(step), "{said}");
    }
    assert!(!machine.path("prefix").exists() && !machine.path("etc").exists());
    assert!(machine.calls().is_empty());
}

#[test]
fn a_taken_port_is_refused_with_the_program_that_holds_it() {
    let machine = Machine::new();
    let _holder = TcpListener::bind(("127.0.0.1", machine.ports[0])).unwrap();
    let output = machine.installer().output().unwrap();
    let said = text(&output);
    assert!(!output.status.success());
    let expected = format!("(process {})", std::process::id());
    assert!(
        said.contains(&expected) && said.contains("LONGSHORE_PROXY_HTTP_PORT"),
        "{said}"
    );
}

#[test]
fn unknown_arguments_are_refused() {
    let machine = Machine::new();
    let output = machine.installer().arg("--force").output().unwrap();
    assert!(!output.status.success() && text(&output).contains("--force"));
    let output = machine.installer().arg("--purge").output().unwrap();
    assert!(!output.status.success() && text(&output).contains("--uninstall"));
}
