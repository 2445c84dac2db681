//! An authority of a test's own: Pebble, and a DNS server that takes updates.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use longshore_testkit::ports;
use tempfile::TempDir;

/// The TSIG key that may change the zone, as base64.
pub const KEY: &str = "bG9uZ3Nob3JlLXRlc3Qta2V5LTAxMjM0NTY3ODlhYmM=";

/// The zone.
pub const ZONE: &str = "acme.test";

/// An authority and a DNS server; stopped when dropped.
pub struct Authority {
    folder: TempDir,
    acme: u16,
    dns: u16,
    children: Vec<Child>,
}

impl Authority {
    /// Starts the DNS server; `hosts` of [`ZONE`] lead to this machine.
    pub async fn start(hosts: &[&str]) -> Self {
        let folder = tempfile::Builder::new()
            .prefix("authority-")
            .tempdir_in("/tmp")
            .expect("a folder");
        let (acme, dns) = (ports::free(), ports::free());
        let mut authority = Self {
            folder,
            acme,
            dns,
            children: Vec::new(),
        };
        authority.make_certificates();
        authority.start_dns(hosts).await;
        authority
    }

    /// The settings that make a Longshore ask this authority, as lines of its file.
    pub fn settings(&self) -> String {
        format!(
            "acme_directory = \"https://localhost:{}/dir\"\nacme_ca = \"{}\"\ndns_resolver = \"127.0.0.1:{}\"\n",
            self.acme,
            self.path("ca.pem").display(),
            self.dns
        )
    }

    /// The DNS server's address.
    pub fn dns(&self) -> String {
        format!("127.0.0.1:{}", self.dns)
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Starts the authority, which visits this HTTP port and issues for so many seconds.
    pub async fn open(&mut self, http: u16, seconds: u32, blocked: &str) {
        let at_once = ("PEBBLE_VA_NOSLEEP", "1");
        self.start_pebble(http, seconds, blocked, at_once).await;
    }

    /// Starts the authority, which takes some seconds over most proofs.
    pub async fn open_slowly(&mut self, http: u16) {
        let seconds = ("PEBBLE_VA_SLEEPTIME", "6");
        self.start_pebble(http, 3600, "blocked.acme.test", seconds)
            .await;
    }

    /// How many accounts the authority has.
    pub fn accounts(&self) -> usize {
        let log = fs::read_to_string(self.path("pebble.log")).expect("a log");
        let mut told = log.lines().filter_map(|line| {
            let (_, rest) = line.split_once("There are now ")?;
            rest.strip_suffix(" accounts in memory")?.parse().ok()
        });
        told.next_back().unwrap_or_default()
    }

    /// The texts of a name in the zone, as the DNS server has them.
    pub fn texts(&self, name: &str) -> Vec<String> {
        let configuration = self.path("knot.conf");
        let output = Command::new("/usr/sbin/knotc")
            .arg("--config")
            .arg(configuration)
            .args(["zone-read", ZONE, name, "TXT"])
            .output()
            .expect("knotc, of the Debian package knot");
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        let texts = text.lines().filter_map(|line| {
            let (_, text) = line.split_once(" TXT ")?;
            Some(text.trim().trim_matches('"').to_owned())
        });
        texts.collect()
    }

    async fn start_pebble(&mut self, http: u16, seconds: u32, blocked: &str, pace: (&str, &str)) {
        let management = ports::free();
        let config = format!(
            r#"{{"pebble": {{"listenAddress": "127.0.0.1:{}", "managementListenAddress": "127.0.0.1:{management}",
                "certificate": "{}", "privateKey": "{}", "httpPort": {http}, "tlsPort": 1,
                "certificateValidityPeriod": {seconds}, "domainBlocklist": ["{blocked}"]}}}}"#,
            self.acme,
            self.path("localhost.pem").display(),
            self.path("localhost.key").display(),
        );
        let file = self.path("pebble.json");
        fs::write(&file, config).expect("a configuration");
        let log = fs::File::create(self.path("pebble.log")).expect("a log");
        let child = Command::new("pebble")
            .arg("-config")
            .arg(file)
            .args(["-dnsserver", &self.dns()])
            .env(pace.0, pace.1)
            .env("PEBBLE_AUTHZREUSE", "0")
            .stdout(log.try_clone().expect("a log"))
            .stderr(log)
            .spawn()
            .expect("pebble, of the Debian package of that name");
        self.children.push(child);
        ports::listening(self.acme).await;
    }

    /// A certificate for hosts by an authority that is not Pebble, and its key, both as PEM.
    pub fn own(&self, host: &str) -> (String, String) {
        self.issue("own", &format!("DNS:{host}"));
        let read = |name| fs::read_to_string(self.path(name)).expect("a file");
        let chain = format!("{}{}", read("own.pem"), read("ca.pem"));
        (chain, read("own.key"))
    }

    fn make_certificates(&self) {
        self.openssl(&[
            "req",
            "-x509",
            "-newkey",
            "ec",
            "-pkeyopt",
            "ec_paramgen_curve:P-256",
            "-nodes",
            "-days",
            "30",
            "-subj",
            "/O=Harbour Trust",
            "-keyout",
            "ca.key",
            "-out",
            "ca.pem",
        ]);
        self.issue("localhost", "DNS:localhost,IP:127.0.0.1");
    }

    fn issue(&self, name: &str, names: &str) {
        let (key, request, certificate) = (
            format!("{name}.key"),
            format!("{name}.csr"),
            format!("{name}.pem"),
        );
        self.openssl(&[
            "req",
            "-newkey",
            "ec",
            "-pkeyopt",
            "ec_paramgen_curve:P-256",
            "-nodes",
            "-subj",
            "/CN=test",
            "-keyout",
            &key,
            "-out",
            &request,
        ]);
        fs::write(self.path("names"), format!("subjectAltName={names}\n")).expect("a file");
        self.openssl(&[
            "x509",
            "-req",
            "-in",
            &request,
            "-CA",
            "ca.pem",
            "-CAkey",
            "ca.key",
            "-CAcreateserial",
            "-days",
            "20",
            "-extfile",
            "names",
            "-out",
            &certificate,
        ]);
    }

    fn openssl(&self, arguments: &[&str]) {
        run(self.folder.path(), "openssl", arguments);
    }

    async fn start_dns(&mut self, hosts: &[&str]) {
        for name in ["run", "db"] {
            fs::create_dir(self.path(name)).expect("a folder");
        }
        let folder = self.folder.path().display();
        let config = format!(
            "server:\n  rundir: {folder}/run\n  listen: 127.0.0.1@{}\n\
             database:\n  storage: {folder}/db\n\
             key:\n  - id: longshore\n    algorithm: hmac-sha256\n    secret: {KEY}\n\
             acl:\n  - id: update\n    key: longshore\n    action: update\n\
             zone:\n  - domain: {ZONE}\n    storage: {folder}\n    file: zone\n    acl: update\n",
            self.dns
        );
        let mut zone = format!(
            "$ORIGIN {ZONE}.\n$TTL 5\n@ SOA ns hostmaster 1 60 60 600 5\n@ NS ns\nns A 127.0.0.1\n"
        );
        for host in hosts {
            zone.push_str(host);
            zone.push_str(" A 127.0.0.1\n");
        }
        fs::write(self.path("zone"), zone).expect("a zone");
        let file = self.path("knot.conf");
        fs::write(&file, config).expect("a configuration");
        let child = Command::new("/usr/sbin/knotd")
            .arg("--config")
            .arg(file)
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("knotd, of the Debian package knot");
        self.children.push(child);
        ports::listening(self.dns).await;
    }
}

impl Drop for Authority {
    fn drop(&mut self) {
        for child in &mut self.children {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

/// The certificate that a server shows for a host, as `openssl x509 -text` prints it; empty
/// when it shows none.
pub fn shown_certificate(port: u16, host: &str) -> String {
    let address = format!("127.0.0.1:{port}");
    let client = Command::new("openssl")
        .args(["s_client", "-connect", &address, "-servername", host])
        .stdin(Stdio::null())
        .output()
        .expect("openssl");
    let text = String::from_utf8_lossy(&client.stdout).into_owned();
    let folder = tempfile::tempdir().expect("a folder");
    fs::write(folder.path().join("shown"), text).expect("a file");
    let parsed = Command::new("openssl")
        .args(["x509", "-in", "shown", "-noout", "-text", "-serial"])
        .current_dir(folder.path())
        .output()
        .expect("openssl");
    String::from_utf8_lossy(&parsed.stdout).into_owned()
}

fn run(folder: &Path, program: &str, arguments: &[&str]) {
    let output = Command::new(program)
        .args(arguments)
        .current_dir(folder)
        .output()
        .expect(program);
    let text = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{program} {arguments:?}: {text}");
}
