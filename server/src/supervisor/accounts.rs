//! System users: which process runs as whom.
//!
//! Users are looked up in `/etc/passwd`, where the installer makes them; users that exist only in
//! a directory service are not needed here.

use std::fs;
use std::io;

use crate::config::Config;

/// The server's user on an installed machine.
const SERVER_USER: &str = "longshore";

/// Users that may run the embedded database, best first: the installer's, then the one that
/// PostgreSQL's own package makes.
const DATABASE_USERS: [&str; 2] = ["longshore-db", "postgres"];

/// A system user.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Account {
    /// Its name.
    pub name: String,
    /// Its number.
    pub uid: u32,
    /// Its primary group's number.
    pub gid: u32,
}

/// Who runs what.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Accounts {
    /// The supervisor itself, and the agent.
    pub own: Account,
    /// The server process.
    pub server: Account,
    /// The embedded database.
    pub database: Account,
}

/// Why the users cannot be settled.
#[derive(Debug, thiserror::Error)]
pub enum AccountError {
    /// The list of users cannot be read.
    #[error("cannot read /etc/passwd")]
    Unreadable(#[from] io::Error),
    /// A configured user does not exist.
    #[error("{setting} is {name:?}, but this machine has no such user")]
    Unknown {
        /// The variable.
        setting: &'static str,
        /// The user's name.
        name: String,
    },
    /// Only root can start processes as somebody else.
    #[error("{setting} is {name:?}, but only root can start a process as another user")]
    NotRoot {
        /// The variable.
        setting: &'static str,
        /// The user's name.
        name: String,
    },
    /// PostgreSQL refuses to run as root.
    #[error(
        "PostgreSQL does not run as root and there is neither a user longshore-db nor postgres: \
         create one (useradd --system longshore-db), name one in LONGSHORE_DB_USER, \
         or set DATABASE_URL to use a PostgreSQL server of your own"
    )]
    NoDatabaseUser,
}

impl Accounts {
    /// Settles who runs what, from the configuration and the users that exist.
    ///
    /// # Errors
    /// When a configured user does not exist or cannot be used.
    pub fn resolve(config: &Config) -> Result<Self, AccountError> {
        let known = all()?;
        let uid = rustix::process::geteuid().as_raw();
        let own = known
            .iter()
            .find(|account| account.uid == uid)
            .cloned()
            .unwrap_or(Account {
                name: uid.to_string(),
                uid,
                gid: rustix::process::getegid().as_raw(),
            });
        let find = |name: &str| known.iter().find(|account| account.name == name).cloned();
        let configured = |setting, name: &Option<String>| match name {
            None => Ok(None),
            Some(name) => {
                let account = find(name).ok_or_else(|| AccountError::Unknown {
                    setting,
                    name: name.clone(),
                })?;
                if own.uid != 0 && account.uid != own.uid {
                    return Err(AccountError::NotRoot {
                        setting,
                        name: name.clone(),
                    });
                }
                Ok(Some(account))
            }
        };
        let server = configured("LONGSHORE_SERVER_USER", &config.server_user)?;
        let database = configured("LONGSHORE_DB_USER", &config.database_user)?;
        if own.uid != 0 {
            return Ok(Self {
                server: own.clone(),
                database: own.clone(),
                own,
            });
        }
        let database = database.or_else(|| DATABASE_USERS.into_iter().find_map(find));
        if config.database_url.is_none() && database.as_ref().is_none_or(|user| user.uid == 0) {
            return Err(AccountError::NoDatabaseUser);
        }
        Ok(Self {
            server: server
                .or_else(|| find(SERVER_USER))
                .unwrap_or_else(|| own.clone()),
            database: database.unwrap_or_else(|| own.clone()),
            own,
        })
    }
}

fn all() -> io::Result<Vec<Account>> {
    Ok(parse(&fs::read_to_string("/etc/passwd")?))
}

fn parse(passwd: &str) -> Vec<Account> {
    passwd
        .lines()
        .filter_map(|line| {
            let mut fields = line.split(':');
            let name = fields.next()?.to_owned();
            let uid = fields.nth(1)?.parse().ok()?;
            let gid = fields.next()?.parse().ok()?;
            Some(Account { name, uid, gid })
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn passwd_lines_become_accounts_and_odd_lines_are_passed_over() {
        let accounts =
            parse("root:x:0:0:root:/root:/bin/bash\n+::::::\n\nweb:x:33:34::/:/bin/false\n");
        let names: Vec<_> = accounts
            .iter()
            .map(|account| account.name.as_str())
            .collect();
        assert_eq!(names, ["root", "web"]);
        assert_eq!((accounts[1].uid, accounts[1].gid), (33, 34));
    }
}
