//! The fonts: which glyph a character has, how wide texts are, and where lines break.

use super::{PdfError, Weight};
use krilla::text::{Font, GlyphId, KrillaGlyph};
use skrifa::charmap::Charmap;
use skrifa::instance::{LocationRef, Size};
use skrifa::metrics::GlyphMetrics;
use skrifa::{FontRef, MetadataProvider};

static REGULAR: &[u8] = include_bytes!("fonts/DejaVuSansCondensed.ttf");
static BOLD: &[u8] = include_bytes!("fonts/DejaVuSansCondensed-Bold.ttf");

/// Stands for a character that the font lacks.
const UNKNOWN: char = '\u{fffd}';

pub(super) struct Fonts {
    regular: Face,
    bold: Face,
}

struct Face {
    font: Font,
    characters: Charmap<'static>,
    metrics: GlyphMetrics<'static>,
}

impl Face {
    fn load(name: &'static str, bytes: &'static [u8]) -> Result<Self, PdfError> {
        let font = Font::new(bytes.into(), 0).ok_or(PdfError::Font(name))?;
        let read = FontRef::new(bytes).map_err(|_| PdfError::Font(name))?;
        let metrics = read.glyph_metrics(Size::new(1.0), LocationRef::default());
        Ok(Self { font, characters: read.charmap(), metrics })
    }

    /// The width of a character at size 1.
    fn advance(&self, character: char) -> f32 {
        let glyph = self.characters.map(character);
        glyph.and_then(|glyph| self.metrics.advance_width(glyph)).unwrap_or_default()
    }
}

impl Fonts {
    pub(super) fn load() -> Result<Self, PdfError> {
        let regular = Face::load("DejaVuSansCondensed", REGULAR)?;
        Ok(Self { regular, bold: Face::load("DejaVuSansCondensed-Bold", BOLD)? })
    }

    fn face(&self, weight: Weight) -> &Face {
        match weight {
            Weight::Regular => &self.regular,
            Weight::Bold => &self.bold,
        }
    }

    pub(super) fn font(&self, weight: Weight) -> Font {
        self.face(weight).font.clone()
    }

    /// A text that the fonts can show: control characters are spaces, invisible marks are left out.
    pub(super) fn clean(&self, text: &str) -> String {
        let known = |c: char| self.regular.characters.map(c).is_some();
        let shown = text.chars().filter(|c| !is_invisible(*c)).map(|c| match c {
            '\u{a0}' => c,
            c if c.is_whitespace() || c.is_control() => ' ',
            c if known(c) => c,
            _ => UNKNOWN,
        });
        shown.collect()
    }

    /// How wide a clean text is.
    pub(super) fn width(&self, text: &str, size: f32, weight: Weight) -> f32 {
        let face = self.face(weight);
        text.chars().map(|character| face.advance(character)).sum::<f32>() * size
    }

    pub(super) fn glyphs(&self, text: &str, weight: Weight) -> Vec<KrillaGlyph> {
        let face = self.face(weight);
        let glyph = |(start, character): (usize, char)| {
            let id = face.characters.map(character).map_or(0, |glyph| glyph.to_u32());
            let range = start..start + character.len_utf8();
            KrillaGlyph::new(GlyphId::new(id), face.advance(character), 0.0, 0.0, 0.0, range, None)
        };
        text.char_indices().map(glyph).collect()
    }

    /// A text as lines of at most this width. They break at spaces, which stay at their ends, and within a word only where it is
    /// wider than a line. There is at least one line.
    pub(super) fn wrap(&self, text: &str, size: f32, weight: Weight, width: f32) -> Vec<String> {
        let text = self.clean(text);
        let fits = |line: &str| self.width(line.trim_end_matches(' '), size, weight) <= width;
        let mut lines = Vec::new();
        let mut line = String::new();
        for word in text.split_inclusive(' ') {
            if line.is_empty() || fits(&format!("{line}{word}")) {
                line.push_str(word);
            } else {
                lines.push(std::mem::replace(&mut line, word.to_owned()));
            }
            while !fits(&line) {
                let rest = line.split_off(self.fitting(&line, size, weight, width));
                lines.push(std::mem::replace(&mut line, rest));
            }
        }
        if !line.is_empty() || lines.is_empty() {
            lines.push(line);
        }
        lines
    }

    /// How many bytes of a text fit a width; one character always does.
    fn fitting(&self, text: &str, size: f32, weight: Weight, width: f32) -> usize {
        let face = self.face(weight);
        let mut used = 0.0;
        for (at, character) in text.char_indices() {
            used += face.advance(character) * size;
            if used > width && at > 0 {
                return at;
            }
        }
        text.len()
    }

    /// The widest word of a text.
    pub(super) fn widest_word(&self, text: &str, size: f32, weight: Weight) -> f32 {
        let text = self.clean(text);
        text.split(' ').map(|word| self.width(word, size, weight)).fold(0.0, f32::max)
    }

    /// A text that is no wider than this, with … where it was cut.
    pub(super) fn cut(&self, text: &str, size: f32, weight: Weight, width: f32) -> String {
        let text = self.clean(text);
        if self.width(&text, size, weight) <= width {
            return text;
        }
        let room = width - self.width("…", size, weight);
        let kept = self.fitting(&text, size, weight, room);
        format!("{}…", text[..kept].trim_end())
    }
}

/// Marks of direction and joining, which would only hide what stands there.
fn is_invisible(character: char) -> bool {
    matches!(character, '\u{ad}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}')
}
