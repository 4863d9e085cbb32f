//! [`Decomposition`]: why a rate moved between two periods: which categories came more or less often (mix), and in which the
//! rate itself moved.
//!
//! With shares `w` and rates `r` of a category, before (0) and after (1), and the rates `R` of all:
//! `R1 − R0 = Σ (w1 − w0) (mean(r0, r1) − mean(R0, R1)) + Σ (r1 − r0) mean(w0, w1)`
//! (Kitagawa 1955, Components of a difference between two rates, J. Am. Stat. Assoc. 50:1168; nothing is left over). Taking the
//! mean of all off the first sum does not change it, since shares add up to 1; so a category that comes more often raises the rate
//! only where its own rate is above that of all.

use crate::statistics::{CONFIDENCE, Interval, Proportion, newcombe_difference};
use serde::Serialize;

/// One category in both periods.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CategoryCounts {
    /// Its name; `None` where it is not known.
    pub category: Option<String>,
    /// Before.
    pub before: Proportion,
    /// After.
    pub after: Proportion,
}

/// What one category has to do with the change, in shares of 0 to 1.
#[derive(Debug, Clone, PartialEq, Serialize, utoipa::ToSchema)]
pub struct CategoryEffect {
    /// The category; null where it is not known.
    pub category: Option<String>,
    /// Before.
    pub before: Proportion,
    /// After.
    pub after: Proportion,
    /// Because it came more or less often.
    pub mix: f64,
    /// Because its own rate moved; 0 where it has none in one of the periods.
    pub rate: f64,
    /// Both together.
    pub total: f64,
}

/// The change of a rate, taken apart. The totals of all effects add up to the difference.
#[derive(Debug, Clone, PartialEq, Serialize, utoipa::ToSchema)]
pub struct Decomposition {
    /// All cases before.
    pub before: Proportion,
    /// All cases after.
    pub after: Proportion,
    /// The rate after minus that before.
    pub difference: f64,
    /// Its 95 % interval (Newcombe 1998, method 10).
    pub interval: Option<Interval>,
    /// The sum of all mix effects.
    pub mix: f64,
    /// The sum of all rate effects.
    pub rate: f64,
    /// For each category with cases in either period, the strongest effect first.
    pub effects: Vec<CategoryEffect>,
}

impl Decomposition {
    /// Takes the change apart. `None` where a period has no cases, and so no rate.
    #[must_use]
    pub fn new(categories: Vec<CategoryCounts>) -> Option<Self> {
        let sum = |of: fn(&CategoryCounts) -> Proportion| {
            categories.iter().map(of).fold(Proportion::default(), |sum, one| Proportion {
                count: sum.count + one.count,
                trials: sum.trials + one.trials,
            })
        };
        let (before, after) = (sum(|one| one.before), sum(|one| one.after));
        let (rate_before, rate_after) = (before.rate()?, after.rate()?);
        let mean_of_all = f64::midpoint(rate_before, rate_after);
        let mut effects: Vec<CategoryEffect> = categories
            .into_iter()
            .filter_map(|one| effect(one, before.trials, after.trials, mean_of_all))
            .collect();
        effects.sort_by(|a, b| {
            let strength = b.total.abs().total_cmp(&a.total.abs());
            strength.then_with(|| a.category.cmp(&b.category))
        });
        Some(Self {
            before,
            after,
            difference: rate_after - rate_before,
            interval: newcombe_difference(after, before, CONFIDENCE),
            mix: effects.iter().map(|effect| effect.mix).sum(),
            rate: effects.iter().map(|effect| effect.rate).sum(),
            effects,
        })
    }
}

fn effect(
    one: CategoryCounts,
    all_before: u64,
    all_after: u64,
    mean_of_all: f64,
) -> Option<CategoryEffect> {
    let CategoryCounts { category, before, after } = one;
    let (then, now) = match (before.rate(), after.rate()) {
        (Some(then), Some(now)) => (then, now),
        // Of a period without cases there is no rate: all of the effect is the mix.
        (Some(only), None) | (None, Some(only)) => (only, only),
        (None, None) => return None,
    };
    let share = |part: Proportion, all: u64| {
        Proportion { count: part.trials, trials: all }.rate().unwrap_or(0.0)
    };
    let (share_before, share_after) = (share(before, all_before), share(after, all_after));
    let mix = (share_after - share_before) * (f64::midpoint(then, now) - mean_of_all);
    let rate = (now - then) * f64::midpoint(share_before, share_after);
    Some(CategoryEffect { category, before, after, mix, rate, total: mix + rate })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn counts(name: &str, before: (u64, u64), after: (u64, u64)) -> CategoryCounts {
        let of = |(count, trials)| Proportion { count, trials };
        CategoryCounts { category: Some(name.to_owned()), before: of(before), after: of(after) }
    }

    #[test]
    fn a_changed_mix_and_a_changed_rate_are_told_apart() {
        // The rates stay, the worse category comes more often.
        let mix = Decomposition::new(vec![
            counts("bad", (5, 10), (15, 30)),
            counts("good", (3, 30), (1, 10)),
        ])
        .unwrap();
        assert!(mix.rate.abs() < 1e-12 && (mix.mix - mix.difference).abs() < 1e-12);
        assert!((mix.difference - (0.4 - 0.2)).abs() < 1e-12);
        // The mix stays, one rate rises.
        let rate = Decomposition::new(vec![
            counts("bad", (5, 10), (8, 10)),
            counts("good", (3, 30), (3, 30)),
        ])
        .unwrap();
        assert!(rate.mix.abs() < 1e-12 && (rate.rate - rate.difference).abs() < 1e-12);
        assert_eq!(rate.effects[0].category.as_deref(), Some("bad"));
    }

    #[test]
    fn without_cases_in_a_period_there_is_nothing_to_take_apart() {
        assert_eq!(Decomposition::new(vec![counts("a", (0, 0), (1, 2))]), None);
        assert_eq!(Decomposition::new(Vec::new()), None);
    }

    proptest! {
        #[test]
        fn the_effects_add_up_to_the_difference(
            categories in proptest::collection::vec((0u64..5_000, 0u64..5_000, 0u64..5_000, 0u64..5_000), 1..30)
        ) {
            let categories = categories.into_iter().enumerate().map(|(index, (a, b, c, d))| {
                counts(&format!("c{index}"), (a.min(b), a.max(b)), (c.min(d), c.max(d)))
            });
            if let Some(found) = Decomposition::new(categories.collect()) {
                let sum: f64 = found.effects.iter().map(|effect| effect.total).sum();
                prop_assert!((sum - found.difference).abs() < 1e-9, "{} {}", sum, found.difference);
                prop_assert!((found.mix + found.rate - found.difference).abs() < 1e-9);
            }
        }
    }
}
