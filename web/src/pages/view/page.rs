//! What every page has around its own content: title, theme, trail, person, message.

use crate::assets;

/// The frame of a page.
#[derive(Debug, Clone, Default)]
pub struct Page {
    /// The page's own part of the window title.
    pub title: String,
    /// The colours that the visitor asked for.
    pub theme: Theme,
    /// The token that every form sends back.
    pub csrf: String,
    /// Who is signed in.
    pub person: Option<Person>,
    /// The way down to this page, after the projects.
    pub trail: Vec<Crumb>,
    /// The message of the action before, shown once.
    pub flash: Option<Flash>,
}

impl Page {
    /// The address of the style sheet.
    pub fn style_sheet(&self) -> String {
        assets::address("main.css")
    }

    /// The address of the script.
    pub fn script(&self) -> String {
        assets::address("main.js")
    }

    /// The address of the icon in the browser's tab.
    pub fn favicon(&self) -> String {
        assets::address("favicon.svg")
    }

    /// The same frame with a title.
    #[must_use]
    pub fn titled(mut self, title: impl Into<String>) -> Self {
        self.title = title.into();
        self
    }

    /// The same frame, one step further down.
    #[must_use]
    pub fn below(mut self, label: impl Into<String>, href: impl Into<String>) -> Self {
        self.trail.push(Crumb {
            label: label.into(),
            href: href.into(),
        });
        self
    }

    /// Whether this step of the trail is the page itself.
    pub fn is_last(&self, index: &usize) -> bool {
        index + 1 == self.trail.len()
    }
}

/// The colours that a visitor asked for; kept in a cookie, so that no page flashes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Theme {
    /// What the visitor's system says.
    #[default]
    System,
    /// Light.
    Light,
    /// Dark.
    Dark,
}

impl Theme {
    /// The name in the cookie and in the page.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::System => "system",
            Self::Light => "light",
            Self::Dark => "dark",
        }
    }

    /// Reads the name; anything else is the system's choice.
    pub fn from_name(name: &str) -> Self {
        match name {
            "light" => Self::Light,
            "dark" => Self::Dark,
            _ => Self::System,
        }
    }
}

/// Who is signed in.
#[derive(Debug, Clone)]
pub struct Person {
    /// The name.
    pub name: String,
    /// The e-mail address.
    pub email: String,
    /// Whether the server's page is open to them.
    pub administrator: bool,
}

impl Person {
    /// One or two letters for the round picture.
    pub fn initials(&self) -> String {
        let mut words = self
            .name
            .split_whitespace()
            .filter_map(|word| word.chars().next());
        let first = words.next();
        let last = words.next_back();
        first
            .into_iter()
            .chain(last)
            .flat_map(char::to_uppercase)
            .collect()
    }
}

/// One step of the trail.
#[derive(Debug, Clone)]
pub struct Crumb {
    /// What it says.
    pub label: String,
    /// Where it leads.
    pub href: String,
}

/// The message of the action before.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Flash {
    /// What kind it is.
    pub tone: FlashTone,
    /// What it says.
    pub message: String,
}

/// The kind of a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FlashTone {
    /// It was done.
    Good,
    /// It was not done.
    Bad,
}
