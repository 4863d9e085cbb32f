//! What changed since the week before, and which categories made it so.

use super::{Frame, WEEKS, repeats, week_of};
use crate::dashboard::chart::Bar;
use crate::kpi::{CategoryCounts, CategoryEffect, Decomposition};
use crate::statistics::Proportion;
use crate::store::WeekOutcomes;
use std::collections::BTreeMap;

/// Categories that are shown, the strongest.
const SHOWN: usize = 8;

/// The change of the repeat rate from the week before the last to the last.
pub(super) struct ChangeView {
    pub(super) before: String,
    pub(super) after: String,
    pub(super) difference: String,
    pub(super) low: String,
    pub(super) high: String,
    /// Whether the interval holds no change at all.
    pub(super) is_clear: bool,
    pub(super) mix: String,
    pub(super) rate: String,
    pub(super) effects: Vec<EffectRow>,
    pub(super) more: usize,
}

/// What one category has to do with it.
pub(super) struct EffectRow {
    pub(super) category: String,
    pub(super) before: String,
    pub(super) after: String,
    pub(super) mix: String,
    pub(super) rate: String,
    pub(super) total: String,
    pub(super) bar: Bar,
}

impl ChangeView {
    /// `None` where one of the two weeks has no closed ticket that is old enough.
    pub(super) fn new(frame: &Frame, weeks: &[WeekOutcomes]) -> Option<Self> {
        let mut categories: BTreeMap<_, (Proportion, Proportion)> = BTreeMap::new();
        for entry in weeks.iter().filter(|entry| week_of(entry) + 2 >= WEEKS) {
            let (before, after) = categories.entry(entry.category.clone()).or_default();
            let week = if week_of(entry) + 1 == WEEKS { after } else { before };
            week.count += repeats(&entry.counts);
            week.trials += entry.counts.total();
        }
        let categories = categories.into_iter().map(|(name, (before, after))| CategoryCounts {
            category: Some(name.to_string()),
            before,
            after,
        });
        let change = Decomposition::new(categories.collect())?;
        let (before, after) = (change.before.rate()?, change.after.rate()?);
        let interval = change.interval?;
        let largest = change.effects.first().map_or(0.0, |effect| effect.total.abs());
        Some(Self {
            before: frame.percent(before),
            after: frame.percent(after),
            difference: frame.points(change.difference),
            low: frame.points(interval.low),
            high: frame.points(interval.high),
            is_clear: interval.low > 0.0 || interval.high < 0.0,
            mix: frame.points(change.mix),
            rate: frame.points(change.rate),
            effects: change
                .effects
                .iter()
                .take(SHOWN)
                .map(|effect| EffectRow::new(frame, effect, largest))
                .collect(),
            more: change.effects.len().saturating_sub(SHOWN),
        })
    }
}

impl EffectRow {
    fn new(frame: &Frame, effect: &CategoryEffect, largest: f64) -> Self {
        let told = |week: Proportion| {
            let rate = week.rate().map_or("–".to_owned(), |rate| frame.percent(rate));
            format!("{rate} ({}/{})", frame.integer(week.count), frame.integer(week.trials))
        };
        Self {
            category: effect.category.clone().unwrap_or_default(),
            before: told(effect.before),
            after: told(effect.after),
            mix: frame.points(effect.mix),
            rate: frame.points(effect.rate),
            total: frame.points(effect.total),
            bar: Bar::new(effect.total, largest),
        }
    }
}
