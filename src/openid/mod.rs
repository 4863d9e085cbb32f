//! [`OpenId`]: asks an OpenID Connect provider who somebody is. Authorization code flow with PKCE.
//!
//! What is asked and checked is the matter of the library `openidconnect`; here stand what is asked with (`http`) and what is kept
//! between sign-ins: the provider's own description and its keys. Nothing here knows of pages or of the store, and the clock is an
//! argument.
//!
//! Neither errors nor logs hold a code, a token or a claim.

mod http;
mod keys;

pub use keys::SignInKeys;

use crate::timestamp::Timestamp;
use crate::user::{Claims, ClientAuthentication, Language, OpenIdOptions, ProviderIdentity};
use arc_swap::ArcSwapOption;
use http::{CallError, Calls, ProviderHttp};
use openidconnect::core::{
    CoreAuthDisplay, CoreAuthPrompt, CoreAuthenticationFlow, CoreErrorResponseType,
    CoreGenderClaim, CoreJsonWebKey, CoreJweContentEncryptionAlgorithm, CoreJwsSigningAlgorithm,
    CoreRevocableToken, CoreRevocationErrorResponse, CoreTokenIntrospectionResponse, CoreTokenType,
};
use openidconnect::{
    AccessToken, AdditionalClaims, AuthType, AuthorizationCode, ClaimsVerificationError, Client,
    ClientId, ClientSecret, CsrfToken, DiscoveryError, EmptyExtraTokenFields, EndSessionUrl,
    EndpointMaybeSet, EndpointNotSet, EndpointSet, IdToken, IdTokenFields, IdTokenVerifier,
    IssuerUrl, JsonWebKeySet, LanguageTag, LogoutRequest, Nonce, OAuth2TokenResponse,
    PkceCodeChallenge, PkceCodeVerifier, PostLogoutRedirectUrl, ProviderMetadataWithLogout,
    RedirectUrl, RequestTokenError, Scope, SignatureVerificationError, StandardErrorResponse,
    StandardTokenResponse, TokenResponse, UserInfoClaims, UserInfoError,
};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::Semaphore;

/// Where the provider sends browsers back to, below the service's public address.
pub const CALLBACK: &str = "/sign-in/openid/callback";
/// Where it sends them after a sign-out.
pub const SIGNED_OUT: &str = "/signed-out";
/// How long the provider's description is kept, in milliseconds. Keys are asked for earlier where one is not known.
const KEPT_MS: i64 = 3_600_000;
/// Sign-ins that ask the provider at the same time.
const AT_ONCE: usize = 8;

/// Why it is not known who somebody is.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum OpenIdError {
    /// Too many sign-ins wait for the provider.
    #[error("too many sign-ins wait for the provider")]
    Busy,
    /// The provider cannot be reached, or not in time.
    #[error("the provider cannot be reached: {0}")]
    Unreachable(String),
    /// The provider answered something else than was asked for.
    #[error("the provider's answer is not as expected: {0}")]
    Unexpected(String),
    /// The provider does not take the code, which is used, out of date or made up.
    #[error("the provider does not take the code: {0}")]
    CodeRefused(String),
    /// What the provider answered is not to be believed.
    #[error("the ID token is not valid: {0}")]
    InvalidToken(String),
    /// The ID token is out of date or of the future: the clocks differ, or it was kept.
    #[error("the ID token is not of now: {0}")]
    Clock(String),
}

/// Somebody whom the provider knows.
#[derive(Debug, Clone, PartialEq)]
pub struct Identified {
    /// Who they are.
    pub identity: ProviderIdentity,
    /// What the provider says of them.
    pub claims: Claims,
    /// What the provider gave out, to be shown to it at the sign-out.
    pub id_token: String,
}

/// The way to the provider. Made once.
#[derive(Debug)]
pub struct OpenId {
    inner: Arc<Inner>,
    turns: Arc<Semaphore>,
    patience: Duration,
}

#[derive(Debug)]
struct Inner {
    options: OpenIdOptions,
    issuer: IssuerUrl,
    redirect: RedirectUrl,
    algorithms: Vec<CoreJwsSigningAlgorithm>,
    secret: Option<ClientSecret>,
    http: ProviderHttp,
    known: ArcSwapOption<Known>,
}

/// What is known of the provider.
#[derive(Debug)]
struct Known {
    metadata: ProviderMetadataWithLogout,
    read_at: Timestamp,
}

/// Every claim that has no meaning of its own in the standard.
#[derive(Debug, Clone, Deserialize, Serialize)]
struct OtherClaims(Map<String, Value>);

impl AdditionalClaims for OtherClaims {}

type ProviderIdToken = IdToken<
    OtherClaims,
    CoreGenderClaim,
    CoreJweContentEncryptionAlgorithm,
    CoreJwsSigningAlgorithm,
>;

type ProviderTokens = StandardTokenResponse<
    IdTokenFields<
        OtherClaims,
        EmptyExtraTokenFields,
        CoreGenderClaim,
        CoreJweContentEncryptionAlgorithm,
        CoreJwsSigningAlgorithm,
    >,
    CoreTokenType,
>;

type ProviderClient = Client<
    OtherClaims,
    CoreAuthDisplay,
    CoreGenderClaim,
    CoreJweContentEncryptionAlgorithm,
    CoreJsonWebKey,
    CoreAuthPrompt,
    StandardErrorResponse<CoreErrorResponseType>,
    ProviderTokens,
    CoreTokenIntrospectionResponse,
    CoreRevocableToken,
    CoreRevocationErrorResponse,
    EndpointSet,
    EndpointNotSet,
    EndpointNotSet,
    EndpointNotSet,
    EndpointMaybeSet,
    EndpointMaybeSet,
>;

impl OpenId {
    /// Reads the files that the options name. Nothing is asked of the provider yet.
    ///
    /// # Errors
    /// The option and what was expected.
    pub fn new(options: &OpenIdOptions) -> Result<Self, String> {
        let inner = Inner {
            issuer: IssuerUrl::new(options.issuer.clone())
                .map_err(|error| format!("issuer: {error}"))?,
            redirect: RedirectUrl::new(options.public_address(CALLBACK))
                .map_err(|error| format!("public_url: {error}"))?,
            algorithms: parse_algorithms(options)?,
            secret: read_secret(options)?,
            http: ProviderHttp::new(options)?,
            known: ArcSwapOption::empty(),
            options: options.clone(),
        };
        let patience = Duration::from_secs(u64::from(options.timeout_s));
        Ok(Self { inner: Arc::new(inner), turns: Arc::new(Semaphore::new(AT_ONCE)), patience })
    }

    /// What the provider is to these people.
    #[must_use]
    pub fn options(&self) -> &OpenIdOptions {
        &self.inner.options
    }

    /// Where a browser is sent so that the provider asks who is there.
    ///
    /// # Errors
    /// [`OpenIdError`] when the provider cannot describe itself.
    pub async fn sign_in_address(
        &self,
        keys: SignInKeys,
        language: Language,
        now: Timestamp,
    ) -> Result<String, OpenIdError> {
        self.run(move |inner, calls| inner.sign_in_address(&keys, language, calls, now)).await
    }

    /// Who came back with this code.
    ///
    /// # Errors
    /// [`OpenIdError`].
    pub async fn identify(
        &self,
        code: String,
        keys: SignInKeys,
        now: Timestamp,
    ) -> Result<Identified, OpenIdError> {
        self.run(move |inner, calls| inner.identify(code, &keys, calls, now)).await
    }

    /// Where a browser is sent so that the provider's session ends as well; `None`: the provider has no such address. `id_token`: by
    /// which the provider knows whose session it is; without it, it asks.
    ///
    /// # Errors
    /// [`OpenIdError`] when the provider cannot describe itself.
    pub async fn sign_out_address(
        &self,
        id_token: Option<String>,
        language: Language,
        now: Timestamp,
    ) -> Result<Option<String>, OpenIdError> {
        self.run(move |inner, calls| {
            inner.sign_out_address(id_token.as_deref(), language, calls, now)
        })
        .await
    }

    /// Asks beside the server's threads, for at most as long as the options say.
    async fn run<T: Send + 'static>(
        &self,
        ask: impl FnOnce(&Inner, &Calls<'_>) -> Result<T, OpenIdError> + Send + 'static,
    ) -> Result<T, OpenIdError> {
        let turn = tokio::time::timeout(self.patience, Arc::clone(&self.turns).acquire_owned());
        let turn = turn.await.ok().and_then(Result::ok).ok_or(OpenIdError::Busy)?;
        let inner = Arc::clone(&self.inner);
        let done = tokio::task::spawn_blocking(move || {
            let result = ask(&inner, &inner.http.begin());
            // Given back when the work is done, also where nobody waits for it any more.
            drop(turn);
            result
        });
        done.await.map_err(|error| OpenIdError::Unexpected(error.to_string()))?
    }
}

impl Inner {
    fn sign_in_address(
        &self,
        keys: &SignInKeys,
        language: Language,
        calls: &Calls<'_>,
        now: Timestamp,
    ) -> Result<String, OpenIdError> {
        let known = self.known(calls, now)?;
        let client = self.client(&known);
        let (state, nonce) =
            (CsrfToken::new(keys.state().to_owned()), Nonce::new(keys.nonce().to_owned()));
        let verifier = PkceCodeVerifier::new(keys.verifier().to_owned());
        // The library adds `openid` itself.
        let scopes = self.options.scopes.iter().filter(|scope| *scope != "openid");
        let (address, _, _) = client
            .authorize_url(CoreAuthenticationFlow::AuthorizationCode, || state, || nonce)
            .add_scopes(scopes.map(|scope| Scope::new(scope.clone())))
            .add_ui_locale(LanguageTag::new(language.code().to_owned()))
            .set_pkce_challenge(PkceCodeChallenge::from_code_verifier_sha256(&verifier))
            .url();
        Ok(address.to_string())
    }

    fn identify(
        &self,
        code: String,
        keys: &SignInKeys,
        calls: &Calls<'_>,
        now: Timestamp,
    ) -> Result<Identified, OpenIdError> {
        let known = self.known(calls, now)?;
        let client = self.client(&known);
        let tokens = client
            .exchange_code(AuthorizationCode::new(code))
            .map_err(|error| OpenIdError::Unexpected(error.to_string()))?
            .set_pkce_verifier(PkceCodeVerifier::new(keys.verifier().to_owned()))
            .request(&|request| calls.send(request))
            .map_err(of_token_request)?;
        let id_token = tokens
            .id_token()
            .ok_or_else(|| OpenIdError::Unexpected("there is no ID token in it".to_owned()))?;
        let claims = self.verified(id_token, keys, &known, calls, now)?;
        let identity = ProviderIdentity {
            issuer: self.options.issuer.clone(),
            subject: claims.text("sub").unwrap_or_default().to_owned(),
        };
        let claims = self.completed(claims, &client, tokens.access_token(), calls)?;
        Ok(Identified { identity, claims, id_token: id_token.to_string() })
    }

    /// What a valid ID token says. Of a key that is not known the keys are asked for anew: the provider has changed them. That it does
    /// so for every token of an unknown key is no way to make it busy, since tokens come from the provider only.
    fn verified(
        &self,
        token: &ProviderIdToken,
        keys: &SignInKeys,
        known: &Known,
        calls: &Calls<'_>,
        now: Timestamp,
    ) -> Result<Claims, OpenIdError> {
        let checked = self.check(token, keys, known.metadata.jwks(), now);
        let Err(ClaimsVerificationError::SignatureVerification(
            SignatureVerificationError::NoMatchingKey,
        )) = &checked
        else {
            return checked.map_err(of_verification);
        };
        let known = self.read(calls, now)?;
        self.check(token, keys, known.metadata.jwks(), now).map_err(of_verification)
    }

    fn check(
        &self,
        token: &ProviderIdToken,
        keys: &SignInKeys,
        jwks: &JsonWebKeySet<CoreJsonWebKey>,
        now: Timestamp,
    ) -> Result<Claims, ClaimsVerificationError> {
        let skew_ms = i64::from(self.options.clock_skew_s) * 1000;
        let early = openidconnect_time(now.plus_millis(-skew_ms));
        let late = openidconnect_time(now.plus_millis(skew_ms));
        let client_id = ClientId::new(self.options.client_id.clone());
        let (issuer, jwks) = (self.issuer.clone(), jwks.clone());
        let verifier = match &self.secret {
            Some(secret) => {
                IdTokenVerifier::new_confidential_client(client_id, secret.clone(), issuer, jwks)
            }
            None => IdTokenVerifier::new_public_client(client_id, issuer, jwks),
        };
        let verifier = verifier
            .set_allowed_algs(self.algorithms.iter().cloned())
            .set_time_fn(move || early)
            .set_issue_time_verifier_fn(move |issued| {
                if issued > late { Err("it was issued in the future".to_owned()) } else { Ok(()) }
            });
        let claims = token.claims(&verifier, &Nonce::new(keys.nonce().to_owned()))?;
        let claims = Claims::new(serde_json::to_value(claims).unwrap_or_default());
        // Left to the client by the library: who else the token was made out to.
        match claims.text("azp") {
            Some(party) if party != self.options.client_id => {
                let reason = "it was made out to another client".to_owned();
                Err(ClaimsVerificationError::InvalidAudience(reason))
            }
            _ => Ok(claims),
        }
    }

    /// With what the provider tells only when asked (UserInfo), where the ID token does not say it all.
    fn completed(
        &self,
        claims: Claims,
        client: &ProviderClient,
        access: &AccessToken,
        calls: &Calls<'_>,
    ) -> Result<Claims, OpenIdError> {
        let OpenIdOptions { name_claim, roles_claim, .. } = &self.options;
        if claims.has(roles_claim) && claims.has(name_claim) {
            return Ok(claims);
        }
        let subject = claims.text("sub").unwrap_or_default().to_owned();
        let subject = openidconnect::SubjectIdentifier::new(subject);
        // A provider without such an address has said all it says.
        let Ok(request) = client.user_info(access.clone(), Some(subject)) else {
            return Ok(claims);
        };
        let told: UserInfoClaims<OtherClaims, CoreGenderClaim> =
            request.request(&|request| calls.send(request)).map_err(of_user_info)?;
        Ok(claims.or(Claims::new(serde_json::to_value(&told).unwrap_or_default())))
    }

    fn sign_out_address(
        &self,
        id_token: Option<&str>,
        language: Language,
        calls: &Calls<'_>,
        now: Timestamp,
    ) -> Result<Option<String>, OpenIdError> {
        let known = self.known(calls, now)?;
        let Some(address) = known.metadata.additional_metadata().end_session_endpoint.clone()
        else {
            return Ok(None);
        };
        self.logout(address, id_token, language).map(Some)
    }

    fn logout(
        &self,
        address: EndSessionUrl,
        id_token: Option<&str>,
        language: Language,
    ) -> Result<String, OpenIdError> {
        let unexpected = |error: &dyn std::fmt::Display| OpenIdError::Unexpected(error.to_string());
        let back = PostLogoutRedirectUrl::new(self.options.public_address(SIGNED_OUT))
            .map_err(|error| unexpected(&error))?;
        let request = LogoutRequest::from(address)
            .set_client_id(ClientId::new(self.options.client_id.clone()))
            .set_post_logout_redirect_uri(back)
            .add_ui_locale(LanguageTag::new(language.code().to_owned()));
        let token = id_token.and_then(|token| token.parse::<ProviderIdToken>().ok());
        let request = match token {
            Some(token) => request.set_id_token_hint(&token),
            None => request,
        };
        Ok(request.http_get_url().to_string())
    }

    fn client(&self, known: &Known) -> ProviderClient {
        let client_id = ClientId::new(self.options.client_id.clone());
        let metadata = known.metadata.clone();
        let auth_type = match self.options.client_authentication {
            ClientAuthentication::Basic => AuthType::BasicAuth,
            ClientAuthentication::Post => AuthType::RequestBody,
        };
        Client::from_provider_metadata(metadata, client_id, self.secret.clone())
            .set_redirect_uri(self.redirect.clone())
            .set_auth_type(auth_type)
    }

    /// What is known of the provider, asked for anew where that is long ago.
    fn known(&self, calls: &Calls<'_>, now: Timestamp) -> Result<Arc<Known>, OpenIdError> {
        let known = self.known.load_full();
        match known.filter(|known| now.millis() - known.read_at.millis() < KEPT_MS) {
            Some(known) => Ok(known),
            None => self.read(calls, now),
        }
    }

    fn read(&self, calls: &Calls<'_>, now: Timestamp) -> Result<Arc<Known>, OpenIdError> {
        let metadata =
            ProviderMetadataWithLogout::discover(&self.issuer, &|request| calls.send(request))
                .map_err(of_discovery)?;
        let known = Arc::new(Known { metadata, read_at: now });
        self.known.store(Some(Arc::clone(&known)));
        Ok(known)
    }
}

fn parse_algorithms(options: &OpenIdOptions) -> Result<Vec<CoreJwsSigningAlgorithm>, String> {
    let parse = |name: &String| {
        let known = serde_json::from_value(Value::String(name.clone())).ok();
        known
            .filter(|algorithm| *algorithm != CoreJwsSigningAlgorithm::None)
            .ok_or_else(|| format!("algorithms: {name:?} is no signature that can be checked"))
    };
    let algorithms: Vec<_> = options.algorithms.iter().map(parse).collect::<Result<_, _>>()?;
    if algorithms.is_empty() {
        return Err("algorithms: expected at least one".to_owned());
    }
    Ok(algorithms)
}

fn read_secret(options: &OpenIdOptions) -> Result<Option<ClientSecret>, String> {
    let Some(file) = &options.client_secret_file else { return Ok(None) };
    let named =
        |reason: &dyn std::fmt::Display| format!("client_secret_file {}: {reason}", file.display());
    let secret = std::fs::read_to_string(file).map_err(|error| named(&error))?;
    match secret.trim() {
        "" => Err(named(&"it is empty")),
        secret => Ok(Some(ClientSecret::new(secret.to_owned()))),
    }
}

fn openidconnect_time(instant: Timestamp) -> chrono::DateTime<chrono::Utc> {
    chrono::DateTime::from_timestamp_millis(instant.millis()).unwrap_or_default()
}

fn of_discovery(error: DiscoveryError<CallError>) -> OpenIdError {
    match error {
        DiscoveryError::Request(error) => OpenIdError::Unreachable(error.to_string()),
        DiscoveryError::Response(status, _, _) if status.is_server_error() => {
            OpenIdError::Unreachable(format!("its description is answered with {status}"))
        }
        DiscoveryError::Response(status, _, reason) => {
            OpenIdError::Unexpected(format!("its description, answered with {status}: {reason}"))
        }
        error => OpenIdError::Unexpected(error.to_string()),
    }
}

fn of_token_request(
    error: RequestTokenError<CallError, StandardErrorResponse<CoreErrorResponseType>>,
) -> OpenIdError {
    match error {
        RequestTokenError::Request(error) => OpenIdError::Unreachable(error.to_string()),
        RequestTokenError::ServerResponse(answer) => match answer.error() {
            CoreErrorResponseType::InvalidGrant => {
                OpenIdError::CodeRefused("invalid_grant".to_owned())
            }
            other => OpenIdError::Unexpected(format!("the code is answered with {other}")),
        },
        // Its text would hold what was answered.
        RequestTokenError::Parse(error, _) => {
            OpenIdError::Unexpected(format!("the tokens cannot be read at {}", error.path()))
        }
        RequestTokenError::Other(reason) => OpenIdError::Unexpected(reason),
    }
}

fn of_user_info(error: UserInfoError<CallError>) -> OpenIdError {
    match error {
        UserInfoError::Request(error) => OpenIdError::Unreachable(error.to_string()),
        UserInfoError::Response(status, _, _) => {
            OpenIdError::Unexpected(format!("the user info is answered with {status}"))
        }
        UserInfoError::ClaimsVerification(_) => {
            OpenIdError::InvalidToken("the user info is of somebody else".to_owned())
        }
        _ => OpenIdError::Unexpected("the user info cannot be read".to_owned()),
    }
}

/// Which rule is broken; the library's own text would hold what the token says.
fn of_verification(error: ClaimsVerificationError) -> OpenIdError {
    let invalid = |reason: &str| OpenIdError::InvalidToken(reason.to_owned());
    match error {
        ClaimsVerificationError::Expired(_) => {
            OpenIdError::Clock("its time is over or has not begun".to_owned())
        }
        ClaimsVerificationError::InvalidAudience(_) => invalid("it is for somebody else"),
        ClaimsVerificationError::InvalidIssuer(_) => invalid("it is of another issuer"),
        ClaimsVerificationError::InvalidNonce(_) => invalid("its nonce is another one"),
        ClaimsVerificationError::SignatureVerification(error) => match error {
            SignatureVerificationError::NoMatchingKey => {
                invalid("its key is not among the provider's")
            }
            SignatureVerificationError::DisallowedAlg(_)
            | SignatureVerificationError::NoSignature => {
                invalid("it is signed in a way that is not allowed")
            }
            _ => invalid("its signature is wrong"),
        },
        _ => invalid("it is not as the standard has it"),
    }
}
