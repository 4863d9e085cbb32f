//! Tables on paper.
//!
//! The two ends of an interval, which stand in columns of their own on the page, share one: paper is narrow.

use super::{Cell, Column, Data, Place, Table};
use crate::dashboard::Frame;
use crate::pdf::{ColumnBlock, TableBlock};

impl Table {
    /// The table as part of a PDF file, with all of its rows.
    #[must_use]
    pub fn printed(&self, frame: &Frame) -> TableBlock {
        let ends = [frame.say("interval-low"), frame.say("interval-high")].map(String::from);
        let shown: Vec<usize> =
            (0..self.columns.len()).filter(|at| self.columns[*at].is_printed()).collect();
        let mut groups: Vec<Vec<usize>> = Vec::new();
        for at in shown {
            let title = |at: usize| &self.columns[at].title;
            match groups.last_mut().map(Vec::as_mut_slice) {
                Some([low]) if *title(*low) == ends[0] && *title(at) == ends[1] => {
                    let low = *low;
                    groups.pop();
                    groups.push(vec![low, at]);
                }
                _ => groups.push(vec![at]),
            }
        }
        let column = |group: &Vec<usize>| match group.as_slice() {
            [_, _] => ColumnBlock { title: frame.say("chart-interval").into(), is_number: true },
            _ => self.columns[group[0]].printed(),
        };
        let columns = groups.iter().map(column).collect();
        let cell = |row: &Vec<Cell>, group: &Vec<usize>| match group.as_slice() {
            [low, high] if row[*high].data != Data::Nothing => {
                // Breaks, where it has to, after the dash only.
                let ends = [low, high].map(|end| row[*end].text.replace(' ', "\u{a0}"));
                format!("{}\u{a0}– {}", ends[0], ends[1])
            }
            _ => row[group[0]].text.clone(),
        };
        let rows =
            self.rows.iter().map(|row| groups.iter().map(|group| cell(row, group)).collect());
        TableBlock { caption: self.caption.clone(), columns, rows: rows.collect() }
    }
}

impl Table {
    /// Name and figure, such as `test.brier 0.1234`, of the rows whose name is asked for.
    #[must_use]
    pub fn matching(&self, is_asked: impl Fn(&str) -> bool) -> Vec<String> {
        let told = self.rows.iter().filter_map(|row| match row.as_slice() {
            [name, figure, ..] if is_asked(&name.text) => {
                Some(format!("{} {}", name.text, figure.text))
            }
            _ => None,
        });
        told.collect()
    }
}

impl Column {
    /// Pictures are not printed, nor is what stands in files only.
    fn is_printed(&self) -> bool {
        self.place == Place::Both
    }

    fn printed(&self) -> ColumnBlock {
        ColumnBlock { title: self.title.clone(), is_number: self.class == "number" }
    }
}
