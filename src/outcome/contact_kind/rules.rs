//! One function for each kind of message: `Some` when the message surely is of that kind.

use super::phrases::{
    ADVERTISING, ALL_WELL, AUTO_REPLY_HEADS, AWAY, AWAY_ADVICE, BOUNCE_HEADS, BOUNCE_SIGNS,
    FILLERS, GRATITUDE, NEEDS, OUT_OF, RATING_UNITS, RATING_WORDS, UNSUBSCRIBE, WRITTEN_BY_MACHINE,
};
use super::{ContactKind, Recognised, recognised};
use std::collections::HashMap;
use std::sync::LazyLock;

/// Longer messages are not looked through for thanks: something else is in them.
const MOST_WORDS: usize = 40;
/// An automatic reply or a returned mail says what it is at its beginning.
const HEAD_CHARS: usize = 400;

const GOOD_EMOJI: &str = "👍👌🙏🙂😊😀😃😄😁😉😍🥰🤗❤💙💚💛🧡💜♥🤝👏🙌✅💯🎉🔥🌹💐☺😘🫶⭐🌟";
const BAD_EMOJI: &str = "👎😡😠🤬😞😢😭😤😒🙁☹😕😩😫🤦💩🤮😾❌🆘⚠😱";

/// How much a phrase says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Weight {
    Nothing,
    AllWell,
    Gratitude,
}

/// The words of a phrase, and how much it says.
type Phrase = (Vec<&'static str>, Weight);

/// The phrases of thanks by their first word.
static PHRASES: LazyLock<HashMap<&str, Vec<Phrase>>> = LazyLock::new(|| {
    let groups =
        [(GRATITUDE, Weight::Gratitude), (ALL_WELL, Weight::AllWell), (FILLERS, Weight::Nothing)];
    let mut phrases: HashMap<&str, Vec<Phrase>> = HashMap::new();
    for (group, weight) in groups {
        for phrase in group {
            let words: Vec<&str> = phrase.split(' ').collect();
            phrases.entry(words[0]).or_default().push((words, weight));
        }
    }
    phrases
});

/// Thanks and word that all is well, and nothing else.
pub(super) fn thanks(own: &str) -> Option<Recognised> {
    if own.contains(['?', '¿', '？']) || own.chars().any(|c| BAD_EMOJI.contains(c)) {
        return None;
    }
    let words = words(own);
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    if words.is_empty() {
        let is_good = own.chars().any(|c| GOOD_EMOJI.contains(c)) || own.contains(":)");
        return is_good.then(|| recognised(ContactKind::Thanks, 0.92, "emoji_only"));
    }
    match weight(&words)? {
        Weight::Gratitude => Some(recognised(ContactKind::Thanks, 0.97, "gratitude_only")),
        Weight::AllWell => Some(recognised(ContactKind::Thanks, 0.92, "all_well_only")),
        Weight::Nothing => None,
    }
}

/// A bare rating, with thanks at most.
pub(super) fn survey_reply(own: &str) -> Option<Recognised> {
    if own.contains('?') {
        return None;
    }
    let found = words(own);
    let words: Vec<&str> = found.iter().map(String::as_str).collect();
    let stars = own.chars().filter(|c| matches!(c, '⭐' | '★')).count();
    if words.is_empty() && (2..=5).contains(&stars) {
        return Some(recognised(ContactKind::SurveyReply, 0.92, "stars_only"));
    }
    let after_word = skip(&words, RATING_WORDS);
    let (&rating, after_rating) = after_word.split_first()?;
    let rating: u32 = rating.parse().ok().filter(|rating| *rating <= 10)?;
    let is_named = after_word.len() < words.len();
    // Only `10/10` and `9 out of 10` have a second number.
    let after_of = skip(after_rating, OUT_OF);
    let highest = after_of.first().and_then(|word| word.parse::<u32>().ok());
    let is_joined = own.contains('/') || after_of.len() < after_rating.len();
    let rest = match highest {
        Some(highest) if is_joined && matches!(highest, 5 | 10) && rating <= highest => {
            &after_of[1..]
        }
        Some(_) => return None,
        None => skip(after_rating, RATING_UNITS),
    };
    // A minus or a percentage is no rating, and neither is a number with decimals.
    let is_plain = !own.contains(['%', '$', '€', '-', ':', '№', '#']) || is_named;
    let is_polite = rest.is_empty() || weight(rest).is_some_and(|weight| weight > Weight::Nothing);
    let (confidence, rule) =
        if is_named || highest.is_some() { (0.96, "rating_named") } else { (0.9, "rating_only") };
    (is_plain && is_polite).then(|| recognised(ContactKind::SurveyReply, confidence, rule))
}

/// An out-of-office notice, or a message that says it was written by a machine.
pub(super) fn auto_reply(own: &str) -> Option<Recognised> {
    let first_line = own.lines().find(|line| !line.is_empty())?;
    let head = words(first_line.split(':').next().unwrap_or(first_line)).join(" ");
    if AUTO_REPLY_HEADS.contains(&head.as_str()) {
        return Some(recognised(ContactKind::AutoReply, 0.97, "auto_reply_head"));
    }
    let beginning: String = own.chars().take(HEAD_CHARS).collect();
    let sentences =
        beginning.split(['.', '!', '\n', ',', ';', ':']).map(|part| words(part).join(" "));
    if sentences.into_iter().any(|sentence| WRITTEN_BY_MACHINE.contains(&sentence.as_str())) {
        return Some(recognised(ContactKind::AutoReply, 0.95, "written_by_machine"));
    }
    let all = words(own).join(" ");
    let is_away = holds(&words(&beginning).join(" "), AWAY) && holds(&all, AWAY_ADVICE);
    let wants_something = own.contains('?') || NEEDS.iter().any(|need| all.contains(need));
    (is_away && !wants_something)
        .then(|| recognised(ContactKind::AutoReply, 0.93, "away_with_advice"))
}

/// A mail that came back. Begins as mail servers write, and holds another of their words.
pub(super) fn bounce(text: &str) -> Option<Recognised> {
    let first_line = text.lines().map(str::trim).find(|line| !line.is_empty())?;
    let line = words(first_line).join(" ");
    let heads = ["", "subject ", "re ", "fwd ", "from ", "тема "];
    let is_head = heads.iter().any(|prefix| {
        line.strip_prefix(prefix).is_some_and(|line| {
            BOUNCE_HEADS.iter().any(|head| {
                line.strip_prefix(head).is_some_and(|rest| rest.is_empty() || rest.starts_with(' '))
            })
        })
    });
    let is_daemon = line.starts_with("mailer daemon") || line.starts_with("from mailer daemon");
    let all = words(text).join(" ");
    let has_sign = BOUNCE_SIGNS.iter().any(|sign| all.contains(sign)) || has_status_code(text);
    let is_bounce = (is_head && has_sign) || (is_daemon && (is_head || has_status_code(text)));
    is_bounce.then(|| recognised(ContactKind::Bounce, 0.97, "returned_mail"))
}

/// Advertising: an offer, a link, and a way to leave the mailing list.
pub(super) fn spam(text: &str) -> Option<Recognised> {
    let all = words(text).join(" ");
    let has_link = text.contains("http://") || text.contains("https://") || text.contains("www.");
    (has_link && holds(&all, ADVERTISING) && holds(&all, UNSUBSCRIBE))
        .then(|| recognised(ContactKind::Spam, 0.9, "advertising"))
}

/// Everything else.
pub(super) fn substantive(own: &str) -> Recognised {
    let kind = ContactKind::Substantive;
    if own.is_empty() {
        recognised(kind, 0.5, "no_own_words")
    } else if own.contains('?') {
        recognised(kind, 0.95, "question")
    } else {
        recognised(kind, 0.8, "default")
    }
}

/// Whether words are nothing but phrases of thanks, and the most that one of them says.
fn weight(words: &[&str]) -> Option<Weight> {
    if words.len() > MOST_WORDS {
        return None;
    }
    // best[i]: the most that the first i words say, when they are nothing but phrases.
    let mut best: Vec<Option<Weight>> = vec![None; words.len() + 1];
    best[0] = Some(Weight::Nothing);
    for at in 0..words.len() {
        let Some(so_far) = best[at] else { continue };
        for (phrase, weight) in PHRASES.get(words[at]).into_iter().flatten() {
            if words[at..].starts_with(phrase) {
                let end = &mut best[at + phrase.len()];
                *end = (*end).max(Some(so_far.max(*weight)));
            }
        }
    }
    best[words.len()]
}

/// The words after the longest of some phrases, if they begin with one.
fn skip<'w, 'a>(words: &'w [&'a str], phrases: &[&str]) -> &'w [&'a str] {
    let lengths = phrases.iter().filter_map(|phrase| {
        let phrase: Vec<&str> = phrase.split(' ').collect();
        words.starts_with(&phrase).then_some(phrase.len())
    });
    &words[lengths.max().unwrap_or(0)..]
}

/// Whether one of some phrases stands in a text, as whole words.
fn holds(text: &str, phrases: &[&str]) -> bool {
    let padded = format!(" {text} ");
    phrases.iter().any(|phrase| padded.contains(&format!(" {phrase} ")))
}

/// An enhanced mail status code such as `550 5.1.1` (RFC 3463).
fn has_status_code(text: &str) -> bool {
    let parts: Vec<&str> = text.split(|c: char| c.is_whitespace() || c == '-').collect();
    let is_code = |part: &str| {
        part.len() == 3 && part.starts_with(['4', '5']) && part.bytes().all(|b| b.is_ascii_digit())
    };
    let is_enhanced = |part: &str| {
        let numbers: Vec<&str> = part.trim_end_matches([':', ';', ',']).split('.').collect();
        numbers.len() == 3
            && numbers
                .iter()
                .all(|number| !number.is_empty() && number.bytes().all(|b| b.is_ascii_digit()))
    };
    parts.windows(2).any(|pair| is_code(pair[0]) && is_enhanced(pair[1]))
}

/// The words of a text in lower case, `ё` as `е`, apostrophes left out, marks set apart from their letters put together.
fn words(text: &str) -> Vec<String> {
    let mut joined = String::with_capacity(text.len());
    for c in text.to_lowercase().chars() {
        match (c, joined.chars().last()) {
            ('\'' | '’' | '‘' | 'ʼ' | '`' | '\u{AD}' | '\u{200B}', _) => {}
            ('ё', _) => joined.push('е'),
            ('\u{308}', Some('е')) => {}
            ('\u{306}', Some('и')) => replace_last(&mut joined, 'й'),
            ('\u{306}', Some('у')) => replace_last(&mut joined, 'ў'),
            ('\u{308}', Some('і')) => replace_last(&mut joined, 'ї'),
            _ => joined.push(c),
        }
    }
    joined
        .split(|c: char| !c.is_alphanumeric())
        .filter(|word| !word.is_empty())
        .map(str::to_owned)
        .collect()
}

fn replace_last(text: &mut String, letter: char) {
    text.pop();
    text.push(letter);
}
