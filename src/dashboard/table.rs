//! [`Table`]: the figures of a page once as data, and from it the table that is read, the CSV file and the XLSX file.
//!
//! A template shows a table as it is (`{{ table }}`), with a link to each file. [`Export`] says which file a request asks for: the same
//! address with `file=NAME.csv` or `file=NAME.xlsx` added. So a file is for whoever may see the page, has what the page has, and each
//! one is written into the audit.

mod file;
mod printed;

use super::chart::Bar;
use super::session::Viewer;
use super::{Frame, PageError};
use crate::timestamp::Timestamp;
use actix_web::dev::Payload;
use actix_web::{FromRequest, HttpRequest, HttpResponse, web};
use askama::Template;
use askama::filters::HtmlSafe;
use std::convert::Infallible;
use std::future::{Ready, ready};

pub use file::FileFormat;

/// Rows of cells below named columns.
#[derive(Debug, Clone, Template)]
#[template(path = "parts/table.html")]
pub struct Table {
    name: &'static str,
    caption: String,
    columns: Vec<Column>,
    rows: Vec<Vec<Cell>>,
    most_shown: usize,
    files: Vec<(&'static str, String)>,
}

impl HtmlSafe for Table {}

/// A column.
#[derive(Debug, Clone)]
pub struct Column {
    title: String,
    class: &'static str,
    place: Place,
    is_unseen: bool,
}

/// Where a column stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place {
    Both,
    Page,
    File,
}

/// What stands in a row below a column: what people read, and what it is.
#[derive(Debug, Clone)]
pub struct Cell {
    text: String,
    data: Data,
    href: Option<String>,
    explanation: Option<Explanation>,
    bar: Option<Bar>,
}

/// What a cell is in a file.
#[derive(Debug, Clone, PartialEq)]
enum Data {
    Nothing,
    Text,
    Number(f64, NumberFormat),
    /// Local milliseconds since 1970, and RFC 3339 in UTC.
    Instant(i64, String),
}

/// How a spreadsheet shows a number. The number itself is told whole.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NumberFormat {
    /// A whole number.
    Whole,
    /// With so many digits behind the point: one.
    OneDigit,
    /// Two of them.
    TwoDigits,
    /// Four of them.
    FourDigits,
    /// A share of 0 to 1 as a percentage.
    Percent,
}

/// What stands behind a cell, one click away.
#[derive(Debug, Clone)]
struct Explanation {
    summary: String,
    facts: Vec<Fact>,
}

/// A line of an explanation.
#[derive(Debug, Clone)]
pub struct Fact {
    /// What it is about.
    pub title: String,
    /// What is said.
    pub text: String,
    /// The language of the text, where it is not that of the page.
    pub lang: Option<&'static str>,
}

impl Column {
    /// A column of texts.
    #[must_use]
    pub fn text(title: impl Into<String>) -> Self {
        Self { title: title.into(), class: "", place: Place::Both, is_unseen: false }
    }

    /// A column of names that somebody chose, and that may be long.
    #[must_use]
    pub fn name(title: impl Into<String>) -> Self {
        Self { class: "name", ..Self::text(title) }
    }

    /// A column of numbers.
    #[must_use]
    pub fn number(title: impl Into<String>) -> Self {
        Self { class: "number", ..Self::text(title) }
    }

    /// A column of pictures, which files cannot have; its title is for those who hear the page.
    #[must_use]
    pub fn picture(title: impl Into<String>) -> Self {
        Self { place: Place::Page, is_unseen: true, ..Self::text(title) }
    }

    /// A column that stands in files only.
    #[must_use]
    pub fn in_file(self) -> Self {
        Self { place: Place::File, ..self }
    }
}

impl Cell {
    /// A text.
    #[must_use]
    pub fn text(text: impl Into<String>) -> Self {
        Self { text: text.into(), data: Data::Text, href: None, explanation: None, bar: None }
    }

    /// Nothing: a dash on the page, and empty in a file.
    #[must_use]
    pub fn nothing() -> Self {
        Self { data: Data::Nothing, ..Self::text("–") }
    }

    /// A number as people read it, and itself.
    #[must_use]
    pub fn number(value: f64, format: NumberFormat, shown: impl Into<String>) -> Self {
        Self { data: Data::Number(value, format), ..Self::text(shown) }
    }

    /// A count.
    #[must_use]
    #[expect(clippy::cast_precision_loss, reason = "counts of rows fit into 53 bits")]
    pub fn count(frame: &Frame, count: u64) -> Self {
        Self::number(count as f64, NumberFormat::Whole, frame.integer(count))
    }

    /// A difference of shares, in percentage points.
    #[must_use]
    pub fn points(frame: &Frame, difference: f64) -> Self {
        Self::number(100.0 * difference, NumberFormat::OneDigit, frame.points(difference))
    }

    /// A figure of a model: a whole number as it is, any other with four digits.
    #[must_use]
    pub fn metric(frame: &Frame, value: f64) -> Self {
        let (digits, format) = if value.fract() == 0.0 {
            (0, NumberFormat::Whole)
        } else {
            (4, NumberFormat::FourDigits)
        };
        Self::number(value, format, frame.decimal(value, digits))
    }

    /// An instant: date and time in the zone of the page.
    #[must_use]
    pub fn instant(frame: &Frame, instant: Timestamp) -> Self {
        let shown = frame.date_time(instant);
        Self {
            data: Data::Instant(frame.local_millis(instant), shown.instant),
            ..Self::text(shown.text)
        }
    }

    /// The day of an instant in the zone of the page; in a file with its time.
    #[must_use]
    pub fn day_of(frame: &Frame, instant: Timestamp) -> Self {
        Self { text: frame.date(instant).text, ..Self::instant(frame, instant) }
    }

    /// A bar.
    #[must_use]
    pub fn bar(bar: Bar) -> Self {
        Self { bar: Some(bar), ..Self::text("") }
    }

    /// The same that leads to an address of this service.
    #[must_use]
    pub fn linked(self, href: impl Into<String>) -> Self {
        Self { href: Some(href.into()), ..self }
    }

    /// The same with an explanation one click away.
    #[must_use]
    pub fn explained(self, summary: impl Into<String>, facts: Vec<Fact>) -> Self {
        Self { explanation: Some(Explanation { summary: summary.into(), facts }), ..self }
    }

    /// The number itself, for `<data>`.
    fn value(&self) -> Option<f64> {
        match self.data {
            Data::Number(value, _) => Some(value),
            _ => None,
        }
    }

    /// The instant, for `<time>`.
    fn instant_text(&self) -> Option<&str> {
        match &self.data {
            Data::Instant(_, text) => Some(text),
            _ => None,
        }
    }
}

impl Table {
    /// An empty table. `name`: unique in the page, of letters and `-`; its files are called so. The page has no links to them before
    /// [`Table::with_files`].
    #[must_use]
    pub fn new(name: &'static str, caption: impl Into<String>, columns: Vec<Column>) -> Self {
        let (rows, files) = (Vec::new(), Vec::new());
        Self { name, caption: caption.into(), columns, rows, most_shown: usize::MAX, files }
    }

    /// With rows: as many cells in each as there are columns.
    #[must_use]
    pub fn with_rows(self, rows: impl IntoIterator<Item = Vec<Cell>>) -> Self {
        Self { rows: rows.into_iter().collect(), ..self }
    }

    /// With no more rows on the page than these; files have all of them.
    #[must_use]
    pub fn showing_at_most(self, rows: usize) -> Self {
        Self { most_shown: rows, ..self }
    }

    /// With links to its files.
    #[must_use]
    pub fn with_files(self, export: &Export) -> Self {
        let link = |format: FileFormat| {
            (format.title(), format!("{}{}.{}", export.address, self.name, format.ending()))
        };
        Self { files: FileFormat::ALL.map(link).to_vec(), ..self }
    }

    /// How many rows it has.
    #[must_use]
    pub fn len(&self) -> usize {
        self.rows.len()
    }

    /// Whether it has none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    fn shown_columns(&self) -> impl Iterator<Item = &Column> {
        self.columns.iter().filter(|column| column.place != Place::File)
    }

    fn shown_rows(&self) -> impl Iterator<Item = Vec<(&Column, &Cell)>> {
        self.rows.iter().take(self.most_shown).map(move |cells| {
            let both = self.columns.iter().zip(cells);
            both.filter(|(column, _)| column.place != Place::File).collect()
        })
    }
}

/// Which file of a page is asked for, if any, and where its files are.
#[derive(Debug, Clone)]
pub struct Export {
    asked: Option<String>,
    address: String,
}

impl FromRequest for Export {
    type Error = Infallible;
    type Future = Ready<Result<Self, Infallible>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(Ok(Self::of(request.path(), request.query_string())))
    }
}

impl Export {
    fn of(path: &str, query: &str) -> Self {
        let (mut asked, mut rest) = (None, String::new());
        for part in query.split('&').filter(|part| !part.is_empty()) {
            match part.strip_prefix("file=") {
                Some(file) => asked = Some(file.to_owned()),
                None if part.starts_with("done=") => {}
                None => {
                    rest.push_str(part);
                    rest.push('&');
                }
            }
        }
        Self { asked, address: format!("{path}?{rest}file=") }
    }

    /// For what is no page of anybody: it asks for no file.
    #[must_use]
    pub fn nowhere() -> Self {
        Self { asked: None, address: String::new() }
    }

    /// Whether it asks for this file.
    #[must_use]
    pub fn is_for(&self, file: &str) -> bool {
        self.asked.as_deref() == Some(file)
    }

    /// The address of a file of the page.
    #[must_use]
    pub fn address_of(&self, file: &str) -> String {
        format!("{}{file}", self.address)
    }

    /// The file that is asked for, of these tables; `None` where it is the page.
    ///
    /// # Errors
    /// [`PageError::NotFound`] where there is no such file; otherwise as the store and the file format have them.
    pub async fn answer<'t>(
        &self,
        viewer: &Viewer,
        tables: impl IntoIterator<Item = &'t Table>,
    ) -> Result<Option<HttpResponse>, PageError> {
        let Some(asked) = &self.asked else { return Ok(None) };
        let named = asked.rsplit_once('.').and_then(|(name, ending)| {
            let table = tables.into_iter().find(|table| table.name == name)?;
            Some((table.clone(), FileFormat::of_ending(ending)?))
        });
        let Some((table, format)) = named else { return Err(viewer.hide().await) };
        viewer.note_export(asked).await?;
        let name = table.name;
        let zone = viewer.frame_named(name).zone();
        // A large table takes some time to be packed.
        let body = web::block(move || format.write(&table, &zone)).await;
        let body = match body {
            Ok(Ok(body)) => body,
            Ok(Err(error)) => return Err(failed(&error)),
            Err(error) => return Err(failed(&error)),
        };
        Ok(Some(super::error::attach(
            body,
            format.content_type(),
            &format!("{name}.{}", format.ending()),
        )))
    }
}

fn failed(error: &dyn std::error::Error) -> PageError {
    tracing::error!(%error, "a table could not be written");
    PageError::Internal
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_has_the_address_of_its_page_and_what_was_chosen_there() {
        let page = Export::of("/kpis", "from=2026-01-05&by=team&done=saved");
        assert_eq!(
            (page.asked, page.address.as_str()),
            (None, "/kpis?from=2026-01-05&by=team&file=")
        );
        let file = Export::of("/kpis", "by=team&file=measures.csv");
        assert_eq!(file.asked.as_deref(), Some("measures.csv"));
        assert_eq!(file.address, "/kpis?by=team&file=");
        assert_eq!(Export::of("/audit", "").address, "/audit?file=");
    }
}
