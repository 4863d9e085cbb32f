//! `/account`: how somebody likes the pages, and their password.

use super::error::{lead_to, show, show_again};
use super::field::{SelectField, TextField};
use super::form::{Faults, Submitted};
use super::frame::role_message;
use super::session::{self, Viewer};
use super::sign_in::check_address;
use super::{Frame, PageError};
use crate::customer_key::random_bytes;
use crate::store::AuditAction;
use crate::user::{Language, Password, PasswordHash, Passwords, Theme};
use actix_web::{HttpRequest, HttpResponse};
use askama::Template;
use serde::Deserialize;

#[derive(Template)]
#[template(path = "account.html")]
struct AccountPage {
    frame: Frame,
    faults: Faults,
    csrf: String,
    user_name: String,
    /// The provider through which they sign in: then they have no password here.
    provider: Option<String>,
    role: String,
    team: Option<String>,
    language: SelectField,
    theme: SelectField,
    current: TextField,
    new: TextField,
    again: TextField,
}

#[derive(Deserialize)]
pub(super) struct PreferencesForm {
    language: String,
    theme: String,
}

#[derive(Deserialize)]
pub(super) struct PasswordForm {
    current: String,
    new: String,
    again: String,
}

pub(super) async fn show_account(viewer: Viewer) -> Result<HttpResponse, PageError> {
    show(&page(&viewer, Faults::default()))
}

fn page(viewer: &Viewer, faults: Faults) -> AccountPage {
    let frame = viewer.frame("account-title");
    let user = &viewer.user;
    let languages = Language::ALL.map(|one| (one.code().to_owned(), one.own_name().to_owned()));
    let of_browser = (String::new(), frame.say("language-browser").to_string());
    let themes = Theme::ALL
        .map(|theme| (theme.as_str().to_owned(), frame.say(theme_message(theme)).to_string()));
    let again = TextField::password("again", frame.say("password-again"), "new-password");
    AccountPage {
        csrf: viewer.csrf.clone(),
        user_name: user.name.to_string(),
        provider: user.identity.as_ref().map(|identity| identity.issuer.clone()),
        role: frame.say(role_message(user.position.role())).to_string(),
        team: user.position.team().map(ToString::to_string),
        language: SelectField::new(
            "language",
            frame.say("language"),
            [of_browser].into_iter().chain(languages),
            user.language.map_or("", Language::code),
        ),
        theme: SelectField::new("theme", frame.say("theme"), themes, user.theme.as_str()),
        current: TextField::password("current", frame.say("password-now"), "current-password")
            .with_faults(&faults),
        new: new_password("new", &frame, &faults),
        again: again.with_faults(&faults),
        frame,
        faults,
    }
}

/// A field for a new password.
pub(super) fn new_password(name: &'static str, frame: &Frame, faults: &Faults) -> TextField {
    let hint = frame.say("password-hint").with("least", Password::MIN_CHARS);
    TextField::password(name, frame.say("password-new"), "new-password")
        .with_hint(hint)
        .with_faults(faults)
}

/// Checks a new password; what is wrong is noted.
pub(super) fn parse_new_password(
    name: &'static str,
    text: &str,
    frame: &Frame,
    faults: &mut Faults,
) -> Option<Password> {
    faults.note(name, Password::parse(text), || {
        frame
            .say("fault-password")
            .with("least", Password::MIN_CHARS)
            .with("most", Password::MAX_CHARS)
    })
}

/// Hashes a new password under new salt.
pub(super) async fn hash(
    passwords: &Passwords,
    password: Password,
) -> Result<PasswordHash, PageError> {
    let mut salt = [0; 16];
    salt.copy_from_slice(&random_bytes()?[..16]);
    Ok(passwords.hash(password, salt).await?)
}

fn theme_message(theme: Theme) -> &'static str {
    match theme {
        Theme::System => "theme-system",
        Theme::Light => "theme-light",
        Theme::Dark => "theme-dark",
    }
}

pub(super) async fn save_preferences(
    submitted: Submitted<PreferencesForm>,
) -> Result<HttpResponse, PageError> {
    let Submitted { viewer, form } = submitted;
    let unknown = |what: &str| PageError::UnreadableForm(format!("unknown: {what}"));
    let language = match form.language.as_str() {
        "" => None,
        code => Some(Language::from_tag(code).ok_or_else(|| unknown("language"))?),
    };
    let theme = Theme::parse(&form.theme).ok_or_else(|| unknown("theme"))?;
    let app = &viewer.app;
    app.store.set_preferences(&app.tenant, &viewer.user.name, language, theme).await?;
    Ok(lead_to("/account?done=saved"))
}

pub(super) async fn change_password(
    submitted: Submitted<PasswordForm>,
    request: HttpRequest,
) -> Result<HttpResponse, PageError> {
    let Submitted { viewer, form } = submitted;
    if viewer.user.identity.is_some() {
        return Err(PageError::NotPermitted);
    }
    let (app, user) = (&viewer.app, &viewer.user.name);
    let frame = viewer.frame("account-title");
    let mut faults = Faults::default();
    let password = parse_new_password("new", &form.new, &frame, &mut faults);
    if form.new != form.again {
        faults.add("again", frame.say("fault-password-again"));
    }
    if faults.is_empty() {
        check_address(&request, app, viewer.now).await?;
        match look_at(&viewer, &form.current).await? {
            Claimed::Own => {}
            Claimed::Wrong => faults.add("current", frame.say("fault-password-now")),
            Claimed::Locked => faults.add("current", frame.say("fault-password-locked")),
        }
    }
    let (true, Some(password)) = (faults.is_empty(), password) else {
        return show_again(&page(&viewer, faults));
    };
    let hash = hash(&app.passwords, password).await?;
    let entry = viewer.deed(AuditAction::PasswordSet, Some(user.to_string()))?;
    if !app.store.change_password(&app.tenant, user, &hash, &entry).await? {
        // Wrong passwords that were tried at the same time have locked the name meanwhile.
        faults.add("current", frame.say("fault-password-locked"));
        return show_again(&page(&viewer, faults));
    }
    // All sessions ended, this one included: it goes on as a new one.
    let next = "/account?done=password";
    let answer = session::start(&request, user, next, viewer.now).await?;
    Ok(answer.unwrap_or_else(|| lead_to("/sign-in")))
}

/// What a password is that somebody claims to be their own.
enum Claimed {
    Own,
    Wrong,
    /// Nobody looks while the name is locked.
    Locked,
}

/// Whether it is the viewer's password. A wrong one counts as at the sign-in: whoever found an open browser must not try on.
async fn look_at(viewer: &Viewer, password: &str) -> Result<Claimed, PageError> {
    let (app, user) = (&viewer.app, &viewer.user.name);
    let known = app.store.credentials(&app.tenant, user).await?;
    let locked_until = known.as_ref().and_then(|known| known.locked_until);
    if locked_until.is_some_and(|until| until > viewer.now) {
        return Ok(Claimed::Locked);
    }
    let hash = known.and_then(|known| known.password);
    let is_right = app.passwords.is_right(hash, Password::claimed(password)).await?;
    if is_right {
        return Ok(Claimed::Own);
    }
    let entry = viewer.deed(AuditAction::SignInFailed, Some(user.to_string()))?;
    app.store.fail_sign_in(&app.tenant, Some(user), &app.settings.sign_in, &entry).await?;
    Ok(Claimed::Wrong)
}
