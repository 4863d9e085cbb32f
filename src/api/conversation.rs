//! What is kept of texts for those who work a follow-up: redacted before it goes anywhere.

use super::problem::{Problem, ProblemCode};
use crate::app::App;
use crate::cleaning::clean;
use crate::contact::ContactText;
use crate::redaction::{RedactedText, redact};
use crate::store::ContactTextToKeep;
use crate::ticket::{TicketText, TicketTextPart};
use actix_web::web;
use std::borrow::Cow;
use std::collections::BTreeMap;

/// Bytes of text above which texts are redacted on a thread of their own, so that they do not hold up the other requests of the
/// server thread.
const INLINE_BYTES: usize = 64 * 1024;

/// A contact's text, cleaned before, as it is kept; `None` where texts are not kept.
pub(super) async fn contact_text(
    app: &App,
    text: Option<&ContactText>,
    language: Option<&'static str>,
) -> Result<Option<ContactTextToKeep>, Problem> {
    if !app.settings.conversations.keeps() {
        return Ok(None);
    }
    let max_chars = app.settings.conversations.max_chars;
    // A copy shares the text.
    let text = text.cloned();
    let bytes = text.as_ref().map_or(0, |text| text.as_str().len());
    let work = move || redact(text.as_ref().map_or("", ContactText::as_str), max_chars);
    let text = off_thread_where_long(bytes.min(4 * max_chars), work).await?;
    Ok(Some(ContactTextToKeep { text, language }))
}

/// What is kept of a ticket's texts: the customer's first and last message and the answer.
pub(super) async fn ticket_texts(
    app: &App,
    texts: &BTreeMap<String, String>,
) -> Result<Vec<TicketText>, Problem> {
    if !app.settings.conversations.keeps() || texts.is_empty() {
        return Ok(Vec::new());
    }
    let max_chars = app.settings.conversations.max_chars;
    let is_cleaned = app.settings.cleaning.enabled;
    let found = TicketTextPart::ALL.into_iter().filter_map(|part| {
        let text = texts.get(&format!("{}_text", part.as_str()))?;
        Some((part, text.clone()))
    });
    let found: Vec<(TicketTextPart, String)> = found.collect();
    let bytes = found.iter().map(|(_, text)| text.len()).sum();
    let work = move || {
        let keep = |(part, text): (TicketTextPart, String)| {
            let text = keep_cleaned(&text, is_cleaned, max_chars)?;
            Some(TicketText { part, text })
        };
        found.into_iter().filter_map(keep).collect()
    };
    off_thread_where_long(bytes, work).await
}

/// A ticket's text as it is kept; `None` where there is nothing to read in it.
fn keep_cleaned(text: &str, is_cleaned: bool, max_chars: usize) -> Option<RedactedText> {
    let shown: String =
        text.chars().filter(|c| !c.is_control() || matches!(c, '\t' | '\n')).collect();
    let left =
        if is_cleaned { Cow::Owned(clean(&shown).text) } else { Cow::Borrowed(shown.as_str()) };
    let redacted = redact(&left, max_chars);
    (!redacted.as_str().trim().is_empty()).then_some(redacted)
}

async fn off_thread_where_long<T: Send + 'static>(
    bytes: usize,
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<T, Problem> {
    if bytes <= INLINE_BYTES {
        return Ok(work());
    }
    web::block(work).await.map_err(|error| {
        tracing::error!(%error, "redacting a text failed");
        Problem::new(ProblemCode::Internal, "redacting the text failed")
    })
}
