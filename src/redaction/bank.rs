//! Numbers of payment cards and bank accounts.

use super::Entity;
use super::checksums::{is_card, is_iban};
use super::draft::Draft;
use super::numbers::{Found, Group, Number, follows, is_blank, is_dash};

/// Words before the number of a card.
const CARDS: &[&str] =
    &["card*", "карт*", "visa", "mastercard", "мир", "maestro", "белкарт*", "amex"];
/// What may stand between.
const BETWEEN: &[&str] = &[
    "number",
    "no",
    "is",
    "номер*",
    "нумар*",
    "my",
    "моя",
    "моей",
    "мая",
    "the",
    "это",
    "гэта",
    "це",
    "visa",
    "mastercard",
    "ending",
    "with",
    "debit",
    "credit",
    "банковск*",
    "банкаўск*",
    "банківськ*",
    "мир",
];

/// A card: its length and beginning, its check digit, and how it is written.
pub(super) fn card(draft: &Draft, groups: &[Group], first: usize) -> Found {
    let number = Number::from(draft, groups, first);
    let count = (1..=number.count()).rev().find(|count| is_written_as_card(&number, *count))?;
    let digits = number.digits(count);
    let is_called_card = number.follows(CARDS, BETWEEN);
    let is_certain = match (digits.len(), digits.as_slice()) {
        (16, [2..=6, ..]) | (15, [3, 4 | 7, ..]) | (14, [3, 0 | 6 | 8, ..]) => true,
        (17..=19, [4..=6, ..]) => count > 1 || is_called_card,
        (13..=19, _) => is_called_card,
        _ => return None,
    };
    // A number that is called one is one, with a wrong digit, too.
    let is_found = is_certain && is_card(&digits) || is_called_card && digits.len() == 16;
    is_found.then(|| (Entity::CreditCard, number.range(count), first + count - 1))
}

fn is_written_as_card(number: &Number<'_>, count: usize) -> bool {
    let lens = number.lens(count);
    let is_form = matches!(
        lens.as_slice(),
        [13..=19]
            | [4, 4, 4, 4]
            | [4, 4, 4, 4, 1..=3]
            | [4, 6, 4 | 5]
            | [4, 4, 5]
            | [8, 8]
            | [6, 13]
            | [4, 12]
    );
    let is_even = number.is_split_by(count, is_blank) || number.is_split_by(count, is_dash);
    is_form && is_even && number.stands_alone(count)
}

/// Lengths of account numbers by country.
const IBANS: &[(&str, usize)] = &[
    ("AD", 24),
    ("AE", 23),
    ("AL", 28),
    ("AT", 20),
    ("AZ", 28),
    ("BA", 20),
    ("BE", 16),
    ("BG", 22),
    ("BH", 22),
    ("BR", 29),
    ("BY", 28),
    ("CH", 21),
    ("CR", 22),
    ("CY", 28),
    ("CZ", 24),
    ("DE", 22),
    ("DK", 18),
    ("DO", 28),
    ("EE", 20),
    ("EG", 29),
    ("ES", 24),
    ("FI", 18),
    ("FO", 18),
    ("FR", 27),
    ("GB", 22),
    ("GE", 22),
    ("GI", 23),
    ("GL", 18),
    ("GR", 27),
    ("GT", 28),
    ("HR", 21),
    ("HU", 28),
    ("IE", 22),
    ("IL", 23),
    ("IQ", 23),
    ("IS", 26),
    ("IT", 27),
    ("JO", 30),
    ("KW", 30),
    ("KZ", 20),
    ("LB", 28),
    ("LC", 32),
    ("LI", 21),
    ("LT", 20),
    ("LU", 20),
    ("LV", 21),
    ("MC", 27),
    ("MD", 24),
    ("ME", 22),
    ("MK", 19),
    ("MR", 27),
    ("MT", 31),
    ("MU", 30),
    ("NL", 18),
    ("NO", 15),
    ("PK", 24),
    ("PL", 28),
    ("PS", 29),
    ("PT", 25),
    ("QA", 29),
    ("RO", 24),
    ("RS", 22),
    ("SA", 24),
    ("SC", 31),
    ("SE", 24),
    ("SI", 19),
    ("SK", 24),
    ("SM", 27),
    ("ST", 25),
    ("SV", 28),
    ("TL", 23),
    ("TN", 24),
    ("TR", 26),
    ("UA", 29),
    ("VA", 22),
    ("VG", 24),
    ("XK", 20),
];

/// Numbers of bank accounts: a country's letters, its length, and the remainder of 97.
pub(super) fn find_ibans(draft: &mut Draft) {
    let mut at = 0;
    while at + 15 <= draft.len() {
        at = match iban_at(draft, at) {
            Some(end) => {
                draft.take(Entity::Iban, at..end);
                end
            }
            None => at + 1,
        };
    }
}

fn iban_at(draft: &Draft, at: usize) -> Option<usize> {
    let is_start = draft.char(at).is_ascii_alphabetic()
        && draft.char(at + 1).is_ascii_alphabetic()
        && draft.char(at + 2).is_ascii_digit()
        && draft.char(at + 3).is_ascii_digit()
        && !draft.before(at).is_alphanumeric();
    if !is_start {
        return None;
    }
    let country: String = draft.slice(at..at + 2).iter().map(char::to_ascii_uppercase).collect();
    let len = IBANS.iter().find(|(name, _)| *name == country)?.1;
    let mut iban = Vec::with_capacity(len);
    let mut end = at;
    while iban.len() < len {
        let c = draft.char(end);
        if c.is_ascii_alphanumeric() {
            iban.push(c);
        } else if !(is_blank(c) || is_dash(c)) || !draft.char(end + 1).is_ascii_alphanumeric() {
            return None;
        }
        end += 1;
    }
    let is_called_so = || {
        follows(
            draft,
            at,
            &["iban", "рахун*", "счет*", "счёт*", "рахунак"],
            &["account", "is", "номер", "мой"],
        )
    };
    let is_whole = !draft.char(end).is_alphanumeric();
    (is_whole && (is_iban(&iban) || is_called_so())).then_some(end)
}
