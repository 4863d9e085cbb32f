//! Reads what outcomes are derived from, for one person or many at once.

use super::super::episodes::{EPISODE_COLUMNS, read_episode, read_number, read_vector};
use super::super::persons::Person;
use super::super::rows::{bulk_query, list_from};
use super::super::words::{contact_explains_opening, parse_relation, parse_source};
use super::super::{StoreError, Tenant, instant, name, optional_name};
use super::{Affected, ContactsOf, Span};
use crate::outcome::{
    EpisodeFacts, EpisodeId, LaterContact, OPENING_SLACK_MS, Recontact, RecontactSource,
};
use crate::ticket::{Name, TicketId};
use sqlx::any::AnyRow;
use sqlx::{AnyConnection, Row};
use std::collections::HashMap;

pub(in super::super) const RECONTACT_COLUMNS: &str = "r.ticket_id AS ticket_id, r.episode AS episode, \
     r.source AS source, r.source_id AS source_id, r.occurred_at AS occurred_at, r.gap_ms AS gap_ms, \
     r.relation AS relation, r.category AS category, r.similarity AS similarity";

/// Reads rows of these persons: `$1` is the tenant, `$2` and `$3` the span, the persons follow. Written as CROSS JOIN, which to
/// SQLite means that identities are read first: without statistics it might begin with everything in the span.
async fn of_persons(
    connection: &mut AnyConnection,
    tenant: &Tenant,
    persons: &[Person],
    span: Span,
    select: &str,
) -> Result<Vec<AnyRow>, StoreError> {
    let statement =
        format!("{select} AND i.tenant = $1 AND i.person IN ({})", list_from(4, persons.len()));
    let mut query = bulk_query(statement, persons.len() == 1)
        .bind(tenant.as_str())
        .bind(span.from.millis())
        .bind(span.to.millis());
    for person in persons {
        query = query.bind(person.as_str());
    }
    Ok(query.fetch_all(connection).await?)
}

/// Episodes closed in a span, each with its person.
pub(super) async fn load_episodes(
    connection: &mut AnyConnection,
    tenant: &Tenant,
    persons: &[Person],
    closed: Span,
) -> Result<Vec<(String, EpisodeFacts)>, StoreError> {
    let select = format!(
        "SELECT i.person AS person, {EPISODE_COLUMNS} FROM identities i CROSS JOIN episodes e \
         WHERE e.tenant = i.tenant AND e.customer_hash = i.identity_hash AND e.closed_at >= $2 AND e.closed_at <= $3"
    );
    let rows = of_persons(connection, tenant, persons, closed, &select).await?;
    rows.iter().map(|row| Ok((row.try_get("person")?, read_episode(row)?.facts))).collect()
}

/// All that may be a recontact: substantive contacts of customers, openings of tickets that have none, reopenings.
pub(super) async fn load_all_later(
    connection: &mut AnyConnection,
    tenant: &Tenant,
    persons: &[Person],
    came: Span,
) -> Result<ContactsOf, StoreError> {
    let mut contacts = load_contacts(connection, tenant, persons, came).await?;
    for (person, opening) in load_openings(connection, tenant, persons, came).await? {
        contacts.entry(person).or_default().push(opening);
    }
    for (person, reopening) in load_reopenings(connection, tenant, persons, came).await? {
        contacts.entry(person).or_default().push(reopening);
    }
    for of_person in contacts.values_mut() {
        of_person.sort_by_key(|contact| contact.occurred_at);
    }
    Ok(contacts)
}

pub(in super::super) async fn load_contacts(
    connection: &mut AnyConnection,
    tenant: &Tenant,
    persons: &[Person],
    came: Span,
) -> Result<ContactsOf, StoreError> {
    let select = "SELECT i.person AS person, c.id AS id, c.ticket_id AS ticket_id, c.occurred_at AS occurred_at, \
         c.category AS category, c.category_is_certain AS is_certain, c.embedding AS embedding, \
         CASE WHEN EXISTS (SELECT 1 FROM follow_ups f \
          JOIN identities o ON o.tenant = f.tenant AND o.identity_hash = f.customer_hash \
          JOIN follow_up_events v ON v.tenant = f.tenant AND v.follow_up_id = f.id \
          WHERE f.tenant = c.tenant AND f.id = c.follow_up_id AND f.arm = 'treatment' AND o.person = i.person \
          AND v.action IN ('claim', 'done') AND v.occurred_at <= c.occurred_at) THEN 1 ELSE 0 END AS answers \
         FROM identities i CROSS JOIN contacts c \
         WHERE c.tenant = i.tenant AND c.customer_hash = i.identity_hash AND c.occurred_at >= $2 AND c.occurred_at <= $3 \
         AND c.author = 'customer' AND c.kind = 'substantive'";
    let mut contacts = ContactsOf::new();
    for row in of_persons(connection, tenant, persons, came, select).await? {
        let contact = LaterContact {
            source: RecontactSource::Contact,
            source_id: name(&row, "contacts", "id")?,
            ticket: optional_name(&row, "contacts", "ticket_id")?,
            occurred_at: instant(&row, "contacts", "occurred_at")?,
            category: optional_name(&row, "contacts", "category")?,
            category_is_certain: row.try_get::<i64, _>("is_certain")? != 0,
            embedding: read_vector(&row, "contacts")?,
            // Only a follow-up that somebody was making can be answered, and only by whom it was made to.
            answers_follow_up: row.try_get::<i64, _>("answers")? != 0,
        };
        contacts.entry(row.try_get("person")?).or_default().push(contact);
    }
    Ok(contacts)
}

/// A ticket without a contact that explains its opening (see [`outcome::explains_opening`]) is represented by it, with the category
/// it was first closed with.
///
/// [`outcome::explains_opening`]: crate::outcome::explains_opening
async fn load_openings(
    connection: &mut AnyConnection,
    tenant: &Tenant,
    persons: &[Person],
    came: Span,
) -> Result<Vec<(String, LaterContact)>, StoreError> {
    let select = format!(
        "SELECT i.person AS person, t.id AS ticket_id, t.opened_at AS occurred_at, \
         COALESCE((SELECT e.category FROM episodes e WHERE e.tenant = t.tenant AND e.ticket_id = t.id \
          ORDER BY e.number LIMIT 1), t.category) AS category \
         FROM identities i CROSS JOIN tickets t \
         WHERE t.tenant = i.tenant AND t.customer_hash = i.identity_hash AND t.opened_at >= $2 AND t.opened_at <= $3 \
         AND NOT EXISTS (SELECT 1 FROM contacts c WHERE c.tenant = t.tenant AND c.ticket_id = t.id \
          AND {})",
        contact_explains_opening()
    );
    let rows = of_persons(connection, tenant, persons, came, &select).await?;
    rows.iter()
        .map(|row| {
            let ticket: TicketId = name(row, "tickets", "ticket_id")?;
            read_of_ticket(row, RecontactSource::Ticket, ticket.clone(), ticket)
        })
        .collect()
}

/// A ticket opened again is the same issue again unless its next closing says otherwise, so its category is no more than a
/// guess here. Where the customer wrote before it was opened again (see [`outcome::explains_reopening`]), what they wrote
/// stands for it, whatever kind it is.
///
/// [`outcome::explains_reopening`]: crate::outcome::explains_reopening
async fn load_reopenings(
    connection: &mut AnyConnection,
    tenant: &Tenant,
    persons: &[Person],
    came: Span,
) -> Result<Vec<(String, LaterContact)>, StoreError> {
    let select = format!(
        "SELECT i.person AS person, v.ticket_id AS ticket_id, v.occurred_at AS occurred_at, v.category AS category, \
         (SELECT COUNT(*) FROM episodes n WHERE n.tenant = t.tenant AND n.ticket_id = t.id AND n.closed_at < v.occurred_at) AS earlier \
         FROM identities i CROSS JOIN tickets t CROSS JOIN ticket_events v \
         WHERE t.tenant = i.tenant AND t.customer_hash = i.identity_hash AND t.reopens > 0 AND v.tenant = t.tenant AND v.ticket_id = t.id AND v.kind = 'reopening' \
         AND v.occurred_at >= $2 AND v.occurred_at <= $3 \
         AND NOT EXISTS (SELECT 1 FROM contacts c WHERE c.tenant = t.tenant AND c.ticket_id = t.id AND c.author = 'customer' \
          AND c.occurred_at <= v.occurred_at + {OPENING_SLACK_MS} AND c.occurred_at > COALESCE((SELECT MAX(p.closed_at) FROM episodes p \
           WHERE p.tenant = t.tenant AND p.ticket_id = t.id AND p.ended_by = 'closing' AND p.closed_at < v.occurred_at), 0))"
    );
    let rows = of_persons(connection, tenant, persons, came, &select).await?;
    rows.iter()
        .map(|row| {
            let ticket: TicketId = name(row, "tickets", "ticket_id")?;
            let number = read_number(row, "earlier")?.saturating_add(1);
            let begun = EpisodeId { ticket: ticket.clone(), number }.to_string();
            // An identifier that is as long as one may be goes without its number.
            let source_id = Name::parse(&begun).unwrap_or_else(|_| ticket.clone());
            read_of_ticket(row, RecontactSource::Reopening, source_id, ticket)
        })
        .collect()
}

fn read_of_ticket(
    row: &AnyRow,
    source: RecontactSource,
    source_id: Name,
    ticket: TicketId,
) -> Result<(String, LaterContact), StoreError> {
    let category = optional_name(row, "tickets", "category")?;
    let contact = LaterContact {
        source,
        source_id,
        ticket: Some(ticket),
        occurred_at: instant(row, "tickets", "occurred_at")?,
        category_is_certain: category.is_some() && source == RecontactSource::Ticket,
        category,
        embedding: None,
        answers_follow_up: false,
    };
    Ok((row.try_get("person")?, contact))
}

/// What is stored for the affected episodes within the affected span, in the order in which it is derived.
pub(super) async fn load_recontacts(
    connection: &mut AnyConnection,
    tenant: &Tenant,
    persons: &[Person],
    affected: Affected,
) -> Result<HashMap<EpisodeId, Vec<Recontact>>, StoreError> {
    // `$2` and `$3` are the span of the contacts; that of the episodes follows from the index anyway.
    let select = format!(
        "SELECT {RECONTACT_COLUMNS} FROM identities i CROSS JOIN episodes e CROSS JOIN recontacts r \
         WHERE e.tenant = i.tenant AND e.customer_hash = i.identity_hash \
         AND e.closed_at <= $3 AND e.closed_at >= $2 - {LONGEST_WINDOW_MS} AND r.tenant = e.tenant AND r.ticket_id = e.ticket_id AND r.episode = e.number \
         AND r.occurred_at >= $2 AND r.occurred_at <= $3"
    );
    let mut stored: HashMap<EpisodeId, Vec<Recontact>> = HashMap::new();
    for row in of_persons(connection, tenant, persons, affected.came, &select).await? {
        let id = EpisodeId {
            ticket: name(&row, "recontacts", "ticket_id")?,
            number: read_number(&row, "episode")?,
        };
        stored.entry(id).or_default().push(read_recontact(&row)?);
    }
    for recontacts in stored.values_mut() {
        recontacts.sort_by(|a, b| {
            (a.occurred_at, a.source, &a.source_id).cmp(&(b.occurred_at, b.source, &b.source_id))
        });
    }
    Ok(stored)
}

const LONGEST_WINDOW_MS: i64 =
    crate::outcome::LONGEST_WINDOW_DAYS as i64 * crate::timestamp::DAY_MS;

pub(in super::super) fn read_recontact(row: &AnyRow) -> Result<Recontact, StoreError> {
    let unknown = |column, word: String| {
        StoreError::corrupt("recontacts", column, format!("unknown: {word}"))
    };
    let source: String = row.try_get("source")?;
    let relation: String = row.try_get("relation")?;
    Ok(Recontact {
        source: parse_source(&source).ok_or_else(|| unknown("source", source))?,
        source_id: name(row, "recontacts", "source_id")?,
        occurred_at: instant(row, "recontacts", "occurred_at")?,
        gap_ms: row.try_get("gap_ms")?,
        relation: parse_relation(&relation).ok_or_else(|| unknown("relation", relation))?,
        category: optional_name(row, "recontacts", "category")?,
        similarity: row.try_get("similarity")?,
    })
}
