//! What happened on one local day, counted: [`count`] turns [`DayFacts`] into [`Cells`]. Knows neither clock nor database.
//!
//! Each day is counted five times: as a whole, and by team, category, channel and segment. So a figure of any slice is a sum
//! over days, and a day that has changed is counted anew without touching another one.

use super::closings::Score;
use super::flagged::Flagged;
use super::measure::Values;
use super::tally::{Column, Tally};
use crate::outcome::{Outcome, Relation, WINDOWS_DAYS};
use crate::risk::report::ReasonTally;
use crate::ticket::TicketDetails;
use crate::timestamp::{DAY_MS, Timestamp};
use base64::Engine;
use base64::engine::general_purpose::STANDARD_NO_PAD as BASE64;
use std::collections::BTreeMap;

/// By what is counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Dimension {
    /// Not divided.
    All,
    /// By the team that closed it.
    Team,
    /// By category.
    Category,
    /// By the channel through which the customer came.
    Channel,
    /// By the customer's declared segment.
    Segment,
}

impl Dimension {
    /// Every dimension.
    pub const ALL: [Self; 5] =
        [Self::All, Self::Team, Self::Category, Self::Channel, Self::Segment];

    /// The word in addresses and in the store.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::All => "all",
            Self::Team => "team",
            Self::Category => "category",
            Self::Channel => "channel",
            Self::Segment => "segment",
        }
    }

    /// The dimension of a word.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|dimension| dimension.as_str() == word)
    }
}

/// To which slices something belongs; what is not known is empty.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[expect(missing_docs, reason = "the dimensions, each explained there")]
pub struct Labels {
    pub team: String,
    pub category: String,
    pub channel: String,
    pub segment: String,
}

impl Labels {
    fn get(&self, dimension: Dimension) -> &str {
        match dimension {
            Dimension::All => "",
            Dimension::Team => &self.team,
            Dimension::Category => &self.category,
            Dimension::Channel => &self.channel,
            Dimension::Segment => &self.segment,
        }
    }
}

/// A later contact of the same person.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Return {
    /// Milliseconds after the close.
    pub gap_ms: i64,
    /// How it relates to the episode.
    pub relation: Relation,
    /// Whether it came through another channel than the episode, both being known.
    pub is_other_channel: bool,
}

/// An episode that was closed on the day.
#[derive(Debug, Clone, PartialEq)]
pub struct EpisodeFact {
    /// Its slices.
    pub labels: Labels,
    /// A number for the person, the same for all of their episodes.
    pub person: u64,
    /// Who came back, as derived.
    pub returns: Vec<Return>,
    /// What a person says instead, and how long after, where they know.
    pub correction: Option<(Outcome, Option<i64>)>,
    /// The ticket, where this is the last closing of a ticket that is closed.
    pub ticket: Option<TicketFact>,
    /// When it was closed.
    pub closed_at: Timestamp,
    /// What the risk model said.
    pub score: Option<Score>,
    /// That it was flagged, where it was.
    pub flagged: Option<Flagged>,
}

/// A closed ticket.
#[derive(Debug, Clone, PartialEq)]
pub struct TicketFact {
    /// When it was first opened.
    pub opened_at: Timestamp,
    /// When it was last closed.
    pub closed_at: Timestamp,
    /// How often it was opened again.
    pub reopens: u32,
    /// What the helpdesk says of it.
    pub details: TicketDetails,
}

/// Everything of a day.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct DayFacts {
    /// Episodes closed.
    pub episodes: Vec<EpisodeFact>,
    /// Slices of the tickets that were opened, as they are now.
    pub opened: Vec<Labels>,
    /// The same of those opened again.
    pub reopened: Vec<Labels>,
    /// The same of those closed, each closing by itself.
    pub closed: Vec<Labels>,
    /// Slices of customers' contacts.
    pub contacts: Vec<Labels>,
    /// What raised the risk of the episodes that were assessed, by team and version of the risk model.
    pub reasons: BTreeMap<(String, String), ReasonTally>,
}

/// What is counted of a day in one slice.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Cell {
    /// Counts and sums.
    pub tally: Tally,
    /// Whole seconds to the first answer.
    pub responses: Vec<u64>,
    /// Whole seconds to the closing.
    pub resolutions: Vec<u64>,
    /// The persons with an episode, and in which windows they came back: bits in the order of the windows.
    pub persons: Persons,
}

/// Persons by number, each with the windows in which they came back: bits in the order of the windows, in the place of the
/// number's last ones. What is left of a number is enough to tell persons apart.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Persons(Vec<u64>);

/// The bits that say in which windows somebody came back.
const WINDOW_BITS: u64 = (1 << WINDOWS_DAYS.len()) - 1;

impl Persons {
    /// Adds a person, or windows to one that is known.
    pub fn add(&mut self, person: u64, windows: u8) {
        self.0.push(person & !WINDOW_BITS | u64::from(windows) & WINDOW_BITS);
    }

    fn add_all(&mut self, others: &Self) {
        self.0.extend(&others.0);
    }

    /// Puts each person once, in the order of their numbers. What was read of many days lies in runs that are in order already, which
    /// a stable sort only has to merge.
    fn merge(&mut self) {
        self.0.sort();
        self.0.dedup_by(|other, kept| {
            let is_same = (*other ^ *kept) & !WINDOW_BITS == 0;
            *kept |= if is_same { *other & WINDOW_BITS } else { 0 };
            is_same
        });
    }

    /// How many persons there are, and how many of them came back within the window of this place.
    pub fn count(&mut self, window: usize) -> (u64, u64) {
        self.merge();
        let came = self.0.iter().filter(|person| (*person >> window) & 1 == 1).count();
        (self.0.len() as u64, came as u64)
    }
}

/// The cells of a day by dimension and label.
pub type Cells = BTreeMap<(Dimension, String), Cell>;

/// Counts a day.
#[must_use]
pub fn count(facts: &DayFacts) -> Cells {
    let mut cells = Cells::new();
    for episode in &facts.episodes {
        let mut one = Cell::default();
        one.add_episode(episode);
        if let Some(ticket) = &episode.ticket {
            one.add_ticket(ticket);
        }
        each_slice(&mut cells, &episode.labels, |cell| cell.add(&one));
    }
    let flows = [
        (&facts.opened, Column::Opened),
        (&facts.reopened, Column::Reopened),
        (&facts.closed, Column::Closed),
        (&facts.contacts, Column::Contacts),
    ];
    for (labels, column) in flows {
        for labels in labels {
            each_slice(&mut cells, labels, |cell| cell.tally.add(column, 1.0));
        }
    }
    cells
}

fn each_slice(cells: &mut Cells, labels: &Labels, mut change: impl FnMut(&mut Cell)) {
    for dimension in Dimension::ALL {
        let label = labels.get(dimension).to_owned();
        change(cells.entry((dimension, label)).or_default());
    }
}

impl EpisodeFact {
    /// The outcome that counts within a window, whether it is over or not.
    #[must_use]
    pub fn outcome(&self, window_days: u32) -> Outcome {
        let window_ms = i64::from(window_days) * DAY_MS;
        match self.correction {
            Some((_, Some(gap))) if gap > window_ms => Outcome::None,
            Some((outcome, _)) => outcome,
            None => {
                let within = self.returns.iter().filter(|came| came.gap_ms <= window_ms);
                within.map(|came| came.relation).min().map_or(Outcome::None, Outcome::from)
            }
        }
    }

    /// Whether the customer came back with anything at all: also where a correction is about another return, after the window.
    fn came_at_all(&self, window_days: u32) -> bool {
        let window_ms = i64::from(window_days) * DAY_MS;
        match self.correction {
            Some((Outcome::None, _)) => false,
            Some(_) if self.outcome(window_days) != Outcome::None => true,
            _ => self.returns.iter().any(|came| came.gap_ms <= window_ms),
        }
    }

    /// Whether the customer came back with the same issue through the same channel.
    fn came_same_way(&self, window_days: u32) -> bool {
        if self.correction.is_some() {
            return self.outcome(window_days) == Outcome::Explicit;
        }
        let window_ms = i64::from(window_days) * DAY_MS;
        self.returns.iter().any(|came| {
            came.gap_ms <= window_ms
                && came.relation == Relation::Explicit
                && !came.is_other_channel
        })
    }
}

impl Cell {
    /// Adds another cell of the same slice.
    pub fn add(&mut self, other: &Self) {
        self.tally += &other.tally;
        self.responses.extend(&other.responses);
        self.resolutions.extend(&other.resolutions);
        self.persons.add_all(&other.persons);
    }

    fn add_episode(&mut self, episode: &EpisodeFact) {
        self.tally.add(Column::Episodes, 1.0);
        let mut windows = 0;
        for (index, days) in WINDOWS_DAYS.into_iter().enumerate() {
            let outcome = episode.outcome(days);
            match outcome {
                Outcome::Explicit => self.tally.add_at(Column::Explicit1, index),
                Outcome::Implicit => self.tally.add_at(Column::Implicit1, index),
                _ => {}
            }
            windows |= u8::from(outcome.is_repeat()) << index;
            if episode.came_same_way(days) {
                self.tally.add_at(Column::SameChannel1, index);
            }
        }
        self.tally.add_if(Column::AnyContact7, episode.came_at_all(7));
        self.persons.add(episode.person, windows);
    }

    fn add_ticket(&mut self, ticket: &TicketFact) {
        let (tally, details) = (&mut self.tally, &ticket.details);
        tally.add(Column::Tickets, 1.0);
        if let Some(resolved) = details.first_contact_resolved {
            tally.add(Column::FirstContactKnown, 1.0);
            tally.add_if(Column::FirstContactResolved, resolved);
            tally.add_if(Column::NetUnresolvable, details.first_level_resolvable == Some(false));
            if details.first_level_resolvable == Some(true) {
                tally.add(Column::NetKnown, 1.0);
                tally.add_if(Column::NetResolved, resolved);
            }
        }
        if let Some(replies) = details.agent_replies {
            tally.add(Column::RepliesKnown, 1.0);
            tally.add_if(Column::AtMostOneReply, replies <= 1);
            tally.add_if(Column::OneReply, replies == 1);
        }
        if let Some(agents) = details.agents_involved {
            tally.add(Column::AgentsKnown, 1.0);
            let reopens = details.reopens.unwrap_or(0).max(ticket.reopens);
            tally.add_if(Column::OneCloser, agents == 1 && reopens == 0);
        }
        if let Some(resolved) = details.survey_resolved {
            tally.add(Column::SurveyKnown, 1.0);
            tally.add_if(Column::SurveyResolved, resolved);
        }
        if let Some(met) = details.sla_met {
            tally.add(Column::SlaKnown, 1.0);
            tally.add_if(Column::SlaMet, met);
        }
        add_csat(tally, details);
        if let Some(nps) = details.nps {
            tally.add(Column::NpsKnown, 1.0);
            tally.add_if(Column::NpsPromoters, nps >= 9);
            tally.add_if(Column::NpsDetractors, nps <= 6);
        }
        if let Some(seconds) = details.handling_s.map(f64::from) {
            tally.add(Column::HandlingKnown, 1.0);
            tally.add(Column::HandlingSum, seconds);
            tally.add(Column::HandlingSquares, seconds * seconds);
        }
        if let (Some(cost), Some(contacts)) = (details.handling_cost, details.messages_in) {
            let contacts = f64::from(contacts);
            tally.add(Column::CostKnown, 1.0);
            tally.add(Column::CostSum, cost);
            tally.add(Column::CostSquares, cost * cost);
            tally.add(Column::CostContacts, contacts);
            tally.add(Column::CostContactsSquares, contacts * contacts);
            tally.add(Column::CostProducts, cost * contacts);
        }
        let seconds = |until: Timestamp| {
            u64::try_from((until.millis() - ticket.opened_at.millis()).div_euclid(1000)).ok()
        };
        // An answer before the question tells nothing.
        if let Some(response) = details.first_response_at.and_then(seconds) {
            tally.add(Column::ResponseKnown, 1.0);
            self.responses.push(response);
        }
        self.resolutions.extend(seconds(ticket.closed_at));
    }
}

/// The part of the scale from which on an answer is a satisfied one.
const SATISFIED: f64 = 0.75;

fn add_csat(tally: &mut Tally, details: &TicketDetails) {
    let Some(csat) = details.csat else { return };
    let (Some(lowest), Some(highest)) = (details.csat_lowest, details.csat_highest) else {
        tally.add(Column::CsatWithoutScale, 1.0);
        return;
    };
    let is_satisfied = csat >= lowest + SATISFIED * (highest - lowest);
    tally.add(Column::CsatKnown, 1.0);
    tally.add_if(Column::CsatSatisfied, is_satisfied);
    match details.messages_in {
        None | Some(0) => tally.add(Column::CsatWithoutContacts, 1.0),
        Some(contacts) => {
            let place = usize::try_from(contacts.min(4)).unwrap_or(4) - 1;
            tally.add_at(Column::CsatKnown1, place);
            if is_satisfied {
                tally.add_at(Column::CsatSatisfied1, place);
            }
        }
    }
}

impl Cell {
    /// Values as they are stored, in bytes as base64: whole numbers in rising order as differences of seven bits a byte, or persons
    /// with their windows, eight bytes each.
    #[must_use]
    pub fn values_text(&self, values: Values) -> String {
        let bytes = match values {
            Values::Response => differences(&self.responses),
            Values::Resolution => differences(&self.resolutions),
            Values::Customers => {
                let mut persons = self.persons.clone();
                persons.merge();
                persons.0.iter().flat_map(|person| person.to_le_bytes()).collect()
            }
        };
        BASE64.encode(bytes)
    }

    /// Adds values as they were stored; `None` when the text is something else.
    #[must_use]
    pub fn add_values(&mut self, values: Values, text: &str, windows: u8) -> Option<()> {
        let bytes = BASE64.decode(text).ok()?;
        let into = match values {
            Values::Response => &mut self.responses,
            Values::Resolution => &mut self.resolutions,
            Values::Customers => {
                let persons = bytes.chunks_exact(8);
                let is_whole = persons.remainder().is_empty();
                let mask = !WINDOW_BITS | u64::from(windows);
                let numbers =
                    persons.filter_map(|bytes| bytes.try_into().ok().map(u64::from_le_bytes));
                self.persons.0.extend(numbers.map(|person| person & mask));
                return is_whole.then_some(());
            }
        };
        add_differences(&bytes, into)
    }
}

fn differences(values: &[u64]) -> Vec<u8> {
    let mut sorted = values.to_vec();
    sorted.sort_unstable();
    let mut before = 0;
    let mut bytes = Vec::with_capacity(2 * sorted.len());
    for value in sorted {
        let mut rest = value - before;
        while rest > 0x7f {
            bytes.push(low_bits(rest) | 0x80);
            rest >>= 7;
        }
        bytes.push(low_bits(rest));
        before = value;
    }
    bytes
}

/// The last seven bits.
fn low_bits(number: u64) -> u8 {
    number.to_le_bytes()[0] & 0x7f
}

fn add_differences(bytes: &[u8], into: &mut Vec<u64>) -> Option<()> {
    let (mut value, mut difference, mut shift) = (0_u64, 0_u64, 0);
    for byte in bytes {
        difference |= u64::from(byte & 0x7f).checked_shl(shift)?;
        shift += 7;
        if byte & 0x80 == 0 {
            value = value.checked_add(difference)?;
            into.push(value);
            (difference, shift) = (0, 0);
        }
    }
    (shift == 0).then_some(())
}

#[cfg(test)]
#[path = "day_tests.rs"]
mod tests;
