//! [`RuleSet`]: labels by words and phrases, for heads without a model and for what must never be missed.
//!
//! A rule names whole words (`urgent`), beginnings of words (`срочн*`) and phrases (`не работает*`). Upper and lower case and
//! `ё` and `е` are the same. Of the rules of a head the first one that holds decides.

use super::language;
use crate::contact::{Channel, Head};
use crate::registry::artifact::sha256_hex;
use crate::ticket::Name;
use serde::{Deserialize, Serialize};

/// A rule as it is configured.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct RuleText {
    /// The head: category, kind, urgency, team or language.
    pub head: String,
    /// The label when the rule holds; of the head language an ISO 639-1 code.
    pub label: String,
    /// At least one of these must occur.
    pub any: Vec<String>,
    /// Each of these must occur.
    pub all: Vec<String>,
    /// None of these may occur.
    pub none: Vec<String>,
    /// ISO 639-1 codes: the text must be in one of these languages.
    pub languages: Vec<String>,
    /// The contact must have come in by one of these channels.
    pub channels: Vec<String>,
}

/// Checked rules in their order. The default has none.
#[derive(Debug, Clone, Default)]
pub struct RuleSet {
    rules: Vec<Rule>,
    version: String,
}

#[derive(Debug, Clone)]
struct Rule {
    head: Head,
    label: Name,
    any: Vec<Term>,
    all: Vec<Term>,
    none: Vec<Term>,
    languages: Vec<String>,
    channels: Vec<String>,
}

/// Words that must follow each other.
#[derive(Debug, Clone)]
struct Term(Vec<TermWord>);

#[derive(Debug, Clone)]
struct TermWord {
    text: String,
    is_beginning: bool,
}

impl TermWord {
    fn holds(&self, word: &str) -> bool {
        if self.is_beginning { word.starts_with(&self.text) } else { word == self.text }
    }
}

/// A contact as rules look at it.
#[derive(Debug, Clone, Copy)]
pub struct RuleView<'a> {
    /// The words of its text.
    pub words: &'a TextWords,
    /// ISO 639-1 code of its language, where one can be told.
    pub language: Option<&'a str>,
    /// How it came in, where that is known.
    pub channel: Option<&'a Channel>,
}

impl RuleSet {
    /// Checks rules.
    ///
    /// # Errors
    /// The number of the first rule that cannot be used, counted from 1, the field, what was expected and what was found.
    pub fn compile(texts: &[RuleText]) -> Result<Self, String> {
        let rules = texts
            .iter()
            .enumerate()
            .map(|(index, text)| {
                Rule::compile(text).map_err(|fault| format!("rule {}: {fault}", index + 1))
            })
            .collect::<Result<Vec<_>, _>>()?;
        let written = serde_json::to_vec(texts).map_err(|error| error.to_string())?;
        let version = format!("rules-{}", &sha256_hex(&written)[..VERSION_DIGITS]);
        Ok(Self { rules, version })
    }

    /// The version: the same for the same rules in the same order.
    #[must_use]
    pub fn version(&self) -> &str {
        &self.version
    }

    /// Whether there are no rules.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.rules.is_empty()
    }

    /// Whether there are rules for a head.
    #[must_use]
    pub fn covers(&self, head: Head) -> bool {
        self.rules.iter().any(|rule| rule.head == head)
    }

    /// Whether a rule of a head gives a label.
    #[must_use]
    pub fn gives(&self, head: Head, label: &Name) -> bool {
        self.rules.iter().any(|rule| rule.head == head && rule.label == *label)
    }

    /// The label of the first rule of a head that holds.
    #[must_use]
    pub fn label(&self, head: Head, contact: RuleView<'_>) -> Option<&Name> {
        let mut of_head = self.rules.iter().filter(|rule| rule.head == head);
        of_head.find(|rule| rule.holds(contact)).map(|rule| &rule.label)
    }
}

/// Digits of the hash in a version.
const VERSION_DIGITS: usize = 12;

impl Rule {
    fn compile(text: &RuleText) -> Result<Self, String> {
        let head = Head::parse(&text.head).ok_or_else(|| {
            let heads = Head::ALL.map(Head::as_str).join(", ");
            format!("head: expected one of {heads}, got {:?}", text.head)
        })?;
        let label = Name::parse(&text.label).map_err(|error| format!("label: {error}"))?;
        let lists = [&text.any, &text.all, &text.none, &text.languages, &text.channels];
        if lists.iter().all(|list| list.is_empty()) {
            return Err(
                "expected a condition: at least one entry in any, all, none, languages or channels"
                    .to_owned(),
            );
        }
        if head == Head::Language {
            check_language_rule(&label, &text.languages)?;
        }
        if let Some(code) = text.languages.iter().find(|code| !language::is_known(code)) {
            return Err(format!("languages: {code:?} is no ISO 639-1 code known here"));
        }
        let channel = |name: &String| {
            Name::parse(name)
                .map(|name| name.as_str().to_lowercase())
                .map_err(|error| format!("channels: {error}"))
        };
        Ok(Self {
            head,
            label,
            any: terms("any", &text.any)?,
            all: terms("all", &text.all)?,
            none: terms("none", &text.none)?,
            languages: text.languages.clone(),
            channels: text.channels.iter().map(channel).collect::<Result<_, _>>()?,
        })
    }

    fn holds(&self, contact: RuleView<'_>) -> bool {
        let occurs = |term: &Term| contact.words.have(term);
        let is_one_of = |list: &[String], value: Option<&str>| {
            list.is_empty() || value.is_some_and(|value| list.iter().any(|one| one == value))
        };
        let channel = contact.channel.map(|channel| channel.as_str().to_lowercase());
        is_one_of(&self.languages, contact.language)
            && is_one_of(&self.channels, channel.as_deref())
            && (self.any.is_empty() || self.any.iter().any(occurs))
            && self.all.iter().all(occurs)
            && !self.none.iter().any(occurs)
    }
}

/// What a rule says of the language is no other than a language, and cannot depend on it.
fn check_language_rule(label: &Name, languages: &[String]) -> Result<(), String> {
    if !language::is_known(label.as_str()) {
        let label = label.as_str();
        return Err(format!(
            "label: {label:?} is no ISO 639-1 code known here, as the head language needs"
        ));
    }
    if !languages.is_empty() {
        return Err(
            "languages: a rule of the head language tells the language and cannot ask for it; expected no languages"
                .to_owned(),
        );
    }
    Ok(())
}

fn terms(list: &str, texts: &[String]) -> Result<Vec<Term>, String> {
    texts.iter().map(|text| Term::parse(text).map_err(|fault| format!("{list}: {fault}"))).collect()
}

impl Term {
    fn parse(text: &str) -> Result<Self, String> {
        let mut words = Vec::new();
        for piece in text.split_whitespace() {
            let (piece, is_beginning) = match piece.strip_suffix('*') {
                Some(beginning) => (beginning, true),
                None => (piece, false),
            };
            if piece.contains('*') || is_beginning && piece.is_empty() {
                return Err(format!(
                    "a star ends the beginning of a word, as in \"urgen*\"; got {text:?}"
                ));
            }
            // A word with a hyphen is several, as in texts.
            let start = words.len();
            words.extend(words_of(piece).map(|text| TermWord { text, is_beginning: false }));
            if let Some(last) = words[start..].last_mut() {
                last.is_beginning = is_beginning;
            }
        }
        if words.is_empty() {
            return Err(format!("expected a word or a phrase, got {text:?}"));
        }
        Ok(Self(words))
    }
}

/// The words of a text, ready to be looked up.
#[derive(Debug, Clone)]
pub struct TextWords {
    words: Vec<String>,
    /// Places of the words in the order of the alphabet.
    order: Vec<usize>,
}

impl TextWords {
    /// The words of a text.
    #[must_use]
    pub fn new(text: &str) -> Self {
        let words: Vec<String> = words_of(text).collect();
        let mut order: Vec<usize> = (0..words.len()).collect();
        order.sort_by(|a, b| words[*a].cmp(&words[*b]));
        Self { words, order }
    }

    /// How many words there are.
    #[must_use]
    pub fn count(&self) -> usize {
        self.words.len()
    }

    fn have(&self, term: &Term) -> bool {
        let Some((first, rest)) = term.0.split_first() else { return false };
        let from = self.order.partition_point(|place| self.words[*place] < first.text);
        let begin = self.order[from..].iter().take_while(|place| first.holds(&self.words[**place]));
        begin.into_iter().any(|place| {
            let following = self.words.get(place + 1..=place + rest.len()).unwrap_or_default();
            following.len() == rest.len()
                && rest.iter().zip(following).all(|(term, word)| term.holds(word))
        })
    }
}

/// Runs of letters, digits and apostrophes, in small letters, with `е` for `ё` and one kind of apostrophe.
fn words_of(text: &str) -> impl Iterator<Item = String> {
    let is_apostrophe = |c: char| matches!(c, '\'' | '’' | 'ʼ' | '`');
    let pieces = text.split(move |c: char| !(c.is_alphanumeric() || is_apostrophe(c)));
    pieces.filter_map(move |piece| {
        let piece = piece.trim_matches(is_apostrophe);
        let normal = |c: char| match c {
            'ё' => 'е',
            c if is_apostrophe(c) => '\'',
            c => c,
        };
        (!piece.is_empty())
            .then(|| piece.chars().flat_map(char::to_lowercase).map(normal).collect())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn list(words: &[&str]) -> Vec<String> {
        words.iter().map(|word| (*word).to_owned()).collect()
    }

    fn urgent(any: &[&str]) -> RuleText {
        RuleText {
            head: "urgency".into(),
            label: "high".into(),
            any: list(any),
            ..RuleText::default()
        }
    }

    fn label(rules: &[RuleText], text: &str) -> Option<String> {
        let words = TextWords::new(text);
        let view = RuleView { words: &words, language: Some("ru"), channel: None };
        let rules = RuleSet::compile(rules).unwrap();
        rules.label(Head::Urgency, view).map(Name::to_string)
    }

    #[test]
    fn words_beginnings_and_phrases_are_found_whatever_their_case_and_e() {
        let rules = [urgent(&["urgent", "срочно", "не работа*", "ещё раз", "e-mail", "з'ясуйце"])];
        for text in [
            "URGENT!",
            "Срочно.",
            "карта Не работает",
            "не\nработала",
            "Еще раз прошу",
            "my e-mail",
            "З’ясуйце, калі ласка",
        ] {
            assert_eq!(label(&rules, text).as_deref(), Some("high"), "{text}");
        }
        for text in [
            "urgently",
            "несрочно",
            "работает не",
            "не очень работает",
            "ещё один раз",
            "e post mail",
            "",
            "не",
        ] {
            assert_eq!(label(&rules, text), None, "{text}");
        }
    }

    #[test]
    fn all_and_none_narrow_a_rule_and_the_first_that_holds_decides() {
        let first =
            RuleText {
                none: list(&["шутк*"]), all: list(&["карта"]), ..urgent(&["украли"])
            };
        let second = RuleText { label: "low".into(), ..urgent(&["карта"]) };
        let rules = [first, second];
        assert_eq!(label(&rules, "Украли! Где карта?").as_deref(), Some("high"));
        assert_eq!(label(&rules, "Украли, шутка. Где карта?").as_deref(), Some("low"));
        assert_eq!(label(&rules, "Украли!"), None);
    }

    #[test]
    fn a_rule_may_be_for_some_languages_and_channels_only() {
        let rule = RuleText {
            languages: list(&["be"]),
            channels: list(&["Email"]),
            ..urgent(&["картка"])
        };
        let rules = RuleSet::compile(&[rule]).unwrap();
        let words = TextWords::new("Дзе картка");
        let email = Name::parse("email").unwrap();
        let holds = |language, channel| {
            rules.label(Head::Urgency, RuleView { words: &words, language, channel }).is_some()
        };
        assert!(holds(Some("be"), Some(&email)));
        assert!(!holds(Some("uk"), Some(&email)) && !holds(None, Some(&email)));
        assert!(!holds(Some("be"), None));
    }

    #[test]
    fn a_rule_that_cannot_be_used_is_named_by_its_number() {
        let fault = |rule: RuleText| RuleSet::compile(&[urgent(&["a"]), rule]).unwrap_err();
        for (rule, named) in [
            (
                RuleText { head: "colour".into(), ..urgent(&["a"]) },
                "head: expected one of category",
            ),
            (RuleText { label: " ".into(), ..urgent(&["a"]) }, "label: "),
            (urgent(&[]), "expected a condition"),
            (urgent(&["!"]), "any: expected a word"),
            (urgent(&["a*b"]), "any: a star ends"),
            (urgent(&["*"]), "any: a star ends"),
            (RuleText { languages: list(&["xx"]), ..urgent(&["a"]) }, "languages: \"xx\""),
            (RuleText { head: "language".into(), ..urgent(&["a"]) }, "label: \"high\" is no ISO"),
            (
                RuleText {
                    head: "language".into(),
                    label: "be".into(),
                    languages: list(&["ru"]),
                    ..urgent(&["a"])
                },
                "languages: a rule of the head language",
            ),
        ] {
            let fault = fault(rule);
            assert!(fault.starts_with("rule 2: ") && fault.contains(named), "{fault}");
        }
    }

    #[test]
    fn the_version_follows_the_rules_and_their_order() {
        let version = |rules: &[RuleText]| RuleSet::compile(rules).unwrap().version().to_owned();
        let (a, b) = (urgent(&["a"]), urgent(&["b"]));
        assert_eq!(version(&[a.clone(), b.clone()]), version(&[a.clone(), b.clone()]));
        assert_ne!(version(&[a.clone(), b.clone()]), version(&[b, a]));
    }
}
