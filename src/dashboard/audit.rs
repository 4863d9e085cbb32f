//! `/audit`: who did what, newest first, page by page. For admins.

use super::error::show;
use super::field::{SelectField, TextField};
use super::format::escaped;
use super::session::Viewer;
use super::table::{Cell, Column, Export, Table};
use super::{Frame, PageError};
use crate::store::{AuditAction, AuditCursor, AuditEntry, AuditFilter};
use crate::timestamp::Timestamp;
use actix_web::{HttpResponse, web};
use askama::Template;
use serde::Deserialize;

/// How many lines a page has.
const LINES: u32 = 200;

#[derive(Template)]
#[template(path = "audit.html")]
struct AuditPage {
    frame: Frame,
    actor: TextField,
    action: SelectField,
    lines: Table,
    keep_days: Option<u32>,
    /// Where the older lines are.
    older: Option<String>,
    /// Where the newest are, on a page of older ones.
    newest: Option<String>,
}

/// Which lines, as it stands in the address.
#[derive(Default, Deserialize)]
pub(super) struct AuditQuery {
    #[serde(default)]
    actor: String,
    #[serde(default)]
    action: String,
    /// The last line of the page before.
    #[serde(default)]
    before: String,
}

impl AuditQuery {
    fn filter(&self) -> AuditFilter {
        let actor = self.actor.trim();
        AuditFilter {
            actor: (!actor.is_empty()).then(|| actor.to_owned()),
            action: AuditAction::parse(&self.action),
            before: parse_cursor(&self.before),
        }
    }
}

/// A cursor as it stands in the address: `1764252000000-ID`.
fn parse_cursor(text: &str) -> Option<AuditCursor> {
    let (millis, id) = text.split_once('-')?;
    let occurred_at = Timestamp::from_millis(millis.parse().ok()?).ok()?;
    Some(AuditCursor { occurred_at, id: id.to_owned() })
}

/// The page of these lines, without its cursor.
fn address(filter: &AuditFilter) -> String {
    let actor = escaped(filter.actor.as_deref().unwrap_or_default());
    let action = filter.action.map_or("", AuditAction::as_str);
    format!("/audit?actor={actor}&action={action}")
}

pub(super) async fn show_audit(
    viewer: Viewer,
    query: Option<web::Query<AuditQuery>>,
    export: Export,
) -> Result<HttpResponse, PageError> {
    let app = &viewer.app;
    let frame = viewer.frame("audit-title");
    let filter = query.map(|query| query.filter()).unwrap_or_default();
    // One more than is shown tells whether there are more.
    let mut entries = app.store.audit_entries(&app.tenant, &filter, LINES + 1).await?;
    let has_more = entries.len() > LINES as usize;
    entries.truncate(LINES as usize);
    let older = entries.last().filter(|_| has_more).map(|last| {
        let millis = last.occurred_at.millis();
        format!("{}&before={millis}-{}", address(&filter), escaped(&last.id))
    });
    let lines = table(entries, &frame).with_files(&export);
    if let Some(file) = export.answer(&viewer, [&lines]).await? {
        return Ok(file);
    }
    show(&AuditPage {
        actor: TextField::new("actor", frame.say("audit-who"), "off")
            .optional()
            .with_value(filter.actor.as_deref().unwrap_or_default()),
        action: action_field(&frame, filter.action),
        newest: filter.before.is_some().then(|| address(&filter)),
        older,
        keep_days: Some(app.settings.audit.keep_days).filter(|days| *days > 0),
        lines,
        frame,
    })
}

fn table(entries: Vec<AuditEntry>, frame: &Frame) -> Table {
    let columns = vec![
        Column::text(frame.say("audit-when")),
        Column::text(frame.say("audit-who")),
        Column::text(frame.say("audit-what")),
        Column::text(frame.say("audit-object")),
        Column::text(frame.say("audit-address")),
    ];
    let caption = frame.say("audit-count").with("count", entries.len());
    Table::new("audit", caption, columns)
        .with_rows(entries.into_iter().map(|entry| line(entry, frame)))
}

fn action_field(frame: &Frame, chosen: Option<AuditAction>) -> SelectField {
    let any = (String::new(), frame.say("audit-any-action").to_string());
    let actions = AuditAction::ALL
        .map(|action| (action.as_str().to_owned(), frame.say(action_message(action)).to_string()));
    let options = std::iter::once(any).chain(actions);
    let chosen = chosen.map_or("", AuditAction::as_str);
    SelectField::new("action", frame.say("audit-what"), options, chosen)
}

fn line(entry: AuditEntry, frame: &Frame) -> Vec<Cell> {
    vec![
        Cell::instant(frame, entry.occurred_at),
        Cell::text(entry.actor.unwrap_or_else(|| frame.say("audit-nobody").to_string())),
        Cell::text(frame.say(action_message(entry.action))),
        Cell::text(entry.object.unwrap_or_default()),
        Cell::text(entry.address.unwrap_or_default()),
    ]
}

fn action_message(action: AuditAction) -> &'static str {
    match action {
        AuditAction::SignedIn => "audit-signed-in",
        AuditAction::SignInFailed => "audit-sign-in-failed",
        AuditAction::SignInRefused => "audit-sign-in-refused",
        AuditAction::ProviderFailed => "audit-provider-failed",
        AuditAction::SignedOut => "audit-signed-out",
        AuditAction::Refused => "audit-refused",
        AuditAction::NotFound => "audit-not-found",
        AuditAction::UserAdded => "audit-user-added",
        AuditAction::UserDisabled => "audit-user-disabled",
        AuditAction::UserEnabled => "audit-user-enabled",
        AuditAction::RoleChanged => "audit-role-changed",
        AuditAction::PasswordSet => "audit-password-set",
        AuditAction::PlanWritten => "audit-plan-written",
        AuditAction::Exported => "audit-exported",
        AuditAction::ModelChanged => "audit-model-changed",
        AuditAction::AuditExpired => "audit-expired",
    }
}
