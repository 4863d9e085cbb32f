//! What the writer of a mail wrote: without quoted mail, greeting with a name, and signature.

/// The lines that are the writer's own, joined by line ends.
pub(super) fn own_words(text: &str) -> String {
    let lines: Vec<&str> = text.lines().map(str::trim).collect();
    let end = quoted_from(&lines).unwrap_or(lines.len());
    let own: Vec<&str> =
        lines[..end].iter().copied().filter(|line| !line.starts_with(['>', '|'])).collect();
    let end = signature_from(&own).unwrap_or(own.len());
    let own = own[..end].join("\n");
    without_greeting(own.trim()).trim().to_owned()
}

/// Where the mail that was answered begins.
fn quoted_from(lines: &[&str]) -> Option<usize> {
    let lower: Vec<String> = lines.iter().map(|line| line.to_lowercase()).collect();
    (0..lines.len()).find(|&at| {
        let line = lower[at].as_str();
        let next = lower.get(at + 1).map_or("", String::as_str);
        let is_divider = line.starts_with("-----")
            && [
                "original message",
                "forwarded message",
                "исходное сообщение",
                "пересылаемое",
                "пересланное",
            ]
            .iter()
            .any(|words| line.contains(words));
        is_divider
            || is_attribution(line)
            || is_split_attribution(line, next)
            || is_header(&lower, at)
    })
}

/// `On Mon, 5 Jan 2026 at 10:00, Support wrote:` and its like.
fn is_attribution(line: &str) -> bool {
    const VERBS: [&str; 9] = [
        "wrote:",
        "пишет:",
        "написал:",
        "написала:",
        "написал(а):",
        "написав:",
        "написала(в):",
        "пише:",
        "напісаў:",
    ];
    VERBS.iter().any(|verb| line.ends_with(verb))
        && line.chars().any(|c| c.is_ascii_digit() || c == '@')
}

/// An attribution that a mail program broke into two lines.
fn is_split_attribution(line: &str, next: &str) -> bool {
    line.starts_with("on ") && line.chars().any(|c| c.is_ascii_digit()) && next.ends_with("wrote:")
}

/// `From: …` with `Sent:`, `To:` or `Subject:` among the next lines.
fn is_header(lower: &[String], at: usize) -> bool {
    const FROM: [&str; 4] = ["from:", "от:", "від:", "ад:"];
    const OTHERS: [&str; 12] = [
        "sent:",
        "to:",
        "subject:",
        "date:",
        "кому:",
        "тема:",
        "дата:",
        "отправлено:",
        "каму:",
        "тэма:",
        "надіслано:",
        "cc:",
    ];
    let starts = |line: &str, heads: &[&str]| heads.iter().any(|head| line.starts_with(head));
    let rest = &lower[at + 1..lower.len().min(at + 4)];
    starts(&lower[at], &FROM) && rest.iter().any(|line| starts(line, &OTHERS))
}

/// Where the signature begins.
fn signature_from(lines: &[&str]) -> Option<usize> {
    const SIGN_OFFS: [&str; 9] = [
        "kind regards",
        "best regards",
        "warm regards",
        "regards",
        "sincerely",
        "yours sincerely",
        "с уважением",
        "з павагай",
        "з повагою",
    ];
    const PROGRAMS: [&str; 9] = [
        "sent from my",
        "get outlook for",
        "sent via",
        "отправлено с ",
        "отправлено из",
        "адпраўлена з",
        "надіслано з",
        "отримайте outlook",
        "скачать outlook",
    ];
    (0..lines.len()).find(|&at| {
        let lower = lines[at].to_lowercase();
        let bare = lower.trim_end_matches([',', '.', '!', ' ']);
        let rest = &lines[at + 1..];
        let is_short = rest.len() <= 8 && rest.iter().all(|line| is_of_signature(line));
        lines[at] == "--"
            || PROGRAMS.iter().any(|program| lower.starts_with(program))
            || (SIGN_OFFS.contains(&bare) && is_short)
            || (at > 0 && lines[at - 1].ends_with(',') && rest.is_empty() && is_name(lines[at]))
    })
}

/// Names, titles, addresses, telephone numbers: short and asking for nothing.
fn is_of_signature(line: &str) -> bool {
    line.chars().count() <= 60 && !line.contains('?')
}

/// One to three words that each begin with a capital letter and go on in small ones.
fn is_name(line: &str) -> bool {
    let words: Vec<&str> = line.trim_end_matches('.').split_whitespace().collect();
    (1..=3).contains(&words.len()) && words.iter().all(|word| is_capitalised(word))
}

fn is_capitalised(word: &str) -> bool {
    let mut letters = word.chars();
    letters.next().is_some_and(char::is_uppercase)
        && letters.all(|c| c.is_lowercase() || matches!(c, '-' | '\'' | '’' | '.'))
}

/// `Hi John,` at the beginning: a greeting, up to two names, and a mark.
fn without_greeting(text: &str) -> &str {
    const GREETINGS: [&str; 9] = [
        "hi",
        "hello",
        "hey",
        "dear",
        "здравствуйте",
        "привет",
        "уважаемая",
        "вітаю",
        "добрый день",
    ];
    let Some(mark) = text.find([',', '!', '\n']) else { return text };
    let lower = text[..mark].to_lowercase();
    let is_greeting = GREETINGS.iter().any(|greeting| {
        lower.strip_prefix(greeting).is_some_and(|names| {
            let skipped = greeting.split_whitespace().count();
            names.starts_with(' ')
                && (1..=2).contains(&names.split_whitespace().count())
                && text[..mark].split_whitespace().skip(skipped).all(is_capitalised)
        })
    });
    if is_greeting { &text[mark + 1..] } else { text }
}
