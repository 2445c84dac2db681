//! Uploads that do not get through: the agent dies while an archive comes, the disk is full.
//! Nothing of them stays, and what was there before goes on.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use longshore_e2e::api::{Api, id_of};
use longshore_e2e::faults::Part;
use longshore_e2e::longshore::Longshore;
use longshore_testkit::wait;
use serde_json::Value;
use tempfile::TempDir;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

const HOST: &str = "site.example.test";
const PATIENCE: Duration = Duration::from_secs(60);
const MIB: usize = 1024 * 1024;

/// A site packed with tar; `padding` bytes of zeros are in it beside the page.
fn archive(text: &str, padding: usize, options: &str) -> Vec<u8> {
    let folder = TempDir::new().expect("a folder");
    let write = |name: &str, bytes: &[u8]| fs::write(folder.path().join(name), bytes);
    write("index.html", text.as_bytes()).expect("a page");
    write("padding", &vec![0; padding]).expect("padding");
    let packed = Command::new("tar")
        .args([options, "site.tar", "index.html", "padding"])
        .current_dir(folder.path())
        .status();
    assert!(packed.expect("tar").success());
    fs::read(folder.path().join("site.tar")).expect("an archive")
}

/// A directory on a disk of its own; it is itself again when dropped.
struct SmallDisk(PathBuf);

impl SmallDisk {
    fn at(directory: &Path, size_mib: usize) -> Self {
        let size = format!("size={size_mib}m,mode=0711");
        let mounted = Command::new("mount")
            .args(["-t", "tmpfs", "-o", &size, "tmpfs"])
            .arg(directory)
            .status();
        assert!(mounted.expect("mount").success());
        Self(directory.to_owned())
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("--lazy").arg(&self.0).status();
    }
}

struct World {
    longshore: Longshore,
    api: Api,
    service: String,
}

impl World {
    /// A site from an archive, live.
    async fn new() -> Self {
        let longshore = Longshore::start().await;
        let api = longshore.api();
        let environment = api.project("Uploads").await;
        let service = api.site(&environment, "site").await;
        api.domain(&service, HOST).await;
        let world = Self {
            longshore,
            api,
            service,
        };
        world.deploys("version 0.").await;
        world
    }

    /// Uploads a version, which goes live.
    async fn deploys(&self, text: &str) {
        let archive = archive(text, 10, "-cf");
        let taken = self.api.upload(&self.service, "good.tar", archive).await;
        let ended = self.ended(&taken.expect(202)["deployment"]).await;
        self.api.is_live(&ended).await;
        self.longshore.shows(HOST, text).await;
    }

    async fn ended(&self, deployment: &Value) -> Value {
        let path = format!("/deployments/{}", id_of(deployment));
        wait::until("its end", PATIENCE * 2, || async {
            let shown = self.api.try_get(&path).await?;
            let status = shown["status"].as_str()?;
            ["live", "failed", "cancelled"]
                .contains(&status)
                .then_some(shown)
        })
        .await
    }

    fn agent(&self, directory: &str) -> PathBuf {
        self.longshore.folder().join("data/agent").join(directory)
    }

    fn files(&self, directory: &str) -> Vec<String> {
        let entries = fs::read_dir(self.agent(directory)).expect("a directory");
        let names = entries.flatten().map(|entry| entry.file_name());
        names
            .map(|name| name.to_string_lossy().into_owned())
            .collect()
    }

    /// The name of the archive that the service comes from.
    async fn source(&self) -> String {
        let path = format!("/services/{}", self.service);
        let shown = self.api.get(&path).await.expect(200);
        let name = shown["source"]["upload"]["archive"]["name"].as_str();
        name.expect("an archive").to_owned()
    }

    async fn number_of_deployments(&self) -> usize {
        let path = format!("/services/{}/deployments", self.service);
        let list = self.api.get(&path).await.expect(200);
        list["items"].as_array().expect("a list").len()
    }

    /// Sends an archive, and kills a part when half of it is on the disk; gives the answer.
    async fn kill_halfway(&self, part: Part, archive: &[u8]) -> String {
        let address = self.longshore.url().replace("http://", "");
        let mut stream = TcpStream::connect(&address).await.expect("a connection");
        let head = format!(
            "PUT /api/v1/services/{}/upload?name=broken.tar HTTP/1.1\r\nHost: {address}\r\n\
             Authorization: Bearer {}\r\nContent-Length: {}\r\nConnection: close\r\n\r\n",
            self.service,
            self.api.token(),
            archive.len()
        );
        let (half, rest) = archive.split_at(archive.len() / 2);
        stream.write_all(head.as_bytes()).await.expect("sent");
        stream.write_all(half).await.expect("sent");
        wait::until("half an archive", PATIENCE, || async {
            let partial = self
                .files("uploads")
                .into_iter()
                .find(|name| name.len() < 64)?;
            let size = fs::metadata(self.agent("uploads").join(partial))
                .ok()?
                .len();
            (size > (MIB as u64)).then_some(())
        })
        .await;
        part.kill(&self.longshore);
        // Who sends may be cut off, and does not have to get an answer then.
        let _ = stream.write_all(rest).await;
        let mut answer = Vec::new();
        let _ = stream.read_to_end(&mut answer).await;
        String::from_utf8_lossy(&answer).into_owned()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_upload_that_breaks_off_leaves_nothing() {
    let world = World::new().await;
    let large = archive("never to be seen", 32 * MIB, "-cf");
    let before = (world.files("uploads"), world.number_of_deployments().await);

    for part in [Part::Agent, Part::Server] {
        let answer = world.kill_halfway(part, &large).await;
        assert!(!answer.starts_with("HTTP/1.1 2"), "{part:?}: {answer}");
        if part == Part::Agent {
            assert!(answer.starts_with("HTTP/1.1 503"), "{answer}");
        }
        wait::until("nothing of it", PATIENCE, || async {
            (world.files("uploads") == before.0).then_some(())
        })
        .await;
        wait::until("a ready Longshore", PATIENCE, || async {
            let ready = format!("{}/readyz", world.longshore.url());
            let answer = reqwest::get(ready).await.ok()?;
            answer.status().is_success().then_some(())
        })
        .await;
        assert_eq!(world.source().await, "good.tar");
        assert_eq!(world.number_of_deployments().await, before.1);
        world.longshore.shows(HOST, "version 0.").await;
    }
    world.deploys("version 1.").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_full_disk_is_named_and_leaves_nothing() {
    let world = World::new().await;
    let before = world.number_of_deployments().await;

    // No room for the archive.
    let disk = SmallDisk::at(&world.agent("uploads"), 400);
    let large = archive("never to be seen", 200 * MIB, "-cf");
    let refused = world.api.upload(&world.service, "large.tar", large).await;
    assert!(refused.status.is_client_error() || refused.status.is_server_error());
    let words = refused.body["detail"].as_str().expect("a sentence");
    assert!(words.contains("disk"), "{words}");
    assert_eq!(world.files("uploads"), Vec::<String>::new());
    drop(disk);
    assert_eq!(world.source().await, "good.tar");
    assert_eq!(world.number_of_deployments().await, before);

    // No room for what is in it.
    let disk = SmallDisk::at(&world.agent("work"), 16);
    let packed = archive("never to be seen", 64 * MIB, "-czf");
    let taken = world.api.upload(&world.service, "packed.tgz", packed).await;
    let ended = world.ended(&taken.expect(202)["deployment"]).await;
    assert_eq!(ended["status"], "failed", "{ended:#}");
    assert_eq!(ended["failure"]["kind"], "disk_full", "{ended:#}");
    assert_eq!(ended["failure"]["stage"], "fetching", "{ended:#}");
    wait::until("no work tree", PATIENCE, || async {
        world.files("work").is_empty().then_some(())
    })
    .await;
    drop(disk);
    world.longshore.shows(HOST, "version 0.").await;

    // The same archive, once there is room.
    world.api.deploy_live(&world.service).await;
    world.longshore.shows(HOST, "never to be seen").await;
    world.deploys("version 1.").await;
}
