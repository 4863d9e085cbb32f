//! What an answer says, without how it is written: markup, case, white space, typography, greeting and farewell taken away.

/// Beginnings of sentences that greet, in lower case with ё as е.
const GREETINGS: [&str; 34] = [
    "hello",
    "hi",
    "hey",
    "dear",
    "good morning",
    "good afternoon",
    "good evening",
    "good day",
    "greetings",
    "thank you for contacting",
    "thank you for calling",
    "thank you for reaching out",
    "thanks for contacting",
    "thanks for reaching out",
    "здравствуйте",
    "здравствуй",
    "добрый день",
    "добрый вечер",
    "доброе утро",
    "доброго времени суток",
    "привет",
    "приветствуем",
    "уважаемый",
    "уважаемая",
    "спасибо за обращение",
    "спасибо за звонок",
    "спасибо, что обратились",
    "вітаю",
    "вітаем",
    "вітаємо",
    "добры дзень",
    "добрий день",
    "доброго дня",
    "дякуємо за звернення",
];

/// Beginnings of sentences that take leave.
const FAREWELLS: [&str; 22] = [
    "best regards",
    "kind regards",
    "warm regards",
    "regards",
    "sincerely",
    "yours",
    "best wishes",
    "have a nice",
    "have a great",
    "have a good",
    "goodbye",
    "bye",
    "с уважением",
    "всего доброго",
    "всего хорошего",
    "хорошего дня",
    "до свидания",
    "з павагай",
    "усяго добрага",
    "з повагою",
    "гарного дня",
    "на все добре",
];

/// Most words after a greeting or farewell that are still part of it: a form of address, a name.
const ADDRESS_WORDS: usize = 2;

/// Most words of a sentence of a signature.
const SIGNATURE_WORDS: usize = 4;

/// The text without markup; addresses that markup hides stand after the words they belong to.
pub(super) fn without_markup(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find(['<', '&', '*', '_', '`', '#', '~', '[', ']']) {
        plain.push_str(&rest[..at]);
        rest = &rest[at..];
        rest = if let Some((shown, after)) = tag(rest).or_else(|| entity(rest)) {
            plain.push_str(&shown);
            after
        } else {
            let sign = rest.chars().next().map_or(1, char::len_utf8);
            plain.push_str(shown_sign(&plain, rest, sign));
            &rest[sign..]
        };
    }
    plain.push_str(rest);
    plain.lines().map(without_list_mark).collect::<Vec<_>>().join("\n")
}

/// A line without the number or sign of a list before it.
fn without_list_mark(line: &str) -> &str {
    let line = line.trim();
    let after_number = line.trim_start_matches(|c: char| c.is_ascii_digit());
    let digits = line.len() - after_number.len();
    if (1..=2).contains(&digits)
        && let Some(rest) = after_number.strip_prefix(['.', ')'])
        && rest.starts_with(char::is_whitespace)
    {
        return rest.trim_start();
    }
    line.trim_start_matches(['-', '•', '–', '—', '*', '>']).trim_start()
}

/// The words of an answer: lower case, without greeting and farewell.
pub(super) fn words(plain: &str) -> Vec<String> {
    let normal = plain.to_lowercase().replace('ё', "е").replace(['’', '‘', 'ʼ'], "'");
    let mut sentences: Vec<&str> = sentences(&normal);
    while sentences.len() > 1 && is_courtesy(sentences[0], &GREETINGS) {
        sentences.remove(0);
    }
    // A signature may follow the farewell. Something must be left to say.
    let from = sentences.len().saturating_sub(3).max(1);
    let farewell = (from..sentences.len()).find(|at| is_courtesy(sentences[*at], &FAREWELLS));
    if let Some(at) = farewell
        && sentences[at..].iter().all(|part| part.split_whitespace().count() <= SIGNATURE_WORDS)
    {
        sentences.truncate(at);
    }
    sentences.iter().flat_map(|sentence| split_words(sentence)).collect()
}

fn split_words(sentence: &str) -> impl Iterator<Item = String> {
    sentence
        .split(|c: char| !(c.is_alphanumeric() || c == '\''))
        .map(|word| word.trim_matches('\''))
        .filter(|word| !word.is_empty())
        .map(str::to_owned)
}

/// Parts between full stops, question and exclamation marks and line ends; a comma ends a greeting too.
fn sentences(text: &str) -> Vec<&str> {
    let mut parts = Vec::new();
    for line in text.split(['\n', '\r', '!', '?']) {
        let mut rest = line;
        // A full stop inside a number or an address ends nothing.
        while let Some(at) = rest.find(". ") {
            parts.push(&rest[..at]);
            rest = &rest[at + 2..];
        }
        parts.push(rest);
    }
    let mut parts: Vec<&str> = parts
        .into_iter()
        .map(str::trim)
        .filter(|part| part.chars().any(char::is_alphanumeric))
        .collect();
    if let Some(first) = parts.first().copied()
        && let Some((greeting, rest)) = first.split_once(',')
        && is_courtesy(greeting, &GREETINGS)
        && rest.split_whitespace().count() > 1
    {
        parts[0] = greeting;
        parts.insert(1, after_name(rest));
    }
    parts
}

/// `Hello, Anna, your card is ready`: what follows the name, which is one word.
fn after_name(rest: &str) -> &str {
    match rest.split_once(',') {
        Some((name, after))
            if name.split_whitespace().count() == 1 && after.chars().any(char::is_alphanumeric) =>
        {
            after
        }
        _ => rest,
    }
}

fn is_courtesy(sentence: &str, beginnings: &[&str]) -> bool {
    let sentence = sentence.trim_start_matches(|c: char| !c.is_alphanumeric());
    beginnings.iter().filter_map(|beginning| sentence.strip_prefix(beginning)).any(|rest| {
        !rest.starts_with(|c: char| c.is_alphanumeric())
            && rest.split_whitespace().count() <= ADDRESS_WORDS
    })
}

/// What an HTML tag at the beginning of a text becomes, and what follows it.
fn tag(text: &str) -> Option<(String, &str)> {
    let inner = text.strip_prefix('<')?;
    if !inner.starts_with(|c: char| c.is_ascii_alphabetic() || c == '/' || c == '!') {
        return None;
    }
    let (inner, after) = inner.split_once('>')?;
    let name: String = inner
        .trim_start_matches('/')
        .chars()
        .take_while(char::is_ascii_alphanumeric)
        .collect::<String>()
        .to_ascii_lowercase();
    let shown = match (name.as_str(), address(inner)) {
        (_, Some(address)) => format!(" {address} "),
        ("br" | "p" | "div" | "li" | "tr" | "h1" | "h2" | "h3" | "ul" | "ol", None) => {
            "\n".to_owned()
        }
        _ => String::new(),
    };
    Some((shown, after))
}

/// Where a link of a tag leads.
fn address(tag: &str) -> Option<&str> {
    let at = tag.to_ascii_lowercase().find("href=")?;
    let value = tag.get(at + 5..)?;
    let quote = value.chars().next().filter(|c| matches!(c, '"' | '\''))?;
    let address = value[1..].split(quote).next()?;
    Some(address.trim_start_matches("mailto:").trim_start_matches("tel:"))
}

/// The sign of an HTML entity at the beginning of a text, and what follows it.
fn entity(text: &str) -> Option<(String, &str)> {
    let (name, after) = text.strip_prefix('&')?.split_once(';')?;
    let shown = match name {
        "nbsp" => ' ',
        "amp" => '&',
        "lt" => '<',
        "gt" => '>',
        "quot" | "laquo" | "raquo" => '"',
        "apos" => '\'',
        "mdash" | "ndash" => '-',
        _ => char::from_u32(name.strip_prefix('#')?.parse().ok()?)?,
    };
    Some((shown.to_string(), after))
}

/// What a sign of Markdown becomes: nothing, or itself where it stands inside a word or an address.
fn shown_sign<'t>(before: &str, rest: &'t str, sign: usize) -> &'t str {
    let is_word = |c: char| c.is_alphanumeric() || c == '/';
    let inside =
        before.ends_with(is_word) && rest[sign..].starts_with(|c: char| c.is_alphanumeric());
    match &rest[..sign] {
        "_" | "~" | "#" | "&" if inside => &rest[..sign],
        "<" | "&" => &rest[..sign],
        "]" if rest[sign..].starts_with('(') => " ",
        _ => "",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(text: &str) -> String {
        words(&without_markup(text)).join(" ")
    }

    #[test]
    fn markup_case_white_space_and_courtesy_make_no_difference() {
        for text in [
            "Open the app and choose Cards.",
            "  open   the app\nand choose CARDS",
            "Hello! Open the app and choose Cards. Best regards, Anna",
            "Dear customer,\n\nOpen the **app** and choose _Cards_.\n\nKind regards\nThe card team",
            "<p>Good morning, Anna!</p><p>Open the <b>app</b> and&nbsp;choose Cards</p>",
            "Hi Anna, open the app and choose Cards",
            "Hello, Anna, open the app and choose Cards. Have a nice day!",
            "1. Open the app and\n2) choose Cards",
            "- Open the app and\n- choose Cards",
        ] {
            assert_eq!(said(text), "open the app and choose cards", "{text}");
        }
        for text in [
            "Здравствуйте! Ещё раз войдите в приложение.",
            "Добрый день, Анна. Еще раз войдите в приложение. С уважением, банк",
            "ЕЩЁ РАЗ войдите в приложение",
        ] {
            assert_eq!(said(text), "еще раз войдите в приложение", "{text}");
        }
    }

    #[test]
    fn a_sentence_that_only_begins_like_a_greeting_stays() {
        assert_eq!(said("High fees apply."), "high fees apply");
        let long = "Dear money is charged when you take cash abroad on a credit card";
        assert_eq!(said(long), long.to_lowercase());
        assert_eq!(
            said("Yours is blocked. Call us to have it opened again as soon as you can."),
            "yours is blocked call us to have it opened again as soon as you can"
        );
    }

    #[test]
    fn what_follows_a_greeting_is_not_lost() {
        assert_eq!(said("Hello, call us. It is open."), "call us it is open");
        assert_eq!(
            said("Dear customer your card is blocked. Call us."),
            "dear customer your card is blocked call us"
        );
        assert_eq!(said("Best regards"), "best regards");
    }

    #[test]
    fn addresses_behind_links_are_kept() {
        let plain = without_markup(
            "See [our page](https://bank.by/a_b) or <a href=\"https://bank.by/c\">that</a>",
        );
        assert!(
            plain.contains("https://bank.by/a_b") && plain.contains("https://bank.by/c"),
            "{plain}"
        );
    }

    #[test]
    fn any_text_is_taken() {
        for text in ["", "<", "&;", "<a href=>", "[](", "&#x;", "<a href='ё'>ы</a", "#️⃣*️⃣", "a<b"]
        {
            let _ = said(text);
        }
    }
}
