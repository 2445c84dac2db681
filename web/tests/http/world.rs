//! A small installation behind the router, with somebody of each role.

use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use axum::Router;
use axum::body::{Body, Bytes, to_bytes};
use axum::extract::ConnectInfo;
use futures_util::stream::{BoxStream, iter};
use futures_util::{StreamExt, TryStreamExt};
use http::{HeaderMap, Method, Request, StatusCode, header};
use longshore_control::store::{PgPool, teams, users};
use longshore_control::{
    Actor, ContainerCommand, Control, ControlError, ControlSettings, HealthTrial, HealthVerdict,
    Keyring, LogLine, RegistryAccount, TokenDraft, Uploaded, Via, VolumeOnMachine,
};
use longshore_domain::{Role, ServiceId, TeamId, UserId};
use longshore_web::{AgentQueries, TrustedProxy, VersionState, WebSettings, WebState, router};
use serde_json::Value;
use time::{Duration, OffsetDateTime};
use tower::ServiceExt;
use tower_sessions::SessionStore;
use tower_sessions::session::{Id, Record};

/// A hash that no password has.
const NO_PASSWORD: &str = "$argon2id$v=19$m=19456,t=2,p=1$bG9uZ3Nob3JlLXNhbHQ$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";

/// The token of every session's forms here.
pub const CSRF: &str = "0123456789abcdef";

/// The address that requests come from, unless they say another.
pub const PEER: &str = "198.51.100.7:4711";

/// An agent that says what it is told to say.
#[derive(Default)]
pub struct Simulated {
    pub trouble: Mutex<Option<String>>,
    pub lines: Mutex<Vec<LogLine>>,
    /// What it was asked to try.
    pub trials: Mutex<Vec<HealthTrial>>,
    /// What it was asked to run.
    pub commands: Mutex<Vec<ContainerCommand>>,
    /// Whether commands end with 1.
    pub refuses: Mutex<bool>,
    /// The volumes that it sees.
    pub volumes: Mutex<Vec<VolumeOnMachine>>,
}

#[async_trait]
impl AgentQueries for Simulated {
    async fn versions(&self, _: ServiceId) -> Result<Vec<VersionState>, ControlError> {
        Ok(Vec::new())
    }

    async fn trouble(&self) -> Option<String> {
        self.trouble.lock().unwrap().clone()
    }

    async fn check_registry(&self, account: RegistryAccount) -> Result<(), ControlError> {
        if account.password.expose() == "wrong" {
            let host = account.host;
            let words = format!("{host} refused the user name or the password.");
            return Err(ControlError::refused(words));
        }
        Ok(())
    }

    async fn upload(
        &self,
        body: BoxStream<'static, std::io::Result<Bytes>>,
    ) -> Result<Uploaded, ControlError> {
        let parts: Vec<Bytes> = body
            .try_collect()
            .await
            .map_err(|error| ControlError::Unavailable(error.to_string()))?;
        let size = parts.iter().map(Bytes::len).sum::<usize>() as u64;
        if parts
            .first()
            .is_some_and(|part| part.starts_with(b"hostile"))
        {
            return Err(ControlError::invalid(
                "archive",
                "holds “../x”, which leads out of it",
            ));
        }
        Ok(Uploaded {
            digest: "ab".repeat(32).parse().unwrap(),
            size_bytes: size,
            files: 1,
            unpacked_bytes: size,
        })
    }

    async fn try_health(&self, trial: HealthTrial) -> Result<HealthVerdict, ControlError> {
        let path = trial.health.path().to_owned();
        let passed = path != "/broken";
        let status = if passed { 200 } else { 503 };
        self.trials.lock().unwrap().push(trial);
        Ok(HealthVerdict {
            passed,
            status: Some(status),
            took_ms: 12,
            message: format!("GET {path} was answered with status {status}."),
        })
    }

    async fn run_command(&self, command: ContainerCommand) -> Result<i64, ControlError> {
        let code = i64::from(*self.refuses.lock().unwrap());
        self.commands.lock().unwrap().push(command);
        Ok(code)
    }

    async fn volumes(&self) -> Result<Vec<VolumeOnMachine>, ControlError> {
        Ok(self.volumes.lock().unwrap().clone())
    }

    async fn container_log(
        &self,
        _: ServiceId,
        tail: u32,
        _: bool,
    ) -> Result<BoxStream<'static, Result<LogLine, ControlError>>, ControlError> {
        let lines = self.lines.lock().unwrap().clone();
        let skipped = lines.len().saturating_sub(tail as usize);
        Ok(iter(lines.into_iter().skip(skipped).map(Ok)).boxed())
    }
}

pub struct World {
    pub control: Control,
    pub pool: PgPool,
    pub agent: Arc<Simulated>,
    pub team: TeamId,
    pub other_team: TeamId,
    pub files: tempfile::TempDir,
    router: Router,
}

/// Somebody with a role, a token and a session.
pub struct Person {
    pub actor: Actor,
    pub token: String,
    pub cookie: String,
}

/// What requests through the machine's own proxy carry.
pub const PROOF: &str = "the proof of the proxy";

impl World {
    pub fn new(pool: PgPool) -> Self {
        Self::at(pool, None)
    }

    /// With a public URL.
    pub fn at(pool: PgPool, public_url: Option<&str>) -> Self {
        let files = tempfile::tempdir().unwrap();
        let settings = ControlSettings {
            listen: "0.0.0.0:3000".parse().unwrap(),
            public_url: public_url.map(|url| url.parse().unwrap()),
            setup_token_file: files.path().join("setup-token"),
            instance: "test".to_owned(),
            bind_paths: longshore_domain::AllowedBinds::new(["/srv/allowed".into()]),
            addresses: vec!["203.0.113.7".parse().unwrap()],
            trusts_cloudflare: false,
        };
        let keyring = Keyring::from_hex(&"01".repeat(32)).unwrap();
        let control = Control::new(pool.clone(), keyring, settings);
        let agent = Arc::new(Simulated::default());
        let settings = WebSettings {
            trusted_proxies: vec![TrustedProxy {
                address: "10.0.0.0".parse().unwrap(),
                prefix_length: 8,
            }],
            proxy_proof: Some(longshore_domain::Secret::new(PROOF)),
        };
        let agent_queries: Arc<dyn AgentQueries> = agent.clone();
        let state = WebState::new(control.clone(), agent_queries, settings);
        Self {
            router: router(state),
            control,
            pool,
            agent,
            team: TeamId::generate(),
            other_team: TeamId::generate(),
            files,
        }
    }

    /// With both teams; without anybody in them.
    pub async fn with_teams(pool: PgPool) -> Self {
        let world = Self::new(pool);
        let mut connection = world.pool.acquire().await.unwrap();
        for (team, name) in [(world.team, "Team"), (world.other_team, "Other")] {
            teams::insert(&mut connection, team, name).await.unwrap();
        }
        drop(connection);
        world
    }

    pub async fn person(&self, name: &str, team: TeamId, role: Role) -> Person {
        let user = users::UserRecord {
            id: UserId::generate(),
            email: format!("{name}@example.com").parse().unwrap(),
            name: name.parse().unwrap(),
            password_hash: NO_PASSWORD.to_owned(),
            administrator: role == Role::Owner && team == self.team,
        };
        let mut connection = self.pool.acquire().await.unwrap();
        users::insert(&mut connection, &user).await.unwrap();
        teams::insert_member(&mut connection, team, user.id, role)
            .await
            .unwrap();
        drop(connection);
        let actor = Actor {
            user: user.id,
            email: user.email,
            name: user.name,
            administrator: user.administrator,
            team,
            role,
            via: Via::Session,
        };
        let draft = TokenDraft {
            name: "test".to_owned(),
        };
        let token = self.control.create_token(&actor, draft).await.unwrap();
        Person {
            token: token.token.expose().to_owned(),
            cookie: self.session(Some(user.id)).await,
            actor,
        }
    }

    pub async fn owner(&self) -> Person {
        self.person("owner", self.team, Role::Owner).await
    }

    /// The cookie of a new session.
    pub async fn session(&self, user: Option<UserId>) -> String {
        self.session_since(user, OffsetDateTime::now_utc()).await
    }

    /// The cookie of a session that began some time ago.
    pub async fn session_since(&self, user: Option<UserId>, since: OffsetDateTime) -> String {
        let mut record = Record {
            id: Id::default(),
            data: [("csrf".to_owned(), Value::from(CSRF))].into(),
            expiry_date: OffsetDateTime::now_utc() + Duration::days(1),
        };
        if let Some(user) = user {
            let seconds = since.unix_timestamp();
            record.data.extend([
                ("user_id".to_owned(), Value::from(user.to_string())),
                ("signed_in_at".to_owned(), Value::from(seconds)),
                ("kept_at".to_owned(), Value::from(seconds)),
            ]);
        }
        let store = self.control.session_store();
        store.create(&mut record).await.unwrap();
        format!("longshore_session={}", record.id)
    }

    /// Serves on a real socket, until the test ends.
    pub async fn listen(&self) -> SocketAddr {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let service = self
            .router
            .clone()
            .into_make_service_with_connect_info::<SocketAddr>();
        tokio::spawn(async move { axum::serve(listener, service).await });
        address
    }

    pub async fn send(&self, mut request: Request<Body>) -> Answer {
        if request
            .extensions()
            .get::<ConnectInfo<SocketAddr>>()
            .is_none()
        {
            let peer: SocketAddr = PEER.parse().unwrap();
            request.extensions_mut().insert(ConnectInfo(peer));
        }
        let response = self.router.clone().oneshot(request).await.unwrap();
        let (parts, body) = response.into_parts();
        Answer {
            status: parts.status,
            headers: parts.headers,
            body: to_bytes(body, usize::MAX).await.unwrap(),
        }
    }

    /// A call of the API with a token.
    pub async fn call(
        &self,
        person: &Person,
        method: &str,
        path: &str,
        body: Option<Value>,
    ) -> Answer {
        let request = request(method, path)
            .header("authorization", format!("Bearer {}", person.token))
            .header("content-type", "application/json");
        let body = body.map_or_else(Body::empty, |body| Body::from(body.to_string()));
        self.send(request.body(body).unwrap()).await
    }

    /// A visit of a page.
    pub async fn visit(&self, cookie: &str, path: &str) -> Answer {
        let request = request("GET", path).header("cookie", cookie);
        self.send(request.body(Body::empty()).unwrap()).await
    }

    /// A form, sent with the session's token.
    pub async fn submit(&self, cookie: &str, path: &str, fields: &str) -> Answer {
        let request = request("POST", path)
            .header("cookie", cookie)
            .header("content-type", "application/x-www-form-urlencoded");
        let body = Body::from(format!("csrf={CSRF}&{fields}"));
        self.send(request.body(body).unwrap()).await
    }
}

pub fn request(method: &str, path: &str) -> http::request::Builder {
    let method: Method = method.parse().unwrap();
    Request::builder()
        .method(method)
        .uri(path)
        .header("host", "panel.test:3000")
}

/// A request as if from this address.
pub fn from_peer(builder: http::request::Builder, peer: &str) -> http::request::Builder {
    let peer: IpAddr = peer.parse().unwrap();
    builder.extension(ConnectInfo(SocketAddr::from((peer, 4711))))
}

#[derive(Debug)]
pub struct Answer {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub body: Bytes,
}

impl Answer {
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body)
            .unwrap_or_else(|error| panic!("not JSON ({error}): {}", self.text()))
    }

    pub fn header(&self, name: &str) -> &str {
        self.headers
            .get(name)
            .map_or("", |value| value.to_str().unwrap())
    }

    /// The value of the cookie that the answer sets.
    pub fn cookie(&self, name: &str) -> Option<String> {
        self.headers
            .get_all(header::SET_COOKIE)
            .iter()
            .filter_map(|cookie| cookie.to_str().unwrap().split(';').next())
            .find(|cookie| cookie.starts_with(&format!("{name}=")))
            .map(str::to_owned)
    }

    /// Asserts the status, and that the answer is a problem; gives its sentence and the
    /// fields that it names.
    pub fn problem(&self, status: u16) -> (String, Vec<String>) {
        assert_eq!(self.status.as_u16(), status, "{}", self.text());
        assert_eq!(self.header("content-type"), "application/problem+json");
        let problem = self.json();
        assert_eq!(problem["status"], status);
        assert!(problem["title"].is_string() && problem["type"].is_string());
        let fields = problem["errors"].as_array().cloned().unwrap_or_default();
        (
            problem["detail"].as_str().unwrap().to_owned(),
            fields
                .iter()
                .map(|error| error["field"].as_str().unwrap().to_owned())
                .collect(),
        )
    }
}
