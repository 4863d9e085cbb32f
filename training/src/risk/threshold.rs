//! Where the bands begin: the high one where a follow-up pays or fits into the teams' day, on tickets that were predicted
//! before their outcome was known. By capacity each team has a threshold of its own: teams differ in how many tickets they
//! close in a day, and in how risky these are.

use super::params::{RiskParams, ThresholdParams};
use super::protocol::{Example, positives, share};
use super::report::{probabilities, rate};
use crate::bad_input;
use recontact::probability::Probability;
use recontact::risk::threshold::FollowUpCosts;
use recontact::risk::{BandThresholds, FollowUpRule, RecontactRisk};
use recontact::timestamp::DAY_MS;
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet};

/// Fewest tickets of a team for a threshold of its own.
const MIN_TEAM: usize = 50;

/// Where the bands begin, and why there.
#[derive(Debug, Clone, PartialEq)]
pub struct Cut {
    /// For teams that are not named.
    pub bands: BandThresholds,
    /// By team.
    pub team_bands: BTreeMap<String, BandThresholds>,
    /// How they were found.
    pub rule: FollowUpRule,
}

/// Following up as many tickets of each team and day as the teams can.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct AtCapacity {
    /// Follow-ups of one team in a day, unless it has a number of its own.
    pub per_team_and_day: f64,
    /// Those numbers.
    pub teams: BTreeMap<String, f64>,
    /// Test tickets followed up.
    pub tickets: usize,
    /// Share of them that came back.
    pub precision: f64,
    /// Share of all that came back that is among them.
    pub recall: f64,
    /// Repeats among them that the model expected.
    pub expected_repeats: f64,
}

/// Chooses the bands for tickets of these log-odds. Costs decide where the effect of a follow-up is known, else the
/// capacity, else a share of the tickets.
///
/// # Errors
/// [`crate::failure::BadInput`] when the tickets cannot be told apart.
pub fn choose(rows: &[&Example<'_>], logits: &[f64], params: &RiskParams) -> anyhow::Result<Cut> {
    let rule = rule(params);
    let medium_share = params.bands.medium_share;
    let all = Ranked::new(logits.to_vec());
    let no_teams = BTreeMap::new();
    let (high, team_bands) = match rule {
        FollowUpRule::Share { share } => (all.at(share), no_teams),
        FollowUpRule::Cost(costs) => (costs.threshold(), no_teams),
        FollowUpRule::Capacity { .. } => by_capacity(rows, logits, &all, params)?,
    };
    Ok(Cut { bands: bands(all.at(medium_share), high)?, team_bands, rule })
}

/// The threshold over all teams, and that of each team with enough tickets.
fn by_capacity(
    rows: &[&Example<'_>],
    logits: &[f64],
    all: &Ranked,
    params: &RiskParams,
) -> anyhow::Result<(Probability, BTreeMap<String, BandThresholds>)> {
    let mut teams: BTreeMap<Option<&str>, (BTreeSet<i64>, Vec<f64>)> = BTreeMap::new();
    for (row, logit) in rows.iter().zip(logits) {
        let (team, day) = team_day(row);
        let (days, logits) = teams.entry(team).or_default();
        days.insert(day);
        logits.push(*logit);
    }
    let mut follow_ups = 0.0;
    let mut team_bands = BTreeMap::new();
    for (team, (days, logits)) in teams {
        let of_team = params.threshold.capacity_of(team).unwrap_or(0.0) * number(days.len());
        follow_ups += of_team;
        if let Some(team) = team.filter(|_| logits.len() >= MIN_TEAM) {
            let part = of_team / number(logits.len());
            let high = Ranked::new(logits).at(part.min(1.0));
            let medium = all.at(params.bands.medium_share);
            team_bands.insert(team.to_owned(), bands(medium, high)?);
        }
    }
    let part = follow_ups / number(rows.len().max(1));
    Ok((all.at(part.min(1.0)), team_bands))
}

/// The scores of tickets, the highest first.
struct Ranked(Vec<f64>);

impl Ranked {
    fn new(mut scores: Vec<f64>) -> Self {
        scores.sort_by(|a, b| b.total_cmp(a));
        Self(scores)
    }

    /// The probability above which this part of the tickets lies.
    fn at(&self, part: f64) -> Probability {
        let last = self.0.len().saturating_sub(1);
        let score = self.0.get(share(part, self.0.len()).min(last));
        Probability::from_logit(score.copied().unwrap_or(f64::INFINITY))
    }
}

/// Where equal scores or a large capacity leave no room between the two, the medium band begins at half the high threshold.
fn bands(medium: Probability, high: Probability) -> anyhow::Result<BandThresholds> {
    let medium = if medium < high { medium } else { Probability::new(high.value() / 2.0)? };
    BandThresholds::new(medium, high)
        .map_err(|error| bad_input!("the tickets cannot be told apart: {error}"))
}

/// What each team reaches that follows up its most likely tickets of each day, as many as it can.
#[must_use]
pub fn at_capacity(
    risks: &[RecontactRisk],
    tickets: &[Example<'_>],
    params: &ThresholdParams,
) -> Option<AtCapacity> {
    let per_team_and_day = params.per_team_and_day?;
    let scores = probabilities(risks);
    let mut days: BTreeMap<_, Vec<usize>> = BTreeMap::new();
    for (row, ticket) in tickets.iter().enumerate() {
        days.entry(team_day(ticket)).or_default().push(row);
    }
    let mut chosen = Vec::new();
    for ((team, _), rows) in &mut days {
        rows.sort_by(|a, b| scores[*b].total_cmp(&scores[*a]).then(a.cmp(b)));
        let most = share(params.capacity_of(*team)?, 1);
        chosen.extend(rows.iter().copied().take(most));
    }
    let hits = chosen.iter().filter(|row| tickets[**row].positive).count();
    Some(AtCapacity {
        per_team_and_day,
        teams: params.teams.clone(),
        tickets: chosen.len(),
        precision: rate(hits, chosen.len()),
        recall: rate(hits, positives(tickets)),
        expected_repeats: chosen.iter().map(|row| scores[*row]).sum(),
    })
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

#[expect(clippy::cast_precision_loss, reason = "row counts fit into 53 bits")]
fn number(count: usize) -> f64 {
    count as f64
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::risk::protocol::Examples;
    use crate::tickets::TicketTable;
    use recontact::ticket::{ClosedTicket, Name, TicketDetails};
    use recontact::timestamp::Timestamp;

    /// Ten days on which the team `few` closes ten tickets and the team `many` forty.
    fn table() -> TicketTable {
        let start = Timestamp::parse("2026-01-01T00:00:00Z").unwrap();
        let ticket = |row: usize| ClosedTicket {
            id: Name::parse(&format!("t-{row:03}")).unwrap(),
            customer_id: Name::parse(&format!("u-{row}")).unwrap(),
            opened_at: start.plus_days(i64::try_from(row / 50).unwrap()),
            closed_at: start.plus_days(i64::try_from(row / 50).unwrap()),
            category: Name::parse("card").unwrap(),
            details: TicketDetails {
                team: Some(
                    Name::parse(if row.is_multiple_of(5) { "few" } else { "many" }).unwrap(),
                ),
                ..TicketDetails::default()
            },
        };
        let tickets: Vec<_> = (0..500).map(ticket).collect();
        let labels = Some((0..500).map(|row| Some(row % 3 == 0)).collect());
        TicketTable { rows: 500, tickets, labels, ..TicketTable::default() }
    }

    #[test]
    fn each_team_has_a_threshold_that_leaves_it_as_many_as_it_can_follow_up() {
        let table = table();
        let until = Timestamp::parse("2027-01-01T00:00:00Z").unwrap();
        let examples = Examples::label(&table, 14, until, &BTreeSet::new());
        let rows: Vec<_> = examples.rows.iter().collect();
        let logits: Vec<f64> = (0..500).map(|row| f64::from(row * 37 % 500) / 100.0).collect();
        let mut params = RiskParams::default();
        params.threshold.per_team_and_day = Some(5.0);
        params.threshold.teams = BTreeMap::from([("few".to_owned(), 2.0)]);
        let cut = choose(&rows, &logits, &params).unwrap();
        let above = |team: &str| {
            let high = cut.team_bands[team].high();
            let own = rows.iter().zip(&logits).filter(|(row, _)| team_day(row).0 == Some(team));
            own.filter(|(_, logit)| Probability::from_logit(**logit) > high).count()
        };
        // Ten days of 2 and of 5.
        assert_eq!((above("few"), above("many")), (20, 50));
        assert_eq!(cut.rule, FollowUpRule::Capacity { per_team_and_day: 5.0 });
    }
}
