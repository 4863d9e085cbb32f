//! Numbers that a state gives a person: passports, personal and tax numbers of Belarus, Russia and Ukraine.

use super::Entity;
use super::checksums::{is_inn, is_rnokpp, is_snils};
use super::draft::Draft;
use super::numbers::{Found, Group, Number, follows, hangs_on_right, is_blank, is_dash};
use std::ops::Range;

const PASSPORTS: &[&str] = &[
    "паспорт*",
    "пашпарт*",
    "passport*",
    "серия",
    "серии",
    "серыя",
    "серыі",
    "серія",
    "серії",
    "id-карт*",
    "id-card",
];
const BETWEEN: &[&str] = &[
    "номер*",
    "нумар*",
    "no",
    "number",
    "is",
    "мой",
    "мои",
    "мій",
    "данные",
    "дадзеныя",
    "дані",
    "серия",
    "серыя",
    "серія",
    "it's",
    "это",
    "гэта",
    "це",
    "и",
    "рф",
    "рб",
    "гражданина",
    "details",
    "my",
    "россии",
    "беларуси",
];
const SNILS: &[&str] = &["снилс*", "snils"];
const TAX: &[&str] = &["инн", "inn", "іпн", "ипн", "рнокпп", "tin", "ідентифікаційний"];
const TAX_BETWEEN: &[&str] =
    &["номер*", "код*", "is", "мой", "мій", "это", "це", "my", "number", "платника", "податків"];
const PERSONAL: &[&str] =
    &["идентификационный", "личный", "ідэнтыфікацыйны", "асабісты", "personal", "унзр"];

/// Series of Belarusian passports.
const BELARUSIAN: &[&str] = &["AB", "BM", "HB", "KH", "MP", "MC", "KB", "PP", "SP", "DP"];

/// A document's number that begins with a group, or with the two letters before it.
pub(super) fn document(draft: &Draft, groups: &[Group], first: usize) -> Found {
    personal_number(draft, groups, first)
        .or_else(|| passport_with_letters(draft, groups, first))
        .or_else(|| series_and_number(draft, groups, first))
        .or_else(|| plain(draft, groups, first))
}

/// The personal number of Belarus: `3140583A001PB5`.
fn personal_number(draft: &Draft, groups: &[Group], first: usize) -> Found {
    let start = groups[first].range.start;
    let form = draft.slice(start..start + 14);
    let is_form = form.len() == 14
        && groups[first].len() == 7
        && matches!(form[0], '1'..='6')
        && latin(form[7]).is_some()
        && form[8..11].iter().all(char::is_ascii_digit)
        && latin(form[11]).is_some()
        && latin(form[12]).is_some()
        && form[13].is_ascii_digit();
    let is_whole =
        !draft.before(start).is_alphanumeric() && !draft.char(start + 14).is_alphanumeric();
    (is_form && is_whole).then(|| (Entity::NationalId, start..start + 14, first + 2))
}

/// Two letters and six to nine digits: Belarusian by its series, others where a passport is spoken of.
fn passport_with_letters(draft: &Draft, groups: &[Group], first: usize) -> Found {
    let range = groups[first].range.clone();
    if !(6..=9).contains(&range.len()) || draft.char(range.end).is_alphanumeric() {
        return None;
    }
    let is_between = |c: char| is_blank(c) || matches!(c, '№' | '-');
    let end = draft.run_back(range.start, 3, is_between);
    let start = draft.run_back(end, 3, char::is_alphabetic);
    if end - start != 2 {
        return None;
    }
    let letters = draft.slice(start..end);
    let series: Option<String> =
        letters.iter().map(|c| latin(*c).filter(|_| c.is_uppercase())).collect();
    let is_belarusian =
        range.len() == 7 && series.is_some_and(|series| BELARUSIAN.contains(&series.as_str()));
    let is_called_so =
        || follows(draft, start, PASSPORTS, BETWEEN) && letters.iter().all(|c| c.is_uppercase());
    (is_belarusian || is_called_so()).then_some((Entity::Passport, start..range.end, first))
}

/// The Latin letter that a letter of a document stands for; Cyrillic ones look alike.
fn latin(c: char) -> Option<char> {
    let upper = c.to_uppercase().next()?;
    match upper {
        'A'..='Z' => Some(upper),
        'А' => Some('A'),
        'В' => Some('B'),
        'Е' => Some('E'),
        'К' => Some('K'),
        'М' => Some('M'),
        'Н' => Some('H'),
        'О' => Some('O'),
        'Р' => Some('P'),
        'С' => Some('C'),
        'Т' => Some('T'),
        'Х' => Some('X'),
        _ => None,
    }
}

/// A Russian passport: `45 08 123456`, and where it is called so `4508 123456`, `серия 4508 номер 123456`.
fn series_and_number(draft: &Draft, groups: &[Group], first: usize) -> Found {
    let number = Number::from(draft, groups, first);
    if number.count() >= 3
        && number.lens(3) == [2, 2, 6]
        && number.is_split_by(3, is_blank)
        && number.stands_alone(3)
        && number.digits(1) != [0, 0]
    {
        return Some((Entity::Passport, number.range(3), first + 2));
    }
    let next = groups.get(first + 1)?;
    let start = groups[first].range.start;
    if groups[first].len() != 4 || next.len() != 6 || hangs_on_right(draft, next.range.end) {
        return None;
    }
    let between = draft.slice(groups[first].range.end..next.range.start);
    let is_between =
        |c: &char| c.is_alphabetic() || is_blank(*c) || matches!(c, '№' | ',' | '.' | ':');
    let is_close = between.len() <= 10 && between.iter().all(is_between);
    (is_close && (between.contains(&'№') || follows(draft, start, PASSPORTS, BETWEEN)))
        .then(|| (Entity::Passport, start..next.range.end, first + 1))
}

/// Digits only: by their form and check digits, or by what they are called.
fn plain(draft: &Draft, groups: &[Group], first: usize) -> Found {
    let number = Number::from(draft, groups, first);
    let found = |entity, count: usize| Some((entity, number.range(count), first + count - 1));
    if number.count() >= 4 && number.lens(4) == [3, 3, 3, 2] && number.stands_alone(4) {
        let is_written =
            number.gaps(3).all(|gap| matches!(gap, [c] if is_dash(*c) || is_blank(*c)));
        if is_written && (is_snils(&number.digits(4)) || number.follows(SNILS, BETWEEN)) {
            return found(Entity::NationalId, 4);
        }
    }
    if number.count() >= 2
        && number.lens(2) == [8, 5]
        && number.is_split_by(2, is_dash)
        && number.stands_alone(2)
        && is_birthday(&number.digits(1))
    {
        return found(Entity::NationalId, 2);
    }
    if !number.stands_alone(1) {
        return None;
    }
    let digits = number.digits(1);
    let called = |list, between| number.follows(list, between);
    match digits.len() {
        11 if called(SNILS, BETWEEN) => found(Entity::NationalId, 1),
        8..=12 if called(TAX, TAX_BETWEEN) => found(Entity::TaxId, 1),
        12 if is_inn(&digits) && !called(OTHERS, LEADING) => found(Entity::TaxId, 1),
        10 if is_rnokpp(&digits) && called(&["код", "платника", "податків"], TAX_BETWEEN) => {
            found(Entity::TaxId, 1)
        }
        6..=10 if called(PASSPORTS, BETWEEN) => found(Entity::Passport, 1),
        6..=14 if called(PERSONAL, BETWEEN) => found(Entity::NationalId, 1),
        _ => None,
    }
}

/// What else has a number: orders, parcels, errors.
pub(super) const OTHERS: &[&str] = &[
    "order*",
    "заказ*",
    "замов*",
    "замоў*",
    "заяв*",
    "обращени*",
    "тикет*",
    "ticket*",
    "invoice*",
    "счет*",
    "счёт*",
    "рахун*",
    "рахунак",
    "трек*",
    "track*",
    "договор*",
    "дагавор*",
    "договір*",
    "договору",
    "contract*",
    "ref",
    "reference",
    "id",
    "артикул*",
    "error*",
    "ошибк*",
    "памылк*",
    "помилк*",
    "код*",
    "code*",
    "transaction*",
    "транзакц*",
    "платеж*",
    "платёж*",
    "чек*",
    "накладн*",
    "посылк*",
    "пасылк*",
    "посилк*",
    "parcel*",
    "case",
    "sku",
    "серийный",
    "serial",
    "imei",
    "штрихкод*",
    "версия",
    "зварот*",
    "звернен*",
    "account",
    "№",
    "receipt*",
    "квитанц*",
    "квітанц*",
    "бронь",
    "booking*",
    "отправлени*",
];
/// What may stand between.
pub(super) const LEADING: &[&str] = &[
    "номер*",
    "нумар*",
    "number",
    "no",
    "is",
    "под",
    "пад",
    "під",
    "за",
    "with",
    "my",
    "мой",
    "the",
];

/// Year, month and day of somebody alive.
fn is_birthday(digits: &[u32]) -> bool {
    let value = |range: Range<usize>| digits[range].iter().fold(0, |sum, digit| sum * 10 + digit);
    (1900..=2030).contains(&value(0..4))
        && (1..=12).contains(&value(4..6))
        && (1..=31).contains(&value(6..8))
}
