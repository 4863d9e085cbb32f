//! One follow-up: why it matters, what to say, what was written and done so far, and what can be done now.

use super::words::{action_message, band_message, of_reasons, status_message};
use super::{find, plain};
use crate::api::follow_up_view::{reasons, stored_answer};
use crate::dashboard::conversation::Conversation;
use crate::dashboard::customer;
use crate::dashboard::error::show;
use crate::dashboard::field::{SelectField, TextField};
use crate::dashboard::form::Faults;
use crate::dashboard::format::Shown;
use crate::dashboard::session::Viewer;
use crate::dashboard::ticket::path_of;
use crate::dashboard::{Frame, PageError};
use crate::follow_up::{Action, FollowUpStatus};
use crate::store::{FollowUpEvent, StoredFollowUp};
use crate::ticket::Name;
use crate::timestamp::Timestamp;
use actix_web::{HttpResponse, web};
use askama::Template;
use serde::Deserialize;

/// Channels that can be chosen when a follow-up is done.
pub(super) const CHANNELS: [&str; 3] = ["email", "phone", "chat"];

#[derive(Template)]
#[template(path = "queue_item.html")]
pub(super) struct ItemPage {
    frame: Frame,
    faults: Faults,
    conflict: Option<String>,
    csrf: String,
    ticket: String,
    customer: String,
    id: String,
    version: u32,
    state: String,
    facts: Vec<(String, String)>,
    times: Vec<(String, Shown)>,
    came_back: Option<Shown>,
    reasons: Vec<String>,
    expected: Vec<String>,
    message: Option<String>,
    answers: Vec<(String, String)>,
    plan: Option<String>,
    conversation: Conversation,
    history: Vec<HistoryRow>,
    can: Can,
    channel: SelectField,
    note: TextField,
    until: TextField,
    snooze_reason: TextField,
    reason: TextField,
}

struct HistoryRow {
    when: Shown,
    who: String,
    what: String,
    reason: String,
}

/// What can be done with it now.
struct Can(Vec<Action>);

/// A step, as typed.
#[derive(Default, Clone, Deserialize)]
pub(in crate::dashboard) struct StepForm {
    pub(super) version: String,
    #[serde(default)]
    pub(super) channel: String,
    #[serde(default)]
    pub(super) note: String,
    #[serde(default)]
    pub(super) until: String,
    #[serde(default)]
    pub(super) snooze_reason: String,
    #[serde(default)]
    pub(super) reason: String,
}

pub(in crate::dashboard) async fn show_item(
    viewer: Viewer,
    id: web::Path<String>,
) -> Result<HttpResponse, PageError> {
    let (follow_up, events) = find(&viewer, &id).await?;
    let typed = StepForm::default();
    show(&item_page(&viewer, follow_up, events, &typed, Faults::default(), None).await?)
}

/// Tells the script whether the follow-up is still as it was shown.
pub(in crate::dashboard) async fn tell_version(
    viewer: Viewer,
    id: web::Path<String>,
) -> Result<HttpResponse, PageError> {
    Ok(plain(state(&find(&viewer, &id).await?.0)))
}

fn state(follow_up: &StoredFollowUp) -> String {
    format!("{}:{}", follow_up.version, follow_up.status)
}

/// Whether somebody can take it, as far as it depends on the follow-up itself.
pub(super) fn can_claim(follow_up: &StoredFollowUp, now: Timestamp) -> bool {
    follow_up.status.after(Action::Claim).is_some() && follow_up.available_at <= now
}

impl Can {
    fn new(one: &StoredFollowUp, viewer: &Viewer) -> Self {
        let had = one.claimed_by.as_ref().map(Name::as_str) == Some(viewer.user.name.as_str());
        let is_possible = |action: &Action| match action {
            Action::Claim => can_claim(one, viewer.now),
            // What happened can be recorded after its time, too, by whoever had claimed it.
            Action::Done => {
                one.status == FollowUpStatus::Claimed
                    || (had && one.status.after(*action).is_some())
            }
            _ => one.status.after(*action).is_some(),
        };
        Self(Action::ALL.into_iter().filter(is_possible).collect())
    }

    fn has(&self, word: &str) -> bool {
        self.0.iter().any(|action| action.as_str() == word)
    }
}

/// What the model and the map of next issues said at the closing, in words: why, and what is to be expected when.
fn told(one: &StoredFollowUp, frame: &Frame) -> Result<(Vec<String>, Vec<String>), PageError> {
    let Some(answer) = stored_answer(one)? else { return Ok((Vec::new(), Vec::new())) };
    let next = answer.next_issue.as_ref().map(|next| {
        let said = frame
            .say("queue-next-issue")
            .with("category", next.category.as_str())
            .with("share", frame.percent(next.probability))
            .with("days", next.window_days)
            .with("when", frame.date_time(next.expected_at).text);
        said.to_string()
    });
    let repeat = answer.expected_repeat.as_ref().map(|repeat| {
        let said = frame
            .say("queue-expected-repeat")
            .with("share", frame.percent(repeat.rate))
            .with("days", repeat.window_days)
            .with("when", frame.date_time(repeat.expected_at).text);
        said.to_string()
    });
    let reasons = reasons(&answer.risk, of_reasons(frame.texts().language));
    Ok((reasons, next.into_iter().chain(repeat).collect()))
}

/// The page of a follow-up as it is now, with what was typed and why it was not done.
pub(super) async fn item_page(
    viewer: &Viewer,
    follow_up: StoredFollowUp,
    events: Vec<FollowUpEvent>,
    typed: &StepForm,
    faults: Faults,
    conflict: Option<String>,
) -> Result<ItemPage, PageError> {
    let app = &viewer.app;
    let ticket = &follow_up.episode.ticket;
    let title = viewer.frame("queue-title").say("queue-item-title").with("ticket", ticket.as_str());
    let frame = viewer.frame_named(&title.to_string());
    let plan = app.store.plan_in_use(&app.tenant, &follow_up.category).await?;
    let conversation = Conversation::of(viewer, &frame, ticket).await?;
    let channels =
        CHANNELS.map(|one| (one.to_owned(), frame.say(channel_message(one)).to_string()));
    let until = if typed.until.is_empty() {
        frame.moment_text(viewer.now.plus_days(1).min(follow_up.expires_at.plus_millis(-60_000)))
    } else {
        typed.until.clone()
    };
    let reasoned = |name, label| TextField::new(name, frame.say(label), "off");
    let (reasons, expected) = told(&follow_up, &frame)?;
    Ok(ItemPage {
        csrf: viewer.csrf.clone(),
        ticket: path_of(ticket),
        customer: customer::path_of(&follow_up.customer),
        id: follow_up.id.to_string(),
        version: follow_up.version,
        state: state(&follow_up),
        facts: facts(&follow_up, &frame),
        times: times(&follow_up, &frame),
        came_back: follow_up.came_back_at.map(|at| frame.date_time(at)),
        reasons,
        expected,
        message: plan.as_ref().and_then(|plan| {
            plan.content.follow_up.as_ref().map(|follow_up| follow_up.message.clone())
        }),
        answers: plan.as_ref().map_or_else(Vec::new, |plan| {
            let pairs = plan.content.answers.iter();
            pairs.map(|(channel, text)| (channel.to_string(), text.clone())).collect()
        }),
        plan: plan.as_ref().map(|plan| {
            let owner = plan.content.owner.as_ref().map_or("–", Name::as_str);
            let said = frame.say("queue-plan").with("version", plan.version).with("owner", owner);
            said.to_string()
        }),
        conversation,
        history: events.into_iter().map(|event| history_row(event, &frame)).collect(),
        can: Can::new(&follow_up, viewer),
        channel: SelectField::new("channel", frame.say("queue-channel"), channels, &typed.channel),
        note: reasoned("note", "queue-note")
            .optional()
            .with_value(&typed.note)
            .with_faults(&faults),
        until: TextField::moment("until", frame.say("queue-until"))
            .with_value(&until)
            .with_faults(&faults),
        snooze_reason: reasoned("snooze_reason", "queue-reason")
            .optional()
            .with_value(&typed.snooze_reason)
            .with_faults(&faults),
        reason: reasoned("reason", "queue-reason")
            .with_hint(frame.say("queue-reason-hint"))
            .with_value(&typed.reason)
            .with_faults(&faults),
        frame,
        faults,
        conflict,
    })
}

fn facts(one: &StoredFollowUp, frame: &Frame) -> Vec<(String, String)> {
    let mut facts = vec![
        (frame.say("queue-state").to_string(), frame.say(status_message(one.status)).to_string()),
        (frame.say("category").to_string(), one.category.to_string()),
        (frame.say("queue-probability").to_string(), frame.percent(one.probability)),
    ];
    let mut add = |label: &'static str, value: Option<String>| {
        facts.extend(value.map(|value| (frame.say(label).to_string(), value)));
    };
    add("queue-band", one.band.as_deref().map(|band| frame.say(band_message(band)).to_string()));
    add("user-team", one.team.as_ref().map(ToString::to_string));
    add("queue-claimed-by", one.claimed_by.as_ref().map(ToString::to_string));
    add("queue-model", one.model_version.clone());
    facts
}

fn times(one: &StoredFollowUp, frame: &Frame) -> Vec<(String, Shown)> {
    let mut times = vec![
        (frame.say("queue-due").to_string(), frame.date_time(one.due_at)),
        (frame.say("queue-available").to_string(), frame.date_time(one.available_at)),
        (frame.say("queue-expires").to_string(), frame.date_time(one.expires_at)),
    ];
    times.extend(
        one.closed_at.map(|at| (frame.say("queue-closed").to_string(), frame.date_time(at))),
    );
    times
}

fn history_row(event: FollowUpEvent, frame: &Frame) -> HistoryRow {
    HistoryRow {
        when: frame.date_time(event.occurred_at),
        who: event.author.to_string(),
        what: frame.say(action_message(event.action)).to_string(),
        reason: event.reason.map(|one| one.to_string()).unwrap_or_default(),
    }
}

fn channel_message(channel: &str) -> &'static str {
    match channel {
        "phone" => "channel-phone",
        "chat" => "channel-chat",
        _ => "channel-email",
    }
}
