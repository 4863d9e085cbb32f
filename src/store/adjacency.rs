//! What a change of the adjacent pairs means for recontacts that are stored.

use super::derivation::{
    ChangeCause, Derivation, OutcomeRules, OutcomesPerWindow, RECONTACT_COLUMNS, read_recontact,
    record_changes,
};
use super::episodes::read_number;
use super::rows::bulk_query;
use super::{OutcomeChange, Store, StoreError, Tenant, instant, name};
use crate::outcome::{AdjacentPairs, EpisodeId, OutcomePolicy, Recontact, Relation, WINDOWS_DAYS};
use crate::ticket::IssueCategory;
use crate::timestamp::Timestamp;
use sqlx::AnyConnection;
use std::collections::{BTreeMap, HashSet};

/// The episodes of a pair that may change, each with its close and everything stored of it.
type Episodes = BTreeMap<(Timestamp, EpisodeId), Vec<Recontact>>;

impl Store {
    /// The pairs of different categories that have contacts of a relation.
    ///
    /// # Errors
    /// [`StoreError`] when the database fails.
    pub async fn related_pairs(
        &self,
        tenant: &Tenant,
        relation: Relation,
    ) -> Result<AdjacentPairs, StoreError> {
        let rows = sqlx::query(
            "SELECT DISTINCT primary_category, category FROM recontacts \
             WHERE tenant = $1 AND relation = $2 AND category IS NOT NULL AND category <> primary_category",
        )
        .bind(tenant.as_str())
        .bind(relation.as_str())
        .fetch_all(&self.pool)
        .await?;
        rows.iter()
            .map(|row| {
                let primary = name(row, "recontacts", "primary_category")?;
                Ok((primary, name(row, "recontacts", "category")?))
            })
            .collect()
    }

    /// Brings stored recontacts from one set of adjacent pairs to another: those of pairs that are new become implicit, those of
    /// pairs that are gone unrelated. Changes of outcomes that were told are recorded. Answers how many recontacts changed.
    ///
    /// # Errors
    /// [`StoreError`] when the database fails.
    pub async fn refresh_adjacency(
        &self,
        tenant: &Tenant,
        old: &AdjacentPairs,
        new: &AdjacentPairs,
        policy: &OutcomePolicy,
        now: Timestamp,
    ) -> Result<u64, StoreError> {
        let rules = OutcomeRules { pairs: new, policy, late_after_ms: i64::MAX };
        let derivation = Derivation { tenant, rules: &rules, now, cause: ChangeCause::Adjacency };
        let added = new.iter().filter(|(p, s)| !old.contains(p, s));
        let removed = old.iter().filter(|(p, s)| !new.contains(p, s));
        let steps = added
            .map(|pair| (pair, [Relation::Unrelated, Relation::Implicit]))
            .chain(removed.map(|pair| (pair, [Relation::Implicit, Relation::Unrelated])));
        let mut changed = 0;
        for (pair, relations) in steps {
            let mut after = (String::new(), 0);
            while let Some(last) = self.last_of_batch(tenant, pair, relations[0], &after).await? {
                // A transaction for some episodes each: none of them holds up closings for long.
                let mut write = self.begin_write().await?;
                let batch = Batch { pair, relations, after: &after, last: &last };
                let moved = move_batch(write.connection(), derivation, &batch).await?;
                write.finish(moved > 0).await?;
                changed += moved;
                after = last;
            }
        }
        Ok(changed)
    }

    /// The last of the next episodes of a pair that have recontacts to be moved; `None` when there are no more.
    async fn last_of_batch(
        &self,
        tenant: &Tenant,
        pair: (&IssueCategory, &IssueCategory),
        from: Relation,
        after: &(String, i64),
    ) -> Result<Option<(String, i64)>, StoreError> {
        let episodes: Vec<(String, i64)> = sqlx::query_as(
            "SELECT DISTINCT ticket_id, episode FROM recontacts WHERE tenant = $1 AND primary_category = $2 \
             AND category = $3 AND relation = $4 AND (ticket_id, episode) > ($5, $6) ORDER BY ticket_id, episode LIMIT $7",
        )
        .bind(tenant.as_str())
        .bind(pair.0.as_str())
        .bind(pair.1.as_str())
        .bind(from.as_str())
        .bind(after.0.as_str())
        .bind(after.1)
        .bind(MOVED_AT_ONCE)
        .fetch_all(&self.pool)
        .await?;
        Ok(episodes.into_iter().last())
    }
}

/// Episodes whose recontacts are moved in one transaction.
const MOVED_AT_ONCE: i64 = 200;

/// The episodes of a pair that come after one and up to another, in the order of ticket and number.
struct Batch<'a> {
    pair: (&'a IssueCategory, &'a IssueCategory),
    relations: [Relation; 2],
    after: &'a (String, i64),
    last: &'a (String, i64),
}

async fn move_batch(
    connection: &mut AnyConnection,
    derivation: Derivation<'_>,
    batch: &Batch<'_>,
) -> Result<u64, StoreError> {
    let [from, to] = batch.relations;
    sqlx::query(
        "INSERT INTO kpi_changes (tenant, day) SELECT DISTINCT e.tenant, e.closed_at / 86400000 FROM recontacts r \
         JOIN episodes e ON e.tenant = r.tenant AND e.ticket_id = r.ticket_id AND e.number = r.episode \
         WHERE r.tenant = $1 AND r.primary_category = $2 AND r.category = $3 AND r.relation = $4 \
         AND (r.ticket_id, r.episode) > ($5, $6) AND (r.ticket_id, r.episode) <= ($7, $8)",
    )
    .bind(derivation.tenant.as_str())
    .bind(batch.pair.0.as_str())
    .bind(batch.pair.1.as_str())
    .bind(from.as_str())
    .bind(batch.after.0.as_str())
    .bind(batch.after.1)
    .bind(batch.last.0.as_str())
    .bind(batch.last.1)
    .execute(&mut *connection)
    .await?;
    let moved = sqlx::query(
        "UPDATE recontacts SET relation = $5, derived_at = $6 \
         WHERE tenant = $1 AND primary_category = $2 AND category = $3 AND relation = $4 \
         AND (ticket_id, episode) > ($7, $8) AND (ticket_id, episode) <= ($9, $10)",
    )
    .bind(derivation.tenant.as_str())
    .bind(batch.pair.0.as_str())
    .bind(batch.pair.1.as_str())
    .bind(from.as_str())
    .bind(to.as_str())
    .bind(derivation.now.millis())
    .bind(batch.after.0.as_str())
    .bind(batch.after.1)
    .bind(batch.last.0.as_str())
    .bind(batch.last.1)
    .execute(&mut *connection)
    .await?
    .rows_affected();
    if moved > 0 {
        let episodes = episodes_of_batch(connection, derivation, batch).await?;
        let changes = changes(derivation, batch.pair, batch.relations, episodes);
        record_changes(connection, derivation, &changes).await?;
    }
    Ok(moved)
}

/// Everything that is stored of the mature episodes whose recontacts were just moved.
async fn episodes_of_batch(
    connection: &mut AnyConnection,
    derivation: Derivation<'_>,
    batch: &Batch<'_>,
) -> Result<Episodes, StoreError> {
    let statement = format!(
        "SELECT e.closed_at AS closed_at, {RECONTACT_COLUMNS} FROM (SELECT DISTINCT ticket_id, episode FROM recontacts \
         WHERE tenant = $1 AND primary_category = $2 AND category = $3 AND derived_at = $4 \
         AND (ticket_id, episode) > ($6, $7) AND (ticket_id, episode) <= ($8, $9)) m \
         JOIN episodes e ON e.tenant = $1 AND e.ticket_id = m.ticket_id AND e.number = m.episode AND e.closed_at <= $5 \
         JOIN recontacts r ON r.tenant = $1 AND r.ticket_id = m.ticket_id AND r.episode = m.episode"
    );
    let shortest = WINDOWS_DAYS.into_iter().min().unwrap_or_default();
    let rows = bulk_query(statement, true)
        .bind(derivation.tenant.as_str())
        .bind(batch.pair.0.as_str())
        .bind(batch.pair.1.as_str())
        .bind(derivation.now.millis())
        .bind(derivation.now.plus_days(-i64::from(shortest)).millis())
        .bind(batch.after.0.as_str())
        .bind(batch.after.1)
        .bind(batch.last.0.as_str())
        .bind(batch.last.1)
        .fetch_all(connection)
        .await?;
    let mut episodes = Episodes::new();
    for row in &rows {
        let id = EpisodeId {
            ticket: name(row, "recontacts", "ticket_id")?,
            number: read_number(row, "episode")?,
        };
        let closed_at = instant(row, "episodes", "closed_at")?;
        episodes.entry((closed_at, id)).or_default().push(read_recontact(row)?);
    }
    Ok(episodes)
}

fn changes(
    derivation: Derivation<'_>,
    pair: (&IssueCategory, &IssueCategory),
    [from, to]: [Relation; 2],
    episodes: Episodes,
) -> Vec<OutcomeChange> {
    let mut seen = HashSet::new();
    let mut changes = Vec::new();
    for ((closed_at, episode), after) in episodes {
        let mut before = after.clone();
        for recontact in &mut before {
            if recontact.category.as_ref() == Some(pair.1) && recontact.relation == to {
                recontact.relation = from;
            }
        }
        let told = |recontacts: &[Recontact]| {
            OutcomesPerWindow::of(recontacts, closed_at, derivation.now, false)
        };
        let (before, after) = (told(&before), told(&after));
        if before != after && seen.insert(episode.clone()) {
            let cause = derivation.cause;
            changes.push(OutcomeChange {
                episode,
                changed_at: derivation.now,
                cause,
                before,
                after,
            });
        }
    }
    changes
}
