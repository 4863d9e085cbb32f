//! The words under which values of `outcome` stand in the tables.

use crate::outcome::{Outcome, RecontactSource, Relation};

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
