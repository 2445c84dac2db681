//! Every route, tried by everybody: nobody, a stranger of another team, and each role.
//!
//! A route that this list does not know fails the test: say here who may use it.

use axum::body::Body;
use http::Method;
use longshore_control::DashboardDomainDraft;
use longshore_domain::Role;
use longshore_web::{Access, Route, routes};
use serde_json::{Value, json};
use sqlx::PgPool;

use crate::things::Things;
use crate::tunnels::TUNNEL_TOKEN;
use crate::world::{Answer, CSRF, Person, World, request};

/// What a route demands behind its gate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Needs {
    /// Nothing: it is about the visitor alone.
    Nothing,
    /// A role in one's own team.
    InTeam(Role),
    /// A role in the team that owns the thing in the path.
    OfThing(Role),
    /// To be the one whose thing it is, or the installation's administrator: the owner here.
    Own,
}

/// What the route demands, and the body of a request that it takes.
fn rule(route: &Route, things: &Things) -> (Needs, String) {
    let (method, path) = (route.method.as_str(), route.path.as_str());
    match route.access {
        Access::Api => rule_of_call(method, path.strip_prefix("/api/v1").unwrap(), things),
        Access::Session => rule_of_page(method, path, things),
        Access::Public | Access::Hook | Access::Machine => (Needs::Nothing, String::new()),
    }
}

fn rule_of_call(method: &str, path: &str, things: &Things) -> (Needs, String) {
    use Needs::{InTeam, Nothing, OfThing, Own};
    use Role::{Admin, Developer, Viewer};

    let name = json!({ "name": "fresh" });
    let (needs, body) = match (method, path) {
        (
            "GET",
            "/projects" | "/tokens" | "/storage" | "/registries" | "/certificates"
            | "/dns-providers",
        ) => (InTeam(Viewer), Value::Null),
        ("POST", "/registries") => (
            InTeam(Admin),
            json!({ "host": "r.example.com", "username": "ann", "password": "secret" }),
        ),
        ("PATCH" | "DELETE", "/registries/{id}") => (OfThing(Admin), json!({})),
        ("POST", "/certificates") => (
            InTeam(Admin),
            json!({ "name": "fresh", "chain": "x", "private_key": "x" }),
        ),
        ("POST", "/dns-providers") => (
            InTeam(Admin),
            json!({ "name": "fresh", "settings": { "kind": "cloudflare" }, "secret": "token" }),
        ),
        ("DELETE", "/certificates/{id}" | "/dns-providers/{id}") => (OfThing(Admin), Value::Null),
        ("POST", "/projects") => (InTeam(Developer), name),
        ("POST", "/tokens") => (Nothing, name),
        ("DELETE", "/tokens/{id}" | "/dashboard/domain")
        | ("GET", "/dashboard/domain")
        | ("POST", "/dashboard/domain/certificate/retry") => (Own, Value::Null),
        ("PUT", "/dashboard/domain") => (Own, json!({ "host": "panel.example.com" })),
        ("GET", path) if path.contains("{id}") => (OfThing(Viewer), Value::Null),
        ("PATCH", "/projects/{id}" | "/services/{id}")
        | ("POST", "/projects/{id}/environments") => (OfThing(Developer), name),
        ("DELETE", "/projects/{id}") => (OfThing(Admin), json!({ "confirm": things.project_name })),
        ("DELETE", "/environments/{id}") => (OfThing(Admin), json!({ "confirm": "production" })),
        ("POST", "/services/{id}/jobs") => (OfThing(Developer), json!({ "command": ["true"] })),
        ("POST", "/jobs/{id}/cancel") => (OfThing(Developer), Value::Null),
        ("PUT", "/projects/{id}/terminals") => (OfThing(Admin), json!({ "allowed": false })),
        ("PATCH", "/services/{id}/database") => (OfThing(Developer), json!({ "version": "15" })),
        ("DELETE", "/storage/kept/{id}") => {
            (OfThing(Admin), json!({ "confirm": things.service_name }))
        }
        ("DELETE", "/services/{id}") => (OfThing(Admin), json!({ "confirm": things.service_name })),
        ("POST", "/environments/{id}/apps") => (
            OfThing(Developer),
            json!({ "name": "fresh", "source": { "image": { "reference": "nginx:1" } } }),
        ),
        ("POST", "/environments/{id}/tunnels") => (
            OfThing(Developer),
            json!({ "name": "fresh", "token": TUNNEL_TOKEN }),
        ),
        (
            "POST",
            "/services/{id}/stop"
            | "/services/{id}/start"
            | "/services/{id}/restart"
            | "/services/{id}/health/test"
            | "/services/{id}/connection"
            | "/services/{id}/password"
            | "/services/{id}/webhook"
            | "/services/{id}/deployments"
            | "/deployments/{id}/cancel"
            | "/services/{id}/test-domain"
            | "/domains/{id}/twin"
            | "/domains/{id}/certificate/retry",
        )
        | ("PATCH", "/domains/{id}")
        | ("DELETE", "/services/{id}/host-key" | "/domains/{id}") => {
            (OfThing(Developer), Value::Null)
        }
        (
            "PUT" | "PATCH",
            "/services/{id}/upload"
            | "/services/{id}/variables"
            | "/environments/{id}/variables"
            | "/projects/{id}/variables",
        ) => (
            OfThing(Developer),
            json!({ "variables": { "KEY": "value" } }),
        ),
        ("POST", "/services/{id}/domains") => {
            (OfThing(Developer), json!({ "host": "fresh.example.com" }))
        }
        ("POST", "/environments/{id}/databases") => (
            OfThing(Developer),
            json!({ "name": "fresh", "engine": "postgres" }),
        ),
        ("POST", "/environments/{id}/stacks") => (
            OfThing(Developer),
            json!({ "name": "fresh", "compose": "services: {}" }),
        ),
        ("PATCH", "/services/{id}/stack") => (OfThing(Developer), json!({ "name": "other" })),
        ("POST", "/services/{id}/rollback") => {
            (OfThing(Developer), json!({ "deployment": things.retired }))
        }
        (method, path) => panic!("who may use the call {method} {path}?"),
    };
    let body = match body {
        Value::Null => String::new(),
        body => body.to_string(),
    };
    (needs, body)
}

fn rule_of_page(method: &str, path: &str, things: &Things) -> (Needs, String) {
    use Needs::{InTeam, Nothing, OfThing, Own};
    use Role::{Admin, Developer, Viewer};

    let source = "source=git&url=https://git.example.com/b.git&branch=main&credentials=none";
    let (needs, fields) = match (method, path) {
        (
            "GET",
            "/" | "/places" | "/projects/new" | "/settings" | "/storage" | "/registries"
            | "/certificates",
        ) => (InTeam(Viewer), String::new()),
        ("POST", "/certificates") => (InTeam(Admin), "name=fresh&chain=x&private_key=x".to_owned()),
        ("POST", "/dns-providers") => (
            InTeam(Admin),
            "provider_name=fresh&kind=cloudflare&secret=token".to_owned(),
        ),
        (
            "POST",
            "/certificates/{id}/delete"
            | "/dns-providers/{id}/delete"
            | "/registries/{id}/delete"
            | "/projects/{id}/terminals",
        ) => (OfThing(Admin), String::new()),
        ("GET", "/settings/server")
        | (
            "POST",
            "/settings/tokens/{id}/delete"
            | "/settings/server/domain/delete"
            | "/settings/server/domain/certificate/retry",
        ) => (Own, String::new()),
        ("POST", "/settings/server/domain") => {
            (Own, "host=panel.example.com&protection=acme".to_owned())
        }
        ("GET", "/services/{id}/terminal" | "/services/{id}/terminal/socket") => {
            (OfThing(Developer), String::new())
        }
        ("GET", path) if path.contains("{id}") => (OfThing(Viewer), String::new()),
        ("POST", "/registries") => (
            InTeam(Admin),
            "registry_host=p.example.com&username=ann&password=secret".to_owned(),
        ),
        ("POST", "/registries/{id}") => (
            OfThing(Admin),
            "registry_host=q.example.com&username=ann&password=secret".to_owned(),
        ),
        ("POST", "/projects") => (InTeam(Developer), "name=Fresh".to_owned()),
        ("POST", "/projects/{id}/rename") => (OfThing(Developer), "name=Fresh".to_owned()),
        ("POST", "/projects/{id}/environments") => {
            (OfThing(Developer), "environment=fresh".to_owned())
        }
        ("POST", "/services/{id}/jobs") => {
            (OfThing(Developer), "command=true&minutes=5".to_owned())
        }
        ("POST", "/projects/{id}/delete") => (
            OfThing(Admin),
            format!("confirmation={}", things.project_name.replace(' ', "+")),
        ),
        (
            "POST",
            "/projects/{id}/variables"
            | "/environments/{id}/variables"
            | "/services/{id}/variables",
        ) => (OfThing(Developer), "key[0]=KEY&value[0]=value".to_owned()),
        ("POST", "/environments/{id}/apps") => {
            (OfThing(Developer), format!("name=fresh&port=8080&{source}"))
        }
        ("POST", "/environments/{id}/databases") => {
            (OfThing(Developer), "name=fresh&engine=postgres".to_owned())
        }
        ("POST", "/environments/{id}/tunnels") => (
            OfThing(Developer),
            format!("name=fresh&token={TUNNEL_TOKEN}"),
        ),
        ("POST", "/environments/{id}/stacks") => (
            OfThing(Developer),
            "name=fresh&source=typed&compose=services".to_owned(),
        ),
        ("POST", "/services/{id}/stack") => (
            OfThing(Developer),
            "source=typed&compose=services".to_owned(),
        ),
        ("POST", "/services/{id}/domains") => (
            OfThing(Developer),
            "host=fresh.example.com&tls=none".to_owned(),
        ),
        ("POST", "/services/{id}/domains/{domain}") => {
            (OfThing(Developer), "tls=none&port=8080".to_owned())
        }
        ("POST", "/services/{id}/source") => (OfThing(Developer), source.to_owned()),
        ("POST", "/services/{id}/run" | "/services/{id}/health/test") => (
            OfThing(Developer),
            "name=fresh&port=8080&replicas=1&interval_seconds=2&timeout_seconds=3\
             &start_period_seconds=60&retries=3&drain_seconds=10&stop_grace_seconds=10\
             &settle_seconds=5&watch_seconds=60&release_timeout_seconds=1800&probe=auto"
                .to_owned(),
        ),
        (
            "POST",
            "/services/{id}/deploy"
            | "/services/{id}/connection"
            | "/services/{id}/database"
            | "/services/{id}/password"
            | "/services/{id}/storage"
            | "/services/{id}/webhook"
            | "/services/{id}/stop"
            | "/services/{id}/start"
            | "/services/{id}/restart"
            | "/services/{id}/domains/{domain}/delete"
            | "/services/{id}/domains/{domain}/twin"
            | "/services/{id}/domains/{domain}/certificate/retry"
            | "/services/{id}/test-domain"
            | "/deployments/{id}/cancel"
            | "/deployments/{id}/rollback"
            | "/jobs/{id}/cancel",
        ) => (OfThing(Developer), String::new()),
        ("POST", "/services/{id}/delete" | "/storage/kept/{id}/delete") => (
            OfThing(Admin),
            format!("confirmation={}", things.service_name),
        ),
        ("POST", "/settings/password") => (Nothing, "current_password=x".to_owned()),
        ("POST", "/settings/tokens") => (Nothing, "token_name=fresh".to_owned()),
        ("POST", "/settings/sessions/delete") => (Nothing, String::new()),
        (method, path) => panic!("who may use the page {method} {path}?"),
    };
    (needs, fields)
}

/// The path with the ids of things in it.
fn path(route: &Route, things: &Things) -> String {
    let about = |part: &str| route.path.contains(part);
    let id = if about("/deployments/{id}/cancel") {
        things.waiting.to_string()
    } else if about("/deployments/{id}/rollback") {
        things.retired.to_string()
    } else if about("/deployments/{id}") {
        things.live.to_string()
    } else if about("/projects/{id}") {
        things.project.to_string()
    } else if about("/environments/{id}") {
        things.environment.to_string()
    } else if about("/jobs/{id}") {
        things.job.to_string()
    } else if about("/kept/{id}") {
        things.kept.to_string()
    } else if about("/certificates/{id}") {
        things.certificate.to_string()
    } else if about("/dns-providers/{id}") {
        things.dns_provider.to_string()
    } else if about("/domains/{id}") {
        things.domain.to_string()
    } else if about("/registries/{id}") {
        things.registry.to_string()
    } else if about("tokens/{id}") {
        things.token.to_string()
    } else {
        things.service.to_string()
    };
    let query = match route.path.as_str() {
        "/deployments/{id}/lines" => "?before=3",
        _ => "",
    };
    let path = route
        .path
        .replace("{id}", &id)
        .replace("{domain}", &things.domain.to_string())
        .replace("{provider}", "github")
        .replace("{hook}", things.hook.rsplit('/').next().unwrap())
        .replace("{name}", "nothing.css");
    format!("{path}{query}")
}

/// Who tries; `None` for nobody.
struct Visitor<'a> {
    name: &'static str,
    person: Option<&'a Person>,
}

async fn attempt(
    world: &World,
    visitor: &Visitor<'_>,
    route: &Route,
    path: &str,
    body: String,
) -> Answer {
    let mut builder = request(route.method.as_str(), path);
    if route.access == Access::Api {
        builder = builder.header("content-type", "application/json");
        if let Some(person) = visitor.person {
            builder = builder.header("authorization", format!("Bearer {}", person.token));
        }
    } else {
        let user = visitor.person.map(|person| person.actor.user);
        let cookie = world.session(user).await;
        builder = builder
            .header("content-type", "application/x-www-form-urlencoded")
            .header("cookie", cookie)
            .header("x-csrf-token", CSRF);
    }
    world.send(builder.body(Body::from(body)).unwrap()).await
}

/// The statuses that are right: of what may be done also those that speak of its state.
fn right(needs: Needs, visitor: &Visitor<'_>, route: &Route, team: &World) -> Vec<u16> {
    let Some(person) = visitor.person else {
        return match route.access {
            Access::Public => vec![200, 303, 404, 422],
            Access::Session => vec![303],
            Access::Api | Access::Hook => vec![401],
            Access::Machine => vec![404],
        };
    };
    let stranger = person.actor.team != team.team;
    // 426: a terminal's address without a WebSocket.
    let done = vec![200, 201, 202, 204, 303, 409, 422, 426];
    match (route.access, needs) {
        (Access::Public, _) => vec![200, 303, 404, 422],
        (Access::Hook, _) => vec![401],
        (Access::Machine, _) => vec![404],
        (_, Needs::Nothing) => done,
        (_, Needs::OfThing(_)) if stranger => vec![404],
        (_, Needs::InTeam(role) | Needs::OfThing(role)) => {
            if person.actor.role >= role {
                done
            } else {
                vec![403]
            }
        }
        (_, Needs::Own) => {
            if visitor.name == "owner" {
                done
            } else {
                vec![404]
            }
        }
    }
}

/// Gives the dashboard a domain.
async fn give_domain(world: &World, owner: &Person) {
    let draft = DashboardDomainDraft {
        host: "dashboard.example.com".to_owned(),
        tls: "acme".to_owned(),
        ..DashboardDomainDraft::default()
    };
    let given = world.control.set_dashboard_domain(&owner.actor, draft);
    given.await.unwrap();
}

#[sqlx::test(migrator = "longshore_control::store::MIGRATOR")]
async fn every_route_lets_in_whom_it_should_and_nobody_else(pool: PgPool) {
    let world = World::with_teams(pool).await;
    let owner = world.owner().await;
    let admin = world.person("admin", world.team, Role::Admin).await;
    let developer = world.person("developer", world.team, Role::Developer).await;
    let viewer = world.person("viewer", world.team, Role::Viewer).await;
    let stranger = world
        .person("stranger", world.other_team, Role::Owner)
        .await;
    let visitors = [
        ("nobody", None),
        ("a stranger", Some(&stranger)),
        ("a viewer", Some(&viewer)),
        ("a developer", Some(&developer)),
        ("an admin", Some(&admin)),
        ("owner", Some(&owner)),
    ]
    .map(|(name, person)| Visitor { name, person });

    let mut wrong = Vec::new();
    let mut made = 0;
    let mut things = Things::new(&world, &owner, made).await;
    give_domain(&world, &owner).await;
    for route in routes() {
        for visitor in &visitors {
            let (needs, body) = rule(&route, &things);
            let path = path(&route, &things);
            let answer = attempt(&world, visitor, &route, &path, body).await;
            let status = answer.status.as_u16();
            let right = right(needs, visitor, &route, &world);
            if !right.contains(&status) {
                wrong.push(format!(
                    "{} {}: {} gets {status} instead of {right:?}: {:.200}",
                    route.method,
                    route.path,
                    visitor.name,
                    answer.text()
                ));
            }
            if status == 303 && visitor.person.is_none() && route.access == Access::Session {
                assert!(answer.header("location").starts_with("/login"), "{path}");
            }
            if route.access == Access::Api && status >= 400 {
                answer.problem(status);
            }
            // What was changed is made anew, so that each attempt finds the same.
            if route.method != Method::GET && status < 400 {
                made += 1;
                world.clear(&owner).await;
                things = Things::new(&world, &owner, made).await;
                give_domain(&world, &owner).await;
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn each_route_is_listed_once_and_only_the_gate_is_public() {
    let mut all: Vec<(String, String)> = routes()
        .into_iter()
        .map(|route| (route.path, route.method.to_string()))
        .collect();
    let count = all.len();
    all.sort();
    all.dedup();
    assert_eq!(all.len(), count);
    let mut public: Vec<String> = routes()
        .into_iter()
        .filter(|route| route.access == Access::Public)
        .map(|route| format!("{} {}", route.method, route.path))
        .collect();
    public.sort();
    assert_eq!(
        public,
        [
            "GET /api/v1/openapi.json",
            "GET /assets/{name}",
            "GET /healthz",
            "GET /login",
            "GET /readyz",
            "GET /setup",
            "POST /login",
            "POST /logout",
            "POST /setup",
            "POST /theme",
        ]
    );
}

#[sqlx::test(migrator = "longshore_control::store::MIGRATOR")]
async fn a_removed_or_invented_token_is_nobodys(pool: PgPool) {
    let world = World::with_teams(pool).await;
    let owner = world.owner().await;
    let things = Things::new(&world, &owner, 0).await;
    for given in ["Bearer lsh_nonsense", "Bearer ", "Basic b3duZXI6eA==", "x"] {
        let builder = request("GET", "/api/v1/projects").header("authorization", given);
        let answer = world.send(builder.body(Body::empty()).unwrap()).await;
        answer.problem(401);
        assert_eq!(answer.header("www-authenticate"), "Bearer");
    }
    // A token beside a good session is still a bad token.
    let builder = request("GET", "/api/v1/projects")
        .header("cookie", &owner.cookie)
        .header("authorization", "Bearer lsh_nonsense");
    let answer = world.send(builder.body(Body::empty()).unwrap()).await;
    answer.problem(401);
    let path = format!("/api/v1/projects/{}", things.project);
    assert_eq!(world.call(&owner, "GET", &path, None).await.status, 200);
    let tokens = world.call(&owner, "GET", "/api/v1/tokens", None).await;
    for token in tokens.json()["items"].as_array().unwrap() {
        let token = format!("/api/v1/tokens/{}", token["id"].as_str().unwrap());
        world.call(&owner, "DELETE", &token, None).await;
    }
    world.call(&owner, "GET", &path, None).await.problem(401);
}
