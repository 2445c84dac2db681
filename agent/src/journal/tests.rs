use std::fs;
use std::io::Write;
use std::path::PathBuf;
use std::sync::Arc;

use longshore_agent_api::{JobEvent, JobEventKind, JobOutcome, LogStream};
use longshore_domain::Stage;

use super::{JobSink, Journal};
use crate::redact::Redactor;
use crate::stage::EventSink;

fn line(text: impl Into<String>) -> JobEventKind {
    JobEventKind::Line {
        stream: LogStream::Stdout,
        text: text.into(),
    }
}

fn finished() -> JobEventKind {
    JobEventKind::Finished {
        outcome: JobOutcome::Cancelled,
    }
}

fn place() -> (tempfile::TempDir, PathBuf) {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("events");
    (directory, path)
}

async fn read_all(journal: &Journal, after: u64) -> Vec<JobEvent> {
    let mut reader = journal.read_after(after);
    let mut events = Vec::new();
    while let Some(batch) = reader.next().await.unwrap() {
        for raw in batch {
            let event: JobEvent = serde_json::from_slice(&raw.json).unwrap();
            assert_eq!(event.sequence, raw.sequence);
            events.push(event);
        }
    }
    events
}

#[tokio::test]
async fn every_resume_gets_exactly_what_follows() {
    let (_directory, path) = place();
    let (journal, _) = Journal::open(&path).unwrap();
    for number in 1..=2000 {
        journal.append(line(format!("line {number}")));
    }
    journal.append(finished());
    for after in [0, 1, 255, 256, 257, 1023, 1999, 2000, 2001, 5000] {
        let sequences: Vec<u64> = read_all(&journal, after)
            .await
            .iter()
            .map(|event| event.sequence)
            .collect();
        assert_eq!(
            sequences,
            (after + 1..=2001).collect::<Vec<_>>(),
            "after {after}"
        );
    }
}

#[tokio::test]
async fn a_torn_last_line_is_cut_off_and_its_number_used_again() {
    let (_directory, path) = place();
    {
        let (journal, _) = Journal::open(&path).unwrap();
        journal.append(JobEventKind::StageStarted {
            stage: Stage::Building,
        });
        journal.append(line("one"));
        journal.flush();
    }
    let mut file = fs::OpenOptions::new().append(true).open(&path).unwrap();
    file.write_all(br#"{"sequence":3,"at":"2026-01-01T00:"#)
        .unwrap();
    let (journal, replay) = Journal::open(&path).unwrap();
    assert!(replay.has_started(Stage::Building));
    assert_eq!(journal.last_sequence(), 2);
    journal.append(finished());
    let events = read_all(&journal, 1).await;
    assert_eq!(events.len(), 2);
    assert_eq!(events[1].sequence, 3);
    let (_, replay) = Journal::open(&path).unwrap();
    assert_eq!(replay.outcome, Some(JobOutcome::Cancelled));
}

#[tokio::test]
#[expect(clippy::disallowed_methods, reason = "ends with the test")]
async fn a_live_reader_sees_lines_soon_and_the_end() {
    let (_directory, path) = place();
    let (journal, _) = Journal::open(&path).unwrap();
    let journal = Arc::new(journal);
    let flusher = tokio::spawn({
        let journal = Arc::clone(&journal);
        async move { journal.keep_flushed().await }
    });
    let mut reader = journal.read_after(0);
    journal.append(line("first"));
    let batch = reader.next().await.unwrap().unwrap();
    assert_eq!(batch[0].sequence, 1);
    journal.append(finished());
    assert_eq!(reader.next().await.unwrap().unwrap()[0].sequence, 2);
    assert_eq!(reader.next().await.unwrap(), None);
    flusher.await.unwrap();
}

#[tokio::test]
async fn nothing_follows_the_end() {
    let (_directory, path) = place();
    let (journal, _) = Journal::open(&path).unwrap();
    journal.append(finished());
    journal.append(line("late"));
    journal.append(finished());
    assert_eq!(read_all(&journal, 0).await.len(), 1);
}

#[tokio::test]
async fn two_hundred_thousand_lines_are_cheap() {
    let (_directory, path) = place();
    let (journal, _) = Journal::open(&path).unwrap();
    let text = "x".repeat(100);
    for _ in 0..200_000 {
        journal.append(line(text.clone()));
    }
    journal.append(finished());
    assert!(journal.lock().buffer.is_empty());
    assert!(journal.lock().index.len() < 1000);
    assert_eq!(read_all(&journal, 199_990).await.len(), 11);
    assert_eq!(read_all(&journal, 0).await.len(), 200_001);
}

#[tokio::test]
async fn the_sink_masks_secrets_in_lines_and_failures() {
    use longshore_domain::{Failure, FailureKind};

    let (_directory, path) = place();
    let (journal, _) = Journal::open(&path).unwrap();
    let journal = Arc::new(journal);
    let sink = JobSink::new(Arc::clone(&journal), Redactor::new(["hunter22"]), 0);
    sink.append(line(format!("{}hunt", "x".repeat(20_000))));
    sink.append(line("er22 and\r\nhunter22"));
    sink.append(JobEventKind::Finished {
        outcome: JobOutcome::Failed {
            failure: Failure::new(None, FailureKind::Internal, "says hunter22"),
        },
    });
    let text = fs::read_to_string(&path).unwrap();
    assert!(!text.contains("hunt"), "{text}");
    assert_eq!(text.matches("[redacted]").count(), 3);
    assert_eq!(sink.last_line(), "[redacted]");
}

#[tokio::test]
async fn output_that_comes_once_more_is_written_once() {
    use longshore_domain::Stage;

    let (_directory, path) = place();
    let (journal, _) = Journal::open(&path).unwrap();
    let sink = JobSink::new(Arc::new(journal), Redactor::new([]), 0);
    sink.append(line("from the build"));
    let stage = Stage::Releasing;
    sink.append(JobEventKind::StageStarted { stage });
    sink.append(line("one"));
    sink.append(line("two"));
    sink.append(JobEventKind::StageStarted { stage });
    drop(sink);

    let (journal, replay) = Journal::open(&path).unwrap();
    assert_eq!(replay.release_lines, 2);
    let journal = Arc::new(journal);
    let sink = JobSink::new(
        Arc::clone(&journal),
        Redactor::new([]),
        replay.release_lines,
    );
    sink.append(JobEventKind::StageStarted { stage });
    sink.resume_output();
    for text in ["one", "two", "three"] {
        sink.append(line(text));
    }
    sink.append(finished());
    let lines: Vec<String> = read_all(&journal, 0)
        .await
        .into_iter()
        .filter_map(|event| match event.kind {
            JobEventKind::Line { text, .. } => Some(text),
            _ => None,
        })
        .collect();
    assert_eq!(lines, ["from the build", "one", "two", "three"]);
}
