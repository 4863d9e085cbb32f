//! [`PlanEffect`]: what a version of a plan did, and whether that may be called an effect.
//!
//! Only chance makes two groups comparable. Where customers were followed up at random while the version was in use, its effect is
//! the difference between those assigned to treatment and those assigned to control, treated as assigned (intention to treat).
//! Else there is nothing but two periods, and these differ in more than the plan: issues that were chosen because they were bad
//! get better by themselves (regression to the mean). Such a comparison is told as descriptive and never as an effect.
//!
//! No reading here is a verdict. A plan may be looked at on any day, and its episodes are not independent where a customer
//! has several; whether following up works is said by the experiment's own report, at its planned looks and with the
//! interval that knows of customers. So a randomised difference is told without an interval, and that of two periods has
//! Newcombe's.

use crate::risk::Language;
use crate::statistics::{CONFIDENCE, Interval, Proportion, newcombe_difference};
use crate::ticket::Name;
use crate::timestamp::Timestamp;
use serde::Serialize;
use utoipa::ToSchema;

/// The period in which a version was in use.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ActivePeriod {
    /// When it was put into use.
    pub from: Timestamp,
    /// When another version took its place, or now.
    pub to: Timestamp,
}

/// Mature episodes of a plan's category and those of them with a repeat.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MeasuredPeriods {
    /// Closed while the version was in use.
    pub during: Proportion,
    /// Closed in the period that it is compared with.
    pub before: Proportion,
    /// Which period that is.
    pub before_is: Comparison,
    /// Follow-ups at random while the version was in use; the experiment with the most episodes.
    pub arms: Option<Arms>,
}

/// Flagged episodes of an experiment by arm, and those of them with a repeat.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Arms {
    /// The experiment.
    pub experiment_id: Name,
    /// Assigned to be followed up.
    pub treatment: Proportion,
    /// Assigned to be left alone.
    pub control: Proportion,
}

/// What a version is compared with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Comparison {
    /// The control group of an experiment at the same time.
    Control,
    /// The period in which the version before it was in use.
    PreviousVersion,
    /// A period of the same length before the first version.
    BeforePlan,
}

/// Whether a difference shows what the plan did.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum EffectBasis {
    /// Customers were assigned at random: the difference is an effect.
    Randomised,
    /// Two periods were compared: the difference is none.
    Descriptive,
}

/// Episodes and their repeats.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, ToSchema)]
pub struct MeasuredRate {
    /// Mature episodes.
    pub n: u64,
    /// Those with a repeat, explicit or implicit.
    pub repeats: u64,
    /// Their share; null without mature episodes.
    pub rate: Option<f64>,
    /// Wilson's 95 % interval.
    pub interval: Option<Interval>,
}

/// What a version of a plan did.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct PlanEffect {
    /// The version.
    pub version: u32,
    /// Days after the close within which a repeat counts.
    pub window_days: u32,
    /// Whether the difference shows what the plan did.
    pub basis: EffectBasis,
    /// Where customers were assigned at random.
    pub experiment_id: Option<Name>,
    /// With the plan: the treatment group, or the period in which the version was in use.
    pub with_plan: MeasuredRate,
    /// What it is compared with.
    pub compared_with: Comparison,
    /// Without the plan, or with the version before it.
    pub without: MeasuredRate,
    /// Rate with the plan minus rate without; negative is fewer repeats. Null without mature episodes on both sides.
    pub difference: Option<f64>,
    /// Newcombe's 95 % interval of the difference of two periods. Null where customers were assigned at random: the
    /// interval that knows of customers is in the experiment's report.
    pub difference_interval: Option<Interval>,
    /// How to read it, in the language of Accept-Language.
    pub reading: &'static str,
}

impl ActivePeriod {
    /// The period of the same length before it.
    #[must_use]
    pub fn just_before(self) -> Self {
        let length = self.to.millis() - self.from.millis();
        let from = Timestamp::from_millis((self.from.millis() - length).max(0));
        Self { from: from.unwrap_or(self.from), to: self.from }
    }
}

impl PlanEffect {
    /// The effect by an experiment where there is one with mature episodes in both arms, else the comparison of two periods.
    #[must_use]
    pub fn new(
        version: u32,
        window_days: u32,
        measured: MeasuredPeriods,
        language: Language,
    ) -> Self {
        let arms =
            measured.arms.filter(|arms| arms.treatment.trials > 0 && arms.control.trials > 0);
        let (basis, with_plan, without, compared_with, experiment_id) = match arms {
            Some(arms) => (
                EffectBasis::Randomised,
                arms.treatment,
                arms.control,
                Comparison::Control,
                Some(arms.experiment_id),
            ),
            None => {
                let MeasuredPeriods { during, before, before_is, .. } = measured;
                (EffectBasis::Descriptive, during, before, before_is, None)
            }
        };
        let interval = match basis {
            EffectBasis::Randomised => None,
            EffectBasis::Descriptive => newcombe_difference(with_plan, without, CONFIDENCE),
        };
        let difference = with_plan.rate().zip(without.rate()).map(|(with, without)| with - without);
        Self {
            version,
            window_days,
            basis,
            experiment_id,
            with_plan: with_plan.into(),
            compared_with,
            without: without.into(),
            difference,
            difference_interval: interval,
            reading: reading(basis, difference.is_some(), language),
        }
    }
}

impl From<Proportion> for MeasuredRate {
    fn from(of: Proportion) -> Self {
        Self { n: of.trials, repeats: of.count, rate: of.rate(), interval: of.wilson(CONFIDENCE) }
    }
}

fn reading(basis: EffectBasis, is_measured: bool, language: Language) -> &'static str {
    let texts = match (basis, is_measured) {
        (_, false) => [
            "no mature episodes on both sides yet: nothing can be said",
            "с обеих сторон ещё нет созревших эпизодов: сказать нечего",
            "з абодвух бакоў яшчэ няма саспелых эпізодаў: сказаць няма чаго",
            "з обох боків ще немає дозрілих епізодів: сказати нічого",
        ],
        (EffectBasis::Descriptive, true) => [
            "descriptive only: the two periods differ in more than the plan, so this is no proof of an effect",
            "только описание: периоды различаются не одним планом, поэтому это не доказательство эффекта",
            "толькі апісанне: перыяды адрозніваюцца не адным планам, таму гэта не доказ эфекту",
            "лише опис: періоди відрізняються не самим планом, тому це не доказ ефекту",
        ],
        (EffectBasis::Randomised, true) => [
            "customers were assigned at random: an estimate as of now and no verdict; that is in the experiment's report, at its planned looks",
            "клиенты распределены случайно: это оценка на сегодня, а не вывод; вывод — в отчёте об эксперименте, в запланированные дни",
            "кліенты размеркаваны выпадкова: гэта ацэнка на сёння, а не выснова; выснова — у справаздачы пра эксперымент, у запланаваныя дні",
            "клієнтів розподілено випадково: це оцінка на сьогодні, а не висновок; висновок — у звіті про експеримент, у заплановані дні",
        ],
    };
    let [en, ru, be, uk] = texts;
    match language {
        Language::En => en,
        Language::Ru => ru,
        Language::Be => be,
        Language::Uk => uk,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(count: u64, trials: u64) -> Proportion {
        Proportion { count, trials }
    }

    fn measured(arms: Option<(Proportion, Proportion)>) -> MeasuredPeriods {
        MeasuredPeriods {
            during: of(10, 100),
            before: of(40, 100),
            before_is: Comparison::BeforePlan,
            arms: arms.map(|(treatment, control)| Arms {
                experiment_id: Name::parse("e-1").unwrap(),
                treatment,
                control,
            }),
        }
    }

    #[test]
    fn two_periods_are_never_an_effect_however_large_the_difference() {
        let effect = PlanEffect::new(1, 14, measured(None), Language::En);
        assert_eq!(effect.basis, EffectBasis::Descriptive);
        assert!((effect.difference.unwrap() + 0.3).abs() < 1e-12);
        assert!(effect.difference_interval.unwrap().high < 0.0);
        assert!(effect.reading.contains("no proof"));
    }

    #[test]
    fn a_control_group_at_the_same_time_counts_before_any_earlier_period() {
        let arms = Some((of(10, 100), of(30, 100)));
        let effect = PlanEffect::new(2, 14, measured(arms), Language::Ru);
        assert_eq!(
            (effect.basis, effect.compared_with),
            (EffectBasis::Randomised, Comparison::Control)
        );
        assert_eq!(effect.without.repeats, 30);
    }

    /// Days on which anybody may look, and episodes that are not independent, give no verdict.
    #[test]
    fn a_randomised_difference_is_an_estimate_and_never_a_verdict() {
        for (treatment, control) in [(10, 90), (50, 50), (90, 10)] {
            let arms = Some((of(treatment, 100), of(control, 100)));
            let effect = PlanEffect::new(2, 14, measured(arms), Language::En);
            assert!(effect.difference.is_some());
            assert_eq!(effect.difference_interval, None);
            assert!(effect.reading.contains("no verdict"), "{}", effect.reading);
        }
    }

    #[test]
    fn an_arm_without_mature_episodes_is_no_experiment_yet() {
        let effect = PlanEffect::new(1, 14, measured(Some((of(0, 0), of(1, 9)))), Language::En);
        assert_eq!(effect.basis, EffectBasis::Descriptive);
        let nothing = MeasuredPeriods { during: of(0, 0), ..measured(None) };
        let effect = PlanEffect::new(1, 14, nothing, Language::En);
        assert_eq!((effect.difference, effect.difference_interval), (None, None));
        assert_eq!(effect.with_plan.rate, None);
        assert!(effect.reading.contains("nothing can be said"));
    }
}
