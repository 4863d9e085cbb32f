//! Why a rate moved between two periods: which categories came more or less often (mix), and in which the rate itself moved.
//!
//! With shares `w` and rates `r` per category, before (0) and after (1), and `R` the rate of all:
//! `R1 - R0 = sum (w1 - w0) (mean(r0, r1) - mean(R0, R1)) + sum (r1 - r0) mean(w0, w1)`
//! (Kitagawa 1955, J. Am. Stat. Assoc. 50:1168, without a remainder). The mean of all is taken off the first sum, which it does not
//! change since the shares add up to 1, so that each part says something by itself: a category that comes more often raises the rate
//! only if its own rate is above that of all.

use crate::statistics::Proportion;
use crate::ticket::IssueCategory;

/// What one category has to do with the change, in shares of 0 to 1.
#[derive(Debug, Clone, PartialEq)]
pub struct CategoryEffect {
    /// The category.
    pub category: IssueCategory,
    /// Its cases before.
    pub before: Proportion,
    /// Its cases after.
    pub after: Proportion,
    /// Because it came more or less often.
    pub mix: f64,
    /// Because its own rate moved. 0 where it has no rate in one of the periods.
    pub rate: f64,
}

impl CategoryEffect {
    /// Both together.
    #[must_use]
    pub fn total(&self) -> f64 {
        self.mix + self.rate
    }
}

/// The change of a rate, taken apart.
#[derive(Debug, Clone, PartialEq)]
pub struct Decomposition {
    /// All cases before.
    pub before: Proportion,
    /// All cases after.
    pub after: Proportion,
    /// One for each category that has cases in either period, the strongest first.
    pub effects: Vec<CategoryEffect>,
}

impl Decomposition {
    /// Takes the change apart. `None` where a period has no cases, and so no rate.
    #[must_use]
    pub fn new(categories: Vec<(IssueCategory, Proportion, Proportion)>) -> Option<Self> {
        let sum = |pick: fn(&(IssueCategory, Proportion, Proportion)) -> Proportion| {
            categories.iter().map(pick).fold(Proportion::default(), |sum, one| Proportion {
                count: sum.count + one.count,
                trials: sum.trials + one.trials,
            })
        };
        let (before, after) = (sum(|one| one.1), sum(|one| one.2));
        let mean_of_all = f64::midpoint(before.rate()?, after.rate()?);
        let effect = |(category, own_before, own_after): (_, Proportion, Proportion)| {
            let (then, now) = match (own_before.rate(), own_after.rate()) {
                (Some(then), Some(now)) => (then, now),
                (Some(only), None) | (None, Some(only)) => (only, only),
                (None, None) => return None,
            };
            let share = |part: Proportion, all: Proportion| {
                Proportion { count: part.trials, trials: all.trials }.rate().unwrap_or(0.0)
            };
            let (share_then, share_now) = (share(own_before, before), share(own_after, after));
            Some(CategoryEffect {
                category,
                before: own_before,
                after: own_after,
                mix: (share_now - share_then) * (f64::midpoint(then, now) - mean_of_all),
                rate: (now - then) * f64::midpoint(share_then, share_now),
            })
        };
        let mut effects: Vec<CategoryEffect> = categories.into_iter().filter_map(effect).collect();
        effects.sort_by(|a, b| {
            let strength = b.total().abs().total_cmp(&a.total().abs());
            strength.then_with(|| a.category.cmp(&b.category))
        });
        Some(Self { before, after, effects })
    }

    /// How much the rate changed because other categories came.
    #[must_use]
    pub fn mix(&self) -> f64 {
        self.effects.iter().map(|effect| effect.mix).sum()
    }

    /// How much it changed because the categories' own rates moved.
    #[must_use]
    pub fn rate(&self) -> f64 {
        self.effects.iter().map(|effect| effect.rate).sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn of(count: u64, trials: u64) -> Proportion {
        Proportion { count, trials }
    }

    fn named(name: &str) -> IssueCategory {
        IssueCategory::parse(name).unwrap()
    }

    #[test]
    fn a_change_of_shares_alone_is_all_mix() {
        let cards = (named("cards"), of(10, 100), of(20, 200));
        let loans = (named("loans"), of(90, 300), of(60, 200));
        let change = Decomposition::new(vec![cards, loans]).unwrap();
        assert!((change.mix() + 0.05).abs() < 1e-12, "{change:?}");
        assert!(change.rate().abs() < 1e-12);
    }

    #[test]
    fn a_change_of_rates_alone_is_all_rate() {
        let cards = (named("cards"), of(10, 100), of(30, 100));
        let loans = (named("loans"), of(30, 100), of(30, 100));
        let change = Decomposition::new(vec![cards, loans]).unwrap();
        assert!(change.mix().abs() < 1e-12);
        assert!((change.rate() - 0.1).abs() < 1e-12);
        assert_eq!(change.effects[0].category, named("cards"));
    }

    #[test]
    fn a_category_that_is_new_changes_the_mix_only() {
        let cards = (named("cards"), of(10, 100), of(10, 100));
        let loans = (named("loans"), of(0, 0), of(50, 100));
        let change = Decomposition::new(vec![cards, loans]).unwrap();
        assert!((change.mix() - 0.2).abs() < 1e-12, "{change:?}");
    }

    #[test]
    fn without_cases_in_a_period_there_is_nothing_to_take_apart() {
        assert_eq!(Decomposition::new(Vec::new()), None);
        assert_eq!(Decomposition::new(vec![(named("cards"), of(1, 2), of(0, 0))]), None);
    }

    proptest! {
        #[test]
        fn the_parts_add_up_to_the_change(cells in prop::collection::vec((0_u64..50, 0_u64..50, 0_u64..50, 0_u64..50), 1..8)) {
            let categories: Vec<_> = cells.iter().enumerate().map(|(index, &(a, b, c, d))| {
                (named(&format!("c-{index}")), of(a.min(b), a.max(b)), of(c.min(d), c.max(d)))
            }).collect();
            if let Some(change) = Decomposition::new(categories) {
                let difference = change.after.rate().unwrap() - change.before.rate().unwrap();
                prop_assert!((change.mix() + change.rate() - difference).abs() < 1e-9);
            }
        }
    }
}
