//! The language of a text: [`detect`].
//!
//! Trigram statistics (whatlang) are unsure about a handful of words, and most contacts are a handful of words. So a sure
//! answer is taken as it is, and an unsure one is asked again among the languages the helpdesk expects.

use whatlang::{Detector, Lang, Script};

/// Languages that contacts are expected in, unless configured otherwise.
pub const DEFAULT_EXPECTED: [&str; 4] = ["en", "ru", "be", "uk"];

/// Languages with their ISO 639-1 codes; the others that whatlang knows have none or are written `None`.
const CODES: [(Lang, &str); 42] = [
    (Lang::Eng, "en"),
    (Lang::Rus, "ru"),
    (Lang::Bel, "be"),
    (Lang::Ukr, "uk"),
    (Lang::Ara, "ar"),
    (Lang::Aze, "az"),
    (Lang::Bul, "bg"),
    (Lang::Cat, "ca"),
    (Lang::Ces, "cs"),
    (Lang::Cmn, "zh"),
    (Lang::Dan, "da"),
    (Lang::Deu, "de"),
    (Lang::Ell, "el"),
    (Lang::Est, "et"),
    (Lang::Fin, "fi"),
    (Lang::Fra, "fr"),
    (Lang::Heb, "he"),
    (Lang::Hin, "hi"),
    (Lang::Hrv, "hr"),
    (Lang::Hun, "hu"),
    (Lang::Hye, "hy"),
    (Lang::Ind, "id"),
    (Lang::Ita, "it"),
    (Lang::Jpn, "ja"),
    (Lang::Kat, "ka"),
    (Lang::Kor, "ko"),
    (Lang::Lav, "lv"),
    (Lang::Lit, "lt"),
    (Lang::Mkd, "mk"),
    (Lang::Nld, "nl"),
    (Lang::Nob, "nb"),
    (Lang::Pes, "fa"),
    (Lang::Pol, "pl"),
    (Lang::Por, "pt"),
    (Lang::Ron, "ro"),
    (Lang::Slk, "sk"),
    (Lang::Slv, "sl"),
    (Lang::Spa, "es"),
    (Lang::Srp, "sr"),
    (Lang::Swe, "sv"),
    (Lang::Tur, "tr"),
    (Lang::Vie, "vi"),
];

/// Letters that Belarusian or Ukrainian has and Russian does not; one of them settles the matter for a short text.
const BELARUSIAN_LETTERS: [char; 2] = ['ў', 'Ў'];
const UKRAINIAN_LETTERS: [char; 6] = ['ї', 'Ї', 'є', 'Є', 'ґ', 'Ґ'];
const RUSSIAN_LETTERS: [char; 4] = ['ъ', 'Ъ', 'щ', 'Щ'];

/// ISO 639-1 code of the text's language, or `None` where there is nothing to tell it by.
///
/// `expected` lists the ISO 639-1 codes to choose from when the text is too short to be sure.
#[must_use]
pub fn detect(text: &str, expected: &[String]) -> Option<&'static str> {
    let guess = whatlang::detect(text)?;
    let expected: Vec<Lang> = expected.iter().filter_map(|code| language(code)).collect();
    if expected.is_empty() || expected.contains(&guess.lang()) && guess.is_reliable() {
        return code(guess.lang());
    }
    if guess.script() == Script::Cyrillic
        && let Some(by_letter) = by_letter(text, &expected)
    {
        return code(by_letter);
    }
    // Languages that share their words with an expected one are often "reliably" mistaken for each other in a short text.
    let is_long = text.chars().filter(|c| c.is_alphabetic()).count() >= SURE_LETTERS;
    if guess.is_reliable() && is_long {
        return code(guess.lang());
    }
    Detector::with_allowlist(expected)
        .detect(text)
        .or(Some(guess))
        .and_then(|guess| code(guess.lang()))
}

/// From this many letters on, whatlang's "reliable" is believed against the expectation.
const SURE_LETTERS: usize = 60;

fn by_letter(text: &str, expected: &[Lang]) -> Option<Lang> {
    [
        (Lang::Bel, BELARUSIAN_LETTERS.as_slice()),
        (Lang::Ukr, UKRAINIAN_LETTERS.as_slice()),
        (Lang::Rus, RUSSIAN_LETTERS.as_slice()),
    ]
    .into_iter()
    .find(|(lang, letters)| expected.contains(lang) && text.contains(*letters))
    .map(|(lang, _)| lang)
}

fn language(code: &str) -> Option<Lang> {
    CODES.iter().find(|(_, known)| *known == code).map(|(lang, _)| *lang)
}

fn code(language: Lang) -> Option<&'static str> {
    CODES.iter().find(|(lang, _)| *lang == language).map(|(_, code)| *code)
}

/// Whether a code is one that [`detect`] can answer with.
#[must_use]
pub fn is_known(code: &str) -> bool {
    language(code).is_some()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn detected(text: &str) -> Option<&'static str> {
        detect(text, &DEFAULT_EXPECTED.map(str::to_owned))
    }

    #[test]
    fn short_contacts_are_told_apart() {
        for (text, language) in [
            ("My card has not arrived", Some("en")),
            ("top up failed", Some("en")),
            ("Моя карта ещё не пришла, где она?", Some("ru")),
            ("Дзе мая картка? Я яшчэ не атрымаў яе", Some("be")),
            ("Де моя картка? Я її ще не отримав", Some("uk")),
            ("12345 !!!", None),
            ("🙂🙂", None),
        ] {
            assert_eq!(detected(text), language, "{text}");
        }
    }

    #[test]
    fn a_long_text_of_an_unexpected_language_is_told() {
        let text = "Meine Karte ist immer noch nicht angekommen, obwohl ich sie vor drei Wochen bestellt habe.";
        assert_eq!(detected(text), Some("de"));
    }
}
