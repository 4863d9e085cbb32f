//! [`FollowUpStatus`]: what a follow-up is, and what may become of it.

use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;

/// What a follow-up is.
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    Serialize,
    Deserialize,
    utoipa::ToSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum FollowUpStatus {
    /// In the queue; nobody has taken it yet.
    Waiting,
    /// Of the control group: recorded, never shown, never contacted.
    HeldOut,
    /// Not to be made: the customer was or will be contacted often enough, or does not want it.
    Suppressed,
    /// Somebody works on it.
    Claimed,
    /// The customer was contacted.
    Done,
    /// Put off; it comes back by itself.
    Snoozed,
    /// A person does not share the assessment.
    Disagreed,
    /// A person knows that it is not needed.
    NotNeeded,
    /// Not made in time.
    Expired,
}

/// What changes a follow-up's status.
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    Serialize,
    Deserialize,
    utoipa::ToSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum Action {
    /// The closing put it into the queue (or held it out, or suppressed it).
    Enqueue,
    /// A person takes it.
    Claim,
    /// A person gives it back.
    Release,
    /// A person contacted the customer.
    Done,
    /// A person puts it off.
    Snooze,
    /// A person does not share the assessment.
    Disagree,
    /// A person knows that it is not needed.
    NotNeeded,
    /// Its time passed.
    Expire,
    /// The customer opted out, or was contacted often enough meanwhile.
    Suppress,
}

/// The text names no status.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("expected one of {expected}, got {text:?}", expected = FollowUpStatus::words())]
pub struct ParseStatusError {
    text: String,
}

impl FollowUpStatus {
    /// Every status.
    pub const ALL: [Self; 9] = [
        Self::Waiting,
        Self::HeldOut,
        Self::Suppressed,
        Self::Claimed,
        Self::Done,
        Self::Snoozed,
        Self::Disagreed,
        Self::NotNeeded,
        Self::Expired,
    ];

    /// The status after an action; `None` where the action is not possible. This is the whole table:
    ///
    /// | action | from | to |
    /// |---|---|---|
    /// | claim | waiting, snoozed | claimed |
    /// | release | claimed | waiting |
    /// | done | claimed, expired, suppressed | done |
    /// | snooze | waiting, snoozed, claimed | snoozed |
    /// | disagree | waiting, snoozed, claimed | disagreed |
    /// | not needed | waiting, snoozed, claimed | not needed |
    /// | expire | waiting, snoozed, claimed | expired |
    /// | suppress | waiting, snoozed, claimed | suppressed |
    ///
    /// Done from expired or suppressed is for whoever had claimed it and made the contact all the same: what happened must be
    /// recorded. Whoever calls this checks that it was claimed. Held out, done, disagreed and not needed are final.
    #[must_use]
    pub fn after(self, action: Action) -> Option<Self> {
        match (action, self) {
            (Action::Claim, Self::Waiting | Self::Snoozed) => Some(Self::Claimed),
            (Action::Release, Self::Claimed) => Some(Self::Waiting),
            (Action::Done, Self::Claimed | Self::Expired | Self::Suppressed) => Some(Self::Done),
            (Action::Snooze, open) if open.is_open() => Some(Self::Snoozed),
            (Action::Disagree, open) if open.is_open() => Some(Self::Disagreed),
            (Action::NotNeeded, open) if open.is_open() => Some(Self::NotNeeded),
            (Action::Expire, open) if open.is_open() => Some(Self::Expired),
            (Action::Suppress, open) if open.is_open() => Some(Self::Suppressed),
            _ => None,
        }
    }

    /// Whether something is still to be done: waiting, snoozed or claimed.
    #[must_use]
    pub fn is_open(self) -> bool {
        matches!(self, Self::Waiting | Self::Snoozed | Self::Claimed)
    }

    /// The word in requests, responses and the store.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::HeldOut => "held_out",
            Self::Suppressed => "suppressed",
            Self::Claimed => "claimed",
            Self::Done => "done",
            Self::Snoozed => "snoozed",
            Self::Disagreed => "disagreed",
            Self::NotNeeded => "not_needed",
            Self::Expired => "expired",
        }
    }

    fn words() -> String {
        Self::ALL.map(Self::as_str).join(", ")
    }
}

impl fmt::Display for FollowUpStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for FollowUpStatus {
    type Err = ParseStatusError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::ALL
            .into_iter()
            .find(|status| status.as_str() == text)
            .ok_or_else(|| ParseStatusError { text: text.to_owned() })
    }
}

impl Action {
    /// Every action.
    pub const ALL: [Self; 9] = [
        Self::Enqueue,
        Self::Claim,
        Self::Release,
        Self::Done,
        Self::Snooze,
        Self::Disagree,
        Self::NotNeeded,
        Self::Expire,
        Self::Suppress,
    ];

    /// The word in responses and the store.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Enqueue => "enqueue",
            Self::Claim => "claim",
            Self::Release => "release",
            Self::Done => "done",
            Self::Snooze => "snooze",
            Self::Disagree => "disagree",
            Self::NotNeeded => "not_needed",
            Self::Expire => "expire",
            Self::Suppress => "suppress",
        }
    }

    /// Reads [`Action::as_str`].
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|action| action.as_str() == text)
    }
}

impl fmt::Display for Action {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_status_and_action_is_read_as_it_is_written() {
        for status in FollowUpStatus::ALL {
            assert_eq!(status.as_str().parse(), Ok(status));
            assert_eq!(serde_json::to_value(status).unwrap(), status.as_str());
        }
        for action in Action::ALL {
            assert_eq!(Action::parse(action.as_str()), Some(action));
            assert_eq!(serde_json::to_value(action).unwrap(), action.as_str());
        }
        let error = "finished".parse::<FollowUpStatus>().unwrap_err().to_string();
        assert!(error.contains("not_needed") && error.contains("finished"), "{error}");
    }

    #[test]
    fn what_is_final_stays_and_only_open_ones_can_be_worked_on() {
        for status in FollowUpStatus::ALL {
            let possible: Vec<Action> =
                Action::ALL.into_iter().filter(|action| status.after(*action).is_some()).collect();
            match status {
                FollowUpStatus::Expired | FollowUpStatus::Suppressed => {
                    assert_eq!(possible, [Action::Done]);
                }
                open if open.is_open() => assert!(possible.len() >= 6, "{open}: {possible:?}"),
                end => assert_eq!(possible, [], "{end}"),
            }
        }
    }

    #[test]
    fn nothing_leads_into_the_control_group_and_done_needs_a_claim() {
        for status in FollowUpStatus::ALL {
            for action in Action::ALL {
                assert_ne!(status.after(action), Some(FollowUpStatus::HeldOut));
            }
        }
        assert_eq!(FollowUpStatus::Waiting.after(Action::Done), None);
        assert_eq!(FollowUpStatus::Claimed.after(Action::Claim), None);
    }
}
