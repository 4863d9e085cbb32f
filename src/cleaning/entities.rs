//! Character references of HTML: `&amp;`, `&#39;`, `&#x1F642;`.

/// Longest reference that is looked for, in bytes.
const LONGEST: usize = 12;

/// The named references that mails use, with what they stand for.
const NAMED: &[(&str, char)] = &[
    ("amp", '&'),
    ("lt", '<'),
    ("gt", '>'),
    ("quot", '"'),
    ("apos", '\''),
    ("nbsp", '\u{A0}'),
    ("laquo", '«'),
    ("raquo", '»'),
    ("mdash", '—'),
    ("ndash", '–'),
    ("hellip", '…'),
    ("copy", '©'),
    ("reg", '®'),
    ("trade", '™'),
    ("euro", '€'),
    ("pound", '£'),
    ("cent", '¢'),
    ("yen", '¥'),
    ("bull", '•'),
    ("middot", '·'),
    ("lsquo", '‘'),
    ("rsquo", '’'),
    ("ldquo", '“'),
    ("rdquo", '”'),
    ("bdquo", '„'),
    ("sbquo", '‚'),
    ("prime", '′'),
    ("zwnj", '\u{200C}'),
    ("zwj", '\u{200D}'),
    ("lrm", '\u{200E}'),
    ("rlm", '\u{200F}'),
    ("shy", '\u{AD}'),
    ("ensp", '\u{2002}'),
    ("emsp", '\u{2003}'),
    ("thinsp", '\u{2009}'),
    ("times", '×'),
    ("divide", '÷'),
    ("plusmn", '±'),
    ("deg", '°'),
    ("sect", '§'),
    ("para", '¶'),
    ("minus", '−'),
    ("frac12", '½'),
    ("frac14", '¼'),
    ("rarr", '→'),
    ("larr", '←'),
    ("auml", 'ä'),
    ("ouml", 'ö'),
    ("uuml", 'ü'),
    ("Auml", 'Ä'),
    ("Ouml", 'Ö'),
    ("Uuml", 'Ü'),
    ("szlig", 'ß'),
    ("eacute", 'é'),
    ("egrave", 'è'),
    ("aacute", 'á'),
    ("oacute", 'ó'),
    ("ccedil", 'ç'),
    ("ntilde", 'ñ'),
    ("numero", '№'),
];

/// What the reference at the beginning of a text stands for, and its length in bytes; `None` where there is none that is
/// known. A control character is given as a blank.
pub(super) fn decode(text: &str) -> Option<(char, usize)> {
    let body = text.strip_prefix('&')?;
    let end = body.bytes().take(LONGEST).position(|byte| byte == b';')?;
    let reference = &body[..end];
    let decoded = match reference.strip_prefix('#') {
        Some(number) => {
            let code = match number.strip_prefix(['x', 'X']) {
                Some(digits) => u32::from_str_radix(digits, 16),
                None => number.parse(),
            };
            char::from_u32(code.ok()?)?
        }
        None => NAMED.iter().find(|(name, _)| *name == reference)?.1,
    };
    let is_shown = !decoded.is_control() || matches!(decoded, '\t' | '\n' | '\r');
    Some((if is_shown { decoded } else { ' ' }, end + 2))
}

#[cfg(test)]
mod tests {
    use super::decode;

    #[test]
    fn references_are_decoded_by_name_and_number() {
        assert_eq!(decode("&amp;lt;"), Some(('&', 5)));
        assert_eq!(decode("&#1078; x"), Some(('ж', 7)));
        assert_eq!(decode("&#x1F642;"), Some(('🙂', 9)));
        assert_eq!(decode("&#0;"), Some((' ', 4)));
        for text in ["&", "& ;", "&unknown;", "&#xD800;", "&#99999999;", "&жжжжжжжжжж;", "amp;"]
        {
            assert_eq!(decode(text), None, "{text}");
        }
    }
}
