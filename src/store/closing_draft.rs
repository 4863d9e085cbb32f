//! What a closing means, worked out from what is stored and nothing written: the episode it ends, the assessment, and what
//! already followed.
//!
//! All reading happens here. It begins with the ticket and the revision of its person: as long as both are the same, everything
//! else that was read is, too.

use super::closings::{Assess, TicketClosed};
use super::customer::content_sha256;
use super::derivation::{Derivation, Span, derive_within, load_contacts};
use super::episodes::{
    EndedBy, FirstText, LastEpisode, StoredEpisode, read_ended_by, read_number, read_vector,
};
use super::erasure::ERASED;
use super::persons::{Person, PersonAt};
use super::rows::bulk_query;
use super::tickets::{
    Assessment, CLOSING, PersonHistory, STATE, StoredTicket, find_ticket, read_assessment,
    read_details, read_history, read_ticket,
};
use super::{StoreError, Tenant, instant, optional_instant, optional_name};
use crate::outcome::{EpisodeFacts, EpisodeId, LONGEST_WINDOW_DAYS, Recontact, is_parallel};
use crate::risk::history::MOST_TICKETS;
use crate::ticket::{
    ClosedTicket, ClosingEvent, CustomerHistory, IssueCategory, TicketDetails, TicketId,
};
use crate::timestamp::Timestamp;
use serde::Serialize;
use sqlx::{AnyConnection, Row};

/// A closing as reported.
pub(super) struct ClosingReport<'a> {
    pub(super) derivation: Derivation<'a>,
    pub(super) id: &'a TicketId,
    pub(super) closing: &'a ClosingEvent,
    /// What makes two closings of the ticket the same.
    pub(super) sha256: String,
}

/// What makes two closings of a ticket the same.
#[derive(Serialize)]
pub(super) struct ClosingContent<'a> {
    pub(super) closed_at: Timestamp,
    pub(super) category: Option<&'a IssueCategory>,
    pub(super) details: &'a TicketDetails,
}

impl<'a> ClosingReport<'a> {
    pub(super) fn new(
        derivation: Derivation<'a>,
        id: &'a TicketId,
        closing: &'a ClosingEvent,
    ) -> Result<Self, StoreError> {
        let sha256 = content_sha256(&ClosingContent {
            closed_at: closing.closed_at,
            category: closing.category.as_ref(),
            details: &closing.details,
        })?;
        Ok(Self { derivation, id, closing, sha256 })
    }
}

/// What looking at a closing comes to.
pub(super) enum Drafted {
    /// It can be recorded like this.
    Draft(Box<Draft>),
    /// There is nothing to record.
    Settled(Box<TicketClosed>),
}

/// A closing ready to be recorded.
pub(super) struct Draft {
    /// The ticket as it was read.
    pub(super) read: StoredTicket,
    /// Whose it is; `None` where the customer has no row yet.
    pub(super) person: Option<PersonAt>,
    pub(super) ticket: ClosedTicket,
    pub(super) episode: StoredEpisode,
    /// The other tickets of the person; `None` if the closing must not be assessed.
    history: Option<CustomerHistory>,
    pub(super) assessment: Option<Assessment>,
    pub(super) following: Following,
    /// Whether the ticket's opening, which may follow earlier episodes, is about something else now.
    pub(super) opening_changes: bool,
    /// The first of the topic changes that lie after the closing: they must go before it can be recorded.
    pub(super) later_cuts: Option<u32>,
}

/// What followed an episode before its closing was reported.
pub(super) enum Following {
    /// These.
    Known(Vec<Recontact>),
    /// There may be other tickets and reopenings among it.
    Unknown,
}

impl Draft {
    pub(super) fn is_complete(&self) -> bool {
        self.person.is_some() && self.later_cuts.is_none()
    }

    /// The ticket as it is once the closing is written.
    pub(super) fn to_stored(&self) -> StoredTicket {
        let ticket = self.ticket.clone();
        StoredTicket {
            id: ticket.id,
            customer: self.read.customer.clone(),
            opened_at: ticket.opened_at,
            closed_at: Some(ticket.closed_at),
            category: Some(ticket.category),
            details: ticket.details,
            assessment: self.assessment.clone(),
            reopens: self.read.reopens,
            updated_at: ticket.closed_at,
        }
    }

    /// Has the closing assessed, unless its customer must not be.
    pub(super) fn assess(&mut self, assess: &Assess<'_>) {
        if let Some(history) = &self.history {
            self.assessment = assess(&with_reopens(&self.ticket, self.read.reopens), history);
        }
    }
}

/// Reads everything a closing depends on and works it out, but for the assessment.
pub(super) async fn draft(
    connection: &mut AnyConnection,
    report: &ClosingReport<'_>,
) -> Result<Drafted, StoreError> {
    let (tenant, closing) = (report.derivation.tenant, report.closing);
    let settled = |answer| Ok(Drafted::Settled(Box::new(answer)));
    let Some(found) = find_open_case(connection, tenant, report.id).await? else {
        return settled(TicketClosed::UnknownTicket);
    };
    if let Some(answer) = closed_before(connection, report, &found).await? {
        return settled(answer);
    }
    if let Some(reason) = too_early(closing.closed_at, found.ticket.opened_at, found.reopened_at) {
        return settled(TicketClosed::Invalid { field: "closed_at", reason });
    }
    let known = state_at(connection, tenant, found.ticket.clone(), closing.closed_at).await?;
    let Some(category) = closing.category.clone().or_else(|| known.category.clone()) else {
        let reason = "neither the closing nor an earlier report names one".to_owned();
        return settled(TicketClosed::Invalid { field: "category", reason });
    };
    let person = found.person.as_ref().map(|at| at.person.clone());
    let person = person.unwrap_or_else(|| Person(known.customer.as_str().to_owned()));
    let ticket = ClosedTicket {
        id: report.id.clone(),
        customer_id: known.customer.as_customer_id()?,
        opened_at: known.opened_at,
        closed_at: closing.closed_at,
        category,
        details: known.details.clone().overlaid_with(closing.details.clone()),
    };
    // What lies after the closing goes before it is recorded.
    let last = found.last_episode.filter(|last| last.closed_at < closing.closed_at);
    let Surroundings { others, first, is_followed } =
        find_surroundings(connection, report, &person, last).await?;
    let episode = episode(&found, &ticket, first, last, &others);
    let following = match is_followed {
        false => Following::Known(Vec::new()),
        true => find_following(connection, report, &person, &episode.facts, &others).await?,
    };
    Ok(Drafted::Draft(Box::new(Draft {
        opening_changes: last.is_none()
            && found.ticket.category.as_ref() != Some(&ticket.category)
            && !others.history.tickets.is_empty(),
        later_cuts: later_cuts(connection, report, &found).await?,
        history: Some(others.history).filter(|_| found.may_be_assessed),
        read: found.ticket,
        person: found.person,
        ticket,
        episode,
        assessment: None,
        following,
    })))
}

/// The ticket and what belongs to it.
struct OpenCase {
    ticket: StoredTicket,
    closing_sha256: Option<String>,
    person: Option<PersonAt>,
    /// Whether the customer has neither opted out nor been erased.
    may_be_assessed: bool,
    reopened_at: Option<Timestamp>,
    last_episode: Option<LastEpisode>,
    /// The highest number an episode of the ticket ever had, as far as anything still names it.
    highest_number: u32,
}

/// One statement, so that ticket and person are of one moment.
async fn find_open_case(
    connection: &mut AnyConnection,
    tenant: &Tenant,
    id: &TicketId,
) -> Result<Option<OpenCase>, StoreError> {
    let row = sqlx::query(
        "SELECT t.id AS id, t.customer_hash AS customer_hash, t.opened_at AS opened_at, t.closed_at AS closed_at, \
         t.category AS category, t.details AS details, t.updated_at AS updated_at, t.reopens AS reopens, \
         t.closing_sha256 AS closing_sha256, p.identity_hash AS person, p.revision AS revision, p.kind AS person_kind, \
         (SELECT MIN(o.customer_hash) FROM identities m JOIN opt_outs o \
          ON o.tenant = m.tenant AND o.customer_hash = m.identity_hash AND o.withdrawn_at IS NULL \
          WHERE m.tenant = p.tenant AND m.person = p.identity_hash) AS opted_out, \
         (SELECT MAX(v.occurred_at) FROM ticket_events v \
          WHERE v.tenant = t.tenant AND v.ticket_id = t.id AND v.kind = 'reopening') AS reopened_at, \
         (SELECT MAX(c.episode) FROM outcome_corrections c WHERE c.tenant = t.tenant AND c.ticket_id = t.id) AS corrected, \
         e.number AS number, e.closed_at AS episode_closed_at, e.ended_by AS ended_by \
         FROM tickets t \
         LEFT JOIN identities i ON i.tenant = t.tenant AND i.identity_hash = t.customer_hash \
         LEFT JOIN identities p ON p.tenant = i.tenant AND p.identity_hash = i.person \
         LEFT JOIN episodes e ON e.tenant = t.tenant AND e.ticket_id = t.id AND e.number = \
         (SELECT MAX(n.number) FROM episodes n WHERE n.tenant = t.tenant AND n.ticket_id = t.id) \
         WHERE t.tenant = $1 AND t.id = $2",
    )
    .bind(tenant.as_str())
    .bind(id.as_str())
    .fetch_optional(connection)
    .await?;
    let Some(row) = row else { return Ok(None) };
    let person = match row.try_get::<Option<String>, _>("person")? {
        Some(hash) => Some(PersonAt { person: Person(hash), revision: row.try_get("revision")? }),
        None => None,
    };
    let last_episode = match row.try_get::<Option<i64>, _>("number")? {
        Some(_) => Some(LastEpisode {
            number: read_number(&row, "number")?,
            closed_at: instant(&row, "episodes", "episode_closed_at")?,
            ended_by: read_ended_by(&row)?,
        }),
        None => None,
    };
    let corrected = match row.try_get::<Option<i64>, _>("corrected")? {
        Some(_) => read_number(&row, "corrected")?,
        None => 0,
    };
    let is_erased = row.try_get::<Option<String>, _>("person_kind")?.as_deref() == Some(ERASED);
    Ok(Some(OpenCase {
        ticket: read_ticket(&row)?,
        closing_sha256: row.try_get("closing_sha256")?,
        person,
        may_be_assessed: !is_erased && row.try_get::<Option<String>, _>("opted_out")?.is_none(),
        reopened_at: optional_instant(&row, "ticket_events", "reopened_at")?,
        last_episode,
        highest_number: last_episode.map_or(0, |last| last.number).max(corrected),
    }))
}

/// The answer to a closing that comes again, or that finds the ticket closed with other content.
async fn closed_before(
    connection: &mut AnyConnection,
    report: &ClosingReport<'_>,
    found: &OpenCase,
) -> Result<Option<TicketClosed>, StoreError> {
    let (tenant, closing, closing_sha256) =
        (report.derivation.tenant, report.closing, report.sha256.as_str());
    let (ticket, id) = (&found.ticket, &found.ticket.id);
    if found.closing_sha256.as_deref() == Some(closing_sha256) {
        let stored = find_ticket(connection, tenant, id).await?;
        let stored = stored.ok_or(StoreError::Database { source: sqlx::Error::RowNotFound })?;
        if stored.closed_at.is_some() {
            return Ok(Some(TicketClosed::AlreadyClosed(stored)));
        }
        // It was opened again between the two looks.
        let earlier = earlier_closing(connection, tenant, &stored, closing, closing_sha256).await?;
        return Ok(earlier.map(TicketClosed::AlreadyClosed));
    }
    if ticket.reopens > 0
        && let Some(earlier) =
            earlier_closing(connection, tenant, ticket, closing, closing_sha256).await?
    {
        return Ok(Some(TicketClosed::AlreadyClosed(earlier)));
    }
    Ok(ticket.closed_at.map(|closed_at| {
        let reason = format!("ticket {id} is already closed (at {closed_at}) with other content");
        TicketClosed::Conflict { reason }
    }))
}

/// The ticket as it was closed by the same closing before it was opened again; its details are those known now.
async fn earlier_closing(
    connection: &mut AnyConnection,
    tenant: &Tenant,
    ticket: &StoredTicket,
    closing: &ClosingEvent,
    closing_sha256: &str,
) -> Result<Option<StoredTicket>, StoreError> {
    let row = sqlx::query(
        "SELECT e.category AS category, a.model_version AS model_version, a.inputs_sha256 AS inputs_sha256, \
         a.assessed_at AS assessed_at, a.probability AS probability, a.band AS band, a.body AS body \
         FROM ticket_events v JOIN episodes e \
         ON e.tenant = v.tenant AND e.ticket_id = v.ticket_id AND e.closed_at = v.occurred_at AND e.ended_by = 'closing' \
         LEFT JOIN assessments a ON a.tenant = e.tenant AND a.ticket_id = e.ticket_id AND a.episode = e.number \
         WHERE v.tenant = $1 AND v.ticket_id = $2 AND v.kind = $3 AND v.occurred_at = $4 AND v.content_sha256 = $5",
    )
    .bind(tenant.as_str())
    .bind(ticket.id.as_str())
    .bind(CLOSING)
    .bind(closing.closed_at.millis())
    .bind(closing_sha256)
    .fetch_optional(connection)
    .await?;
    row.map(|row| {
        Ok(StoredTicket {
            closed_at: Some(closing.closed_at),
            category: optional_name(&row, "episodes", "category")?,
            assessment: read_assessment(&row)?,
            updated_at: closing.closed_at,
            ..ticket.clone()
        })
    })
    .transpose()
}

fn too_early(
    closed_at: Timestamp,
    opened_at: Timestamp,
    reopened_at: Option<Timestamp>,
) -> Option<String> {
    if closed_at < opened_at {
        return Some(format!("closing at {closed_at} before opening at {opened_at}"));
    }
    reopened_at
        .filter(|reopened_at| closed_at < *reopened_at)
        .map(|reopened_at| format!("closing at {closed_at} before reopening at {reopened_at}"))
}

/// The ticket as the model sees it: how often it was reopened is known here, too, where the helpdesk does not tell.
fn with_reopens(ticket: &ClosedTicket, reopens: u32) -> ClosedTicket {
    let mut ticket = ticket.clone();
    ticket.details.reopens = ticket.details.reopens.or((reopens > 0).then_some(reopens));
    ticket
}

/// The ticket as known at `closed_at`: a report that came earlier but tells of a later instant does not count.
async fn state_at(
    connection: &mut AnyConnection,
    tenant: &Tenant,
    newest: StoredTicket,
    closed_at: Timestamp,
) -> Result<StoredTicket, StoreError> {
    if newest.updated_at <= closed_at {
        return Ok(newest);
    }
    let row = sqlx::query(
        "SELECT category, details FROM ticket_events \
         WHERE tenant = $1 AND ticket_id = $2 AND kind = $3 AND occurred_at <= $4 \
         ORDER BY occurred_at DESC LIMIT 1",
    )
    .bind(tenant.as_str())
    .bind(newest.id.as_str())
    .bind(STATE)
    .bind(closed_at.millis())
    .fetch_optional(connection)
    .await?;
    let (category, details) = match &row {
        Some(row) => (optional_name(row, "ticket_events", "category")?, read_details(row)?),
        None => (None, TicketDetails::default()),
    };
    Ok(StoredTicket { category, details, ..newest })
}

/// The episode that the closing ends.
fn episode(
    found: &OpenCase,
    ticket: &ClosedTicket,
    first: Option<FirstText>,
    last: Option<LastEpisode>,
    others: &PersonHistory,
) -> StoredEpisode {
    let after = last.map(|last| last.closed_at);
    let opened_at = match last.map(|last| last.ended_by) {
        None => ticket.opened_at,
        Some(EndedBy::Closing) => found.reopened_at.unwrap_or(ticket.opened_at),
        Some(EndedBy::TopicChange) => {
            first.as_ref().map(|first| first.occurred_at).or(after).unwrap_or(ticket.closed_at)
        }
    };
    StoredEpisode {
        facts: EpisodeFacts {
            id: EpisodeId { ticket: ticket.id.clone(), number: found.highest_number + 1 },
            category: ticket.category.clone(),
            opened_at,
            closed_at: ticket.closed_at,
            embedding: first.and_then(|first| first.embedding),
        },
        customer: found.ticket.customer.clone(),
        team: ticket.details.team.clone(),
        channel: ticket.details.channel.clone(),
        ended_by: EndedBy::Closing,
        is_parallel: is_parallel(ticket.closed_at, &others.history.tickets),
        is_outage: false,
    }
}

/// What lies around an episode that is being closed.
struct Surroundings {
    others: PersonHistory,
    first: Option<FirstText>,
    /// Whether anything of the person came after the closing.
    is_followed: bool,
}

/// One statement for all of it: usually the closing is the last that happened, and then nothing else has to be asked.
async fn find_surroundings(
    connection: &mut AnyConnection,
    report: &ClosingReport<'_>,
    person: &Person,
    last: Option<LastEpisode>,
) -> Result<Surroundings, StoreError> {
    let closed_at = report.closing.closed_at;
    let statement = format!(
        "SELECT * FROM (SELECT 'ticket' AS what, t.opened_at AS occurred_at, t.closed_at AS closed_at, t.category AS category, \
          t.reopens AS reopens, CAST(NULL AS TEXT) AS embedding FROM identities i CROSS JOIN tickets t \
          WHERE t.tenant = i.tenant AND t.customer_hash = i.identity_hash AND i.tenant = $1 AND i.person = $2 AND t.id <> $3 \
          ORDER BY t.opened_at DESC, t.id DESC LIMIT {MOST_TICKETS}) tickets \
         UNION ALL SELECT * FROM (SELECT 'first_text', c.occurred_at, CAST(NULL AS BIGINT), CAST(NULL AS TEXT), \
          CAST(NULL AS BIGINT), c.embedding FROM contacts c \
          WHERE c.tenant = $1 AND c.ticket_id = $3 AND c.occurred_at > $4 AND c.occurred_at <= $5 \
          AND c.author = 'customer' AND c.kind = 'substantive' ORDER BY c.occurred_at, c.id LIMIT 1) first_text \
         UNION ALL SELECT * FROM (SELECT 'later', c.occurred_at, CAST(NULL AS BIGINT), CAST(NULL AS TEXT), \
          CAST(NULL AS BIGINT), CAST(NULL AS TEXT) FROM identities i CROSS JOIN contacts c \
          WHERE c.tenant = i.tenant AND c.customer_hash = i.identity_hash AND i.tenant = $1 AND i.person = $2 \
          AND c.occurred_at > $5 LIMIT 1) later"
    );
    let rows = bulk_query(statement, true)
        .bind(report.derivation.tenant.as_str())
        .bind(person.as_str())
        .bind(report.id.as_str())
        .bind(last.map_or(-1, |last| last.closed_at.millis()))
        .bind(closed_at.millis())
        .fetch_all(connection)
        .await?;
    let mut first = None;
    let mut is_followed = false;
    let mut others = Vec::with_capacity(rows.len());
    for row in &rows {
        match row.try_get::<String, _>("what")?.as_str() {
            "ticket" => others.push(row),
            "first_text" => {
                first = Some(FirstText {
                    occurred_at: instant(row, "contacts", "occurred_at")?,
                    embedding: read_vector(row, "contacts")?,
                });
            }
            _ => is_followed = true,
        }
    }
    let others = read_history(others)?;
    is_followed |= others.has_reopened;
    is_followed |= others.history.tickets.iter().any(|ticket| ticket.opened_at > closed_at);
    Ok(Surroundings { others, first, is_followed })
}

/// What already followed.
async fn find_following(
    connection: &mut AnyConnection,
    report: &ClosingReport<'_>,
    person: &Person,
    episode: &EpisodeFacts,
    others: &PersonHistory,
) -> Result<Following, StoreError> {
    let closed_at = episode.closed_at;
    let is_later = others.history.tickets.iter().any(|ticket| ticket.opened_at > closed_at);
    if is_later || others.has_reopened {
        return Ok(Following::Unknown);
    }
    let came = Span { from: closed_at, to: closed_at.plus_days(i64::from(LONGEST_WINDOW_DAYS)) };
    let persons = std::slice::from_ref(person);
    let derivation = report.derivation;
    let mut contacts = load_contacts(connection, derivation.tenant, persons, came).await?;
    let mut contacts = contacts.remove(person.as_str()).unwrap_or_default();
    contacts.sort_by_key(|contact| contact.occurred_at);
    Ok(Following::Known(derive_within(episode, &contacts, came, derivation.rules)))
}

/// A closing that lies before a cut of the thread is reported late: the first such cut.
async fn later_cuts(
    connection: &mut AnyConnection,
    report: &ClosingReport<'_>,
    found: &OpenCase,
) -> Result<Option<u32>, StoreError> {
    let closed_at = report.closing.closed_at;
    let Some(last) = found.last_episode.filter(|last| last.closed_at >= closed_at) else {
        return Ok(None);
    };
    let from: Option<i64> = sqlx::query_scalar(
        "SELECT MIN(number) FROM episodes \
         WHERE tenant = $1 AND ticket_id = $2 AND closed_at >= $3 AND ended_by = 'topic_change'",
    )
    .bind(report.derivation.tenant.as_str())
    .bind(report.id.as_str())
    .bind(closed_at.millis())
    .fetch_one(connection)
    .await?;
    Ok(from.map(|from| u32::try_from(from).unwrap_or(last.number)))
}
