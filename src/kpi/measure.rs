//! The registry of measures: what each number is, out of what, and where its definition comes from.

use super::tally::Column;
use super::texts;
use crate::risk::Language;
use serde::Serialize;

/// In what a measure is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Unit {
    /// A part of a whole, 0 to 1.
    Share,
    /// Seconds.
    Seconds,
    /// Points, −100 to 100.
    Points,
    /// The currency of the costs, for a contact.
    CostPerContact,
    /// Tickets.
    Tickets,
    /// Contacts a day.
    ContactsPerDay,
}

/// Which way is better.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Direction {
    /// More is better.
    HigherIsBetter,
    /// Less is better.
    LowerIsBetter,
    /// Neither by itself.
    Neutral,
}

/// In which window an episode is looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Window {
    /// The one that is asked for.
    Asked,
    /// Always 7 days.
    Seven,
}

/// Which durations of a day's tickets are kept one by one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Values {
    /// From the opening to the first answer.
    Response,
    /// From the opening to the closing.
    Resolution,
    /// Which customers had mature episodes, and whether they came back.
    Customers,
}

impl Values {
    /// The word in the store.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Response => "response",
            Self::Resolution => "resolution",
            Self::Customers => "customers",
        }
    }
}

/// How a measure is computed from what is counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Formula {
    /// A share of mature episodes: those counted in the columns, or all but them.
    Episodes {
        /// Columns; where the window is asked for, those of the shortest one.
        events: &'static [Column],
        /// Whether the others are meant.
        is_complement: bool,
        /// In which window.
        window: Window,
    },
    /// Explicit repeats among repeats of mature episodes.
    ExplicitShare,
    /// Customers with a repeat among customers with mature episodes.
    Customers,
    /// A share of the closed tickets of which something is known.
    Tickets {
        /// The cases.
        count: Column,
        /// All of which it is known.
        known: Column,
    },
    /// The share of satisfied answers, by the number of the customer's messages.
    CsatByContacts,
    /// Promoters minus detractors.
    Nps,
    /// The mean handling time.
    Handling,
    /// Costs for a message of a customer.
    Cost,
    /// A median of durations.
    Median(Values),
    /// Tickets open at the end of a period.
    Backlog,
    /// Contacts of a period divided by its days.
    ContactsPerDay,
}

/// A text in English, Russian, Belarusian and Ukrainian.
pub type Words = [&'static str; 4];

/// A measure of the registry.
#[derive(Debug, Clone, Copy)]
pub struct Measure {
    /// What it is called in the API, in reports and in addresses; it also is the key of its name in translations.
    pub id: &'static str,
    /// Its name for people.
    pub name: Words,
    /// What is counted.
    pub numerator: Words,
    /// Out of what.
    pub denominator: Words,
    /// In what it is told.
    pub unit: Unit,
    /// Which way is better.
    pub direction: Direction,
    /// How it is computed.
    pub formula: Formula,
    /// Fields of the ticket event that it needs; a ticket without them is left out, and counted.
    pub needs: &'static [&'static str],
    /// Who defines it so.
    pub origin: &'static str,
}

/// What a measure is, in one language, as it is shown beside its number.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct Definition {
    /// The measure.
    pub id: &'static str,
    /// Its name.
    pub name: &'static str,
    /// What is counted.
    pub numerator: String,
    /// Out of what.
    pub denominator: String,
    /// Days after the close in which is looked; null where nothing is waited for.
    pub window_days: Option<u32>,
    /// What does not enter.
    pub exclusions: String,
    /// In what it is told.
    pub unit: Unit,
    /// Which way is better.
    pub direction: Direction,
    /// How its interval is computed; null where it is a plain count.
    pub interval: Option<&'static str>,
    /// Fields of the ticket event that it needs.
    pub needs: &'static [&'static str],
    /// Who defines it so.
    pub origin: &'static str,
}

const SAME: &[Column] = &[Column::SameChannel1];
const EXPLICIT: &[Column] = &[Column::Explicit1];
const REPEATS: &[Column] = &[Column::Explicit1, Column::Implicit1];
const ANY_CONTACT: &[Column] = &[Column::AnyContact7];

const fn without(events: &'static [Column], window: Window) -> Formula {
    Formula::Episodes { events, is_complement: true, window }
}

const fn tickets(count: Column, known: Column) -> Formula {
    Formula::Tickets { count, known }
}

/// One line of the registry: identifier, texts, unit, direction, formula, needed fields, origin.
macro_rules! measure {
    ($id:literal, $texts:ident, $unit:ident, $direction:ident, $formula:expr, $needs:expr, $origin:literal) => {
        Measure {
            id: $id,
            name: texts::$texts[0],
            numerator: texts::$texts[1],
            denominator: texts::$texts[2],
            unit: Unit::$unit,
            direction: Direction::$direction,
            formula: $formula,
            needs: $needs,
            origin: $origin,
        }
    };
}

/// Every measure, in the order in which they are told.
pub const MEASURES: [Measure; 22] = [
    measure!(
        "rcr",
        RCR,
        Share,
        LowerIsBetter,
        Formula::Episodes { events: REPEATS, is_complement: false, window: Window::Asked },
        &[],
        "repeat contact rate, as KPI Tree and others have it, in episodes"
    ),
    measure!(
        "rcr_customers",
        RCR_CUSTOMERS,
        Share,
        LowerIsBetter,
        Formula::Customers,
        &[],
        "repeat contact rate, in customers"
    ),
    measure!(
        "explicit_share",
        EXPLICIT_SHARE,
        Share,
        Neutral,
        Formula::ExplicitShare,
        &[],
        "CEB, The Effortless Experience (2013); about 55 % is quoted: a band to look at, never a target"
    ),
    measure!(
        "fcr_window",
        FCR_WINDOW,
        Share,
        HigherIsBetter,
        without(SAME, Window::Asked),
        &[],
        "Call Centre Helper (7 days), WFM Labs (7 to 14 days)"
    ),
    measure!(
        "ocr",
        OCR,
        Share,
        HigherIsBetter,
        without(EXPLICIT, Window::Asked),
        &[],
        "SQM, one contact resolution"
    ),
    measure!(
        "nca_7",
        NCA,
        Share,
        HigherIsBetter,
        without(ANY_CONTACT, Window::Seven),
        &[],
        "Genesys Cloud, next contact avoidance: 7 days, not configurable"
    ),
    measure!(
        "fcr_gross",
        FCR_GROSS,
        Share,
        HigherIsBetter,
        tickets(Column::FirstContactResolved, Column::FirstContactKnown),
        &["first_contact_resolved"],
        "MetricNet, gross first contact resolution"
    ),
    measure!(
        "fcr_net",
        FCR_NET,
        Share,
        HigherIsBetter,
        tickets(Column::NetResolved, Column::NetKnown),
        &["first_contact_resolved", "first_level_resolvable"],
        "MetricNet, Medallia: net first contact resolution"
    ),
    measure!(
        "one_touch",
        ONE_TOUCH,
        Share,
        HigherIsBetter,
        tickets(Column::AtMostOneReply, Column::RepliesKnown),
        &["agent_replies"],
        "Zendesk, one-touch tickets (English page): fewer than two replies"
    ),
    measure!(
        "one_touch_exact",
        ONE_TOUCH_EXACT,
        Share,
        HigherIsBetter,
        tickets(Column::OneReply, Column::RepliesKnown),
        &["agent_replies"],
        "Zendesk, one-touch tickets (German page): exactly one reply"
    ),
    measure!(
        "one_closer",
        ONE_CLOSER,
        Share,
        HigherIsBetter,
        tickets(Column::OneCloser, Column::AgentsKnown),
        &["agents_involved"],
        "Intercom: closed once, by one teammate"
    ),
    measure!(
        "fcr_survey",
        FCR_SURVEY,
        Share,
        HigherIsBetter,
        tickets(Column::SurveyResolved, Column::SurveyKnown),
        &["survey_resolved"],
        "SQM, Medallia: the customer says so"
    ),
    measure!(
        "sla",
        SLA,
        Share,
        HigherIsBetter,
        tickets(Column::SlaMet, Column::SlaKnown),
        &["sla_met"],
        "ITIL, compliance with the service level"
    ),
    measure!(
        "csat",
        CSAT,
        Share,
        HigherIsBetter,
        tickets(Column::CsatSatisfied, Column::CsatKnown),
        &["csat", "csat_lowest", "csat_highest"],
        "customer satisfaction as the share of the top answers (4 and 5 of 1 to 5)"
    ),
    measure!(
        "csat_by_contacts",
        CSAT_BY_CONTACTS,
        Share,
        HigherIsBetter,
        Formula::CsatByContacts,
        &["csat", "csat_lowest", "csat_highest", "messages_in"],
        "SQM asks how satisfaction falls with each repeat; computed here, no figure of theirs is used"
    ),
    measure!(
        "nps",
        NPS,
        Points,
        HigherIsBetter,
        Formula::Nps,
        &["nps"],
        "Reichheld 2003, The one number you need to grow"
    ),
    measure!(
        "aht",
        AHT,
        Seconds,
        Neutral,
        Formula::Handling,
        &["handling_s"],
        "average handling time: talk, hold and work afterwards"
    ),
    measure!(
        "first_response",
        FIRST_RESPONSE,
        Seconds,
        LowerIsBetter,
        Formula::Median(Values::Response),
        &["first_response_at"],
        "first response time"
    ),
    measure!(
        "resolution",
        RESOLUTION,
        Seconds,
        LowerIsBetter,
        Formula::Median(Values::Resolution),
        &[],
        "full resolution time"
    ),
    measure!(
        "cost_per_contact",
        COST,
        CostPerContact,
        LowerIsBetter,
        Formula::Cost,
        &["handling_cost", "messages_in"],
        "cost per contact"
    ),
    measure!(
        "backlog",
        BACKLOG,
        Tickets,
        LowerIsBetter,
        Formula::Backlog,
        &[],
        "open tickets at an instant"
    ),
    measure!(
        "contacts_per_day",
        CONTACTS,
        ContactsPerDay,
        Neutral,
        Formula::ContactsPerDay,
        &[],
        "contacts for a unit of time"
    ),
];

impl Measure {
    /// The measure of this identifier.
    #[must_use]
    pub fn find(id: &str) -> Option<&'static Self> {
        MEASURES.iter().find(|measure| measure.id == id)
    }

    /// The days that have to pass after a close before its episode enters; `None` where nothing is waited for.
    #[must_use]
    pub fn window_days(&self, asked: u32) -> Option<u32> {
        match self.formula {
            Formula::Episodes { window: Window::Seven, .. } => Some(7),
            Formula::Episodes { window: Window::Asked, .. }
            | Formula::ExplicitShare
            | Formula::Customers => Some(asked),
            _ => None,
        }
    }

    /// Whether it is a share of cases that can be taken apart by category.
    #[must_use]
    pub fn is_rate(&self) -> bool {
        matches!(
            self.formula,
            Formula::Episodes { .. } | Formula::ExplicitShare | Formula::Tickets { .. }
        )
    }

    /// Which values it needs one by one.
    #[must_use]
    pub fn values(&self) -> Option<Values> {
        match self.formula {
            Formula::Median(values) => Some(values),
            Formula::Customers => Some(Values::Customers),
            _ => None,
        }
    }

    /// How its interval is computed.
    #[must_use]
    pub fn interval_method(&self) -> Option<&'static str> {
        match self.formula {
            Formula::Episodes { .. }
            | Formula::ExplicitShare
            | Formula::Customers
            | Formula::Tickets { .. }
            | Formula::CsatByContacts => Some("wilson_1927"),
            Formula::Nps => Some("normal_multinomial_rocks_2016"),
            Formula::Handling => Some("normal_mean"),
            Formula::Cost => Some("ratio_linearised_cochran_1977"),
            Formula::Median(_) => Some("median_ranks_campbell_gardner_1988"),
            Formula::Backlog | Formula::ContactsPerDay => None,
        }
    }

    /// What it is, in words.
    #[must_use]
    pub fn definition(&self, asked_window: u32, language: Language) -> Definition {
        let window_days = self.window_days(asked_window);
        let fill = |text: &Words| match window_days {
            Some(days) => language.pick(text).replace("{window}", &days.to_string()),
            None => language.pick(text).to_owned(),
        };
        Definition {
            id: self.id,
            name: language.pick(&self.name),
            numerator: fill(&self.numerator),
            denominator: fill(&self.denominator),
            window_days,
            exclusions: fill(&self.exclusions()),
            unit: self.unit,
            direction: self.direction,
            interval: self.interval_method(),
            needs: self.needs,
            origin: self.origin,
        }
    }

    fn exclusions(&self) -> Words {
        match self.formula {
            Formula::Episodes { .. } | Formula::ExplicitShare | Formula::Customers => {
                texts::IMMATURE
            }
            Formula::Tickets { known: Column::NetKnown, .. } => texts::NET_EXCLUDED,
            Formula::Median(Values::Resolution) => texts::ONCE_CLOSED,
            Formula::Backlog => texts::BACKLOG_EXCLUDED,
            Formula::ContactsPerDay => texts::CONTACTS_EXCLUDED,
            _ => texts::FIELD_MISSING,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn every_measure_has_an_identifier_of_its_own_and_texts_in_all_languages() {
        let ids: BTreeSet<&str> = MEASURES.iter().map(|measure| measure.id).collect();
        assert_eq!(ids.len(), MEASURES.len());
        for measure in &MEASURES {
            assert_eq!(Measure::find(measure.id).map(|found| found.id), Some(measure.id));
            for language in Language::ALL {
                let definition = measure.definition(14, language);
                for text in [&definition.numerator, &definition.denominator, &definition.exclusions]
                {
                    assert!(!text.is_empty() && !text.contains('{'), "{} {text}", measure.id);
                }
            }
            let texts: BTreeSet<&str> = measure.numerator.into_iter().collect();
            assert_eq!(texts.len(), 4, "{}: a text stands twice", measure.id);
        }
    }
}
