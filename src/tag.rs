//! Tags that a helpdesk can act on: `category__card_arrival`, `recontact_risk__high`.

/// `name__value`, as helpdesks take tags: small letters, everything but letters and digits as one `_`.
#[must_use]
pub fn tag(name: &str, value: &str) -> String {
    let mut tag = format!("{name}__");
    for c in value.chars().flat_map(char::to_lowercase) {
        if c.is_alphanumeric() {
            tag.push(c);
        } else if !tag.ends_with('_') {
            tag.push('_');
        }
    }
    let kept = tag.trim_end_matches('_').len().max(name.len() + 2);
    tag.truncate(kept);
    tag
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tag_is_in_small_letters_without_blanks() {
        for (value, expected) in [
            ("Refund_not_showing_up", "category__refund_not_showing_up"),
            ("Карта / не пришла?", "category__карта_не_пришла"),
            ("high", "category__high"),
        ] {
            assert_eq!(tag("category", value), expected);
        }
    }
}
