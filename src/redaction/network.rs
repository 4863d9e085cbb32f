//! Addresses of e-mail, of the web and of the internet protocol.

use super::Entity;
use super::draft::{Draft, MASK};
use std::net::Ipv6Addr;

/// Longest part of an e-mail address on either side of its sign.
const LONGEST_PART: usize = 256;

pub(super) fn find(draft: &mut Draft) {
    find_web(draft);
    find_mail(draft);
    find_ip_v6(draft);
}

/// Whether a character may stand in an address of the web.
fn is_of_address(c: char) -> bool {
    !c.is_whitespace() && !matches!(c, '<' | '>' | '"' | '«' | '»' | '“' | '”' | MASK)
}

/// What stands before the host and behind the path; host and path stay.
fn find_web(draft: &mut Draft) {
    let mut at = 0;
    while at < draft.len() {
        at = match draft.char(at) {
            ':' if draft.char(at + 1) == '/' && draft.char(at + 2) == '/' => {
                credentials(draft, at + 3)
            }
            '?' | '#' if is_query(draft, at) => query(draft, at + 1),
            _ => at + 1,
        };
    }
}

/// `user:password@` before a host.
fn credentials(draft: &mut Draft, from: usize) -> usize {
    let end = draft.run(from, LONGEST_PART, |c| is_of_address(c) && !matches!(c, '/' | '?' | '#'));
    let sign = draft.slice(from..end).iter().rposition(|c| *c == '@');
    if let Some(sign) = sign.filter(|sign| *sign > 0) {
        draft.take(Entity::Secret, from..from + sign);
    }
    end.max(from)
}

/// Whether what follows is a query of an address and not a question: `name=value`.
fn is_query(draft: &Draft, at: usize) -> bool {
    let before = draft.before(at);
    if !(before.is_alphanumeric() || matches!(before, '/' | '_' | '-' | '.' | '=' | '&')) {
        return false;
    }
    let end = draft
        .run(at + 1, 64, |c| c.is_alphanumeric() || matches!(c, '_' | '-' | '.' | '[' | ']' | '%'));
    end > at + 1 && draft.char(end) == '=' && is_of_address(draft.char(end + 1))
}

fn query(draft: &mut Draft, from: usize) -> usize {
    let end = draft.run(from, usize::MAX / 2, is_of_address);
    let end =
        draft.run_back(end, end - from, |c| matches!(c, '.' | ',' | ';' | '!' | '?' | ')' | '\''));
    if from < end {
        draft.take(Entity::UrlQuery, from..end);
    }
    end.max(from)
}

fn find_mail(draft: &mut Draft) {
    let mut at = 0;
    while at < draft.len() {
        let sign = match draft.char(at) {
            '@' => Some((at, at + 1)),
            '(' | '[' => spelt_sign(draft, at),
            'с' | 'С' => spelt_out(draft, at),
            _ => None,
        };
        let found = sign.and_then(|(end, start)| mail_around(draft, end, start));
        at = match found {
            Some((start, end)) => {
                draft.take(Entity::EmailAddress, start..end);
                end
            }
            None => at + 1,
        };
    }
}

/// `(at)` or `[at]`, with blanks around: where what stands before ends and what stands behind begins.
fn spelt_sign(draft: &Draft, at: usize) -> Option<(usize, usize)> {
    let is_at = draft.char(at + 1).eq_ignore_ascii_case(&'a')
        && draft.char(at + 2).eq_ignore_ascii_case(&'t')
        && matches!(draft.char(at + 3), ')' | ']');
    is_at.then(|| around(draft, at, at + 4))
}

/// The Russian word for the sign, with blanks around.
fn spelt_out(draft: &Draft, at: usize) -> Option<(usize, usize)> {
    const WORD: [char; 6] = ['с', 'о', 'б', 'а', 'к', 'а'];
    let is_word = draft.before(at) == ' '
        && draft.char(at + WORD.len()) == ' '
        && draft
            .slice(at..at + WORD.len())
            .iter()
            .zip(WORD)
            .all(|(c, of)| c.to_lowercase().eq([of]));
    is_word.then(|| around(draft, at, at + WORD.len()))
}

fn around(draft: &Draft, start: usize, end: usize) -> (usize, usize) {
    let blank = |c: char| c == ' ';
    (draft.run_back(start, 1, blank), draft.run(end, 1, blank))
}

/// The address whose local part ends at one place and whose domain begins at another.
fn mail_around(draft: &Draft, end: usize, start: usize) -> Option<(usize, usize)> {
    let is_local = |c: char| c.is_alphanumeric() || "._%+-'’&!#$*/=?^`{|}~".contains(c);
    let first = draft.run_back(end, LONGEST_PART, is_local);
    let first = draft.run(first, end - first, |c| !(c.is_alphanumeric() || matches!(c, '_' | '+')));
    if first >= end {
        return None;
    }
    let is_domain = |c: char| c.is_alphanumeric() || matches!(c, '.' | '-');
    let last = draft.run(start, LONGEST_PART, is_domain);
    let last = draft.run_back(last, last - start, |c| matches!(c, '.' | '-'));
    let dot = draft.slice(start..last).iter().rposition(|c| *c == '.')?;
    let top = draft.slice(start + dot + 1..last);
    let is_top = top.len() >= 2 && top.iter().any(|c| c.is_alphabetic());
    (dot > 0 && is_top).then_some((first, last))
}

fn find_ip_v6(draft: &mut Draft) {
    let is_of = |c: char| c.is_ascii_hexdigit() || matches!(c, ':' | '.');
    let mut at = 0;
    while at < draft.len() {
        if !is_of(draft.char(at)) || draft.before(at).is_alphanumeric() {
            at += 1;
            continue;
        }
        let run = draft.run(at, usize::MAX / 2, is_of);
        // A full stop or a colon behind it belongs to the sentence.
        let single = |c: char| matches!(c, '.' | ':');
        let end = if draft.before(run) == ':' && draft.before(run - 1) == ':' {
            run
        } else {
            draft.run_back(run, 1, single)
        };
        if is_ip_v6(draft, at, end) && !draft.char(end).is_alphanumeric() {
            draft.take(Entity::IpAddress, at..end);
        }
        at = run.max(at + 1);
    }
}

fn is_ip_v6(draft: &Draft, start: usize, end: usize) -> bool {
    const LONGEST: usize = 45;
    if !(6..=LONGEST).contains(&(end - start)) {
        return false;
    }
    let text = draft.text(start..end);
    let groups = text.split(':').filter(|group| !group.is_empty()).count();
    groups >= 3 && text.parse::<Ipv6Addr>().is_ok()
}
