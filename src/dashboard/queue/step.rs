//! Every step of work on a follow-up: one form each.

use super::find;
use super::item::{CHANNELS, StepForm, item_page};
use super::words::{action_message, status_message};
use crate::dashboard::error::{lead_to, show_again, show_conflict};
use crate::dashboard::form::{Faults, Submitted};
use crate::dashboard::session::Viewer;
use crate::dashboard::{Frame, PageError};
use crate::store::{FollowUpEvent, FollowUpStep, FollowUpStepped, PersonAction, StoredFollowUp};
use crate::ticket::Name;
use actix_web::{HttpResponse, web};

pub(in crate::dashboard) async fn make_step(
    submitted: Submitted<StepForm>,
    path: web::Path<(String, String)>,
) -> Result<HttpResponse, PageError> {
    let Submitted { viewer, form } = submitted;
    let (id, word) = path.into_inner();
    let (follow_up, events) = find(&viewer, &id).await?;
    let frame = viewer.frame("queue-title");
    let mut faults = Faults::default();
    let step = parse(&word, &form, &viewer, &frame, &mut faults)?;
    let Some(step) = step else {
        return show_again(&item_page(&viewer, follow_up, events, &form, faults, None).await?);
    };
    let app = &viewer.app;
    match app.store.step_follow_up(&app.tenant, &follow_up.id, &step, viewer.now).await? {
        FollowUpStepped::Stepped(_) | FollowUpStepped::Repeated(_) => {
            let done = if word == "done" { "follow-up-done" } else { word.as_str() };
            Ok(lead_to(&format!("/queue/{}?done={done}", follow_up.id)))
        }
        FollowUpStepped::Unknown => Err(viewer.hide().await),
        FollowUpStepped::Invalid { .. } => {
            let expires = frame.date_time(follow_up.expires_at).text;
            faults.add("until", frame.say("fault-until").with("expires", expires));
            show_again(&item_page(&viewer, follow_up, events, &form, faults, None).await?)
        }
        FollowUpStepped::Changed(_) => {
            let (now, events) = find(&viewer, &id).await?;
            let told = changed(&now, &events, step.version, &frame);
            show_conflict(&item_page(&viewer, now, events, &form, faults, Some(told)).await?)
        }
        FollowUpStepped::NotAllowed { .. } => {
            let (now, events) = find(&viewer, &id).await?;
            let status = frame.say(status_message(now.status));
            let told = frame.say("queue-not-allowed").with("status", status).to_string();
            show_conflict(&item_page(&viewer, now, events, &form, faults, Some(told)).await?)
        }
        FollowUpStepped::CapacityReached { capacity, .. } => {
            let told = frame.say("queue-capacity-reached").with("count", capacity).to_string();
            show_conflict(&item_page(&viewer, follow_up, events, &form, faults, Some(told)).await?)
        }
        FollowUpStepped::QuietHours { until, .. } => {
            let until = frame.date_time(until).text;
            let told = frame.say("queue-quiet").with("until", until).to_string();
            show_conflict(&item_page(&viewer, follow_up, events, &form, faults, Some(told)).await?)
        }
    }
}

/// Who did what and when after the version that the form was about.
fn changed(now: &StoredFollowUp, events: &[FollowUpEvent], version: u32, frame: &Frame) -> String {
    let status = frame.say(status_message(now.status));
    match events.iter().rev().find(|event| event.version > version) {
        Some(event) => frame
            .say("queue-changed")
            .with("who", event.author.as_str())
            .with("what", frame.say(action_message(event.action)))
            .with("when", frame.date_time(event.occurred_at).text)
            .with("status", status)
            .to_string(),
        None => frame.say("queue-not-allowed").with("status", status).to_string(),
    }
}

/// The step that a form asks for; what is wrong with its fields is noted.
fn parse(
    word: &str,
    form: &StepForm,
    viewer: &Viewer,
    frame: &Frame,
    faults: &mut Faults,
) -> Result<Option<FollowUpStep>, PageError> {
    let unreadable = |what: &str| PageError::UnreadableForm(what.to_owned());
    let version = form.version.parse().map_err(|_| unreadable("no version"))?;
    let author = Name::parse(viewer.user.name.as_str()).map_err(|_| unreadable("no author"))?;
    let mut reason = |field: &'static str, text: &str, may_be_empty: bool| {
        if may_be_empty && text.trim().is_empty() {
            return Some(None);
        }
        let expected = || frame.say("fault-name").with("most", Name::MAX_CHARS);
        faults.note(field, Name::parse(text), expected).map(Some)
    };
    let (action, reason) = match word {
        "claim" => (PersonAction::Claim, Some(None)),
        "release" => (PersonAction::Release, Some(None)),
        "done" => {
            let known = CHANNELS.contains(&form.channel.as_str());
            let channel = Name::parse(&form.channel).ok().filter(|_| known);
            let channel = channel.ok_or_else(|| unreadable("unknown channel"))?;
            (PersonAction::Done { channel }, reason("note", &form.note, true))
        }
        "snooze" => {
            let reason = reason("snooze_reason", &form.snooze_reason, true);
            let Some(until) = frame.moment(form.until.trim()) else {
                faults.add("until", frame.say("fault-moment"));
                return Ok(None);
            };
            (PersonAction::Snooze { until }, reason)
        }
        "disagree" => (PersonAction::Disagree, reason("reason", &form.reason, false)),
        "not-needed" => (PersonAction::NotNeeded, reason("reason", &form.reason, false)),
        _ => return Err(PageError::NotFound),
    };
    Ok(reason.map(|reason| FollowUpStep { version, author, reason, action }))
}
