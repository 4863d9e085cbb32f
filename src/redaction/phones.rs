//! Telephone numbers as people write them in Belarus, Russia, Ukraine and elsewhere.

use super::Entity;
use super::documents::{LEADING, OTHERS};
use super::draft::Draft;
use super::numbers::{Found, Group, Number, hangs_on_right, is_blank, is_dash};

/// Words before a telephone number, whatever its form.
const PHONES: &[&str] = &[
    "phone*",
    "tel",
    "telephone*",
    "mobile",
    "mob",
    "cell",
    "cellphone",
    "call",
    "whatsapp",
    "viber",
    "telegram",
    "sms",
    "fax",
    "тел",
    "телефон*",
    "моб",
    "мобильн*",
    "сотов*",
    "вайбер*",
    "ватсап*",
    "вотсап*",
    "телеграм*",
    "звоните",
    "позвоните",
    "перезвоните",
    "наберите",
    "факс",
    "тэл",
    "тэлефон*",
    "мабільн*",
    "патэлефануйце",
    "званіце",
    "перазваніце",
    "телефонуйте",
    "дзвоніть",
    "подзвоніть",
    "зателефонуйте",
    "передзвоніть",
    "мобільн*",
];
/// What may stand between.
const BETWEEN: &[&str] = &[
    "number*",
    "no",
    "is",
    "номер*",
    "нумар*",
    "my",
    "мой",
    "мне",
    "мне-ка",
    "мій",
    "мені",
    "at",
    "on",
    "по",
    "на",
    "за",
    "me",
    "us",
    "это",
    "гэта",
    "це",
    "for",
    "для",
    "связи",
    "сувязі",
    "зв'язку",
    "back",
    "contact",
    "контактный",
    "кантактны",
    "контактний",
    "пожалуйста",
    "калі",
    "ласка",
    "будь",
    "please",
    "the",
    "новый",
    "old",
    "new",
];
/// What stands behind an amount.
const UNITS: &[&str] = &[
    "руб*", "р", "byn", "usd", "eur", "rub", "uah", "грн", "коп*", "kg", "кг", "шт", "km", "км",
    "дол*", "евро", "dollar*", "euro*", "pounds", "тыс", "млн", "мб", "гб", "mb", "gb", "%",
];

/// Codes of operators and towns in Belarus behind 375, 80 or 0.
const BELARUS: &[u32] = &[15, 16, 17, 21, 22, 23, 24, 25, 29, 33, 44];
/// Codes of mobile operators in Ukraine and Belarus, behind the 0.
const MOBILE: &[u32] =
    &[25, 29, 33, 39, 44, 50, 63, 66, 67, 68, 73, 75, 77, 89, 91, 92, 93, 94, 95, 96, 97, 98, 99];

/// A telephone number that begins with a group.
pub(super) fn phone(draft: &Draft, groups: &[Group], first: usize) -> Found {
    let number = Number::from(draft, groups, first);
    let start = number.range(1).start;
    let open = usize::from(draft.before(start) == '(');
    let has_plus = draft.before(start - open) == '+'
        && !(start > open + 1 && draft.before(start - open - 1).is_alphanumeric());
    let count = if has_plus { international(&number) } else { national(&number, open > 0) }?;
    let range = number.range(count);
    if is_amount(draft, range.start, range.end) {
        return None;
    }
    Some((Entity::PhoneNumber, start - open - usize::from(has_plus)..range.end, first + count - 1))
}

/// Whether an amount of something is told.
fn is_amount(draft: &Draft, start: usize, end: usize) -> bool {
    let is_sign = |c: char| matches!(c, '$' | '€' | '£' | '₽' | '₴' | '%');
    let behind = draft.run(end, 2, is_blank);
    let word = behind..draft.run(behind, 12, char::is_alphabetic);
    is_sign(draft.char(behind))
        || is_sign(draft.before(start))
        || !word.is_empty() && super::words::is_one_of(draft, &word, UNITS)
}

/// How many groups a number behind a plus has.
fn international(number: &Number<'_>) -> Option<usize> {
    let totals: Vec<usize> = (1..=number.count()).map(|count| number.digits(count).len()).collect();
    let digits = number.digits(number.count());
    let expected = match digits.as_slice() {
        [3, 7, 5, ..] | [3, 8, 0, ..] => 12,
        [1 | 7, ..] => 11,
        [0, ..] => return None,
        _ => 13,
    };
    let exact = totals.iter().position(|total| *total == expected);
    let fitting = totals.iter().rposition(|total| (8..=expected).contains(total));
    let longer = totals.iter().position(|total| (8..=15).contains(total));
    exact.or(fitting).or(longer).map(|index| index + 1).filter(|count| {
        let end = number.range(*count).end;
        *count < number.count() || !number.has_letter_at(end)
    })
}

/// How many groups a number without a plus has.
fn national(number: &Number<'_>, is_open: bool) -> Option<usize> {
    if !number.starts_alone() {
        return None;
    }
    let is_called_other = number.follows(OTHERS, LEADING) || number.follows_sign();
    let fits = |count: &usize| {
        number.ends_alone(*count) && is_national(number, *count, is_open, is_called_other)
    };
    (1..=number.count()).rev().find(fits).or_else(|| called_phone(number))
}

/// Any digits that are called a telephone number.
fn called_phone(number: &Number<'_>) -> Option<usize> {
    if !number.follows(PHONES, BETWEEN) {
        return None;
    }
    let fits = |count: &usize| {
        let is_kind = number.gaps(*count).all(|gap| !gap.contains(&'/') && !gap.contains(&'.'));
        number.ends_alone(*count) && is_kind && (5..=13).contains(&number.digits(*count).len())
    };
    (1..=number.count()).rev().find(fits)
}

fn is_national(number: &Number<'_>, count: usize, is_open: bool, is_called_other: bool) -> bool {
    let (digits, lens) = (number.digits(count), number.lens(count));
    let is_plain = count == 1;
    if is_called_other && (is_plain || lens == [3, 2, 2]) {
        return false;
    }
    let code = |from: usize| digits[from] * 10 + digits[from + 1];
    let gaps: Vec<&[char]> = number.gaps(count).collect();
    let has_bracket = is_open && gaps.first().is_some_and(|gap| gap.contains(&')'))
        || gaps.first().is_some_and(|gap| gap.contains(&'('));
    let is_dashed = |gaps: &[&[char]]| gaps.iter().all(|gap| matches!(gap, [c] if is_dash(*c)));
    match digits.as_slice() {
        // 8 916 123-45-67, 7 495 …; 8 029 123-45-67.
        [7 | 8, 3 | 4 | 8 | 9, ..] if digits.len() == 11 => is_grouped_from(&lens, &[1, 4, 11]),
        [8, 0, ..] if digits.len() == 11 => {
            BELARUS.contains(&code(2)) && is_grouped_from(&lens, &[1, 2, 4, 5, 11])
        }
        // 07700 900123, 020 7946 0958.
        [0, 1 | 2 | 7, ..] if digits.len() == 11 => {
            is_plain && digits[1] == 7 || count > 1 && lens[0] >= 3
        }
        [3, 7, 5, ..] => digits.len() == 12 && BELARUS.contains(&code(3)),
        [3, 8, 0, ..] => digits.len() == 12 && digits[3] != 0,
        [8, 1, 0, 3, 7 | 8, ..] => digits.len() == 15,
        [0, 0, 1..=9, ..] if lens[0] == 2 || lens[0] > 4 => (12..=15).contains(&digits.len()),
        // 067 123 45 67; 0291234567.
        [0, 1..=9, ..] if digits.len() == 10 => {
            if is_plain {
                MOBILE.contains(&code(1))
            } else {
                matches!(lens.as_slice(), [3 | 4, ..]) && lens.iter().skip(1).all(|len| *len >= 2)
            }
        }
        _ => by_form(&digits, &lens, &gaps, has_bracket, &is_dashed),
    }
}

/// Numbers that nothing but their form tells: `(555) 123-4567`, `555-123-4567`, `123-45-67`.
fn by_form(
    digits: &[u32],
    lens: &[usize],
    gaps: &[&[char]],
    has_bracket: bool,
    is_dashed: &dyn Fn(&[&[char]]) -> bool,
) -> bool {
    let is_dotted = gaps.iter().all(|gap| matches!(gap, ['.']));
    match lens {
        [2..=5, ..] if has_bracket => {
            (9..=11).contains(&digits.len()) && lens.iter().skip(1).all(|len| *len >= 2)
        }
        [3, 3, 4] => digits[0] > 1 && (is_dashed(gaps) || is_dotted),
        [3, 3, 2, 2] => is_dashed(&gaps[1..]) || digits[0] == 9,
        [2, 3, 2, 2] => {
            is_dashed(&gaps[1..]) || matches!(digits, [2, 5 | 9, ..] | [3, 3, ..] | [4, 4, ..])
        }
        [3, 2, 2] => is_dashed(gaps),
        _ => false,
    }
}

fn is_grouped_from(lens: &[usize], first: &[usize]) -> bool {
    lens.first().is_some_and(|len| first.contains(len))
}

impl Number<'_> {
    fn starts_alone(&self) -> bool {
        let start = self.range(1).start;
        let before = self.draft().before(start);
        !super::numbers::hangs_on_left(self.draft(), start) && before != '+'
    }

    fn ends_alone(&self, count: usize) -> bool {
        !hangs_on_right(self.draft(), self.range(count).end)
    }

    fn has_letter_at(&self, at: usize) -> bool {
        self.draft().char(at).is_alphanumeric()
    }

    /// Whether a sign for `number` stands before.
    fn follows_sign(&self) -> bool {
        let start = self.range(1).start;
        let before = self.draft().run_back(start, 1, is_blank);
        matches!(self.draft().before(before), '№' | '#')
    }
}
