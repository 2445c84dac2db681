//! A victim, and who sends frames to it.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicU32, Ordering};

use longshore_agent_api::DeployJob;
use longshore_testkit::{engine, wait};
use tokio::sync::MutexGuard;

use super::world::{SECOND, World, job, run};

pub const IMAGE: &str = "python:3.11";
pub const SEND: &str = include_str!("send.py");
const LISTEN: &str = include_str!("listen.py");

static TURN: tokio::sync::Mutex<()> = tokio::sync::Mutex::const_new(());
static COUNT: AtomicU32 = AtomicU32::new(0);

/// The ways from a container to the machine, apart from the machine's other addresses.
pub const WAYS: [&str; 4] = ["broadcast", "gateway", "multicast", "subnet"];

/// Which network of the victim.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Network {
    /// Its environment's.
    Private,
    /// The one with the proxy, in the proxy's name.
    Edge,
}

/// Where the frames come from.
#[derive(Debug, Clone, Copy)]
pub enum From {
    Container,
    Build,
}

/// A victim with a port and a stranger without, in two environments.
pub struct Scene {
    pub world: World,
    victim: DeployJob,
    stranger: DeployJob,
    _turn: MutexGuard<'static, ()>,
}

impl Scene {
    pub async fn new() -> Self {
        let turn = TURN.lock().await;
        let world = World::with_edge().await;
        let victim = job(&["python3", "-c", LISTEN], Some(8080));
        let stranger = job(&["python3", "-c", "import time; time.sleep(1e6)"], None);
        world.start(&victim, IMAGE).await.unwrap();
        world.start(&stranger, IMAGE).await.unwrap();
        Self {
            world,
            victim,
            stranger,
            _turn: turn,
        }
    }

    async fn container(&self, job: &DeployJob) -> String {
        let label = format!(
            "label={}.deployment={}",
            self.world.config.instance, job.deployment
        );
        wait::until("a container", 60 * SECOND, || async {
            let (_, ids) = run("docker", &["ps", "--quiet", "--filter", &label]).await;
            let id = ids.lines().next()?.to_owned();
            run("docker", &["exec", &id, "true"]).await.0.then_some(id)
        })
        .await
    }

    /// The network's number in VXLAN, who the frame says it is from, and the victim's address.
    pub async fn aim(&self, network: Network) -> [String; 3] {
        let victim = self.container(&self.victim).await;
        let format =
            "{{range $name, $in := .NetworkSettings.Networks}}{{$name}} {{$in.IPAddress}}\n{{end}}";
        let (_, networks) = run("docker", &["inspect", "--format", format, &victim]).await;
        let (name, address) = networks
            .lines()
            .filter_map(|line| line.split_once(' '))
            .find(|(name, _)| name.ends_with("-edge") == (network == Network::Edge))
            .expect("a network");
        let format = "{{index .Options \"com.docker.network.driver.overlay.vxlanid_list\"}}";
        let (_, number) = run("docker", &["network", "inspect", "--format", format, name]).await;
        let octets: Vec<&str> = address.split('.').collect();
        let source = match network {
            Network::Private => format!("{}.{}.{}.250", octets[0], octets[1], octets[2]),
            Network::Edge => format!("{}.{}.255.254", octets[0], octets[1]),
        };
        [number, source, address.to_owned()]
    }

    /// In which ways frames reach the victim.
    pub async fn reached(&self, from: From, network: Network) -> BTreeSet<String> {
        let [number, source, victim] = self.aim(network).await;
        let (_, own) = run("docker", &["info", "--format", "{{.Swarm.NodeAddr}}"]).await;
        let text = new_text();
        let arguments = [&number, &source, &victim, &text, &own].map(String::as_str);
        match from {
            From::Container => {
                let stranger = self.container(&self.stranger).await;
                let command = ["exec", &stranger, "python3", "-c", SEND];
                let (sent, said) = run("docker", &[&command[..], &arguments].concat()).await;
                assert!(sent, "{said}");
            }
            From::Build => build(&arguments).await,
        }
        self.ways(&text).await
    }

    /// In which ways frames with a text of [`new_text`] have reached the victim.
    pub async fn ways(&self, text: &str) -> BTreeSet<String> {
        let victim = self.container(&self.victim).await;
        // What had come before this has been printed when this has.
        let end = format!("{text}-end");
        let send = format!(
            "import socket; socket.socket(socket.AF_INET, socket.SOCK_DGRAM)\
             .sendto(b'{end}', ('127.0.0.1', 9999))"
        );
        let (sent, said) = run("docker", &["exec", &victim, "python3", "-c", &send]).await;
        assert!(sent, "{said}");
        let log = wait::until("the last datagram", 20 * SECOND, || async {
            let (_, log) = run("docker", &["logs", &victim]).await;
            log.contains(&end).then_some(log)
        })
        .await;
        let begin = format!("{text} ");
        log.lines()
            .filter_map(|line| line.strip_prefix(&begin))
            .map(str::to_owned)
            .collect()
    }

    pub async fn assert_closed(&self, when: &str) {
        for network in [Network::Private, Network::Edge] {
            for from in [From::Container, From::Build] {
                let ways = self.reached(from, network).await;
                assert!(
                    ways.is_empty(),
                    "{when}: {from:?} to {network:?} by {ways:?}"
                );
            }
        }
    }

    /// Without any rules the attack works: else the tests would show nothing.
    pub async fn assert_open(&self, network: Network) {
        for from in [From::Container, From::Build] {
            let ways = self.reached(from, network).await;
            for way in WAYS {
                assert!(ways.contains(way), "{from:?} to {network:?} by {ways:?}");
            }
        }
    }
}

/// A text that no other frame has.
pub fn new_text() -> String {
    format!("frame-{}", COUNT.fetch_add(1, Ordering::Relaxed))
}

/// Sends from a step of a build.
async fn build(arguments: &[&str]) {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("send.py"), SEND).unwrap();
    let step = serde_json::to_string(&[&["python3", "/send.py"][..], arguments].concat()).unwrap();
    let text = format!("FROM {IMAGE}\nCOPY send.py /\nRUN {step}\n");
    std::fs::write(folder.path().join("Dockerfile"), text).unwrap();
    let path = folder.path().to_string_lossy().into_owned();
    let output = tokio::task::spawn_blocking(move || {
        engine::buildkit(&["build", "--no-cache", "--quiet", &path]).output()
    });
    let output = output.await.unwrap().unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}");
    let image = String::from_utf8_lossy(&output.stdout).trim().to_owned();
    run("docker", &["image", "rm", "--force", &image]).await;
}
