//! What is cut from texts before they are classified: as the configuration and a request ask for it, and as answers show it.

use super::problem::{Problem, ProblemCode};
use crate::app::App;
use crate::cleaning::{CutKind, clean};
use crate::contact::ContactText;
use actix_web::web;
use serde::Serialize;
use utoipa::ToSchema;

/// Bytes of text above which a request's texts are cleaned on a thread of their own, so that they do not hold up the other
/// requests of the server thread.
const INLINE_BYTES: usize = 64 * 1024;

/// A part of a text that was cut before it was classified.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct CutPart {
    /// quote, signature, disclaimer, or html: the text was HTML.
    pub kind: CutKind,
    /// Where it begins, in bytes of UTF-8 of the text without control characters.
    pub start: usize,
    /// Where it ends.
    pub end: usize,
    /// What was cut; null for html, whose tags stand among what was kept.
    pub text: Option<String>,
}

/// Whether texts are cleaned, and whether the answer shows what was cut.
#[derive(Debug, Clone, Copy)]
pub struct Cleaning {
    is_on: bool,
    shows_cut: bool,
}

/// A text as it is classified.
#[derive(Debug, Clone)]
pub struct CleanText {
    /// What is left; `None` when there is nothing to read in it.
    pub text: Option<ContactText>,
    /// What was cut, where the request asks for it.
    pub cut: Option<Vec<CutPart>>,
}

impl Cleaning {
    /// What a request asks for by `clean` and `show_cut`; the configuration decides what it leaves out.
    #[must_use]
    pub fn asked(app: &App, clean: Option<bool>, show_cut: Option<bool>) -> Self {
        Self {
            is_on: clean.unwrap_or(app.settings.cleaning.enabled),
            shows_cut: show_cut.unwrap_or(false),
        }
    }

    /// Cleans texts; one answer for each, in the same order.
    pub async fn apply(self, texts: Vec<ContactText>) -> Result<Vec<CleanText>, Problem> {
        let bytes: usize = texts.iter().map(|text| text.as_str().len()).sum();
        let work = move || texts.into_iter().map(|text| self.apply_to(text)).collect();
        if !self.is_on || bytes <= INLINE_BYTES {
            return Ok(work());
        }
        web::block(work).await.map_err(|error| {
            tracing::error!(%error, "cleaning texts failed");
            Problem::new(ProblemCode::Internal, "cleaning the texts failed")
        })
    }

    fn apply_to(self, text: ContactText) -> CleanText {
        if !self.is_on {
            return CleanText { text: Some(text), cut: self.shows_cut.then(Vec::new) };
        }
        let cleaned = clean(text.as_str());
        let part = |cut: &crate::cleaning::Cut| CutPart {
            kind: cut.kind,
            start: cut.start,
            end: cut.end,
            text: cut.text(text.as_str()).map(str::to_owned),
        };
        let cut = self.shows_cut.then(|| cleaned.cut.iter().map(part).collect());
        let left = if cleaned.is_nothing() {
            None
        } else {
            // Cleaning never makes a text longer.
            ContactText::parse(&cleaned.text, usize::MAX).ok()
        };
        CleanText { text: left, cut }
    }
}
