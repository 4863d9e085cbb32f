//! `/audit`: who did what. For admins.

use super::error::show;
use super::format::Shown;
use super::session::Viewer;
use super::{Frame, PageError};
use crate::store::{AuditAction, AuditEntry};
use actix_web::HttpResponse;
use askama::Template;

/// How many lines are shown.
const LINES: u32 = 200;

#[derive(Template)]
#[template(path = "audit.html")]
struct AuditPage {
    frame: Frame,
    lines: Vec<AuditLine>,
    most: u32,
}

struct AuditLine {
    when: Shown,
    who: String,
    what: String,
    object: String,
    address: String,
}

pub(super) async fn show_audit(viewer: Viewer) -> Result<HttpResponse, PageError> {
    let app = &viewer.app;
    let frame = viewer.frame("audit-title");
    let entries = app.store.audit_entries(&app.tenant, LINES).await?;
    let lines = entries.into_iter().map(|entry| line(entry, &frame)).collect();
    show(&AuditPage { frame, lines, most: LINES })
}

fn line(entry: AuditEntry, frame: &Frame) -> AuditLine {
    AuditLine {
        when: frame.date_time(entry.occurred_at),
        who: entry.actor.unwrap_or_else(|| frame.say("audit-nobody").to_string()),
        what: frame.say(action_message(entry.action)).to_string(),
        object: entry.object.unwrap_or_default(),
        address: entry.address.unwrap_or_default(),
    }
}

fn action_message(action: AuditAction) -> &'static str {
    match action {
        AuditAction::SignedIn => "audit-signed-in",
        AuditAction::SignInFailed => "audit-sign-in-failed",
        AuditAction::SignedOut => "audit-signed-out",
        AuditAction::Refused => "audit-refused",
        AuditAction::NotFound => "audit-not-found",
        AuditAction::UserAdded => "audit-user-added",
        AuditAction::UserDisabled => "audit-user-disabled",
        AuditAction::UserEnabled => "audit-user-enabled",
        AuditAction::RoleChanged => "audit-role-changed",
        AuditAction::PasswordSet => "audit-password-set",
    }
}
