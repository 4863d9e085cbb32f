//! The flagged closings of an experiment with what became of them, read one by one into a [`Tally`].
//!
//! Both arms count by intention to treat: every follow-up row of the experiment, whatever became of it, also suppressed and
//! expired ones. Whether a repeat followed is read from `recontacts`, unless a person corrected the outcome: then the
//! newest correction counts, for repeats and for contacts that our own follow-up caused.

use super::kpi::closings::counted_flagged;
use super::{Store, StoreError, Tenant, instant, name, optional_instant};
use crate::effect::uplift::{ScoreCuts, ScoreHistogram};
use crate::effect::{Arm, Design, EffectPolicy, Observation, Tally};
use crate::kpi::FlaggedClosing;
use crate::ticket::Name;
use crate::timestamp::{DAY_MS, Timestamp};
use futures_util::TryStreamExt;
use sqlx::any::AnyRow;
use sqlx::{AnyConnection, Row};

/// An experiment and the sums of what was observed in it.
#[derive(Debug, Clone)]
pub struct ExperimentEffect {
    /// Its identifier.
    pub id: Name,
    /// Share of customers assigned to treatment.
    pub treatment_share: f64,
    /// When it started.
    pub started_at: Timestamp,
    /// When it ended, if it has.
    pub ended_at: Option<Timestamp>,
    /// What was observed.
    pub tally: Tally,
}

impl Store {
    /// What an experiment shows as of `now`; `None` when there is none of this identifier. Memory does not grow with it.
    ///
    /// # Errors
    /// [`StoreError`] when the database fails.
    pub async fn experiment_effect(
        &self,
        tenant: &Tenant,
        id: &Name,
        policy: &EffectPolicy,
        now: Timestamp,
    ) -> Result<Option<ExperimentEffect>, StoreError> {
        let mut connection = self.pool.acquire().await?;
        let Some(design) = find_design(&mut connection, tenant, id, policy).await? else {
            return Ok(None);
        };
        let cuts = score_cuts(&mut connection, tenant, id).await?;
        let mut tally = Tally::new(design.clone(), now, cuts);
        let mut of_person = PersonRows::default();
        let mut rows = sqlx::query(OUTCOMES)
            .bind(tenant.as_str())
            .bind(id.as_str())
            .bind(i64::from(design.window_days) * DAY_MS)
            .fetch(&mut *connection);
        while let Some(row) = rows.try_next().await? {
            let person: String = row.try_get("person")?;
            if person != of_person.person {
                tally.add_customer(&of_person.episodes);
                of_person = PersonRows { person, episodes: Vec::new() };
            }
            match observation(&row, &design)? {
                Some(observation) => of_person.episodes.push(observation),
                None => tally.skip_without_outcome(),
            }
        }
        tally.add_customer(&of_person.episodes);
        Ok(Some(ExperimentEffect {
            id: id.clone(),
            treatment_share: design.treatment_share,
            started_at: design.started_at,
            ended_at: design.ended_at,
            tally,
        }))
    }
}

impl Store {
    /// The same as [`Store::experiment_effect`] from days that [`Store::refresh_kpis`] has counted, which takes a tenth of the time.
    /// `None` as well where a flagged closing is on no counted day, as when its episode is gone.
    ///
    /// # Errors
    /// [`StoreError`] when the database fails.
    pub async fn counted_experiment_effect(
        &self,
        tenant: &Tenant,
        id: &Name,
        policy: &EffectPolicy,
        now: Timestamp,
    ) -> Result<Option<ExperimentEffect>, StoreError> {
        let mut reading = self.begin_reading().await?;
        let Some(design) = find_design(&mut reading, tenant, id, policy).await? else {
            return Ok(None);
        };
        let mut flagged = counted_flagged(&mut reading, tenant, id).await?;
        let all = count_flagged(&mut reading, tenant, id).await?;
        reading.rollback().await?;
        if flagged.len() as u64 != all {
            return Ok(None);
        }
        let mut histogram = ScoreHistogram::default();
        flagged.iter().for_each(|closing| histogram.add(closing.score));
        let mut tally = Tally::new(design.clone(), now, histogram.cuts());
        flagged.sort_by_key(|closing| (closing.person, closing.flagged_at_ms));
        for of_person in flagged.chunk_by(|a, b| a.person == b.person) {
            let observed = of_person.iter().map(|closing| observed(closing, &design));
            tally.add_customer(&observed.collect::<Result<Vec<_>, _>>()?);
        }
        Ok(Some(ExperimentEffect {
            id: id.clone(),
            treatment_share: design.treatment_share,
            started_at: design.started_at,
            ended_at: design.ended_at,
            tally,
        }))
    }
}

/// How many closings an experiment has flagged.
async fn count_flagged(
    connection: &mut AnyConnection,
    tenant: &Tenant,
    id: &Name,
) -> Result<u64, StoreError> {
    let count: i64 = sqlx::query_scalar(
        "SELECT COUNT(*) FROM follow_ups WHERE tenant = $1 AND experiment_id = $2",
    )
    .bind(tenant.as_str())
    .bind(id.as_str())
    .fetch_one(connection)
    .await?;
    Ok(u64::try_from(count).unwrap_or(0))
}

fn observed(closing: &FlaggedClosing, design: &Design) -> Result<Observation, StoreError> {
    let at = |millis| {
        Timestamp::from_millis(millis)
            .map_err(|error| StoreError::corrupt("kpi_flagged", "body", error))
    };
    Ok(Observation {
        arm: if closing.is_control { Arm::Control } else { Arm::Treatment },
        score: closing.score,
        flagged_at: at(closing.flagged_at_ms)?,
        matures_at: at(closing.closed_at_ms)?.plus_days(i64::from(design.window_days)),
        repeat: closing.is_repeated(design.window_days),
        induced: closing.induced(design.window_days),
        contacted: closing.is_contacted,
    })
}

/// The rows of one person: whoever is known under several identities counts once.
#[derive(Default)]
struct PersonRows {
    person: String,
    episodes: Vec<Observation>,
}

async fn find_design(
    connection: &mut AnyConnection,
    tenant: &Tenant,
    id: &Name,
    policy: &EffectPolicy,
) -> Result<Option<Design>, StoreError> {
    let row = sqlx::query(
        "SELECT treatment_share, window_days, started_at, ended_at FROM experiments WHERE tenant = $1 AND id = $2",
    )
    .bind(tenant.as_str())
    .bind(id.as_str())
    .fetch_optional(connection)
    .await?;
    row.map(|row| {
        let window_days = u32::try_from(row.try_get::<i64, _>("window_days")?)
            .map_err(|error| StoreError::corrupt("experiments", "window_days", error))?;
        Ok(Design {
            window_days,
            treatment_share: row.try_get("treatment_share")?,
            started_at: instant(&row, "experiments", "started_at")?,
            ended_at: optional_instant(&row, "experiments", "ended_at")?,
            looks: policy.looks_days.clone(),
            costs: policy.costs,
            target_reduction: policy.target_reduction,
        })
    })
    .transpose()
}

/// Cuts the order of the scores of all flagged closings, mature or not.
async fn score_cuts(
    connection: &mut AnyConnection,
    tenant: &Tenant,
    id: &Name,
) -> Result<ScoreCuts, StoreError> {
    let mut histogram = ScoreHistogram::default();
    let mut rows =
        sqlx::query("SELECT probability FROM follow_ups WHERE tenant = $1 AND experiment_id = $2")
            .bind(tenant.as_str())
            .bind(id.as_str())
            .fetch(connection);
    while let Some(row) = rows.try_next().await? {
        histogram.add(row.try_get("probability")?);
    }
    Ok(histogram.cuts())
}

/// The flagged closings of experiment `$2`, person by person, with what followed within `$3` ms.
const OUTCOMES: &str = "SELECT COALESCE(i.person, f.customer_hash) AS person, f.arm AS arm, f.probability AS probability, \
     f.status AS status, f.created_at AS created_at, e.closed_at AS closed_at, \
     (SELECT c.outcome FROM outcome_corrections c \
      WHERE c.tenant = f.tenant AND c.ticket_id = f.ticket_id AND c.episode = f.episode \
      ORDER BY c.recorded_at DESC, c.id DESC LIMIT 1) AS corrected, \
     (SELECT c.gap_ms FROM outcome_corrections c \
      WHERE c.tenant = f.tenant AND c.ticket_id = f.ticket_id AND c.episode = f.episode \
      ORDER BY c.recorded_at DESC, c.id DESC LIMIT 1) AS corrected_gap_ms, \
     (SELECT COUNT(*) FROM recontacts r \
      WHERE r.tenant = f.tenant AND r.ticket_id = f.ticket_id AND r.episode = f.episode \
      AND r.relation IN ('explicit', 'implicit') AND r.gap_ms > 0 AND r.gap_ms <= $3) AS repeats, \
     (SELECT COUNT(*) FROM recontacts r \
      WHERE r.tenant = f.tenant AND r.ticket_id = f.ticket_id AND r.episode = f.episode \
      AND r.relation = 'induced' AND r.gap_ms > 0 AND r.gap_ms <= $3) AS induced \
     FROM follow_ups f LEFT JOIN episodes e \
     ON e.tenant = f.tenant AND e.ticket_id = f.ticket_id AND e.number = f.episode \
     LEFT JOIN identities i ON i.tenant = f.tenant AND i.identity_hash = f.customer_hash \
     WHERE f.tenant = $1 AND f.experiment_id = $2 ORDER BY 1, f.created_at, f.id";

/// `None` when the episode is not there any more.
fn observation(row: &AnyRow, design: &Design) -> Result<Option<Observation>, StoreError> {
    let Some(closed_at) = optional_instant(row, "episodes", "closed_at")? else { return Ok(None) };
    let arm = name(row, "follow_ups", "arm")?;
    let arm = Arm::parse(arm.as_str())
        .ok_or_else(|| StoreError::corrupt("follow_ups", "arm", format!("unknown arm {arm}")))?;
    let corrected: Option<String> = row.try_get("corrected")?;
    let (repeat, induced) = match corrected.as_deref() {
        Some(outcome) => {
            let gap: Option<i64> = row.try_get("corrected_gap_ms")?;
            let is_within = gap.is_none_or(|gap| gap <= i64::from(design.window_days) * DAY_MS);
            let is_repeat = matches!(outcome, "explicit" | "implicit");
            (is_within && is_repeat, u32::from(is_within && outcome == "induced"))
        }
        None => {
            let induced = row.try_get::<i64, _>("induced")?;
            (row.try_get::<i64, _>("repeats")? > 0, u32::try_from(induced).unwrap_or(u32::MAX))
        }
    };
    Ok(Some(Observation {
        arm,
        score: row.try_get("probability")?,
        flagged_at: instant(row, "follow_ups", "created_at")?,
        matures_at: closed_at.plus_days(i64::from(design.window_days)),
        repeat,
        induced,
        contacted: row.try_get::<String, _>("status")? == "done",
    }))
}
