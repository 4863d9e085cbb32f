//! Legal notices below a mail: long last paragraphs that begin as notices do and in which their words stand.

use super::lines::{Line, contains_any, starts_with_any};
use super::tail::{REACH, last_lines};

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
/// How short notices begin that need no other words.
const SHORT_NOTICES: &[&str] = &[
    "please consider the environment",
    "please think of the environment",
    "think before you print",
    "пожалуйста, подумайте об окружающей среде",
    "подумайте об окружающей среде",
    "прежде чем распечатать",
    "перш ніж друкувати",
    "перад тым як друкаваць",
];
/// Shortest legal notice, in characters.
const SHORTEST_NOTICE: usize = 100;
/// Longest short notice, in bytes.
const LONGEST_SHORT_NOTICE: usize = 400;

/// Where the last paragraph begins, or a line in it, from which on it is a legal notice.
pub(super) fn find(text: &str) -> Option<usize> {
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
    if starts_with_any(beginning, SHORT_NOTICES) {
        return paragraph.len() <= LONGEST_SHORT_NOTICE;
    }
    if !(starts_with_any(beginning, NOTICES) || starts_with_any(beginning, OTHER_NOTICES)) {
        return false;
    }
    let lower = paragraph.to_lowercase();
    paragraph.trim().chars().count() >= SHORTEST_NOTICE
        && STEMS.iter().filter(|stems| contains_any(&lower, stems)).count() >= 2
}
