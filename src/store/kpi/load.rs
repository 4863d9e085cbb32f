//! Reads what happened on a local day, to be counted.

use super::super::rows::bulk_query;
use super::super::tickets::read_details;
use super::super::words::{contact_explains_opening, parse_outcome, parse_relation};
use super::super::{StoreError, Tenant, instant, optional_instant};
use crate::follow_up::{Arm, FollowUpStatus};
use crate::kpi::{DayFacts, EpisodeFact, Flagged, Labels, Return, Score, TicketFact};
use crate::risk::CALIBRATION_REASON;
use crate::ticket::{Name, TicketDetails};
use crate::timestamp::Timestamp;
use futures_util::TryStreamExt;
use serde::Deserialize;
use sha2::{Digest, Sha256};
use sqlx::any::AnyRow;
use sqlx::{AnyConnection, Row};
use std::borrow::Cow;
use std::collections::HashMap;

/// A local day: from its first instant to the one before the next day's.
#[derive(Debug, Clone, Copy)]
pub(super) struct DaySpan {
    pub(super) from: Timestamp,
    pub(super) to: Timestamp,
}

/// Ticket and number of an episode.
type Key = (String, i64);

/// Everything that is counted of a day.
pub(super) async fn load_day(
    connection: &mut AnyConnection,
    tenant: &Tenant,
    span: DaySpan,
) -> Result<DayFacts, StoreError> {
    let mut facts = DayFacts::default();
    let mut places: HashMap<Key, usize> = HashMap::new();
    for row in rows(connection, tenant, span, EPISODES).await? {
        let key: Key = (row.try_get("ticket_id")?, row.try_get("number")?);
        let details = read_details(&row)?;
        let ticket_labels =
            Labels { category: text(&row, "ticket_category")?, ..labels_of(&details) };
        let labels = Labels {
            team: text(&row, "team")?,
            category: text(&row, "category")?,
            channel: text(&row, "channel")?,
            segment: ticket_labels.segment.clone(),
        };
        let is_closing = row.try_get::<String, _>("ended_by")? == "closing";
        if is_closing {
            facts.closed.push(ticket_labels);
        }
        places.insert(key, facts.episodes.len());
        facts.episodes.push(EpisodeFact {
            labels,
            person: number_of(&row.try_get::<String, _>("person")?),
            returns: Vec::new(),
            correction: None,
            ticket: if is_closing { ticket_fact(&row, details)? } else { None },
            closed_at: instant(&row, "episodes", "closed_at")?,
            score: score(&row)?,
            flagged: flagged(&row)?,
        });
    }
    add_returns(connection, tenant, span, &mut facts, &places).await?;
    add_corrections(connection, tenant, span, &mut facts, &places).await?;
    add_reasons(connection, tenant, span, &mut facts).await?;
    for row in rows(connection, tenant, span, &opened()).await? {
        let labels = read_labels(&row)?;
        if row.try_get::<i64, _>("is_explained")? == 0 {
            facts.contacts.push(labels.clone());
        }
        facts.opened.push(labels);
    }
    for row in rows(connection, tenant, span, REOPENED).await? {
        facts.reopened.push(read_labels(&row)?);
    }
    for row in rows(connection, tenant, span, CONTACTS).await? {
        let own = (row.try_get::<Option<String>, _>("own_category")?, text(&row, "own_channel")?);
        let of_ticket = match row.try_get::<Option<String>, _>("details")? {
            Some(_) => read_labels(&row)?,
            None => Labels::default(),
        };
        facts.contacts.push(Labels {
            category: own.0.unwrap_or(of_ticket.category),
            channel: own.1,
            ..of_ticket
        });
    }
    Ok(facts)
}

const EPISODES: &str = "SELECT e.ticket_id AS ticket_id, e.number AS number, e.category AS category, e.team AS team, \
     e.channel AS channel, e.ended_by AS ended_by, e.closed_at AS closed_at, COALESCE(i.person, e.customer_hash) AS person, \
     t.details AS details, t.category AS ticket_category, t.opened_at AS opened_at, t.closed_at AS ticket_closed_at, \
     t.reopens AS reopens, a.model_version AS model_version, a.probability AS probability, f.experiment_id AS experiment_id, \
     f.arm AS arm, f.created_at AS flagged_at, f.probability AS flagged_score, f.status AS status FROM episodes e JOIN tickets t ON t.tenant = e.tenant AND t.id = e.ticket_id \
     LEFT JOIN assessments a ON a.tenant = e.tenant AND a.ticket_id = e.ticket_id AND a.episode = e.number \
     LEFT JOIN follow_ups f ON f.tenant = e.tenant AND f.ticket_id = e.ticket_id AND f.episode = e.number \
     LEFT JOIN identities i ON i.tenant = e.tenant AND i.identity_hash = e.customer_hash \
     WHERE e.tenant = $1 AND e.closed_at >= $2 AND e.closed_at < $3 ORDER BY e.ticket_id, e.number";

/// A return's channel is known of contacts and of tickets; a reopening comes on the ticket itself.
const RETURNS: &str = "SELECT r.ticket_id AS ticket_id, r.episode AS number, r.gap_ms AS gap_ms, r.relation AS relation, \
     c.channel AS channel, o.details AS details FROM episodes e \
     JOIN recontacts r ON r.tenant = e.tenant AND r.ticket_id = e.ticket_id AND r.episode = e.number \
     LEFT JOIN contacts c ON r.source = 'contact' AND c.tenant = r.tenant AND c.id = r.source_id \
     LEFT JOIN tickets o ON r.source = 'ticket' AND o.tenant = r.tenant AND o.id = r.source_id \
     WHERE e.tenant = $1 AND e.closed_at >= $2 AND e.closed_at < $3 AND r.gap_ms > 0";

/// Oldest first: the last one counts.
const CORRECTIONS: &str = "SELECT k.ticket_id AS ticket_id, k.episode AS number, k.outcome AS outcome, k.gap_ms AS gap_ms \
     FROM episodes e JOIN outcome_corrections k ON k.tenant = e.tenant AND k.ticket_id = e.ticket_id AND k.episode = e.number \
     WHERE e.tenant = $1 AND e.closed_at >= $2 AND e.closed_at < $3 ORDER BY k.recorded_at, k.id";

/// With whether a contact stands for the opening.
fn opened() -> String {
    format!(
        "SELECT t.category AS category, t.details AS details, \
         CAST(CASE WHEN EXISTS (SELECT 1 FROM contacts c WHERE c.tenant = t.tenant AND c.ticket_id = t.id AND {}) \
         THEN 1 ELSE 0 END AS BIGINT) AS is_explained \
         FROM tickets t WHERE t.tenant = $1 AND t.opened_at >= $2 AND t.opened_at < $3",
        contact_explains_opening()
    )
}
/// The strongest reasons of a risk come first in it.
const REASONS: &str = "SELECT e.team AS team, a.model_version AS model_version, a.body AS body FROM episodes e \
     JOIN assessments a ON a.tenant = e.tenant AND a.ticket_id = e.ticket_id AND a.episode = e.number \
     WHERE e.tenant = $1 AND e.closed_at >= $2 AND e.closed_at < $3";

const REOPENED: &str = "SELECT t.category AS category, t.details AS details FROM ticket_events v \
     JOIN tickets t ON t.tenant = v.tenant AND t.id = v.ticket_id \
     WHERE v.tenant = $1 AND v.kind = 'reopening' AND v.occurred_at >= $2 AND v.occurred_at < $3";

const CONTACTS: &str = "SELECT c.category AS own_category, c.channel AS own_channel, t.category AS category, \
     t.details AS details FROM contacts c LEFT JOIN tickets t ON t.tenant = c.tenant AND t.id = c.ticket_id \
     WHERE c.tenant = $1 AND c.occurred_at >= $2 AND c.occurred_at < $3 AND c.author = 'customer' AND c.kind = 'substantive'";

async fn rows(
    connection: &mut AnyConnection,
    tenant: &Tenant,
    span: DaySpan,
    statement: &str,
) -> Result<Vec<AnyRow>, StoreError> {
    let query = bulk_query(statement.to_owned(), true)
        .bind(tenant.as_str())
        .bind(span.from.millis())
        .bind(span.to.millis());
    Ok(query.fetch_all(connection).await?)
}

fn text(row: &AnyRow, column: &str) -> Result<String, StoreError> {
    Ok(row.try_get::<Option<String>, _>(column)?.unwrap_or_default())
}

fn labels_of(details: &TicketDetails) -> Labels {
    let label = |name: &Option<Name>| name.as_ref().map_or("", Name::as_str).to_owned();
    Labels {
        team: label(&details.team),
        category: String::new(),
        channel: label(&details.channel),
        segment: label(&details.segment),
    }
}

fn read_labels(row: &AnyRow) -> Result<Labels, StoreError> {
    Ok(Labels { category: text(row, "category")?, ..labels_of(&read_details(row)?) })
}

/// The ticket, where it is closed and this was its last closing.
fn ticket_fact(row: &AnyRow, details: TicketDetails) -> Result<Option<TicketFact>, StoreError> {
    let closed_at = instant(row, "episodes", "closed_at")?;
    if optional_instant(row, "tickets", "ticket_closed_at")? != Some(closed_at) {
        return Ok(None);
    }
    Ok(Some(TicketFact {
        opened_at: instant(row, "tickets", "opened_at")?,
        closed_at,
        reopens: u32::try_from(row.try_get::<i64, _>("reopens")?).unwrap_or(u32::MAX),
        details,
    }))
}

/// A number for a person that leads to nobody.
fn number_of(person: &str) -> u64 {
    let digest = Sha256::digest(person.as_bytes());
    digest.iter().take(8).fold(0, |number, byte| number << 8 | u64::from(*byte))
}

async fn add_returns(
    connection: &mut AnyConnection,
    tenant: &Tenant,
    span: DaySpan,
    facts: &mut DayFacts,
    places: &HashMap<Key, usize>,
) -> Result<(), StoreError> {
    for row in rows(connection, tenant, span, RETURNS).await? {
        let key: Key = (row.try_get("ticket_id")?, row.try_get("number")?);
        let Some(episode) = places.get(&key).and_then(|place| facts.episodes.get_mut(*place))
        else {
            continue;
        };
        let word: String = row.try_get("relation")?;
        let relation = parse_relation(&word).ok_or_else(|| {
            StoreError::corrupt("recontacts", "relation", format!("unknown: {word}"))
        })?;
        let channel = match row.try_get::<Option<String>, _>("details")? {
            Some(_) => labels_of(&read_details(&row)?).channel,
            None => text(&row, "channel")?,
        };
        let own = &episode.labels.channel;
        let is_known = !channel.is_empty() && !own.is_empty();
        let is_other_channel = is_known && channel.to_lowercase() != own.to_lowercase();
        let gap_ms = row.try_get("gap_ms")?;
        episode.returns.push(Return { gap_ms, relation, is_other_channel });
    }
    Ok(())
}

async fn add_corrections(
    connection: &mut AnyConnection,
    tenant: &Tenant,
    span: DaySpan,
    facts: &mut DayFacts,
    places: &HashMap<Key, usize>,
) -> Result<(), StoreError> {
    for row in rows(connection, tenant, span, CORRECTIONS).await? {
        let key: Key = (row.try_get("ticket_id")?, row.try_get("number")?);
        let Some(episode) = places.get(&key).and_then(|place| facts.episodes.get_mut(*place))
        else {
            continue;
        };
        let word: String = row.try_get("outcome")?;
        let outcome = parse_outcome(&word).ok_or_else(|| {
            StoreError::corrupt("outcome_corrections", "outcome", format!("unknown: {word}"))
        })?;
        episode.correction = Some((outcome, row.try_get("gap_ms")?));
    }
    Ok(())
}

fn score(row: &AnyRow) -> Result<Option<Score>, StoreError> {
    let version: Option<String> = row.try_get("model_version")?;
    version
        .map(|version| Ok(Score { version, probability: row.try_get("probability")? }))
        .transpose()
}

fn flagged(row: &AnyRow) -> Result<Option<Flagged>, StoreError> {
    let Some(experiment) = row.try_get("experiment_id")? else { return Ok(None) };
    Ok(Some(Flagged {
        experiment,
        is_control: row.try_get::<String, _>("arm")? == Arm::Control.as_str(),
        at: instant(row, "follow_ups", "flagged_at")?,
        score: row.try_get("flagged_score")?,
        is_contacted: row.try_get::<String, _>("status")? == FollowUpStatus::Done.as_str(),
    }))
}

/// What is read of a stored risk. An erased customer's has no reasons.
#[derive(Deserialize)]
struct StoredRisk<'a> {
    #[serde(borrow, default)]
    reasons: Vec<StoredReason<'a>>,
}

#[derive(Deserialize)]
struct StoredReason<'a> {
    #[serde(borrow)]
    feature: Cow<'a, str>,
    contribution: f64,
}

/// One after the other: assessments are the longest texts of the store.
async fn add_reasons(
    connection: &mut AnyConnection,
    tenant: &Tenant,
    span: DaySpan,
    facts: &mut DayFacts,
) -> Result<(), StoreError> {
    let query = bulk_query(REASONS.to_owned(), true)
        .bind(tenant.as_str())
        .bind(span.from.millis())
        .bind(span.to.millis());
    let mut rows = query.fetch(connection);
    while let Some(row) = rows.try_next().await? {
        let body: String = row.try_get("body")?;
        let risk: StoredRisk<'_> = serde_json::from_str(&body)
            .map_err(|error| StoreError::corrupt("assessments", "body", error))?;
        let reasons = risk.reasons.iter().filter(|reason| reason.feature != CALIBRATION_REASON);
        let of = (text(&row, "team")?, row.try_get("model_version")?);
        let told = reasons.map(|reason| (reason.feature.as_ref(), reason.contribution));
        facts.reasons.entry(of).or_default().add(told);
    }
    Ok(())
}
