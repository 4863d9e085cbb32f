//! [`Conversation`]: what was written on a ticket, redacted, or in words why it is not there. A template shows it as it is
//! (`{{ conversation }}`).

use super::format::Shown;
use super::queue::words::{author_message, kind_message};
use super::{Frame, PageError, Viewer};
use crate::redaction::{ConversationOptions, Entity, Piece, pieces};
use crate::store::{KeptText, ToldContact, ToldText, ToldTicketText};
use crate::ticket::{TicketId, TicketTextPart};
use crate::timestamp::Timestamp;
use askama::Template;
use askama::filters::HtmlSafe;

/// Contacts that are shown, the newest ones.
pub(super) const CONTACTS: u32 = 200;
/// Characters of a text that are shown at once; the rest is folded.
const SHOWN: usize = 600;
/// Characters more than that below which a text is not folded.
const TOLERATED: usize = 200;

/// What was written, the newest last.
#[derive(Template)]
#[template(path = "parts/conversation.html")]
pub(super) struct Conversation {
    hint: String,
    count: String,
    messages: Vec<Message>,
}

impl HtmlSafe for Conversation {}

struct Message {
    at: Timestamp,
    when: Shown,
    author: String,
    is_ours: bool,
    channel: String,
    kind: String,
    category: String,
    lang: Option<String>,
    beginning: Vec<Said>,
    rest: Option<Rest>,
    note: Option<String>,
}

/// What is folded of a long text.
struct Rest {
    title: String,
    parts: Vec<Said>,
}

/// A part of a text: what was written, or what stands for what was removed.
#[derive(Template)]
#[template(path = "parts/said.html")]
struct Said {
    text: String,
    mark: Option<Mark>,
}

impl HtmlSafe for Said {}

struct Mark {
    title: String,
    lang: &'static str,
}

impl Conversation {
    /// The conversation on a ticket.
    pub(super) async fn of(
        viewer: &Viewer,
        frame: &Frame,
        ticket: &TicketId,
    ) -> Result<Self, PageError> {
        let (app, now) = (&viewer.app, viewer.now);
        let options = app.settings.conversations;
        let since = options.kept_since(now);
        let contacts = app.store.ticket_contacts(&app.tenant, ticket, CONTACTS, since).await?;
        let texts = app.store.ticket_texts(&app.tenant, ticket, since).await?;
        Ok(Self::new(frame, options, &contacts, &texts, now))
    }

    /// The same of what was read already.
    pub(super) fn new(
        frame: &Frame,
        options: ConversationOptions,
        contacts: &[ToldContact],
        texts: &[ToldTicketText],
        now: Timestamp,
    ) -> Self {
        let telling = Telling { frame, options, now };
        let mut messages: Vec<Message> =
            contacts.iter().map(|contact| telling.contact(contact)).collect();
        // What the ticket tells is told by its contacts already, where their texts are kept.
        let is_told = |text: &&ToldTicketText| {
            contacts.iter().any(|contact| {
                matches!(contact.text, ToldText::Kept(_)) && contact.author == author(text.part)
            })
        };
        messages.extend(texts.iter().filter(|text| !is_told(text)).map(|text| telling.text(text)));
        messages.sort_by_key(|message| message.at);
        let hint = if options.keeps() {
            frame.say("conversation-redacted").with("days", options.keep_days).to_string()
        } else {
            frame.say("conversation-off").to_string()
        };
        let empty = messages.is_empty() && options.keeps();
        Self {
            hint: if empty { frame.say("conversation-empty").to_string() } else { hint },
            count: frame.say("conversation-count").with("count", messages.len()).to_string(),
            messages,
        }
    }
}

/// Who wrote a text of a ticket, as contacts name it.
fn author(part: TicketTextPart) -> &'static str {
    match part {
        TicketTextPart::First | TicketTextPart::Last => "customer",
        TicketTextPart::Answer => "agent",
    }
}

struct Telling<'a> {
    frame: &'a Frame,
    options: ConversationOptions,
    now: Timestamp,
}

impl Telling<'_> {
    fn contact(&self, contact: &ToldContact) -> Message {
        let frame = self.frame;
        let message = Message {
            channel: contact.channel.as_ref().map(ToString::to_string).unwrap_or_default(),
            kind: frame.say(kind_message(contact.kind)).to_string(),
            category: contact.category.as_ref().map(ToString::to_string).unwrap_or_default(),
            ..self.message(contact.occurred_at, &contact.author)
        };
        match &contact.text {
            ToldText::Kept(text) => self.with_text(message, text),
            ToldText::Erased => self.with_note(message, "conversation-erased"),
            // One sentence above all of them says so.
            ToldText::Gone if !self.options.keeps() => message,
            ToldText::Gone if contact.recorded_at < self.options.kept_since(self.now) => {
                let days = self.options.keep_days;
                let note = frame.say("conversation-old").with("days", days).to_string();
                Message { note: Some(note), ..message }
            }
            ToldText::Gone => self.with_note(message, "conversation-gone"),
        }
    }

    fn text(&self, text: &ToldTicketText) -> Message {
        let kind = match text.part {
            TicketTextPart::First => "conversation-first",
            TicketTextPart::Last => "conversation-last",
            TicketTextPart::Answer => "conversation-answer",
        };
        let message = Message {
            kind: self.frame.say(kind).to_string(),
            ..self.message(text.occurred_at, author(text.part))
        };
        self.with_text(message, &text.text)
    }

    fn message(&self, at: Timestamp, author: &str) -> Message {
        Message {
            at,
            when: self.frame.date_time(at),
            author: self.frame.say(author_message(author)).to_string(),
            is_ours: author != "customer",
            channel: String::new(),
            kind: String::new(),
            category: String::new(),
            lang: None,
            beginning: Vec::new(),
            rest: None,
            note: None,
        }
    }

    fn with_note(&self, message: Message, note: &'static str) -> Message {
        Message { note: Some(self.frame.say(note).to_string()), ..message }
    }

    fn with_text(&self, message: Message, text: &KeptText) -> Message {
        if text.body.trim().is_empty() {
            return self.with_note(message, "conversation-nothing");
        }
        let (beginning, rest) = fold(&text.body);
        let rest_chars = rest.chars().count();
        Message {
            lang: text.language.clone(),
            beginning: self.said(beginning),
            rest: (rest_chars > 0).then(|| Rest {
                title: self.frame.say("conversation-rest").with("count", rest_chars).to_string(),
                parts: self.said(rest.trim_start()),
            }),
            note: text.is_cut.then(|| self.frame.say("conversation-cut").to_string()),
            ..message
        }
    }

    fn said(&self, text: &str) -> Vec<Said> {
        let one = |piece: Piece<'_>| match piece {
            Piece::Text(text) => Said { text: text.to_owned(), mark: None },
            Piece::Placeholder(entity) => {
                let what = self.frame.say(entity_message(entity)).to_string();
                let title = self.frame.say("redacted-title").with("what", what.as_str());
                let mark = Mark { title: title.to_string(), lang: self.frame.lang() };
                Said { text: what, mark: Some(mark) }
            }
        };
        pieces(text).into_iter().map(one).collect()
    }
}

/// The beginning of a text and the rest, which is empty where the text is short; cut at white space, never within a placeholder.
fn fold(text: &str) -> (&str, &str) {
    let place = |chars: usize| text.char_indices().nth(chars).map(|(at, _)| at);
    let (Some(limit), Some(_)) = (place(SHOWN), place(SHOWN + TOLERATED)) else {
        return (text, "");
    };
    let mut at = 0;
    let mut cut = 0;
    for piece in pieces(text) {
        match piece {
            Piece::Text(part) if at + part.len() > limit => {
                let within = limit.saturating_sub(at);
                let space = part.get(..within).and_then(|part| part.rfind(char::is_whitespace));
                cut = space.map_or(if at == 0 { within } else { at }, |space| at + space);
                break;
            }
            Piece::Text(part) => at += part.len(),
            Piece::Placeholder(entity) => at += entity.to_string().len(),
        }
        cut = at;
        if at > limit {
            break;
        }
    }
    text.split_at_checked(cut).unwrap_or((text, ""))
}

fn entity_message(entity: Entity) -> &'static str {
    match entity {
        Entity::EmailAddress => "redacted-email",
        Entity::PhoneNumber => "redacted-phone",
        Entity::CreditCard => "redacted-card",
        Entity::Iban => "redacted-iban",
        Entity::Passport => "redacted-passport",
        Entity::NationalId => "redacted-national-id",
        Entity::TaxId => "redacted-tax-id",
        Entity::UrlQuery => "redacted-query",
        Entity::IpAddress => "redacted-ip",
        Entity::Secret => "redacted-secret",
        Entity::Location => "redacted-location",
        Entity::Person => "redacted-person",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_texts_are_folded_at_white_space_and_never_within_a_placeholder() {
        assert_eq!(fold("short <PERSON>"), ("short <PERSON>", ""));
        for text in [
            "слово ".repeat(300),
            "x".repeat(2000),
            "<PHONE_NUMBER>".repeat(100),
            format!("{}<PHONE_NUMBER>{}", "a ".repeat(298), " b".repeat(300)),
        ] {
            let (beginning, rest) = fold(&text);
            assert_eq!(format!("{beginning}{rest}"), text);
            assert!(beginning.chars().count() <= SHOWN + 20, "{}", beginning.chars().count());
            assert!(!beginning.is_empty() && !rest.is_empty());
            let count = |text: &str| {
                pieces(text).iter().filter(|p| matches!(p, Piece::Placeholder(_))).count()
            };
            assert_eq!(count(beginning) + count(rest), count(&text));
        }
    }
}
