//! Where the bands begin: the high one where a follow-up pays or fits into the teams' day, on tickets that were predicted
//! before their outcome was known.

use super::params::RiskParams;
use super::protocol::{Example, share};
use crate::bad_input;
use recontact::probability::Probability;
use recontact::risk::threshold::FollowUpCosts;
use recontact::risk::{BandThresholds, FollowUpRule};
use recontact::timestamp::DAY_MS;
use std::collections::BTreeSet;

/// Chooses the bands for tickets of these log-odds. Costs decide where the effect of a follow-up is known, else the
/// capacity, else a share of the tickets.
///
/// # Errors
/// [`crate::failure::BadInput`] when the tickets cannot be told apart.
pub fn choose(
    rows: &[&Example<'_>],
    logits: &[f64],
    params: &RiskParams,
) -> anyhow::Result<(BandThresholds, FollowUpRule)> {
    let mut scores: Vec<f64> = logits.to_vec();
    scores.sort_by(|a, b| b.total_cmp(a));
    let last = scores.len().saturating_sub(1);
    let ranked = |rank: usize| Probability::from_logit(scores[rank.min(last)]);
    let at = |part: f64| ranked(share(part, scores.len()));
    let rule = rule(params);
    let high = match rule {
        FollowUpRule::Share { share } => at(share),
        FollowUpRule::Cost(costs) => costs.threshold(),
        FollowUpRule::Capacity { per_team_and_day } => {
            let part = per_team_and_day * number(team_days(rows)) / number(rows.len().max(1));
            at(part.min(1.0))
        }
    };
    let medium = at(params.bands.medium_share);
    // Where equal scores leave no room between the two, the medium band begins at half the high threshold.
    let medium = if medium < high { medium } else { Probability::new(high.value() / 2.0)? };
    let bands = BandThresholds::new(medium, high)
        .map_err(|error| bad_input!("the tickets cannot be told apart: {error}"))?;
    Ok((bands, rule))
}

fn rule(params: &RiskParams) -> FollowUpRule {
    let threshold = &params.threshold;
    if let Some(cost) = threshold.cost {
        if let Some(effect) = cost.effect {
            let (follow_up, harm, repeat) = (cost.follow_up, cost.harm, cost.repeat);
            return FollowUpRule::Cost(FollowUpCosts { follow_up, harm, repeat, effect });
        }
        eprintln!(
            "threshold.cost: the effect of a follow-up is not known yet, so it cannot be said when one pays; \
             capacity decides until a control group has measured it"
        );
    }
    match threshold.per_team_and_day {
        Some(per_team_and_day) => FollowUpRule::Capacity { per_team_and_day },
        None => FollowUpRule::Share { share: params.bands.high_share },
    }
}

/// Team and UTC day of a closing; tickets without a team are one team.
#[must_use]
pub fn team_day<'e>(row: &'e Example<'_>) -> (Option<&'e str>, i64) {
    let team = row.facts.ticket().details.team.as_ref();
    (team.map(recontact::ticket::Name::as_str), row.closed_at.millis().div_euclid(DAY_MS))
}

/// Days on which a team closed something.
fn team_days(rows: &[&Example<'_>]) -> usize {
    rows.iter().map(|row| team_day(row)).collect::<BTreeSet<_>>().len()
}

#[expect(clippy::cast_precision_loss, reason = "row counts fit into 53 bits")]
fn number(count: usize) -> f64 {
    count as f64
}
