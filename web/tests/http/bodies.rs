//! Bodies that cannot be read, and paths and methods that do not exist.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use axum::body::{Body, Bytes};
use futures_util::StreamExt;
use futures_util::stream::iter;
use sqlx::PgPool;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::world::{Answer, Person, World, request};

const MIB: usize = 1024 * 1024;

async fn create(world: &World, person: &Person, kind: &str, body: Body) -> Answer {
    let builder = request("POST", "/api/v1/projects")
        .header("authorization", format!("Bearer {}", person.token))
        .header("content-type", kind);
    world.send(builder.body(body).unwrap()).await
}

/// A body of so many MiB that counts what is taken of it.
fn large(mebibytes: usize) -> (Body, Arc<AtomicUsize>) {
    let taken = Arc::new(AtomicUsize::new(0));
    let counter = Arc::clone(&taken);
    let parts = iter(0..mebibytes).map(move |_| {
        counter.fetch_add(MIB, Ordering::Relaxed);
        Ok::<_, std::io::Error>(Bytes::from(vec![b' '; MIB]))
    });
    (Body::from_stream(parts), taken)
}

#[sqlx::test(migrator = "longshore_control::store::MIGRATOR")]
async fn json_that_is_none_is_told_by_line_and_column(pool: PgPool) {
    let world = World::with_teams(pool).await;
    let owner = world.owner().await;
    for (text, status, words) in [
        ("{\"name\": \"a\",\n  oops}", 400, "line 2"),
        ("{\"name\": ", 400, "line 1"),
        ("{\"name\": \"a\"} {}", 400, "line 1"),
        ("", 422, "name"),
        ("[]", 422, "line 1"),
        ("{\"name\": 7}", 422, "name"),
    ] {
        let answer = create(&world, &owner, "application/json", Body::from(text)).await;
        let (sentence, fields) = answer.problem(status);
        assert!(
            sentence.contains(words) || fields == [words],
            "{text}: {sentence} {fields:?}"
        );
    }
    for kind in ["text/plain", "application/x-www-form-urlencoded", ""] {
        let answer = create(&world, &owner, kind, Body::from("{\"name\":\"a\"}")).await;
        answer.problem(415);
    }
}

#[sqlx::test(migrator = "longshore_control::store::MIGRATOR")]
async fn a_body_of_50_mb_is_refused_and_not_kept(pool: PgPool) {
    let world = World::with_teams(pool).await;
    let owner = world.owner().await;
    // Without a length, as `Transfer-Encoding: chunked`.
    let (body, taken) = large(50);
    let answer = create(&world, &owner, "application/json", body).await;
    assert!(answer.problem(413).0.contains("1 MiB"));
    assert_eq!(
        taken.load(Ordering::Relaxed),
        50 * MIB,
        "the sender may finish"
    );

    for (path, kind, words) in [
        ("/api/v1/projects", "application/json", "1 MiB"),
        ("/hooks/github/0", "application/json", "5 MiB"),
        ("/login", "application/x-www-form-urlencoded", "2 MiB"),
    ] {
        let (body, _) = large(50);
        let builder = request("POST", path)
            .header("content-type", kind)
            .header("content-length", 50 * MIB);
        let answer = world.send(builder.body(body).unwrap()).await;
        assert_eq!(answer.status, 413, "{path}");
        assert!(answer.text().contains(words), "{path}: {}", answer.text());

        // Who waits for the word to go on sends nothing.
        let (body, taken) = large(50);
        let builder = request("POST", path)
            .header("content-type", kind)
            .header("expect", "100-continue")
            .header("content-length", 50 * MIB);
        let answer = world.send(builder.body(body).unwrap()).await;
        assert_eq!(
            (answer.status.as_u16(), taken.load(Ordering::Relaxed)),
            (413, 0),
            "{path}"
        );
    }

    // Somebody who never stops is not listened to for ever.
    let (body, taken) = large(500);
    create(&world, &owner, "application/json", body)
        .await
        .problem(413);
    assert!(taken.load(Ordering::Relaxed) < 100 * MIB);
}

#[sqlx::test(migrator = "longshore_control::store::MIGRATOR")]
async fn a_sender_that_reads_only_at_the_end_sees_the_answer(pool: PgPool) {
    let world = World::with_teams(pool).await;
    let address = world.listen().await;
    for path in ["/api/v1/projects", "/hooks/github/0", "/login"] {
        let mut socket = TcpStream::connect(address).await.unwrap();
        let length = 50 * MIB;
        let head = format!("POST {path} HTTP/1.1\r\nhost: a\r\ncontent-length: {length}\r\n\r\n");
        socket.write_all(head.as_bytes()).await.unwrap();
        let part = vec![b' '; MIB];
        for _ in 0..50 {
            socket.write_all(&part).await.unwrap();
        }
        let mut answer = [0; 12];
        socket.read_exact(&mut answer).await.unwrap();
        assert_eq!(&answer, b"HTTP/1.1 413", "{path}");
    }
}

#[sqlx::test(migrator = "longshore_control::store::MIGRATOR")]
async fn unknown_calls_and_methods_are_problems_and_unknown_pages_are_pages(pool: PgPool) {
    let world = World::with_teams(pool).await;
    let owner = world.owner().await;
    for path in [
        "/api/v1/nothing",
        "/api/v2/projects",
        "/api",
        "/api/v1/environments/1/nothing",
    ] {
        for method in ["GET", "POST"] {
            world.call(&owner, method, path, None).await.problem(404);
        }
    }
    world
        .call(&owner, "PUT", "/api/v1/projects", None)
        .await
        .problem(405);
    let answer = world
        .call(&owner, "GET", "/api/v1/projects/not-an-id", None)
        .await;
    answer.problem(404);
    for (path, status, words) in [
        ("/nothing", 404, "no such page"),
        ("/services/not-an-id", 404, "<h1"),
        ("/logout", 405, "<h1"),
    ] {
        let answer = world.visit(&owner.cookie, path).await;
        assert_eq!(answer.status, status, "{path}");
        assert!(answer.header("content-type").starts_with("text/html"));
        assert!(answer.text().contains(words), "{path}: {}", answer.text());
    }
}
