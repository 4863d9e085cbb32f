//! Who may sign in to the pages: [`User`], their [`Role`] and what it permits, [`Password`], and how they like the pages.
//!
//! How a user proves who they are is apart from who they are: [`User`] has no password. A [`PasswordHash`] is stored beside one, and
//! a user without it cannot sign in with a password. Others are known by what an OpenID Connect provider calls them
//! ([`ProviderIdentity`]), which also says what they may do ([`OpenIdOptions`]).

mod claims;
mod name;
mod openid;
mod password;
mod position;
mod preferences;
mod role;
mod sign_in_policy;

pub use claims::Claims;
pub use name::{InvalidUserName, UserName};
pub use openid::{ClientAuthentication, OpenIdOptions, ProvidedUser, ProviderIdentity, RoleRule};
pub use password::{
    InvalidPassword, InvalidPasswordHash, Password, PasswordHash, Passwords, PasswordsError,
};
pub use position::{Position, TeamMissing};
pub use preferences::{Language, Theme};
pub use role::{Permission, Role};
pub use sign_in_policy::SignInPolicy;

use crate::ticket::Name;
use crate::timestamp::Timestamp;

/// Somebody who may sign in, unless disabled.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct User {
    /// What they sign in with; unique within a tenant, and never changed.
    pub name: UserName,
    /// What others see.
    pub display_name: Name,
    /// What they may do, and about which rows.
    pub position: Position,
    /// The language they have chosen; `None`: that of their browser.
    pub language: Option<Language>,
    /// Light or dark.
    pub theme: Theme,
    /// Who they are at the provider through which they sign in; `None`: they sign in with a password.
    pub identity: Option<ProviderIdentity>,
    /// Whether they are kept out.
    pub is_disabled: bool,
    /// When they were added.
    pub created_at: Timestamp,
}

impl User {
    /// Whether their role permits something.
    #[must_use]
    pub fn may(&self, permission: Permission) -> bool {
        self.position.role().may(permission)
    }
}
