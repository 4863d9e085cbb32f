//! `/audit`: who did what. For admins.

use super::error::show;
use super::session::Viewer;
use super::table::{Cell, Column, Export, Table};
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
    lines: Table,
    most: u32,
}

pub(super) async fn show_audit(viewer: Viewer, export: Export) -> Result<HttpResponse, PageError> {
    let app = &viewer.app;
    let frame = viewer.frame("audit-title");
    let entries = app.store.audit_entries(&app.tenant, LINES).await?;
    let columns = vec![
        Column::text(frame.say("audit-when")),
        Column::text(frame.say("audit-who")),
        Column::text(frame.say("audit-what")),
        Column::text(frame.say("audit-object")),
        Column::text(frame.say("audit-address")),
    ];
    let caption = frame.say("audit-count").with("count", entries.len());
    let lines = Table::new("audit", caption, columns)
        .with_rows(entries.into_iter().map(|entry| line(entry, &frame)))
        .with_files(&export);
    match export.answer(&viewer, [&lines]).await? {
        Some(file) => Ok(file),
        None => show(&AuditPage { frame, lines, most: LINES }),
    }
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
    }
}
