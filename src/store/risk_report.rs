//! The closings of a period with their scores and with what came of them, put into a [`RiskTally`].
//!
//! Whether a customer came back is what outcomes say: the newest correction, else what was derived.

use super::{Store, StoreError, Tenant};
use crate::follow_up::FollowUpPolicy;
use crate::kpi::{CountedClosings, Period};
use crate::risk::report::{RiskReport, RiskTally, ScoredClosing};
use crate::ticket::Name;
use crate::timestamp::{DAY_MS, Timestamp};

/// Which closings are reported on.
#[derive(Debug, Clone, Copy)]
pub struct RiskScope<'a> {
    /// The version of the risk model that assessed them.
    pub version: &'a str,
    /// Days after the closing within which a return counts: the model's window.
    pub window_days: u32,
    /// Closed on these days.
    pub period: Period,
    /// Of this team only.
    pub team: Option<&'a Name>,
}

impl Store {
    /// What the scores of a period were worth as of `now`, from days that [`Store::refresh_kpis`] has counted.
    ///
    /// # Errors
    /// [`StoreError`] when the database fails.
    pub async fn risk_report(
        &self,
        tenant: &Tenant,
        scope: &RiskScope<'_>,
        policy: &FollowUpPolicy,
        now: Timestamp,
    ) -> Result<RiskReport, StoreError> {
        let mut tally = RiskTally::default();
        self.counted_closings(tenant, scope.period, scope.team, |team, closings| {
            add_closings(&mut tally, scope, policy, now, team, &closings);
        })
        .await?;
        let reasons = self.counted_reasons(tenant, scope.period, scope.team, scope.version).await?;
        tally.add_reasons(&reasons);
        Ok(tally.report())
    }
}

/// Adds the closings of a team's day that the version assessed.
fn add_closings(
    tally: &mut RiskTally,
    scope: &RiskScope<'_>,
    policy: &FollowUpPolicy,
    now: Timestamp,
    team: &str,
    closings: &CountedClosings,
) {
    let categories: Vec<usize> =
        closings.categories.iter().map(|name| tally.category(name)).collect();
    let channels: Vec<usize> = closings.channels.iter().map(|name| tally.channel(name)).collect();
    let version = closings.versions.iter().position(|known| known == scope.version);
    let mature_until = now.plus_days(-i64::from(scope.window_days));
    let offset_ms = policy.offset_of(team).minutes() * 60_000;
    let mut of_others = 0;
    let scored = closings.closings.iter().filter_map(|closing| {
        let (assessed_by, probability) = closing.score?;
        if Some(assessed_by) != version {
            of_others += 1;
            return None;
        }
        let is_mature = closing.closed_at <= mature_until;
        Some(ScoredClosing {
            probability,
            category: categories[closing.category],
            channel: channels[closing.channel],
            local_day: (closing.closed_at.millis() + offset_ms).div_euclid(DAY_MS),
            repeated: is_mature.then(|| closing.is_repeated(scope.window_days)),
        })
    });
    tally.add(team, policy.capacity_of(team), scored);
    tally.skip_other_versions(of_others);
}
