//! Drafts of accounts.

/// The first administrator of a fresh installation.
#[derive(Clone, Default, serde::Deserialize)]
pub struct SetupDraft {
    /// The one-time token that the installer printed.
    pub token: String,
    /// The e-mail address.
    pub email: String,
    /// The person's name.
    pub name: String,
    /// The password.
    pub password: String,
}

/// An attempt to sign in.
#[derive(Clone, Default, serde::Deserialize)]
pub struct SignInDraft {
    /// The e-mail address.
    pub email: String,
    /// The password.
    pub password: String,
}

/// A change of the own password.
#[derive(Clone, Default, serde::Deserialize)]
pub struct PasswordDraft {
    /// The password so far.
    pub current: String,
    /// The password from now on.
    pub new: String,
}

/// A new API token.
#[derive(Debug, Clone, Default, serde::Deserialize)]
pub struct TokenDraft {
    /// What it is for.
    pub name: String,
}

/// A new user, made on the machine.
#[derive(Clone, Default, serde::Deserialize)]
pub struct UserDraft {
    /// The e-mail address.
    pub email: String,
    /// The person's name; the part before the `@` when absent.
    pub name: Option<String>,
    /// The password; one is generated when absent.
    pub password: Option<String>,
}
