//! Passwords, codes and what computers make at random: keys and tokens.

use super::Entity;
use super::draft::Draft;
use super::words::{is_one_of, word_before};

/// What keys of well-known services begin with.
const PREFIXES: &[&str] = &[
    "sk-",
    "sk_",
    "pk_",
    "rk_",
    "ghp_",
    "gho_",
    "ghs_",
    "github_pat_",
    "glpat-",
    "xoxb-",
    "xoxp-",
    "xapp-",
    "AKIA",
    "ASIA",
    "AIza",
    "ya29.",
    "eyJ",
    "SG.",
    "npm_",
    "hf_",
];
/// Words before a password.
const PASSWORDS: &[&str] = &[
    "password",
    "passwd",
    "pwd",
    "passcode",
    "passphrase",
    "pass",
    "пароль",
    "пароля",
    "паролем",
    "паролю",
    "пароле",
    "пароли",
    "token",
    "токен",
    "secret",
    "apikey",
    "api-key",
    "key",
    "ключ",
    "bearer",
];
/// Words before a short number that opens something.
const CODES: &[&str] = &[
    "pin",
    "pin-code",
    "pincode",
    "пин",
    "пин-код",
    "пинкод",
    "пин-кода",
    "пін",
    "пін-код",
    "cvv",
    "cvv2",
    "cvc",
    "cvc2",
    "otp",
    "смс-код",
    "sms-code",
    "sms-код",
    "цвв",
];
/// Words before a number that, together with `code`, mean such a number.
const CODE_KINDS: &[&str] = &[
    "смс",
    "sms",
    "подтверждения",
    "пацвярджэння",
    "підтвердження",
    "верификации",
    "верифікації",
    "verification",
    "confirmation",
    "one-time",
    "security",
    "одноразовый",
    "аднаразовы",
    "одноразовий",
    "безопасности",
    "авторизации",
];
const CODE_WORDS: &[&str] = &["code", "код", "кода", "passcode", "пароль"];
/// What may stand between such a word and the value.
const BETWEEN: &[&str] = &[
    "is",
    "was",
    "the",
    "my",
    "мой",
    "это",
    "такой",
    "вот",
    "гэта",
    "мій",
    "це",
    "из",
    "з",
    "from",
    "номер",
    "code",
    "код",
    "был",
];

pub(super) fn find(draft: &mut Draft) {
    let is_of =
        |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '+' | '/' | '=' | '.' | '~');
    let mut at = 0;
    while at < draft.len() {
        let c = draft.char(at);
        if c.is_whitespace() || draft.before(at).is_alphanumeric() {
            at += 1;
            continue;
        }
        if let Some(end) = told_at(draft, at) {
            draft.take(Entity::Secret, at..end);
            at = end;
            continue;
        }
        if !is_of(c) {
            at += 1;
            continue;
        }
        let end = draft.run(at, usize::MAX / 2, is_of);
        at = take_random(draft, at, end).max(at + 1);
    }
}

/// Takes what looks made at random within a run without blanks; where to go on.
fn take_random(draft: &mut Draft, start: usize, end: usize) -> usize {
    let has_prefix = PREFIXES.iter().any(|prefix| {
        let len = prefix.len();
        end - start >= len + 16
            && draft.slice(start..start + len).iter().copied().eq(prefix.chars())
    });
    let is_token = has_prefix && draft.slice(start..end).iter().any(char::is_ascii_digit);
    if is_token && !draft.char(end).is_alphanumeric() {
        let end = draft.run_back(end, end - start, |c| c == '.');
        draft.take(Entity::Secret, start..end);
        return end;
    }
    let mut at = start;
    while at < end {
        let part = draft.run(at, end - at, |c| c.is_ascii_alphanumeric());
        let is_whole = !draft.before(at).is_alphanumeric() && !draft.char(part).is_alphanumeric();
        if is_whole && is_random(draft.slice(at..part)) {
            draft.take(Entity::Secret, at..part);
        }
        at = part.max(at) + 1;
    }
    end
}

/// Whether letters and digits look made at random: long, and going from one kind to another often.
fn is_random(part: &[char]) -> bool {
    let digits = part.iter().filter(|c| c.is_ascii_digit()).count();
    if part.len() < 20 || digits < 2 || digits == part.len() {
        return false;
    }
    if part.len() >= 32 && part.iter().all(char::is_ascii_hexdigit) {
        return true;
    }
    let kind = |c: &char| (c.is_ascii_digit(), c.is_ascii_uppercase());
    part.windows(2).filter(|pair| kind(&pair[0]) != kind(&pair[1])).count() >= 6
}

/// Where the password or code ends that begins here, as the words before tell.
fn told_at(draft: &Draft, at: usize) -> Option<usize> {
    let end = draft
        .run(at, 64, |c| !c.is_whitespace() && !matches!(c, ',' | ';' | '"' | '»' | '<' | '\u{1}'));
    let end = draft.run_back(end, end - at, |c| matches!(c, '.' | '!' | '?' | ')' | ':'));
    let token = draft.slice(at..end);
    let digits = token.iter().filter(|c| c.is_ascii_digit()).count();
    if !(3..=63).contains(&token.len()) {
        return None;
    }
    let inner = &token[1..token.len() - 1];
    let has_sign =
        inner.iter().any(|c| !c.is_alphanumeric() && !matches!(c, '-' | '\'' | '’' | '/'));
    let is_mixed = token.windows(2).any(|pair| pair[0].is_lowercase() && pair[1].is_uppercase());
    let (is_number, is_odd) = (digits == token.len(), digits > 0 || has_sign || is_mixed);
    if !is_odd {
        return None;
    }
    let mut kinds = (false, false);
    let mut place = at;
    for _ in 0..4 {
        let word = word_before(draft, place)?;
        let is_kind = is_one_of(draft, &word, CODE_KINDS);
        let is_code = is_one_of(draft, &word, CODE_WORDS);
        kinds = (kinds.0 || is_kind, kinds.1 || is_code);
        let is_short = is_number && digits <= 8;
        if is_short && (is_one_of(draft, &word, CODES) || digits >= 4 && kinds == (true, true)) {
            return Some(end);
        }
        if is_one_of(draft, &word, PASSWORDS) && token.len() >= 4 && (!is_number || digits >= 4) {
            return Some(end);
        }
        if !is_kind && !is_code && !is_one_of(draft, &word, BETWEEN) {
            return None;
        }
        place = word.start;
    }
    None
}
