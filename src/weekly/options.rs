//! The section `weekly_report` of the configuration; explained in `config.default.toml`.

use super::Weekday;
use crate::kpi::Zone;
use crate::user::Language;
use serde::Deserialize;
use std::fmt;
use std::net::IpAddr;
use std::path::PathBuf;

/// When the report is made, and who gets it.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(
    missing_docs,
    reason = "each is explained in config.default.toml, which is where a reader looks"
)]
pub struct WeeklyOptions {
    pub enabled: bool,
    pub weekday: Weekday,
    pub hour: u8,
    pub time_zone: Option<Zone>,
    pub language: Language,
    pub check_interval_s: u64,
    pub timeout_s: u64,
    pub retry_s: u64,
    pub longest_retry_s: u64,
    pub folder: Option<PathBuf>,
    pub mail: Option<MailOptions>,
    pub webhook: Option<WebhookOptions>,
}

/// Through which server mail is sent, and to whom.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(
    missing_docs,
    reason = "each is explained in config.default.toml, which is where a reader looks"
)]
pub struct MailOptions {
    pub host: String,
    pub port: u16,
    pub tls: MailTls,
    pub ca_file: Option<PathBuf>,
    pub user: Option<String>,
    pub password_file: Option<PathBuf>,
    pub from: MailAddress,
    pub to: Vec<MailAddress>,
}

/// How the connection to the mail server is guarded.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum MailTls {
    /// Not at all.
    None,
    /// By TLS after a plain beginning, or not used.
    Starttls,
    /// By TLS from the beginning.
    Tls,
}

/// The address of a mailbox, such as `boss@example.com`, without a name.
#[derive(Clone, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub struct MailAddress(String);

/// The text is no address of a mailbox.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("expected a mail address such as boss@example.com, got {0:?}")]
pub struct InvalidAddress(String);

/// Where programs get the report.
#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(
    missing_docs,
    reason = "each is explained in config.default.toml, which is where a reader looks"
)]
pub struct WebhookOptions {
    pub url: String,
    pub secret_file: PathBuf,
}

impl fmt::Debug for WebhookOptions {
    /// Without the address: some hold a secret.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WebhookOptions").finish_non_exhaustive()
    }
}

impl fmt::Debug for MailAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("MailAddress(…)")
    }
}

impl MailAddress {
    /// Checks an address.
    ///
    /// # Errors
    /// [`InvalidAddress`] with the text.
    pub fn parse(text: &str) -> Result<Self, InvalidAddress> {
        let is_plain = |part: &str| {
            !part.is_empty()
                && part
                    .chars()
                    .all(|c| !c.is_whitespace() && !c.is_control() && !"<>(),;:\"[]\\@".contains(c))
        };
        match text.rsplit_once('@') {
            Some((name, host)) if is_plain(name) && is_plain(host) && text.len() <= 254 => {
                Ok(Self(text.to_owned()))
            }
            _ => Err(InvalidAddress(text.to_owned())),
        }
    }

    /// The address.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for MailAddress {
    type Error = InvalidAddress;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        Self::parse(&text)
    }
}

impl WeeklyOptions {
    /// The time zone of the report. `otherwise`: where none is chosen.
    #[must_use]
    pub fn zone<'z>(&'z self, otherwise: &'z Zone) -> &'z Zone {
        self.time_zone.as_ref().unwrap_or(otherwise)
    }

    /// Checks every value.
    ///
    /// # Errors
    /// The option and what was expected.
    pub fn validate(&self) -> Result<(), String> {
        if self.hour > 23 {
            return Err(format!("hour: expected 0 to 23, got {}", self.hour));
        }
        let at_least_one = [
            ("check_interval_s", self.check_interval_s),
            ("timeout_s", self.timeout_s),
            ("retry_s", self.retry_s),
        ];
        if let Some((name, _)) = at_least_one.iter().find(|(_, value)| *value == 0) {
            return Err(format!("{name} must be at least 1"));
        }
        if self.longest_retry_s < self.retry_s {
            return Err("longest_retry_s must not be below retry_s".to_owned());
        }
        let has_receiver = self.folder.is_some() || self.mail.is_some() || self.webhook.is_some();
        if self.enabled && !has_receiver {
            return Err("enabled, but there is no folder, mail or webhook to hand it to".to_owned());
        }
        self.mail.as_ref().map_or(Ok(()), MailOptions::validate)?;
        self.webhook.as_ref().map_or(Ok(()), WebhookOptions::validate)
    }
}

impl MailOptions {
    fn validate(&self) -> Result<(), String> {
        if self.to.is_empty() {
            return Err("mail.to: expected at least one address".to_owned());
        }
        if self.user.is_some() != self.password_file.is_some() {
            return Err("mail: user and password_file go together".to_owned());
        }
        if self.user.is_some() && self.tls == MailTls::None && !is_this_machine(&self.host) {
            return Err(
                "mail.tls: a password goes to another machine with starttls or tls only".to_owned()
            );
        }
        Ok(())
    }
}

impl WebhookOptions {
    fn validate(&self) -> Result<(), String> {
        let host = |rest: &str| {
            let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
            let host = authority.rsplit_once(':').map_or(authority, |(host, _)| host);
            host.trim_matches(['[', ']']).to_owned()
        };
        let is_fit = match (self.url.strip_prefix("https://"), self.url.strip_prefix("http://")) {
            (Some(rest), _) => !host(rest).is_empty(),
            (None, Some(rest)) => is_this_machine(&host(rest)),
            (None, None) => false,
        };
        let is_plain = !self.url.contains('@') && !self.url.contains(char::is_whitespace);
        if is_fit && is_plain {
            return Ok(());
        }
        Err("webhook.url: expected https://… without a user (http:// for this machine only)"
            .to_owned())
    }
}

fn is_this_machine(host: &str) -> bool {
    host == "localhost" || host.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
}
