//! What evaluations of both sorts of models consist of: the data, reliability, and slices.

use super::bootstrap::{Bootstrap, Estimate};
use super::measures::Measure;
use crate::faults::Faults;
use crate::metrics::{CALIBRATION_BINS, bin};
use crate::table::{Head, TableStream};
use recontact::registry::artifact::{DataFile, sha256_file};
use recontact::statistics::{CONFIDENCE, Interval, Proportion};
use serde::Serialize;
use std::collections::{BTreeMap, HashMap};
use std::path::Path;

/// Most values of a column that are told; the rarer ones are counted.
const MOST_VALUES: usize = 20;

/// The file that was measured on.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct DataSeen {
    /// Its name without the folder.
    pub file: String,
    /// SHA-256, hexadecimal.
    pub sha256: String,
    /// Data rows.
    pub rows: usize,
    /// Whether the model was trained on this very file.
    pub was_trained_on: bool,
}

impl DataSeen {
    /// Looks at a file, and for it among the training files of a model.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn of(path: &Path, rows: usize, training: &[DataFile]) -> anyhow::Result<Self> {
        let sha256 = sha256_file(path)?;
        let was_trained_on =
            training.iter().any(|file| file.role != "test" && file.sha256 == sha256);
        let file = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        Ok(Self { file, sha256, rows, was_trained_on })
    }
}

/// How intervals were drawn.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Drawn {
    /// `rows` or `customers`.
    pub over: &'static str,
    /// How many of them there are.
    pub units: usize,
    /// Draws.
    pub draws: usize,
    /// Their seed.
    pub seed: u64,
    /// The share of draws that an interval holds.
    pub confidence: f64,
    /// The intervals by figure.
    #[serde(flatten)]
    pub of: BTreeMap<&'static str, Interval>,
}

impl Drawn {
    /// Intervals of estimates in the order of their measures.
    #[must_use]
    pub fn new(
        over: &'static str,
        units: usize,
        bootstrap: Bootstrap,
        measures: &[Measure],
        estimates: &[Option<Estimate>],
    ) -> Self {
        let told = measures.iter().zip(estimates).filter_map(|(measure, estimate)| {
            let estimate = estimate.as_ref()?.within(0.0, measure.largest);
            Some((measure.name, estimate.interval?))
        });
        let (draws, seed) = (bootstrap.draws, bootstrap.seed);
        Self { over, units, draws, seed, confidence: CONFIDENCE, of: told.collect() }
    }
}

/// One of 15 bins `(low, high]` of the stated probability.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ReliabilityBin {
    /// Lower edge, not in the bin unless it is 0.
    pub low: f64,
    /// Upper edge, in the bin.
    pub high: f64,
    /// Rows in it.
    pub rows: usize,
    /// Mean stated probability; none without rows.
    pub stated: Option<f64>,
    /// Share that was right, or came back; none without rows.
    pub observed: Option<f64>,
    /// Wilson's 95 % interval of `observed`.
    pub interval: Option<Interval>,
}

/// What was stated against what came, in 15 bins.
#[must_use]
pub fn reliability(probability: &[f64], came: &[bool]) -> Vec<ReliabilityBin> {
    let mut bins = vec![(0.0, Proportion::default()); CALIBRATION_BINS];
    for (probability, came) in probability.iter().zip(came) {
        let (sum, counted) = &mut bins[bin(*probability)];
        *sum += probability;
        counted.trials += 1;
        counted.count += u64::from(*came);
    }
    let width = 1.0 / number(CALIBRATION_BINS);
    let numbered = bins.into_iter().enumerate();
    numbered
        .map(|(at, (sum, counted))| {
            let rows = usize::try_from(counted.trials).unwrap_or(usize::MAX);
            ReliabilityBin {
                low: number(at) * width,
                high: number(at + 1) * width,
                rows,
                stated: (rows > 0).then(|| sum / number(rows)),
                observed: counted.rate(),
                interval: counted.wilson(CONFIDENCE),
            }
        })
        .collect()
}

/// A column by which rows are told apart. Of each value there is one copy, and a number in each row.
#[derive(Debug, Clone, Default)]
pub struct SliceColumn {
    /// Its name.
    pub name: String,
    /// The values; none for empty cells.
    values: Vec<Option<String>>,
    known: HashMap<String, u32>,
    empty: Option<u32>,
    of_row: Vec<u32>,
}

/// The rows of one value of a column.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Group {
    /// The value; none for empty cells.
    pub value: Option<String>,
    /// Positions of the measured rows that have it.
    pub rows: Vec<usize>,
}

impl SliceColumn {
    /// A column without rows.
    #[must_use]
    pub fn new(name: impl Into<String>) -> Self {
        Self { name: name.into(), ..Self::default() }
    }

    /// A column of these rows.
    #[must_use]
    pub fn of<'v>(name: &str, rows: impl Iterator<Item = Option<&'v str>>) -> Self {
        let mut column = Self::new(name);
        rows.for_each(|value| column.push(value));
        column
    }

    /// Adds a row; none where its cell is empty.
    pub fn push(&mut self, value: Option<&str>) {
        let next = u32::try_from(self.values.len()).unwrap_or(u32::MAX);
        let known = match value {
            Some(value) => self.known.get(value).copied(),
            None => self.empty,
        };
        self.of_row.push(known.unwrap_or(next));
        if known.is_some() {
            return;
        }
        self.values.push(value.map(str::to_owned));
        match value {
            Some(value) => drop(self.known.insert(value.to_owned(), next)),
            None => self.empty = Some(next),
        }
    }

    /// The same column of some of the rows.
    #[must_use]
    pub fn pick(&self, rows: &[usize]) -> Self {
        let of_row = rows.iter().map(|row| self.of_row[*row]).collect();
        Self { of_row, ..self.clone() }
    }

    /// The rows by value, the most frequent first, and how many rarer values are left out.
    #[must_use]
    pub fn groups(&self) -> (Vec<Group>, usize) {
        let mut rows: Vec<Vec<usize>> = vec![Vec::new(); self.values.len()];
        for (row, value) in self.of_row.iter().enumerate() {
            rows[*value as usize].push(row);
        }
        let mut groups: Vec<Group> = self
            .values
            .iter()
            .zip(rows)
            .filter(|(_, rows)| !rows.is_empty())
            .map(|(value, rows)| Group { value: value.clone(), rows })
            .collect();
        groups.sort_by(|a, b| (b.rows.len().cmp(&a.rows.len())).then(a.value.cmp(&b.value)));
        let further = groups.len().saturating_sub(MOST_VALUES);
        groups.truncate(MOST_VALUES);
        (groups, further)
    }
}

/// Names and places of the columns asked for, of the channel and of the language where the file has them. A language column
/// of the file goes before the language that is told from the text.
///
/// # Errors
/// [`crate::failure::BadInput`] when a column that was asked for is not there.
pub fn slice_places(head: &Head, asked: &[String]) -> anyhow::Result<(Vec<String>, Vec<usize>)> {
    let mut names: Vec<&str> = vec!["language", "channel"];
    names.retain(|name| head.find(name).is_some());
    for name in asked {
        head.column(name)?;
        if !names.contains(&name.as_str()) {
            names.push(name);
        }
    }
    let columns = names.into_iter().filter_map(|name| Some((name.to_owned(), head.find(name)?)));
    Ok(columns.unzip())
}

/// The same columns with the values of all rows of a file.
///
/// # Errors
/// As [`slice_places`], and when the file cannot be read.
pub fn slice_columns(data: &Path, asked: &[String]) -> anyhow::Result<Vec<SliceColumn>> {
    let mut table = TableStream::open(data)?;
    let (names, places) = slice_places(table.head(), asked)?;
    let mut columns: Vec<SliceColumn> = names.into_iter().map(SliceColumn::new).collect();
    if columns.is_empty() {
        return Ok(columns);
    }
    let mut faults = Faults::default();
    while let Some(row) = table.next(&mut faults)? {
        for (column, place) in columns.iter_mut().zip(&places) {
            column.push(row.cell(*place));
        }
    }
    table.finish(faults)?;
    Ok(columns)
}

/// A count as a number.
#[must_use]
#[expect(clippy::cast_precision_loss, reason = "row counts fit into 53 bits")]
pub fn number(count: usize) -> f64 {
    count as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_probability_on_an_edge_belongs_to_the_bin_below() {
        let bins = reliability(&[1.0 / 15.0, 1.0 / 15.0 + 1e-9, 0.0], &[true, false, false]);
        assert_eq!((bins.len(), bins[0].rows, bins[1].rows), (15, 2, 1));
        assert_eq!(bins[0].observed, Some(0.5));
        assert_eq!((bins[14].rows, bins[14].observed), (0, None));
    }

    #[test]
    fn the_most_frequent_values_are_told_and_the_others_counted() {
        let values = (0..50).map(|row| Some(format!("v{}", row % 25))).chain([None, None, None]);
        let values: Vec<Option<String>> = values.collect();
        let column = SliceColumn::of("team", values.iter().map(Option::as_deref));
        let (groups, further) = column.groups();
        assert_eq!((groups.len(), further), (20, 6));
        assert_eq!((&groups[0].value, groups[0].rows.len()), (&None, 3));
        let (picked, further) = column.pick(&[0, 25, 50, 51]).groups();
        assert_eq!((picked.len(), further), (2, 0));
        assert_eq!((picked[1].value.as_deref(), &picked[1].rows), (Some("v0"), &vec![0, 1]));
    }
}
