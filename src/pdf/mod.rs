//! [`Document`]: headings, paragraphs, tiles, tables and drawings, laid out on A4 and written as a PDF file.
//!
//! Texts are real text in an embedded font (DejaVu Sans Condensed, a subset of it with what the document uses), so they can be
//! searched and copied, in Latin, Greek and Cyrillic letters; what the font lacks is shown as U+FFFD. Drawings are vectors. Each
//! file says its language and title, has bookmarks, and tells its structure to screen readers as PDF/UA-1 asks; a document that
//! would not is an error. The same document gives the same file.

mod fonts;
mod layout;
mod shape;
mod table;
mod writer;

use crate::timestamp::Timestamp;

pub use shape::{Anchor, Color, Drawing, Shape, Weight};

/// Why there is no file.
#[derive(Debug, thiserror::Error)]
pub enum PdfError {
    /// A font that is compiled in cannot be read.
    #[error("the font {0} cannot be read")]
    Font(&'static str),
    /// The document breaks a rule of its format.
    #[error("the document could not be written: {0}")]
    Format(String),
}

/// What a file holds, from top to bottom.
#[derive(Debug, Clone)]
pub struct Document {
    /// Its title, for the window and for lists of files.
    pub title: String,
    /// Its language, as BCP 47 has it.
    pub language: &'static str,
    /// When it was made.
    pub created_at: Timestamp,
    /// What stands at the foot of every page, left of its number.
    pub footer: String,
    /// What it holds.
    pub blocks: Vec<Block>,
}

/// A part of a document.
#[derive(Debug, Clone)]
pub enum Block {
    /// A heading; 1 is the document's own.
    Heading(u8, String),
    /// Running text.
    Paragraph(String),
    /// Running text that explains.
    Hint(String),
    /// Running text that must not be overlooked.
    Notice(String),
    /// What something is, line by line: name and value.
    Facts(Vec<(String, String)>),
    /// Figures to be seen at a glance.
    Tiles(Vec<TileBlock>),
    /// Figures in rows.
    Table(TableBlock),
    /// A drawing.
    Figure(Figure),
}

/// A figure to be seen at a glance.
#[derive(Debug, Clone)]
#[expect(missing_docs, reason = "named after what they are")]
pub struct TileBlock {
    pub title: String,
    pub value: String,
    pub interval: Option<String>,
    pub explanation: String,
}

/// Rows of cells below named columns. The head is repeated on every page.
#[derive(Debug, Clone)]
pub struct TableBlock {
    /// What stands above it.
    pub caption: String,
    /// Its columns.
    pub columns: Vec<ColumnBlock>,
    /// Its rows: as many cells in each as there are columns.
    pub rows: Vec<Vec<String>>,
}

/// A column.
#[derive(Debug, Clone)]
pub struct ColumnBlock {
    /// Its heading.
    pub title: String,
    /// Whether it stands to the right, as numbers do.
    pub is_number: bool,
}

/// A drawing with what stands above and below it.
#[derive(Debug, Clone)]
pub struct Figure {
    /// What stands above it.
    pub title: String,
    /// What it shows, for those who do not see it.
    pub alternative: String,
    /// The drawing.
    pub drawing: Drawing,
    /// What its signs mean, each with an example of 28 to 12.
    pub keys: Vec<(Vec<Shape>, String)>,
}

impl Document {
    /// The document as a file. `page_words` says which page of how many it is.
    ///
    /// # Errors
    /// [`PdfError`].
    pub fn write(&self, page_words: impl Fn(usize, usize) -> String) -> Result<Vec<u8>, PdfError> {
        let fonts = fonts::Fonts::load()?;
        let mut laid_out = layout::Layout::new(&fonts);
        for (at, block) in self.blocks.iter().enumerate() {
            laid_out.add(block, self.blocks.get(at + 1));
        }
        laid_out.add_footers(&self.footer, page_words);
        writer::write(self, &fonts, &laid_out.finish())
    }
}

#[cfg(test)]
mod tests;
