//! Names of people, where something beside them tells that they are names: how somebody presents, greets or signs, and patronymics.

use super::Entity;
use super::draft::Draft;
use super::words::{Roles, Words, are_beside, give_role, is_capitalised, is_one_of, lower};
use crate::cleaning::SIGN_OFFS;
use std::ops::Range;
use std::sync::LazyLock;

/// How people say their names: the words, and whether what follows is a name in small letters, too.
const INTRODUCTIONS: &[(&[&str], bool)] = &[
    (&["my", "name", "is"], true),
    (&["my", "name's"], true),
    (&["my", "full", "name", "is"], true),
    (&["меня", "зовут"], true),
    (&["мое", "имя"], false),
    (&["моё", "имя"], false),
    (&["мяне", "завуць"], true),
    (&["маё", "імя"], false),
    (&["мене", "звати"], true),
    (&["мене", "звуть"], true),
    (&["моє", "ім'я"], false),
];
/// Words that a name follows behind a colon, or at once.
const FIELDS: &[&str] = &[
    "фио",
    "піб",
    "піп",
    "имя",
    "фамилия",
    "отчество",
    "получатель",
    "отправитель",
    "плательщик",
    "name",
    "surname",
    "cardholder",
    "recipient",
    "имя-фамилия",
    "прозвішча",
    "прізвище",
    "імя",
    "ім'я",
    "атрымальнік",
    "отримувач",
    "одержувач",
    "держатель",
    "вкладчик",
];
/// Greetings that a name follows at once.
const GREETINGS: &[&str] = &[
    "dear",
    "hi",
    "hello",
    "hey",
    "уважаемый",
    "уважаемая",
    "дорогой",
    "дорогая",
    "шановний",
    "шановна",
    "паважаны",
    "паважаная",
    "здравствуйте",
    "здравствуй",
    "привет",
    "прывітанне",
    "вітаю",
    "вітаем",
    "привіт",
    "mr",
    "mrs",
    "ms",
    "miss",
    "господин",
    "госпожа",
    "день",
    "дзень",
    "утро",
    "вечер",
    "дня",
    "вечара",
    "раніцы",
    "ранку",
    "вечора",
    "morning",
    "afternoon",
    "evening",
    "спасибо",
    "дзякуй",
    "дякую",
    "thanks",
];
/// Titles, behind which a name needs nothing further.
const TITLES: &[&str] = &["mr", "mrs", "ms", "miss", "господин", "госпожа"];
/// Words with a capital letter that are no names.
const NO_NAMES: &[&str] = &[
    "team",
    "support",
    "sir",
    "madam",
    "all",
    "there",
    "everyone",
    "everybody",
    "customer*",
    "service*",
    "colleagues",
    "friends",
    "bank",
    "help*",
    "please",
    "thank*",
    "i",
    "i'm",
    "i've",
    "can",
    "could",
    "my",
    "the",
    "a",
    "an",
    "we",
    "you",
    "your",
    "is",
    "are",
    "what",
    "when",
    "where",
    "why",
    "how",
    "who",
    "just",
    "not",
    "in",
    "on",
    "at",
    "it",
    "this",
    "that",
    "there's",
    "if",
    "so",
    "to",
    "for",
    "and",
    "but",
    "today",
    "yesterday",
    "tomorrow",
    "monday",
    "tuesday",
    "wednesday",
    "thursday",
    "friday",
    "saturday",
    "sunday",
    "january",
    "february",
    "march",
    "april",
    "may",
    "june",
    "july",
    "august",
    "september",
    "october",
    "november",
    "december",
    "english",
    "google",
    "apple",
    "amazon",
    "siri",
    "alexa",
    "visa",
    "mastercard",
    "paypal",
    "manager",
    "agent",
    "operator",
    "wrong",
    "spelled",
    "spelt",
    "misspelled",
    "incorrect*",
    "different",
    "missing",
    "still",
    "already",
    "also",
    "now",
    "displayed",
    "changed",
    "written",
    "shown",
    "listed",
    "on",
    "no",
    "yes",
    "ok",
    "okay",
    "been",
    "being",
    "going",
    "recently",
    "what's",
    "спасибо",
    "коллеги",
    "поддержк*",
    "служб*",
    "помогите",
    "оператор*",
    "администрац*",
    "клиент*",
    "банк*",
    "команда",
    "я",
    "мы",
    "вы",
    "у",
    "не",
    "на",
    "в",
    "по",
    "почему",
    "когда",
    "где",
    "как",
    "что",
    "мне",
    "меня",
    "моя",
    "мой",
    "мое",
    "моё",
    "это",
    "вчера",
    "сегодня",
    "завтра",
    "пожалуйста",
    "прошу",
    "подскажите",
    "скажите",
    "можно",
    "если",
    "с",
    "за",
    "все",
    "пришл*",
    "карт*",
    "деньги",
    "заказ*",
    "сотрудник*",
    "господа",
    "друзья",
    "всем",
    "вам",
    "нет",
    "да",
    "при",
    "после",
    "хочу",
    "хотел*",
    "помощь",
    "понедельник",
    "вторник",
    "среда",
    "четверг",
    "пятница",
    "суббота",
    "воскресенье",
    "россия",
    "москва",
    "минск",
    "киев",
    "основна",
    "головна",
    "повна",
    "умовна",
    "дзякуй",
    "падтрымка",
    "служба",
    "калегі",
    "чаму",
    "калі",
    "дзе",
    "як",
    "што",
    "мая",
    "мой",
    "гэта",
    "учора",
    "сёння",
    "прашу",
    "падкажыце",
    "каманда",
    "шаноўн*",
    "шановн*",
    "паважан*",
    "уважаем*",
    "дякую",
    "підтримк*",
    "колеги",
    "чому",
    "коли",
    "де",
    "що",
    "моя",
    "мій",
    "це",
    "вчора",
    "сьогодні",
    "прошу",
    "підкажіть",
    "допоможіть",
    "будь",
    "скажіть",
    "дапамажыце",
];
/// Thanks behind which people sign.
const THANKS: &[&str] = &[
    "thanks",
    "thank you",
    "many thanks",
    "thanks in advance",
    "cheers",
    "спасибо",
    "заранее спасибо",
    "дякую",
    "дзякуй",
    "заранее благодарю",
    "благодарю",
];
/// Ends of patronymics in Russian, Belarusian and Ukrainian.
const PATRONYMICS: &[&str] = &[
    "ович",
    "евич",
    "ьич",
    "овна",
    "евна",
    "инична",
    "авіч",
    "евіч",
    "ьіч",
    "йович",
    "івна",
    "ївна",
    "ёвич",
    "явіч",
];
/// Their ends in other cases, and others that other words have, too: only behind another word with a capital letter.
const OBLIQUE_PATRONYMICS: &[&str] = &[
    "овича",
    "евича",
    "овичу",
    "евичу",
    "овичем",
    "евичем",
    "овны",
    "евны",
    "овне",
    "евне",
    "овной",
    "евной",
    "овну",
    "евну",
    "авіча",
    "авічу",
    "евіча",
    "аўна",
    "еўна",
    "яўна",
    "евічу",
    "аўны",
    "аўне",
    "еўны",
    "йовича",
    "івни",
    "івну",
    "івно",
];
/// Ends of family names, where a name stands in small letters.
const FAMILY: &[&str] = &[
    "ов",
    "ев",
    "ёв",
    "ин",
    "ын",
    "ова",
    "ева",
    "ёва",
    "ина",
    "ский",
    "ская",
    "цкий",
    "цкая",
    "ко",
    "юк",
    "ук",
    "чук",
    "ич",
    "аў",
    "еў",
    "оў",
    "ёў",
    "скі",
    "енка",
    "енко",
    "овіч",
    "евіч",
    "ський",
    "ська",
    "як",
];
/// Most words of a name.
const MOST_WORDS: usize = 3;

const INTRODUCES: u8 = 1;
const FIELD: u8 = 2;
const GREETS: u8 = 4;
const SELF: u8 = 8;
const SIGNS: u8 = 16;

static ROLES: LazyLock<Roles> = LazyLock::new(|| {
    let mut roles = Roles::new();
    let first = |phrase: &&'static str| phrase.split(' ').next().unwrap_or_default();
    give_role(
        &mut roles,
        INTRODUCTIONS.iter().filter_map(|(phrase, _)| phrase.first().copied()),
        INTRODUCES,
    );
    give_role(&mut roles, FIELDS.iter().copied(), FIELD);
    give_role(&mut roles, GREETINGS.iter().copied(), GREETS);
    give_role(&mut roles, ["i", "this", "i'm", "я"], SELF);
    give_role(&mut roles, SIGN_OFFS.iter().chain(THANKS).map(first), SIGNS);
    roles
});

pub(super) fn find(draft: &mut Draft) {
    let words = Words::of(draft, &ROLES);
    let ranges = words.ranges.as_slice();
    let mut at = 0;
    while at < ranges.len() {
        let mut found = None;
        if words.has(at, INTRODUCES) {
            found = introduced(draft, ranges, at);
        }
        if found.is_none() && words.has(at, FIELD) {
            found = in_field(draft, ranges, at);
        }
        if found.is_none() && words.has(at, SELF) {
            found = full_name(draft, ranges, at);
        }
        if found.is_none() && words.has(at, GREETS) {
            found = greeted(draft, ranges, at);
        }
        if found.is_none() && draft.char(ranges[at].start).is_uppercase() {
            found = with_patronymic(draft, ranges, at).or_else(|| with_initials(draft, ranges, at));
        }
        at = match found {
            Some((range, next)) => {
                draft.take(Entity::Person, range);
                next
            }
            None => at + 1,
        };
    }
    for at in (0..ranges.len()).filter(|at| words.has(*at, SIGNS)) {
        if let Some(name) = signature(draft, ranges[at].start) {
            draft.take(Entity::Person, name);
        }
    }
}

/// Where a name stands, and the word behind it.
type Name = Option<(Range<usize>, usize)>;

/// The words of a name from one on: capitalised, beside each other, and none that is known to be no name.
fn name_from(draft: &Draft, words: &[Range<usize>], first: usize) -> usize {
    let is_part = |index: usize| {
        words.get(index).is_some_and(|word| {
            is_capitalised(draft, word)
                && word.len() > 1
                && !draft.slice(word.clone()).iter().any(char::is_ascii_digit)
                && !is_one_of(draft, word, NO_NAMES)
                && (index == first || are_beside(draft, &words[index - 1], word))
        })
    };
    (first..first + MOST_WORDS).take_while(|index| is_part(*index)).count()
}

fn span(words: &[Range<usize>], first: usize, count: usize) -> Name {
    Some((words[first].start..words[first + count - 1].end, first + count))
}

fn introduced(draft: &Draft, words: &[Range<usize>], at: usize) -> Name {
    for (phrase, takes_small) in INTRODUCTIONS {
        let is_said = phrase.iter().enumerate().all(|(index, one)| {
            words.get(at + index).is_some_and(|word| is_one_of(draft, word, &[one]))
        });
        if !is_said {
            continue;
        }
        let first = at + phrase.len();
        if !stands_behind(draft, words, first) {
            return None;
        }
        let count = name_from(draft, words, first);
        if count > 0 {
            return span(words, first, count);
        }
        return takes_small.then(|| small_name(draft, words, first)).flatten();
    }
    None
}

/// `ФИО: Кузнецов Олег`, `Name: John Smith`.
fn in_field(draft: &Draft, words: &[Range<usize>], at: usize) -> Name {
    if stands_behind(draft, words, at + 1) && draft.char(words[at].end) == ':' {
        let count = name_from(draft, words, at + 1);
        return if count > 0 { span(words, at + 1, count) } else { None };
    }
    if is_one_of(draft, &words[at], &["фио", "піб"]) {
        let count = name_from(draft, words, at + 1);
        return if count > 1 { span(words, at + 1, count) } else { None };
    }
    None
}

/// `I am John Smith`, `this is John Smith`, `я Иван Петров`: two words at least.
fn full_name(draft: &Draft, words: &[Range<usize>], at: usize) -> Name {
    let is_i = |words: &[Range<usize>]| match words {
        [first, second, ..] if is_one_of(draft, first, &["i"]) => {
            is_one_of(draft, second, &["am"]).then_some(2)
        }
        [first, second, ..] if is_one_of(draft, first, &["this"]) => {
            // In the middle of a sentence it is about something else.
            (is_capitalised(draft, first) && is_one_of(draft, second, &["is"])).then_some(2)
        }
        [first, ..] => is_one_of(draft, first, &["i'm", "я"]).then_some(1),
        [] => None,
    };
    let first = at + is_i(&words[at..])?;
    let is_near = words.get(first).is_some_and(|next| {
        let between = draft.slice(words[first - 1].end..next.start);
        matches!(between, [' '] | [',', ' '])
    });
    let count = if is_near { name_from(draft, words, first) } else { 0 };
    // Where everything is in capitals, they tell nothing.
    let is_shouted = |word: &Range<usize>| draft.char(word.start + 1).is_uppercase();
    let is_name = count >= 2 && !words[first..first + count].iter().any(is_shouted);
    if is_name { span(words, first, count) } else { None }
}

/// Whether a word follows the one before, perhaps behind a colon or a dash.
fn stands_behind(draft: &Draft, words: &[Range<usize>], index: usize) -> bool {
    let Some(word) = words.get(index) else { return false };
    let between = draft.slice(words[index - 1].end..word.start);
    let is_of = |c: &char| matches!(c, ' ' | '\u{a0}' | ':' | '-' | '–' | '—' | '"' | '«');
    (1..=4).contains(&between.len()) && between.iter().all(is_of)
}

/// `меня зовут иван петров`.
fn small_name(draft: &Draft, words: &[Range<usize>], first: usize) -> Name {
    let word = &words[first];
    let is_name = |word: &Range<usize>| {
        word.len() > 2
            && draft
                .slice(word.clone())
                .iter()
                .all(|c| c.is_alphabetic() || matches!(c, '-' | '\''))
    };
    if !is_name(word) || is_one_of(draft, word, NO_NAMES) {
        return None;
    }
    let is_family = words.get(first + 1).is_some_and(|next| {
        are_beside(draft, word, next)
            && is_name(next)
            && next.len() > 3
            && ends_with_any(draft, next, FAMILY)
    });
    span(words, first, 1 + usize::from(is_family))
}

fn ends_with_any(draft: &Draft, word: &Range<usize>, ends: &[&str]) -> bool {
    let chars = draft.slice(word.clone());
    ends.iter().any(|end| {
        let mut back = chars.iter().rev();
        end.chars().rev().all(|c| back.next().is_some_and(|of| lower(*of) == c))
    })
}

/// `Dear Mr Smith,`, `Здравствуйте, Анна Петровна!`: a name that ends with a sign or the line.
fn greeted(draft: &Draft, words: &[Range<usize>], at: usize) -> Name {
    let next = words.get(at + 1)?;
    if !is_capitalised(draft, next) || !is_one_of(draft, &words[at], GREETINGS) {
        return None;
    }
    let between = draft.slice(words[at].end..next.start);
    let is_split = matches!(between, [',', ' ']);
    let is_titled = is_one_of(draft, &words[at], TITLES);
    let is_joined = matches!(between, [' ']) || is_titled && matches!(between, ['.', ' ']);
    if !(is_split || is_joined) || is_one_of(draft, next, TITLES) {
        return None;
    }
    let count = name_from(draft, words, at + 1);
    let last = words.get((at + count).max(at + 1))?;
    let after = draft.char(last.end);
    let ends = match after {
        '!' | '\n' | '\r' => true,
        '.' => draft.char(last.end + 1).is_whitespace(),
        // `Hello, Yesterday, …` is no greeting of somebody.
        ',' => !is_split || matches!(draft.char(last.end + 1), '\n' | '\r'),
        _ => false,
    };
    if count > 0 && (ends || is_titled) { span(words, at + 1, count) } else { None }
}

/// A patronymic with the names around it.
fn with_patronymic(draft: &Draft, words: &[Range<usize>], at: usize) -> Name {
    let word = &words[at];
    if word.len() < 6 || !is_capitalised(draft, word) || is_one_of(draft, word, NO_NAMES) {
        return None;
    }
    let is_oblique = ends_with_any(draft, word, OBLIQUE_PATRONYMICS);
    if !is_oblique && !ends_with_any(draft, word, PATRONYMICS) {
        return None;
    }
    let is_name = |index: usize| {
        is_capitalised(draft, &words[index])
            && words[index].len() > 1
            && !is_one_of(draft, &words[index], NO_NAMES)
    };
    let goes_before =
        |index: usize| is_name(index) && are_beside(draft, &words[index], &words[index + 1]);
    let mut first = at;
    if first > 0 && goes_before(first - 1) {
        first -= 1;
        let is_family = first > 0
            && goes_before(first - 1)
            && (is_oblique || ends_with_any(draft, &words[first - 1], FAMILY));
        first -= usize::from(is_family);
    } else if is_oblique {
        return None;
    }
    let is_followed = at + 1 < words.len()
        && are_beside(draft, word, &words[at + 1])
        && is_name(at + 1)
        && !ends_with_any(draft, &words[at + 1], PATRONYMICS);
    span(words, first, at + 1 - first + usize::from(is_followed))
}

/// `Иванов И.И.`, `И. И. Иванов`: Cyrillic only, as Latin capitals with points are much else.
fn with_initials(draft: &Draft, words: &[Range<usize>], at: usize) -> Name {
    let is_initial = |index: usize| {
        words.get(index).is_some_and(|word| {
            word.len() == 1
                && is_cyrillic_capital(draft.char(word.start))
                && draft.char(word.end) == '.'
        })
    };
    let is_family = |index: usize| {
        words.get(index).is_some_and(|word| {
            word.len() > 2
                && is_cyrillic_capital(draft.char(word.start))
                && !is_one_of(draft, word, NO_NAMES)
        })
    };
    let gap = |index: usize| words[index + 1].start - words[index].end;
    if is_initial(at + 1)
        && is_initial(at + 2)
        && is_family(at)
        && gap(at) == 1
        && gap(at + 1) <= 2
        && draft.char(words[at].end) == ' '
    {
        return Some((words[at].start..words[at + 2].end + 1, at + 3));
    }
    if is_initial(at) && is_initial(at + 1) && is_family(at + 2) && gap(at) <= 2 && gap(at + 1) <= 2
    {
        return span(words, at, 3);
    }
    None
}

fn is_cyrillic_capital(c: char) -> bool {
    matches!(c, 'А'..='Я' | 'Ё' | 'І' | 'Ї' | 'Є' | 'Ў')
}

/// Longest line that may be a closing phrase with a name, in characters.
const LONGEST_LINE: usize = 80;

/// The name below a closing phrase that begins here: the rest of its line, or the next one.
fn signature(draft: &Draft, start: usize) -> Option<Range<usize>> {
    let is_blank = |c: char| c.is_whitespace() && c != '\n' || matches!(c, '-' | '–' | '—' | '*');
    let line_start = draft.run_back(start, 8, is_blank);
    let end = draft.run(start, LONGEST_LINE + 1, |c| c != '\n');
    if !matches!(draft.before(line_start), '\n' | '.' | '!' | '?') || end - start > LONGEST_LINE {
        return None;
    }
    let line = draft.text(start..end).to_lowercase();
    let line = line.trim();
    let is_phrase = |phrase: &&&str| {
        line.strip_prefix(**phrase).is_some_and(|rest| !rest.starts_with(char::is_alphanumeric))
    };
    let phrase =
        SIGN_OFFS.iter().chain(THANKS).filter(is_phrase).max_by_key(|phrase| phrase.len())?;
    let blank = |c: char| c.is_whitespace() || matches!(c, ',' | '.' | '!' | '-' | '–' | '—');
    let behind = draft.run(start, end - start, |c| c.is_whitespace()) + phrase.chars().count();
    let mut name = draft.run(behind, end.saturating_sub(behind), blank);
    let mut last = end;
    let is_split =
        draft.slice(behind..name).iter().any(|c| matches!(c, ',' | '.' | '!' | '-' | '–' | '—'));
    if name >= end {
        name = draft.run(end, 6, char::is_whitespace);
        last = draft.run(name, LONGEST_LINE, |c| c != '\n');
    } else if THANKS.contains(phrase) && !is_split {
        return None;
    }
    let last = draft.run_back(last, last - name, blank);
    let is_of = |c: &char| c.is_alphabetic() || matches!(c, ' ' | '.' | '-' | '\'' | '’');
    let chars = draft.slice(name..last);
    let text = draft.text(name..last);
    let parts = text.split([' ', '.']).filter(|part| !part.is_empty());
    let is_name = !chars.is_empty()
        && chars.iter().all(is_of)
        && parts.clone().count() <= MOST_WORDS
        && parts.clone().all(|part| part.starts_with(char::is_uppercase));
    let first = name..draft.run(name, last - name, char::is_alphabetic);
    (is_name && !is_one_of(draft, &first, NO_NAMES)).then_some(name..last)
}
