//! `longshore user create` and `longshore token create`.

use anyhow::{Context as _, Result, anyhow, bail};
use clap::Args;
use longshore_control::{Control, ControlError, UserDraft, store};

use super::output;
use crate::config::Config;
use crate::secrets::MasterKey;
use crate::serve::control_settings;

/// A new user.
#[derive(Debug, Args)]
pub struct NewUserArguments {
    /// The address to sign in with
    #[arg(long, value_name = "ADDRESS")]
    pub email: String,
    /// The name that others see (default: the address up to the @)
    #[arg(long, value_name = "NAME")]
    pub name: Option<String>,
    /// Read the password from the first line of standard input
    #[arg(long)]
    pub password_stdin: bool,
}

/// A new API token.
#[derive(Debug, Args)]
pub struct NewTokenArguments {
    /// The user that the token acts for
    #[arg(long, value_name = "ADDRESS")]
    pub email: String,
    /// What the token is for
    #[arg(long, value_name = "NAME")]
    pub name: String,
}

/// Makes a user. Without a password, one is generated and printed.
///
/// # Errors
/// When the database cannot be reached, or the user cannot be made as asked.
pub async fn create_user(config: &Config, arguments: NewUserArguments) -> Result<()> {
    let password = arguments
        .password_stdin
        .then(password_from_stdin)
        .transpose()?;
    let control = connect(config)?;
    let email = arguments.email;
    let draft = UserDraft {
        email: email.clone(),
        name: arguments.name,
        password,
    };
    let created = control.create_user(draft).await.map_err(explain)?;
    match created.password {
        Some(password) => output::say(&format!("Made {email}, password: {}", password.expose())),
        None => output::say(&format!("Made {email}")),
    }
    Ok(())
}

/// Makes a token and prints it, alone, for scripts.
///
/// # Errors
/// When the database cannot be reached, or there is no such user.
pub async fn create_token(config: &Config, arguments: NewTokenArguments) -> Result<()> {
    let control = connect(config)?;
    let token = control
        .create_token_for(&arguments.email, &arguments.name)
        .await;
    let token = token.map_err(|error| match error {
        ControlError::NotFound => anyhow!("there is no user {}", arguments.email),
        other => explain(other),
    })?;
    output::say(token.expose());
    Ok(())
}

fn connect(config: &Config) -> Result<Control> {
    let keyring = MasterKey::read(&config.server_dir())?.keyring()?;
    // Commands need one connection, and one more for what they do meanwhile.
    let pool = store::connect(config.effective_database_url().expose(), 2)?;
    Ok(Control::new(pool, keyring, control_settings(config)))
}

fn password_from_stdin() -> Result<String> {
    let mut line = String::new();
    std::io::stdin()
        .read_line(&mut line)
        .context("cannot read the password")?;
    let password = line.trim_end_matches(['\r', '\n']);
    if password.is_empty() {
        bail!("no password came on standard input");
    }
    Ok(password.to_owned())
}

/// A person at the machine sees what a browser is not shown.
fn explain(error: ControlError) -> anyhow::Error {
    match error {
        ControlError::Unavailable(_) => {
            anyhow!("the database does not answer; is Longshore running? longshore status")
        }
        other => other.into(),
    }
}
