//! The language of a text without a model of it: [`detect`], and [`unknown_to`] for a text that the model does not know.
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

/// Letters of the East Slavic languages that rule the others out: a letter, and the languages that have it.
const LETTERS: [(char, &[Lang]); 12] = [
    ('ў', &[Lang::Bel]),
    ('ї', &[Lang::Ukr]),
    ('є', &[Lang::Ukr]),
    ('ґ', &[Lang::Ukr]),
    ('і', &[Lang::Bel, Lang::Ukr]),
    ('и', &[Lang::Rus, Lang::Ukr]),
    ('щ', &[Lang::Rus, Lang::Ukr]),
    ('ъ', &[Lang::Rus]),
    ('ы', &[Lang::Rus, Lang::Bel]),
    ('э', &[Lang::Rus, Lang::Bel]),
    ('ё', &[Lang::Rus, Lang::Bel]),
    ('\u{2019}', &[Lang::Bel, Lang::Ukr]),
];
const EAST_SLAVIC: [Lang; 3] = [Lang::Rus, Lang::Bel, Lang::Ukr];

/// ISO 639-1 code of the text's language, or `None` where there is nothing to tell it by.
///
/// `expected` lists the ISO 639-1 codes to choose from when the text is too short to be sure.
#[must_use]
pub fn detect(text: &str, expected: &[String]) -> Option<&'static str> {
    let mut expected: Vec<Lang> = expected.iter().filter_map(|code| language(code)).collect();
    let is_long = is_long(text);
    if !is_long {
        // Where only one expected language is written in the text's script, statistics have nothing to decide.
        let script = whatlang::detect_script(text)?;
        let mut written = expected.iter().filter(|lang| script.langs().contains(lang));
        if let (Some(only), None) = (written.next(), written.next()) {
            return code(*only);
        }
    }
    let guess = whatlang::detect(text)?;
    if expected.is_empty() || guess.is_reliable() && is_long {
        return code(guess.lang());
    }
    if guess.script() == Script::Cyrillic {
        expected.retain(|lang| Script::Cyrillic.langs().contains(lang));
        let preferred = expected.first().copied();
        let lower = text.to_lowercase();
        for (letter, languages) in LETTERS {
            if lower.contains(letter) {
                expected.retain(|lang| !EAST_SLAVIC.contains(lang) || languages.contains(lang));
            }
        }
        // Of the languages that the letters leave open, a handful of words decides only when whatlang is sure; else the
        // one that is expected first is the likeliest.
        let is_sure = expected.contains(&guess.lang()) && guess.is_reliable();
        if let Some(preferred) = preferred.filter(|lang| !is_sure && expected.contains(lang)) {
            return code(preferred);
        }
    }
    if expected.is_empty() {
        return code(guess.lang());
    }
    Detector::with_allowlist(expected)
        .detect(text)
        .or(Some(guess))
        .and_then(|guess| code(guess.lang()))
}

/// From this many letters on, whatlang's "reliable" is believed against the expectation: in a shorter text, languages
/// that share words are often "reliably" mistaken for each other.
const SURE_LETTERS: usize = 60;

/// Whether a text has so many letters that trigram statistics can be sure of its language.
#[must_use]
pub fn is_long(text: &str) -> bool {
    text.chars().filter(|c| c.is_alphabetic()).nth(SURE_LETTERS - 1).is_some()
}

/// What tells that a text is in none of the languages that a model knows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Evidence {
    /// None of them is written in its script.
    Script,
    /// Trigram statistics alone.
    Trigrams,
}

/// ISO 639-1 code of the language of a text that is in none of the languages `known`, as far as trigram statistics are sure of
/// it, and what tells so.
///
/// A script that none of these languages is written in is enough. Of a text in a script of theirs nothing but a long one is told,
/// and only where `is_strange` says that its words are not theirs either: statistics alone take now and then a sentence of
/// one language for one of a related language.
#[must_use]
pub fn unknown_to(
    text: &str,
    known: impl Fn(&str) -> bool,
    is_strange: impl FnOnce() -> bool,
) -> Option<(&'static str, Evidence)> {
    let script = whatlang::detect_script(text)?;
    let is_script_known = script.langs().iter().filter_map(|lang| code(*lang)).any(&known);
    // Trigrams take longest, so they are asked last.
    if is_script_known && !(is_long(text) && is_strange()) {
        return None;
    }
    let guess = whatlang::detect(text).filter(whatlang::Info::is_reliable)?;
    let told = code(guess.lang()).filter(|code| !known(code))?;
    Some((told, if is_script_known { Evidence::Trigrams } else { Evidence::Script }))
}

/// A code as it stands in the list of languages, where it does.
#[must_use]
pub fn known(code: &str) -> Option<&'static str> {
    CODES.iter().map(|(_, known)| *known).find(|known| *known == code)
}

/// Whether a language is written in the script of a text; of a text without letters every one is.
pub fn written_in_the_script_of(text: &str) -> impl Fn(&str) -> bool + use<> {
    let script = whatlang::detect_script(text);
    move |code| {
        script.is_none_or(|script| {
            language(code).is_none_or(|language| script.langs().contains(&language))
        })
    }
}

fn language(code: &str) -> Option<Lang> {
    CODES.iter().find(|(_, known)| *known == code).map(|(lang, _)| *lang)
}

fn code(language: Lang) -> Option<&'static str> {
    CODES.iter().find(|(lang, _)| *lang == language).map(|(_, code)| *code)
}

/// Whether a code is one that [`detect`] and the labels of a language head can be.
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
            ("Моя карта не пришла", Some("ru")),
            ("Карта не работает", Some("ru")),
            ("Картка не прыйшла ў тэрмін", Some("be")),
            ("Де мій переказ?", Some("uk")),
            ("12345 !!!", None),
            ("🙂🙂", None),
        ] {
            assert_eq!(detected(text), language, "{text}");
        }
    }

    #[test]
    fn a_text_in_a_script_that_no_expected_language_has_is_told_all_the_same() {
        assert_eq!(detect("Моя карта ещё не пришла, где она?", &["en".to_owned()]), Some("ru"));
    }

    #[test]
    fn a_long_text_of_an_unexpected_language_is_told() {
        let text = "Meine Karte ist immer noch nicht angekommen, obwohl ich sie vor drei Wochen bestellt habe.";
        assert_eq!(detected(text), Some("de"));
    }
}
