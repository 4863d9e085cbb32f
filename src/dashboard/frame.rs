//! [`Frame`]: everything around the content of a page. Templates extend `layout.html` and have it in their field `frame`.

use super::format::{self, Shown};
use super::messages::{Message, Texts};
use super::static_files::{ICON, SCRIPT, STYLE};
use crate::app::App;
use crate::follow_up::UtcOffset;
use crate::kpi::Day;
use crate::timestamp::Timestamp;
use crate::user::{Language, Permission, Role, Theme, User};
use actix_web::http::header;
use actix_web::{HttpRequest, web};

/// The sections of the pages in the order of the navigation: address, message, and whom they are for.
const SECTIONS: &[(&str, &str, Permission)] = &[
    ("/overview", "nav-overview", Permission::SeeFigures),
    ("/kpis", "nav-kpis", Permission::SeeFigures),
    ("/risk", "nav-risk", Permission::SeeFigures),
    ("/queue", "nav-queue", Permission::WorkFollowUps),
    ("/effect", "nav-effect", Permission::SeeFigures),
    ("/next-issues", "nav-next-issues", Permission::SeeFigures),
    ("/models", "nav-models", Permission::SeeFigures),
    ("/users", "nav-users", Permission::ManageUsers),
    ("/audit", "nav-audit", Permission::ManageUsers),
];

/// What a page tells once after something was done, by the word in `?done=`. Words that are not here are told nothing of.
const NOTICES: &[(&str, &str)] = &[
    ("saved", "notice-saved"),
    ("password", "notice-password"),
    ("added", "notice-added"),
    ("enabled", "notice-enabled"),
    ("disabled", "notice-disabled"),
    ("role", "notice-role"),
    ("claim", "notice-claim"),
    ("release", "notice-release"),
    ("follow-up-done", "notice-follow-up-done"),
    ("snooze", "notice-snooze"),
    ("disagree", "notice-disagree"),
    ("not-needed", "notice-not-needed"),
    ("model", "notice-model"),
    ("signed-out", "notice-signed-out"),
];

/// Everything around the content of a page.
#[derive(Debug, Clone)]
pub struct Frame {
    /// The heading and the title.
    pub title: String,
    /// Who looks, if anybody is signed in.
    pub viewer: Option<FrameViewer>,
    texts: Texts,
    theme: Theme,
    zone: UtcOffset,
    path: String,
    notice: Option<&'static str>,
    /// The time by the demonstration's clock, if this is the demonstration.
    demonstration: Option<Timestamp>,
}

/// Who looks at a page, as far as the frame shows it.
#[derive(Debug, Clone)]
pub struct FrameViewer {
    /// Their name as others see it.
    pub display_name: String,
    /// What their forms carry.
    pub csrf: String,
    role: Role,
}

/// A section of the pages in the navigation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Section {
    /// Its address.
    pub path: &'static str,
    /// Its name.
    pub name: String,
    /// Whether the page belongs to it.
    pub is_current: bool,
}

impl Frame {
    /// The frame for whoever sends a request without being signed in: in their browser's language.
    #[must_use]
    pub fn of_visitor(request: &HttpRequest) -> Self {
        let accepted = request.headers().get(header::ACCEPT_LANGUAGE);
        let accepted = accepted.and_then(|value| value.to_str().ok()).unwrap_or_default();
        let app = request.app_data::<web::Data<App>>();
        let is_demonstration = app.is_some_and(|app| app.settings.is_demonstration);
        let settings = app.map(|app| &app.settings.dashboard);
        let otherwise = settings.map_or(Language::default(), |settings| settings.language);
        let language = Language::negotiate(accepted).unwrap_or(otherwise);
        let done = request.query_string().split('&').find_map(|part| part.strip_prefix("done="));
        let notice = NOTICES.iter().find(|(word, _)| Some(*word) == done);
        Self {
            title: String::new(),
            viewer: None,
            texts: Texts { language },
            theme: Theme::System,
            zone: settings.map_or(UtcOffset::default(), |settings| settings.utc_offset),
            path: request.path().to_owned(),
            notice: notice.map(|(_, message)| *message),
            demonstration: is_demonstration.then(Timestamp::now),
        }
    }

    /// The same for a user, in the language and theme that they have chosen.
    #[must_use]
    pub fn of_user(request: &HttpRequest, user: &User, csrf: &str) -> Self {
        let visitor = Self::of_visitor(request);
        let texts = user.language.map_or(visitor.texts, |language| Texts { language });
        let viewer = FrameViewer {
            display_name: user.display_name.to_string(),
            csrf: csrf.to_owned(),
            role: user.position.role(),
        };
        Self { texts, theme: user.theme, viewer: Some(viewer), ..visitor }
    }

    /// The frame of what is no page and has no viewer.
    #[must_use]
    pub fn of_report(language: Language, zone: UtcOffset) -> Self {
        Self {
            title: String::new(),
            viewer: None,
            texts: Texts { language },
            theme: Theme::System,
            zone,
            path: String::new(),
            notice: None,
            demonstration: None,
        }
    }

    /// The frame of a page with this heading.
    #[must_use]
    pub fn titled(&self, title: impl Into<String>) -> Self {
        Self { title: title.into(), ..self.clone() }
    }

    /// The same for a page that nobody is signed in to any more.
    #[must_use]
    pub fn without_viewer(self) -> Self {
        Self { viewer: None, ..self }
    }

    /// A message in the language of the page.
    #[must_use]
    pub fn say(&self, id: &'static str) -> Message {
        self.texts.say(id)
    }

    /// The words of the page.
    #[must_use]
    pub fn texts(&self) -> Texts {
        self.texts
    }

    /// The language's code, for the attribute `lang`.
    #[must_use]
    pub fn lang(&self) -> &'static str {
        self.texts.language.code()
    }

    /// Light or dark, for the style sheet.
    #[must_use]
    pub fn theme(&self) -> &'static str {
        self.theme.as_str()
    }

    /// The sections that the viewer may see, those of administrators apart.
    #[must_use]
    pub fn sections(&self) -> Vec<Section> {
        self.sections_for(|permission| permission != Permission::ManageUsers)
    }

    /// What administrators have besides, in the menu under their name.
    #[must_use]
    pub fn administration(&self) -> Vec<Section> {
        self.sections_for(|permission| permission == Permission::ManageUsers)
    }

    /// The name of the section that the page belongs to; of a page outside all sections that of the menu.
    #[must_use]
    pub fn section_name(&self) -> String {
        let current = self.sections().into_iter().find(|section| section.is_current);
        current.map_or_else(|| self.say("nav-label").to_string(), |section| section.name)
    }

    fn sections_for(&self, is_wanted: impl Fn(Permission) -> bool) -> Vec<Section> {
        let may =
            |permission| self.viewer.as_ref().is_some_and(|viewer| viewer.role.may(permission));
        let sections = SECTIONS.iter();
        sections
            .filter(|(_, _, permission)| may(*permission) && is_wanted(*permission))
            .map(|(path, message, _)| Section {
                path,
                name: self.say(message).to_string(),
                is_current: self.path.starts_with(path),
            })
            .collect()
    }

    /// What the page tells once.
    #[must_use]
    pub fn notice(&self) -> Option<Message> {
        self.notice.map(|message| self.say(message))
    }

    /// That this is the demonstration, and what its clock says.
    #[must_use]
    pub fn demonstration(&self) -> Option<Message> {
        let now = self.date_time(self.demonstration?).text;
        Some(self.say("demonstration").with("now", now))
    }

    /// The zone of all times on the page, by name.
    #[must_use]
    pub fn zone(&self) -> String {
        format::zone(self.zone)
    }

    /// A date in the zone of the page.
    #[must_use]
    pub fn date(&self, instant: Timestamp) -> Shown {
        format::date(self.texts.language, instant, self.zone)
    }

    /// A date and time in the zone of the page.
    #[must_use]
    pub fn date_time(&self, instant: Timestamp) -> Shown {
        format::date_time(self.texts.language, instant, self.zone)
    }

    /// Milliseconds since 1970 by the clocks of the zone of the page.
    #[must_use]
    pub fn local_millis(&self, instant: Timestamp) -> i64 {
        instant.millis() + self.zone.minutes() * 60_000
    }

    /// A calendar day of whichever zone.
    #[must_use]
    pub fn day(&self, day: Day) -> String {
        format::date(self.texts.language, of_day(day), UtcOffset::default()).text
    }

    /// A calendar day without its year: for axes.
    #[must_use]
    pub fn short_day(&self, day: Day) -> String {
        format::short_date(self.texts.language, of_day(day), UtcOffset::default())
    }

    /// A number with so many digits behind the point.
    #[must_use]
    pub fn decimal(&self, value: f64, digits: usize) -> String {
        format::decimal(self.texts.language, value, digits)
    }

    /// The end of a day in the zone of the page, given as `2026-11-26`.
    #[must_use]
    pub fn end_of_day(&self, text: &str) -> Option<Timestamp> {
        format::end_of_day(text, self.zone)
    }

    /// An instant that was typed in the zone of the page, as `2026-11-26T14:05`.
    #[must_use]
    pub fn moment(&self, text: &str) -> Option<Timestamp> {
        format::moment(text, self.zone)
    }

    /// An instant as it is typed into a form.
    #[must_use]
    pub fn moment_text(&self, instant: Timestamp) -> String {
        format::moment_text(instant, self.zone)
    }

    /// The end of the day on which an instant lies.
    #[must_use]
    pub fn end_of_its_day(&self, instant: Timestamp) -> Option<Timestamp> {
        let day: String = self.moment_text(instant).chars().take(10).collect();
        self.end_of_day(&day)
    }

    /// A count.
    #[must_use]
    pub fn integer(&self, value: u64) -> String {
        format::integer(self.texts.language, value)
    }

    /// A share of 0 to 1 as a percentage with one digit behind the point.
    #[must_use]
    pub fn percent(&self, share: f64) -> String {
        format::percent(self.texts.language, share, 1)
    }

    /// A share as a percentage with no more digits than it needs, one at most: for axes.
    #[must_use]
    pub fn percent_short(&self, share: f64) -> String {
        let is_whole = (share * 100.0 - (share * 100.0).round()).abs() < 1e-6;
        format::percent(self.texts.language, share, usize::from(!is_whole))
    }

    /// A difference of shares in percentage points, with its sign.
    #[must_use]
    pub fn points(&self, difference: f64) -> String {
        let number = format::decimal(self.texts.language, 100.0 * difference, 1);
        let is_zero = number.chars().all(|c| matches!(c, '0' | '.' | ','));
        if difference > 0.0 && !is_zero { format!("+{number}") } else { number }
    }

    /// A day without its year, in the zone of the page: for axes.
    #[must_use]
    pub fn short_date(&self, instant: Timestamp) -> String {
        format::short_date(self.texts.language, instant, self.zone)
    }

    /// The address of the style sheet.
    #[must_use]
    pub fn style(&self) -> &'static str {
        &STYLE.path
    }

    /// The address of the script.
    #[must_use]
    pub fn script(&self) -> &'static str {
        &SCRIPT.path
    }

    /// The address of the icon.
    #[must_use]
    pub fn icon(&self) -> &'static str {
        &ICON.path
    }
}

/// The first instant of a day in UTC.
fn of_day(day: Day) -> Timestamp {
    Timestamp::EARLIEST.plus_days(i64::from(day.number()))
}

/// The message that names a role.
#[must_use]
pub fn role_message(role: Role) -> &'static str {
    match role {
        Role::Manager => "role-manager",
        Role::TeamLead => "role-team-lead",
        Role::Analyst => "role-analyst",
        Role::Admin => "role-admin",
    }
}
