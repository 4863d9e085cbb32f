//! Model cards: the figures of a run as Markdown for people.

use std::fmt::Write as _;

/// A model card in the making: a title and sections.
#[derive(Debug)]
pub struct Card {
    text: String,
}

impl Card {
    /// Begins a card.
    #[must_use]
    pub fn new(title: &str) -> Self {
        Self { text: format!("# {title}\n") }
    }

    /// Adds a section.
    #[must_use]
    pub fn section(mut self, heading: &str, body: &str) -> Self {
        // Writing to a string cannot fail.
        let _ = write!(self.text, "\n## {heading}\n\n{}\n", body.trim_end());
        self
    }

    /// The Markdown.
    #[must_use]
    pub fn finish(self) -> String {
        self.text
    }
}

/// A Markdown table whose columns are padded, so that it also reads well on a terminal.
#[must_use]
pub fn markdown_table(heads: &[&str], rows: &[Vec<String>]) -> String {
    let heads: Vec<String> = heads.iter().map(|head| (*head).to_owned()).collect();
    let width = |column: usize| {
        let cells = rows.iter().chain([&heads]).filter_map(|row| row.get(column));
        cells.map(|cell| cell.chars().count()).max().unwrap_or(0)
    };
    let widths: Vec<usize> = (0..heads.len()).map(width).collect();
    let line = |cells: &[String]| {
        let padded = cells.iter().zip(&widths).enumerate().map(|(column, (cell, width))| {
            if column == 0 { format!("{cell:<width$}") } else { format!("{cell:>width$}") }
        });
        format!("| {} |\n", padded.collect::<Vec<_>>().join(" | "))
    };
    let rule: Vec<String> = widths
        .iter()
        .enumerate()
        .map(|(column, width)| {
            let dashes = "-".repeat((*width).max(2) - usize::from(column > 0));
            if column == 0 { dashes } else { format!("{dashes}:") }
        })
        .collect();
    let mut text = line(&heads) + &line(&rule);
    text.extend(rows.iter().map(|row| line(row)));
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_table_is_padded_by_characters_not_bytes() {
        let rows = vec![vec!["≤ 50".into(), "0.5".into()], vec!["b".into(), "12.25".into()]];
        assert_eq!(
            markdown_table(&["", "AUC"], &rows),
            "|      |   AUC |\n| ---- | ----: |\n| ≤ 50 |   0.5 |\n| b    | 12.25 |\n"
        );
    }
}
