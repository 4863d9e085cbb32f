//! [`ChangeView`]: how a rate changed from one period to the next, and which categories made it so. `parts/change.html` shows it.

use super::Frame;
use super::chart::Bar;
use super::table::{Cell, Column, Export, NumberFormat, Table};
use crate::kpi::{CategoryEffect, Decomposition};
use crate::statistics::Proportion;

/// Categories that are shown, the strongest. Files have all.
const SHOWN: usize = 8;

/// A change, taken apart.
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
    pub(super) effects: Table,
    pub(super) more: usize,
}

impl ChangeView {
    /// `None` where one of the periods has no rate. `periods`: what the two are called.
    pub(super) fn of(frame: &Frame, change: &Decomposition, periods: [String; 2]) -> Option<Self> {
        let (before, after) = (change.before.rate()?, change.after.rate()?);
        let interval = change.interval?;
        let largest = change.effects.first().map_or(0.0, |effect| effect.total.abs());
        let [before_title, after_title] = periods;
        let columns = vec![
            Column::name(frame.say("category")),
            Column::number(before_title),
            Column::number(after_title),
            Column::number(frame.say("change-mix")),
            Column::number(frame.say("change-rate")),
            Column::number(frame.say("change-total")),
            Column::picture(frame.say("change-bar")),
        ];
        let rows = change.effects.iter().map(|effect| row(frame, effect, largest));
        Some(Self {
            before: frame.percent(before),
            after: frame.percent(after),
            difference: frame.points(change.difference),
            low: frame.points(interval.low),
            high: frame.points(interval.high),
            is_clear: interval.low > 0.0 || interval.high < 0.0,
            mix: frame.points(change.mix),
            rate: frame.points(change.rate),
            effects: Table::new("change", frame.say("change-table"), columns)
                .with_rows(rows)
                .showing_at_most(SHOWN),
            more: change.effects.len().saturating_sub(SHOWN),
        })
    }
}

impl ChangeView {
    /// With links to the files of its table.
    pub(super) fn with_files(self, export: &Export) -> Self {
        Self { effects: self.effects.with_files(export), ..self }
    }
}

/// What one category has to do with it.
fn row(frame: &Frame, effect: &CategoryEffect, largest: f64) -> Vec<Cell> {
    let told = |period: Proportion| {
        let cases = format!("({}/{})", frame.integer(period.count), frame.integer(period.trials));
        match period.rate() {
            Some(rate) => {
                let shown = format!("{} {cases}", frame.percent(rate));
                Cell::number(rate, NumberFormat::Percent, shown)
            }
            None => Cell::text(format!("– {cases}")),
        }
    };
    let points = |part: f64| Cell::points(frame, part);
    let category =
        effect.category.clone().unwrap_or_else(|| frame.say("label-unknown").to_string());
    vec![
        Cell::text(category),
        told(effect.before),
        told(effect.after),
        points(effect.mix),
        points(effect.rate),
        points(effect.total),
        Cell::bar(Bar::new(effect.total, largest)),
    ]
}
