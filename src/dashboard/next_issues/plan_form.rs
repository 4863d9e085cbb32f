//! The form of a plan: as it is shown, as it was typed, and from that the next version or what is wrong with it.

use super::plans::{language, status_message};
use crate::dashboard::field::{SelectField, TextArea, TextField};
use crate::dashboard::form::Faults;
use crate::dashboard::session::Viewer;
use crate::dashboard::{Frame, PageError};
use crate::plan::consistency::{ChannelSeen, check};
use crate::plan::{
    FILL_IN, FollowUpMessage, LONGEST_SEND_AFTER_HOURS, PlanContent, PlanOptions, PlanStatus,
};
use crate::store::StoredPlan;
use crate::ticket::{IssueCategory, Name};
use std::collections::BTreeMap;

/// A plan as typed.
#[derive(Default, Clone)]
pub(super) struct Typed {
    pub(super) category: String,
    /// The version that it is written on.
    pub(super) version: String,
    status: String,
    owner: String,
    /// Channel and answer.
    answers: Vec<(String, String)>,
    message: String,
    hours: String,
    prevents: String,
    notes: String,
    review: String,
    is_accepted: bool,
    reason: String,
}

/// The fields as they are shown.
pub(super) struct PlanForm {
    pub(super) version: String,
    pub(super) status: SelectField,
    pub(super) owner: TextField,
    pub(super) answers: Vec<(String, String)>,
    pub(super) message: TextArea,
    pub(super) hours: TextField,
    pub(super) prevents: TextArea,
    pub(super) notes: TextArea,
    pub(super) review: TextField,
    pub(super) is_accepted: bool,
    pub(super) reason: TextArea,
}

impl Typed {
    pub(super) fn of_form(fields: &BTreeMap<String, String>) -> Self {
        // Browsers send the ends of lines as CR LF.
        let field = |name: &str| {
            fields.get(name).map(|text| text.replace("\r\n", "\n")).unwrap_or_default()
        };
        let rows = (0..).map_while(|index| {
            fields.get(&format!("channel-{index}"))?;
            Some((field(&format!("channel-{index}")), field(&format!("answer-{index}"))))
        });
        Self {
            category: field("category"),
            version: field("version"),
            status: field("status"),
            owner: field("owner"),
            answers: rows.collect(),
            message: field("message"),
            hours: field("send_after_hours"),
            prevents: field("prevents"),
            notes: field("notes"),
            review: field("review_at"),
            is_accepted: fields.contains_key("accept"),
            reason: field("reason"),
        }
    }

    /// The newest version, with the channels in which customers come and that have no answer.
    pub(super) fn of_plan(frame: &Frame, plan: Option<&StoredPlan>, seen: &[ChannelSeen]) -> Self {
        let content = plan.map(|plan| plan.content.clone()).unwrap_or_default();
        let follow_up = content.follow_up.as_ref();
        let unanswered =
            seen.iter().map(|one| &one.channel).filter(|one| !content.answers.contains_key(*one));
        let unanswered: Vec<_> =
            unanswered.map(|channel| (channel.to_string(), String::new())).collect();
        let answered = content.answers.iter().map(|(one, text)| (one.to_string(), text.clone()));
        let prevents: Vec<&str> = content.prevents.iter().map(Name::as_str).collect();
        Self {
            version: plan.map_or(0, |plan| plan.version).to_string(),
            status: plan.map_or(PlanStatus::Proposed, |plan| plan.status).as_str().to_owned(),
            owner: content.owner.as_ref().map(ToString::to_string).unwrap_or_default(),
            answers: answered.chain(unanswered).collect(),
            message: follow_up.map(|one| one.message.clone()).unwrap_or_default(),
            hours: follow_up.map(|one| one.send_after_hours.to_string()).unwrap_or_default(),
            prevents: prevents.join("\n"),
            notes: content.notes.clone(),
            review: plan
                .map(|plan| frame.moment_text(plan.review_at).chars().take(10).collect())
                .unwrap_or_default(),
            ..Self::default()
        }
    }
}

impl Typed {
    /// The same, written on another version.
    pub(super) fn on_version(self, version: u32) -> Self {
        Self { version: version.to_string(), ..self }
    }
}

impl PlanForm {
    pub(super) fn new(frame: &Frame, typed: Typed, options: &PlanOptions, faults: &Faults) -> Self {
        let statuses = [PlanStatus::Proposed, PlanStatus::Active, PlanStatus::Retired];
        let statuses = statuses
            .map(|one| (one.as_str().to_owned(), String::from(frame.say(status_message(one)))));
        let is_said = |(channel, text): &(String, String)| !(channel.is_empty() && text.is_empty());
        // One more for another channel.
        let more = [(String::new(), String::new())];
        let days = frame.say("plan-review-hint").with("days", options.review_after_days);
        let optional =
            |name, label: &'static str| TextField::new(name, frame.say(label), "off").optional();
        let area = |name, label: &'static str| TextArea::new(name, frame.say(label));
        Self {
            status: SelectField::new("status", frame.say("plan-status"), statuses, &typed.status),
            owner: optional("owner", "plan-owner").with_value(&typed.owner).with_faults(faults),
            answers: typed.answers.into_iter().filter(is_said).chain(more).collect(),
            message: area("message", "plan-message").with_value(&typed.message).with_faults(faults),
            hours: optional("send_after_hours", "plan-hours")
                .with_value(&typed.hours)
                .with_faults(faults),
            prevents: area("prevents", "plan-prevents")
                .with_hint(frame.say("plan-prevents-hint"))
                .with_value(&typed.prevents)
                .with_faults(faults),
            notes: area("notes", "plan-notes").with_value(&typed.notes).with_faults(faults),
            review: TextField::day("review_at", frame.say("plan-review"))
                .with_hint(days)
                .with_value(&typed.review)
                .with_faults(faults),
            reason: area("reason", "plan-reason").with_value(&typed.reason).with_faults(faults),
            is_accepted: typed.is_accepted,
            version: typed.version,
        }
    }
}

/// The next version as it was typed; `None` where something is wrong, which is noted.
pub(super) fn parse(
    typed: &Typed,
    category: IssueCategory,
    author: Name,
    seen: &[ChannelSeen],
    viewer: &Viewer,
    frame: &Frame,
    faults: &mut Faults,
) -> Result<Option<StoredPlan>, PageError> {
    let unreadable = |what: &str| PageError::UnreadableForm(what.to_owned());
    let options = &viewer.app.settings.plans;
    let written_on: Option<u32> = typed.version.parse().ok();
    let version = written_on.and_then(|version| version.checked_add(1));
    let version = version.ok_or_else(|| unreadable("no version"))?;
    let status = PlanStatus::parse(&typed.status).ok_or_else(|| unreadable("unknown status"))?;
    let content = content(typed, frame, faults);
    let mut wrong = content.faults(&category, options);
    if status == PlanStatus::Active {
        wrong.extend(content.activation_faults());
    }
    for (pointer, _) in wrong {
        note(field_of(&pointer), options, frame, faults);
    }
    let review_at = match typed.review.trim() {
        "" => Some(viewer.now.plus_days(i64::from(options.review_after_days))),
        day => frame.end_of_day(day).filter(|at| *at > viewer.now),
    };
    if review_at.is_none() {
        faults.add("review_at", frame.say("plan-fault-review"));
    }
    let reason = Some(typed.reason.trim()).filter(|reason| !reason.is_empty());
    if reason.is_some_and(|reason| reason.chars().count() > options.text_chars) {
        note("reason", options, frame, faults);
    }
    if faults.is_empty() && status == PlanStatus::Active {
        let consistency = check(&content.answers, seen, language(frame));
        if !consistency.ok && !typed.is_accepted {
            for finding in consistency.findings {
                faults.add("answers", finding.detail);
            }
            faults.add("accept", frame.say("plan-fault-accept"));
        } else if !consistency.ok && reason.is_none() {
            faults.add("reason", frame.say("plan-fault-reason"));
        }
    }
    let Some(review_at) = review_at.filter(|_| faults.is_empty()) else { return Ok(None) };
    let accepted_because = reason.filter(|_| typed.is_accepted).map(str::to_owned);
    let created_at = viewer.now;
    Ok(Some(StoredPlan {
        category,
        version,
        status,
        author,
        created_at,
        review_at,
        content,
        accepted_because,
    }))
}

/// What the plan says; names that are none are noted and left out.
fn content(typed: &Typed, frame: &Frame, faults: &mut Faults) -> PlanContent {
    let expected = || frame.say("fault-name").with("most", Name::MAX_CHARS);
    let mut answers = BTreeMap::new();
    for (channel, text) in typed.answers.iter().filter(|(_, text)| !text.trim().is_empty()) {
        let Some(channel) =
            faults.note("answers", Name::parse(channel), || frame.say("plan-fault-channel"))
        else {
            continue;
        };
        if answers.insert(channel, text.trim().to_owned()).is_some() {
            faults.add("answers", frame.say("plan-fault-channel"));
        }
    }
    let owner = Some(typed.owner.trim()).filter(|owner| !owner.is_empty());
    let owner = owner.and_then(|owner| faults.note("owner", Name::parse(owner), expected));
    let lines = typed.prevents.lines().map(str::trim).filter(|line| !line.is_empty());
    let prevents = lines.filter_map(|line| faults.note("prevents", Name::parse(line), expected));
    let prevents = prevents.collect();
    let (message, hours) = (typed.message.trim(), typed.hours.trim());
    let follow_up = (!message.is_empty() || !hours.is_empty()).then(|| FollowUpMessage {
        message: message.to_owned(),
        // What is no number is not between the bounds either.
        send_after_hours: hours.replace(',', ".").parse().unwrap_or(f64::NAN),
    });
    PlanContent { owner, answers, follow_up, prevents, notes: typed.notes.clone() }
}

/// The field of the form that a pointer below a plan is about.
fn field_of(pointer: &str) -> &'static str {
    match pointer.split('/').next() {
        Some("answers") => "answers",
        Some("owner") => "owner",
        Some("prevents") => "prevents",
        Some("follow_up") if pointer.ends_with("send_after_hours") => "send_after_hours",
        Some("follow_up") => "message",
        _ => "notes",
    }
}

/// Notes once what a field expects.
fn note(field: &'static str, options: &PlanOptions, frame: &Frame, faults: &mut Faults) {
    if faults.of(field).is_some() {
        return;
    }
    let chars = options.text_chars;
    let expected = match field {
        "answers" => frame
            .say("plan-fault-answers")
            .with("channels", options.channels)
            .with("chars", chars)
            .with("gap", FILL_IN),
        "owner" => frame.say("plan-fault-owner"),
        "prevents" => frame.say("plan-fault-prevents"),
        "send_after_hours" => {
            frame.say("plan-fault-hours").with("most", frame.decimal(LONGEST_SEND_AFTER_HOURS, 0))
        }
        "message" => frame.say("plan-fault-message").with("chars", chars).with("gap", FILL_IN),
        _ => frame.say("plan-fault-text").with("chars", chars),
    };
    faults.add(field, expected);
}
