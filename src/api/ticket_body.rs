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
            /// Fields that only this helpdesk has: texts, numbers, true or false.
            #[serde(default)]
            attributes: BTreeMap<String, AttributeValue>,
            /// Accepted, but neither used by the present model nor stored.
            #[serde(rename = "texts")]
            _texts: Option<TicketTexts>,
        }

        impl $name {
            /// What the helpdesk knows besides identity, times and category.
            pub fn details(&self) -> TicketDetails {
                TicketDetails {
                    channel: self.channel.clone(),
                    priority: self.priority.clone(),
                    team: self.team.clone(),
                    reassignments: self.reassignments,
                    reopens: self.reopens,
                    sla_met: self.sla_met,
                    csat: self.csat,
                    first_response_at: self.first_response_at,
                    messages_in: self.messages_in,
                    messages_out: self.messages_out,
                    attributes: self.attributes.clone(),
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
                    ],
                );
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

/// Texts of a ticket.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct TicketTexts {
    /// The customer's first message.
    #[serde(rename = "first")]
    _first: Option<String>,
    /// The customer's last message.
    #[serde(rename = "last")]
    _last: Option<String>,
    /// The answer.
    #[serde(rename = "answer")]
    _answer: Option<String>,
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
