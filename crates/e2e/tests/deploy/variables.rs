//! Variables on their way from the API into a container.

use longshore_e2e::api::id_of;
use longshore_e2e::longshore::Longshore;
use serde_json::json;

const HOST: &str = "variables.example.test";

/// Values that a shell, a Compose file or a template would have changed on the way.
const HARD: [(&str, &str); 7] = [
    ("NEWLINES", "one\ntwo\r\n\n three\n"),
    ("QUOTES", r#"'single' "double" `back` \n \\ \"#),
    (
        "DOLLARS",
        "$HOME ${HOME:-x} $$ $(id) ${{ %s %PATH% #no comment",
    ),
    ("EMOJI", "⚓ 🚢 e\u{301} \u{200b}"),
    ("SPACES", "  around\t"),
    ("EMPTY", ""),
    ("EQUALS", "a=b=c"),
];

#[tokio::test(flavor = "multi_thread")]
async fn values_arrive_byte_for_byte_and_generated_secrets_stay() {
    let longshore = Longshore::start().await;
    let api = longshore.api();
    let environment = api.project("Variables").await;
    // What the program was given lies as files that are served, one a variable.
    let script = "mkdir /www; for name in NEWLINES QUOTES DOLLARS EMOJI SPACES EMPTY EQUALS TOKEN URL; do \
        eval \"printf %s \\\"\\$$name\\\"\" > /www/$name; done; exec httpd -f -p 8080 -h /www";
    let app = json!({
        "name": "reader",
        "source": { "image": { "reference": "busybox:latest" } },
        "port": 8080,
        "run": { "command": ["sh", "-c", script], "drain_seconds": 0, "stop_grace_seconds": 1, "watch_seconds": 0 },
    });
    let service = id_of(
        &api.post(&format!("/environments/{environment}/apps"), app)
            .await
            .expect(201),
    );
    api.domain(&service, HOST).await;
    let path = format!("/services/{service}/variables");
    let mut variables = serde_json::Map::new();
    for (key, value) in HARD {
        variables.insert(
            key.to_owned(),
            json!({ "value": value, "secret": key == "QUOTES" }),
        );
    }
    variables.insert("TOKEN".to_owned(), json!("${{secret(40)}}"));
    variables.insert(
        "URL".to_owned(),
        json!("postgres://u:${{TOKEN}}@${{environment.DB}}/x"),
    );
    let body = json!({ "variables": variables });
    let saved = api.put(&path, body.clone()).await.expect(200);
    assert_eq!(saved["variables"]["TOKEN"]["value"], json!(null));
    assert_eq!(saved["variables"]["TOKEN"]["generated"], json!(true));
    let problem = saved["variables"]["URL"]["problem"]
        .as_str()
        .expect("a problem");
    assert!(
        problem.contains("the environment has no variable DB"),
        "{problem}"
    );
    let refused = api
        .post(&format!("/services/{service}/deployments"), json!({}))
        .await;
    refused.refuses(422, "environment.DB");
    let shared = json!({ "variables": { "DB": "db.example" } });
    api.put(&format!("/environments/{environment}/variables"), shared)
        .await
        .expect(200);

    api.deploy_live(&service).await;
    for (key, value) in HARD {
        let (status, seen) = longshore.visit(HOST, &format!("/{key}")).await;
        assert_eq!((status, seen.as_str()), (200, value), "{key}");
    }
    let (_, token) = longshore.visit(HOST, "/TOKEN").await;
    assert_eq!(token.len(), 40, "{token}");
    let (_, url) = longshore.visit(HOST, "/URL").await;
    assert_eq!(url, format!("postgres://u:{token}@db.example/x"));

    // The same body once more, and another deployment: the secret stays.
    let saved = api.put(&path, body).await.expect(200);
    assert_eq!(saved["changes"]["changed"], json!([]));
    let extra = json!({ "variables": { "NEW": "x", "EMPTY": "no longer" } });
    let saved = api.patch(&path, extra).await.expect(200);
    assert_eq!(saved["changes"]["added"], json!(["NEW"]));
    assert_eq!(saved["changes"]["changed"], json!(["EMPTY"]));
    assert_eq!(saved["changes"]["deployment"], json!(1));
    api.deploy_live(&service).await;
    assert_eq!(longshore.visit(HOST, "/TOKEN").await.1, token);
}
