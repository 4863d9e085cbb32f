//! [`Tile`]: one figure to be seen at a glance, with its interval and in words what it counts. Stands in a `<dl class="tiles">`; a
//! template shows it as it is (`{{ tile }}`).

use super::Frame;
use crate::pdf::TileBlock;
use crate::statistics::{CONFIDENCE, Proportion};
use askama::Template;
use askama::filters::HtmlSafe;

/// A figure with what it says.
#[derive(Debug, Clone, Template)]
#[template(path = "parts/tile.html")]
pub struct Tile {
    title: String,
    value: String,
    is_known: bool,
    interval: Option<String>,
    explanation: String,
}

impl HtmlSafe for Tile {}

impl Tile {
    /// A share with its 95 % interval (Wilson). Where there is nothing to take it of, it is said so: that is not 0 %.
    #[must_use]
    pub fn share(
        frame: &Frame,
        title: impl Into<String>,
        share: Proportion,
        explanation: impl Into<String>,
    ) -> Self {
        let value = share.rate().map(|rate| frame.percent(rate));
        let interval = share.wilson(CONFIDENCE).map(|interval| {
            let (low, high) = (frame.percent(interval.low), frame.percent(interval.high));
            frame.say("interval").with("low", low).with("high", high).to_string()
        });
        Self {
            title: title.into(),
            is_known: value.is_some(),
            value: value.unwrap_or_else(|| frame.say("no-rate").to_string()),
            interval,
            explanation: explanation.into(),
        }
    }

    /// A count.
    #[must_use]
    pub fn count(
        frame: &Frame,
        title: impl Into<String>,
        count: u64,
        explanation: impl Into<String>,
    ) -> Self {
        Self {
            title: title.into(),
            value: frame.integer(count),
            is_known: true,
            interval: None,
            explanation: explanation.into(),
        }
    }

    /// The tile as part of a PDF file.
    #[must_use]
    pub fn printed(&self) -> TileBlock {
        TileBlock {
            title: self.title.clone(),
            value: self.value.clone(),
            interval: self.interval.clone(),
            explanation: self.explanation.clone(),
        }
    }
}
