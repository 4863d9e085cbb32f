//! Markup in pieces: [`Markup`] tells tags, comments and text apart, in one pass over the text however broken it is.

use std::ops::Range;

/// Longest name of an element, in bytes.
const LONGEST_NAME: usize = 40;

/// A tag.
#[derive(Debug, Clone)]
pub(super) struct Tag<'a> {
    /// Where it stands, angle brackets included.
    pub(super) range: Range<usize>,
    /// The element's name as written.
    pub(super) name: &'a str,
    /// Whether it ends the element.
    pub(super) closes: bool,
    /// What stands between name and the closing bracket.
    pub(super) attributes: &'a str,
}

impl Tag<'_> {
    /// Whether the element has this name; upper and lower case are the same.
    pub(super) fn is(&self, name: &str) -> bool {
        self.name.eq_ignore_ascii_case(name)
    }

    /// Whether the element is one of these.
    pub(super) fn is_one_of(&self, names: &[&str]) -> bool {
        names.iter().any(|name| self.is(name))
    }

    /// Whether nothing can stand inside of it.
    pub(super) fn is_void(&self) -> bool {
        const VOID: &[&str] = &[
            "area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source",
            "wbr",
        ];
        self.attributes.ends_with('/') || self.is_one_of(VOID)
    }

    /// The value of an attribute, without quotation marks.
    pub(super) fn attribute(&self, name: &str) -> Option<&str> {
        let mut rest = self.attributes;
        loop {
            rest = rest.trim_start_matches(|c: char| c.is_whitespace() || c == '/');
            let end = rest.find(|c: char| c.is_whitespace() || c == '=' || c == '/');
            let (found, after) = rest.split_at(end.unwrap_or(rest.len()));
            let after = after.trim_start();
            let Some(value) = after.strip_prefix('=').map(str::trim_start) else {
                if after.is_empty() {
                    return None;
                }
                // An attribute without value, or a stray sign that would otherwise hold up the search.
                let sign = after.chars().next().map_or(0, char::len_utf8);
                rest = if found.is_empty() { &after[sign..] } else { after };
                continue;
            };
            let (value, after) = match value.chars().next() {
                Some(quote @ ('"' | '\'')) => {
                    value[1..].split_once(quote).unwrap_or((&value[1..], ""))
                }
                _ => value.split_at(value.find(char::is_whitespace).unwrap_or(value.len())),
            };
            if found.eq_ignore_ascii_case(name) {
                return Some(value);
            }
            rest = after;
        }
    }
}

/// A piece of a text with markup.
#[derive(Debug, Clone)]
pub(super) enum Piece<'a> {
    /// What a reader sees.
    Text(Range<usize>),
    /// A tag.
    Tag(Tag<'a>),
    /// A comment or a declaration.
    Comment,
}

/// Gives the pieces of a text in order. What only looks like a tag is text.
pub(super) struct Markup<'a> {
    text: &'a str,
    at: usize,
    waiting: Option<Piece<'a>>,
    /// The last place of each sign: what is opened after it is never closed, and need not be looked for.
    last_bracket: Option<usize>,
    last_quotes: [Option<usize>; 2],
    last_comment_end: Option<usize>,
    /// Elements of which it is known that none ends any more.
    never_ended: Vec<&'a str>,
}

impl<'a> Markup<'a> {
    /// The pieces of a text.
    pub(super) fn new(text: &'a str) -> Self {
        Self {
            text,
            at: 0,
            waiting: None,
            last_bracket: text.rfind('>'),
            last_quotes: [text.rfind('"'), text.rfind('\'')],
            last_comment_end: text.rfind("-->"),
            never_ended: Vec::new(),
        }
    }

    /// Goes on behind what begins with `</name` from here on; stays where it is when there is none.
    pub(super) fn skip_to_end_of(&mut self, name: &'a str) -> bool {
        if self.never_ended.iter().any(|known| known.eq_ignore_ascii_case(name)) {
            return false;
        }
        let rest = &self.text[self.at..];
        let end = rest.match_indices("</").find(|(at, _)| {
            let name_end = at + 2 + name.len();
            let goes_on = rest.as_bytes().get(name_end).is_some_and(u8::is_ascii_alphanumeric);
            let found = rest.get(at + 2..name_end);
            !goes_on && found.is_some_and(|found| found.eq_ignore_ascii_case(name))
        });
        match end {
            Some((end, _)) => {
                self.at += end;
                self.waiting = None;
                true
            }
            None => {
                self.never_ended.push(name);
                false
            }
        }
    }

    fn markup_at(&self, start: usize) -> Option<(Piece<'a>, usize)> {
        let after = self.text.as_bytes().get(start + 1)?;
        if self.last_bracket.is_none_or(|last| last < start) {
            return None;
        }
        match after {
            b'!' if self.text[start..].starts_with("<!--") => {
                let from = start + 4;
                self.last_comment_end.filter(|last| *last >= from)?;
                let end = from + self.text[from..].find("-->")? + 3;
                Some((Piece::Comment, end))
            }
            b'!' | b'?' => {
                let sign = self.text[start + 2..].chars().next()?;
                let is_declaration = sign.is_ascii_alphabetic() || sign == '[';
                let end = start + self.text[start..].find('>')? + 1;
                is_declaration.then_some((Piece::Comment, end))
            }
            _ => self.tag_at(start).map(|tag| {
                let end = tag.range.end;
                (Piece::Tag(tag), end)
            }),
        }
    }

    fn tag_at(&self, start: usize) -> Option<Tag<'a>> {
        let bytes = self.text.as_bytes();
        let closes = bytes.get(start + 1) == Some(&b'/');
        let name_start = start + 1 + usize::from(closes);
        if !bytes.get(name_start)?.is_ascii_alphabetic() {
            return None;
        }
        let is_of_name = |byte: &u8| byte.is_ascii_alphanumeric() || b":-_".contains(byte);
        let name_len = bytes[name_start..].iter().take_while(|byte| is_of_name(byte)).count();
        let name_end = name_start + name_len;
        let stops = |byte: &u8| byte.is_ascii_whitespace() || b"/>".contains(byte);
        if name_len > LONGEST_NAME
            || bytes[name_end - 1] == b':'
            || !bytes.get(name_end).is_some_and(stops)
        {
            return None;
        }
        let mut at = name_end;
        loop {
            match *bytes.get(at)? {
                b'>' => break,
                b'<' => return None,
                quote @ (b'"' | b'\'') => {
                    let last = self.last_quotes[usize::from(quote == b'\'')];
                    if last.is_some_and(|last| last > at) {
                        at += 1 + bytes[at + 1..].iter().position(|byte| *byte == quote)?;
                    }
                    at += 1;
                }
                _ => at += 1,
            }
        }
        Some(Tag {
            range: start..at + 1,
            name: &self.text[name_start..name_end],
            closes,
            attributes: self.text[name_end..at].trim(),
        })
    }
}

impl<'a> Iterator for Markup<'a> {
    type Item = Piece<'a>;

    fn next(&mut self) -> Option<Piece<'a>> {
        if let Some(piece) = self.waiting.take() {
            return Some(piece);
        }
        let start = self.at;
        let mut from = start;
        while let Some(found) = self.text[from..].find('<') {
            let bracket = from + found;
            if let Some((piece, end)) = self.markup_at(bracket) {
                self.at = end;
                if bracket == start {
                    return Some(piece);
                }
                self.waiting = Some(piece);
                return Some(Piece::Text(start..bracket));
            }
            from = bracket + 1;
        }
        self.at = self.text.len();
        (start < self.at).then_some(Piece::Text(start..self.at))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(text: &str) -> Vec<String> {
        Markup::new(text)
            .filter_map(|piece| match piece {
                Piece::Tag(tag) => {
                    Some(format!("{}{}", if tag.closes { "/" } else { "" }, tag.name))
                }
                _ => None,
            })
            .collect()
    }

    #[test]
    fn tags_are_told_from_angle_brackets_in_text() {
        assert_eq!(names("<p>1 < 2, <ivan@example.org> <b>x</b><br/>"), ["p", "b", "/b", "br"]);
        assert_eq!(names("a <b and c <!-- <i> --> <div title='>'>"), ["div"]);
        assert!(names("<http://example.org/a?b=c> <3 <> </> <b").is_empty());
    }

    #[test]
    fn attributes_are_read_however_they_are_quoted() {
        let text = "<div hidden CLASS=\"gmail_quote x\" id = 'a>b' dir=ltr / = style>";
        let Some(Piece::Tag(tag)) = Markup::new(text).next() else { panic!("no tag") };
        assert_eq!(tag.attribute("class"), Some("gmail_quote x"));
        assert_eq!(tag.attribute("id"), Some("a>b"));
        assert_eq!(tag.attribute("dir"), Some("ltr"));
        assert_eq!(tag.attribute("style"), None);
    }
}
