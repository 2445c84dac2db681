use longshore_control::view::*;
use longshore_domain::*;
use longshore_web::pages::view::{DeploymentPage, DeploymentRow, LogView, RollBackPage};
use time::Duration;

use super::{NOW, ago, page, render};

const SHA: &str = "9f1c2ab47d0e55aa31c8f7b2d6e4a0913b5c7d88";

pub fn row(number: i32, status: DeploymentStatus, minutes: i64) -> DeploymentRow {
    DeploymentRow {
        id: "d1".to_owned(),
        number,
        status: longshore_web::pages::view::Status::of_deployment(status),
        title: match number % 3 {
            0 => "Show the tide on the landing page",
            1 => "Bump the base image and drop the unused fonts",
            _ => "Retry the payment provider when it times out, three times with a growing pause",
        }
        .to_owned(),
        commit: "9f1c2ab4".to_owned(),
        at: ago(minutes),
        took: if status == DeploymentStatus::Building {
            String::new()
        } else {
            "38 s".to_owned()
        },
        overtaken: match status {
            DeploymentStatus::Superseded => format!("superseded by #{}", number + 1),
            _ => String::new(),
        },
        can_roll_back: status == DeploymentStatus::Retired,
    }
}

pub fn view(status: DeploymentStatus) -> DeploymentView {
    let ended = Stage::from_name(status.as_str()).is_none() && status != DeploymentStatus::Queued;
    let named = |name: &str| Named {
        id: ProjectId::generate(),
        name: name.to_owned(),
    };
    let project = named("Harbour shop");
    DeploymentView {
        id: DeploymentId::generate(),
        number: 42,
        status,
        cause: Cause::Push {
            provider: "github".to_owned(),
            pusher: Some("ada".to_owned()),
        },
        requested_by: None,
        service: Named {
            id: ServiceId::generate(),
            name: "web".to_owned(),
        },
        environment: Named {
            id: EnvironmentId::generate(),
            name: "production".to_owned(),
        },
        project,
        commit: Some(CommitView {
            sha: SHA.to_owned(),
            subject: Some("Show the tide on the landing page".to_owned()),
            author: Some("Ada Marlow".to_owned()),
        }),
        archive: None,
        image: Some("longshore/web:42".to_owned()),
        image_digest: None,
        image_size_bytes: Some(84_123_456),
        image_pinned: None,
        failure: None,
        superseded_by: None,
        timings: StageTimings {
            queued: Some(120),
            fetching: Some(840),
            building: Some(24_300),
            starting: ended.then_some(2_100),
            verifying: ended.then_some(1_450),
            switching: ended.then_some(310),
            ..StageTimings::default()
        },
        strategy: Strategy::BlueGreen,
        strategy_reason: takeover::StrategyReason::Usual,
        queued_at: NOW - Duration::minutes(4),
        started_at: Some(NOW - Duration::minutes(4)),
        stage_started_at: Some(NOW - Duration::seconds(12)),
        ended_at: ended.then_some(NOW - Duration::seconds(205)),
        watch_until: None,
        cancel_requested: false,
        can_cancel: !ended,
        can_roll_back: status == DeploymentStatus::Retired,
        is_live: status == DeploymentStatus::Live,
    }
}

pub fn log(is_live: bool) -> LogView {
    let lines = [
        ("system", "Fetching main of github.com/harbour/shop"),
        (
            "system",
            "Commit 9f1c2ab4: Show the tide on the landing page",
        ),
        (
            "stdout",
            "#1 [internal] load build definition from Dockerfile",
        ),
        (
            "stdout",
            "#5 [deps 2/3] COPY package.json package-lock.json ./",
        ),
        ("stdout", "#6 [deps 3/3] RUN npm ci"),
        (
            "stdout",
            "#6 4.213 added 214 packages, and audited 215 packages in 4s",
        ),
        ("stdout", "#8 [build 2/2] RUN npm run build"),
        (
            "stdout",
            "#8 1.902 \u{1b}[36mvite v7.1.0\u{1b}[0m \u{1b}[32mbuilding for production...\u{1b}[39m",
        ),
        (
            "stdout",
            "#8 6.117 \u{1b}[32m✓\u{1b}[39m 384 modules transformed.",
        ),
        (
            "stderr",
            "#8 6.231 \u{1b}[33m(!) Some chunks are larger than 500 kB after minification. Consider using dynamic import() to code-split the application.\u{1b}[39m",
        ),
        (
            "stdout",
            "#8 6.480 \u{1b}[2mdist/\u{1b}[22m\u{1b}[35massets/index-BfK2Lq3c.js   \u{1b}[39m\u{1b}[1m512.33 kB\u{1b}[22m\u{1b}[2m │ gzip: 148.02 kB\u{1b}[22m",
        ),
        ("stdout", "#9 exporting to image"),
        ("system", "Built longshore/web:42 (80.2 MiB) in 24 s"),
        ("system", "Starting the new version beside the running one"),
        ("system", "The health check passed"),
        (
            "system",
            "Live: shop.example.com answers from the new version",
        ),
    ];
    let lines: Vec<_> = (1_i64..)
        .zip(lines)
        .map(|(sequence, (stream, text))| LogLine {
            sequence,
            at: NOW,
            stream,
            text: text.to_owned(),
        })
        .collect();
    let mut view = LogView {
        source: "/api/v1/deployments/d1/log".to_owned(),
        download: "/deployments/d1/log.txt".to_owned(),
        file_name: "web-42.log".to_owned(),
        label: "Log of deployment 42".to_owned(),
        empty: "The log is empty.".to_owned(),
        earlier: String::new(),
        is_live,
        shows_times: false,
        is_short: !is_live,
        lines: Vec::new(),
    };
    view.fill(&lines);
    view
}

pub fn all() -> Vec<(&'static str, String)> {
    let show = |deployment: &DeploymentView, is_live| {
        let frame = page("Deployment #42")
            .below("Harbour shop", "/projects/p1")
            .below("web", "/services/s1")
            .below("#42", "");
        let url = Some("https://shop.example.com".to_owned());
        render(&DeploymentPage::new(
            frame,
            deployment,
            log(is_live),
            url,
            deployment.superseded_by.map(|_| DeploymentView {
                number: 43,
                ..view(DeploymentStatus::Live)
            }),
            NOW,
        ))
    };
    let gone = DeploymentView {
        can_roll_back: false,
        ..view(DeploymentStatus::Retired)
    };
    let question = RollBackPage::new(
        page("Roll back").below("web", "/services/s1"),
        &DeploymentView {
            image_digest: Some(format!("sha256:{}", "4f".repeat(32))),
            ..view(DeploymentStatus::Retired)
        },
        NOW,
    );
    let mut failed = view(DeploymentStatus::Failed);
    failed.timings.switching = None;
    failed.failure = Some(FailureView {
        stage: Some(Stage::Verifying),
        while_live: false,
        kind: FailureKind::PortNotListening,
        message: "nothing answers on port 8080 after 75 seconds".to_owned(),
        advice: FailureKind::PortNotListening.advice(),
    });
    let mut superseded = view(DeploymentStatus::Superseded);
    superseded.superseded_by = Some(43);
    superseded.timings = StageTimings::default();
    vec![
        (
            "deployment-building",
            show(&view(DeploymentStatus::Building), true),
        ),
        (
            "deployment-live",
            show(&view(DeploymentStatus::Live), false),
        ),
        ("deployment-failed", show(&failed, false)),
        (
            "deployment-retired",
            show(&view(DeploymentStatus::Retired), false),
        ),
        ("deployment-gone", show(&gone, false)),
        ("deployment-roll-back", render(&question)),
        ("deployment-superseded", show(&superseded, false)),
        (
            "deployment-queued",
            show(&view(DeploymentStatus::Queued), true),
        ),
    ]
}
