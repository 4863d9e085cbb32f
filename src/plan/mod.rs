//! A plan against the next issue: what front-line staff say in every channel when a customer comes with a primary issue, so that
//! the customer need not come back with the next one, and which message follows when.
//!
//! Plans are proposed from the data ([`propose`]), edited by people, checked for the same answer in every channel
//! ([`consistency`], [`facts`]), reviewed every quarter and versioned: a change is a new version, and every version that was
//! active can be asked for what it did ([`effect`]). Nothing here reads a clock or a database.

pub mod consistency;
pub mod effect;
pub mod facts;
mod normal_text;
pub mod propose;

use crate::contact::Channel;
use crate::ticket::{IssueCategory, Name};
use crate::timestamp::Timestamp;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use utoipa::ToSchema;

/// The section `plans` of the configuration; explained in `config.default.toml`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PlanOptions {
    /// Days until a plan is to be looked at again.
    pub review_after_days: u32,
    /// Channels in which customers came within so many days must have an answer.
    pub channels_seen_days: u32,
    /// Most channels of a plan.
    pub channels: usize,
    /// Most characters of a text in a plan.
    pub text_chars: usize,
}

/// What a plan is in use for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum PlanStatus {
    /// A draft.
    Proposed,
    /// In use.
    Active,
    /// No longer in use.
    Retired,
}

/// What a plan says; one version of it is never changed.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
pub struct PlanContent {
    /// Who answers for it.
    pub owner: Option<Name>,
    /// Script or answer by channel.
    #[schema(value_type = BTreeMap<String, String>)]
    pub answers: BTreeMap<Channel, String>,
    /// The message that follows by itself; null for none.
    pub follow_up: Option<FollowUpMessage>,
    /// Secondary categories that it is to prevent.
    pub prevents: Vec<IssueCategory>,
    /// Anything else.
    pub notes: String,
}

/// A message after the close.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct FollowUpMessage {
    /// The text.
    pub message: String,
    /// Hours after the close, 0 to 720.
    pub send_after_hours: f64,
}

/// Longest time between a close and its follow-up message: the longest window in which outcomes are told.
pub const LONGEST_SEND_AFTER_HOURS: f64 = 720.0;

/// What stands where a person has to fill something in.
pub const FILL_IN: &str = "[…";

impl PlanOptions {
    /// Checks that the values make sense.
    ///
    /// # Errors
    /// The option and what was expected.
    pub fn validate(&self) -> Result<(), String> {
        let least = [
            ("review_after_days", u64::from(self.review_after_days)),
            ("channels_seen_days", u64::from(self.channels_seen_days)),
            ("channels", self.channels as u64),
            ("text_chars", self.text_chars as u64),
        ];
        match least.iter().find(|(_, value)| *value == 0) {
            Some((name, _)) => Err(format!("{name} must be at least 1")),
            None => Ok(()),
        }
    }
}

impl PlanStatus {
    /// The word in responses and the store.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Proposed => "proposed",
            Self::Active => "active",
            Self::Retired => "retired",
        }
    }

    /// The status of a word.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        [Self::Proposed, Self::Active, Self::Retired].into_iter().find(|one| one.as_str() == word)
    }

    /// Whether somebody has to look at a plan of this status whose review was due at `review_at`.
    #[must_use]
    pub fn is_overdue(self, review_at: Timestamp, now: Timestamp) -> bool {
        self != Self::Retired && now > review_at
    }
}

impl PlanContent {
    /// Every field that is not as expected, as a JSON pointer below the plan and what is wrong.
    #[must_use]
    pub fn faults(&self, category: &IssueCategory, options: &PlanOptions) -> Vec<(String, String)> {
        let mut faults = Vec::new();
        let mut check_text = |pointer: String, text: &str, may_be_empty: bool| {
            let chars = text.chars().count();
            if chars > options.text_chars {
                let most = options.text_chars;
                faults.push((pointer, format!("expected at most {most} characters, got {chars}")));
            } else if !may_be_empty && text.trim().is_empty() {
                faults.push((pointer, "expected a text, got white space only".to_owned()));
            }
        };
        for (channel, answer) in &self.answers {
            check_text(format!("answers/{}", escaped(channel.as_str())), answer, false);
        }
        if let Some(follow_up) = &self.follow_up {
            check_text("follow_up/message".to_owned(), &follow_up.message, false);
        }
        check_text("notes".to_owned(), &self.notes, true);
        if self.answers.len() > options.channels {
            let (most, count) = (options.channels, self.answers.len());
            faults.push(("answers".to_owned(), format!("expected at most {most}, got {count}")));
        }
        if let Some(FollowUpMessage { send_after_hours: hours, .. }) = &self.follow_up
            && !(0.0..=LONGEST_SEND_AFTER_HOURS).contains(hours)
        {
            let expected = format!("expected 0 to {LONGEST_SEND_AFTER_HOURS}, got {hours}");
            faults.push(("follow_up/send_after_hours".to_owned(), expected));
        }
        if let Some(index) = self.prevents.iter().position(|secondary| secondary == category) {
            let expected = "expected another category than the plan's own".to_owned();
            faults.push((format!("prevents/{index}"), expected));
        }
        faults
    }

    /// What must not be there when a plan is put into use: texts that still ask to be filled in, and nothing to say at all.
    #[must_use]
    pub fn activation_faults(&self) -> Vec<(String, String)> {
        let mut faults = Vec::new();
        if self.answers.is_empty() {
            let expected = "expected at least one channel with its answer".to_owned();
            faults.push(("answers".to_owned(), expected));
        }
        if self.owner.is_none() {
            faults.push(("owner".to_owned(), "expected who answers for the plan".to_owned()));
        }
        let answers = self
            .answers
            .iter()
            .map(|(channel, text)| (format!("answers/{}", escaped(channel.as_str())), text));
        let message =
            self.follow_up.iter().map(|one| ("follow_up/message".to_owned(), &one.message));
        for (pointer, text) in answers.chain(message) {
            if text.contains(FILL_IN) {
                let expected = format!("a part is still to be filled in: it has {FILL_IN:?}");
                faults.push((pointer, expected));
            }
        }
        faults
    }
}

/// A channel's name as part of a JSON pointer (RFC 6901).
fn escaped(name: &str) -> String {
    name.replace('~', "~0").replace('/', "~1")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name(text: &str) -> Name {
        Name::parse(text).unwrap()
    }

    const OPTIONS: PlanOptions =
        PlanOptions { review_after_days: 91, channels_seen_days: 90, channels: 2, text_chars: 20 };

    fn content() -> PlanContent {
        PlanContent {
            owner: Some(name("lead")),
            answers: [(name("email"), "Use the app.".to_owned())].into(),
            follow_up: Some(FollowUpMessage {
                message: "Did it work?".to_owned(),
                send_after_hours: 24.0,
            }),
            prevents: vec![name("pin")],
            notes: String::new(),
        }
    }

    #[test]
    fn every_field_that_is_not_as_expected_is_pointed_at() {
        assert_eq!(content().faults(&name("card"), &OPTIONS), []);
        let mut wrong = content();
        wrong.answers.insert(name("a/b"), "x".repeat(21));
        wrong.answers.insert(name("chat"), " ".to_owned());
        wrong.follow_up =
            Some(FollowUpMessage { message: "ok".to_owned(), send_after_hours: f64::NAN });
        wrong.prevents.push(name("card"));
        let pointers: Vec<_> =
            wrong.faults(&name("card"), &OPTIONS).into_iter().map(|(at, _)| at).collect();
        let expected =
            ["answers/a~1b", "answers/chat", "answers", "follow_up/send_after_hours", "prevents/1"];
        assert_eq!(pointers, expected);
    }

    #[test]
    fn a_plan_with_gaps_is_not_put_into_use() {
        assert_eq!(content().activation_faults(), []);
        let mut draft = content();
        draft.owner = None;
        draft.answers.insert(name("chat"), "Hello, […what to do]".to_owned());
        let pointers: Vec<_> = draft.activation_faults().into_iter().map(|(at, _)| at).collect();
        assert_eq!(pointers, ["owner", "answers/chat"]);
        assert_eq!(PlanContent::default().activation_faults()[0].0, "answers");
    }

    #[test]
    fn a_review_is_overdue_after_its_day_unless_the_plan_is_retired() {
        let due = Timestamp::from_millis(1000).unwrap();
        let later = Timestamp::from_millis(1001).unwrap();
        assert!(PlanStatus::Active.is_overdue(due, later));
        assert!(!PlanStatus::Active.is_overdue(due, due));
        assert!(!PlanStatus::Retired.is_overdue(due, later));
    }
}
