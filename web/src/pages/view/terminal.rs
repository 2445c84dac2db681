//! The page of terminals.

use askama::Template;

use super::{FlashTone, Icon, Page, ServiceHead};
use crate::assets;

/// The terminals of a service.
#[derive(Template)]
#[template(path = "service/terminal.html")]
pub struct TerminalPage {
    /// The frame.
    pub page: Page,
    /// The head.
    pub service: ServiceHead,
    /// Whether the project allows terminals.
    pub allowed: bool,
    /// The numbers of the containers to choose from.
    pub containers: Vec<u32>,
    /// The engine whose console can be opened; empty when there is none.
    pub console: &'static str,
}

impl TerminalPage {
    /// The address of the script that shows terminals; other pages do not load it.
    pub fn terminal_script(&self) -> String {
        assets::address("terminal.js")
    }

    /// The address of its style sheet.
    pub fn terminal_style(&self) -> String {
        assets::address("terminal.css")
    }

    /// Where the script connects to.
    pub fn socket(&self) -> String {
        format!("/services/{}/terminal/socket", self.service.id)
    }
}
