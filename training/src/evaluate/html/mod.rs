//! One HTML file for people: no script, no request to another host, readable in light and dark, in English or Russian.

pub mod chart;
pub mod texts;
pub mod tickets;

pub(crate) mod shared;

use crate::{bad_input, whole_file};
use std::fmt::Write as _;
use std::path::Path;

/// The language of a page.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, clap::ValueEnum)]
pub enum ReportLanguage {
    /// English.
    #[default]
    En,
    /// Russian.
    Ru,
}

impl ReportLanguage {
    /// The text in this language.
    #[must_use]
    pub fn pick<'t>(self, en: &'t str, ru: &'t str) -> &'t str {
        match self {
            Self::En => en,
            Self::Ru => ru,
        }
    }

    fn code(self) -> &'static str {
        match self {
            Self::En => "en",
            Self::Ru => "ru",
        }
    }

    /// A number with this many decimals, with the decimal sign of the language.
    #[must_use]
    pub fn number(self, value: f64, decimals: usize) -> String {
        let text = format!("{value:.decimals$}");
        match self {
            Self::En => text,
            Self::Ru => text.replace('.', ","),
        }
    }

    /// A share in percent with one decimal.
    #[must_use]
    pub fn percent(self, share: f64) -> String {
        format!("{} %", self.number(100.0 * share, 1))
    }
}

/// A page in the making.
#[derive(Debug)]
pub struct Page {
    language: ReportLanguage,
    title: String,
    body: String,
}

impl Page {
    /// Begins a page with its title and a line below it.
    #[must_use]
    pub fn new(language: ReportLanguage, title: &str, below: &str) -> Self {
        let body = format!(
            "<header><h1>{}</h1><p class=\"below\">{}</p></header>\n",
            escape(title),
            escape(below)
        );
        Self { language, title: title.to_owned(), body }
    }

    /// Adds a sentence that must be seen.
    pub fn notice(&mut self, text: &str) {
        // Writing to a string cannot fail.
        let _ = writeln!(self.body, "<p class=\"notice\">{}</p>", escape(text));
    }

    /// Adds a section; `content` is HTML.
    pub fn section(&mut self, heading: &str, explained: &str, content: &str) {
        let _ = writeln!(
            self.body,
            "<section><h2>{}</h2>\n<p>{}</p>\n{content}</section>",
            escape(heading),
            escape(explained)
        );
    }

    /// The file's content.
    #[must_use]
    pub fn finish(self) -> String {
        format!(
            "<!DOCTYPE html>\n<html lang=\"{}\">\n<head>\n<meta charset=\"utf-8\">\n\
             <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
             <meta name=\"color-scheme\" content=\"light dark\">\n<title>{}</title>\n<style>\n{STYLE}</style>\n</head>\n\
             <body>\n<main>\n{}</main>\n</body>\n</html>\n",
            self.language.code(),
            escape(&self.title),
            self.body
        )
    }

    /// Writes the file.
    ///
    /// # Errors
    /// [`crate::failure::BadInput`] when it cannot be written.
    pub fn write(self, path: &Path) -> anyhow::Result<()> {
        whole_file::replace(path, self.finish().as_bytes()).map_err(|error| {
            bad_input!("--html: {}: cannot be written: {}", path.display(), error.root_cause())
        })
    }
}

const STYLE: &str = include_str!("page.css");

/// A cell of a table.
#[derive(Debug, Clone)]
pub struct Cell {
    text: String,
    class: &'static str,
}

/// A cell of words.
#[must_use]
pub fn words(text: &str) -> Cell {
    Cell { text: escape(text), class: "words" }
}

/// A cell with a text of some length.
#[must_use]
pub fn passage(text: &str) -> Cell {
    Cell { text: escape(text), class: "words passage" }
}

/// A cell with a number.
#[must_use]
pub fn figure(text: String) -> Cell {
    Cell { text: escaped(text), class: "figure" }
}

/// A cell with a number that is to be looked at, such as one off the diagonal; `depth` from 0 to 1.
#[must_use]
pub fn shaded(text: String, depth: f64, is_good: bool) -> Cell {
    let step = if depth <= 0.0 {
        0
    } else if depth < 0.1 {
        1
    } else if depth < 0.4 {
        2
    } else {
        3
    };
    let class = match (step, is_good) {
        (0, _) => "figure",
        (1, true) => "figure good1",
        (2, true) => "figure good2",
        (_, true) => "figure good3",
        (1, false) => "figure bad1",
        (2, false) => "figure bad2",
        (_, false) => "figure bad3",
    };
    Cell { text: escaped(text), class }
}

/// A table with a line of heads.
#[must_use]
pub fn table(caption: &str, heads: &[&str], rows: &[Vec<Cell>]) -> String {
    let mut html = String::from("<div class=\"wide\"><table>\n");
    if !caption.is_empty() {
        let _ = writeln!(html, "<caption>{}</caption>", escape(caption));
    }
    html.push_str("<thead><tr>");
    for (at, head) in heads.iter().enumerate() {
        let class = match rows.first().and_then(|row| row.get(at)) {
            Some(cell) if cell.class.starts_with("words") => "words",
            _ => "figure",
        };
        let _ = write!(html, "<th scope=\"col\" class=\"{class}\">{}</th>", escape(head));
    }
    html.push_str("</tr></thead>\n<tbody>\n");
    for row in rows {
        html.push_str("<tr>");
        for cell in row {
            let _ = write!(html, "<td class=\"{}\">{}</td>", cell.class, cell.text);
        }
        html.push_str("</tr>\n");
    }
    html.push_str("</tbody></table></div>\n");
    html
}

/// A part that is folded until somebody opens it; the content is HTML.
#[must_use]
pub fn folded(summary: &str, content: &str) -> String {
    format!("<details><summary>{}</summary>\n{content}</details>\n", escape(summary))
}

/// A text with the characters that HTML gives a meaning written out.
#[must_use]
pub fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            other => escaped.push(other),
        }
    }
    escaped
}

/// The same of a text that mostly has none of them.
fn escaped(text: String) -> String {
    if text.contains(['&', '<', '>', '"', '\'']) { escape(&text) } else { text }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_asks_nobody_else_and_runs_nothing() {
        let mut page = Page::new(ReportLanguage::Ru, "<script>alert(1)</script>", "a & b");
        page.section("s", "e", &table("", &["h"], &[vec![words("<img src=x>")]]));
        let html = page.finish();
        assert!(html.contains("&lt;script&gt;") && !html.contains("<script"), "{html}");
        assert!(!html.contains("<img") && html.contains("lang=\"ru\""), "{html}");
        for foreign in ["http://", "https://", "url(", "@import", "<link"] {
            assert!(!html.contains(foreign), "{foreign} in {html}");
        }
    }

    #[test]
    fn numbers_have_the_decimal_sign_of_the_language() {
        assert_eq!(ReportLanguage::En.percent(0.1234), "12.3 %");
        assert_eq!(ReportLanguage::Ru.percent(0.1234), "12,3 %");
    }
}
