//! `recontact users`: who may sign in to the pages. The first admin is made here; the others may be made at `/users` too.

use crate::customer_key::{self, random_bytes};
use crate::report::DatabaseArgs;
use crate::store::{AuditAction, AuditEntry, NewUser, Store, StoreOptions, Tenant, UserChanged};
use crate::ticket::Name;
use crate::timestamp::Timestamp;
use crate::user::{Password, PasswordHash, Position, Role, UserName};
use anyhow::{Context, bail, ensure};
use clap::{Args, Subcommand};
use std::io::{IsTerminal, Write};
use std::time::Duration;

/// What to do with users.
#[derive(Debug, Subcommand)]
pub enum UsersCommand {
    /// Add a user
    Add(AddArgs),
    /// List all users
    List {
        /// Where they are
        #[command(flatten)]
        database: DatabaseArgs,
    },
    /// Keep a user out; their sessions end
    Disable(NameArgs),
    /// Let a disabled user sign in again
    Enable(NameArgs),
    /// Set a user's password; their sessions end
    SetPassword(SetPasswordArgs),
}

/// The user to add.
#[derive(Debug, Args)]
pub struct AddArgs {
    /// What they sign in with
    name: UserName,
    /// What they may do
    #[arg(long, value_enum)]
    role: Role,
    /// The team of a team lead, as it stands in tickets
    #[arg(long, value_name = "TEAM", value_parser = parse_name)]
    team: Option<Name>,
    /// What others see; the user name, unless given
    #[arg(long, value_name = "TEXT", value_parser = parse_name)]
    display_name: Option<Name>,
    /// Read the password from standard input instead of asking for it
    #[arg(long)]
    password_stdin: bool,
    #[command(flatten)]
    database: DatabaseArgs,
}

/// Which user.
#[derive(Debug, Args)]
pub struct NameArgs {
    /// What they sign in with
    name: UserName,
    #[command(flatten)]
    database: DatabaseArgs,
}

/// Whose password.
#[derive(Debug, Args)]
pub struct SetPasswordArgs {
    /// Read the password from standard input instead of asking for it
    #[arg(long)]
    password_stdin: bool,
    #[command(flatten)]
    user: NameArgs,
}

/// Does it, and says so on standard output.
///
/// # Errors
/// If the configuration, the key or the database cannot be used, or the user or password is not as expected.
pub fn run(command: UsersCommand) -> anyhow::Result<()> {
    match command {
        UsersCommand::Add(args) => add(args),
        UsersCommand::List { database } => with_store(&database, list),
        UsersCommand::Disable(args) => set_disabled(&args, true),
        UsersCommand::Enable(args) => set_disabled(&args, false),
        UsersCommand::SetPassword(args) => set_password(&args),
    }
}

fn add(args: AddArgs) -> anyhow::Result<()> {
    let position = Position::new(args.role, args.team).context("--team")?;
    let display_name = match args.display_name {
        Some(name) => name,
        None => Name::parse(args.name.as_str())?,
    };
    let password = Some(read_password(args.password_stdin)?);
    let user = NewUser { name: args.name, display_name, password, position };
    with_store(&args.database, async |store| {
        let entry = deed(AuditAction::UserAdded, &user.name)?;
        let added = store.add_user(&Tenant::DEFAULT, &user, &entry).await?;
        ensure!(added, "there is a user {} already", user.name);
        say(&format!("{} may sign in as {}", user.name, user.position.role()))
    })
}

async fn list(store: Store) -> anyhow::Result<()> {
    for user in store.users(&Tenant::DEFAULT).await? {
        let team = user.position.team().map(Name::as_str).unwrap_or_default();
        let mark = if user.is_disabled { "disabled" } else { "" };
        let role = user.position.role();
        say(&format!("{:<24} {role:<10} {mark:<9} {team:<20} {}", user.name, user.display_name))?;
    }
    Ok(())
}

fn set_disabled(args: &NameArgs, is_disabled: bool) -> anyhow::Result<()> {
    let name = &args.name;
    let (action, done) = match is_disabled {
        true => (AuditAction::UserDisabled, "is disabled and signed out everywhere"),
        false => (AuditAction::UserEnabled, "may sign in again"),
    };
    with_store(&args.database, async |store| {
        let entry = deed(action, name)?;
        match store.set_disabled(&Tenant::DEFAULT, name, is_disabled, &entry).await? {
            UserChanged::Changed => say(&format!("{name} {done}")),
            UserChanged::Unknown => bail!("there is no user {name}"),
            UserChanged::LastAdmin => bail!("{name} is the last admin: add another one before"),
        }
    })
}

fn set_password(args: &SetPasswordArgs) -> anyhow::Result<()> {
    let name = &args.user.name;
    let password = read_password(args.password_stdin)?;
    with_store(&args.user.database, async |store| {
        let entry = deed(AuditAction::PasswordSet, name)?;
        let is_known = store.set_password(&Tenant::DEFAULT, name, &password, &entry).await?;
        ensure!(is_known, "there is no user {name} who signs in with a password");
        say(&format!("{name} has a new password and is signed out everywhere"))
    })
}

/// Opens the store as the service does, making database and key where there are none: the first admin comes before the first start.
fn with_store(
    database: &DatabaseArgs,
    work: impl AsyncFnOnce(Store) -> anyhow::Result<()>,
) -> anyhow::Result<()> {
    let settings = database.settings()?;
    let key = customer_key::load_or_make(&settings.customer_key_file)?;
    let options = StoreOptions {
        max_connections: settings.database_connections,
        acquire_timeout: Duration::from_secs(settings.database_timeout_s),
    };
    actix_web::rt::System::new().block_on(async {
        let store = Store::connect(&settings.database, key, options).await;
        let store = store.context("opening the database")?;
        let done = work(store.clone()).await;
        store.close().await;
        done
    })
}

/// A password, asked for twice without showing it, or the first line of standard input; hashed.
fn read_password(from_stdin: bool) -> anyhow::Result<PasswordHash> {
    let text = if from_stdin {
        let mut line = String::new();
        std::io::stdin().read_line(&mut line).context("reading the password")?;
        line.trim_end_matches(['\r', '\n']).to_owned()
    } else {
        ensure!(
            std::io::stdin().is_terminal(),
            "there is no terminal to ask for the password: use --password-stdin"
        );
        let text = rpassword::prompt_password("Password: ").context("asking for the password")?;
        let again = rpassword::prompt_password("Again: ").context("asking for the password")?;
        ensure!(text == again, "the password was not repeated as it was");
        text
    };
    let mut salt = [0; 16];
    salt.copy_from_slice(&random_bytes()?[..16]);
    Ok(PasswordHash::of(&Password::parse(&text)?, salt)?)
}

/// A line of the audit: who did it on this machine.
fn deed(action: AuditAction, on: &UserName) -> anyhow::Result<AuditEntry> {
    let account = std::env::var("USER").unwrap_or_else(|_| "unknown".to_owned());
    Ok(AuditEntry {
        id: random_bytes()?.iter().map(|byte| format!("{byte:02x}")).collect(),
        occurred_at: Timestamp::now(),
        actor: Some(format!("cli:{account}")),
        action,
        object: Some(on.to_string()),
        address: None,
    })
}

fn say(text: &str) -> anyhow::Result<()> {
    Ok(writeln!(std::io::stdout(), "{text}")?)
}

fn parse_name(text: &str) -> Result<Name, String> {
    Name::parse(text).map_err(|error| error.to_string())
}
