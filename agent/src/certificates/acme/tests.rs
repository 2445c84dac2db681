//! Orders with a DNS proof, from an authority and a DNS provider of a test's own.

#![expect(clippy::disallowed_methods, reason = "tests start tasks as they like")]

mod authority;

use std::sync::Arc;
use std::time::Duration;

use authority::{Authority, Mood};
use clap::Parser as _;
use tokio::time::sleep;

use super::*;
use crate::certificates::dns::tests::{Hook, HookMood, NameServer};
use crate::tasks::Tasks;

const NAME: &str = "_acme-challenge.example.com";

struct World {
    authority: Arc<Authority>,
    name_server: NameServer,
    hook: Arc<Hook>,
    access: DnsAccess,
    /// The agent's directory.
    directory: tempfile::TempDir,
}

impl World {
    async fn new() -> Self {
        let name_server = NameServer::start().await;
        let (hook, url) = Hook::start(name_server.clone()).await;
        Self {
            authority: Authority::start(name_server.clone()).await,
            access: DnsAccess::Webhook {
                url,
                username: None,
                password: "open sesame".into(),
            },
            hook,
            name_server,
            directory: tempfile::tempdir().unwrap(),
        }
    }

    /// An agent that was just started over what earlier ones left.
    fn agent(&self) -> Acme {
        let config = Config::parse_from([
            "longshore-agent",
            "--acme-directory",
            &self.authority.directory(),
            "--acme-ca",
            self.authority.root().to_str().unwrap(),
            "--acme-email",
            "ada@example.com",
        ]);
        let store = Store::new(self.directory.path().to_owned());
        let responder = Responder::new(Tasks::new());
        let dns = Dns::of_test(&self.name_server, "");
        Acme::new(&config, store, responder, dns)
    }

    async fn obtain(&self, agent: &Acme, host: &str) -> Result<Issued, Trouble> {
        let host = host.parse().unwrap();
        agent.obtain(&host, Proof::Dns(&self.access)).await
    }

    fn texts(&self) -> Vec<String> {
        self.name_server.texts(NAME)
    }

    /// Lets an agent ask for a certificate and kills it when something is so.
    async fn kill_when(&self, is_so: impl Fn() -> bool) {
        let (agent, access) = (self.agent(), self.access.clone());
        let asking = tokio::spawn(async move {
            let host = "example.com".parse().unwrap();
            agent.obtain(&host, Proof::Dns(&access)).await.is_ok()
        });
        while !is_so() {
            assert!(!asking.is_finished(), "it ended too soon");
            sleep(Duration::from_millis(5)).await;
        }
        asking.abort();
        assert!(asking.await.unwrap_err().is_cancelled());
    }
}

#[tokio::test]
async fn a_certificate_is_issued_and_nothing_stays_of_its_proof() {
    let world = World::new().await;
    let agent = world.agent();
    let issued = world.obtain(&agent, "*.example.com").await.unwrap();
    assert!(issued.chain.starts_with("-----BEGIN CERTIFICATE-----"));
    assert!(issued.private_key.contains("PRIVATE KEY"));
    assert!(world.texts().is_empty());
    assert_eq!(
        *world.authority.contacts.lock().unwrap(),
        [serde_json::json!(["mailto:ada@example.com"])]
    );
    // Another agent, the same account.
    world.obtain(&world.agent(), "example.com").await.unwrap();
    assert_eq!(world.authority.keys().len(), 1);
    assert_eq!(*world.authority.registrations.lock().unwrap(), 1);
}

#[tokio::test]
async fn the_record_goes_when_the_authority_refuses() {
    let world = World::new().await;
    *world.authority.mood.lock().unwrap() = Mood::Refuses;
    let refused = world.obtain(&world.agent(), "example.com").await;
    assert_eq!(
        refused.unwrap_err().message,
        "The authority did not find the proof that the name is ours: Incorrect TXT record found."
    );
    let verbs = world.hook.calls.lock().unwrap().clone();
    let verbs: Vec<_> = verbs.iter().map(|(verb, ..)| verb.as_str()).collect();
    assert_eq!(verbs, ["present", "cleanup"]);
    assert!(world.texts().is_empty());
}

#[tokio::test]
async fn the_record_goes_when_the_provider_does_not_answer() {
    let world = World::new().await;
    *world.hook.mood.lock().unwrap() = HookMood::Hangs;
    let refused = world.obtain(&world.agent(), "example.com").await;
    let words = refused.unwrap_err().message;
    assert!(words.ends_with("it does not answer in time."), "{words}");
    assert!(world.texts().is_empty());
}

#[tokio::test]
async fn a_record_that_could_not_be_taken_away_goes_with_the_next_certificate() {
    let world = World::new().await;
    let agent = world.agent();
    let set = |mood| *world.hook.mood.lock().unwrap() = mood;
    set(HookMood::Refuses);
    world.name_server.add_text(NAME, "of an earlier agent");
    let left = [Record::proof(
        &"example.com".parse().unwrap(),
        "of an earlier agent".to_owned(),
    )];
    agent
        .store
        .save_proofs(&"example.com".parse().unwrap(), &left)
        .unwrap();
    world.obtain(&agent, "example.com").await.unwrap_err();
    assert_eq!(world.texts(), ["of an earlier agent"]);
    set(HookMood::Obeys);
    world.obtain(&agent, "example.com").await.unwrap();
    assert!(world.texts().is_empty());
}

#[tokio::test]
async fn an_agent_that_is_killed_in_an_order_leaves_nothing_behind_for_good() {
    let world = World::new().await;
    *world.hook.mood.lock().unwrap() = HookMood::Hangs;
    world.kill_when(|| !world.texts().is_empty()).await;
    assert_eq!(world.texts().len(), 1, "that is what it left");
    *world.hook.mood.lock().unwrap() = HookMood::Obeys;
    world.obtain(&world.agent(), "example.com").await.unwrap();
    assert!(world.texts().is_empty());
    assert_eq!(world.authority.keys().len(), 1);
}

#[tokio::test]
async fn an_agent_that_is_killed_while_its_account_is_made_makes_no_second_one() {
    let world = World::new().await;
    *world.authority.mood.lock().unwrap() = Mood::HangsOverAccounts;
    world.kill_when(|| !world.authority.keys().is_empty()).await;
    *world.authority.mood.lock().unwrap() = Mood::Usual;
    world.obtain(&world.agent(), "example.com").await.unwrap();
    assert_eq!(*world.authority.registrations.lock().unwrap(), 2);
    assert_eq!(world.authority.keys().len(), 1);
}

#[tokio::test]
async fn an_account_is_made_anew_only_when_the_authority_does_not_know_it() {
    let world = World::new().await;
    let agent = world.agent();
    world.obtain(&agent, "example.com").await.unwrap();
    let key = world.authority.keys();
    *world.authority.mood.lock().unwrap() = Mood::TakesNoOrders;
    let refused = world.obtain(&agent, "example.com").await.unwrap_err();
    assert_eq!(
        refused.message,
        "The authority refused: Domain name is wrong."
    );
    assert_eq!(*world.authority.registrations.lock().unwrap(), 1);

    *world.authority.mood.lock().unwrap() = Mood::Usual;
    world.authority.accounts.lock().unwrap()[0] = None;
    world.obtain(&agent, "example.com").await.unwrap();
    assert_eq!(world.authority.keys(), key, "the same key");
}
