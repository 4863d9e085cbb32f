//! HTML to the text that its writer wrote: tags go, references are decoded, quoted mail and signatures are cut where the
//! markup says what they are.

use super::mapped::Mapped;
use super::markup::{Markup, Piece, Tag};
use super::{Cut, CutKind, entities};
use std::ops::Range;

/// Elements with which HTML begins.
const FRAME: &[&str] = &["html", "head", "body", "meta"];
/// Elements of which two, or one and its end, tell that a text is HTML.
const KNOWN: &[&str] = &[
    "html",
    "head",
    "body",
    "p",
    "div",
    "br",
    "span",
    "table",
    "tbody",
    "tr",
    "td",
    "th",
    "ul",
    "ol",
    "li",
    "a",
    "b",
    "i",
    "u",
    "strong",
    "em",
    "font",
    "h1",
    "h2",
    "h3",
    "h4",
    "h5",
    "h6",
    "hr",
    "img",
    "blockquote",
    "pre",
    "code",
    "center",
    "style",
    "script",
    "title",
    "small",
    "sup",
    "section",
    "article",
    "s",
];
/// Elements that stand on lines of their own.
const BLOCKS: &[&str] = &[
    "div", "tr", "li", "dt", "dd", "section", "article", "header", "footer", "main", "address",
    "form", "fieldset", "center", "body", "tbody", "thead", "figure", "option",
];
/// Elements with an empty line before and after them.
const PARAGRAPHS: &[&str] =
    &["p", "h1", "h2", "h3", "h4", "h5", "h6", "ul", "ol", "table", "pre", "hr", "blockquote"];
/// Elements whose content no reader sees and is no markup either.
const UNSEEN: &[&str] = &["script", "style", "head", "title", "xml", "template"];

/// Whether a text is HTML, and not one in which a `<` or the name of an element occurs.
pub(super) fn is_html(text: &str) -> bool {
    if !text.contains('<') {
        return false;
    }
    let mut opened = [false; KNOWN.len()];
    let (mut count, mut is_beginning) = (0, true);
    for piece in Markup::new(text) {
        let tag = match piece {
            Piece::Tag(tag) => tag,
            Piece::Text(range) => {
                is_beginning &= text[range].trim().is_empty();
                continue;
            }
            Piece::Comment => continue,
        };
        if is_beginning && tag.is_one_of(FRAME) {
            return true;
        }
        let Some(index) = KNOWN.iter().position(|name| tag.is(name)) else { continue };
        count += 1;
        if tag.closes && opened[index] || count >= 2 && tag.is_one_of(&["br", "p", "div", "hr"]) {
            return true;
        }
        opened[index] |= !tag.closes;
    }
    false
}

/// What is left of an HTML text.
pub(super) struct FromHtml {
    /// What a reader sees of it, without what was cut.
    pub(super) text: Mapped,
    /// What was cut, in places of the HTML text.
    pub(super) cut: Vec<Cut>,
    /// Where in the text quoted mail stood.
    pub(super) seams: Vec<usize>,
}

/// Turns HTML into text.
pub(super) fn to_text(html: &Mapped) -> FromHtml {
    let mut reading = Reading {
        html: html.as_str(),
        writer: Writer::new(html),
        skip: None,
        is_preformatted: false,
        cut: Vec::new(),
        seams: Vec::new(),
    };
    let mut markup = Markup::new(html.as_str());
    while let Some(piece) = markup.next() {
        match piece {
            Piece::Comment => {}
            Piece::Text(range) => reading.text(&range),
            Piece::Tag(tag) => {
                let is_unseen = !tag.closes && !tag.is_void() && tag.is_one_of(UNSEEN);
                if !(is_unseen && markup.skip_to_end_of(tag.name)) {
                    reading.tag(&tag);
                }
            }
        }
    }
    if let Some(skip) = reading.skip.take() {
        reading.end_skip(&skip, html.as_str().len());
    }
    let Reading { writer, cut, seams, .. } = reading;
    FromHtml { text: without_markup_again(writer.text), cut, seams }
}

/// Where what the references spelled out would be taken for markup the next time, `<` becomes a blank.
fn without_markup_again(text: Mapped) -> Mapped {
    if !is_html(text.as_str()) {
        return text;
    }
    let begins_tag = |after: Option<char>| {
        after.is_some_and(|c| c.is_ascii_alphabetic() || matches!(c, '/' | '!' | '?'))
    };
    let mut chars = text.as_str().chars().peekable();
    let mut plain = String::with_capacity(text.as_str().len());
    while let Some(c) = chars.next() {
        plain.push(if c == '<' && begins_tag(chars.peek().copied()) { ' ' } else { c });
    }
    text.with_text(plain)
}

/// An element that is being cut.
struct Skip<'a> {
    /// The element's name.
    name: &'a str,
    /// Elements of that name that are open.
    depth: usize,
    /// What it is.
    kind: CutKind,
    start: usize,
    /// Blockquotes that are open in it, where the end of the outermost one ends what is quoted: answers stand below it.
    blockquotes: Option<usize>,
}

struct Reading<'a> {
    html: &'a str,
    writer: Writer<'a>,
    skip: Option<Skip<'a>>,
    is_preformatted: bool,
    cut: Vec<Cut>,
    seams: Vec<usize>,
}

impl<'a> Reading<'a> {
    fn text(&mut self, range: &Range<usize>) {
        if self.skip.is_none() {
            self.writer.write(self.html, range, self.is_preformatted);
        }
    }

    fn tag(&mut self, tag: &Tag<'a>) {
        if let Some(skip) = self.skip.take() {
            self.skip = self.go_on_skipping(skip, tag);
            return;
        }
        if !tag.closes && !tag.is_void() {
            self.skip = skip_from(tag);
            if self.skip.is_some() {
                return;
            }
        }
        if tag.is("pre") {
            self.is_preformatted = !tag.closes;
        }
        if tag.is("br") {
            self.writer.line_end(tag.range.start);
        } else if tag.is_one_of(PARAGRAPHS) {
            self.writer.break_lines(2, tag.range.start);
        } else if tag.is_one_of(BLOCKS) {
            self.writer.break_lines(1, tag.range.start);
        } else if tag.is_one_of(&["td", "th"]) {
            self.writer.blank(tag.range.start);
        }
    }

    /// The skip after a tag in it, or `None` when the tag ends it.
    fn go_on_skipping(&mut self, mut skip: Skip<'a>, tag: &Tag<'_>) -> Option<Skip<'a>> {
        if tag.is_void() {
            return Some(skip);
        }
        let mut ends = false;
        if tag.is("blockquote")
            && let Some(open) = &mut skip.blockquotes
        {
            ends = tag.closes && *open == 1;
            *open = if tag.closes { open.saturating_sub(1) } else { *open + 1 };
        }
        if tag.is(skip.name) {
            skip.depth = if tag.closes { skip.depth - 1 } else { skip.depth + 1 };
            ends |= skip.depth == 0;
        }
        if !ends {
            return Some(skip);
        }
        self.end_skip(&skip, tag.range.end);
        None
    }

    fn end_skip(&mut self, skip: &Skip<'_>, end: usize) {
        if skip.kind == CutKind::Quote {
            self.seams.push(self.writer.text.as_str().len());
        }
        if skip.kind != CutKind::Html {
            self.cut.push(Cut { kind: skip.kind, start: skip.start, end });
        }
        self.writer.break_lines(2, skip.start);
    }
}

/// The element that begins with a tag, if it is to be cut.
fn skip_from<'a>(tag: &Tag<'a>) -> Option<Skip<'a>> {
    let start = tag.range.start;
    let skip = |name, kind| Skip { name, depth: 1, kind, start, blockquotes: None };
    let attribute = |name| tag.attribute(name).unwrap_or_default();
    let (class, id) = (attribute("class"), attribute("id"));
    let has_class = |names: &[&str]| class.split_whitespace().any(|class| names.contains(&class));
    let is_id = |names: &[&str]| names.iter().any(|name| id.ends_with(name));
    if is_id(&["divRplyFwdMsg", "appendonsend", "mail-editor-reference-message-container"]) {
        // Outlook puts what was answered behind this element, not into it.
        return Some(skip("", CutKind::Quote));
    }
    if is_id(&["OLK_SRC_BODY_SECTION"]) || has_class(&["yahoo_quoted", "protonmail_quote"]) {
        return Some(skip(tag.name, CutKind::Quote));
    }
    if tag.is("blockquote") {
        let is_cited =
            has_class(&["gmail_quote"]) || attribute("type").eq_ignore_ascii_case("cite");
        return (is_cited || !is_indentation(attribute("style")))
            .then(|| skip(tag.name, CutKind::Quote));
    }
    if has_class(&["gmail_quote", "gmail_quote_container"]) {
        return Some(Skip { blockquotes: Some(0), ..skip(tag.name, CutKind::Quote) });
    }
    if has_class(&["gmail_attr", "moz-cite-prefix"]) {
        return Some(skip(tag.name, CutKind::Quote));
    }
    if has_class(&["gmail_signature", "moz-signature"])
        || is_id(&["Signature", "ms-outlook-mobile-signature"])
    {
        return Some(skip(tag.name, CutKind::Signature));
    }
    let style = attribute("style");
    is_hidden(style).then(|| skip(tag.name, CutKind::Html))
}

/// Mail programs indent with a blockquote that has a margin and no border; that is no quotation.
fn is_indentation(style: &str) -> bool {
    let style: String = style.chars().filter(|c| !c.is_whitespace()).collect();
    style.contains("margin") && style.contains("border:none")
}

/// Lines for the list of mails, and what shows that a mail was opened.
fn is_hidden(style: &str) -> bool {
    if style.is_empty() {
        return false;
    }
    let style: String =
        style.chars().filter(|c| !c.is_whitespace()).map(|c| c.to_ascii_lowercase()).collect();
    style.contains("display:none") || style.contains("mso-hide:all")
}

/// Writes text with the white space of HTML: any amount of it is one blank, lines end where elements do.
struct Writer<'a> {
    html: &'a Mapped,
    text: Mapped,
    /// Line ends before the next character.
    line_ends: usize,
    /// Whether a blank belongs before the next character.
    has_blank: bool,
    /// Where in the HTML the white space began.
    waiting_from: usize,
}

impl<'a> Writer<'a> {
    fn new(html: &'a Mapped) -> Self {
        let original_len = html.origin(html.as_str().len());
        let text = Mapped::empty(original_len);
        Self { html, text, line_ends: 0, has_blank: false, waiting_from: 0 }
    }

    fn break_lines(&mut self, least: usize, from: usize) {
        self.wait_from(from);
        self.line_ends = self.line_ends.max(least);
    }

    fn line_end(&mut self, from: usize) {
        self.wait_from(from);
        self.line_ends = (self.line_ends + 1).min(3);
    }

    fn blank(&mut self, from: usize) {
        self.wait_from(from);
        self.has_blank = true;
    }

    fn wait_from(&mut self, from: usize) {
        if self.line_ends == 0 && !self.has_blank {
            self.waiting_from = from;
        }
    }

    fn write(&mut self, html: &str, range: &Range<usize>, is_preformatted: bool) {
        let mut at = range.start;
        while let Some(c) = html[at..range.end].chars().next() {
            let (decoded, len) = match c {
                '&' => entities::decode(&html[at..range.end]).unwrap_or((c, 1)),
                _ => (c, c.len_utf8()),
            };
            match decoded {
                '\n' if is_preformatted => self.line_end(at),
                c if c.is_whitespace() => self.blank(at),
                c => self.write_char(c, at),
            }
            at += len;
        }
    }

    fn write_char(&mut self, c: char, at: usize) {
        if !self.text.as_str().is_empty() {
            let from = self.html.origin(self.waiting_from);
            // Each by itself: all of them stand for what begins at one place.
            for _ in 0..self.line_ends {
                self.text.push("\n", from);
            }
            if self.line_ends == 0 && self.has_blank {
                self.text.push(" ", from);
            }
        }
        (self.line_ends, self.has_blank) = (0, false);
        self.text.push(c.encode_utf8(&mut [0; 4]), self.html.origin(at));
    }
}
