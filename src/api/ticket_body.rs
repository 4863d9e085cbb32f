//! The bodies that describe tickets. All three share the fields of [`TicketDetails`]; the macro spells them out in each,
//! because a fault in a flattened field could not be pointed at.

use super::body::escaped;
use super::problem::FieldProblem;
use crate::app::App;
use crate::ticket::{
    AttributeValue, ClosedTicket, ClosingEvent, CustomerHistory, CustomerId, IssueCategory, Name,
    PastTicket, TicketDetails, TicketEvent, TicketId,
};
use crate::timestamp::Timestamp;
use serde::Deserialize;
use std::collections::BTreeMap;
use utoipa::ToSchema;

macro_rules! ticket_body {
    ($(#[$meta:meta])* $name:ident { $($(#[$field_meta:meta])* $field:ident: $type:ty,)* }) => {
        $(#[$meta])*
        #[derive(Debug, Deserialize, ToSchema)]
        #[serde(deny_unknown_fields)]
        pub struct $name {
            $($(#[$field_meta])* pub $field: $type,)*
            /// How the customer came in.
            channel: Option<Name>,
            /// The helpdesk's priority label.
            priority: Option<Name>,
            /// The team; never an agent.
            team: Option<Name>,
            /// What sort of contact it was: technical, informational, complaint, suggestion, or the helpdesk's own word.
            kind: Option<Name>,
            /// How urgent it was, the helpdesk's own word.
            urgency: Option<Name>,
            /// How often it was handed to another team.
            reassignments: Option<u32>,
            /// How often it was reopened.
            reopens: Option<u32>,
            /// Whether the service level was met.
            sla_met: Option<bool>,
            /// The customer's satisfaction, on the helpdesk's own scale.
            csat: Option<f64>,
            /// When the first answer went out.
            first_response_at: Option<Timestamp>,
            /// Messages from the customer.
            messages_in: Option<u32>,
            /// Messages to the customer.
            messages_out: Option<u32>,
            /// Characters of all messages from the customer.
            chars_in: Option<u32>,
            /// Characters of all messages to the customer.
            chars_out: Option<u32>,
            /// Whether the category was changed while the ticket was worked on.
            category_changed: Option<bool>,
            /// Whether it was resolved at the first contact, as the helpdesk sees it.
            first_contact_resolved: Option<bool>,
            /// Whether the first level of support could have resolved it at all.
            first_level_resolvable: Option<bool>,
            /// Replies that people wrote to the customer; automatic messages are none.
            agent_replies: Option<u32>,
            /// How many people worked on it. A number, never who.
            agents_involved: Option<u32>,
            /// Working time spent on it, in seconds: talk, hold and work afterwards.
            handling_s: Option<u32>,
            /// What handling it cost, in the currency of the costs; 0 or more.
            handling_cost: Option<f64>,
            /// The lowest answer on the scale of `csat`.
            csat_lowest: Option<f64>,
            /// The highest answer on the scale of `csat`; above the lowest.
            csat_highest: Option<f64>,
            /// How likely the customer would recommend, 0 to 10.
            nps: Option<u32>,
            /// Whether the customer said, when asked, that it was resolved at the first contact.
            survey_resolved: Option<bool>,
            /// The segment that the customer was declared to belong to.
            segment: Option<Name>,
            /// Fields that only this helpdesk has: texts, numbers, true or false.
            #[serde(default)]
            attributes: BTreeMap<String, AttributeValue>,
            /// Texts: `first` and `last` message of the customer, `answer`, or what else the model was trained on. Looked
            /// at when the ticket is assessed; `first`, `last` and `answer` are stored without personal data, as long as configured.
            #[serde(default)]
            texts: BTreeMap<String, Option<String>>,
        }

        impl $name {
            /// What the helpdesk knows besides identity, times and category.
            pub fn details(&self) -> TicketDetails {
                TicketDetails {
                    channel: self.channel.clone(),
                    priority: self.priority.clone(),
                    team: self.team.clone(),
                    kind: self.kind.clone(),
                    urgency: self.urgency.clone(),
                    reassignments: self.reassignments,
                    reopens: self.reopens,
                    sla_met: self.sla_met,
                    csat: self.csat,
                    first_response_at: self.first_response_at,
                    messages_in: self.messages_in,
                    messages_out: self.messages_out,
                    chars_in: self.chars_in,
                    chars_out: self.chars_out,
                    category_changed: self.category_changed,
                    first_contact_resolved: self.first_contact_resolved,
                    first_level_resolvable: self.first_level_resolvable,
                    agent_replies: self.agent_replies,
                    agents_involved: self.agents_involved,
                    handling_s: self.handling_s,
                    handling_cost: self.handling_cost,
                    csat_lowest: self.csat_lowest,
                    csat_highest: self.csat_highest,
                    nps: self.nps,
                    survey_resolved: self.survey_resolved,
                    segment: self.segment.clone(),
                    attributes: self.attributes.clone(),
                    texts: named_texts(&self.texts),
                    conversation: Vec::new(),
                }
            }

            /// Faults in the details; `at` is the pointer to this body.
            pub fn detail_faults(&self, app: &App, at: &str) -> Vec<FieldProblem> {
                let mut faults = number_faults(
                    at,
                    self.csat,
                    &[
                        ("reassignments", self.reassignments),
                        ("reopens", self.reopens),
                        ("messages_in", self.messages_in),
                        ("messages_out", self.messages_out),
                        ("agent_replies", self.agent_replies),
                        ("agents_involved", self.agents_involved),
                    ],
                );
                faults.extend(kpi_faults(at, &self.details()));
                faults.extend(char_faults(at, [("chars_in", self.chars_in), ("chars_out", self.chars_out)]));
                faults.extend(text_faults(&self.texts, app.settings.limits.text_bytes, at));
                let most = app.settings.limits.attributes_per_ticket;
                faults.extend(attribute_faults(&self.attributes, most, at));
                faults
            }
        }
    };
}

ticket_body! {
    /// A ticket's state: at its opening, and whenever something about it changes.
    TicketRequest {
        /// Whose problem it is; the same in every report. Stored as a keyed hash.
        customer_id: CustomerId,
        /// When it was opened; the same in every report.
        opened_at: Timestamp,
        /// When it came into this state; left out for the opening itself. A report is identified by ticket and instant.
        updated_at: Option<Timestamp>,
        /// What it is about, as far as known.
        category: Option<IssueCategory>,
    }
}

ticket_body! {
    /// A ticket's closing. What is given here is put over what was reported before.
    CloseRequest {
        /// When it was closed; not before it was opened.
        closed_at: Timestamp,
        /// What it was about, if that was not reported before or has changed.
        category: Option<IssueCategory>,
    }
}

ticket_body! {
    /// A closed ticket given whole.
    PredictTicket {
        /// The helpdesk's identifier.
        id: TicketId,
        /// Whose problem it was.
        customer_id: CustomerId,
        /// When it was opened.
        opened_at: Timestamp,
        /// When it was closed; not before it was opened.
        closed_at: Timestamp,
        /// What it was about.
        category: IssueCategory,
        /// The customer's other tickets; left out: those that the service keeps.
        history: Option<HistoryInput>,
    }
}

/// A customer's other tickets.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct HistoryInput {
    /// In no particular order; those opened at or after the closing in question are not looked at.
    pub tickets: Vec<PastTicketInput>,
}

/// One of a customer's other tickets.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PastTicketInput {
    /// When it was opened.
    opened_at: Timestamp,
    /// When it was closed, if it is.
    closed_at: Option<Timestamp>,
    /// What it was about.
    category: Option<IssueCategory>,
}

impl TicketRequest {
    /// The report of ticket `id`.
    #[must_use]
    pub fn into_event(self, id: TicketId) -> TicketEvent {
        TicketEvent {
            details: self.details(),
            id,
            customer_id: self.customer_id,
            opened_at: self.opened_at,
            updated_at: self.updated_at,
            category: self.category,
        }
    }
}

impl CloseRequest {
    /// The closing as an event.
    #[must_use]
    pub fn into_event(self) -> ClosingEvent {
        ClosingEvent { details: self.details(), closed_at: self.closed_at, category: self.category }
    }
}

impl PredictTicket {
    /// Everything wrong with this ticket; `at` is the pointer to it.
    pub fn faults(&self, app: &App, at: &str) -> Vec<FieldProblem> {
        let mut faults = self.detail_faults(app, at);
        if self.closed_at < self.opened_at {
            let detail =
                format!("closed at {} before it was opened at {}", self.closed_at, self.opened_at);
            faults.push(FieldProblem::new(format!("{at}/closed_at"), detail));
        }
        let Some(history) = &self.history else { return faults };
        let most = app.settings.limits.history_per_ticket;
        if history.tickets.len() > most {
            let detail = format!("expected at most {most} tickets, got {}", history.tickets.len());
            faults.push(FieldProblem::new(format!("{at}/history/tickets"), detail));
        }
        for (index, ticket) in history.tickets.iter().enumerate() {
            if ticket.closed_at.is_some_and(|closed_at| closed_at < ticket.opened_at) {
                let pointer = format!("{at}/history/tickets/{index}/closed_at");
                faults.push(FieldProblem::new(pointer, "closed before it was opened"));
            }
        }
        faults
    }

    /// The ticket without its history.
    #[must_use]
    pub fn closed_ticket(&self) -> ClosedTicket {
        ClosedTicket {
            id: self.id.clone(),
            customer_id: self.customer_id.clone(),
            opened_at: self.opened_at,
            closed_at: self.closed_at,
            category: self.category.clone(),
            details: self.details(),
        }
    }
}

impl HistoryInput {
    /// The history in the form the model takes.
    #[must_use]
    pub fn to_history(&self) -> CustomerHistory {
        let tickets = self.tickets.iter().map(|ticket| PastTicket {
            opened_at: ticket.opened_at,
            closed_at: ticket.closed_at,
            category: ticket.category.clone(),
        });
        CustomerHistory { tickets: tickets.collect() }
    }
}

/// Largest count of one ticket and largest size of a satisfaction score; beyond it a number is a mistake.
const MOST: u32 = 1_000_000;
/// Largest size of an attribute's number: whole numbers up to here are exact.
const MOST_ATTRIBUTE: f64 = 9_007_199_254_740_992.0;

/// Most characters of one ticket's messages.
const MOST_CHARS: u32 = 1_000_000_000;
/// Most texts of one ticket.
const MOST_TEXTS: usize = 20;

/// The texts under the names of their columns in training.
fn named_texts(texts: &BTreeMap<String, Option<String>>) -> BTreeMap<String, String> {
    let column = |name: &str| match name {
        "first" | "last" | "answer" => format!("{name}_text"),
        other => other.to_owned(),
    };
    texts.iter().filter_map(|(name, text)| Some((column(name), text.clone()?))).collect()
}

fn text_faults(
    texts: &BTreeMap<String, Option<String>>,
    most_bytes: usize,
    at: &str,
) -> Vec<FieldProblem> {
    let pointer = format!("{at}/texts");
    if texts.len() > MOST_TEXTS {
        let detail = format!("expected at most {MOST_TEXTS} texts, got {}", texts.len());
        return vec![FieldProblem::new(pointer, detail)];
    }
    let mut faults = Vec::new();
    for (name, text) in texts {
        let place: String = name.chars().take(Name::MAX_CHARS).collect();
        let pointer = format!("{pointer}/{}", escaped(&place));
        let bytes = text.as_ref().map_or(0, String::len);
        if Name::parse(name).is_err() {
            faults.push(FieldProblem::new(pointer, "a name has 1 to 200 visible characters"));
        } else if bytes > most_bytes {
            let detail = format!("expected at most {most_bytes} bytes, got {bytes}");
            faults.push(FieldProblem::new(pointer, detail));
        }
    }
    faults
}

fn char_faults(at: &str, counts: [(&str, Option<u32>); 2]) -> Vec<FieldProblem> {
    let too_many = counts.into_iter().filter_map(|(name, count)| Some((name, count?)));
    too_many
        .filter(|(_, count)| *count > MOST_CHARS)
        .map(|(name, count)| {
            let detail = format!("expected 0 to {MOST_CHARS}, got {count}");
            FieldProblem::new(format!("{at}/{name}"), detail)
        })
        .collect()
}

fn number_faults(at: &str, csat: Option<f64>, counts: &[(&str, Option<u32>)]) -> Vec<FieldProblem> {
    let mut faults = Vec::new();
    for (name, count) in counts {
        if let Some(count) = count.filter(|count| *count > MOST) {
            let detail = format!("expected 0 to {MOST}, got {count}");
            faults.push(FieldProblem::new(format!("{at}/{name}"), detail));
        }
    }
    if let Some(csat) = csat.filter(|csat| csat.abs() > f64::from(MOST)) {
        let detail = format!("expected -{MOST} to {MOST}, got {csat:e}");
        faults.push(FieldProblem::new(format!("{at}/csat"), detail));
    }
    faults
}

/// Largest handling time of one ticket: a year of seconds.
const MOST_HANDLING_S: u32 = 366 * 86_400;
/// Largest handling cost of one ticket.
const MOST_COST: f64 = 1e9;
/// Best answer to whether one would recommend.
const MOST_NPS: u32 = 10;

/// Faults in what only key figures look at.
fn kpi_faults(at: &str, details: &TicketDetails) -> Vec<FieldProblem> {
    let mut faults = Vec::new();
    let mut fault = |field: &str, detail: String| {
        faults.push(FieldProblem::new(format!("{at}/{field}"), detail));
    };
    if let Some(nps) = details.nps.filter(|nps| *nps > MOST_NPS) {
        fault("nps", format!("expected 0 to {MOST_NPS}, got {nps}"));
    }
    if let Some(seconds) = details.handling_s.filter(|seconds| *seconds > MOST_HANDLING_S) {
        fault("handling_s", format!("expected 0 to {MOST_HANDLING_S} seconds, got {seconds}"));
    }
    if let Some(cost) = details.handling_cost.filter(|cost| !(0.0..=MOST_COST).contains(cost)) {
        fault("handling_cost", format!("expected 0 to {MOST_COST:e}, got {cost:e}"));
    }
    let most = f64::from(MOST);
    match (details.csat_lowest, details.csat_highest) {
        (None, None) => {}
        (Some(lowest), Some(highest)) if lowest.abs() > most || highest.abs() > most => {
            fault("csat_highest", format!("expected a scale within -{MOST} to {MOST}"));
        }
        (Some(lowest), Some(highest)) if lowest >= highest => {
            let detail = format!("expected more than csat_lowest ({lowest}), got {highest}");
            fault("csat_highest", detail);
        }
        (Some(lowest), Some(highest)) => {
            if let Some(csat) = details.csat.filter(|csat| !(lowest..=highest).contains(csat)) {
                fault("csat", format!("expected {lowest} to {highest}, got {csat}"));
            }
        }
        (Some(_), None) => fault("csat_highest", "expected beside csat_lowest".to_owned()),
        (None, Some(_)) => fault("csat_lowest", "expected beside csat_highest".to_owned()),
    }
    faults
}

fn attribute_faults(
    attributes: &BTreeMap<String, AttributeValue>,
    most: usize,
    at: &str,
) -> Vec<FieldProblem> {
    let pointer = format!("{at}/attributes");
    if attributes.len() > most {
        let detail = format!("expected at most {most} attributes, got {}", attributes.len());
        return vec![FieldProblem::new(pointer, detail)];
    }
    let is_long = |text: &str| text.chars().count() > Name::MAX_CHARS;
    let has_control = |text: &str| text.chars().any(char::is_control);
    let fault = |name: &str, value: &AttributeValue| match value {
        _ if name.is_empty() || is_long(name) => Some("a name has 1 to 200 characters"),
        _ if has_control(name) => Some("a name has no control characters"),
        AttributeValue::Text(text) if is_long(text) => Some("a value has at most 200 characters"),
        AttributeValue::Text(text) if has_control(text) => {
            Some("a value has no control characters")
        }
        AttributeValue::Number(number) if number.is_nan() || number.abs() > MOST_ATTRIBUTE => {
            Some("expected a number of at most 2^53 in size")
        }
        _ => None,
    };
    attributes
        .iter()
        .filter_map(|(name, value)| {
            let place: String = name.chars().take(Name::MAX_CHARS).collect();
            Some(FieldProblem::new(format!("{pointer}/{}", escaped(&place)), fault(name, value)?))
        })
        .collect()
}
