//! Postal addresses, by the words for streets, houses and flats.

use super::Entity;
use super::draft::Draft;
use super::numbers::is_blank;
use super::words::{Roles, Words, are_beside, give_role, is_capitalised, is_one_of, word_before};
use std::ops::Range;
use std::sync::LazyLock;

/// Words for a street.
const STREETS: &[&str] = &[
    "улица",
    "улице",
    "улицы",
    "улицу",
    "вуліца",
    "вуліцы",
    "вуліцу",
    "вулиця",
    "вулиці",
    "вулицю",
    "проспект",
    "проспекте",
    "проспекту",
    "праспект",
    "праспекце",
    "проспекті",
    "переулок",
    "переулке",
    "завулак",
    "провулок",
    "бульвар",
    "бульваре",
    "бульвары",
    "бульварі",
    "шоссе",
    "шосе",
    "набережная",
    "тракт",
    "микрорайон",
    "мікрараён",
    "мікрорайон",
    "площадь",
    "плошча",
    "площа",
    "пр",
];
/// The same as they are shortened before a name.
const ABBREVIATIONS: &[&str] =
    &["ул", "вул", "пр-т", "пр-кт", "просп", "пер", "бул", "б-р", "наб", "мкр"];
/// Words for a street behind its name.
const ENGLISH_STREETS: &[&str] = &[
    "street",
    "st",
    "road",
    "rd",
    "avenue",
    "ave",
    "lane",
    "ln",
    "drive",
    "dr",
    "boulevard",
    "blvd",
    "court",
    "square",
    "sq",
    "terrace",
    "crescent",
    "highway",
    "hwy",
    "close",
    "way",
];
const HOUSES: &[&str] = &["д", "дом", "буд", "будинок", "дом.", "house", "б"];
const PARTS: &[&str] = &[
    "к",
    "корп",
    "корпус",
    "стр",
    "строение",
    "кв",
    "квартира",
    "офис",
    "оф",
    "пом",
    "под",
    "подъезд",
    "пад'езд",
    "під'їзд",
    "эт",
    "apt",
    "apartment",
    "flat",
    "unit",
    "suite",
    "кватэра",
];
/// Ends of the names of streets that stand before the word for street.
const ADJECTIVES: &[&[char]] = &[
    &['и', 'й'],
    &['ы', 'й'],
    &['а', 'я'],
    &['к', 'і'],
    &['о', 'м'],
    &['о', 'й'],
    &['у', 'ю'],
    &['о', 'г', 'о'],
    &['к', 'а'],
    &['і', 'м'],
];
const TOWNS: &[&str] = &["г", "гор", "город", "м", "місто", "горад", "п", "д", "с", "аг", "пос"];

const STREET: u8 = 1;
const HOUSE: u8 = 2;
const FLAT: u8 = 4;

static ROLES: LazyLock<Roles> = LazyLock::new(|| {
    let mut roles = Roles::new();
    give_role(&mut roles, STREETS.iter().chain(ABBREVIATIONS).copied(), STREET);
    give_role(&mut roles, HOUSES.iter().copied(), HOUSE);
    give_role(&mut roles, ["кв", "квартира", "кватэра"], FLAT);
    roles
});

pub(super) fn find(draft: &mut Draft) {
    let words = Words::of(draft, &ROLES);
    let mut at = 0;
    while at < words.ranges.len() {
        let found = address(draft, &words, at).or_else(|| postcode(draft, &words.ranges, at));
        at = match found {
            Some((start, last)) => {
                draft.take(Entity::Location, start..words.ranges[last].end);
                last + 1
            }
            None => at + 1,
        };
    }
}

/// An address around a word: where it begins and its last word.
fn address(draft: &Draft, words: &Words, at: usize) -> Option<(usize, usize)> {
    let ranges = words.ranges.as_slice();
    if words.has(at, STREET) {
        return street(draft, ranges, at);
    }
    if begins_with_digit(draft, &ranges[at]) {
        return english_street(draft, ranges, at);
    }
    if words.has(at, HOUSE | FLAT) {
        // A house with its flat, or a flat, without a street.
        let house = numbered(draft, ranges, at)?;
        let last = extend(draft, ranges, house);
        return (words.has(at, FLAT) || last > house)
            .then(|| (before(draft, ranges[at].start), last));
    }
    None
}

/// `ул. Ленина, д. 5, кв. 12`, also `Ленинский пр-т, 5`.
fn street(draft: &Draft, words: &[Range<usize>], at: usize) -> Option<(usize, usize)> {
    let is_name =
        |word: &Range<usize>| is_capitalised(draft, word) || begins_with_digit(draft, word);
    let mut last = at;
    while last < at + 4
        && words.get(last + 1).is_some_and(|word| {
            let is_first = last == at;
            follows(draft, &words[last], word, is_first || words[last].len() <= 2)
                && is_name(word)
                && !(last > at && begins_with_digit(draft, word))
        })
    {
        last += 1;
    }
    let mut start = words[at].start;
    let starts_with_number = last > at && begins_with_digit(draft, &words[at + 1]);
    if last == at || starts_with_number && last == at + 1 {
        // The name stands before.
        let name = at.checked_sub(1).map(|name| &words[name])?;
        let name_chars = draft.slice(name.clone());
        let is_adjective = ADJECTIVES.iter().any(|end| name_chars.ends_with(end));
        if !(is_capitalised(draft, name) && is_adjective && are_beside(draft, name, &words[at])) {
            return None;
        }
        start = name.start;
        last = at;
    }
    let house = house(draft, words, last);
    // `ул. Ленина` is an address; `на улице Уайтхолл` is where something happened.
    if house == last && !is_one_of(draft, &words[at], ABBREVIATIONS) {
        return None;
    }
    Some((before(draft, start), extend(draft, words, house)))
}

/// The house's number behind a street's name: the last word of both.
fn house(draft: &Draft, words: &[Range<usize>], last: usize) -> usize {
    let Some(next) = words.get(last + 1) else { return last };
    if !follows(draft, &words[last], next, true) {
        return last;
    }
    if is_number(draft, next) {
        return last + 1;
    }
    let is_house = is_one_of(draft, next, HOUSES) || is_one_of(draft, next, PARTS);
    let number = is_house.then(|| numbered(draft, words, last + 1)).flatten();
    number.unwrap_or(last)
}

/// Further parts of an address: building, flat, office.
fn extend(draft: &Draft, words: &[Range<usize>], mut last: usize) -> usize {
    for _ in 0..4 {
        let Some(next) = words.get(last + 1) else { break };
        let is_split =
            matches!(draft.char(words[last].end), '/' | '-') && next.start == words[last].end + 1;
        if is_number(draft, next) && (is_split || follows_comma(draft, &words[last], next)) {
            last += 1;
            continue;
        }
        let is_part = is_one_of(draft, next, PARTS) || is_one_of(draft, next, HOUSES);
        if !is_part || !follows(draft, &words[last], next, true) {
            break;
        }
        let Some(number) = numbered(draft, words, last + 1) else { break };
        last = number;
    }
    last
}

/// The number behind a word such as `кв.`.
fn numbered(draft: &Draft, words: &[Range<usize>], at: usize) -> Option<usize> {
    let next = words.get(at + 1)?;
    let is_near =
        follows(draft, &words[at], next, true) || draft.slice(words[at].end..next.start) == ['.'];
    (is_near && is_number(draft, next)).then_some(at + 1)
}

/// Town and post code before a street.
fn before(draft: &Draft, start: usize) -> usize {
    let gap = |c: char| is_blank(c) || c == ',';
    let mut first = start;
    let town_end = draft.run_back(first, 2, gap);
    if let Some(town) = word_before(draft, first).filter(|town| town.end == town_end) {
        let sign = word_before(draft, town.start);
        if let Some(sign) =
            sign.filter(|sign| is_capitalised(draft, &town) && is_one_of(draft, sign, TOWNS))
        {
            first = sign.start;
        }
    }
    let code_end = draft.run_back(first, 2, gap);
    let code = draft.run_back(code_end, 6, |c| c.is_ascii_digit());
    let is_code = matches!(code_end - code, 5 | 6)
        && !draft.before(code).is_alphanumeric()
        && code_end < first;
    if is_code { code } else { first }
}

/// `221B Baker Street`, with a flat behind it.
fn english_street(draft: &Draft, words: &[Range<usize>], at: usize) -> Option<(usize, usize)> {
    if !is_number(draft, &words[at]) {
        return None;
    }
    let mut last = at + 1;
    while last <= at + 4 {
        let word = words.get(last)?;
        if !are_beside(draft, &words[last - 1], word)
            || !draft.char(word.start).is_ascii_uppercase()
        {
            return None;
        }
        if last > at + 1 && is_one_of(draft, word, ENGLISH_STREETS) {
            return Some((words[at].start, extend(draft, words, last)));
        }
        last += 1;
    }
    None
}

/// A British post code: `SW1A 1AA`.
fn postcode(draft: &Draft, words: &[Range<usize>], at: usize) -> Option<(usize, usize)> {
    let (outer, inner) = (words.get(at)?, words.get(at + 1)?);
    if !(2..=4).contains(&outer.len()) || inner.len() != 3 || !are_beside(draft, outer, inner) {
        return None;
    }
    let outer_chars = draft.slice(outer.clone());
    let is_outer = outer_chars[0].is_ascii_uppercase()
        && outer_chars.iter().all(|c| c.is_ascii_uppercase() || c.is_ascii_digit())
        && outer_chars[1..].iter().any(char::is_ascii_digit)
        && outer_chars.iter().filter(|c| c.is_ascii_digit()).count() <= 2;
    let [digit, a, b] = draft.slice(inner.clone()) else { return None };
    let is_inner = digit.is_ascii_digit() && a.is_ascii_uppercase() && b.is_ascii_uppercase();
    (is_outer && is_inner).then_some((outer.start, at + 1))
}

fn begins_with_digit(draft: &Draft, word: &Range<usize>) -> bool {
    draft.char(word.start).is_ascii_digit()
}

/// The number of a house or flat: up to four digits, perhaps with a letter or a second number.
fn is_number(draft: &Draft, word: &Range<usize>) -> bool {
    let chars = draft.slice(word.clone());
    let digits = chars.iter().take_while(|c| c.is_ascii_digit()).count();
    let rest = &chars[digits..];
    let is_rest = match rest {
        [] => true,
        [letter] => letter.is_alphabetic(),
        ['-' | '/', rest @ ..] => rest.len() <= 4 && rest.iter().all(|c| c.is_alphanumeric()),
        _ => false,
    };
    (1..=4).contains(&digits) && is_rest
}

/// Whether a word follows another on its line, perhaps with a full stop or a comma between.
fn follows(draft: &Draft, first: &Range<usize>, second: &Range<usize>, may_be_split: bool) -> bool {
    let between = draft.slice(first.end..second.start);
    let is_of = |c: &char| is_blank(*c) || may_be_split && matches!(c, '.' | ',' | '№' | '#' | '-');
    (1..=3).contains(&between.len()) && between.iter().all(is_of)
}

fn follows_comma(draft: &Draft, first: &Range<usize>, second: &Range<usize>) -> bool {
    matches!(draft.slice(first.end..second.start), [','] | [',', ' '])
}
