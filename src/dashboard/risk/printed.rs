//! The risk report on paper: what the page has, with everything that whoever gets it has to know to read it.

use super::charts::printed::reasons;
use super::{Rates, RiskAsked, RiskView, Told};
use crate::dashboard::error::attach;
use crate::dashboard::session::Viewer;
use crate::dashboard::table::Table;
use crate::dashboard::{Frame, PageError};
use crate::pdf::{Block, Document};
use actix_web::{HttpResponse, web};

/// The name of the file.
pub(super) const FILE: &str = "risk-report.pdf";
/// What tells most of a model: figures of its test, by the ends of their names.
const MAIN_FIGURES: [&str; 5] = [".roc_auc", ".pr_auc", ".lift_at_10", ".brier", ".ece"];
/// What is counted, in words.
const NOTES: [&str; 5] = [
    "risk-note-closings",
    "risk-note-came-back",
    "risk-note-calibration",
    "risk-note-capacity",
    "risk-note-reasons",
];

/// The report as a file; a line in the audit says who took it.
pub(super) async fn answer(
    viewer: &Viewer,
    frame: &Frame,
    asked: &RiskAsked<'_>,
    view: &RiskView,
) -> Result<HttpResponse, PageError> {
    viewer.note_export(FILE).await?;
    let blocks = view.printed(frame, asked, 1);
    let document = document(frame, frame.title.clone(), asked, blocks);
    Ok(attach(write(frame, document).await?, "application/pdf", FILE))
}

/// A document in the language of a frame.
pub(in crate::dashboard) fn document(
    frame: &Frame,
    title: String,
    asked: &RiskAsked<'_>,
    blocks: Vec<Block>,
) -> Document {
    let made = frame.date_time(asked.now).text;
    let footer = format!("recontact · {title} · {made} ({})", frame.zone());
    Document { title, language: frame.lang(), created_at: asked.now, footer, blocks }
}

/// The document as a file. Laying it out takes some time.
pub(in crate::dashboard) async fn write(
    frame: &Frame,
    document: Document,
) -> Result<Vec<u8>, PageError> {
    let texts = frame.texts();
    let page_words = move |page: usize, pages: usize| {
        texts.say("report-page").with("page", page).with("pages", pages).to_string()
    };
    match web::block(move || document.write(page_words)).await {
        Ok(Ok(file)) => Ok(file),
        Ok(Err(error)) => Err(failed(&error)),
        Err(error) => Err(failed(&error)),
    }
}

fn failed(error: &dyn std::error::Error) -> PageError {
    tracing::error!(%error, "a report could not be written");
    PageError::Internal
}

impl RiskView {
    /// The report as parts of a document. `level`: that of its heading.
    pub(in crate::dashboard) fn printed(
        &self,
        frame: &Frame,
        asked: &RiskAsked<'_>,
        level: u8,
    ) -> Vec<Block> {
        let heading = |below: u8, message: &'static str| {
            Block::Heading(level + below, frame.say(message).into())
        };
        let mut blocks = vec![heading(0, "risk-title"), Block::Facts(self.facts(frame, asked))];
        blocks.extend((!self.scope.is_empty()).then(|| Block::Paragraph(self.scope.clone())));
        blocks.extend(self.notices.iter().cloned().map(Block::Notice));
        if let Some(told) = &self.told {
            blocks.extend(told.hints.iter().cloned().map(Block::Hint));
            told.print(frame, &heading, &mut blocks);
        }
        blocks.push(heading(1, "report-counted"));
        blocks.extend(NOTES.map(|note| Block::Paragraph(frame.say(note).into())));
        blocks
    }

    fn facts(&self, frame: &Frame, asked: &RiskAsked<'_>) -> Vec<(String, String)> {
        let fact = |message: &'static str, value: String| (frame.say(message).into(), value);
        let period = asked.period;
        let days = format!("{} – {}", frame.day(period.from), frame.day(period.to.plus(-1)));
        let made = format!("{} ({})", frame.date_time(asked.now).text, frame.zone());
        let mut facts = vec![
            fact("report-tenant", asked.tenant.as_str().to_owned()),
            fact("report-period", days),
            fact("report-zone", asked.settings.kpi.time_zone.name().to_owned()),
            fact("report-made", made),
        ];
        facts.extend(asked.team.map(|team| fact("user-team", team.to_string())));
        if let Some((version, window_days)) = asked.model {
            let window = frame.say("count-days").with("count", window_days);
            facts.push(fact("queue-model", version.to_owned()));
            facts.push(fact("report-window", window.into()));
        }
        if let Some(told) = &self.told {
            let main =
                told.figures.matching(|name| MAIN_FIGURES.iter().any(|end| name.ends_with(end)));
            facts.extend((!main.is_empty()).then(|| fact("models-figures", main.join("; "))));
            facts.push(fact("closed-tickets", frame.integer(told.closings)));
            facts.push(fact("effect-mature", frame.integer(told.mature)));
        }
        facts
    }
}

impl Told {
    fn print(
        &self,
        frame: &Frame,
        heading: &impl Fn(u8, &'static str) -> Block,
        blocks: &mut Vec<Block>,
    ) {
        let table = |table: &Table| Block::Table(table.printed(frame));
        if let Some(rates) = &self.rates {
            blocks.push(heading(1, "risk-caught-title"));
            blocks.push(Block::Tiles(rates.tiles.iter().map(|tile| tile.printed()).collect()));
            blocks.push(table(&rates.capacity));
        }
        blocks.push(heading(1, "risk-said"));
        blocks.push(Block::Figure(self.scores.printed()));
        if let Some(Rates { calibration, .. }) = &self.rates {
            blocks.push(Block::Figure(calibration.printed()));
            blocks.push(table(&calibration.table));
        }
        blocks.push(table(&self.scores.table));
        if let Some(rates) = &self.rates {
            blocks.push(heading(1, "risk-parts"));
            for chart in &rates.by_name {
                blocks.push(Block::Figure(chart.printed()));
                blocks.push(table(&chart.table));
            }
        }
        blocks.push(heading(1, "risk-why"));
        if self.reasons.is_empty() {
            blocks.push(Block::Paragraph(frame.say("queue-no-reasons").into()));
        } else {
            blocks.push(Block::Figure(reasons(frame, &self.reason_shares)));
            blocks.push(table(&self.reasons));
            blocks.push(Block::Hint(self.reasons_read.clone()));
        }
        if !self.figures.is_empty() {
            blocks.push(heading(1, "queue-model"));
            blocks.push(table(&self.figures));
        }
    }
}
