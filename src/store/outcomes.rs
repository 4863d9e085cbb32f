//! Outcomes of one ticket, as far as they are stored: episodes, what followed them, what was taken for something else.

use super::contacts::read_kind;
use super::corrections::{corrections_of, find_corrections};
use super::derivation::{OutcomeChange, RECONTACT_COLUMNS, find_changes, read_recontact};
use super::episodes::{StoredEpisode, episodes_of_ticket, read_number};
use super::persons::{Person, find_person};
use super::rows::{PER_STATEMENT, bulk_query, list_from};
use super::{Store, StoreError, Tenant, instant, name, optional_name};
use crate::outcome::{
    ContactKind, Correction, EpisodeId, LONGEST_WINDOW_DAYS, Outcome, Recontact, effective,
};
use crate::ticket::{Name, TicketId};
use crate::timestamp::Timestamp;
use sqlx::any::AnyRow;
use sqlx::{AnyConnection, Row};

/// Everything the store knows about the outcomes of a ticket.
#[derive(Debug, Clone, PartialEq)]
pub struct TicketOutcomes {
    /// Its episodes in order.
    pub episodes: Vec<EpisodeOutcomes>,
}

/// What became of one episode.
#[derive(Debug, Clone, PartialEq)]
pub struct EpisodeOutcomes {
    /// The episode.
    pub episode: StoredEpisode,
    /// What followed it within the longest window, in order of time.
    pub recontacts: Vec<Recontact>,
    /// What followed it and is no recontact.
    pub excluded: Vec<ExcludedContact>,
    /// What people said, oldest first.
    pub corrections: Vec<Correction>,
    /// Changes of outcomes that were told, oldest first.
    pub changes: Vec<OutcomeChange>,
}

/// A contact that is no recontact, with what it was taken for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExcludedContact {
    /// Its identifier.
    pub id: Name,
    /// When it was written.
    pub occurred_at: Timestamp,
    /// What it was taken for.
    pub kind: ContactKind,
    /// Why.
    pub rule: Option<String>,
    /// The ticket it belongs to.
    pub ticket: Option<TicketId>,
}

/// What decides the outcome of one closing.
#[derive(Debug, Clone, PartialEq)]
pub struct ClosingOutcomes {
    /// The episode that was closed.
    pub episode: EpisodeId,
    /// When.
    pub closed_at: Timestamp,
    recontacts: Vec<Recontact>,
    corrections: Vec<Correction>,
}

impl ClosingOutcomes {
    /// What counts in a window: the last correction, else what was derived; nothing while it is not over.
    #[must_use]
    pub fn outcome(&self, window_days: u32, now: Timestamp) -> Option<Outcome> {
        let derived = Outcome::of(&self.recontacts, self.closed_at, window_days, now);
        let derived = derived.map(|(outcome, _)| outcome);
        effective(derived, &self.corrections, window_days).map(|counts| counts.outcome)
    }
}

impl Store {
    /// What decides the outcomes of every closing of some tickets, in their order and that of their closings.
    ///
    /// # Errors
    /// [`StoreError`] when the database fails.
    pub async fn closing_outcomes(
        &self,
        tenant: &Tenant,
        tickets: &[TicketId],
    ) -> Result<Vec<ClosingOutcomes>, StoreError> {
        let mut connection = self.pool.acquire().await?;
        let mut found = Vec::new();
        for tickets in tickets.chunks(PER_STATEMENT) {
            found.extend(closings_of(&mut connection, tenant, tickets).await?);
        }
        Ok(found)
    }

    /// The outcomes of a ticket; `None` when neither ticket nor episodes are known.
    ///
    /// # Errors
    /// [`StoreError`] when the database fails.
    pub async fn ticket_outcomes(
        &self,
        tenant: &Tenant,
        id: &TicketId,
    ) -> Result<Option<TicketOutcomes>, StoreError> {
        let mut connection = self.pool.acquire().await?;
        let connection = &mut *connection;
        let episodes = episodes_of_ticket(connection, tenant, id).await?;
        let Some(customer) = episodes.first().map(|episode| episode.customer.clone()) else {
            let known = super::tickets::find_ticket(connection, tenant, id).await?;
            return Ok(known.map(|_| TicketOutcomes { episodes: Vec::new() }));
        };
        let person = find_person(connection, tenant, &customer).await?;
        let mut recontacts = recontacts_of_ticket(connection, tenant, id).await?;
        let corrections = find_corrections(connection, tenant, id).await?;
        let changes = find_changes(connection, tenant, id).await?;
        let mut outcomes = Vec::with_capacity(episodes.len());
        for episode in episodes {
            let number = episode.facts.id.number;
            let mut own: Vec<Recontact> = recontacts
                .extract_if(.., |(of, _)| *of == number)
                .map(|(_, recontact)| recontact)
                .collect();
            own.sort_by(|a, b| {
                (a.occurred_at, a.source, &a.source_id).cmp(&(
                    b.occurred_at,
                    b.source,
                    &b.source_id,
                ))
            });
            let of_this =
                |(of, correction): &(u32, Correction)| (*of == number).then(|| correction.clone());
            outcomes.push(EpisodeOutcomes {
                excluded: excluded_after(connection, tenant, &person, episode.facts.closed_at)
                    .await?,
                recontacts: own,
                corrections: corrections.iter().filter_map(of_this).collect(),
                changes: changes.iter().filter(|c| c.episode.number == number).cloned().collect(),
                episode,
            });
        }
        Ok(Some(TicketOutcomes { episodes: outcomes }))
    }
}

async fn closings_of(
    connection: &mut AnyConnection,
    tenant: &Tenant,
    tickets: &[TicketId],
) -> Result<Vec<ClosingOutcomes>, StoreError> {
    let listed = list_from(2, tickets.len());
    let of_tickets = async |connection: &mut AnyConnection, select: &str| {
        let statement = format!("{select} ({listed})");
        let mut query = bulk_query(statement, false).bind(tenant.as_str());
        for ticket in tickets {
            query = query.bind(ticket.as_str());
        }
        query.fetch_all(connection).await
    };
    let recontacts = format!(
        "SELECT {RECONTACT_COLUMNS} FROM recontacts r WHERE r.tenant = $1 AND r.ticket_id IN"
    );
    let recontacts: Vec<(EpisodeId, Recontact)> = of_tickets(connection, &recontacts)
        .await?
        .iter()
        .map(|row| Ok((read_episode_id(row, "episode")?, read_recontact(row)?)))
        .collect::<Result<_, StoreError>>()?;
    let corrections = corrections_of(connection, tenant, tickets).await?;
    let episodes =
        "SELECT ticket_id, number, closed_at FROM episodes WHERE tenant = $1 AND ticket_id IN";
    let mut closings = of_tickets(connection, episodes)
        .await?
        .iter()
        .map(|row| {
            let episode = read_episode_id(row, "number")?;
            let own = |of: &EpisodeId| *of == episode;
            Ok(ClosingOutcomes {
                recontacts: recontacts
                    .iter()
                    .filter(|(of, _)| own(of))
                    .map(|(_, r)| r.clone())
                    .collect(),
                corrections: corrections
                    .iter()
                    .filter(|(of, _)| own(of))
                    .map(|(_, c)| c.clone())
                    .collect(),
                closed_at: instant(row, "episodes", "closed_at")?,
                episode,
            })
        })
        .collect::<Result<Vec<_>, StoreError>>()?;
    closings.sort_by_key(|one| {
        (tickets.iter().position(|ticket| *ticket == one.episode.ticket), one.episode.number)
    });
    Ok(closings)
}

fn read_episode_id(row: &AnyRow, number: &'static str) -> Result<EpisodeId, StoreError> {
    Ok(EpisodeId { ticket: name(row, "episodes", "ticket_id")?, number: read_number(row, number)? })
}

async fn recontacts_of_ticket(
    connection: &mut AnyConnection,
    tenant: &Tenant,
    ticket: &TicketId,
) -> Result<Vec<(u32, Recontact)>, StoreError> {
    let statement = format!(
        "SELECT {RECONTACT_COLUMNS} FROM recontacts r WHERE r.tenant = $1 AND r.ticket_id = $2"
    );
    let rows = bulk_query(statement, true)
        .bind(tenant.as_str())
        .bind(ticket.as_str())
        .fetch_all(connection)
        .await?;
    rows.iter().map(|row| Ok((read_number(row, "episode")?, read_recontact(row)?))).collect()
}

async fn excluded_after(
    connection: &mut AnyConnection,
    tenant: &Tenant,
    person: &Person,
    closed_at: Timestamp,
) -> Result<Vec<ExcludedContact>, StoreError> {
    let end = closed_at.plus_days(i64::from(LONGEST_WINDOW_DAYS));
    let rows = sqlx::query(
        "SELECT c.id AS id, c.occurred_at AS occurred_at, c.kind AS kind, c.kind_rule AS kind_rule, \
         c.ticket_id AS ticket_id FROM identities i CROSS JOIN contacts c \
         WHERE c.tenant = i.tenant AND c.customer_hash = i.identity_hash AND c.occurred_at > $3 AND c.occurred_at <= $4 \
         AND i.tenant = $1 AND i.person = $2 AND (c.kind <> 'substantive' OR c.author <> 'customer') \
         ORDER BY c.occurred_at, c.id",
    )
    .bind(tenant.as_str())
    .bind(person.as_str())
    .bind(closed_at.millis())
    .bind(end.millis())
    .fetch_all(connection)
    .await?;
    rows.iter()
        .map(|row| {
            Ok(ExcludedContact {
                id: name(row, "contacts", "id")?,
                occurred_at: instant(row, "contacts", "occurred_at")?,
                kind: read_kind(&row.try_get::<String, _>("kind")?)?,
                rule: row.try_get("kind_rule")?,
                ticket: optional_name(row, "contacts", "ticket_id")?,
            })
        })
        .collect()
}
