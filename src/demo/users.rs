//! Who signs in to the pages of the demonstration: one of each role, all with one new password at each start.

use crate::app::App;
use crate::customer_key::random_bytes;
use crate::store::{AuditAction, AuditEntry, NewUser};
use crate::ticket::Name;
use crate::timestamp::Timestamp;
use crate::user::{Password, PasswordHash, Position, Role, UserName};

/// Names of users with their roles, and the team of the one who has one.
pub(super) const USERS: [(&str, Role, Option<&str>); 4] = [
    ("demo", Role::Admin, None),
    ("manager", Role::Manager, None),
    ("lead", Role::TeamLead, Some(TEAM)),
    ("analyst", Role::Analyst, None),
];

/// The team of the team lead: the one that closes most tickets.
pub(super) const TEAM: &str = "70";

/// Makes the users, or sets their passwords anew, and answers the password.
///
/// # Errors
/// If the store fails or the system has no source of chance.
pub(super) async fn make_users(app: &App) -> anyhow::Result<String> {
    let text: String = random()?.chars().take(16).collect();
    let mut salt = [0; 16];
    salt.copy_from_slice(&random_bytes()?[..16]);
    let password = app.passwords.hash(Password::parse(&text)?, salt).await?;
    for (name, role, team) in USERS {
        let position = Position::new(role, team.map(Name::parse).transpose()?)?;
        make_user(app, name, position, password.clone()).await?;
    }
    Ok(text)
}

async fn make_user(
    app: &App,
    name: &str,
    position: Position,
    password: PasswordHash,
) -> anyhow::Result<()> {
    let user = UserName::parse(name)?;
    let set = entry(AuditAction::PasswordSet, name)?;
    if app.store.set_password(&app.tenant, &user, &password, &set).await? {
        return Ok(());
    }
    let display_name = Name::parse(name)?;
    let user = NewUser { name: user, display_name, password: Some(password), position };
    app.store.add_user(&app.tenant, &user, &entry(AuditAction::UserAdded, name)?).await?;
    Ok(())
}

fn entry(action: AuditAction, name: &str) -> anyhow::Result<AuditEntry> {
    Ok(AuditEntry {
        id: random()?,
        occurred_at: Timestamp::now(),
        actor: Some("cli:demo".to_owned()),
        action,
        object: Some(name.to_owned()),
        address: None,
    })
}

fn random() -> anyhow::Result<String> {
    Ok(random_bytes()?.iter().map(|byte| format!("{byte:02x}")).collect())
}
