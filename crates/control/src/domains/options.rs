//! What people typed of a domain's options, as options.

use longshore_domain::Secret;
use longshore_domain::route::{BasicUser, DomainOptions, PasswordHash, Split};
use longshore_store::PgConnection;
use longshore_store::services::{self, ServiceRecord};
use rand::TryRngCore;
use rand::rngs::OsRng;
use tokio::task::spawn_blocking;

use crate::problems::Problems;
use crate::{BasicUserDraft, BasicUserName, Control, ControlError, Result};

/// The proxy computes the hash at every request, so it is cheaper than that of an account.
const COST: u32 = 8;
/// bcrypt reads no more.
const LONGEST_PASSWORD_BYTES: usize = 72;
const SHORTEST_PASSWORD_CHARACTERS: usize = 8;

impl Control {
    /// Checks options and hashes passwords; users without one keep the one that they have.
    pub(super) async fn options(
        &self,
        connection: &mut PgConnection,
        service: &ServiceRecord,
        draft: DomainOptions<BasicUserDraft>,
        known: &[BasicUser],
    ) -> Result<DomainOptions> {
        let mut problems = Problems::default();
        for (field, message) in draft.problems(|user| &user.name) {
            problems.add(format!("options.{field}"), message);
        }
        for user in &draft.basic_auth {
            if let Some(problem) = user_problem(user, known) {
                problems.add("options.basic_auth", problem);
            }
        }
        if draft.behind_cloudflare && !self.settings.trusts_cloudflare {
            problems.add(
                "options.behind_cloudflare",
                "needs the server's setting trusted_proxies to name cloudflare",
            );
        }
        if let Some(split) = &draft.split
            && let Some(problem) = split_problem(connection, service, split).await?
        {
            problems.add("options.split", problem);
        }
        problems.finish(Some(()))?;
        let users = draft.basic_auth.clone();
        let known = known.to_vec();
        let users = spawn_blocking(move || {
            let users = users.into_iter();
            users
                .map(|user| hashed(user, &known))
                .collect::<Result<_>>()
        })
        .await
        .map_err(ControlError::internal)??;
        Ok(draft.with_users(users))
    }
}

fn user_problem(user: &BasicUserDraft, known: &[BasicUser]) -> Option<String> {
    let name = &user.name;
    match (&user.password, &user.hash) {
        (Some(_), Some(_)) => Some(format!("gives the user {name} a password and a hash")),
        (None, None) if !known.iter().any(|known| known.name == *name) => {
            Some(format!("needs a password for the new user {name}"))
        }
        (Some(password), None)
            if password.chars().count() < SHORTEST_PASSWORD_CHARACTERS
                || password.len() > LONGEST_PASSWORD_BYTES =>
        {
            Some(format!(
                "needs passwords of {SHORTEST_PASSWORD_CHARACTERS} characters to {LONGEST_PASSWORD_BYTES} bytes"
            ))
        }
        _ => None,
    }
}

async fn split_problem(
    connection: &mut PgConnection,
    service: &ServiceRecord,
    split: &Split,
) -> Result<Option<String>> {
    if split.service == service.id {
        return Ok(Some("must name another service".to_owned()));
    }
    let other = services::find(connection, service.team, split.service).await?;
    let Some(other) = other.filter(|other| other.environment == service.environment) else {
        return Ok(Some(
            "must name a service of the same environment".to_owned(),
        ));
    };
    Ok(if other.kind == "database" {
        Some("must not name a database".to_owned())
    } else if other.port.is_none() {
        Some(format!("needs {} to have a port", other.name))
    } else {
        None
    })
}

/// Blocking.
fn hashed(user: BasicUserDraft, known: &[BasicUser]) -> Result<BasicUser> {
    let hash = match (user.password, user.hash) {
        (Some(password), _) => hash(&Secret::new(password))?,
        (None, Some(hash)) => hash,
        (None, None) => known
            .iter()
            .find(|known| known.name == user.name)
            .map(|known| known.hash.clone())
            .ok_or_else(|| ControlError::internal("a user without a password"))?,
    };
    Ok(BasicUser {
        name: user.name,
        hash,
    })
}

fn hash(password: &Secret) -> Result<PasswordHash> {
    let mut salt = [0_u8; 16];
    OsRng
        .try_fill_bytes(&mut salt)
        .map_err(ControlError::internal)?;
    let parts = bcrypt::hash_with_salt(password.expose().as_bytes(), COST, salt)
        .map_err(ControlError::internal)?;
    parts
        .format_for_version(bcrypt::Version::TwoY)
        .parse()
        .map_err(ControlError::internal)
}

/// The options without what nobody may see.
pub(super) fn shown(options: &DomainOptions) -> DomainOptions<BasicUserName> {
    let users = options.basic_auth.iter();
    let names = users
        .map(|user| BasicUserName {
            name: user.name.clone(),
        })
        .collect();
    options.clone().with_users(names)
}
