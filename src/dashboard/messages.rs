//! The words of the pages: [`Texts`] of one language, from the Fluent files in `messages/`.
//!
//! A page asks for a [`Message`] by its name and fills in what it names in braces. The tests hold the files against each other and
//! against what templates and sources ask for.

use super::format;
use crate::user::Language;
use fluent_bundle::concurrent::FluentBundle;
use fluent_bundle::{FluentArgs, FluentResource, FluentValue};
use std::borrow::Cow;
use std::fmt;
use std::sync::LazyLock;
use unic_langid::LanguageIdentifier;

type Bundle = FluentBundle<FluentResource>;

/// The file of a language.
fn source(language: Language) -> &'static str {
    match language {
        Language::En => include_str!("messages/en.ftl"),
        Language::Ru => include_str!("messages/ru.ftl"),
        Language::Be => include_str!("messages/be.ftl"),
    }
}

/// The words of the pages in one language.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Texts {
    /// The language.
    pub language: Language,
}

impl Texts {
    /// A message by its name; what it names in braces is added with [`Message::with`].
    #[must_use]
    pub fn say(self, id: &'static str) -> Message {
        Message { language: self.language, id, values: FluentArgs::new() }
    }
}

/// A message, complete once everything that it names was added.
#[derive(Debug)]
pub struct Message {
    language: Language,
    id: &'static str,
    values: FluentArgs<'static>,
}

impl Message {
    /// Adds a value: a number chooses the plural form and is written as the language writes numbers; a text stands as it is.
    #[must_use]
    pub fn with(mut self, name: &'static str, value: impl MessageValue) -> Self {
        self.values.set(name, value.value());
        self
    }
}

impl fmt::Display for Message {
    /// A message that is missing is shown by its name: the tests see to it that none is.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let bundle = bundle(self.language);
        match bundle.get_message(self.id).and_then(|message| message.value()) {
            Some(pattern) => {
                f.write_str(&bundle.format_pattern(pattern, Some(&self.values), &mut Vec::new()))
            }
            None => f.write_str(self.id),
        }
    }
}

impl From<Message> for String {
    fn from(message: Message) -> Self {
        message.to_string()
    }
}

/// What a message can be filled with.
pub trait MessageValue {
    /// As the message takes it.
    fn value(&self) -> FluentValue<'static>;
}

impl<T: MessageValue + ?Sized> MessageValue for &T {
    fn value(&self) -> FluentValue<'static> {
        (**self).value()
    }
}

impl MessageValue for str {
    fn value(&self) -> FluentValue<'static> {
        FluentValue::String(Cow::Owned(self.to_owned()))
    }
}

impl MessageValue for String {
    fn value(&self) -> FluentValue<'static> {
        self.as_str().value()
    }
}

impl MessageValue for Message {
    fn value(&self) -> FluentValue<'static> {
        self.to_string().value()
    }
}

impl MessageValue for u64 {
    fn value(&self) -> FluentValue<'static> {
        FluentValue::from(*self)
    }
}

impl MessageValue for u32 {
    fn value(&self) -> FluentValue<'static> {
        FluentValue::from(*self)
    }
}

impl MessageValue for usize {
    fn value(&self) -> FluentValue<'static> {
        FluentValue::from(*self)
    }
}

fn bundle(language: Language) -> &'static Bundle {
    static BUNDLES: LazyLock<[Bundle; 3]> = LazyLock::new(|| Language::ALL.map(load));
    let index = Language::ALL.iter().position(|other| *other == language).unwrap_or(0);
    &BUNDLES[index]
}

/// A file with faults keeps its good messages; the tests see to it that it has none.
fn load(language: Language) -> Bundle {
    // Whole numbers have the same plural forms in Belarusian as in Russian (CLDR); intl_pluralrules 7.0.2 has those of Belarusian
    // wrong from 22 on.
    let plurals = if language == Language::Be { Language::Ru } else { language };
    let locale: LanguageIdentifier = plurals.code().parse().unwrap_or_default();
    let mut bundle = Bundle::new_concurrent(vec![locale]);
    bundle.set_use_isolating(false);
    bundle.set_formatter(Some(match language {
        Language::En => |value, _| number(Language::En, value),
        Language::Ru => |value, _| number(Language::Ru, value),
        Language::Be => |value, _| number(Language::Be, value),
    }));
    let resource = match FluentResource::try_new(source(language).to_owned()) {
        Ok(resource) | Err((resource, _)) => resource,
    };
    // Fails for names that stand twice only.
    let _ = bundle.add_resource(resource);
    bundle
}

fn number(language: Language, value: &FluentValue<'_>) -> Option<String> {
    match value {
        FluentValue::Number(number) => Some(format::decimal(language, number.value, 0)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::{BTreeMap, BTreeSet};
    use std::path::Path;

    /// The messages of a language, each with the names of what is filled in.
    fn messages(language: Language) -> BTreeMap<String, BTreeSet<String>> {
        let mut found: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
        let mut current = String::new();
        for line in source(language).lines().filter(|line| !line.starts_with('#')) {
            let is_start = line.starts_with(|c: char| c.is_ascii_lowercase());
            if is_start && let Some((id, _)) = line.split_once(" =") {
                id.clone_into(&mut current);
                assert!(!found.contains_key(id), "{}: {id} stands twice", language.code());
            }
            if current.is_empty() {
                continue;
            }
            let variables = line.split('$').skip(1).map(word).collect::<Vec<_>>();
            found.entry(current.clone()).or_default().extend(variables);
        }
        found
    }

    /// The letters, digits, lines and underscores that a text begins with.
    fn word(text: &str) -> String {
        text.chars().take_while(|c| c.is_ascii_alphanumeric() || "-_".contains(*c)).collect()
    }

    /// Every source and template of the pages, without its tests.
    fn sources() -> Vec<(String, String)> {
        let mut files = Vec::new();
        collect(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src/dashboard"), &mut files);
        assert!(files.len() > 10, "{}", files.len());
        files
    }

    fn collect(folder: &Path, files: &mut Vec<(String, String)>) {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                collect(&path, files);
            } else if path.extension().is_some_and(|end| end == "rs" || end == "html") {
                let text = std::fs::read_to_string(&path).unwrap();
                let text = text.split("#[cfg(test)]").next().unwrap().to_owned();
                files.push((path.display().to_string(), text));
            }
        }
    }

    #[test]
    fn every_language_has_the_same_messages_with_the_same_values() {
        let english = messages(Language::En);
        assert!(english.len() > 30, "{}", english.len());
        for language in Language::ALL {
            let parsed = FluentResource::try_new(source(language).to_owned());
            assert!(parsed.is_ok(), "{}: {:?}", language.code(), parsed.err().map(|(_, e)| e));
            assert_eq!(messages(language), english, "{}", language.code());
        }
    }

    #[test]
    fn whatever_a_page_says_is_in_the_files_with_all_its_values() {
        let messages = messages(Language::En);
        for (file, text) in sources() {
            for after in text.split("say(\"").skip(1) {
                let id = word(after);
                let Some(needed) = messages.get(&id) else { panic!("{file}: no message {id}") };
                let rest = &after[id.len()..];
                // Values follow the message at once: .with("name", …).with("name", …).
                let given: BTreeSet<String> =
                    chained(rest).into_iter().map(|name| name.to_owned()).collect();
                assert_eq!(&given, needed, "{file}: values of {id}");
            }
        }
    }

    /// The names in `").with("a", …).with("b", …)`, wherever the lines break.
    fn chained(mut rest: &str) -> Vec<String> {
        let mut names = Vec::new();
        while let Some(end) = closing(rest) {
            rest = rest[end + 1..].trim_start();
            let Some(after) = rest.strip_prefix(".with(") else { break };
            rest = after.trim_start();
            names.push(word(rest.trim_start_matches('"')));
        }
        names
    }

    /// Where the parenthesis closes that was opened before the text.
    fn closing(text: &str) -> Option<usize> {
        let mut depth = 1;
        text.char_indices().find_map(|(at, c)| {
            depth += i32::from(c == '(') - i32::from(c == ')');
            (depth == 0).then_some(at)
        })
    }

    #[test]
    fn no_message_is_there_in_vain() {
        let all: String = sources().into_iter().map(|(_, text)| text).collect();
        for id in messages(Language::En).keys() {
            assert!(all.contains(&format!("\"{id}\"")), "nobody says {id}");
        }
    }

    #[test]
    fn numbers_choose_the_plural_of_each_language() {
        let said = |language, n: u64| {
            let text = Texts { language }.say("count-days").with("count", n).to_string();
            text.replace('\u{a0}', " ")
        };
        for (n, en, ru, be) in [
            (0, "0 days", "0 дней", "0 дзён"),
            (1, "1 day", "1 день", "1 дзень"),
            (2, "2 days", "2 дня", "2 дні"),
            (5, "5 days", "5 дней", "5 дзён"),
            (11, "11 days", "11 дней", "11 дзён"),
            (12, "12 days", "12 дней", "12 дзён"),
            (21, "21 days", "21 день", "21 дзень"),
            (22, "22 days", "22 дня", "22 дні"),
            (112, "112 days", "112 дней", "112 дзён"),
            (1234, "1,234 days", "1 234 дня", "1 234 дні"),
        ] {
            assert_eq!(said(Language::En, n), en);
            assert_eq!(said(Language::Ru, n), ru);
            assert_eq!(said(Language::Be, n), be);
        }
    }
}
