//! How somebody likes the pages: [`Language`] and [`Theme`].

/// A language that the pages are written in.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Language {
    /// English.
    #[default]
    En,
    /// Russian.
    Ru,
    /// Belarusian.
    Be,
}

/// Light or dark pages.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub enum Theme {
    /// As the browser asks for.
    #[default]
    System,
    /// Always light.
    Light,
    /// Always dark.
    Dark,
}

impl Language {
    /// Every language.
    pub const ALL: [Self; 3] = [Self::En, Self::Ru, Self::Be];

    /// The ISO 639-1 code.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::En => "en",
            Self::Ru => "ru",
            Self::Be => "be",
        }
    }

    /// Its name, in itself.
    #[must_use]
    pub fn own_name(self) -> &'static str {
        match self {
            Self::En => "English",
            Self::Ru => "Русский",
            Self::Be => "Беларуская",
        }
    }

    /// The language of a tag such as `ru` or `be-BY`, if there are pages in it.
    #[must_use]
    pub fn from_tag(tag: &str) -> Option<Self> {
        let code = tag.split(['-', '_']).next().unwrap_or_default().trim();
        Self::ALL.into_iter().find(|language| language.code().eq_ignore_ascii_case(code))
    }

    /// The language that a header `Accept-Language` likes best among those there are (RFC 9110, 12.5.4). Of languages liked
    /// equally, the first.
    #[must_use]
    pub fn negotiate(header: &str) -> Option<Self> {
        let mut best: Option<(Self, f32)> = None;
        for part in header.split(',') {
            let (tag, parameters) = part.split_once(';').unwrap_or((part, ""));
            let quality = match parameters.trim().strip_prefix("q=") {
                Some(text) => text.trim().parse().unwrap_or(0.0),
                None => 1.0,
            };
            if let Some(language) = Self::from_tag(tag.trim())
                && quality > best.map_or(0.0, |(_, quality)| quality)
            {
                best = Some((language, quality));
            }
        }
        best.map(|(language, _)| language)
    }
}

impl Theme {
    /// Every theme.
    pub const ALL: [Self; 3] = [Self::System, Self::Light, Self::Dark];

    /// The word under which it is stored and named in pages.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::System => "system",
            Self::Light => "light",
            Self::Dark => "dark",
        }
    }

    /// The theme of a word.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|theme| theme.as_str() == word)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_browser_gets_the_language_it_likes_best() {
        for (header, expected) in [
            ("ru-RU,ru;q=0.9,en;q=0.8", Some(Language::Ru)),
            ("de, be;q=0.5, en;q=0.4", Some(Language::Be)),
            ("en;q=0.1, ru;q=0.7", Some(Language::Ru)),
            ("EN-gb", Some(Language::En)),
            ("ru;q=0, en;q=0.1", Some(Language::En)),
            ("ru;q=x", None),
            ("de, fr", None),
            ("", None),
        ] {
            assert_eq!(Language::negotiate(header), expected, "{header}");
        }
    }
}
