//! Prometheus counters of the HTTP side.

use std::time::Duration;

use longshore_control::store::deployments::StatusCount;
use longshore_domain::DeploymentStatus;
use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::encoding::text::encode;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::Registry;

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct RequestLabels {
    method: &'static str,
    status: u16,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct StatusLabel {
    status: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct HostLabel {
    host: String,
}

/// The counters and their registry.
#[derive(Debug)]
pub struct Metrics {
    registry: Registry,
    requests: Family<RequestLabels, Counter>,
    seconds: Histogram,
    ready: Gauge,
    deployments: Family<StatusLabel, Gauge>,
    log_bytes: Gauge,
    reconcile: Histogram,
    differences: Gauge,
    certificate_ends: Family<HostLabel, Gauge>,
    certificate_fails: Family<HostLabel, Gauge>,
}

impl Default for Metrics {
    fn default() -> Self {
        Self::new()
    }
}

impl Metrics {
    /// All counters at zero.
    pub fn new() -> Self {
        let mut registry = Registry::with_prefix("longshore");
        let requests = Family::default();
        registry.register(
            "http_requests",
            "Answered requests by method and status",
            requests.clone(),
        );
        // From a millisecond to half a minute; server-sent events count until their headers.
        let seconds = Histogram::new([0.001, 0.005, 0.02, 0.05, 0.1, 0.5, 2.0, 10.0, 30.0]);
        registry.register(
            "http_request_seconds",
            "Time until the answer's headers",
            seconds.clone(),
        );
        let ready = Gauge::default();
        registry.register(
            "ready",
            "Whether database and agent answer (1) or not (0)",
            ready.clone(),
        );
        let deployments = Family::default();
        registry.register(
            "deployments",
            "Deployments by status; `queued` is the length of the queue",
            deployments.clone(),
        );
        let log_bytes = Gauge::default();
        registry.register(
            "deployment_log_bytes",
            "Text of the logs of all deployments",
            log_bytes.clone(),
        );
        let reconcile = Histogram::new([0.01, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 15.0, 60.0]);
        registry.register(
            "reconcile_seconds",
            "Duration of a pass that makes the machine agree with what shall run",
            reconcile.clone(),
        );
        let differences = Gauge::default();
        registry.register(
            "reconcile_differences",
            "What the newest pass could not make as it shall be",
            differences.clone(),
        );
        let certificate_ends = Family::default();
        registry.register(
            "certificate_expiry_timestamp_seconds",
            "When the present certificate of a host runs out",
            certificate_ends.clone(),
        );
        let certificate_fails = Family::default();
        registry.register(
            "certificate_failing",
            "Whether the last attempt to get a host's certificate failed (1) or not (0)",
            certificate_fails.clone(),
        );
        Self {
            registry,
            requests,
            seconds,
            ready,
            deployments,
            log_bytes,
            reconcile,
            differences,
            certificate_ends,
            certificate_fails,
        }
    }

    /// Notes an answered request.
    pub fn answered(&self, method: &http::Method, status: u16, took: Duration) {
        let method = match *method {
            http::Method::GET => "GET",
            http::Method::HEAD => "HEAD",
            http::Method::POST => "POST",
            http::Method::PUT => "PUT",
            http::Method::PATCH => "PATCH",
            http::Method::DELETE => "DELETE",
            _ => "other",
        };
        self.requests
            .get_or_create(&RequestLabels { method, status })
            .inc();
        self.seconds.observe(took.as_secs_f64());
    }

    /// Notes a pass that made the machine agree with what shall run.
    pub fn reconciled(&self, took: Duration) {
        self.reconcile.observe(took.as_secs_f64());
    }

    /// Notes how many things a pass could not make as they shall be.
    pub fn set_differences(&self, count: usize) {
        self.differences
            .set(i64::try_from(count).unwrap_or(i64::MAX));
    }

    /// Notes all certificates: the host, when it runs out, whether the last attempt failed.
    pub fn set_certificates(&self, all: impl Iterator<Item = (String, Option<i64>, bool)>) {
        self.certificate_ends.clear();
        self.certificate_fails.clear();
        for (host, until, is_failing) in all {
            let label = HostLabel { host };
            if let Some(until) = until {
                self.certificate_ends.get_or_create(&label).set(until);
            }
            self.certificate_fails
                .get_or_create(&label)
                .set(i64::from(is_failing));
        }
    }

    /// Notes whether everything answers.
    pub fn set_ready(&self, ready: bool) {
        self.ready.set(i64::from(ready));
    }

    /// Notes what deployments there are.
    pub fn set_deployments(&self, counts: &[StatusCount]) {
        for status in DeploymentStatus::ALL {
            let count = counts.iter().find(|count| count.status == status);
            let label = StatusLabel {
                status: status.as_str(),
            };
            self.deployments
                .get_or_create(&label)
                .set(count.map_or(0, |count| count.deployments));
        }
        let bytes = counts.iter().map(|count| count.log_bytes).sum();
        self.log_bytes.set(bytes);
    }

    /// All counters in Prometheus' text form.
    pub fn text(&self) -> String {
        let mut text = String::new();
        // Writing into a string does not fail.
        if encode(&mut text, &self.registry).is_err() {
            text.clear();
        }
        text
    }
}
