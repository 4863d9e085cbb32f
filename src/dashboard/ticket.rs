//! `/tickets/{id}`: everything that is known of one ticket in order of time, what was predicted, what people said, and what became of
//! it. For those who may see personal data.

use super::conversation::{CONTACTS, Conversation};
use super::error::show;
use super::format::{Shown, escaped};
use super::queue::words::{
    action_message, author_message, band_message, kind_message, status_message,
};
use super::session::Viewer;
use super::{Frame, PageError};
use crate::outcome::{Outcome, WINDOWS_DAYS, effective};
use crate::store::{
    AssessedEpisode, EpisodeOutcomes, Feedback, FollowUpEvent, StoredFollowUp, StoredTicket,
    ToldContact,
};
use crate::ticket::Name;
use crate::timestamp::Timestamp;
use actix_web::{HttpResponse, web};
use askama::Template;

#[derive(Template)]
#[template(path = "ticket.html")]
struct TicketPage {
    frame: Frame,
    facts: Vec<(String, String)>,
    customer: String,
    follow_ups: Vec<(String, String)>,
    conversation: Conversation,
    timeline: Vec<Event>,
    outcomes: Vec<OutcomeRow>,
}

/// Something that happened.
struct Event {
    at: Timestamp,
    when: Shown,
    who: String,
    what: String,
    details: String,
}

/// What became of one closing within one window.
struct OutcomeRow {
    episode: u32,
    window: String,
    outcome: String,
    matures: Shown,
}

pub(super) async fn show_ticket(
    viewer: Viewer,
    id: web::Path<String>,
) -> Result<HttpResponse, PageError> {
    let ticket = find(&viewer, &id).await?;
    let app = &viewer.app;
    let (store, tenant, now) = (&app.store, &app.tenant, viewer.now);
    let title = viewer.frame("queue-title").say("ticket-title").with("ticket", ticket.id.as_str());
    let frame = viewer.frame_named(&title.to_string());
    let episodes = store.ticket_episodes(tenant, &ticket.id).await?;
    let texts_since = app.settings.conversations.kept_since(now);
    let contacts = store.ticket_contacts(tenant, &ticket.id, CONTACTS, texts_since).await?;
    let ticket_texts = store.ticket_texts(tenant, &ticket.id, texts_since).await?;
    let said = store.ticket_feedback(tenant, &ticket.id).await?;
    let outcomes = store.ticket_outcomes(tenant, &ticket.id).await?;
    let outcomes = outcomes.map(|outcomes| outcomes.episodes).unwrap_or_default();
    let mut follow_ups = Vec::new();
    for id in store.ticket_follow_ups(tenant, &ticket.id).await? {
        follow_ups.extend(store.follow_up(tenant, &id, now).await?);
    }
    let mut timeline = vec![event(&frame, ticket.opened_at, "ticket-opened")];
    timeline.extend(contacts.iter().map(|contact| of_contact(contact, &frame)));
    timeline.extend(episodes.iter().map(|episode| of_closing(episode, &frame)));
    timeline.extend(said.iter().map(|feedback| of_feedback(feedback, &frame)));
    let steps = follow_ups.iter().flat_map(|(_, events)| events);
    timeline.extend(steps.map(|step| of_step(step, &frame)));
    let corrections = outcomes.iter().flat_map(|episode| &episode.corrections);
    timeline.extend(corrections.map(|correction| Event {
        who: correction.author.to_string(),
        details: format!(
            "{}: {}",
            frame.say(outcome_message(correction.outcome)),
            correction.reason
        ),
        ..event(&frame, correction.recorded_at, "ticket-corrected")
    }));
    timeline.sort_by_key(|event| event.at);
    show(&TicketPage {
        conversation: Conversation::new(
            &frame,
            app.settings.conversations,
            &contacts,
            &ticket_texts,
            now,
        ),
        facts: facts(&ticket, &frame),
        customer: ticket.customer.to_string(),
        follow_ups: follow_ups.iter().map(|(one, _)| link(one, &frame)).collect(),
        timeline,
        outcomes: outcomes.iter().flat_map(|one| outcome_rows(one, &frame, now)).collect(),
        frame,
    })
}

/// A ticket that the viewer may see. One of another team, or none at all, is answered alike.
async fn find(viewer: &Viewer, id: &str) -> Result<StoredTicket, PageError> {
    let app = &viewer.app;
    let found = match Name::parse(id) {
        Ok(id) => app.store.ticket(&app.tenant, &id).await?,
        Err(_) => None,
    };
    let own = viewer.user.position.team();
    match found {
        Some(ticket) if own.is_none_or(|team| ticket.details.team.as_ref() == Some(team)) => {
            Ok(ticket)
        }
        _ => Err(viewer.hide().await),
    }
}

/// The address of a ticket's page.
pub(super) fn path_of(ticket: &Name) -> String {
    format!("/tickets/{}", escaped(ticket.as_str()).replace('/', "%2F"))
}

fn facts(ticket: &StoredTicket, frame: &Frame) -> Vec<(String, String)> {
    let mut facts = Vec::new();
    let mut add = |label: &'static str, value: Option<String>| {
        facts.extend(value.map(|value| (frame.say(label).to_string(), value)));
    };
    let state = if ticket.closed_at.is_some() { "ticket-closed" } else { "ticket-open" };
    add("queue-state", Some(frame.say(state).to_string()));
    add("category", ticket.category.as_ref().map(ToString::to_string));
    add("user-team", ticket.details.team.as_ref().map(ToString::to_string));
    add("ticket-reopens", Some(frame.integer(ticket.reopens.into())));
    facts
}

fn event(frame: &Frame, at: Timestamp, what: &'static str) -> Event {
    Event {
        at,
        when: frame.date_time(at),
        who: String::new(),
        what: frame.say(what).to_string(),
        details: String::new(),
    }
}

fn of_contact(contact: &ToldContact, frame: &Frame) -> Event {
    let category = contact.category.as_ref().map_or("–", Name::as_str);
    let said = frame
        .say("ticket-classified")
        .with("category", category)
        .with("model", contact.model_version.as_str());
    Event {
        who: frame.say(author_message(&contact.author)).to_string(),
        details: said.to_string(),
        ..event(frame, contact.occurred_at, kind_message(contact.kind))
    }
}

fn of_closing(one: &AssessedEpisode, frame: &Frame) -> Event {
    let details = match &one.assessment {
        None => frame.say("ticket-not-assessed").to_string(),
        Some(said) => frame
            .say("ticket-assessed")
            .with("share", frame.percent(said.probability))
            .with("band", frame.say(band_message(&said.band)))
            .with("model", said.model_version.as_str())
            .to_string(),
    };
    Event { details, ..event(frame, one.episode.facts.closed_at, "ticket-closed") }
}

fn of_feedback(feedback: &Feedback, frame: &Frame) -> Event {
    let predicted = feedback.prediction.label.as_ref().map_or("–", Name::as_str);
    let details = frame
        .say("ticket-feedback-details")
        .with("head", feedback.said.head.as_str())
        .with("label", feedback.said.label.as_str())
        .with("predicted", predicted)
        .with("model", feedback.prediction.model_version.as_deref().unwrap_or("–"));
    Event {
        who: feedback.said.author.to_string(),
        details: details.to_string(),
        ..event(frame, feedback.said.occurred_at, "ticket-feedback")
    }
}

fn of_step(step: &FollowUpEvent, frame: &Frame) -> Event {
    let what = frame.say(action_message(step.action));
    Event {
        who: step.author.to_string(),
        what: frame.say("ticket-step").with("what", what).to_string(),
        details: step.reason.as_ref().map(ToString::to_string).unwrap_or_default(),
        ..event(frame, step.occurred_at, "queue-title")
    }
}

fn link(one: &StoredFollowUp, frame: &Frame) -> (String, String) {
    (format!("/queue/{}", one.id), frame.say(status_message(one.status)).to_string())
}

/// What counts in each window, as the API tells it: the last correction, else what was derived; nothing while it is not over.
fn outcome_rows(one: &EpisodeOutcomes, frame: &Frame, now: Timestamp) -> Vec<OutcomeRow> {
    let facts = &one.episode.facts;
    let row = |window_days: u32| {
        let derived = Outcome::of(&one.recontacts, facts.closed_at, window_days, now);
        let derived = derived.map(|(outcome, _)| outcome);
        let counts = effective(derived, &one.corrections, window_days);
        let message = counts.map_or("outcome-immature", |counts| outcome_message(counts.outcome));
        OutcomeRow {
            episode: facts.id.number,
            window: frame.say("count-days").with("count", window_days).to_string(),
            outcome: frame.say(message).to_string(),
            matures: frame.date(facts.closed_at.plus_days(i64::from(window_days))),
        }
    };
    WINDOWS_DAYS.into_iter().map(row).collect()
}

fn outcome_message(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::None => "outcome-none",
        Outcome::Explicit => "outcome-explicit",
        Outcome::Implicit => "outcome-implicit",
        Outcome::Induced => "outcome-induced",
        Outcome::Unrelated => "outcome-unrelated",
    }
}
