//! `/sign-in` and `/sign-out`.
//!
//! This is where somebody proves with a password who they are, unless that is not wanted. The other way is through a provider
//! (`openid`), to which the page of the sign-in leads.

use super::error::{lead_to, show, show_again};
use super::field::TextField;
use super::form::{self, Faults, Submitted};
use super::format;
use super::openid::sign_out_at_provider;
use super::session::{self, Cookies, SESSION, SIGN_IN, client_address, random_token, sha256};
use super::{Frame, PageError};
use crate::app::App;
use crate::store::{AuditAction, Credentials};
use crate::timestamp::Timestamp;
use crate::user::{Password, UserName};
use actix_web::{HttpRequest, HttpResponse, web};
use askama::Template;
use serde::Deserialize;

/// Longest address that a sign-in leads on to, in bytes.
const NEXT_BYTES: usize = 2000;

#[derive(Template)]
#[template(path = "sign_in.html")]
struct SignInPage {
    frame: Frame,
    faults: Faults,
    is_empty: bool,
    csrf: String,
    next: String,
    provider: Option<ProviderLink>,
    takes_passwords: bool,
    name: TextField,
    password: TextField,
}

/// The way to the provider.
struct ProviderLink {
    label: String,
    address: String,
}

/// What the address of the form says.
#[derive(Deserialize)]
pub(super) struct SignInQuery {
    #[serde(default)]
    pub(super) next: String,
}

#[derive(Deserialize)]
struct SignInForm {
    name: String,
    password: String,
    #[serde(default)]
    next: String,
}

/// Form without fields: its button is all it has.
#[derive(Deserialize)]
pub(super) struct NoFields {}

/// The address of the form, from which a right password leads on to `next`.
pub(super) fn address(next: &str) -> String {
    leading_on("/sign-in", next)
}

/// An address with where it leads on to.
fn leading_on(path: &str, next: &str) -> String {
    match local(next) {
        "/" => path.to_owned(),
        next => format!("{path}?next={}", format::escaped(next)),
    }
}

/// The address, if it is one of this service, else the first page: a link to the sign-in must lead nowhere else.
pub(super) fn local(next: &str) -> &str {
    let is_local = next.starts_with('/')
        && !next.starts_with("//")
        && next.len() <= NEXT_BYTES
        && next.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'\\');
    if is_local { next } else { "/" }
}

pub(super) async fn show_form(
    request: HttpRequest,
    query: Option<web::Query<SignInQuery>>,
) -> Result<HttpResponse, PageError> {
    let app = session::app_of(&request)?;
    let cookies = Cookies::of(&app);
    let next = query.map(|query| query.into_inner().next).unwrap_or_default();
    // Another tab's form must stay valid.
    let token = cookies.read(&request, SIGN_IN).map_or_else(random_token, Ok)?;
    let mut page = page(&request, &app, &token, &next, Faults::default());
    page.is_empty = app.openid.is_none() && !app.store.has_users(&app.tenant).await?;
    let mut response = show(&page)?;
    cookies.set(&mut response, SIGN_IN, &token);
    Ok(response)
}

fn page(request: &HttpRequest, app: &App, token: &str, next: &str, faults: Faults) -> SignInPage {
    let frame = Frame::of_visitor(request);
    SignInPage {
        is_empty: false,
        csrf: sha256(token),
        next: local(next).to_owned(),
        provider: app.openid.as_ref().map(|provider| ProviderLink {
            label: provider.options().label.clone(),
            address: leading_on("/sign-in/openid", next),
        }),
        takes_passwords: app.settings.sign_in.takes_passwords(),
        name: TextField::new("name", frame.say("user-name"), "username"),
        password: TextField::password("password", frame.say("password"), "current-password"),
        frame: frame.titled(frame.say("sign-in-title")),
        faults,
    }
}

pub(super) async fn sign_in(
    request: HttpRequest,
    body: web::Payload,
) -> Result<HttpResponse, PageError> {
    let app = session::app_of(&request)?;
    if !app.settings.sign_in.takes_passwords() {
        return Err(PageError::NotFound);
    }
    let token = Cookies::of(&app).read(&request, SIGN_IN).ok_or(PageError::ForeignForm)?;
    let body = form::read(&request, Ok(body)).await?;
    let form: SignInForm = form::parse(&body, &sha256(&token))?;
    let now = Timestamp::now();
    check_address(&request, &app, now).await?;
    if let Some(user) = proved(&request, &app, &form, now).await?
        && let Some(answer) = session::start(&request, &user, local(&form.next), now).await?
    {
        return Ok(answer);
    }
    let mut faults = Faults::default();
    let frame = Frame::of_visitor(&request);
    let attempts = app.settings.sign_in.attempts;
    faults.add("name", frame.say("sign-in-failed").with("attempts", attempts));
    let mut page = page(&request, &app, &token, &form.next, faults);
    page.name = page.name.with_value(form.name.trim());
    show_again(&page)
}

/// Refuses an address from which too many did not succeed in signing in.
pub(super) async fn check_address(
    request: &HttpRequest,
    app: &App,
    now: Timestamp,
) -> Result<(), PageError> {
    let policy = &app.settings.sign_in;
    let Some(address) = client_address(request, app) else { return Ok(()) };
    let from = policy.counted_from(now);
    let failed = app.store.failed_sign_ins(&app.tenant, &address, from).await?;
    if failed >= u64::from(policy.address_attempts) {
        return Err(PageError::TooManyAttempts {
            retry_after_s: u64::from(policy.address_minutes) * 60,
        });
    }
    Ok(())
}

/// Who it is, by name and password. Whether nobody has the name, the password is wrong, or the name is locked or disabled: the answer
/// and its time are the same.
async fn proved(
    request: &HttpRequest,
    app: &App,
    form: &SignInForm,
    now: Timestamp,
) -> Result<Option<UserName>, PageError> {
    let known = match UserName::parse(&form.name) {
        Ok(name) => app.store.credentials(&app.tenant, &name).await?,
        Err(_) => None,
    };
    let hash = known.as_ref().and_then(|known| known.password.clone());
    let is_right = app.passwords.is_right(hash, Password::claimed(&form.password)).await?;
    let is_locked = |known: &Credentials| known.locked_until.is_some_and(|until| until > now);
    if let Some(known) = &known
        && is_right
        && !is_locked(known)
        && !known.user.is_disabled
    {
        return Ok(Some(known.user.name.clone()));
    }
    // What is tried while a name is locked does not lock it longer: else anybody could keep its owner out.
    let counted = known.as_ref().filter(|known| !is_locked(known)).map(|known| &known.user.name);
    let object = known.as_ref().map(|known| known.user.name.to_string());
    let address = client_address(request, app);
    let entry = session::deed(None, AuditAction::SignInFailed, object, address, now)?;
    app.store.fail_sign_in(&app.tenant, counted, &app.settings.sign_in, &entry).await?;
    Ok(None)
}

pub(super) async fn sign_out(submitted: Submitted<NoFields>) -> Result<HttpResponse, PageError> {
    let viewer = submitted.viewer;
    let app = &viewer.app;
    let entry = viewer.deed(AuditAction::SignedOut, None)?;
    let id_token = app.store.end_session(&app.tenant, &viewer.token_sha256, &entry).await?;
    let mut response = match sign_out_at_provider(&viewer, id_token).await? {
        Some(page) => page,
        None => lead_to("/sign-in?done=signed-out"),
    };
    Cookies::of(app).remove(&mut response, SESSION);
    Ok(response)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sign_in_leads_to_this_service_only() {
        for next in ["/tickets/t-1?x=1", "/", "/users/анна"] {
            assert_eq!(local(next), if next.is_ascii() { next } else { "/" });
        }
        for next in ["", "//evil.example", "/\\evil.example", "https://evil.example", "/a\nb", "x"]
        {
            assert_eq!(local(next), "/", "{next:?}");
        }
        assert_eq!(local(&format!("/{}", "a".repeat(2000))), "/");
        assert_eq!(
            address("/tickets?risk=high&x=1"),
            "/sign-in?next=/tickets%3Frisk%3Dhigh%26x%3D1"
        );
        assert_eq!(address("/"), "/sign-in");
    }
}
