//! The lines by which mail programs say whose words they quote: `On Mon, 5 Jan 2026 at 10:00, Support wrote:` and its
//! like in English, Russian, Belarusian and Ukrainian.

use super::lines::{starts_with_any, words};

/// Longest attribution, in characters.
const LONGEST: usize = 300;

/// How attributions end.
const VERBS: &[&str] = &[
    "wrote:",
    "writes:",
    "пишет:",
    "писал:",
    "писала:",
    "писал(а):",
    "писали:",
    "написал:",
    "написала:",
    "написал(а):",
    "написали:",
    "піша:",
    "пісаў:",
    "пісаў(ла):",
    "напісаў:",
    "напісала:",
    "напісаў(ла):",
    "напісаў(-ла):",
    "напісаў(а):",
    "пише:",
    "писав:",
    "написав:",
    "написала(в):",
    "написав(ла):",
    "написав(-ла):",
    "написав(а):",
];

/// Days of the week, as attributions begin with them: whole or short, before a comma or a full stop.
const DAYS: &[&str] = &[
    "mon",
    "tue",
    "wed",
    "thu",
    "fri",
    "sat",
    "sun",
    "monday",
    "tuesday",
    "wednesday",
    "thursday",
    "friday",
    "saturday",
    "sunday",
    "пн",
    "вт",
    "ср",
    "чт",
    "пт",
    "сб",
    "вс",
    "понедельник",
    "вторник",
    "среда",
    "четверг",
    "пятница",
    "суббота",
    "воскресенье",
    "аў",
    "чц",
    "нд",
    "панядзелак",
    "аўторак",
    "серада",
    "чацвер",
    "пятніца",
    "субота",
    "нядзеля",
    "понеділок",
    "вівторок",
    "середа",
    "неділя",
];

/// Whether lines, joined by blanks, are an attribution. `is_followed` says that quoted words follow at once: then less has
/// to be said.
pub(super) fn is_attribution(line: &str, is_followed: bool) -> bool {
    if line.len() > 4 * LONGEST || !line.contains(':') || line.chars().count() > LONGEST {
        return false;
    }
    let line = line.trim_start_matches(['-', '*', '_', ' ', '\t']);
    let lower = line.to_lowercase();
    if !lower.ends_with(':') {
        return goes_on_behind(&lower);
    }
    let evidence = Evidence::of(&lower);
    if starts_with_any(&lower, &["you wrote ", "вы писали ", "вы пісалі ", "ви писали "])
    {
        return evidence.has_time && evidence.has_date;
    }
    let has_verb = VERBS.iter().any(|verb| lower.ends_with(verb));
    if !has_verb {
        let ends_with_address = lower.ends_with(">:") || lower.ends_with("):");
        return ends_with_address
            && evidence.has_address
            && evidence.has_time
            && begins_with_date(&lower);
    }
    if begins_with_date(&lower) || lower.starts_with("пользователь ") {
        return is_followed && evidence.has_number
            || evidence.has_address
            || evidence.has_time && evidence.has_date && lower.contains(',');
    }
    // `Support Team <support@example.org> wrote:`, and without the address where quoted words follow.
    let name = line.split(['<', '(', '[']).next().unwrap_or_default();
    let is_sentence = name.contains(['!', '?', ',', ';']);
    let most_words = if evidence.has_address { 5 } else { 4 };
    !is_sentence
        && words(name).count() <= most_words
        && (is_followed || evidence.has_address && begins_like_a_name(name))
}

/// Some programs put the first quoted words behind the attribution: `On Mon, 5 Jan 2026 at 10:00, Support<a@b.c> wrote: Hello`.
fn goes_on_behind(lower: &str) -> bool {
    let end_of = |verb: &&str| lower.find(*verb).map(|at| at + verb.len());
    let Some(end) = VERBS.iter().filter_map(end_of).min() else { return false };
    let evidence = Evidence::of(&lower[..end]);
    begins_with_date(lower) && evidence.has_address && evidence.has_time && evidence.has_date
}

/// Whether a line may be the first of several that are an attribution together: it says when.
pub(super) fn may_begin(line: &str) -> bool {
    if line.chars().count() > LONGEST || !line.bytes().any(|byte| byte.is_ascii_digit()) {
        return false;
    }
    let lower = line.to_lowercase();
    begins_with_date(&lower) && Evidence::of(&lower).has_time
}

fn begins_with_date(lower: &str) -> bool {
    let first = words(lower).next().unwrap_or_default();
    lower.starts_with(|c: char| c.is_ascii_digit())
        || first == "on" && words(lower).nth(1).is_some_and(is_of_date)
        || DAYS.contains(&first)
            && lower
                .strip_prefix(first)
                .is_some_and(|rest| starts_with_any(rest.trim_start(), &[",", ".", "1", "2", "3"]))
        || starts_with_any(lower, &["в письме от ", "у лісце ад ", "у листі від "])
}

/// `on` is followed by a day or a number, not by any word.
fn is_of_date(word: &str) -> bool {
    const MONTHS: &[&str] =
        &["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];
    word.starts_with(|c: char| c.is_ascii_digit())
        || DAYS.contains(&word)
        || starts_with_any(word, MONTHS)
}

fn begins_like_a_name(name: &str) -> bool {
    words(name).all(|word| word.starts_with(|c: char| c.is_uppercase() || c.is_ascii_digit()))
        || name.contains('@')
}

/// What in a line speaks for an attribution.
struct Evidence {
    has_address: bool,
    has_number: bool,
    has_time: bool,
    has_date: bool,
}

impl Evidence {
    fn of(lower: &str) -> Self {
        let mut found = Self {
            has_address: lower.contains('@'),
            has_number: false,
            has_time: false,
            has_date: false,
        };
        let bytes = lower.as_bytes();
        let mut at = 0;
        while at < bytes.len() {
            let (number, len) = digits(&bytes[at..]);
            if len == 0 {
                at += 1;
                continue;
            }
            found.has_number = true;
            found.has_date |= len == 4 && (1990..2100).contains(&number);
            let separator = bytes.get(at + len).copied();
            let (next, next_len) = digits(bytes.get(at + len + 1..).unwrap_or_default());
            match separator {
                Some(b':') if len <= 2 && next_len == 2 => {
                    found.has_time |= number < 24 && next < 60;
                }
                Some(b'.' | b'/' | b'-') if len <= 2 && (1..=2).contains(&next_len) => {
                    let after = bytes.get(at + len + 1 + next_len).copied();
                    found.has_date |= after == separator;
                }
                _ => {}
            }
            at += len;
        }
        found
    }
}

/// The number at the beginning of some bytes, and how many digits it has.
fn digits(bytes: &[u8]) -> (u32, usize) {
    let len = bytes.iter().take_while(|byte| byte.is_ascii_digit()).count();
    let value = bytes[..len.min(6)].iter().fold(0, |sum, byte| sum * 10 + u32::from(byte - b'0'));
    (value, len)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mail_programs_of_four_languages_are_recognised() {
        for line in [
            "On Mon, 5 Jan 2026 at 10:00, Support <support@example.org> wrote:",
            "On Jan 5, 2026, at 10:00 AM, Support Team <support@example.org> wrote:",
            "On 05.01.2026 10:00, Support wrote:",
            "Support Team <support@example.org> wrote:",
            "пн, 5 янв. 2026 г. в 10:00, Поддержка <support@example.org>:",
            "5 января 2026 г., 10:00 пользователь Support <support@example.org> написал:",
            "5 янв. 2026 г., в 10:00, Поддержка <support@example.org> написал(а):",
            "05.01.2026 10:00, Служба поддержки пишет:",
            "05.01.2026, 10:00, \"Поддержка\" <support@example.org>:",
            "Понедельник, 5 января 2026, 10:00 +03:00 от Поддержка <support@example.org>:",
            "пн, 5 сту 2026 г. у 10:00 Падтрымка <support@example.org> піша:",
            "5 студзеня 2026 г., 10:00, Падтрымка <support@example.org> напісаў(ла):",
            "пн, 5 січ. 2026 р. о 10:00 Підтримка <support@example.org> пише:",
            "5 січня 2026 р. о 10:00 Підтримка <support@example.org> написав(ла):",
            "Вы писали 5 января 2026 г., 10:00:00:",
            "On Mon, 5 Jan 2026 at 10:00, Support<support@example.org> wrote:   Hello, please wait",
        ] {
            assert!(is_attribution(line, false), "{line}");
        }
    }

    #[test]
    fn what_a_customer_tells_of_others_is_no_attribution() {
        for line in [
            "On Monday your agent wrote:",
            "On the card it says: 10:00 wrote:",
            "This is what support@example.org wrote:",
            "Мне вчера поддержка написала:",
            "My order of 5 January 2026 10:00, see what support@example.org wrote: we ship",
            "Здравствуйте, ваш сотрудник 5 января написал:",
            "Спасибо, карта не работает! 5 янв. 2026 г., 10:00 Support <s@example.org> написал:",
            "Мои данные:",
            "Паспорт (выдан 05.01.2026):",
            "10:00",
        ] {
            assert!(!is_attribution(line, false), "{line}");
        }
    }

    #[test]
    fn above_quoted_words_a_name_is_enough_and_a_sentence_is_not() {
        assert!(is_attribution("Support wrote:", true));
        assert!(is_attribution("Вы писали:", true));
        assert!(!is_attribution("My card is lost, and your agent wrote:", true));
    }
}
