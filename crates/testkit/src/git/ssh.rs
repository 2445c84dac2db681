//! Git over SSH: the real `sshd`, with keys of its own.

use std::fmt::Write as _;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use tempfile::TempDir;

use crate::ports;

/// A running `sshd` that lets in whoever has an authorised key; it stops when dropped.
pub struct GitSsh {
    port: u16,
    root: PathBuf,
    folder: TempDir,
    daemon: Child,
}

impl GitSsh {
    /// Starts it for the repositories below a folder. No key is authorised yet.
    ///
    /// # Panics
    /// When it does not start.
    pub async fn start(root: &Path) -> Self {
        let folder = tempfile::Builder::new()
            .prefix("longshore-sshd-")
            .tempdir()
            .expect("a temporary folder");
        let path = |name: &str| folder.path().join(name);
        keygen(&path("host_key"));
        keygen(&path("client_key"));
        fs::write(path("authorized_keys"), "").expect("authorized_keys");
        fs::set_permissions(path("authorized_keys"), fs::Permissions::from_mode(0o600))
            .expect("its mode");
        // sshd wants the folder of its privilege separation.
        let _ = fs::create_dir_all("/run/sshd");
        let port = ports::free();
        let mut config = String::new();
        for line in [
            format!("Port {port}"),
            "ListenAddress 127.0.0.1".into(),
            format!("HostKey {}", path("host_key").display()),
            format!("AuthorizedKeysFile {}", path("authorized_keys").display()),
            "PidFile none".into(),
            "StrictModes no".into(),
            "UsePAM no".into(),
            "PasswordAuthentication no".into(),
            "KbdInteractiveAuthentication no".into(),
            "PermitRootLogin prohibit-password".into(),
            "SetEnv GIT_CONFIG_COUNT=1 GIT_CONFIG_KEY_0=safe.directory GIT_CONFIG_VALUE_0=*".into(),
        ] {
            writeln!(config, "{line}").expect("text");
        }
        fs::write(path("sshd_config"), config).expect("sshd_config");
        let log = fs::File::create(path("log")).expect("a log");
        let daemon = Command::new("/usr/sbin/sshd")
            .args(["-D", "-e", "-f"])
            .arg(path("sshd_config"))
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(log)
            .spawn()
            .expect("sshd");
        ports::listening(port).await;
        Self {
            port,
            root: root.to_owned(),
            folder,
            daemon,
        }
    }

    /// The URL of a repository, for the user that runs the tests.
    pub fn url(&self, name: &str) -> String {
        let user = std::env::var("USER").unwrap_or_else(|_| "root".to_owned());
        let path = self.root.join(name);
        format!("ssh://{user}@127.0.0.1:{}{}", self.port, path.display())
    }

    /// Lets in the holder of a public key, in OpenSSH's one-line form.
    ///
    /// # Panics
    /// When the list cannot be written.
    pub fn authorise(&self, public_key: &str) {
        let list = self.folder.path().join("authorized_keys");
        let mut keys = fs::read_to_string(&list).expect("authorized_keys");
        writeln!(keys, "{}", public_key.trim()).expect("text");
        fs::write(list, keys).expect("authorized_keys");
    }

    /// A key pair made for this server, in OpenSSH's forms: private, public. Not authorised by itself.
    ///
    /// # Panics
    /// When it cannot be read.
    pub fn client_key(&self) -> (String, String) {
        let path = self.folder.path().join("client_key");
        let public = path.with_extension("pub");
        (
            fs::read_to_string(path).expect("the private key"),
            fs::read_to_string(public).expect("the public key"),
        )
    }

    /// The server's own public key, in OpenSSH's form without a comment: what a client pins.
    ///
    /// # Panics
    /// When it cannot be read.
    pub fn host_key(&self) -> String {
        let path = self.folder.path().join("host_key.pub");
        let line = fs::read_to_string(path).expect("the host key");
        line.split_whitespace()
            .take(2)
            .collect::<Vec<_>>()
            .join(" ")
    }

    /// Gives the server another host key, as an impostor would have.
    ///
    /// # Panics
    /// When the new key cannot be made.
    pub fn replace_host_key(&self) {
        let path = self.folder.path().join("host_key");
        fs::remove_file(&path).expect("the old key");
        let _ = fs::remove_file(path.with_extension("pub"));
        keygen(&path);
        // On SIGHUP sshd reads its configuration and keys again.
        let status = Command::new("kill")
            .args(["-HUP", &self.daemon.id().to_string()])
            .status()
            .expect("kill");
        assert!(status.success(), "sshd is gone");
    }
}

impl Drop for GitSsh {
    fn drop(&mut self) {
        let _ = self.daemon.kill();
        let _ = self.daemon.wait();
    }
}

fn keygen(path: &Path) {
    let status = Command::new("ssh-keygen")
        .args(["-q", "-t", "ed25519", "-N", "", "-C", "", "-f"])
        .arg(path)
        .status()
        .expect("ssh-keygen");
    assert!(status.success(), "ssh-keygen failed");
}
