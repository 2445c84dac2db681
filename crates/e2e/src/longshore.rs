//! A Longshore of its own for one test, started as on a machine: `longshore up`.

use std::fs;
use std::net::Ipv4Addr;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

use longshore_testkit::engine::Run;
use longshore_testkit::{ports, programs, wait};
use reqwest::redirect::Policy;
use reqwest::{Client, Method, RequestBuilder};
use serde_json::Value;
use tempfile::TempDir;

use crate::api::Api;
use crate::company::Company;

/// How long it may take from `up` to ready on a busy machine, with a new cluster and a new Swarm.
const START_LIMIT: Duration = Duration::from_secs(90);

/// How long it may take to stop.
const STOP_LIMIT: Duration = Duration::from_mins(1);

/// The unprivileged user of the server process; every Debian has it.
pub const SERVER_USER: &str = "daemon";

/// Who signs in.
pub const EMAIL: &str = "ada@example.org";

/// Their password.
pub const PASSWORD: &str = "correct horse battery staple";

/// Its programs.
const PROGRAMS: [&str; 2] = ["longshore", "longshore-agent"];

/// A running Longshore; stopped, with all it made, when dropped.
pub struct Longshore {
    folder: TempDir,
    dashboard: u16,
    http: u16,
    https: u16,
    supervisor: Child,
    // Last: Docker's objects go after the processes that would make them anew, and others come
    // after both.
    run: Run,
    _company: Company,
}

impl Longshore {
    /// Starts it and waits until it is ready.
    pub async fn start() -> Self {
        Self::start_with("").await
    }

    /// Starts it while no other test of the program has one, and keeps others waiting: for tests
    /// that kill Docker or measure time.
    pub async fn start_alone() -> Self {
        let company = Company::leave().await;
        Self::begin(Ipv4Addr::LOCALHOST, "", company).await
    }

    /// Starts it with further settings, as lines of the configuration file.
    pub async fn start_with(settings: &str) -> Self {
        Self::start_at(Ipv4Addr::LOCALHOST, settings).await
    }

    /// The same with a dashboard that listens on that address.
    pub async fn start_at(listen: Ipv4Addr, settings: &str) -> Self {
        Self::begin(listen, settings, Company::join().await).await
    }

    async fn begin(listen: Ipv4Addr, settings: &str, company: Company) -> Self {
        let mut run = Run::start();
        run.also_removes(format!("{}.owned", run.name()));
        let folder = tempfile::Builder::new()
            .prefix("ls-")
            .tempdir_in("/tmp")
            .expect("a folder");
        // The unprivileged parts must reach their binaries and directories.
        open(folder.path());
        let binaries = folder.path().join("bin");
        fs::create_dir(&binaries).expect("a folder");
        open(&binaries);
        for name in PROGRAMS {
            let place = binaries.join(name);
            // They are large, and every test has them; another file system takes a copy.
            if fs::hard_link(programs::path(name), &place).is_err() {
                fs::copy(programs::path(name), place).expect("a binary");
            }
        }
        // Where the installer puts it.
        if let Some(compose) = std::env::var_os("LONGSHORE_TEST_COMPOSE") {
            std::os::unix::fs::symlink(compose, binaries.join("longshore-compose"))
                .expect("a link");
        }
        let (dashboard, http, https) = (ports::free(), ports::free(), ports::free());
        let settings = format!("listen = \"{listen}:{dashboard}\"\n{settings}");
        fs::write(folder.path().join("longshore.toml"), settings).expect("a configuration");
        let supervisor = up(folder.path(), run.name(), [http, https]);
        let mut longshore = Self {
            folder,
            dashboard,
            http,
            https,
            supervisor,
            run,
            _company: company,
        };
        longshore.wait_until_ready().await;
        longshore
    }

    /// Stops it, starts it again with the same data, and gives the time from the start to ready.
    pub async fn restart(&mut self) -> Duration {
        self.stop();
        let ports = [self.http, self.https];
        let start = Instant::now();
        self.supervisor = up(self.folder.path(), self.run.name(), ports);
        self.wait_until_ready().await;
        start.elapsed()
    }

    /// Upgrades it as the installer does: other programs are put in the place of those that run,
    /// then it is stopped and started again.
    pub async fn upgrade(&mut self) {
        for name in PROGRAMS {
            let place = self.folder.path().join("bin").join(name);
            let new = place.with_extension("new");
            let mut program = fs::read(&place).expect("a program");
            // Another file, which does the same.
            program.extend_from_slice(b"upgraded");
            fs::write(&new, program).expect("a program");
            open(&new);
            fs::rename(new, place).expect("a program");
        }
        self.restart().await;
        let old = programs_that_were_replaced(self.folder.path());
        assert_eq!(old, Vec::<PathBuf>::new(), "still run");
    }

    fn stop(&mut self) {
        let pid = self.supervisor.id().to_string();
        let _ = Command::new("kill").args(["-TERM", &pid]).status();
        let start = Instant::now();
        while matches!(self.supervisor.try_wait(), Ok(None)) {
            if start.elapsed() > STOP_LIMIT {
                let _ = self.supervisor.kill();
            }
            std::thread::sleep(Duration::from_millis(50));
        }
    }

    async fn wait_until_ready(&mut self) {
        let url = format!("{}/readyz", self.url());
        let start = Instant::now();
        loop {
            let answer = reqwest::get(&url).await;
            if answer.is_ok_and(|answer| answer.status().is_success()) {
                return;
            }
            let ended = self.supervisor.try_wait().expect("its state");
            assert!(
                ended.is_none() && start.elapsed() < START_LIMIT,
                "Longshore is not ready ({ended:?}):\n{}",
                self.log()
            );
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    /// The dashboard's URL.
    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.dashboard)
    }

    /// The folder of its binaries, data and sockets.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// The prefix of what it makes in Docker.
    pub fn instance(&self) -> &str {
        self.run.name()
    }

    /// What `longshore up` has printed.
    pub fn log(&self) -> String {
        fs::read_to_string(self.folder.path().join("log")).unwrap_or_default()
    }

    /// The one-time token that lets somebody make the first administrator.
    pub fn setup_token(&self) -> String {
        let file = self.folder.path().join("data/server/setup-token");
        let token = fs::read_to_string(&file);
        token.expect("the set-up token").trim().to_owned()
    }

    /// Runs `longshore <arguments>` with this Longshore's settings.
    pub fn command(&self, arguments: &[&str], input: &str) -> Output {
        let mut command = Command::new(self.folder.path().join("bin/longshore"));
        let ports = [self.http, self.https];
        settings(&mut command, self.folder.path(), self.run.name(), ports);
        let file = self.folder.path().join("input");
        fs::write(&file, input).expect("the input");
        command
            .args(arguments)
            .stdin(fs::File::open(file).expect("the input"))
            .output()
            .expect("longshore")
    }

    /// Makes a user and a token on the machine, and gives a client with it.
    pub fn api(&self) -> Api {
        let made = self.command(
            &["user", "create", "--email", EMAIL, "--password-stdin"],
            PASSWORD,
        );
        assert!(made.status.success(), "{}", text(&made.stderr));
        let token = self.command(&["token", "create", "--email", EMAIL, "--name", "test"], "");
        assert!(token.status.success(), "{}", text(&token.stderr));
        Api::new(&self.url(), text(&token.stdout).trim())
    }

    /// Asks Traefik as a visitor of that host: the status and the text.
    pub async fn visit(&self, host: &str, path: &str) -> (u16, String) {
        let answer = Client::new()
            .get(format!("http://127.0.0.1:{}{path}", self.http))
            .header("host", host)
            .timeout(Duration::from_secs(10))
            .send()
            .await;
        match answer {
            Ok(answer) => {
                let status = answer.status().as_u16();
                (status, answer.text().await.unwrap_or_default())
            }
            Err(error) => (0, error.to_string()),
        }
    }

    /// A request to Traefik for that host; redirects are not followed.
    pub fn request(&self, method: Method, host: &str, path: &str) -> RequestBuilder {
        let client = Client::builder().redirect(Policy::none()).build();
        client
            .expect("a client")
            .request(method, format!("http://127.0.0.1:{}{path}", self.http))
            .header("host", host)
            .timeout(Duration::from_secs(10))
    }

    /// What Traefik answers for that host, as JSON; fails unless the status is a good one.
    pub async fn json(&self, method: Method, host: &str, path: &str) -> Value {
        let answer = self.request(method, host, path).send().await;
        let answer = answer.expect("an answer");
        let status = answer.status();
        let text = answer.text().await.expect("a body");
        assert!(status.is_success(), "{host}{path}: {status} {text}");
        serde_json::from_str(&text).expect("JSON")
    }

    /// Waits until that host's page contains a text.
    pub async fn shows(&self, host: &str, expected: &str) {
        wait::until(expected, Duration::from_secs(30), || async {
            let (_, page) = self.visit(host, "/").await;
            page.contains(expected).then_some(())
        })
        .await;
    }

    /// The port of Traefik's public HTTP entry point.
    pub fn http_port(&self) -> u16 {
        self.http
    }

    /// The port of Traefik's public HTTPS entry point.
    pub fn https_port(&self) -> u16 {
        self.https
    }

    fn keep_log(&self) {
        let folder = kept_folder("e2e-logs");
        let kept = folder.join(format!("{}.log", self.run.name()));
        let _ = fs::copy(self.folder.path().join("log"), &kept);
        eprintln!("the log of this Longshore is in {}", kept.display());
    }
}

impl Drop for Longshore {
    fn drop(&mut self) {
        if std::thread::panicking() {
            self.keep_log();
        }
        self.stop();
    }
}

/// A folder under `target` for what people may want to look at after a run.
pub fn kept_folder(name: &str) -> PathBuf {
    let target = std::env::current_exe().expect("the path of this test");
    // target/debug/deps/<test>
    let folder = target.ancestors().nth(3).expect("target").join(name);
    fs::create_dir_all(&folder).expect("a folder");
    folder
}

/// Starts `longshore up`; what it prints goes to the log.
fn up(folder: &Path, instance: &str, ports: [u16; 2]) -> Child {
    let log = fs::File::options()
        .create(true)
        .append(true)
        .open(folder.join("log"))
        .expect("a log");
    let mut command = Command::new(folder.join("bin/longshore"));
    settings(&mut command, folder, instance, ports);
    command
        .arg("up")
        .stdin(Stdio::null())
        .stdout(log.try_clone().expect("the log"))
        .stderr(log)
        .spawn()
        .expect("longshore")
}

fn settings(command: &mut Command, folder: &Path, instance: &str, ports: [u16; 2]) {
    let [http, https] = ports;
    command
        .env_clear()
        .env(
            "PATH",
            "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
        )
        .env("LONGSHORE_CONFIG", folder.join("longshore.toml"))
        .env("LONGSHORE_DATA_DIR", folder.join("data"))
        .env("LONGSHORE_RUN_DIR", folder.join("run"))
        .env("LONGSHORE_INSTANCE", instance)
        .env("LONGSHORE_PROXY_HTTP_PORT", http.to_string())
        .env("LONGSHORE_PROXY_HTTPS_PORT", https.to_string())
        .env("LONGSHORE_TRAEFIK_IMAGE", "longshore/traefik:v3.7")
        .env("LONGSHORE_SERVER_USER", SERVER_USER)
        .env("LONGSHORE_DB_USER", "postgres");
}

/// What processes run that is no file of this folder any more.
fn programs_that_were_replaced(folder: &Path) -> Vec<PathBuf> {
    let processes = fs::read_dir("/proc").expect("/proc").flatten();
    processes
        .filter_map(|process| fs::read_link(process.path().join("exe")).ok())
        .filter(|program| program.starts_with(folder) && !program.exists())
        .collect()
}

fn open(folder: &Path) {
    fs::set_permissions(folder, fs::Permissions::from_mode(0o755)).expect("its mode");
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}
