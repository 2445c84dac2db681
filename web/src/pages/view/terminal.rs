//! The page of terminals.

use askama::Template;
use longshore_control::TerminalContainers;

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
    /// The containers to choose from.
    pub containers: Vec<ContainerChoice>,
    /// The engine whose console can be opened; empty when there is none.
    pub console: &'static str,
}

/// A container that can be chosen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ContainerChoice {
    /// Its component; empty when the service is no stack.
    pub component: String,
    /// Its number, from 1.
    pub replica: u32,
    /// What people call it.
    pub label: String,
    /// Whether it is chosen at first.
    pub is_chosen: bool,
}

impl ContainerChoice {
    /// All containers of a service; the first one of the `chosen` component comes first.
    pub fn all(running: &[TerminalContainers], chosen: &str) -> Vec<Self> {
        running
            .iter()
            .flat_map(|part| {
                let component = part.component.clone().unwrap_or_default();
                (1..=part.count).map(move |replica| Self {
                    label: match (component.as_str(), part.count) {
                        ("", _) => format!("Container {replica}"),
                        (name, 1) => name.to_owned(),
                        (name, _) => format!("{name}, container {replica}"),
                    },
                    is_chosen: component == chosen && replica == 1,
                    component: component.clone(),
                    replica,
                })
            })
            .collect()
    }
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
