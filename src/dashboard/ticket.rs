//! `/tickets/{id}`: everything that is known of one ticket in order of time, what was predicted, what people said, and what became of
//! it. For those who may see personal data.

mod similar;

use self::similar::SimilarCases;
use super::conversation::{CONTACTS, Conversation};
use super::customer;
use super::error::show;
use super::format::escaped;
use super::queue::words::{action_message, author_message, kind_message, status_message};
use super::session::Viewer;
use super::table::{Cell, Column, Export, Table};
use super::timeline::{self, Event, outcome_message, risk_in_words};
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
    customer_path: String,
    follow_ups: Vec<(String, String)>,
    conversation: Conversation,
    timeline: Table,
    outcomes: Table,
    similar: SimilarCases,
}

pub(super) async fn show_ticket(
    viewer: Viewer,
    id: web::Path<String>,
    export: Export,
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
    let mut timeline = vec![Event::new(&frame, ticket.opened_at, "ticket-opened")];
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
            frame.say(outcome_message(Some(correction.outcome))),
            correction.reason
        ),
        ..Event::new(&frame, correction.recorded_at, "ticket-corrected")
    }));
    timeline.sort_by_key(|event| event.at);
    let caption = frame.say("ticket-events").with("count", timeline.len());
    let events = timeline::of_ticket(&frame, caption.to_string(), &timeline);
    let mut similar = similar::find(&viewer, &ticket, &frame).await?;
    similar.others = similar.others.map(|table| table.with_files(&export));
    similar.same = similar.same.map(|table| table.with_files(&export));
    let page = TicketPage {
        conversation: Conversation::new(
            &frame,
            app.settings.conversations,
            &contacts,
            &ticket_texts,
            now,
        ),
        facts: facts(&ticket, &frame),
        customer: ticket.customer.to_string(),
        customer_path: customer::path_of(&ticket.customer),
        follow_ups: follow_ups.iter().map(|(one, _)| link(one, &frame)).collect(),
        timeline: events.with_files(&export),
        outcomes: outcomes_table(&frame, &outcomes, now).with_files(&export),
        similar,
        frame,
    };
    let found = [page.similar.others.as_ref(), page.similar.same.as_ref()];
    let tables = [&page.timeline, &page.outcomes].into_iter().chain(found.into_iter().flatten());
    match export.answer(&viewer, tables).await? {
        Some(file) => Ok(file),
        None => show(&page),
    }
}

/// A ticket that the viewer may see. One of another team, or none at all, is answered alike.
async fn find(viewer: &Viewer, id: &str) -> Result<StoredTicket, PageError> {
    let app = &viewer.app;
    let found = match Name::parse(id) {
        Ok(id) => app.store.ticket(&app.tenant, &id).await?,
        Err(_) => None,
    };
    let is_own =
        |ticket: &StoredTicket| viewer.user.position.may_see_team(ticket.details.team.as_ref());
    match found {
        Some(ticket) if is_own(&ticket) => Ok(ticket),
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

fn of_contact(contact: &ToldContact, frame: &Frame) -> Event {
    let category = contact.category.as_ref().map_or("–", Name::as_str);
    let said = frame
        .say("ticket-classified")
        .with("category", category)
        .with("model", contact.model_version.as_str());
    Event {
        who: frame.say(author_message(&contact.author)).to_string(),
        details: said.to_string(),
        ..Event::new(frame, contact.occurred_at, kind_message(contact.kind))
    }
}

fn of_closing(one: &AssessedEpisode, frame: &Frame) -> Event {
    let said = one.assessment.as_ref();
    let said = said.map(|said| (said.probability, &*said.band, &*said.model_version));
    let details = risk_in_words(frame, said);
    Event { details, ..Event::new(frame, one.episode.facts.closed_at, "ticket-closed") }
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
        ..Event::new(frame, feedback.said.occurred_at, "ticket-feedback")
    }
}

fn of_step(step: &FollowUpEvent, frame: &Frame) -> Event {
    let what = frame.say(action_message(step.action));
    Event {
        who: step.author.to_string(),
        what: frame.say("ticket-step").with("what", what).to_string(),
        details: step.reason.as_ref().map(ToString::to_string).unwrap_or_default(),
        ..Event::new(frame, step.occurred_at, "queue-title")
    }
}

fn link(one: &StoredFollowUp, frame: &Frame) -> (String, String) {
    (format!("/queue/{}", one.id), frame.say(status_message(one.status)).to_string())
}

/// What counts in each window, as the API tells it: the last correction, else what was derived; nothing while it is not over.
fn outcomes_table(frame: &Frame, outcomes: &[EpisodeOutcomes], now: Timestamp) -> Table {
    let columns = vec![
        Column::number(frame.say("ticket-episode")),
        Column::text(frame.say("ticket-window")),
        Column::text(frame.say("ticket-outcome")),
        Column::text(frame.say("ticket-matures")),
    ];
    let rows = outcomes.iter().flat_map(|one| {
        let closed_at = one.episode.facts.closed_at;
        WINDOWS_DAYS.map(|window_days| {
            let derived = Outcome::of(&one.recontacts, closed_at, window_days, now);
            let derived = derived.map(|(outcome, _)| outcome);
            let counts = effective(derived, &one.corrections, window_days);
            vec![
                Cell::count(frame, u64::from(one.episode.facts.id.number)),
                Cell::text(frame.say("count-days").with("count", window_days)),
                Cell::text(frame.say(outcome_message(counts.map(|counts| counts.outcome)))),
                Cell::day_of(frame, closed_at.plus_days(i64::from(window_days))),
            ]
        })
    });
    Table::new("outcomes", frame.say("ticket-outcomes-by-window"), columns).with_rows(rows)
}
