//! The messages that name what a follow-up is and what was done with it.

use crate::follow_up::{Action, FollowUpStatus};
use crate::outcome::ContactKind;
use crate::risk;
use crate::user::Language;

pub(in crate::dashboard) fn status_message(status: FollowUpStatus) -> &'static str {
    match status {
        FollowUpStatus::Waiting => "queue-waiting",
        // Never shown: the store tells of none.
        FollowUpStatus::HeldOut | FollowUpStatus::Suppressed => "queue-suppressed",
        FollowUpStatus::Claimed => "queue-claimed",
        FollowUpStatus::Done => "queue-done",
        FollowUpStatus::Snoozed => "queue-snoozed",
        FollowUpStatus::Disagreed => "queue-disagreed",
        FollowUpStatus::NotNeeded => "queue-not-needed",
        FollowUpStatus::Expired => "queue-expired",
    }
}

pub(in crate::dashboard) fn action_message(action: Action) -> &'static str {
    match action {
        Action::Enqueue => "step-enqueue",
        Action::Claim => "step-claim",
        Action::Release => "step-release",
        Action::Done => "step-done",
        Action::Snooze => "step-snooze",
        Action::Disagree => "step-disagree",
        Action::NotNeeded => "step-not-needed",
        Action::Expire => "step-expire",
        Action::Suppress => "step-suppress",
    }
}

pub(in crate::dashboard) fn band_message(band: &str) -> &'static str {
    match band {
        "high" => "band-high",
        "medium" => "band-medium",
        _ => "band-low",
    }
}

pub(in crate::dashboard) fn kind_message(kind: ContactKind) -> &'static str {
    match kind {
        ContactKind::Substantive => "kind-substantive",
        ContactKind::Thanks => "kind-thanks",
        ContactKind::AutoReply => "kind-auto-reply",
        ContactKind::Bounce => "kind-bounce",
        ContactKind::SurveyReply => "kind-survey-reply",
        ContactKind::Spam => "kind-spam",
        ContactKind::AgentCreated => "kind-agent-created",
    }
}

pub(in crate::dashboard) fn author_message(author: &str) -> &'static str {
    match author {
        "agent" => "author-agent",
        "system" => "author-system",
        _ => "author-customer",
    }
}

/// The language in which reasons are told.
pub(super) fn of_reasons(language: Language) -> risk::Language {
    match language {
        Language::En => risk::Language::En,
        Language::Ru => risk::Language::Ru,
        Language::Be => risk::Language::Be,
    }
}
