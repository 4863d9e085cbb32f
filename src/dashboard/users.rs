//! `/users`: who may sign in. For admins.

use super::account::{hash, new_password, parse_new_password};
use super::error::{lead_to, show, show_again};
use super::field::{SelectField, TextField};
use super::form::{Faults, Submitted};
use super::format::{self, Shown};
use super::frame::role_message;
use super::session::Viewer;
use super::table::{Cell, Column, Export, Table};
use super::{Frame, PageError};
use crate::store::{AuditAction, NewUser, UserChanged};
use crate::ticket::Name;
use crate::user::{Position, Role, User, UserName};
use actix_web::{HttpResponse, web};
use askama::Template;
use serde::Deserialize;

#[derive(Template)]
#[template(path = "users.html")]
struct UsersPage {
    frame: Frame,
    faults: Faults,
    csrf: String,
    users: Table,
    name: TextField,
    display_name: TextField,
    role: SelectField,
    team: TextField,
    password: TextField,
}

#[derive(Template)]
#[template(path = "user.html")]
struct UserPage {
    frame: Frame,
    faults: Faults,
    csrf: String,
    user: UserRow,
    is_self: bool,
    is_disabled: bool,
    /// The provider through which they sign in, which says their role.
    provider: Option<String>,
    role: SelectField,
    team: TextField,
    password: TextField,
}

struct UserRow {
    name: String,
    display_name: String,
    role: String,
    team: String,
    access: String,
    added: Shown,
}

impl UserRow {
    fn new(user: &User, frame: &Frame) -> Self {
        let access = if user.is_disabled {
            frame.say("user-is-disabled")
        } else {
            frame.say("user-is-enabled")
        };
        Self {
            name: user.name.to_string(),
            display_name: user.display_name.to_string(),
            role: frame.say(role_message(user.position.role())).to_string(),
            team: user.position.team().map(ToString::to_string).unwrap_or_default(),
            access: access.to_string(),
            added: frame.date(user.created_at),
        }
    }
}

/// A user to be added, as typed.
#[derive(Default, Deserialize)]
pub(super) struct NewUserForm {
    name: String,
    display_name: String,
    role: String,
    #[serde(default)]
    team: String,
    password: String,
}

#[derive(Deserialize)]
pub(super) struct RoleForm {
    role: String,
    #[serde(default)]
    team: String,
}

#[derive(Deserialize)]
pub(super) struct AccessForm {
    access: String,
}

#[derive(Deserialize)]
pub(super) struct PasswordForm {
    password: String,
}

pub(super) async fn list_users(viewer: Viewer, export: Export) -> Result<HttpResponse, PageError> {
    let page = users_page(&viewer, &NewUserForm::default(), Faults::default(), &export).await?;
    match export.answer(&viewer, [&page.users]).await? {
        Some(file) => Ok(file),
        None => show(&page),
    }
}

fn users_table(frame: &Frame, users: &[User]) -> Table {
    let columns = vec![
        Column::text(frame.say("user-name")),
        Column::name(frame.say("user-display-name")),
        Column::text(frame.say("user-role")),
        Column::name(frame.say("user-team")),
        Column::text(frame.say("user-access")),
        Column::text(frame.say("user-added")),
    ];
    let rows = users.iter().map(|user| {
        let row = UserRow::new(user, frame);
        vec![
            Cell::text(row.name).linked(path_of(user)),
            Cell::text(row.display_name),
            Cell::text(row.role),
            Cell::text(row.team),
            Cell::text(row.access),
            Cell::day_of(frame, user.created_at),
        ]
    });
    let caption = frame.say("users-count").with("count", users.len());
    Table::new("users", caption, columns).with_rows(rows)
}

async fn users_page(
    viewer: &Viewer,
    typed: &NewUserForm,
    faults: Faults,
    export: &Export,
) -> Result<UsersPage, PageError> {
    let frame = viewer.frame("users-title");
    let users = viewer.app.store.users(&viewer.app.tenant).await?;
    let display_name = TextField::new("display_name", frame.say("user-display-name"), "off");
    Ok(UsersPage {
        csrf: viewer.csrf.clone(),
        users: users_table(&frame, &users).with_files(export),
        name: TextField::new("name", frame.say("user-name"), "off")
            .with_hint(frame.say("user-name-hint"))
            .with_value(&typed.name)
            .with_faults(&faults),
        display_name: display_name.with_value(&typed.display_name).with_faults(&faults),
        role: role_field(&frame, Role::parse(&typed.role).unwrap_or(Role::Analyst))
            .with_faults(&faults),
        team: team_field(&frame, &typed.team, &faults),
        password: new_password("password", &frame, &faults),
        frame,
        faults,
    })
}

fn role_field(frame: &Frame, chosen: Role) -> SelectField {
    let roles =
        Role::ALL.map(|role| (role.as_str().to_owned(), frame.say(role_message(role)).to_string()));
    SelectField::new("role", frame.say("user-role"), roles, chosen.as_str())
}

fn team_field(frame: &Frame, typed: &str, faults: &Faults) -> TextField {
    TextField::new("team", frame.say("user-team"), "off")
        .optional()
        .with_hint(frame.say("user-team-hint"))
        .with_value(typed)
        .with_faults(faults)
}

pub(super) async fn add_user(
    submitted: Submitted<NewUserForm>,
    export: Export,
) -> Result<HttpResponse, PageError> {
    let Submitted { viewer, form } = submitted;
    let frame = viewer.frame("users-title");
    let mut faults = Faults::default();
    let name = faults.note("name", UserName::parse(&form.name), || {
        frame.say("fault-user-name").with("most", UserName::MAX_CHARS)
    });
    let display_name = faults.note("display_name", Name::parse(&form.display_name), || {
        frame.say("fault-name").with("most", Name::MAX_CHARS)
    });
    let position = parse_position(&form.role, &form.team, &frame, &mut faults)?;
    let password = parse_new_password("password", &form.password, &frame, &mut faults);
    if let (Some(name), Some(display_name), Some(position), Some(password)) =
        (name, display_name, position, password)
    {
        let app = &viewer.app;
        let password = Some(hash(&app.passwords, password).await?);
        let entry = viewer.deed(AuditAction::UserAdded, Some(name.to_string()))?;
        let user = NewUser { name, display_name, password, position };
        if app.store.add_user(&app.tenant, &user, &entry).await? {
            return Ok(lead_to("/users?done=added"));
        }
        faults.add("name", frame.say("fault-user-exists"));
    }
    show_again(&users_page(&viewer, &form, faults, &export).await?)
}

/// Role and team; what is wrong with the team is noted.
fn parse_position(
    role: &str,
    team: &str,
    frame: &Frame,
    faults: &mut Faults,
) -> Result<Option<Position>, PageError> {
    let role =
        Role::parse(role).ok_or_else(|| PageError::UnreadableForm("unknown role".to_owned()))?;
    let team = match team.trim() {
        "" => None,
        text => {
            let too_long = || frame.say("fault-name").with("most", Name::MAX_CHARS);
            let Some(team) = faults.note("team", Name::parse(text), too_long) else {
                return Ok(None);
            };
            Some(team)
        }
    };
    let missing = || frame.say("fault-team-missing");
    Ok(faults.note("team", Position::new(role, team), missing))
}

pub(super) async fn show_user(
    viewer: Viewer,
    name: web::Path<String>,
) -> Result<HttpResponse, PageError> {
    let user = find(&viewer, &name).await?;
    show(&user_page(&viewer, &user, Faults::default()))
}

async fn find(viewer: &Viewer, name: &str) -> Result<User, PageError> {
    let app = &viewer.app;
    let user = match UserName::parse(name) {
        Ok(name) => app.store.user(&app.tenant, &name).await?,
        Err(_) => None,
    };
    match user {
        Some(user) => Ok(user),
        None => Err(viewer.hide().await),
    }
}

fn user_page(viewer: &Viewer, user: &User, faults: Faults) -> UserPage {
    let frame = viewer.frame_named(user.display_name.as_str());
    let team = user.position.team().map(Name::as_str).unwrap_or_default();
    UserPage {
        csrf: viewer.csrf.clone(),
        user: UserRow::new(user, &frame),
        is_self: user.name == viewer.user.name,
        is_disabled: user.is_disabled,
        provider: user.identity.as_ref().map(|identity| identity.issuer.clone()),
        role: role_field(&frame, user.position.role()),
        team: team_field(&frame, team, &faults),
        password: new_password("password", &frame, &faults),
        frame,
        faults,
    }
}

pub(super) async fn set_role(
    submitted: Submitted<RoleForm>,
    name: web::Path<String>,
) -> Result<HttpResponse, PageError> {
    let Submitted { viewer, form } = submitted;
    let user = find_with_password(&viewer, &name).await?;
    let frame = viewer.frame("users-title");
    let mut faults = Faults::default();
    let position = parse_position(&form.role, &form.team, &frame, &mut faults)?;
    let Some(position) = position else {
        return show_again(&user_page(&viewer, &user, faults));
    };
    let app = &viewer.app;
    let entry = viewer.deed(AuditAction::RoleChanged, Some(user.name.to_string()))?;
    let changed = app.store.set_position(&app.tenant, &user.name, &position, &entry).await?;
    answer_change(&viewer, &user, changed, "role").await
}

pub(super) async fn set_access(
    submitted: Submitted<AccessForm>,
    name: web::Path<String>,
) -> Result<HttpResponse, PageError> {
    let Submitted { viewer, form } = submitted;
    let user = find_other(&viewer, &name).await?;
    let (is_disabled, action, done) = match form.access.as_str() {
        "disabled" => (true, AuditAction::UserDisabled, "disabled"),
        "enabled" => (false, AuditAction::UserEnabled, "enabled"),
        _ => return Err(PageError::UnreadableForm("unknown access".to_owned())),
    };
    let app = &viewer.app;
    let entry = viewer.deed(action, Some(user.name.to_string()))?;
    let changed = app.store.set_disabled(&app.tenant, &user.name, is_disabled, &entry).await?;
    answer_change(&viewer, &user, changed, done).await
}

pub(super) async fn set_password(
    submitted: Submitted<PasswordForm>,
    name: web::Path<String>,
) -> Result<HttpResponse, PageError> {
    let Submitted { viewer, form } = submitted;
    let user = find_with_password(&viewer, &name).await?;
    let mut faults = Faults::default();
    let frame = viewer.frame("users-title");
    let Some(password) = parse_new_password("password", &form.password, &frame, &mut faults) else {
        return show_again(&user_page(&viewer, &user, faults));
    };
    let app = &viewer.app;
    let hash = hash(&app.passwords, password).await?;
    let entry = viewer.deed(AuditAction::PasswordSet, Some(user.name.to_string()))?;
    app.store.set_password(&app.tenant, &user.name, &hash, &entry).await?;
    Ok(lead_to(&format!("{}?done=password", path_of(&user))))
}

/// A user who is not the viewer: nobody changes what they may do themselves.
async fn find_other(viewer: &Viewer, name: &str) -> Result<User, PageError> {
    let user = find(viewer, name).await?;
    if user.name == viewer.user.name { Err(PageError::NotPermitted) } else { Ok(user) }
}

/// The same who signs in with a password. What others may do and how they sign in is the provider's to say.
async fn find_with_password(viewer: &Viewer, name: &str) -> Result<User, PageError> {
    let user = find_other(viewer, name).await?;
    if user.identity.is_some() { Err(PageError::NotPermitted) } else { Ok(user) }
}

async fn answer_change(
    viewer: &Viewer,
    user: &User,
    changed: UserChanged,
    done: &str,
) -> Result<HttpResponse, PageError> {
    match changed {
        UserChanged::Changed => Ok(lead_to(&format!("{}?done={done}", path_of(user)))),
        UserChanged::Unknown => Err(viewer.hide().await),
        UserChanged::LastAdmin => {
            let mut faults = Faults::default();
            faults.add("role", viewer.frame("users-title").say("fault-last-admin"));
            show_again(&user_page(viewer, user, faults))
        }
    }
}

fn path_of(user: &User) -> String {
    format!("/users/{}", format::escaped(user.name.as_str()))
}
