use super::*;

fn headers(event: &str) -> HookHeaders {
    HookHeaders {
        event: Some(event.to_owned()),
        ..HookHeaders::default()
    }
}

fn one(provider: Provider, event: &str, body: &str) -> Push {
    match read(provider, &headers(event), body.as_bytes()).unwrap() {
        Message::Pushes(mut pushes) => pushes.pop().unwrap(),
        other => panic!("not a push: {other:?}"),
    }
}

const GITHUB: &str = r#"{"ref":"refs/heads/main","after":"a1","deleted":false,
    "head_commit":{"id":"a1","message":"Fix\n\nbody","author":{"name":"Ann"}},
    "pusher":{"name":"ann"},"unknown":[1]}"#;

#[test]
fn github_sends_json_or_a_form() {
    let push = one(Provider::Github, "push", GITHUB);
    assert_eq!(push.reference.as_deref(), Some("refs/heads/main"));
    assert_eq!(push.commit.as_deref(), Some("a1"));
    assert_eq!(push.author.as_deref(), Some("Ann"));
    assert!(!push.deleted);
    let form: String = url::form_urlencoded::Serializer::new(String::new())
        .append_pair("payload", GITHUB)
        .finish();
    assert_eq!(one(Provider::Github, "push", &form), push);
}

#[test]
fn a_deleted_branch_is_known() {
    let zeros = "0".repeat(40);
    let body = format!(r#"{{"ref":"refs/heads/x","after":"{zeros}"}}"#);
    assert!(one(Provider::Github, "push", &body).deleted);
    assert!(one(Provider::Gitea, "push", &body).deleted);
    assert!(one(Provider::Gitlab, "Push Hook", &body).deleted);
}

#[test]
fn gitlab_names_the_head_among_the_commits() {
    let push = one(
        Provider::Gitlab,
        "Push Hook",
        r#"{"ref":"refs/heads/main","after":"b2","user_name":"Bea","commits":[
            {"id":"b1","message":"first"},{"id":"b2","message":"second"}]}"#,
    );
    assert_eq!(push.message.as_deref(), Some("second"));
    assert_eq!(push.pusher.as_deref(), Some("Bea"));
}

#[test]
fn bitbucket_sends_several_changes() {
    let body = r#"{"actor":{"display_name":"Cy"},"push":{"changes":[
        {"old":{"type":"branch","name":"gone"},"new":null},
        {"old":null,"new":{"type":"branch","name":"main","target":
            {"hash":"c1","message":"m","author":{"raw":"Cy <cy@example.com>"}}}}]}}"#;
    let Message::Pushes(pushes) =
        read(Provider::Bitbucket, &headers("repo:push"), body.as_bytes()).unwrap()
    else {
        panic!("not a push");
    };
    assert!(pushes[0].deleted);
    assert_eq!(pushes[1].reference.as_deref(), Some("refs/heads/main"));
    assert_eq!(pushes[1].author.as_deref(), Some("Cy"));
}

#[test]
fn a_generic_hook_may_be_empty() {
    let nothing = Message::Pushes(vec![Push::default()]);
    let bare = HookHeaders::default();
    assert_eq!(read(Provider::Generic, &bare, b""), Ok(nothing.clone()));
    assert_eq!(read(Provider::Generic, &bare, b" {} "), Ok(nothing));
    let push = one(Provider::Generic, "", r#"{"branch":"main","commit":"d1"}"#);
    assert_eq!(push.reference.as_deref(), Some("refs/heads/main"));
}

#[test]
fn what_cannot_be_read_is_said() {
    let bare = HookHeaders::default();
    assert!(read(Provider::Github, &bare, b"{}").is_err());
    assert!(read(Provider::Github, &headers("push"), b"[]").is_err());
    assert!(read(Provider::Gitlab, &headers("Push Hook"), b"\xff").is_err());
    assert_eq!(
        read(Provider::Github, &headers("star"), b"?"),
        Ok(ignored("star"))
    );
    assert_eq!(
        read(Provider::Github, &headers("ping"), b"?"),
        Ok(Message::Ping)
    );
}
