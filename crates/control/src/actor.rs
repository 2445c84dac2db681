//! Who acts.

use longshore_domain::{ApiTokenId, EmailAddress, PersonName, Role, TeamId, UserId};

/// A signed-in person, in one of the person's teams.
#[derive(Debug, Clone)]
pub struct Actor {
    /// The person.
    pub user: UserId,
    /// The person's e-mail address.
    pub email: EmailAddress,
    /// The person's name.
    pub name: PersonName,
    /// Whether the person manages the installation.
    pub administrator: bool,
    /// The team in which the person acts.
    pub team: TeamId,
    /// The person's role in that team.
    pub role: Role,
    /// How the person acts.
    pub via: Via,
}

/// How a person acts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Via {
    /// In a browser.
    Session,
    /// With an API token.
    Token(ApiTokenId),
    /// On the machine's command line.
    Machine,
}
