//! Signatures below a mail: a delimiter, a closing phrase or the line of a mail program, and what is short and asks for nothing
//! below it.

use super::lines::{Line, contains_any, starts_with_any, words};

/// Lines of a signature at most, empty ones not counted.
pub(super) const MOST_LINES: usize = 9;
/// Longest line of a signature, in characters.
const LONGEST_LINE: usize = 80;

/// Where the topmost signature begins that goes to the end.
pub(super) fn find(lines: &[Line<'_>]) -> Option<usize> {
    let mut found: Option<usize> = None;
    // Upwards: a signature can begin with a line as long as every line below that may belong to one.
    for (at, line) in lines.iter().enumerate().rev() {
        if line.text.len() > 4 * LONGEST_LINE {
            break;
        }
        let below = &lines[at + 1..];
        let is_end_below = below.first().is_none_or(|below| found == Some(below.range.start));
        let is_word = |line: &Line<'_>| line.text.contains(char::is_alphabetic);
        let has_words_above = || lines[0].range.start > 0 || lines[..at].iter().any(is_word);
        let begins = is_program(line.text) && is_end_below
            || is_sign_off(line.text)
            || is_delimiter(line.text) && !below.is_empty() && has_words_above();
        if begins {
            found = Some(line.range.start);
        } else if !is_of_signature(line.text) {
            break;
        }
    }
    found
}

/// The delimiter of RFC 3676, `-- `, also without its blank and as a dash.
fn is_delimiter(line: &str) -> bool {
    matches!(line, "--" | "—" | "---" | "__" | "___")
}

/// What programs and telephones put below a mail.
fn is_program(line: &str) -> bool {
    const BEGINNINGS: &[&str] = &[
        "sent from",
        "sent via",
        "sent with",
        "sent using",
        "get outlook for",
        "отправлено с ",
        "отправлено из ",
        "отправлено через ",
        "скачать outlook",
        "скачайте outlook",
        "адпраўлена з ",
        "даслана з ",
        "надіслано з ",
        "відправлено з ",
        "отримайте outlook",
        "завантажте outlook",
    ];
    const MINE: &[&str] = &["my ", "моего ", "майго ", "мого "];
    const PROGRAMS: &[&str] = &[
        "iphone",
        "ios",
        "ipad",
        "айфон",
        "android",
        "андроид",
        "андроїд",
        "андроід",
        "samsung",
        "galaxy",
        "huawei",
        "xiaomi",
        "redmi",
        "honor",
        "nokia",
        "pixel",
        "blackberry",
        "phone",
        "mobile",
        "tablet",
        "windows",
        "outlook",
        "mail",
        "mailbox",
        "yahoo",
        "gmail",
        "proton",
        "yandex",
        "яндекс",
        "мобильн",
        "мобільн",
        "телефон",
        "тэлефон",
        "смартфон",
        "смартфін",
        "планшет",
        "почты",
        "почта",
        "пошты",
        "пошти",
        "macbook",
    ];
    if line.chars().count() > LONGEST_LINE {
        return false;
    }
    let lower = line.to_lowercase();
    let lower = lower.trim_start_matches(['-', '—', '*', ' ']);
    let program = BEGINNINGS.iter().find_map(|beginning| lower.strip_prefix(beginning));
    // A sentence goes on after the program; `Sent from my phone, please answer` is one.
    program.is_some_and(|rest| {
        let rest = rest.trim_start();
        let mine = MINE.iter().find_map(|mine| rest.strip_prefix(mine));
        let rest = mine.unwrap_or(rest);
        contains_any(rest, PROGRAMS) && words(rest).count() <= 7 && !words(rest).any(is_asking)
    })
}

/// Closing phrases, in small letters.
pub(crate) const SIGN_OFFS: &[&str] = &[
    "best regards",
    "kind regards",
    "warm regards",
    "kindest regards",
    "warmest regards",
    "with best regards",
    "with kind regards",
    "with regards",
    "thanks and regards",
    "regards",
    "best wishes",
    "with best wishes",
    "yours sincerely",
    "sincerely yours",
    "sincerely",
    "yours faithfully",
    "yours truly",
    "respectfully",
    "с уважением",
    "с ув.",
    "с искренним уважением",
    "с глубоким уважением",
    "с наилучшими пожеланиями",
    "с наилучшими",
    "с пожеланиями добра",
    "искренне ваш",
    "искренне ваша",
    "з павагай",
    "з найлепшымі пажаданнямі",
    "з найлепшымі зычэннямі",
    "шчыра ваш",
    "з повагою",
    "з найкращими побажаннями",
    "щиро ваш",
    "щиро ваша",
];

/// A closing phrase, alone or with a name behind it.
fn is_sign_off(line: &str) -> bool {
    if line.chars().count() > LONGEST_LINE {
        return false;
    }
    let lower = line.to_lowercase();
    let Some(phrase) = SIGN_OFFS
        .iter()
        .filter(|phrase| lower.starts_with(**phrase))
        .max_by_key(|phrase| phrase.len())
    else {
        return false;
    };
    let phrase_chars = phrase.chars().count();
    let rest: String = line.chars().skip(phrase_chars).collect();
    let is_separated = rest.trim_start().starts_with([',', '.', '!', '-', '–', '—', ';', ':']);
    let name = rest.trim_matches(|c: char| !c.is_alphanumeric());
    if name.is_empty() {
        return true;
    }
    let is_capitalised =
        words(name).all(|word| word.starts_with(|c: char| c.is_uppercase() || c.is_ascii_digit()));
    rest.starts_with(|c: char| !c.is_alphanumeric())
        && (is_separated || is_capitalised)
        && words(name).count() <= 5
        && is_of_signature(name)
}

/// Names, titles, addresses, telephone numbers: short, and neither asking for anything nor telling of anything.
fn is_of_signature(line: &str) -> bool {
    if line.chars().count() > LONGEST_LINE || line.contains(['?', '!']) {
        return false;
    }
    let lower = line.to_lowercase();
    let is_contact = lower.contains('@')
        || contains_any(
            &lower,
            &["http://", "https://", "www.", "tel", "phone", "mob", "тел", "моб"],
        )
        || line.bytes().filter(u8::is_ascii_digit).count() >= 6;
    let most_words = if is_contact { 12 } else { 7 };
    // The short words and numbers of an address do not make a sentence.
    let is_long = |word: &&str| word.chars().count() >= 3;
    words(&lower).filter(is_long).count() <= most_words
        && !words(&lower).any(is_asking)
        && !starts_with_any(&lower, &["p.s", "ps:", "ps ", "p.p.s", "п.с", "з.ы", "зы ", "пс "])
}

/// Words of which messages are made and signatures are not.
fn is_asking(word: &str) -> bool {
    const WORDS: &[&str] = &[
        "i",
        "i'm",
        "i've",
        "im",
        "my",
        "me",
        "we",
        "you",
        "your",
        "is",
        "are",
        "was",
        "were",
        "has",
        "have",
        "had",
        "not",
        "no",
        "don't",
        "doesn't",
        "didn't",
        "isn't",
        "can",
        "can't",
        "cannot",
        "could",
        "please",
        "why",
        "how",
        "when",
        "what",
        "where",
        "need",
        "want",
        "it",
        "this",
        "that",
        "but",
        "because",
        "if",
        "still",
        "help",
        "я",
        "мы",
        "ми",
        "мне",
        "меня",
        "мой",
        "моя",
        "моё",
        "мое",
        "мою",
        "мои",
        "моего",
        "моей",
        "вы",
        "вас",
        "вам",
        "ваш",
        "ваша",
        "вашу",
        "не",
        "нет",
        "ни",
        "пожалуйста",
        "прошу",
        "почему",
        "как",
        "когда",
        "где",
        "что",
        "нужно",
        "надо",
        "могу",
        "можно",
        "если",
        "но",
        "это",
        "был",
        "была",
        "было",
        "ещё",
        "еще",
        "уже",
        "мяне",
        "мая",
        "маю",
        "калі",
        "ласка",
        "чаму",
        "дзе",
        "што",
        "трэба",
        "гэта",
        "але",
        "яшчэ",
        "ужо",
        "няма",
        "мені",
        "мене",
        "мій",
        "чому",
        "коли",
        "де",
        "що",
        "треба",
        "потрібно",
        "ще",
        "вже",
        "немає",
    ];
    let word = word.to_lowercase();
    WORDS.contains(&word.as_str())
}
