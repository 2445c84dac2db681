//! The state of the server.

use askama::Template;

use super::{DashboardAddress, FlashTone, Icon, Page, Status, sentence};
use crate::agreement::Difference;

/// The parts of the server and how full it is.
#[derive(Template, Default)]
#[template(path = "settings/server.html")]
pub struct ServerPage {
    /// The frame.
    pub page: Page,
    /// The machine's name.
    pub host: String,
    /// The parts.
    pub parts: Vec<Part>,
    /// How full it is.
    pub gauges: Vec<Gauge>,
    /// What was not as it shall be.
    pub differences: Vec<DifferenceNotice>,
    /// The dashboard's own domain.
    pub address: DashboardAddress,
}

/// A part of the server.
#[derive(Debug, Clone)]
pub struct Part {
    /// Its name.
    pub name: &'static str,
    /// Its version, or what is wrong with it.
    pub note: String,
    /// How it does.
    pub status: Status,
}

/// Something on the machine that is not as it shall be.
#[derive(Debug, Clone)]
pub struct DifferenceNotice {
    /// What it is.
    pub what: String,
    /// What stands in the way.
    pub why: String,
    /// The page of the service; empty when it is about none.
    pub href: String,
}

impl DifferenceNotice {
    /// The words for each.
    pub fn all(differences: Vec<Difference>) -> Vec<Self> {
        differences
            .into_iter()
            .map(|difference| Self {
                href: difference
                    .service
                    .map(|service| format!("/services/{service}"))
                    .unwrap_or_default(),
                what: difference.what,
                why: sentence(&difference.why),
            })
            .collect()
    }
}

/// How much of something is used.
#[derive(Debug, Clone)]
pub struct Gauge {
    /// Of what.
    pub label: &'static str,
    /// The icon.
    pub icon: Icon,
    /// What is free, in words.
    pub value: String,
    /// Of how much.
    pub note: String,
    /// How much is used, in hundredths.
    pub percent: u64,
}

impl Gauge {
    /// The class of the bar's colour.
    pub fn class(&self) -> &'static str {
        match self.percent {
            0..80 => "",
            80..92 => "meter--warn",
            _ => "meter--bad",
        }
    }
}
