//! One person as the pages tell of them: their identities and tickets, and everything that happened, newest first, page by page.

use super::contacts::read_kind;
use super::feedback::read_head;
use super::follow_ups::{read as read_follow_up, select_follow_ups};
use super::tickets::read_details;
use super::words::parse_outcome;
use super::{
    CustomerHash, Store, StoreError, StoredFollowUp, Tenant, instant, name, optional_instant,
    optional_name,
};
use crate::contact::Head;
use crate::follow_up::Action;
use crate::identity::IdentityKind;
use crate::outcome::{ContactKind, Outcome};
use crate::ticket::{IssueCategory, Name, TicketId};
use crate::timestamp::Timestamp;
use serde::{Deserialize, Serialize};
use sqlx::any::AnyRow;
use sqlx::{AnyConnection, Row};

/// A person: the identities that merges connect, and their tickets.
#[derive(Debug, Clone, PartialEq)]
pub struct KnownPerson {
    /// The identity that stands for all of them.
    pub key: CustomerHash,
    /// Every identity with its kind, in the order of their hashes.
    pub identities: Vec<(CustomerHash, IdentityKind)>,
    /// Every ticket, in the order of their opening.
    pub tickets: Vec<PersonTicket>,
}

/// A ticket of a person.
#[derive(Debug, Clone, PartialEq)]
pub struct PersonTicket {
    /// The helpdesk's identifier.
    pub id: TicketId,
    /// The identity that it belongs to.
    pub customer: CustomerHash,
    /// The team that has it.
    pub team: Option<Name>,
    /// When it was closed, if it is.
    pub closed_at: Option<Timestamp>,
}

/// Something that happened.
#[derive(Debug, Clone, PartialEq)]
pub struct PersonEvent {
    /// When.
    pub at: Timestamp,
    /// On which ticket, where it belongs to one.
    pub ticket: Option<TicketId>,
    /// What.
    pub what: Happened,
    cursor: EventCursor,
}

/// What happened.
#[derive(Debug, Clone, PartialEq)]
pub enum Happened {
    /// Somebody wrote.
    Contact {
        /// Who: customer, agent or system.
        author: String,
        /// What it was taken for.
        kind: ContactKind,
        /// The channel, where the helpdesk told.
        channel: Option<Name>,
        /// What it was classified as; `None` where the model abstained.
        category: Option<IssueCategory>,
        /// The model that classified it.
        model_version: String,
    },
    /// A ticket was opened.
    Opening {
        /// What it is about, as far as known.
        category: Option<IssueCategory>,
    },
    /// An episode of a ticket ended.
    Closing {
        /// Counts the ticket's episodes from 1.
        number: u32,
        /// What it was about.
        category: IssueCategory,
        /// What a risk model said of it, if one was asked.
        said: Option<SaidRisk>,
    },
    /// A ticket was opened again.
    Reopening,
    /// Somebody said what a label should have been.
    Feedback {
        /// Who.
        author: Name,
        /// Which label.
        head: Head,
        /// The right one.
        label: Name,
        /// What had been predicted, if anything.
        predicted: Option<Name>,
        /// By which model.
        model_version: Option<String>,
    },
    /// A step of a follow-up that may be shown.
    FollowUp {
        /// Who made it.
        author: Name,
        /// What it was.
        action: Action,
        /// Why.
        reason: Option<Name>,
    },
    /// Somebody said what became of a closing.
    Correction {
        /// Who.
        author: Name,
        /// Of which closing.
        number: u32,
        /// What became of it.
        outcome: Outcome,
        /// On what ground.
        reason: String,
    },
    /// Two identities became one person.
    Merge {
        /// Both.
        identities: [CustomerHash; 2],
        /// Who said so.
        author: Name,
        /// On what ground.
        reason: String,
    },
    /// That was taken back.
    MergeUndone {
        /// Both.
        identities: [CustomerHash; 2],
        /// Who said so.
        author: Option<Name>,
    },
    /// They asked to be left alone.
    OptOut {
        /// Who recorded it.
        author: Name,
        /// Why.
        reason: Name,
    },
    /// They do not ask so any more.
    OptOutWithdrawn {
        /// Who recorded it.
        author: Option<Name>,
    },
}

/// What a risk model said at a closing.
#[derive(Debug, Clone, PartialEq)]
pub struct SaidRisk {
    /// Probability that the customer comes back, 0 to 1.
    pub probability: f64,
    /// The band it falls into.
    pub band: String,
    /// The model.
    pub model_version: String,
}

/// The last event of a page.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct EventCursor {
    at: Timestamp,
    source: String,
    id: String,
}

impl PersonEvent {
    /// Its place in the list, to go on after it.
    #[must_use]
    pub fn cursor(&self) -> &EventCursor {
        &self.cursor
    }
}

impl Store {
    /// The person of an identity; `None` when it is not known.
    ///
    /// # Errors
    /// [`StoreError`] when the database fails.
    pub async fn person(
        &self,
        tenant: &Tenant,
        identity: &CustomerHash,
    ) -> Result<Option<KnownPerson>, StoreError> {
        let mut connection = self.pool.acquire().await?;
        let rows = sqlx::query(
            "SELECT o.identity_hash AS identity_hash, o.kind AS kind, o.person AS person FROM identities i \
             JOIN identities o ON o.tenant = i.tenant AND o.person = i.person \
             WHERE i.tenant = $1 AND i.identity_hash = $2 ORDER BY o.identity_hash",
        )
        .bind(tenant.as_str())
        .bind(identity.as_str())
        .fetch_all(&mut *connection)
        .await?;
        let Some(first) = rows.first() else { return Ok(None) };
        let key = CustomerHash(first.try_get("person")?);
        let identities = rows
            .iter()
            .map(|row| Ok((CustomerHash(row.try_get("identity_hash")?), read_identity_kind(row)?)))
            .collect::<Result<_, StoreError>>()?;
        let tickets = tickets_of(&mut connection, tenant, &key).await?;
        Ok(Some(KnownPerson { key, identities, tickets }))
    }

    /// What happened with a person, newest first, at most `limit` events, going on after `after`. Follow-ups of the control group are left
    /// out.
    ///
    /// # Errors
    /// [`StoreError`] when the database fails.
    pub async fn person_events(
        &self,
        tenant: &Tenant,
        person: &CustomerHash,
        after: Option<&EventCursor>,
        limit: u32,
    ) -> Result<Vec<PersonEvent>, StoreError> {
        let (at, source, id) = after.map_or((i64::MAX, "", ""), |cursor| {
            (cursor.at.millis(), cursor.source.as_str(), cursor.id.as_str())
        });
        let rows = sqlx::query(EVENTS)
            .bind(tenant.as_str())
            .bind(person.as_str())
            .bind(at)
            .bind(source)
            .bind(id)
            .bind(i64::from(limit))
            .fetch_all(&self.pool)
            .await?;
        rows.iter().map(read_event).collect()
    }

    /// The open follow-ups of a person that may be shown, the one that is due first first.
    ///
    /// # Errors
    /// [`StoreError`] when the database fails.
    pub async fn open_follow_ups_of(
        &self,
        tenant: &Tenant,
        person: &CustomerHash,
        now: Timestamp,
    ) -> Result<Vec<StoredFollowUp>, StoreError> {
        let rows = sqlx::query(select_follow_ups!(
            "f.status IN ('waiting', 'claimed', 'snoozed') AND f.customer_hash IN \
             (SELECT identity_hash FROM identities WHERE tenant = $1 AND person = $2) ORDER BY f.due_at, f.id"
        ))
        .bind(tenant.as_str())
        .bind(person.as_str())
        .fetch_all(&self.pool)
        .await?;
        let mut open: Vec<StoredFollowUp> =
            rows.iter().map(|row| read_follow_up(row, now)).collect::<Result<_, _>>()?;
        open.retain(|one| one.status.is_open());
        Ok(open)
    }
}

async fn tickets_of(
    connection: &mut AnyConnection,
    tenant: &Tenant,
    person: &CustomerHash,
) -> Result<Vec<PersonTicket>, StoreError> {
    let rows = sqlx::query(
        "SELECT t.id AS id, t.customer_hash AS customer_hash, t.details AS details, t.closed_at AS closed_at \
         FROM identities i CROSS JOIN tickets t WHERE t.tenant = i.tenant AND t.customer_hash = i.identity_hash \
         AND i.tenant = $1 AND i.person = $2 ORDER BY t.opened_at, t.id",
    )
    .bind(tenant.as_str())
    .bind(person.as_str())
    .fetch_all(connection)
    .await?;
    rows.iter()
        .map(|row| {
            Ok(PersonTicket {
                id: name(row, "tickets", "id")?,
                customer: CustomerHash(row.try_get("customer_hash")?),
                team: read_details(row)?.team,
                closed_at: optional_instant(row, "tickets", "closed_at")?,
            })
        })
        .collect()
}

/// Every event of a person in one form. `source` says which: the columns mean what [`read_happened`] makes of them. Written as CROSS JOIN,
/// which to SQLite means that identities are read first.
const EVENTS: &str = "\
SELECT happened_at, source, id, ticket_id, number, word, label, other, model, author, reason, probability FROM (\
SELECT c.occurred_at AS happened_at, 'contact' AS source, c.id AS id, c.ticket_id AS ticket_id, CAST(0 AS BIGINT) AS number, \
c.kind AS word, c.category AS label, c.channel AS other, c.model_version AS model, c.author AS author, \
CAST(NULL AS TEXT) AS reason, CAST(NULL AS DOUBLE PRECISION) AS probability \
FROM identities i CROSS JOIN contacts c \
WHERE c.tenant = i.tenant AND c.customer_hash = i.identity_hash AND i.tenant = $1 AND i.person = $2 \
UNION ALL SELECT t.opened_at, 'opening', t.id, t.id, 0, NULL, t.category, NULL, NULL, NULL, NULL, NULL \
FROM identities i CROSS JOIN tickets t \
WHERE t.tenant = i.tenant AND t.customer_hash = i.identity_hash AND i.tenant = $1 AND i.person = $2 \
UNION ALL SELECT e.closed_at, 'closing', e.ticket_id || '/' || CAST(e.number AS TEXT), e.ticket_id, e.number, a.band, e.category, NULL, \
a.model_version, NULL, NULL, a.probability FROM identities i CROSS JOIN episodes e \
LEFT JOIN assessments a ON a.tenant = e.tenant AND a.ticket_id = e.ticket_id AND a.episode = e.number \
WHERE e.tenant = i.tenant AND e.customer_hash = i.identity_hash AND i.tenant = $1 AND i.person = $2 \
UNION ALL SELECT v.occurred_at, 'reopening', v.ticket_id, v.ticket_id, 0, NULL, NULL, NULL, NULL, NULL, NULL, NULL \
FROM identities i CROSS JOIN tickets t CROSS JOIN ticket_events v WHERE v.tenant = t.tenant AND v.ticket_id = t.id AND v.kind = 'reopening' \
AND t.tenant = i.tenant AND t.customer_hash = i.identity_hash AND i.tenant = $1 AND i.person = $2 \
UNION ALL SELECT b.occurred_at, 'feedback', b.contact_id || '/' || b.head || '/' || b.author, c.ticket_id, 0, b.head, b.label, \
b.predicted_label, b.model_version, b.author, NULL, NULL FROM identities i CROSS JOIN contacts c CROSS JOIN feedback b \
WHERE b.tenant = c.tenant AND b.contact_id = c.id \
AND c.tenant = i.tenant AND c.customer_hash = i.identity_hash AND i.tenant = $1 AND i.person = $2 \
UNION ALL SELECT s.occurred_at, 'step', f.id || '/' || CAST(s.version AS TEXT), f.ticket_id, f.episode, s.action, NULL, NULL, NULL, \
s.author, s.reason, NULL FROM identities i CROSS JOIN follow_ups f CROSS JOIN follow_up_events s \
WHERE s.tenant = f.tenant AND s.follow_up_id = f.id AND f.arm = 'treatment' \
AND f.tenant = i.tenant AND f.customer_hash = i.identity_hash AND i.tenant = $1 AND i.person = $2 \
UNION ALL SELECT k.recorded_at, 'correction', k.id, k.ticket_id, k.episode, k.outcome, NULL, NULL, NULL, k.author, k.reason, NULL \
FROM identities i CROSS JOIN episodes e CROSS JOIN outcome_corrections k \
WHERE k.tenant = e.tenant AND k.ticket_id = e.ticket_id AND k.episode = e.number \
AND e.tenant = i.tenant AND e.customer_hash = i.identity_hash AND i.tenant = $1 AND i.person = $2 \
UNION ALL SELECT m.merged_at, 'merge', m.id, NULL, 0, NULL, m.identity_a, m.identity_b, NULL, m.author, m.reason, NULL \
FROM identity_merges m WHERE m.tenant = $1 \
AND (m.identity_a IN (SELECT identity_hash FROM identities WHERE tenant = $1 AND person = $2) \
OR m.identity_b IN (SELECT identity_hash FROM identities WHERE tenant = $1 AND person = $2)) \
UNION ALL SELECT m.undone_at, 'unmerge', m.id, NULL, 0, NULL, m.identity_a, m.identity_b, NULL, m.undone_by, NULL, NULL \
FROM identity_merges m WHERE m.tenant = $1 AND m.undone_at IS NOT NULL \
AND (m.identity_a IN (SELECT identity_hash FROM identities WHERE tenant = $1 AND person = $2) \
OR m.identity_b IN (SELECT identity_hash FROM identities WHERE tenant = $1 AND person = $2)) \
UNION ALL SELECT o.opted_out_at, 'opt_out', o.customer_hash, NULL, 0, NULL, NULL, NULL, NULL, o.author, o.reason, NULL \
FROM identities i CROSS JOIN opt_outs o \
WHERE o.tenant = i.tenant AND o.customer_hash = i.identity_hash AND i.tenant = $1 AND i.person = $2 \
UNION ALL SELECT o.withdrawn_at, 'opt_in', o.customer_hash, NULL, 0, NULL, NULL, NULL, NULL, o.withdrawn_by, NULL, NULL \
FROM identities i CROSS JOIN opt_outs o WHERE o.withdrawn_at IS NOT NULL \
AND o.tenant = i.tenant AND o.customer_hash = i.identity_hash AND i.tenant = $1 AND i.person = $2\
) every WHERE (happened_at, source, id) < ($3, $4, $5) ORDER BY happened_at DESC, source DESC, id DESC LIMIT $6";

const TABLE: &str = "events of a person";

fn read_event(row: &AnyRow) -> Result<PersonEvent, StoreError> {
    let source: String = row.try_get("source")?;
    let at = instant(row, TABLE, "happened_at")?;
    Ok(PersonEvent {
        at,
        ticket: optional_name(row, TABLE, "ticket_id")?,
        what: read_happened(&source, row)?,
        cursor: EventCursor { at, source, id: row.try_get("id")? },
    })
}

fn read_happened(source: &str, row: &AnyRow) -> Result<Happened, StoreError> {
    let unknown =
        |column, word: &str| StoreError::corrupt(TABLE, column, format!("unknown: {word}"));
    Ok(match source {
        "contact" => Happened::Contact {
            author: row.try_get("author")?,
            kind: read_kind(&row.try_get::<String, _>("word")?)?,
            channel: optional_name(row, TABLE, "other")?,
            category: optional_name(row, TABLE, "label")?,
            model_version: row.try_get("model")?,
        },
        "opening" => Happened::Opening { category: optional_name(row, TABLE, "label")? },
        "closing" => Happened::Closing {
            number: read_number(row)?,
            category: name(row, TABLE, "label")?,
            said: read_said(row)?,
        },
        "reopening" => Happened::Reopening,
        "feedback" => Happened::Feedback {
            author: name(row, TABLE, "author")?,
            head: read_head(row, "word")?,
            label: name(row, TABLE, "label")?,
            predicted: optional_name(row, TABLE, "other")?,
            model_version: row.try_get("model")?,
        },
        "step" => {
            let word: String = row.try_get("word")?;
            Happened::FollowUp {
                author: name(row, TABLE, "author")?,
                action: Action::parse(&word).ok_or_else(|| unknown("action", &word))?,
                reason: optional_name(row, TABLE, "reason")?,
            }
        }
        "correction" => {
            let word: String = row.try_get("word")?;
            Happened::Correction {
                author: name(row, TABLE, "author")?,
                number: read_number(row)?,
                outcome: parse_outcome(&word).ok_or_else(|| unknown("outcome", &word))?,
                reason: row.try_get("reason")?,
            }
        }
        "merge" => Happened::Merge {
            identities: read_pair(row)?,
            author: name(row, TABLE, "author")?,
            reason: row.try_get("reason")?,
        },
        "unmerge" => Happened::MergeUndone {
            identities: read_pair(row)?,
            author: optional_name(row, TABLE, "author")?,
        },
        "opt_out" => Happened::OptOut {
            author: name(row, TABLE, "author")?,
            reason: name(row, TABLE, "reason")?,
        },
        "opt_in" => Happened::OptOutWithdrawn { author: optional_name(row, TABLE, "author")? },
        other => return Err(unknown("source", other)),
    })
}

fn read_said(row: &AnyRow) -> Result<Option<SaidRisk>, StoreError> {
    let Some(probability) = row.try_get::<Option<f64>, _>("probability")? else { return Ok(None) };
    let (band, model_version) = (row.try_get("word")?, row.try_get("model")?);
    Ok(Some(SaidRisk { probability, band, model_version }))
}

fn read_pair(row: &AnyRow) -> Result<[CustomerHash; 2], StoreError> {
    Ok([CustomerHash(row.try_get("label")?), CustomerHash(row.try_get("other")?)])
}

fn read_number(row: &AnyRow) -> Result<u32, StoreError> {
    super::episodes::read_number(row, "number")
}

fn read_identity_kind(row: &AnyRow) -> Result<IdentityKind, StoreError> {
    let word: String = row.try_get("kind")?;
    IdentityKind::ALL
        .into_iter()
        .find(|kind| kind.as_str() == word)
        .ok_or_else(|| StoreError::corrupt("identities", "kind", format!("unknown: {word}")))
}
