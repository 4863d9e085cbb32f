//! [`Settings`]: every option of the service. `config.default.toml` holds and explains the defaults.

use crate::classify::ClassifyPolicy;
use crate::classify::encoder::InferenceOptions;
use crate::costs::Costs;
use crate::effect::{ContactCosts, EffectPolicy};
use crate::follow_up::{FollowUpPolicy, UtcOffset};
use crate::kpi::KpiOptions;
use crate::monitoring::MonitoringOptions;
use crate::next_issue::NextIssueOptions;
use crate::outcome::{CauseCodes, OutcomePolicy};
use crate::plan::PlanOptions;
use crate::redaction::ConversationOptions;
use crate::similar::SimilarOptions;
use crate::user::{Language, SignInPolicy};
use crate::weekly::WeeklyOptions;
use figment::Figment;
use figment::providers::{Env, Format, Serialized, Toml};
use serde::{Deserialize, Serialize};
use std::net::SocketAddr;
use std::path::PathBuf;

/// The defaults, as compiled in.
pub const DEFAULTS: &str = include_str!("config.default.toml");

/// What the defaults file may leave out.
const OPTIONAL: [&str; 12] = [
    "port_file",
    "encoder",
    "encoder_prompt",
    "token_file",
    "token",
    "inference.instruction_set",
    "follow_ups.effectiveness",
    "dashboard.secure_cookies",
    "weekly_report.time_zone",
    "weekly_report.folder",
    "sign_in.openid.client_secret_file",
    "sign_in.openid.ca_file",
];

/// Everything that can be configured. Field by field explained in `config.default.toml`.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// Where to listen.
    pub listen: SocketAddr,
    /// Where to write the port.
    pub port_file: Option<PathBuf>,
    /// URL of the store.
    pub database: String,
    /// Most connections to the store.
    pub database_connections: u32,
    /// Seconds a request waits for a connection to the store.
    pub database_timeout_s: u64,
    /// The folder of models.
    pub models: PathBuf,
    /// The encoder's folder or name.
    pub encoder: Option<String>,
    /// What that encoder puts before every text where no category model says it.
    pub encoder_prompt: Option<String>,
    /// Seconds between looks at `live.toml`.
    pub reload_interval_s: u64,
    /// The file with the key for hashing customers.
    pub customer_key_file: PathBuf,
    /// The file with the bearer token.
    pub token_file: Option<PathBuf>,
    /// The bearer token itself; meant for the environment.
    pub token: Option<Secret>,
    /// Seconds a stop waits for requests.
    pub shutdown_timeout_s: u64,
    /// How log lines look.
    pub log_format: LogFormat,
    /// Bounds on what a client may send.
    pub limits: Limits,
    /// On what and how embeddings are computed.
    pub inference: InferenceOptions,
    /// What is cut from texts before they are classified.
    pub cleaning: CleaningSettings,
    /// What is kept of texts.
    pub conversations: ConversationOptions,
    /// When to trust a category.
    pub classify: ClassifyPolicy,
    /// Finding contacts with similar texts.
    pub similar: SimilarOptions,
    /// How events are taken in.
    pub events: EventSettings,
    /// By which rules outcomes are derived.
    pub outcomes: OutcomePolicy,
    /// What repeats and follow-ups cost.
    pub costs: Costs,
    /// What counts as enough for next issues.
    pub next_issues: NextIssueOptions,
    /// Plans against next issues.
    pub plans: PlanOptions,
    /// Who is followed up, when, and how many.
    pub follow_ups: FollowUpPolicy,
    /// How the effect of following up is judged.
    pub effect: EffectPolicy,
    /// Whether anything drifts.
    pub monitoring: MonitoringOptions,
    /// The pages.
    pub dashboard: DashboardSettings,
    /// How sign-ins are guarded.
    pub sign_in: SignInPolicy,
    /// Who did what.
    pub audit: AuditSettings,
    /// Key figures.
    pub kpi: KpiOptions,
    /// The weekly report.
    pub weekly_report: WeeklyOptions,
    /// Whether the pages say that they show the demonstration's tickets, by a clock set back to their time.
    #[serde(skip)]
    pub is_demonstration: bool,
}

/// How the pages are.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(
    missing_docs,
    reason = "each is explained in config.default.toml, which is where a reader looks"
)]
pub struct DashboardSettings {
    pub language: Language,
    pub utc_offset: UtcOffset,
    pub secure_cookies: Option<bool>,
    pub behind_proxy: bool,
}

/// How the audit is kept.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(
    missing_docs,
    reason = "each is explained in config.default.toml, which is where a reader looks"
)]
pub struct AuditSettings {
    pub keep_days: u32,
}

/// What is cut from texts before they are classified.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(
    missing_docs,
    reason = "each is explained in config.default.toml, which is where a reader looks"
)]
pub struct CleaningSettings {
    pub enabled: bool,
}

/// How events are taken in, and how often what follows from them is looked after.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(
    missing_docs,
    reason = "each is explained in config.default.toml, which is where a reader looks"
)]
pub struct EventSettings {
    pub future_tolerance_s: u32,
    pub late_after_s: u32,
    pub maintenance_interval_s: u64,
    pub cause_codes: CauseCodes,
}

/// Bounds on what a client may send.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(
    missing_docs,
    reason = "each is explained in config.default.toml, which is where a reader looks"
)]
pub struct Limits {
    pub body_bytes: usize,
    pub text_bytes: usize,
    pub texts_per_request: usize,
    pub tickets_per_request: usize,
    pub history_per_ticket: usize,
    pub attributes_per_ticket: usize,
    pub page_size: u32,
    pub page_size_max: u32,
    pub waiting_texts: usize,
    pub waiting_bytes: usize,
    pub batch_tokens: usize,
    pub cached_embeddings: usize,
    pub retry_after_s: u64,
}

/// How log lines look.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LogFormat {
    /// For people.
    Text,
    /// One JSON object a line.
    Json,
}

/// A text that is never shown in logs.
#[derive(Clone, Deserialize)]
#[serde(transparent)]
pub struct Secret(String);

impl Secret {
    /// The text.
    #[must_use]
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl std::fmt::Debug for Secret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Secret(…)")
    }
}

/// Options that the command line can set; the names are those of [`Settings`].
#[derive(Debug, Clone, Default, Serialize, clap::Args)]
pub struct CommandLineSettings {
    /// Configuration file (TOML)
    #[arg(long, value_name = "FILE")]
    #[serde(skip)]
    pub config: Option<PathBuf>,
    /// Address to listen on, such as 127.0.0.1:8080; port 0 takes a free one
    #[arg(long, value_name = "ADDRESS:PORT")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub listen: Option<SocketAddr>,
    /// File to write the port to, once bound
    #[arg(long, value_name = "FILE")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub port_file: Option<PathBuf>,
    /// sqlite:PATH or postgres://USER:PASSWORD@HOST/DATABASE
    #[arg(long, value_name = "URL")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub database: Option<String>,
    /// Folder of models
    #[arg(long, value_name = "DIR")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub models: Option<PathBuf>,
    /// Encoder: a folder or a name below models/encoder
    #[arg(long, value_name = "NAME|DIR")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub encoder: Option<String>,
    /// File with the key under which customers are hashed
    #[arg(long, value_name = "FILE")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub customer_key_file: Option<PathBuf>,
    /// File with the bearer token that guards everything but /health and the pages
    #[arg(long, value_name = "FILE")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub token_file: Option<PathBuf>,
}

impl Settings {
    /// Reads the defaults, the file, the environment and the command line, the later over the earlier.
    ///
    /// # Errors
    /// The option, where it came from, and what was expected.
    pub fn load(command_line: &CommandLineSettings) -> Result<Self, String> {
        let mut figment = Figment::from(Toml::string(DEFAULTS));
        if let Some(file) = &command_line.config {
            if !file.is_file() {
                return Err(format!("{}: no such configuration file", file.display()));
            }
            figment = figment.merge(Toml::file_exact(file));
        }
        let known = known_options();
        let environment = Env::prefixed("RECONTACT_")
            .map(|name| name.as_str().replace("__", ".").into())
            // Variables are in capitals: `name` is compared without regard to case.
            .filter(move |name| {
                name != "token" && known.iter().any(|option| name == option.as_str())
            });
        let mut settings: Self = figment
            .merge(environment)
            .merge(Serialized::defaults(command_line))
            .extract()
            .map_err(|error| error.to_string())?;
        // Taken as it is: a token of digits only would be read as a number.
        if let Ok(token) = std::env::var("RECONTACT_TOKEN") {
            settings.token = Some(Secret(token));
        }
        settings.validate()?;
        settings.share_costs()?;
        Ok(settings)
    }

    /// Hands the costs to whoever counts with them.
    fn share_costs(&mut self) -> Result<(), String> {
        self.costs.validate().map_err(|reason| format!("[costs] {reason}"))?;
        self.effect.costs = ContactCosts::parse(self.costs.repeat, self.costs.follow_up)
            .map_err(|error| format!("[costs] {error}"))?;
        self.next_issues.costs = self.costs.clone();
        self.follow_ups.costs = self.costs.clone();
        Ok(())
    }

    fn validate(&self) -> Result<(), String> {
        self.classify.validate().map_err(|reason| format!("[classify] {reason}"))?;
        self.inference.validate().map_err(|reason| format!("[inference] {reason}"))?;
        self.outcomes.check().map_err(|error| format!("[outcomes] {error}"))?;
        self.next_issues.validate().map_err(|reason| format!("[next_issues] {reason}"))?;
        self.plans.validate().map_err(|reason| format!("[plans] {reason}"))?;
        self.follow_ups.validate().map_err(|reason| format!("[follow_ups] {reason}"))?;
        self.effect.validate().map_err(|reason| format!("[effect] {reason}"))?;
        self.monitoring.validate().map_err(|reason| format!("[monitoring] {reason}"))?;
        self.sign_in.validate().map_err(|reason| format!("[sign_in] {reason}"))?;
        self.kpi.validate().map_err(|reason| format!("[kpi] {reason}"))?;
        self.weekly_report.validate().map_err(|reason| format!("[weekly_report] {reason}"))?;
        let limits = &self.limits;
        let at_least_one = [
            ("events.maintenance_interval_s", self.events.maintenance_interval_s),
            ("database_connections", u64::from(self.database_connections)),
            ("database_timeout_s", self.database_timeout_s),
            ("reload_interval_s", self.reload_interval_s),
            ("similar.max_contacts", u64::from(self.similar.max_contacts)),
            ("conversations.max_chars", self.conversations.max_chars as u64),
            ("limits.body_bytes", limits.body_bytes as u64),
            ("limits.text_bytes", limits.text_bytes as u64),
            ("limits.texts_per_request", limits.texts_per_request as u64),
            ("limits.tickets_per_request", limits.tickets_per_request as u64),
            ("limits.page_size", u64::from(limits.page_size)),
            ("limits.batch_tokens", limits.batch_tokens as u64),
        ];
        if let Some((name, _)) = at_least_one.iter().find(|(_, value)| *value == 0) {
            return Err(format!("{name} must be at least 1"));
        }
        if limits.page_size > limits.page_size_max {
            return Err("limits.page_size must not be above limits.page_size_max".to_owned());
        }
        if limits.waiting_texts < limits.texts_per_request {
            return Err("limits.waiting_texts must not be below limits.texts_per_request: a full request could never be accepted".to_owned());
        }
        if limits.waiting_bytes < limits.body_bytes {
            return Err("limits.waiting_bytes must not be below limits.body_bytes: a full request could never be accepted".to_owned());
        }
        Ok(())
    }

    /// Whether the cookies of the pages are for HTTPS only: unless said otherwise, where others can reach the service.
    #[must_use]
    pub fn has_secure_cookies(&self) -> bool {
        self.dashboard.secure_cookies.unwrap_or(!self.listen.ip().is_loopback())
    }

    /// The bearer token, from its file or the environment.
    ///
    /// # Errors
    /// If the file cannot be read or holds nothing.
    pub fn bearer_token(&self) -> Result<Option<Secret>, String> {
        let token = match (&self.token_file, &self.token) {
            (None, None) => return Ok(None),
            (None, Some(token)) => token.reveal().trim().to_owned(),
            (Some(file), _) => std::fs::read_to_string(file)
                .map_err(|error| format!("token_file {}: {error}", file.display()))?
                .trim()
                .to_owned(),
        };
        if token.is_empty() {
            return Err("the bearer token is empty: unset it or give one".to_owned());
        }
        Ok(Some(Secret(token)))
    }
}

/// Variables that begin like an option's and are none: mistyped, or somebody else's.
#[must_use]
pub fn unknown_variables() -> Vec<String> {
    let known: Vec<String> = known_options()
        .iter()
        .map(|name| format!("RECONTACT_{}", name.replace('.', "__").to_uppercase()))
        .collect();
    std::env::vars_os()
        .filter_map(|(name, _)| name.into_string().ok())
        .filter(|name| name.starts_with("RECONTACT_") && !known.contains(name))
        .collect()
}

/// Dotted names of all options; variables that are none of them belong to somebody else.
fn known_options() -> Vec<String> {
    let defaults: toml::Table = toml::from_str(DEFAULTS).unwrap_or_default();
    let mut names: Vec<String> = OPTIONAL.map(str::to_owned).to_vec();
    name_options("", &defaults, &mut names);
    names
}

/// Adds the names of a section and of those within it.
fn name_options(before: &str, section: &toml::Table, names: &mut Vec<String>) {
    for (name, value) in section {
        let name = format!("{before}{name}");
        match value.as_table() {
            Some(section) => name_options(&format!("{name}."), section, names),
            None => names.push(name),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_defaults_are_complete_and_listen_on_this_machine_only() {
        let settings = Settings::load(&CommandLineSettings::default()).unwrap();
        assert!(settings.listen.ip().is_loopback());
        assert!(settings.bearer_token().unwrap().is_none());
    }

    #[test]
    fn a_file_with_an_unknown_option_or_a_wrong_value_is_refused_by_name() {
        for (content, named) in [
            ("lisen = \"127.0.0.1:1\"\n", "lisen"),
            ("listen = \"here\"\n", "listen"),
            ("[classify]\nauto_threshold = 0.1\n", "auto_threshold"),
            ("[classify]\nexpected_languages = [\"xx\"]\n", "xx"),
            (
                "[[classify.rules]]\nhead = \"colour\"\nlabel = \"red\"\nany = [\"red\"]\n",
                "rule 1: head",
            ),
            (
                "[[classify.rules]]\nhead = \"urgency\"\nlabel = \"high\"\n",
                "rule 1: expected a condition",
            ),
            ("[cleaning]\nenabled = \"yes\"\n", "enabled"),
            ("[limits]\nbatch_tokens = 0\n", "batch_tokens"),
            ("[weekly_report]\nweekday = \"someday\"\n", "someday"),
            ("[weekly_report]\nhour = 24\n", "hour"),
            ("[weekly_report]\ntime_zone = \"Mars\"\n", "Mars"),
            ("[weekly_report]\nenabled = true\n", "no folder, mail or webhook"),
            ("[follow_ups]\ntreatment_share = 0.99\n", "treatment_share"),
            ("[follow_ups]\nquiet_from = \"8 pm\"\n", "quiet_from"),
            ("[effect]\nlooks_days = [28, 14]\n", "looks_days"),
            ("[sign_in]\nattempts = 0\n", "attempts"),
            ("[sign_in.openid]\nenabled = true\n", "openid.issuer"),
            ("[sign_in.openid]\nisuer = \"\"\n", "isuer"),
            ("[sign_in.openid]\nroles = [{ value = \"a\", role = \"boss\" }]\n", "boss"),
            ("[dashboard]\nlanguage = \"de\"\n", "language"),
            ("[monitoring]\npsi_watch = 0.5\n", "psi_watch"),
            ("[kpi]\ntime_zone = \"Europe/Atlantis\"\n", "Europe/Atlantis"),
            ("[kpi]\nwindow_days = 5\n", "window_days"),
            ("[costs]\nrepeat = 0.0\n", "repeat"),
            ("[costs]\nharm = -1.0\n", "harm"),
        ] {
            let dir = tempfile::tempdir().unwrap();
            let file = dir.path().join("recontact.toml");
            std::fs::write(&file, content).unwrap();
            let command_line = CommandLineSettings { config: Some(file), ..Default::default() };
            let error = Settings::load(&command_line).unwrap_err();
            assert!(error.contains(named), "{error}");
        }
    }

    #[test]
    fn the_command_line_wins_over_the_file() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("recontact.toml");
        std::fs::write(&file, "listen = \"127.0.0.1:1\"\ndatabase = \"sqlite:from-file.db\"\n")
            .unwrap();
        let command_line = CommandLineSettings {
            config: Some(file),
            listen: "127.0.0.1:2".parse().ok(),
            ..Default::default()
        };
        let settings = Settings::load(&command_line).unwrap();
        assert_eq!(settings.listen.port(), 2);
        assert_eq!(settings.database, "sqlite:from-file.db");
    }
}
