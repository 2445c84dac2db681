use std::path::Path;
use std::process::{Child, Command, Stdio};

use longshore_domain::FailureKind;
use longshore_testkit::ports;
use tempfile::TempDir;

use super::{Bench, anonymous, failure};

/// A server with a certificate of its own; it stops when dropped.
struct Server {
    folder: TempDir,
    port: u16,
    child: Child,
}

impl Server {
    async fn start(name: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let status = Command::new("openssl")
            .args([
                "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2",
            ])
            .args([
                "-keyout", "key.pem", "-out", "cert.pem", "-subj", "/CN=test",
            ])
            .args(["-addext", &format!("subjectAltName={name}")])
            .current_dir(folder.path())
            .stderr(Stdio::null())
            .status()
            .unwrap();
        assert!(status.success());
        let port = ports::free();
        let child = Command::new("openssl")
            .args([
                "s_server", "-quiet", "-WWW", "-key", "key.pem", "-cert", "cert.pem",
            ])
            .args(["-accept", &format!("127.0.0.1:{port}")])
            .current_dir(folder.path())
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        ports::listening(port).await;
        Self {
            folder,
            port,
            child,
        }
    }

    fn url(&self) -> String {
        format!("https://127.0.0.1:{}/app", self.port)
    }

    fn certificate(&self) -> std::path::PathBuf {
        self.folder.path().join("cert.pem")
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[tokio::test]
async fn a_certificate_that_nobody_trusts_is_refused() {
    let server = Server::start("IP:127.0.0.1").await;
    let bench = Bench::new();
    let (kind, message) = failure(bench.fetch(&anonymous(&server.url()), "main", None).await);
    assert_eq!(kind, FailureKind::RepositoryUnreachable, "{message}");
    assert!(message.contains("certificate"), "{message}");
}

#[tokio::test]
async fn an_authority_of_the_machines_own_is_trusted_for_the_right_name_only() {
    let server = Server::start("IP:127.0.0.1").await;
    let words = ask_trusting(&server.url(), &server.certificate());
    assert!(!words.contains("certificate"), "{words}");
    let server = Server::start("DNS:elsewhere.example.com").await;
    let words = ask_trusting(&server.url(), &server.certificate());
    assert!(words.contains("certificate"), "{words}");
}

/// Asks from a process of its own: trusted certificates are fixed when a process starts.
fn ask_trusting(url: &str, certificate: &Path) -> String {
    let output = Command::new(std::env::current_exe().unwrap())
        .args([
            "--exact",
            "tls::what_a_fetch_says",
            "--ignored",
            "--nocapture",
        ])
        .env("LONGSHORE_TEST_URL", url)
        .env("SSL_CERT_FILE", certificate)
        .output()
        .unwrap();
    let text = String::from_utf8(output.stderr).unwrap();
    let (_, words) = text.split_once("says: ").unwrap();
    words.to_owned()
}

#[tokio::test]
#[ignore = "run by another test, in a process of its own"]
async fn what_a_fetch_says() {
    let url = std::env::var("LONGSHORE_TEST_URL").unwrap();
    let (_, message) = failure(Bench::new().fetch(&anonymous(&url), "main", None).await);
    eprintln!("says: {message}");
}
