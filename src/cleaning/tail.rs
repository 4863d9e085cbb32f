//! What stands below a mail: signatures and legal notices. Found from the end upwards, one at a time.

use super::CutKind;
use super::lines::{Line, contains_any, starts_with_any, words};

/// Lines of a signature at most, empty ones not counted.
const MOST_LINES: usize = 9;
/// Longest line of a signature, in characters.
const LONGEST_LINE: usize = 80;
/// Bytes of the end of a text in which one signature or notice is looked for.
const REACH: usize = 8 * 1024;

/// The last thing of a text that is none of the writer's words: what it is, and where it begins.
pub(super) fn find(text: &str) -> Option<(CutKind, usize)> {
    let text = text.trim_end();
    let last = last_lines(text, MOST_LINES + 1);
    if let Some(start) = signature(&last) {
        return Some((CutKind::Signature, start));
    }
    notice(text).map(|start| (CutKind::Disclaimer, start))
}

/// The last lines of a text that are not empty, at most so many, from the top down.
fn last_lines(text: &str, most: usize) -> Vec<Line<'_>> {
    let mut found = Vec::new();
    let mut end = text.len();
    let from = text.len().saturating_sub(REACH);
    while end > from && found.len() < most {
        let start = text.as_bytes()[..end - 1]
            .iter()
            .rposition(|byte| *byte == b'\n')
            .map_or(0, |at| at + 1);
        let line = Line { range: start..end, text: text[start..end].trim() };
        if !line.is_blank() {
            found.push(line);
        }
        end = start;
    }
    found.reverse();
    found
}

/// Where the topmost signature begins that goes to the end.
fn signature(lines: &[Line<'_>]) -> Option<usize> {
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

/// A closing phrase, alone or with a name behind it.
fn is_sign_off(line: &str) -> bool {
    const PHRASES: &[&str] = &[
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
    if line.chars().count() > LONGEST_LINE {
        return false;
    }
    let lower = line.to_lowercase();
    let Some(phrase) = PHRASES
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
    words(&lower).count() <= most_words
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

/// How legal notices begin, and words of which at least two stand in one.
const NOTICES: &[&str] = &[
    "this e-mail",
    "this email",
    "this message",
    "this mail",
    "this communication",
    "this transmission",
    "the information in this",
    "the information contained in",
    "the contents of this",
    "confidentiality",
    "confidential",
    "disclaimer",
    "legal notice",
    "if you are not the",
    "if you have received this",
    "данное сообщение",
    "данное письмо",
    "данное электронное",
    "настоящее сообщение",
    "настоящее письмо",
    "настоящее электронное",
    "это сообщение",
    "это письмо",
    "информация, содержащаяся",
    "содержание данного",
    "уведомление о конфиденциальности",
    "конфиденциальн",
    "если вы не являетесь",
    "если вы получили это",
    "если вы получили данное",
    "если вы получили настоящее",
    "если данное сообщение",
];
const OTHER_NOTICES: &[&str] = &[
    "гэта паведамленне",
    "гэтае паведамленне",
    "дадзенае паведамленне",
    "гэты ліст",
    "гэты электронны ліст",
    "інфармацыя, якая",
    "канфідэнцыйн",
    "калі вы атрымалі",
    "калі вы не з'яўляецеся",
    "це повідомлення",
    "дане повідомлення",
    "цей лист",
    "цей електронний лист",
    "інформація, що",
    "інформація, яка",
    "конфіденційн",
    "якщо ви отримали",
    "якщо ви не є",
    "повідомлення про конфіденційність",
];
const STEMS: &[&[&str]] = &[
    &["confidential", "privileged", "конфиденциальн", "канфідэнцыйн", "конфіденційн"],
    &[
        "recipient",
        "addressee",
        "intended",
        "адресат",
        "получател",
        "предназнач",
        "адрасат",
        "атрымальнік",
        "прызначан",
        "одержувач",
        "отримувач",
        "призначен",
    ],
    &["in error", "by mistake", "ошиб", "памылк", "помилк"],
    &[
        "prohibited",
        "unauthorised",
        "unauthorized",
        "disclos",
        "dissemin",
        "запрещ",
        "разглаш",
        "распростран",
        "забарон",
        "разгалош",
        "распаўсюдж",
        "заборон",
        "розголош",
        "поширен",
    ],
    &[
        "notify",
        "inform the sender",
        "contact the sender",
        "уведом",
        "сообщите",
        "паведаміце",
        "повідом",
    ],
    &["delete", "destroy", "удалите", "уничтож", "выдаліце", "знішч", "видал", "знищ"],
];
/// Shortest legal notice, in characters.
const SHORTEST_NOTICE: usize = 100;

/// Where the last paragraph begins, or a line in it, from which on it is a legal notice.
fn notice(text: &str) -> Option<usize> {
    let lines = last_lines(text, usize::MAX);
    let touches = |above: &Line<'_>, below: &Line<'_>| above.range.end == below.range.start;
    let mut first = lines.len().checked_sub(1)?;
    while first > 0 && touches(&lines[first - 1], &lines[first]) {
        first -= 1;
    }
    // A paragraph that is longer than what is looked at is no notice.
    let is_whole = lines[first].range.start == 0 || first > 0 || text.len() < REACH;
    let mut paragraph = lines[first..].iter().filter(|_| is_whole);
    paragraph.find(|line| is_notice(&text[line.range.start..])).map(|line| line.range.start)
}

fn is_notice(paragraph: &str) -> bool {
    let beginning: String = paragraph.chars().take(60).collect::<String>().to_lowercase();
    let beginning = beginning.trim_start_matches(|c: char| !c.is_alphanumeric());
    if !(starts_with_any(beginning, NOTICES) || starts_with_any(beginning, OTHER_NOTICES)) {
        return false;
    }
    let lower = paragraph.to_lowercase();
    paragraph.trim().chars().count() >= SHORTEST_NOTICE
        && STEMS.iter().filter(|stems| contains_any(&lower, stems)).count() >= 2
}
