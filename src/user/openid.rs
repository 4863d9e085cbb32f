//! [`OpenIdOptions`]: through which provider people sign in, and what they may do by what it says of them.

use super::{Claims, Position, Role, UserName};
use crate::ticket::Name;
use serde::Deserialize;
use std::fmt;
use std::path::PathBuf;

/// Signing in through an OpenID Connect provider. Field by field explained in `config.default.toml`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(
    missing_docs,
    reason = "each is explained in config.default.toml, which is where a reader looks"
)]
pub struct OpenIdOptions {
    pub enabled: bool,
    pub issuer: String,
    pub client_id: String,
    pub client_secret_file: Option<PathBuf>,
    pub client_authentication: ClientAuthentication,
    pub public_url: String,
    pub label: String,
    pub scopes: Vec<String>,
    pub algorithms: Vec<String>,
    pub name_claim: String,
    pub roles_claim: String,
    pub roles: Vec<RoleRule>,
    pub passwords_too: bool,
    pub ca_file: Option<PathBuf>,
    pub timeout_s: u32,
    pub clock_skew_s: u32,
    pub pending_minutes: u32,
}

/// How this service proves to the provider who it is, where it has a secret.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ClientAuthentication {
    /// In a header (`client_secret_basic`).
    Basic,
    /// Beside what it asks for (`client_secret_post`).
    Post,
}

/// Whoever has this value among their roles or groups has this position.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(try_from = "WrittenRule")]
pub struct RoleRule {
    /// The value, as the provider has it.
    pub value: String,
    /// What they may do.
    pub position: Position,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct WrittenRule {
    value: String,
    role: String,
    team: Option<Name>,
}

impl TryFrom<WrittenRule> for RoleRule {
    type Error = String;

    fn try_from(written: WrittenRule) -> Result<Self, String> {
        let WrittenRule { value, role, team } = written;
        if value.is_empty() {
            return Err("value: expected what the provider calls the role or group".to_owned());
        }
        let role = Role::parse(&role).ok_or_else(|| {
            let roles = Role::ALL.map(Role::as_str).join(", ");
            format!("role: expected one of {roles}, got {role}")
        })?;
        if team.is_some() && role != Role::TeamLead {
            return Err(format!("team: {role} sees all teams, only team-lead has one"));
        }
        let position = Position::new(role, team).map_err(|error| format!("team: {error}"))?;
        Ok(Self { value, position })
    }
}

/// Who somebody is at a provider: the only thing by which they are known again.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct ProviderIdentity {
    /// The provider's address.
    pub issuer: String,
    /// What the provider calls them, for ever (`sub`).
    pub subject: String,
}

/// Somebody as a provider describes them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProvidedUser {
    /// Who they are there.
    pub identity: ProviderIdentity,
    /// What they would be called here, if nobody else is.
    pub name: UserName,
    /// What others see.
    pub display_name: Name,
    /// What they may do.
    pub position: Position,
}

impl OpenIdOptions {
    /// No provider.
    pub const OFF: Self = Self {
        enabled: false,
        issuer: String::new(),
        client_id: String::new(),
        client_secret_file: None,
        client_authentication: ClientAuthentication::Basic,
        public_url: String::new(),
        label: String::new(),
        scopes: Vec::new(),
        algorithms: Vec::new(),
        name_claim: String::new(),
        roles_claim: String::new(),
        roles: Vec::new(),
        passwords_too: true,
        ca_file: None,
        timeout_s: 1,
        clock_skew_s: 0,
        pending_minutes: 1,
    };

    /// Checks what has to be there where it is used.
    ///
    /// # Errors
    /// The option and what was expected.
    pub fn validate(&self) -> Result<(), String> {
        if !self.enabled {
            return Ok(());
        }
        for (name, address) in [("issuer", &self.issuer), ("public_url", &self.public_url)] {
            if !is_safe(address) {
                return Err(format!(
                    "{name}: expected an address that begins with https:// (http:// on this machine only), got {address:?}"
                ));
            }
        }
        for (name, text) in [
            ("client_id", &self.client_id),
            ("label", &self.label),
            ("name_claim", &self.name_claim),
            ("roles_claim", &self.roles_claim),
        ] {
            if text.trim().is_empty() {
                return Err(format!("{name} must not be empty"));
            }
        }
        if self.roles.is_empty() {
            return Err("roles: expected at least one, else nobody may sign in".to_owned());
        }
        for (name, value) in
            [("timeout_s", self.timeout_s), ("pending_minutes", self.pending_minutes)]
        {
            if value == 0 {
                return Err(format!("{name} must be at least 1"));
            }
        }
        Ok(())
    }

    /// An address of this service as the provider and browsers know it. `path` begins with a slash.
    #[must_use]
    pub fn public_address(&self, path: &str) -> String {
        format!("{}{path}", self.public_url.trim_end_matches('/'))
    }

    /// Who somebody is, and what they may do here; `None`: nothing.
    #[must_use]
    pub fn read(&self, identity: ProviderIdentity, claims: &Claims) -> Option<ProvidedUser> {
        let position = self.position(claims)?;
        let name = self.name(&identity, claims);
        let display_name = claims.text("name").and_then(|text| Name::parse(text).ok());
        let display_name = display_name.or_else(|| Name::parse(name.as_str()).ok())?;
        Some(ProvidedUser { identity, name, display_name, position })
    }

    /// The first rule whose value they have.
    fn position(&self, claims: &Claims) -> Option<Position> {
        let values = claims.texts(&self.roles_claim);
        let rule = self.roles.iter().find(|rule| values.contains(&rule.value.as_str()))?;
        Some(rule.position.clone())
    }

    /// A name for them. An e-mail address that the provider has not verified may be anybody's, and is not taken.
    fn name(&self, identity: &ProviderIdentity, claims: &Claims) -> UserName {
        let told = claims.text(&self.name_claim);
        let told = told.filter(|_| self.name_claim != "email" || claims.is_true("email_verified"));
        told.and_then(as_user_name)
            .or_else(|| as_user_name(&identity.subject))
            .unwrap_or_else(|| UserName::numbered("user", 1))
    }
}

/// A text with everything replaced that no user name has.
fn as_user_name(text: &str) -> Option<UserName> {
    let text = text.trim().to_lowercase();
    let chars = text.chars().map(|c| if UserName::may_have(c) { c } else { '-' });
    let name: String = chars.take(UserName::MAX_CHARS).collect();
    let is_name = name.chars().any(char::is_alphanumeric);
    UserName::parse(&name).ok().filter(|_| is_name)
}

/// Whether nobody on the way can read what is sent there.
fn is_safe(address: &str) -> bool {
    if let Some(rest) = address.strip_prefix("https://") {
        return !rest.is_empty();
    }
    let Some(rest) = address.strip_prefix("http://") else { return false };
    let host = rest.split(['/', '?']).next().unwrap_or_default();
    let is_port = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    let host =
        host.rsplit_once(':').filter(|(_, port)| is_port(port)).map_or(host, |(name, _)| name);
    matches!(host, "127.0.0.1" | "localhost" | "[::1]")
}

impl fmt::Display for ProviderIdentity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} at {}", self.subject, self.issuer)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn rule(value: &str, role: &str, team: Option<&str>) -> Result<RoleRule, String> {
        let written = json!({"value": value, "role": role, "team": team});
        serde_json::from_value(written).map_err(|error| error.to_string())
    }

    fn options() -> OpenIdOptions {
        OpenIdOptions {
            enabled: true,
            issuer: "https://id.example.org/realms/desk".to_owned(),
            client_id: "recontact".to_owned(),
            public_url: "https://recontact.example.org/".to_owned(),
            label: "Example".to_owned(),
            name_claim: "preferred_username".to_owned(),
            roles_claim: "groups".to_owned(),
            roles: vec![
                rule("desk-admins", "admin", None).unwrap(),
                rule("desk-cards", "team-lead", Some("cards")).unwrap(),
            ],
            ..OpenIdOptions::OFF
        }
    }

    fn identity() -> ProviderIdentity {
        ProviderIdentity { issuer: options().issuer, subject: "f3a1-77".to_owned() }
    }

    #[test]
    fn the_first_rule_that_fits_says_what_somebody_may_do() {
        let read = |groups| options().read(identity(), &Claims::new(json!({"groups": groups})));
        let admin = read(json!(["desk-cards", "desk-admins"])).unwrap();
        assert_eq!(admin.position.role(), Role::Admin);
        let lead = read(json!("desk-cards")).unwrap();
        let team = lead.position.team().map(Name::as_str);
        assert_eq!((lead.position.role(), team), (Role::TeamLead, Some("cards")));
        assert_eq!(read(json!(["desk", "Desk-Admins"])), None);
        assert_eq!(read(json!(null)), None);
    }

    #[test]
    fn a_name_is_what_the_provider_says_as_far_as_it_may_be_one() {
        let name = |claim: &str, claims| {
            let options = OpenIdOptions { name_claim: claim.to_owned(), ..options() };
            options.name(&identity(), &Claims::new(claims)).to_string()
        };
        assert_eq!(name("preferred_username", json!({"preferred_username": "Ann Lee"})), "ann-lee");
        assert_eq!(name("preferred_username", json!({"preferred_username": "<>"})), "f3a1-77");
        assert_eq!(name("email", json!({"email": "ann@example.org"})), "f3a1-77");
        let verified = json!({"email": "ann@example.org", "email_verified": true});
        assert_eq!(name("email", verified), "ann@example.org");
        assert_eq!(name("upn", json!({"upn": "a".repeat(300)})), "a".repeat(64));
    }

    #[test]
    fn what_is_missing_is_said_by_name() {
        assert_eq!(options().validate(), Ok(()));
        assert_eq!(OpenIdOptions::OFF.validate(), Ok(()));
        for (named, changed) in [
            ("issuer", OpenIdOptions { issuer: "http://id.example.org".to_owned(), ..options() }),
            ("public_url", OpenIdOptions { public_url: "recontact".to_owned(), ..options() }),
            ("client_id", OpenIdOptions { client_id: " ".to_owned(), ..options() }),
            ("roles:", OpenIdOptions { roles: Vec::new(), ..options() }),
            ("timeout_s", OpenIdOptions { timeout_s: 0, ..options() }),
        ] {
            assert!(changed.validate().unwrap_err().starts_with(named), "{named}");
        }
        let local = OpenIdOptions { issuer: "http://127.0.0.1:3000/a".to_owned(), ..options() };
        assert_eq!(local.validate(), Ok(()));
        for other in
            ["http://127.0.0.1.example.org", "http://localhost:80@evil.example", "https://"]
        {
            assert!(!is_safe(other), "{other}");
        }
    }

    #[test]
    fn a_rule_names_a_role_that_there_is_and_the_team_of_a_team_lead() {
        assert!(rule("a", "boss", None).unwrap_err().contains("role"));
        assert!(rule("a", "team-lead", None).unwrap_err().contains("team"));
        assert!(rule("a", "manager", Some("cards")).unwrap_err().contains("team"));
        assert!(rule("", "manager", None).unwrap_err().contains("value"));
    }
}
