//! The words under which values of `outcome` stand in the tables, and a rule of it in these words.

use crate::outcome::{OPENING_SLACK_MS, Outcome, RecontactSource, Relation};

/// [`explains_opening`](crate::outcome::explains_opening) of a contact `c` and its ticket `t`.
pub(super) fn contact_explains_opening() -> String {
    format!(
        "((c.author = 'customer' AND (c.kind = 'substantive' OR c.occurred_at <= t.opened_at + {OPENING_SLACK_MS})) \
         OR (c.author = 'agent' AND c.occurred_at <= t.opened_at))"
    )
}

pub(super) fn source_word(source: RecontactSource) -> &'static str {
    match source {
        RecontactSource::Contact => "contact",
        RecontactSource::Ticket => "ticket",
        RecontactSource::Reopening => "reopening",
    }
}

pub(super) fn parse_source(word: &str) -> Option<RecontactSource> {
    [RecontactSource::Contact, RecontactSource::Ticket, RecontactSource::Reopening]
        .into_iter()
        .find(|source| source_word(*source) == word)
}

pub(super) fn parse_relation(word: &str) -> Option<Relation> {
    [Relation::Explicit, Relation::Implicit, Relation::Induced, Relation::Unrelated]
        .into_iter()
        .find(|relation| relation.as_str() == word)
}

pub(super) fn parse_outcome(word: &str) -> Option<Outcome> {
    [Outcome::None, Outcome::Explicit, Outcome::Implicit, Outcome::Induced, Outcome::Unrelated]
        .into_iter()
        .find(|outcome| outcome.as_str() == word)
}
