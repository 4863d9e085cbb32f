//! `/sign-in/openid`: signing in through a provider. A link leads there, from there the browser goes to the provider, and comes back to
//! the callback.
//!
//! The link is no form: Chromium applies `form-action` to where a form's answer leads, so the provider would have to stand in the
//! Content-Security-Policy of every page. For the same reason the sign-out answers with a page that leads on.

use super::error::{Refusal, lead_to, show};
use super::session::{self, Cookies, Opening, client_address, random_token, sha256};
use super::sign_in::{SignInQuery, check_address, local};
use super::{Frame, PageError, Viewer};
use crate::app::App;
use crate::openid::{Identified, OpenId, OpenIdError, SignInKeys};
use crate::store::{AuditAction, PendingSignIn, ProvidedSignIn};
use crate::timestamp::Timestamp;
use crate::user::ProvidedUser;
use actix_web::{HttpRequest, HttpResponse, web};
use askama::Template;
use serde::Deserialize;

/// The cookie that ties the way to the provider and back to one browser.
const PROVIDER: &str = "recontact-openid";
/// Longest ID token that is kept for the sign-out, in bytes: it has to fit into an address.
const ID_TOKEN_BYTES: usize = 4096;

/// What leads on to the provider after a sign-out.
#[derive(Template)]
#[template(path = "signed_out.html")]
struct SignedOutPage {
    frame: Frame,
    address: String,
    label: String,
}

/// What a browser comes back with.
#[derive(Default, Deserialize)]
pub(super) struct Answer {
    #[serde(default)]
    state: String,
    #[serde(default)]
    code: String,
    #[serde(default)]
    error: String,
    #[serde(default)]
    iss: String,
}

/// Why somebody is not signed in: what they are told, and what the audit has.
struct Refused {
    refusal: Refusal,
    action: AuditAction,
    reason: String,
}

impl Refused {
    fn new(refusal: Refusal, reason: impl Into<String>) -> Self {
        Self { refusal, action: AuditAction::SignInRefused, reason: reason.into() }
    }

    /// Nothing that whoever wants to sign in has done wrong, and so not counted against their address.
    fn by_provider(refusal: Refusal, reason: &str) -> Self {
        Self { refusal, action: AuditAction::ProviderFailed, reason: reason.to_owned() }
    }
}

/// Sends the browser to the provider.
pub(super) async fn send_to_provider(
    request: HttpRequest,
    query: Option<web::Query<SignInQuery>>,
) -> Result<HttpResponse, PageError> {
    let app = session::app_of(&request)?;
    let provider = app.openid.as_ref().ok_or(PageError::NotFound)?;
    let now = Timestamp::now();
    check_address(&request, &app, now).await?;
    let cookies = Cookies::of(&app);
    // The sign-in that another tab has begun must stay valid.
    let browser = cookies.read(&request, PROVIDER).map_or_else(random_token, Ok)?;
    let state = random_token()?;
    let seconds = i64::from(provider.options().pending_minutes) * 60;
    let pending = PendingSignIn {
        state_sha256: sha256(&state),
        browser_sha256: sha256(&browser),
        next: local(&query.map(|query| query.into_inner().next).unwrap_or_default()).to_owned(),
        address: client_address(&request, &app),
        expires_at: now.plus_millis(seconds * 1000),
    };
    let policy = &app.settings.sign_in;
    let most = policy.address_attempts;
    if !app.store.begin_provided_sign_in(&app.tenant, &pending, most, now).await? {
        let retry_after_s = u64::from(policy.address_minutes) * 60;
        return Err(PageError::TooManyAttempts { retry_after_s });
    }
    let language = Frame::of_visitor(&request).texts().language;
    let keys = SignInKeys::new(&browser, &state);
    match provider.sign_in_address(keys, language, now).await {
        Ok(address) => {
            let mut response = lead_to(&address);
            cookies.set_for(&mut response, PROVIDER, &browser, seconds);
            Ok(response)
        }
        Err(error) => Err(refuse(&request, &app, of_provider(&error), now).await),
    }
}

/// Takes a browser that comes back from the provider.
pub(super) async fn take_answer(
    request: HttpRequest,
    query: Option<web::Query<Answer>>,
) -> Result<HttpResponse, PageError> {
    let app = session::app_of(&request)?;
    let provider = app.openid.as_ref().ok_or(PageError::NotFound)?;
    let now = Timestamp::now();
    check_address(&request, &app, now).await?;
    let answer = query.map(web::Query::into_inner).unwrap_or_default();
    let browser = Cookies::of(&app).read(&request, PROVIDER).unwrap_or_default();
    let (state, browser_sha256) = (sha256(&answer.state), sha256(&browser));
    let next = app.store.take_provided_sign_in(&app.tenant, &state, &browser_sha256, now).await?;
    let Some(next) = next else {
        let refused = Refused::new(Refusal::Outdated, "state");
        return Err(refuse(&request, &app, refused, now).await);
    };
    let keys = SignInKeys::new(&browser, &answer.state);
    let identified = match code(provider, answer) {
        Ok(code) => {
            let identified = provider.identify(code, keys, now).await;
            identified.map_err(|error| of_provider(&error))
        }
        Err(refused) => Err(refused),
    };
    match identified {
        Ok(identified) => sign_in(&request, &app, provider, identified, &next, now).await,
        Err(refused) => Err(refuse(&request, &app, refused, now).await),
    }
}

/// The code of an answer that has one and is of this provider (RFC 9207).
fn code(provider: &OpenId, answer: Answer) -> Result<String, Refused> {
    if !answer.iss.is_empty() && answer.iss != provider.options().issuer {
        return Err(Refused::new(Refusal::Untrusted, "issuer"));
    }
    match answer.error.as_str() {
        "" if answer.code.is_empty() => Err(Refused::new(Refusal::Untrusted, "answer")),
        "" => Ok(answer.code),
        "access_denied" => Err(Refused::new(Refusal::Denied, "access_denied")),
        "server_error" | "temporarily_unavailable" => {
            Err(Refused::by_provider(Refusal::Unreachable, "unavailable"))
        }
        // What else there is, anybody can write into an address.
        _ => Err(Refused::new(Refusal::Denied, "error")),
    }
}

fn of_provider(error: &OpenIdError) -> Refused {
    tracing::warn!(%error, "a sign-in through the provider failed");
    match error {
        OpenIdError::Busy => Refused::by_provider(Refusal::Unreachable, "busy"),
        OpenIdError::Unreachable(_) => Refused::by_provider(Refusal::Unreachable, "unreachable"),
        OpenIdError::Unexpected(_) => Refused::by_provider(Refusal::Untrusted, "answer"),
        OpenIdError::CodeRefused(_) => Refused::new(Refusal::Outdated, "code"),
        OpenIdError::InvalidToken(_) => Refused::new(Refusal::Untrusted, "token"),
        OpenIdError::Clock(_) => Refused::new(Refusal::Untrusted, "clock"),
    }
}

/// Signs in whom the provider knows, if they have a role here.
async fn sign_in(
    request: &HttpRequest,
    app: &App,
    provider: &OpenId,
    identified: Identified,
    next: &str,
    now: Timestamp,
) -> Result<HttpResponse, PageError> {
    let Identified { identity, claims, id_token } = identified;
    let Some(user) = provider.options().read(identity.clone(), &claims) else {
        let reason = format!("no_role: {}", identity.subject);
        let entry = session::deed(
            None,
            AuditAction::SignInRefused,
            Some(reason),
            client_address(request, app),
            now,
        )?;
        app.store.refuse_provided_user(&app.tenant, &identity, &entry).await?;
        return Err(PageError::SignInRefused(Refusal::NoRole));
    };
    match start(request, app, &user, id_token, next, now).await? {
        Some(response) => Ok(response),
        None => {
            let reason = format!("disabled: {}", identity.subject);
            let refused = Refused::new(Refusal::Disabled, reason);
            Err(refuse(request, app, refused, now).await)
        }
    }
}

async fn start(
    request: &HttpRequest,
    app: &App,
    user: &ProvidedUser,
    id_token: String,
    next: &str,
    now: Timestamp,
) -> Result<Option<HttpResponse>, PageError> {
    let mut opening = Opening::new(request, app, &user.name, now)?;
    opening.session.id_token = Some(id_token).filter(|token| token.len() <= ID_TOKEN_BYTES);
    let address = client_address(request, app);
    let entry = session::deed(None, AuditAction::SignedIn, None, address, now)?;
    let session = opening.session.clone();
    match app.store.start_provided_session(&app.tenant, user, session, &entry).await? {
        ProvidedSignIn::Disabled => Ok(None),
        ProvidedSignIn::Started => {
            let mut response = opening.lead_to(app, next);
            Cookies::of(app).remove(&mut response, PROVIDER);
            Ok(Some(response))
        }
    }
}

/// Writes into the audit that somebody was not signed in, and answers the page that tells them.
async fn refuse(request: &HttpRequest, app: &App, refused: Refused, now: Timestamp) -> PageError {
    let Refused { refusal, action, reason } = refused;
    let entry = session::deed(None, action, Some(reason), client_address(request, app), now);
    let written = match entry {
        Ok(entry) => app.store.record_audit(&app.tenant, &entry).await.map_err(PageError::from),
        Err(error) => Err(error),
    };
    written.err().unwrap_or(PageError::SignInRefused(refusal))
}

/// The page that leads on to the provider's own sign-out; `None` where there is none. `id_token`: what the session had.
pub(super) async fn sign_out_at_provider(
    viewer: &Viewer,
    id_token: Option<String>,
) -> Result<Option<HttpResponse>, PageError> {
    let (Some(provider), Some(_)) = (&viewer.app.openid, &viewer.user.identity) else {
        return Ok(None);
    };
    let frame = viewer.frame("signed-out-title").without_viewer();
    let language = frame.texts().language;
    match provider.sign_out_address(id_token, language, viewer.now).await {
        Ok(Some(address)) => {
            let label = provider.options().label.clone();
            show(&SignedOutPage { frame, address, label }).map(Some)
        }
        Ok(None) => Ok(None),
        // Signed out here is signed out; the provider's session ends by itself.
        Err(error) => {
            tracing::warn!(%error, "the provider was not told of a sign-out");
            Ok(None)
        }
    }
}

/// Where the provider sends browsers back to after a sign-out.
pub(super) async fn show_signed_out() -> Result<HttpResponse, PageError> {
    Ok(lead_to("/sign-in?done=signed-out"))
}
