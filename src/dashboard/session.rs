//! [`Viewer`]: who looks at a page, from the cookie of their session; and the cookies themselves.
//!
//! A session is a random 256-bit token in a cookie; the store knows its SHA-256 only. How somebody proves who they are is the matter
//! of `sign_in` and `openid`.

use super::{Frame, Needs, PageError};
use crate::app::App;
use crate::customer_key::random_bytes;
use crate::store::{AuditAction, AuditEntry, NewSession};
use crate::timestamp::Timestamp;
use crate::user::{Permission, User, UserName};
use actix_web::dev::Payload;
use actix_web::http::{Method, header};
use actix_web::{FromRequest, HttpMessage, HttpRequest, HttpResponse, web};
use sha2::{Digest, Sha256};
use std::future::Future;
use std::net::{IpAddr, Ipv6Addr};
use std::pin::Pin;

/// The cookie of a session.
pub(super) const SESSION: &str = "recontact";
/// The cookie that ties the form of the sign-in to a browser.
pub(super) const SIGN_IN: &str = "recontact-sign-in";
/// A session's use is noted at most so often, in milliseconds: else each page would write.
const NOTED_EVERY_MS: i64 = 60_000;

/// Longest object of a line of the audit, in characters.
const OBJECT_CHARS: usize = 500;

/// The header of what the pages' script asks by itself: no use of the session, which so ends as if nobody had asked.
const WATCH: &str = "X-Recontact-Watch";

/// Who looks at a page. It can be had only where the page's [`Needs`] are met.
#[derive(Clone)]
pub struct Viewer {
    /// The user.
    pub user: User,
    /// What handlers share.
    pub app: web::Data<App>,
    /// When the request came.
    pub now: Timestamp,
    pub(super) token_sha256: String,
    pub(super) csrf: String,
    frame: Frame,
    address: Option<String>,
    path: String,
}

impl Viewer {
    /// Whether their role permits something.
    #[must_use]
    pub fn may(&self, permission: Permission) -> bool {
        self.user.may(permission)
    }

    /// The frame of a page, with the message that is its heading.
    #[must_use]
    pub fn frame(&self, title: &'static str) -> Frame {
        self.frame.titled(self.frame.say(title))
    }

    /// The frame of a page whose heading is a name.
    #[must_use]
    pub fn frame_named(&self, title: &str) -> Frame {
        self.frame.titled(title)
    }

    /// The answer to whoever asks for what is another team's or is not there: the same page either way, and a line in the audit.
    pub async fn hide(&self) -> PageError {
        let object = Some(self.path.clone());
        match self.audit(AuditAction::NotFound, object).await {
            Ok(()) => PageError::NotFound,
            Err(error) => error,
        }
    }

    /// A line of the audit about what they do.
    ///
    /// # Errors
    /// [`PageError::Internal`] without random numbers.
    pub fn deed(
        &self,
        action: AuditAction,
        object: Option<String>,
    ) -> Result<AuditEntry, PageError> {
        let actor = Some(self.user.name.to_string());
        deed(actor, action, object, self.address.clone(), self.now)
    }

    /// A line in the audit of a file that they take from the page.
    pub(super) async fn note_export(&self, file: &str) -> Result<(), PageError> {
        let object = Some(format!("{} {file}", self.path));
        self.audit(AuditAction::Exported, object).await
    }

    /// A line in the audit of another model that they made live.
    pub(super) async fn note_model(&self, model: String) -> Result<(), PageError> {
        self.audit(AuditAction::ModelChanged, Some(model)).await
    }

    async fn audit(&self, action: AuditAction, object: Option<String>) -> Result<(), PageError> {
        let entry = self.deed(action, object)?;
        Ok(self.app.store.record_audit(&self.app.tenant, &entry).await?)
    }

    async fn of_request(request: &HttpRequest) -> Result<Self, PageError> {
        let app = app_of(request)?;
        // A page that forgot to say whom it is for is for nobody.
        let needs = *request.app_data::<Needs>().ok_or(PageError::Internal)?;
        let now = Timestamp::now();
        let needed = || PageError::SignInNeeded { next: next_of(request) };
        let token = Cookies::of(&app).read(request, SESSION).ok_or_else(needed)?;
        let token_sha256 = sha256(&token);
        let used_since = app.settings.sign_in.used_since(now);
        let session = app.store.session(&app.tenant, &token_sha256, used_since, now).await?;
        let session = session.ok_or_else(needed)?;
        let is_watch = request.headers().contains_key(WATCH);
        if !is_watch && now.millis() - session.seen_at.millis() >= NOTED_EVERY_MS {
            app.store.see_session(&app.tenant, &token_sha256, now).await?;
        }
        let frame = Frame::of_user(request, &session.user, &session.csrf);
        request.extensions_mut().insert(frame.clone());
        let viewer = Self {
            address: client_address(request, &app),
            path: request.path().to_owned(),
            user: session.user,
            csrf: session.csrf,
            app,
            now,
            token_sha256,
            frame,
        };
        match needs {
            Needs::Permission(permission) if !viewer.may(permission) => {
                viewer.audit(AuditAction::Refused, Some(viewer.path.clone())).await?;
                Err(PageError::NotPermitted)
            }
            _ => Ok(viewer),
        }
    }
}

impl FromRequest for Viewer {
    type Error = PageError;
    type Future = Pin<Box<dyn Future<Output = Result<Self, PageError>>>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let request = request.clone();
        Box::pin(async move { Self::of_request(&request).await })
    }
}

/// Starts a session for a user who has proved with a password who they are, and leads them to `next`. `None` where they were locked
/// or disabled meanwhile.
///
/// # Errors
/// [`PageError`] when the store fails.
pub(super) async fn start(
    request: &HttpRequest,
    user: &UserName,
    next: &str,
    now: Timestamp,
) -> Result<Option<HttpResponse>, PageError> {
    let app = app_of(request)?;
    let opening = Opening::new(request, &app, user, now)?;
    let actor = Some(user.to_string());
    let entry = deed(actor, AuditAction::SignedIn, None, client_address(request, &app), now)?;
    let is_started = app.store.start_session(&app.tenant, &opening.session, &entry).await?;
    Ok(is_started.then(|| opening.lead_to(&app, next)))
}

/// A session that is to be started.
pub(super) struct Opening {
    token: String,
    pub(super) session: NewSession,
}

impl Opening {
    /// With a new token, in place of the session that the browser has.
    ///
    /// # Errors
    /// [`PageError::Internal`] without random numbers.
    pub(super) fn new(
        request: &HttpRequest,
        app: &App,
        user: &UserName,
        now: Timestamp,
    ) -> Result<Self, PageError> {
        let token = random_token()?;
        let replaces = Cookies::of(app).read(request, SESSION);
        let session = NewSession {
            token_sha256: sha256(&token),
            user: user.clone(),
            csrf: random_token()?,
            expires_at: app.settings.sign_in.expires_at(now),
            replaces: replaces.map(|token| sha256(&token)),
            id_token: None,
        };
        Ok(Self { token, session })
    }

    /// Leads on, with the cookie of the session.
    pub(super) fn lead_to(&self, app: &App, next: &str) -> HttpResponse {
        let cookies = Cookies::of(app);
        let mut response = super::error::lead_to(next);
        cookies.set(&mut response, SESSION, &self.token);
        cookies.remove(&mut response, SIGN_IN);
        response
    }
}

/// A line of the audit.
///
/// # Errors
/// [`PageError::Internal`] without random numbers.
pub(super) fn deed(
    actor: Option<String>,
    action: AuditAction,
    object: Option<String>,
    address: Option<String>,
    occurred_at: Timestamp,
) -> Result<AuditEntry, PageError> {
    // An address of a page may be as long as somebody likes.
    let object = object.map(|object| object.chars().take(OBJECT_CHARS).collect());
    Ok(AuditEntry { id: random_token()?, occurred_at, actor, action, object, address })
}

pub(super) fn app_of(request: &HttpRequest) -> Result<web::Data<App>, PageError> {
    request.app_data::<web::Data<App>>().cloned().ok_or(PageError::Internal)
}

/// 256 random bits in hexadecimal digits.
pub(super) fn random_token() -> Result<String, PageError> {
    Ok(hexadecimal(&random_bytes()?))
}

pub(super) fn sha256(text: &str) -> String {
    hexadecimal(&Sha256::digest(text))
}

fn hexadecimal(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Where a viewer wanted to go. What a form was sent to is no page to go back to.
fn next_of(request: &HttpRequest) -> String {
    match *request.method() {
        Method::GET | Method::HEAD => request.uri().to_string(),
        _ => "/".to_owned(),
    }
}

/// The address that a request came from, as it is counted and written down: of IPv6 the network, which one client has for itself.
pub(super) fn client_address(request: &HttpRequest, app: &App) -> Option<String> {
    let told_by_proxy = || {
        let told = request.headers().get_all("X-Forwarded-For").last()?.to_str().ok()?;
        told.rsplit(',').next()?.trim().parse::<IpAddr>().ok()
    };
    let peer = request.peer_addr().map(|peer| peer.ip());
    let address = if app.settings.dashboard.behind_proxy { told_by_proxy().or(peer) } else { peer };
    address.map(|address| match address.to_canonical() {
        IpAddr::V4(address) => address.to_string(),
        IpAddr::V6(address) => {
            let network = u128::from(address) & !u128::from(u64::MAX);
            format!("{}/64", Ipv6Addr::from(network))
        }
    })
}

/// Cookies that this service alone may read. Where it is reached by HTTPS, browsers refuse them from anybody else (`__Host-`).
#[derive(Debug, Clone, Copy)]
pub(super) struct Cookies {
    is_secure: bool,
}

impl Cookies {
    pub(super) fn of(app: &App) -> Self {
        Self { is_secure: app.settings.has_secure_cookies() }
    }

    /// The token in a cookie: 64 hexadecimal digits, else none.
    pub(super) fn read(self, request: &HttpRequest, name: &str) -> Option<String> {
        let name = self.name(name);
        let cookies = request.headers().get_all(header::COOKIE);
        let mut pairs = cookies.filter_map(|value| value.to_str().ok()).flat_map(|v| v.split(';'));
        let value = pairs.find_map(|pair| {
            pair.trim().split_once('=').filter(|(key, _)| *key == name).map(|(_, value)| value)
        })?;
        let is_token = value.len() == 64 && value.bytes().all(|byte| byte.is_ascii_hexdigit());
        is_token.then(|| value.to_owned())
    }

    /// Sets a cookie until the browser is closed.
    pub(super) fn set(self, response: &mut HttpResponse, name: &str, token: &str) {
        self.send(response, &format!("{}={token}", self.name(name)));
    }

    /// Sets a cookie for so many seconds.
    pub(super) fn set_for(
        self,
        response: &mut HttpResponse,
        name: &str,
        token: &str,
        seconds: i64,
    ) {
        self.send(response, &format!("{}={token}; Max-Age={seconds}", self.name(name)));
    }

    /// Removes a cookie.
    pub(super) fn remove(self, response: &mut HttpResponse, name: &str) {
        self.send(response, &format!("{}=; Max-Age=0", self.name(name)));
    }

    fn send(self, response: &mut HttpResponse, start: &str) {
        let secure = if self.is_secure { "; Secure" } else { "" };
        let cookie = format!("{start}; Path=/; HttpOnly; SameSite=Lax{secure}");
        if let Ok(value) = header::HeaderValue::from_str(&cookie) {
            response.headers_mut().append(header::SET_COOKIE, value);
        }
    }

    fn name(self, name: &str) -> String {
        if self.is_secure { format!("__Host-{name}") } else { name.to_owned() }
    }
}
