//! What may not differ between channels whatever the wording: numbers, amounts, dates, times, links, e-mail addresses and
//! telephone numbers, found in a text and written in one form.
//!
//! `1 000,50 руб.` and `1,000.5 RUB` are the same amount, `8 (800) 555-35-35` and `+7 800 555-35-35` the same telephone number,
//! `5 января 2026`, `05.01.2026` and `2026-01-05` the same date.

use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use utoipa::ToSchema;

/// What kind of fact it is.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, ToSchema,
)]
#[serde(rename_all = "snake_case")]
#[expect(missing_docs, reason = "each is its own explanation")]
pub enum FactKind {
    Number,
    Amount,
    Date,
    Time,
    Link,
    Email,
    Phone,
}

/// A fact in the form in which it is compared and told.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Fact {
    /// What kind.
    pub kind: FactKind,
    /// Its one form.
    pub value: String,
}

impl FactKind {
    /// Every kind.
    pub const ALL: [Self; 7] =
        [Self::Number, Self::Amount, Self::Date, Self::Time, Self::Link, Self::Email, Self::Phone];
}

/// Every fact of a text without markup.
#[must_use]
pub fn facts(plain: &str) -> BTreeSet<Fact> {
    let mut found = BTreeSet::new();
    let mut rest = String::with_capacity(plain.len());
    for word in plain.split_inclusive(char::is_whitespace) {
        let trimmed =
            word.trim_matches(|c: char| c.is_whitespace() || "()[]{}<>«»\"'“”„.,;:!?".contains(c));
        match address(trimmed) {
            Some(fact) => {
                found.insert(fact);
                rest.push_str(" | ");
            }
            None => rest.push_str(word),
        }
    }
    let signs: Vec<char> = rest.chars().collect();
    let mut at = 0;
    while at < signs.len() {
        let is_start = signs[at].is_ascii_digit() || is_plus_of_phone(&signs, at);
        let inside_word = at > 0 && signs[at - 1].is_alphanumeric();
        if !is_start || inside_word {
            at += 1;
            continue;
        }
        let (fact, next) = numeric(&signs, at);
        found.insert(fact);
        at = next.max(at + 1);
    }
    found
}

fn fact(kind: FactKind, value: impl Into<String>) -> Fact {
    Fact { kind, value: value.into() }
}

/// A link or an e-mail address.
fn address(word: &str) -> Option<Fact> {
    let lower = word.to_lowercase();
    if let Some((local, domain)) = lower.split_once('@')
        && !local.is_empty()
        && domain.contains('.')
        && !domain.contains('/')
    {
        return Some(fact(FactKind::Email, lower));
    }
    let bare = lower.trim_start_matches("https://").trim_start_matches("http://");
    let has_scheme = bare.len() < lower.len();
    let bare = bare.trim_start_matches("www.");
    let host = bare.split(['/', '?', '#', ':']).next()?;
    let is_link = has_scheme || lower.starts_with("www.") || is_known_domain(host);
    if !is_link || host.is_empty() {
        return None;
    }
    // The path keeps its case: it may mean something.
    let from = word.len().checked_sub(bare.len()).filter(|from| word.is_char_boundary(*from));
    let path = from.and_then(|from| word.get(from + host.len()..)).unwrap_or_default();
    Some(fact(FactKind::Link, format!("{host}{}", path.trim_end_matches('/'))))
}

fn is_known_domain(host: &str) -> bool {
    const ENDINGS: [&str; 20] = [
        "com", "org", "net", "ru", "by", "ua", "kz", "eu", "io", "info", "biz", "pl", "lt", "lv",
        "de", "uk", "su", "рф", "бел", "укр",
    ];
    host.rsplit_once('.').is_some_and(|(name, ending)| {
        !name.is_empty()
            && ENDINGS.contains(&ending)
            && name.chars().all(|c| c.is_alphanumeric() || c == '-' || c == '.')
            && name.chars().any(char::is_alphabetic)
    })
}

fn is_plus_of_phone(signs: &[char], at: usize) -> bool {
    signs[at] == '+' && signs.get(at + 1).is_some_and(|c| c.is_ascii_digit() || *c == '(')
}

/// The fact that begins with the digit (or plus) at a place, and the place after it.
fn numeric(signs: &[char], at: usize) -> (Fact, usize) {
    date(signs, at)
        .or_else(|| time(signs, at))
        .or_else(|| phone(signs, at))
        .unwrap_or_else(|| number(signs, at))
}

/// Digits from a place on, at most `most`: their value, how many, and the place after them.
fn digits(signs: &[char], at: usize, most: usize) -> Option<(u32, usize, usize)> {
    let run = signs.get(at..)?.iter().take_while(|c| c.is_ascii_digit()).count();
    if run == 0 || run > most {
        return None;
    }
    let value =
        signs[at..at + run].iter().filter_map(|c| c.to_digit(10)).fold(0, |n, d| n * 10 + d);
    Some((value, run, at + run))
}

/// `2026-01-05`, `05.01.2026`, `5/1/26`, `5 January 2026`, `5 января`, `January 5`.
fn date(signs: &[char], at: usize) -> Option<(Fact, usize)> {
    let told = |year: Option<u32>, month: u32, day: u32, end: usize| {
        let is_date = (1..=12).contains(&month) && (1..=31).contains(&day);
        // Without a year as ISO 8601 once wrote it: --03-07.
        let year = year.map_or("-".to_owned(), |year| {
            format!("{:04}", if year < 100 { year + 2000 } else { year })
        });
        is_date.then(|| (fact(FactKind::Date, format!("{year}-{month:02}-{day:02}")), end))
    };
    let (first, run, next) = digits(signs, at, 4)?;
    let separator = signs.get(next).copied().filter(|c| matches!(c, '-' | '.' | '/'));
    if let Some(separator) = separator
        && let Some((second, _, after)) = digits(signs, next + 1, 2)
        && signs.get(after) == Some(&separator)
        && let Some((third, third_run, end)) = digits(signs, after + 1, 4)
    {
        if run == 4 && third_run <= 2 {
            return told(Some(first), second, third, end);
        }
        if run <= 2 && (third_run == 4 || third_run == 2) && separator != '-' {
            return told(Some(third), second, first, end);
        }
    }
    if run > 2 {
        return None;
    }
    let (word, after) = word_after(signs, next);
    if let Some(month) = month(&word) {
        let year = digits(signs, skip_blank(signs, after), 4).filter(|(_, run, _)| *run == 4);
        let end = year.map_or(after, |(_, _, end)| end);
        return told(year.map(|(year, _, _)| year), month, first, end);
    }
    let month = month(&word_before(signs, at))?;
    let comma = if signs.get(next) == Some(&',') { next + 1 } else { next };
    let year = digits(signs, skip_blank(signs, comma), 4).filter(|(_, run, _)| *run == 4);
    told(year.map(|(year, _, _)| year), month, first, year.map_or(next, |(_, _, end)| end))
}

/// `9:30` and `09:30`.
fn time(signs: &[char], at: usize) -> Option<(Fact, usize)> {
    let (hour, _, next) = digits(signs, at, 2)?;
    if signs.get(next) != Some(&':') {
        return None;
    }
    let (minute, run, end) = digits(signs, next + 1, 2)?;
    (hour < 25 && minute < 60 && run == 2)
        .then(|| (fact(FactKind::Time, format!("{hour:02}:{minute:02}")), end))
}

/// At least seven digits after a plus, ten in all, or six with hyphens or brackets between them.
fn phone(signs: &[char], at: usize) -> Option<(Fact, usize)> {
    let has_plus = signs[at] == '+';
    let mut found = String::new();
    let (mut end, mut has_marks) = (at, false);
    for (index, sign) in signs.iter().enumerate().skip(at + usize::from(has_plus)) {
        match sign {
            '0'..='9' => {
                found.push(*sign);
                end = index + 1;
            }
            '-' | '(' | ')' | '‑' | '–' => {
                let follows =
                    signs.get(index + 1).is_some_and(|c| c.is_ascii_digit() || " ()".contains(*c));
                if !follows {
                    break;
                }
                has_marks = true;
            }
            ' ' | '\u{a0}' => {
                let follows = signs.get(index + 1).is_some_and(|c| c.is_ascii_digit() || *c == '(');
                if !follows {
                    break;
                }
            }
            _ => break,
        }
    }
    let marked = signs[at..end].iter().any(|c| "-()‑–".contains(*c)) && has_marks;
    let count = found.len();
    let is_phone = (7..=15).contains(&count)
        && (has_plus || count >= 10 || (marked && count >= 6))
        && (has_plus || marked || currency_after(signs, end).is_none());
    if !is_phone {
        return None;
    }
    // Trunk prefixes: 80 in Belarus, 8 in Russia.
    let value = match (has_plus, count) {
        (false, 11) if found.starts_with("80") => format!("375{}", &found[2..]),
        (false, 11) if found.starts_with('8') => format!("7{}", &found[1..]),
        _ => found,
    };
    Some((fact(FactKind::Phone, format!("+{value}")), end))
}

/// A number, with its currency or per cent sign if it has one.
fn number(signs: &[char], at: usize) -> (Fact, usize) {
    let from = at + usize::from(signs[at] == '+');
    let mut text = String::new();
    let mut end = from;
    while let Some(sign) = signs.get(end) {
        let digits_after = signs
            .get(end + 1..)
            .map_or(0, |after| after.iter().take_while(|c| c.is_ascii_digit()).count());
        match sign {
            '0'..='9' => text.push(*sign),
            '.' | ',' if digits_after > 0 => text.push(*sign),
            // Thousands may be set apart.
            ' ' | '\u{a0}' | '\u{202f}' | '\'' if digits_after == 3 && text.len() <= 11 => {}
            _ => break,
        }
        end += 1;
    }
    let value = plain_number(&text);
    if let Some((currency, after)) = currency_after(signs, end) {
        return (fact(FactKind::Amount, format!("{value} {currency}")), after);
    }
    match currency_before(signs, at) {
        Some(currency) => (fact(FactKind::Amount, format!("{value} {currency}")), end),
        None => (fact(FactKind::Number, value), end),
    }
}

/// `1.000,50`, `1,000.5` and `1000.50` are 1000.5. Three digits after the only separator are thousands, so 1.500 is 1500.
fn plain_number(text: &str) -> String {
    let decimal = text.rfind(['.', ',']).filter(|at| {
        let sign = text.as_bytes()[*at];
        let is_only = text.bytes().filter(|byte| *byte == sign).count() == 1;
        is_only && text.len() - at - 1 != 3
    });
    let (whole, part) = match decimal {
        Some(at) => (&text[..at], &text[at + 1..]),
        None => (text, ""),
    };
    let whole: String = whole.chars().filter(char::is_ascii_digit).collect();
    let whole = whole.trim_start_matches('0');
    let whole = if whole.is_empty() { "0" } else { whole };
    match part.trim_end_matches('0') {
        "" => whole.to_owned(),
        part => format!("{whole}.{part}"),
    }
}

fn currency_after(signs: &[char], end: usize) -> Option<(&'static str, usize)> {
    let at = skip_blank(signs, end);
    if let Some(currency) = signs.get(at).and_then(|sign| currency_sign(*sign)) {
        return Some((currency, at + 1));
    }
    let (word, after) = word_after(signs, end);
    Some((currency_word(&word)?, after))
}

fn currency_before(signs: &[char], at: usize) -> Option<&'static str> {
    let before = signs[..at].iter().rposition(|c| !matches!(c, ' ' | '\u{a0}'))?;
    currency_sign(signs[before])
        .filter(|sign| *sign != "%")
        .or_else(|| currency_word(&word_before(signs, at)).filter(|word| word.len() == 3))
}

fn currency_sign(sign: char) -> Option<&'static str> {
    match sign {
        '%' => Some("%"),
        '$' => Some("USD"),
        '€' => Some("EUR"),
        '£' => Some("GBP"),
        '₽' => Some("RUB"),
        '₴' => Some("UAH"),
        '₸' => Some("KZT"),
        _ => None,
    }
}

fn currency_word(word: &str) -> Option<&'static str> {
    let begins = |beginnings: &[&str]| beginnings.iter().any(|one| word.starts_with(one));
    match word {
        "usd" | "dollar" | "dollars" => Some("USD"),
        "eur" | "euro" | "euros" | "евро" | "еўра" | "євро" => Some("EUR"),
        "gbp" | "pound" | "pounds" => Some("GBP"),
        "rub" | "р" | "ruble" | "rubles" | "rouble" | "roubles" => Some("RUB"),
        "byn" | "br" => Some("BYN"),
        "uah" | "грн" => Some("UAH"),
        "kzt" | "тг" => Some("KZT"),
        "percent" => Some("%"),
        _ if begins(&["руб"]) => Some("RUB"),
        _ if begins(&["долл", "долар"]) => Some("USD"),
        _ if begins(&["гривн", "гривен", "грыўн"]) => Some("UAH"),
        _ if begins(&["процент", "працэнт", "відсот"]) => Some("%"),
        _ if begins(&["копе", "копі", "капе"]) => Some("1/100"),
        _ => None,
    }
}

fn skip_blank(signs: &[char], at: usize) -> usize {
    let blanks = signs.get(at..).map_or(0, |rest| {
        rest.iter().take_while(|c| matches!(c, ' ' | '\u{a0}' | '\u{202f}')).count()
    });
    at + blanks
}

/// The next word in lower case (after blanks only), and the place after it.
fn word_after(signs: &[char], at: usize) -> (String, usize) {
    let from = skip_blank(signs, at);
    let letters =
        signs.get(from..).map_or(0, |rest| rest.iter().take_while(|c| c.is_alphabetic()).count());
    let word = signs[from.min(signs.len())..from + letters].iter().collect::<String>();
    (word.to_lowercase(), from + letters)
}

/// The word before a place, in lower case.
fn word_before(signs: &[char], at: usize) -> String {
    let word: Vec<char> = signs[..at]
        .iter()
        .rev()
        .skip_while(|c| matches!(c, ' ' | '\u{a0}'))
        .take_while(|c| c.is_alphabetic())
        .copied()
        .collect();
    word.iter().rev().collect::<String>().to_lowercase()
}

/// The month of a name in English, Russian, Belarusian or Ukrainian.
fn month(word: &str) -> Option<u32> {
    const BEGINNINGS: [&[&str]; 12] = [
        &["january", "jan", "январ", "студзен", "січ"],
        &["february", "feb", "феврал", "лютаг", "люты", "лютог"],
        &["march", "mar", "март", "сакавік", "берез"],
        &["april", "apr", "апрел", "красавік", "квіт"],
        &["may", "мая", "май", "травен", "трав"],
        &["june", "jun", "июн", "чэрвен", "черв"],
        &["july", "jul", "июл", "ліпен", "лип"],
        &["august", "aug", "август", "жніве", "жніўн", "серп"],
        &["september", "sep", "сентябр", "верас", "верес"],
        &["october", "oct", "октябр", "кастрычн", "жовт"],
        &["november", "nov", "ноябр", "лістапад", "листоп"],
        &["december", "dec", "декабр", "снежн", "снежан", "груд"],
    ];
    let is_month = |names: &&[&str]| {
        names.iter().any(|name| match name.is_ascii() {
            // English months have one form, and short words such as "marked" begin like them.
            true => word == *name || (name.len() == 3 && word == format!("{name}t")),
            false => word.starts_with(name),
        })
    };
    BEGINNINGS.iter().position(is_month).and_then(|index| u32::try_from(index + 1).ok())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn found(text: &str) -> Vec<(FactKind, String)> {
        facts(text).into_iter().map(|fact| (fact.kind, fact.value)).collect()
    }

    #[track_caller]
    fn assert_same(kind: FactKind, value: &str, texts: &[&str]) {
        for text in texts {
            assert_eq!(found(text), [(kind, value.to_owned())], "{text}");
        }
    }

    #[test]
    fn one_fact_in_many_forms_is_one_fact() {
        assert_same(
            FactKind::Amount,
            "1000.5 RUB",
            &["1 000,50 руб.", "1,000.50 RUB", "1000.5 ₽", "1.000,5 рублей"],
        );
        assert_same(FactKind::Amount, "20 USD", &["$20", "20 dollars", "USD 20.00", "20 долларов"]);
        assert_same(FactKind::Amount, "5 %", &["5%", "5 %", "5 процентов", "5.0 percent"]);
        assert_same(
            FactKind::Phone,
            "+78005553535",
            &["8 (800) 555-35-35", "+7 800 555 35 35", "88005553535"],
        );
        assert_same(FactKind::Phone, "+375291234567", &["+375 29 123-45-67", "80 29 123-45-67"]);
        assert_same(
            FactKind::Date,
            "2026-01-05",
            &[
                "2026-01-05",
                "05.01.2026",
                "5/1/26",
                "5 January 2026",
                "January 5, 2026",
                "5 января 2026 года",
            ],
        );
        assert_same(FactKind::Date, "--03-07", &["7 марта", "March 7", "7 March"]);
        assert_same(FactKind::Time, "09:30", &["9:30", "09:30"]);
        assert_same(
            FactKind::Link,
            "bank.by/Cards",
            &["https://www.bank.by/Cards/", "bank.by/Cards,", "(http://BANK.by/Cards)"],
        );
        assert_same(FactKind::Email, "help@bank.by", &["help@bank.by", "Help@Bank.by."]);
        assert_same(FactKind::Number, "1500", &["1500", "1,500", "1 500", "01500"]);
        assert_same(FactKind::Number, "3", &["in 3 days", "3rd"]);
    }

    #[test]
    fn different_facts_stay_apart() {
        assert_eq!(
            found("from 10 to 14 days"),
            [(FactKind::Number, "10".into()), (FactKind::Number, "14".into())]
        );
        assert_ne!(found("10 EUR"), found("10 USD"));
        assert_ne!(found("8 800 555-35-35"), found("8 800 555-35-36"));
        assert_ne!(found("bank.by/a"), found("bank.by/b"));
        assert_eq!(found("Take the A4 sheet and marked 2FA."), [(FactKind::Number, "2".into())]);
    }

    proptest! {
        #[test]
        fn any_text_is_taken(text in "[0-9+(). ,:/@a-zA-Zа-я€%'-]{0,60}") {
            let _ = facts(&text);
        }

        #[test]
        fn a_number_is_found_wherever_it_stands(n in 0..100_000u32, before in "[b-d]{0,8}", after in "[b-d]{0,8}") {
            let text = format!("{before} {n} {after}");
            prop_assert!(facts(&text).contains(&fact(FactKind::Number, n.to_string())), "{text}");
        }
    }
}
