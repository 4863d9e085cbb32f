//! [`EffectReport`]: everything that is told of an experiment, made from a [`Tally`].

use super::cluster::{self, ClusterSums};
use super::contacts::contacts_avoided;
use super::looks::Look;
use super::power::{self, PowerReport, SampleSize};
use super::sample_ratio::{self, SampleRatio};
use super::tally::{ArmTally, LookTally};
use super::uplift::{Qini, Tenth};
use super::{Arm, ContactsAvoided, Definition, Tally, Verdict, number};
use crate::risk::Language;
use crate::statistics::{CONFIDENCE, Interval, Proportion, newcombe_difference};
use crate::timestamp::Timestamp;
use serde::{Deserialize, Serialize};

/// The effect of following up, by intention to treat, with what is needed to judge it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct EffectReport {
    /// As of when; a window that ends later is not over.
    pub as_of: Timestamp,
    /// The window for repeats, in days after the close.
    pub window_days: u32,
    /// What may be concluded.
    pub verdict: VerdictReport,
    /// What was observed in each arm.
    pub arms: Arms,
    /// Customers left out because they are in both arms.
    pub customers_in_both_arms: u64,
    /// Flagged episodes left out because their close is not known any more.
    pub episodes_without_outcome: u64,
    /// Repeat rate of the treatment arm minus that of the control arm; null while an arm has no mature episode.
    pub difference: Option<RateDifference>,
    /// The same of customers who came back at least once; null while an arm has no mature episode.
    pub customers: Option<CustomerRates>,
    /// Contacts avoided by following up; null while an arm has no mature episode.
    pub contacts_avoided: Option<ContactsAvoided>,
    /// Those who were really followed up, and why they prove nothing.
    pub contacted_only: ContactedOnly,
    /// Whether the arms have the sizes that chance would give.
    pub sample_ratio: SampleRatio,
    /// What can be shown at this size.
    pub power: PowerReport,
    /// Uplift by tenths of the score, the highest first.
    pub uplift: Vec<Tenth>,
    /// How good the order by score is for choosing whom to follow up.
    pub qini: Qini,
    /// What each figure is: numerator, denominator, window, exclusions.
    pub definitions: Vec<Definition>,
}

/// Both arms.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Arms {
    /// Followed up.
    pub treatment: ArmFigures,
    /// Held out.
    pub control: ArmFigures,
}

/// What was observed in an arm.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct ArmFigures {
    /// Customers with a flagged episode.
    pub customers: u64,
    /// Flagged episodes, followed up or not.
    pub flagged_episodes: u64,
    /// Of these, episodes whose window is not over: they are in no rate.
    pub immature_episodes: u64,
    /// Of these, episodes whose window is over.
    pub mature_episodes: u64,
    /// Mature episodes followed by a repeat.
    pub repeats: u64,
    /// Repeats among mature episodes; null without any.
    pub rate: Option<f64>,
    /// 95 % interval of the rate, from sums per customer.
    pub rate_interval: Option<Interval>,
    /// Contacts that answer our own follow-ups, after mature episodes; not repeats.
    pub induced_contacts: u64,
    /// Mature episodes that were really followed up.
    pub contacted_episodes: u64,
}

/// Treatment minus control: negative is fewer repeats.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct RateDifference {
    /// Treatment rate minus control rate, in parts of 1.
    pub difference: f64,
    /// Newcombe's 95 % interval, which takes episodes for independent.
    pub newcombe: Option<Interval>,
    /// 95 % interval from sums per customer; holds when customers have several episodes.
    pub cluster_robust: Option<Interval>,
    /// The variance of the difference, as a multiple of what independent episodes would give.
    pub design_effect: Option<f64>,
    /// Which of the two intervals the verdict uses.
    pub decided_by: DecidedBy,
    /// The change relative to the control rate.
    pub relative_change: Option<RelativeChange>,
}

/// Which interval a verdict uses.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum DecidedBy {
    /// Newcombe's: every customer has one mature episode.
    Newcombe,
    /// The one from sums per customer: some customers have several.
    ClusterRobust,
}

/// A change relative to the control rate, in parts of 1: -0.2 is 20 % fewer repeats.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct RelativeChange {
    /// Ratio of the rates minus 1.
    pub change: f64,
    /// Its 95 % interval, from sums per customer.
    pub interval: Interval,
}

/// Customers who came back at least once among those with a mature episode: each customer counts once, so Newcombe's
/// interval holds as it stands.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct CustomerRates {
    /// In the treatment arm.
    pub treatment: Proportion,
    /// In the control arm.
    pub control: Proportion,
    /// Treatment rate minus control rate.
    pub difference: f64,
    /// Newcombe's 95 % interval.
    pub newcombe: Option<Interval>,
}

/// Episodes of the treatment arm that were really followed up. Whoever could be reached was not chosen by chance, so their
/// rate set against the control arm's is no effect.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct ContactedOnly {
    /// Always true: do not conclude from these figures.
    pub is_biased: bool,
    /// Episodes followed up that a repeat followed, among all mature ones followed up.
    pub contacted: Proportion,
    /// Their rate; null without any.
    pub rate: Option<f64>,
    /// Their rate minus the control rate; null while one is missing.
    pub difference_from_control: Option<f64>,
}

/// What may be concluded, and by which rule.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct VerdictReport {
    /// The verdict.
    pub verdict: Verdict,
    /// The look that gave it; null while there is none.
    pub look: Option<Look>,
    /// The difference at that look.
    pub difference: Option<f64>,
    /// Its interval at the level of that look.
    pub interval: Option<Interval>,
    /// All planned looks.
    pub planned_looks: Vec<Look>,
    /// The next look to come; null after the last.
    pub next_look_at: Option<Timestamp>,
}

impl Tally {
    /// Everything that is told of the experiment, its definitions in `language`.
    #[must_use]
    pub fn report(&self, language: Language) -> EffectReport {
        let (treatment, control) = (self.arm(Arm::Treatment), self.arm(Arm::Control));
        let (of_treatment, of_control) = (&treatment.sums.repeats, &control.sums.repeats);
        let difference = rate_difference(treatment, control);
        let sample_ratio = sample_ratio::check(
            treatment.customers,
            control.customers,
            self.design.treatment_share,
        );
        let gross_interval =
            decisive(of_treatment, of_control, CONFIDENCE).map(|(_, interval)| interval);
        EffectReport {
            as_of: self.as_of,
            window_days: self.design.window_days,
            verdict: self.verdict(sample_ratio.is_valid),
            arms: Arms { treatment: figures(treatment), control: figures(control) },
            customers_in_both_arms: self.in_both_arms,
            episodes_without_outcome: self.without_outcome,
            difference,
            customers: customer_rates(treatment, control),
            contacts_avoided: contacts_avoided(
                &treatment.sums,
                &control.sums,
                number(treatment.mature.trials),
                gross_interval,
                self.design.costs,
            ),
            contacted_only: contacted_only(treatment, control),
            sample_ratio,
            power: self.power(of_treatment, of_control),
            uplift: self.uplift.tenths(),
            qini: self.uplift.qini(),
            definitions: super::definitions::of(&self.design, language),
        }
    }

    /// By the rule of [`super::looks`].
    fn verdict(&self, is_valid: bool) -> VerdictReport {
        let design = &self.design;
        let planned_looks =
            design.looks.looks(design.started_at, design.ended_at, design.window_days);
        let next_look_at = planned_looks.iter().map(|look| look.at).find(|at| *at > self.as_of);
        let seen: Vec<_> = self.looks.iter().filter_map(see).collect();
        let deciding = seen.iter().find(|seen| seen.verdict.is_some()).or(seen.last());
        let verdict = match deciding {
            _ if !is_valid => Verdict::InvalidSampleRatio,
            Some(Seen { verdict: Some(verdict), .. }) => *verdict,
            Some(seen) if seen.look.is_final => Verdict::NoDifferenceShown,
            _ => Verdict::TooEarly,
        };
        let shown = deciding.filter(|_| is_valid);
        VerdictReport {
            verdict,
            look: shown.map(|seen| seen.look),
            difference: shown.map(|seen| seen.difference),
            interval: shown.map(|seen| seen.interval),
            planned_looks,
            next_look_at,
        }
    }

    fn power(&self, treatment: &ClusterSums, control: &ClusterSums) -> PowerReport {
        let target = self.design.target_reduction;
        let control_rate = control.rate();
        let wanted = control_rate.map(|rate| (rate, rate * (1.0 - target)));
        let sizes = control.effective_episodes().zip(treatment.effective_episodes());
        let design_effects = control.design_effect().zip(treatment.design_effect());
        PowerReport {
            power: power::POWER,
            alpha: power::ALPHA,
            minimal_detectable_reduction: control_rate.zip(sizes).and_then(|(rate, (c, t))| {
                power::minimal_detectable_reduction(rate, c, t, power::ALPHA, power::POWER)
            }),
            target_reduction: target,
            power_for_target: wanted
                .zip(sizes)
                .and_then(|((rate, less), (c, t))| power::power(rate, less, c, t, power::ALPHA)),
            needed_for_target: wanted.zip(design_effects).and_then(|((rate, less), effects)| {
                let share = self.design.treatment_share;
                power::sample_size(rate, less, share, power::ALPHA, power::POWER)
                    .map(|independent| widened(independent, effects))
            }),
        }
    }
}

/// As many episodes as tell what so many independent ones would.
fn widened(independent: SampleSize, (control, treatment): (f64, f64)) -> SampleSize {
    let times = |size: u64, effect: f64| power::count((number(size) * effect.max(1.0)).ceil());
    SampleSize {
        control: times(independent.control, control),
        treatment: times(independent.treatment, treatment),
    }
}

/// What a look shows.
struct Seen {
    look: Look,
    difference: f64,
    interval: Interval,
    verdict: Option<Verdict>,
}

/// `None` while an arm has fewer than two customers.
fn see(tally: &LookTally) -> Option<Seen> {
    let [treatment, control] = &tally.arms;
    let (difference, interval) = decisive(treatment, control, 1.0 - tally.look.alpha)?;
    let verdict = if interval.high < 0.0 {
        Some(Verdict::Reduces)
    } else if interval.low > 0.0 {
        Some(Verdict::Increases)
    } else {
        None
    };
    Some(Seen { look: tally.look, difference, interval, verdict })
}

/// The interval that decides: Newcombe's where every customer has one episode, else the one from sums per customer.
fn decisive(
    treatment: &ClusterSums,
    control: &ClusterSums,
    confidence: f64,
) -> Option<(f64, Interval)> {
    let robust = cluster::rate_difference(treatment, control, confidence)?;
    match decided_by(treatment, control) {
        DecidedBy::ClusterRobust => Some(robust),
        DecidedBy::Newcombe => {
            newcombe_difference(treatment.proportion(), control.proportion(), confidence)
                .map(|interval| (robust.0, interval))
        }
    }
}

fn decided_by(treatment: &ClusterSums, control: &ClusterSums) -> DecidedBy {
    if treatment.is_one_each() && control.is_one_each() {
        DecidedBy::Newcombe
    } else {
        DecidedBy::ClusterRobust
    }
}

fn figures(arm: &ArmTally) -> ArmFigures {
    ArmFigures {
        customers: arm.customers,
        flagged_episodes: arm.flagged,
        immature_episodes: arm.flagged - arm.mature.trials,
        mature_episodes: arm.mature.trials,
        repeats: arm.mature.count,
        rate: arm.mature.rate(),
        rate_interval: arm.sums.repeats.wilson(CONFIDENCE),
        induced_contacts: arm.induced,
        contacted_episodes: arm.contacted.trials,
    }
}

fn rate_difference(treatment: &ArmTally, control: &ArmTally) -> Option<RateDifference> {
    let (of_treatment, of_control) = (&treatment.sums.repeats, &control.sums.repeats);
    let independent = |arm: &ArmTally| {
        let rate = arm.mature.rate()?;
        Some(rate * (1.0 - rate) / number(arm.mature.trials))
    };
    let variance = of_treatment.variance().zip(of_control.variance()).map(|(t, c)| t + c);
    let naive = independent(treatment).zip(independent(control)).map(|(t, c)| t + c);
    Some(RateDifference {
        difference: treatment.mature.rate()? - control.mature.rate()?,
        newcombe: newcombe_difference(treatment.mature, control.mature, CONFIDENCE),
        cluster_robust: cluster::rate_difference(of_treatment, of_control, CONFIDENCE)
            .map(|(_, interval)| interval),
        design_effect: variance
            .zip(naive)
            .filter(|(_, naive)| *naive > 0.0)
            .map(|(variance, naive)| variance / naive),
        decided_by: decided_by(of_treatment, of_control),
        relative_change: cluster::rate_ratio(of_treatment, of_control, CONFIDENCE).map(
            |(ratio, interval)| RelativeChange {
                change: ratio - 1.0,
                interval: Interval { low: interval.low - 1.0, high: interval.high - 1.0 },
            },
        ),
    })
}

fn customer_rates(treatment: &ArmTally, control: &ArmTally) -> Option<CustomerRates> {
    let (treatment, control) = (treatment.customers_back, control.customers_back);
    Some(CustomerRates {
        treatment,
        control,
        difference: treatment.rate()? - control.rate()?,
        newcombe: newcombe_difference(treatment, control, CONFIDENCE),
    })
}

fn contacted_only(treatment: &ArmTally, control: &ArmTally) -> ContactedOnly {
    let contacted = treatment.contacted;
    ContactedOnly {
        is_biased: true,
        contacted,
        rate: contacted.rate(),
        difference_from_control: contacted.rate().zip(control.mature.rate()).map(|(t, c)| t - c),
    }
}

#[cfg(test)]
#[path = "report_tests.rs"]
mod tests;
