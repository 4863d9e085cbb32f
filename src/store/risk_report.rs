//! The closings of a period with their scores and with what came of them, read one by one into a [`RiskTally`].
//!
//! Whether a customer came back is what outcomes say: the newest correction, else what was derived.

use super::rows::bulk_query;
use super::{Store, StoreError, Tenant, instant};
use crate::follow_up::FollowUpPolicy;
use crate::risk::CALIBRATION_REASON;
use crate::risk::report::{RiskReport, RiskTally, ScoredClosing};
use crate::ticket::Name;
use crate::timestamp::{DAY_MS, Timestamp};
use futures_util::TryStreamExt;
use serde::Deserialize;
use sqlx::Row;
use sqlx::any::AnyRow;
use std::borrow::Cow;

/// Which closings are reported on.
#[derive(Debug, Clone, Copy)]
pub struct RiskScope<'a> {
    /// The version of the risk model that assessed them.
    pub version: &'a str,
    /// Days after the closing within which a return counts: the model's window.
    pub window_days: u32,
    /// Closed at this instant or later.
    pub from: Timestamp,
    /// Closed before this instant.
    pub to: Timestamp,
    /// Of this team only.
    pub team: Option<&'a Name>,
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

/// The assessed closings of `$2` to `$3` with what followed within `$4` ms.
const CLOSINGS: &str = "SELECT a.model_version AS model_version, a.probability AS probability, a.closed_at AS closed_at, \
     e.category AS category, e.team AS team, e.channel AS channel, \
     (SELECT c.outcome FROM outcome_corrections c \
      WHERE c.tenant = a.tenant AND c.ticket_id = a.ticket_id AND c.episode = a.episode \
      ORDER BY c.recorded_at DESC, c.id DESC LIMIT 1) AS corrected, \
     (SELECT c.gap_ms FROM outcome_corrections c \
      WHERE c.tenant = a.tenant AND c.ticket_id = a.ticket_id AND c.episode = a.episode \
      ORDER BY c.recorded_at DESC, c.id DESC LIMIT 1) AS corrected_gap_ms, \
     (SELECT COUNT(*) FROM recontacts r \
      WHERE r.tenant = a.tenant AND r.ticket_id = a.ticket_id AND r.episode = a.episode \
      AND r.relation IN ('explicit', 'implicit') AND r.gap_ms > 0 AND r.gap_ms <= $4) AS repeats \
     FROM assessments a JOIN episodes e \
     ON e.tenant = a.tenant AND e.ticket_id = a.ticket_id AND e.number = a.episode \
     WHERE a.tenant = $1 AND a.closed_at >= $2 AND a.closed_at < $3";

impl Store {
    /// What the scores of a period were worth as of `now`. Reasons are read of at most `most_read` closings: those with the lowest
    /// hash of what was assessed, a sample that stays the same.
    ///
    /// # Errors
    /// [`StoreError`] when the database fails.
    pub async fn risk_report(
        &self,
        tenant: &Tenant,
        scope: &RiskScope<'_>,
        policy: &FollowUpPolicy,
        most_read: u32,
        now: Timestamp,
    ) -> Result<RiskReport, StoreError> {
        let mut tally = RiskTally::default();
        self.add_closings(tenant, scope, policy, now, &mut tally).await?;
        self.add_reasons(tenant, scope, most_read, &mut tally).await?;
        Ok(tally.report())
    }

    async fn add_closings(
        &self,
        tenant: &Tenant,
        scope: &RiskScope<'_>,
        policy: &FollowUpPolicy,
        now: Timestamp,
        tally: &mut RiskTally,
    ) -> Result<(), StoreError> {
        let window_ms = i64::from(scope.window_days) * DAY_MS;
        let of_team = scope.team.map_or("", |_| " AND e.team = $5");
        let statement = format!("{CLOSINGS}{of_team} ORDER BY a.closed_at, a.ticket_id, a.episode");
        let mut query = bulk_query(statement, true)
            .bind(tenant.as_str())
            .bind(scope.from.millis())
            .bind(scope.to.millis())
            .bind(window_ms);
        if let Some(team) = scope.team {
            query = query.bind(team.as_str());
        }
        let mut rows = query.fetch(&self.pool);
        while let Some(row) = rows.try_next().await? {
            if row.try_get::<String, _>("model_version")? != scope.version {
                tally.skip_other_version();
                continue;
            }
            let closed_at = instant(&row, "assessments", "closed_at")?.millis();
            let category: String = row.try_get("category")?;
            let team = row.try_get::<Option<String>, _>("team")?.unwrap_or_default();
            let channel = row.try_get::<Option<String>, _>("channel")?.unwrap_or_default();
            let local_ms = closed_at + policy.offset_of(&team).minutes() * 60_000;
            let is_mature = closed_at <= now.millis() - window_ms;
            tally.add(&ScoredClosing {
                probability: row.try_get("probability")?,
                category: &category,
                team: &team,
                channel: &channel,
                local_day: local_ms.div_euclid(DAY_MS),
                capacity: policy.capacity_of(&team),
                repeated: if is_mature { Some(repeated(&row, window_ms)?) } else { None },
            });
        }
        Ok(())
    }

    /// The sample is drawn before the assessments themselves are read: sorting them would move all of a period's reasons.
    async fn add_reasons(
        &self,
        tenant: &Tenant,
        scope: &RiskScope<'_>,
        most: u32,
        tally: &mut RiskTally,
    ) -> Result<(), StoreError> {
        let of_team = scope.team.map_or("", |_| " AND e.team = $6");
        let statement = format!(
            "SELECT b.body AS body FROM (SELECT a.tenant, a.ticket_id, a.episode FROM assessments a JOIN episodes e \
             ON e.tenant = a.tenant AND e.ticket_id = a.ticket_id AND e.number = a.episode \
             WHERE a.tenant = $1 AND a.closed_at >= $2 AND a.closed_at < $3 AND a.model_version = $4{of_team} \
             ORDER BY a.inputs_sha256, a.ticket_id, a.episode LIMIT $5) s \
             JOIN assessments b ON b.tenant = s.tenant AND b.ticket_id = s.ticket_id AND b.episode = s.episode"
        );
        let mut query = bulk_query(statement, true)
            .bind(tenant.as_str())
            .bind(scope.from.millis())
            .bind(scope.to.millis())
            .bind(scope.version)
            .bind(i64::from(most));
        if let Some(team) = scope.team {
            query = query.bind(team.as_str());
        }
        let mut rows = query.fetch(&self.pool);
        while let Some(row) = rows.try_next().await? {
            let body: String = row.try_get("body")?;
            let risk: StoredRisk<'_> = serde_json::from_str(&body)
                .map_err(|error| StoreError::corrupt("assessments", "body", error))?;
            let of_features =
                risk.reasons.iter().filter(|reason| reason.feature != CALIBRATION_REASON);
            tally.add_reasons(
                of_features.map(|reason| (reason.feature.as_ref(), reason.contribution)),
            );
        }
        Ok(())
    }
}

/// Whether the customer came back within the window: what a person says counts, else what was derived.
fn repeated(row: &AnyRow, window_ms: i64) -> Result<bool, StoreError> {
    Ok(match row.try_get::<Option<String>, _>("corrected")?.as_deref() {
        Some(outcome) => {
            let gap: Option<i64> = row.try_get("corrected_gap_ms")?;
            matches!(outcome, "explicit" | "implicit") && gap.is_none_or(|gap| gap <= window_ms)
        }
        None => row.try_get::<i64, _>("repeats")? > 0,
    })
}
