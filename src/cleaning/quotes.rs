//! Quoted mail in plain text: lines that begin with `>`, attributions, dividers and blocks of headers.
//!
//! Below an attribution that stands right above quoted lines the writer may go on (answers between the quotes); below any
//! other mark everything to the end is somebody else's.

use super::attribution::{is_attribution, may_begin};
use super::lines::{Line, contains_any, lines, starts_with_any};
use std::ops::Range;

/// Lines that are looked at together.
const WINDOW: usize = 7;
/// Lines that an attribution may be broken into.
const ATTRIBUTION_LINES: usize = 3;
/// Longest of these lines, in bytes.
const LONGEST_LINE: usize = 600;

/// What stands between dashes above a mail that is answered or passed on.
const DIVIDERS: &[&str] = &[
    "original message",
    "original appointment",
    "forwarded message",
    "reply message",
    "исходное сообщение",
    "оригинальное сообщение",
    "пересылаемое сообщение",
    "пересланное сообщение",
    "перенаправленное сообщение",
    "конец пересылаемого сообщения",
    "зыходнае паведамленне",
    "арыгінальнае паведамленне",
    "перасланае паведамленне",
    "пераадрасаванае паведамленне",
    "перасыланае паведамленне",
    "вихідне повідомлення",
    "початкове повідомлення",
    "оригінальне повідомлення",
    "переслане повідомлення",
    "пересилане повідомлення",
    "пересилається повідомлення",
    "перенаправлене повідомлення",
];
/// The same where they stand alone on a line.
const BARE_DIVIDERS: &[&str] = &[
    "begin forwarded message:",
    "начало переадресованного сообщения:",
    "начало перенаправленного сообщения:",
    "начало пересылаемого сообщения:",
    "пачатак перасланага паведамлення:",
    "пачатак пераадрасаванага паведамлення:",
    "початок листа, що пересилається:",
    "початок пересланого повідомлення:",
    "початок переадресованого повідомлення:",
];
/// What helpdesks put above their own mails.
const REPLY_ABOVE: &[&str] = &[
    "reply above this line",
    "ответ над этой строкой",
    "адказ над гэтым радком",
    "відповідь над цим рядком",
];

const FROM: &[&str] = &["from", "от", "от кого", "отправитель", "ад", "ад каго", "від", "від кого"];
const TO: &[&str] = &["to", "cc", "кому", "копия", "каму", "копія"];
/// Headers that nobody writes into a message of their own.
const SENT: &[&str] = &[
    "sent",
    "date",
    "subject",
    "дата",
    "отправлено",
    "тема",
    "тэма",
    "адпраўлена",
    "даслана",
    "надіслано",
    "відправлено",
    "importance",
    "важность",
    "reply-to",
];

/// The parts of a text that are quoted, in order. `seams` are the places where quoted mail was cut from HTML.
pub(super) fn find(text: &str, seams: &[usize]) -> Vec<Range<usize>> {
    let all = lines(text);
    let mut found: Vec<Range<usize>> = Vec::new();
    let mut ahead = Vec::with_capacity(all.len());
    for (index, line) in all.iter().enumerate() {
        if is_quoted(line.text) {
            found.push(line.range.clone());
        } else {
            ahead.push(index);
        }
    }
    ahead.reverse();
    let page = Page { text, lines: &all, seams };
    let mut behind: Vec<usize> = Vec::new();
    let mut own_lines = 0;
    // What is cut may bring together lines that were apart: some of those behind are looked at again.
    while let Some(&next) = ahead.last() {
        match page.mark(&ahead, own_lines == 0) {
            Some(Mark::ToEnd) => {
                found.push(all[next].range.start..text.len());
                break;
            }
            Some(Mark::Lines(count)) => {
                for index in ahead.drain(ahead.len().saturating_sub(count)..) {
                    found.push(all[index].range.clone());
                }
                for index in behind.drain(behind.len().saturating_sub(WINDOW)..).rev() {
                    own_lines -= usize::from(!all[index].is_blank());
                    ahead.push(index);
                }
            }
            None => {
                ahead.pop();
                own_lines += usize::from(!all[next].is_blank());
                behind.push(next);
            }
        }
    }
    merge(found)
}

/// Parts in order, those that touch as one.
fn merge(mut parts: Vec<Range<usize>>) -> Vec<Range<usize>> {
    parts.sort_by_key(|part| (part.start, part.end));
    let mut merged: Vec<Range<usize>> = Vec::with_capacity(parts.len());
    for part in parts {
        match merged.last_mut() {
            Some(last) if part.start <= last.end => last.end = last.end.max(part.end),
            _ => merged.push(part),
        }
    }
    merged
}

/// Whether a line is quoted. `>50` and `>= 50` are sums, not quotations.
fn is_quoted(line: &str) -> bool {
    line.strip_prefix('>')
        .is_some_and(|rest| !rest.starts_with(|c: char| c.is_ascii_digit() || c == '='))
}

/// How far a mark reaches.
enum Mark {
    /// These many lines, and what follows may be the writer's again.
    Lines(usize),
    /// To the end of the text.
    ToEnd,
}

struct Page<'a> {
    text: &'a str,
    lines: &'a [Line<'a>],
    seams: &'a [usize],
}

impl Page<'_> {
    /// What the next lines, the last ones of `ahead`, are marked as.
    fn mark(&self, ahead: &[usize], is_first: bool) -> Option<Mark> {
        let line = |place: usize| {
            let index = ahead.len().checked_sub(place + 1)?;
            Some(&self.lines[ahead[index]])
        };
        let first = line(0).filter(|line| !line.is_blank())?;
        if is_divider(first.text) {
            return Some(Mark::ToEnd);
        }
        if is_rule(first.text) {
            let after = (1..=2).find(|place| line(*place).is_some_and(|line| !line.is_blank()))?;
            return header_lines(|place| line(place + after)).map(|_| Mark::ToEnd);
        }
        if let Some(count) = header_lines(line) {
            // Headers above everything belong to a mail that was handed in whole.
            return Some(if is_first { Mark::Lines(count) } else { Mark::ToEnd });
        }
        let count = attribution_lines(line, |place| self.is_followed(ahead, place))?;
        let is_followed = self.is_followed(ahead, count - 1);
        Some(if is_followed { Mark::Lines(count) } else { Mark::ToEnd })
    }

    /// Whether quoted words follow a line at once.
    fn is_followed(&self, ahead: &[usize], place: usize) -> bool {
        let Some(position) = ahead.len().checked_sub(place + 1) else { return false };
        let index = ahead[position];
        let after = &self.lines[index + 1..];
        let next = after.iter().take(WINDOW).find(|line| !line.is_blank());
        if next.is_some_and(|line| is_quoted(line.text)) {
            return true;
        }
        let line = &self.lines[index].range;
        let end = line.start + self.text[line.clone()].trim_end().len();
        let until = next.map_or(self.text.len(), |line| line.range.start);
        let seam = self.seams.partition_point(|seam| *seam < end);
        self.seams.get(seam).is_some_and(|seam| *seam <= until)
    }
}

/// How many of the next lines are an attribution.
fn attribution_lines<'a>(
    line: impl Fn(usize) -> Option<&'a Line<'a>>,
    is_followed: impl Fn(usize) -> bool,
) -> Option<usize> {
    let first = line(0)?.text;
    if is_attribution(first, is_followed(0)) {
        return Some(1);
    }
    if !may_begin(first) {
        return None;
    }
    let mut joined = first.to_owned();
    for place in 1..ATTRIBUTION_LINES {
        let next = line(place).filter(|line| !line.is_blank())?.text;
        // A line that begins another one does not take those above it along.
        if next.len() > LONGEST_LINE || may_begin(next) {
            return None;
        }
        joined = format!("{joined} {next}");
        if is_attribution(&joined, is_followed(place)) {
            return Some(place + 1);
        }
    }
    None
}

/// `-----Original Message-----` and its like.
fn is_divider(line: &str) -> bool {
    const MOST_BYTES: usize = 200;
    if line.len() > MOST_BYTES {
        return false;
    }
    let lower = line.to_lowercase();
    if BARE_DIVIDERS.contains(&lower.as_str()) {
        return true;
    }
    let is_dash = |c: char| matches!(c, '-' | '_' | '=' | '*' | '#' | '~' | '–' | '—');
    let words = lower.trim_matches(|c: char| is_dash(c) || c == ' ');
    let dashes = lower.chars().take_while(|c| is_dash(*c)).count();
    dashes >= 2 && (DIVIDERS.contains(&words) || contains_any(words, REPLY_ABOVE))
}

/// A line of underscores or dashes, as Outlook draws it above headers.
fn is_rule(line: &str) -> bool {
    line.len() >= 5 && line.bytes().all(|byte| matches!(byte, b'_' | b'-' | b'='))
}

/// How many of the next lines are a block of headers: who wrote, and at least one header that nobody writes into a message of
/// their own.
fn header_lines<'a>(line: impl Fn(usize) -> Option<&'a Line<'a>>) -> Option<usize> {
    let mut count = 0;
    let (mut has_from, mut has_address, mut others, mut certain) = (false, false, 0, 0);
    while count < WINDOW {
        let Some(next) = line(count).filter(|line| !line.is_blank()) else { break };
        let Some(name) = header_name(next.text) else { break };
        let is_from = FROM.contains(&name.as_str());
        has_from |= is_from;
        has_address |= is_from && next.text.contains('@');
        others += usize::from(TO.contains(&name.as_str()));
        certain += usize::from(SENT.contains(&name.as_str()));
        count += 1;
    }
    let is_block = has_from && (certain >= 2 || certain >= 1 && (others >= 1 || has_address));
    is_block.then_some(count)
}

/// The name of a header, where the line is one.
fn header_name(line: &str) -> Option<String> {
    const LONGEST: usize = 40;
    let head: String = line.chars().take(LONGEST).collect();
    let (name, _) = head.split_once(':')?;
    let name = name.trim_matches(['*', ' ', '\t', '_']).to_lowercase();
    let is_known = [FROM, TO, SENT].iter().any(|all| all.contains(&name.as_str()));
    (is_known && !starts_with_any(line, &["//"])).then_some(name)
}
