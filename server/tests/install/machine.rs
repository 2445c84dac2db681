//! A scratch machine: a release to install, places to install it to, and stand-ins for Docker.

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
pub struct Machine {
    root: TempDir,
    release_url: String,
    pub ports: [u16; 3],
    _runtime: tokio::runtime::Runtime,
}

impl Machine {
    pub fn new() -> Self {
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
        let machine = Self {
            release_url,
            ports: [free_port(), free_port(), free_port()],
            root,
            _runtime: runtime,
        };
        machine.executable("standins/docker", &machine.docker());
        machine.executable("standins/dockerd", "#!/bin/sh\n");
        // The machine that runs these tests may be in a Swarm, whose ports are taken then.
        machine.executable(
            "standins/cat",
            "#!/bin/sh\nexec /bin/cat \"$@\" | grep -v ':0949 00000000\\|:1F0A 00000000'\n",
        );
        machine.publish("1.0.0");
        machine
    }

    /// A stand-in for Docker: it answers, has every image, is a manager of a Swarm, and notes what
    /// it is told. What is in the folder `docker` is answered instead.
    fn docker(&self) -> String {
        format!(
            "#!/bin/sh\n\
             echo \"$@\" >>{root}/docker.log\n\
             answer() {{ /bin/cat {root}/docker/$1 2>/dev/null || echo \"$2\"; }}\n\
             case $* in\n\
             --version) answer version 'Docker version 28.5.2' ;;\n\
             *Server.APIVersion*) answer api 1.51 ;;\n\
             *Server.Version*) answer engine 28.5.2 ;;\n\
             *Server.Components*) answer components 'Engine containerd runc' ;;\n\
             *LocalNodeState*ControlAvailable*) answer swarm 'active true' ;;\n\
             *LocalNodeState*) echo active ;;\n\
             *LiveRestore*) answer live-restore false ;;\n\
             *DockerRootDir*) answer root /var/lib/docker ;;\n\
             esac\n",
            root = self.root.path().display()
        )
    }

    /// What Docker answers to a question from now on.
    pub fn docker_answers(&self, question: &str, answer: &str) {
        fs::create_dir_all(self.path("docker")).unwrap();
        fs::write(self.path("docker").join(question), format!("{answer}\n")).unwrap();
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.root.path().join(name)
    }

    pub fn executable(&self, name: &str, text: &str) {
        let path = self.path(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, text).unwrap();
        fs::set_permissions(&path, Permissions::from_mode(0o755)).unwrap();
    }

    /// Makes a release whose `longshore` notes how it is called, and publishes it.
    pub fn publish(&self, version: &str) {
        let name = self.release(version);
        self.pack(&name, version);
    }

    /// Makes the files of a release and gives its name.
    pub fn release(&self, version: &str) -> String {
        let name = format!("longshore-{version}-{}", std::env::consts::ARCH);
        for program in ["longshore", "longshore-agent"] {
            self.executable(
                &format!("release/{name}/{program}"),
                &format!(
                    "#!/bin/sh\n# {version}\n[ \"$1\" != --version ] || exit 0\n\
                     echo \"$@\" >>{root}/calls.log\n\
                     [ \"$1\" != up ] || [ ! -e {root}/release/up-fails ]\n",
                    root = self.root.path().display()
                ),
            );
        }
        let unit = self.path(&format!("release/{name}/longshore.service"));
        fs::write(unit, "[Service]\n").unwrap();
        name
    }

    /// Publishes what `release` made.
    pub fn pack(&self, name: &str, version: &str) {
        let release = self.path("release");
        let tarball = format!("{name}.tar.gz");
        let tar = ["-czf", &tarball, name];
        run(Command::new("tar").current_dir(&release).args(tar));
        let sum = run(Command::new("sha256sum")
            .current_dir(&release)
            .arg(&tarball));
        fs::write(release.join(format!("{tarball}.sha256")), sum.stdout).unwrap();
        fs::write(release.join("VERSION"), format!("{version}\n")).unwrap();
    }

    pub fn installer(&self) -> Command {
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
            .env("TMPDIR", self.root.path())
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
    pub fn calls(&self) -> Vec<String> {
        let path = self.path("calls.log");
        let calls = fs::read_to_string(&path).unwrap_or_default();
        let _ = fs::remove_file(path);
        calls.lines().map(str::to_owned).collect()
    }

    pub fn installed(&self) -> String {
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

pub fn run(command: &mut Command) -> Output {
    let output = command.output().unwrap();
    assert!(output.status.success(), "{}", text(&output));
    output
}

pub fn text(output: &Output) -> String {
    let both = [output.stdout.as_slice(), output.stderr.as_slice()].concat();
    String::from_utf8_lossy(&both).into_owned()
}
