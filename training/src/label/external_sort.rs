//! [`ExternalSort`]: sorts more records than fit into memory, through sorted runs in temporary files.
//!
//! In memory are at most the records of one run while they are collected, and one record of each of at most
//! [`MOST_RUNS`] runs while they are merged, however many records there are.

use anyhow::Context;
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::cmp::{Ordering, Reverse};
use std::collections::BinaryHeap;
use std::fs::File;
use std::io::{BufRead, BufReader, BufWriter, Write};
use std::marker::PhantomData;
use std::path::{Path, PathBuf};

/// Runs of one level that are merged into one of the next.
const MOST_RUNS: usize = 64;

/// A record with its place in the order.
pub(super) trait Sorted: Serialize + DeserializeOwned {
    /// A total order, so that the result does not depend on how the records were cut into runs.
    fn order(&self, other: &Self) -> Ordering;
}

/// Collects records; see the module.
pub(super) struct ExternalSort<T> {
    folder: PathBuf,
    name: &'static str,
    run_rows: usize,
    buffer: Vec<T>,
    /// Runs by level; a run of level n + 1 is the merge of [`MOST_RUNS`] runs of level n.
    levels: Vec<Vec<PathBuf>>,
    files: usize,
}

/// Records in order, in files; can be read as often as wanted.
pub(super) struct SortedRecords<T> {
    runs: Vec<PathBuf>,
    records: PhantomData<T>,
}

/// One reading of [`SortedRecords`].
pub(super) struct Merge<T> {
    runs: Vec<Run<T>>,
    heap: BinaryHeap<Reverse<Head<T>>>,
}

impl<T: Sorted> ExternalSort<T> {
    /// A sort whose files go into `folder` under `name`, with at most `run_rows` records in memory.
    #[must_use]
    pub(super) fn new(folder: &Path, name: &'static str, run_rows: usize) -> Self {
        let folder = folder.to_owned();
        let run_rows = run_rows.max(1);
        Self { folder, name, run_rows, buffer: Vec::new(), levels: Vec::new(), files: 0 }
    }

    /// Adds a record.
    ///
    /// # Errors
    /// When a run cannot be written, such as on a full disk.
    pub(super) fn push(&mut self, record: T) -> anyhow::Result<()> {
        self.buffer.push(record);
        if self.buffer.len() < self.run_rows { Ok(()) } else { self.write_run() }
    }

    /// Ends the collecting.
    ///
    /// # Errors
    /// When a run cannot be written.
    pub(super) fn finish(mut self) -> anyhow::Result<SortedRecords<T>> {
        if !self.buffer.is_empty() {
            self.write_run()?;
        }
        self.buffer = Vec::new();
        let mut runs: Vec<PathBuf> =
            std::mem::take(&mut self.levels).into_iter().flatten().collect();
        while runs.len() > MOST_RUNS {
            let rest = runs.split_off(MOST_RUNS);
            let merged = self.merge(runs)?;
            runs = rest;
            runs.push(merged);
        }
        Ok(SortedRecords { runs, records: PhantomData })
    }

    fn write_run(&mut self) -> anyhow::Result<()> {
        self.buffer.sort_by(T::order);
        let path = self.next_path();
        let mut file = RunWriter::create(&path)?;
        for record in self.buffer.drain(..) {
            file.write(&record)?;
        }
        file.finish()?;
        self.add(path, 0)
    }

    fn add(&mut self, run: PathBuf, level: usize) -> anyhow::Result<()> {
        if self.levels.len() <= level {
            self.levels.push(Vec::new());
        }
        self.levels[level].push(run);
        if self.levels[level].len() < MOST_RUNS {
            return Ok(());
        }
        let full = std::mem::take(&mut self.levels[level]);
        let merged = self.merge(full)?;
        self.add(merged, level + 1)
    }

    fn merge(&mut self, runs: Vec<PathBuf>) -> anyhow::Result<PathBuf> {
        let path = self.next_path();
        let mut file = RunWriter::create(&path)?;
        let sorted = SortedRecords::<T> { runs, records: PhantomData };
        let mut merge = sorted.read()?;
        while let Some(record) = merge.next()? {
            file.write(&record)?;
        }
        file.finish()?;
        sorted.remove()?;
        Ok(path)
    }

    fn next_path(&mut self) -> PathBuf {
        self.files += 1;
        self.folder.join(format!("{}-{}", self.name, self.files))
    }
}

impl<T: Sorted> SortedRecords<T> {
    /// Begins to read the records in order.
    ///
    /// # Errors
    /// When a file cannot be read.
    pub(super) fn read(&self) -> anyhow::Result<Merge<T>> {
        let mut merge = Merge { runs: Vec::new(), heap: BinaryHeap::new() };
        for (index, path) in self.runs.iter().enumerate() {
            let mut run = Run::open(path)?;
            if let Some(record) = run.next()? {
                merge.heap.push(Reverse(Head { record, run: index }));
            }
            merge.runs.push(run);
        }
        Ok(merge)
    }

    /// Removes the files.
    ///
    /// # Errors
    /// When one cannot be removed.
    pub(super) fn remove(self) -> anyhow::Result<()> {
        self.runs.iter().try_for_each(|run| {
            std::fs::remove_file(run).with_context(|| format!("removing {}", run.display()))
        })
    }
}

impl<T: Sorted> Merge<T> {
    /// The next record.
    ///
    /// # Errors
    /// When a file cannot be read on.
    pub(super) fn next(&mut self) -> anyhow::Result<Option<T>> {
        let Some(Reverse(Head { record, run })) = self.heap.pop() else { return Ok(None) };
        if let Some(following) = self.runs[run].next()? {
            self.heap.push(Reverse(Head { record: following, run }));
        }
        Ok(Some(record))
    }

    /// The next record, which stays the next one.
    #[must_use]
    pub(super) fn peek(&self) -> Option<&T> {
        self.heap.peek().map(|Reverse(head)| &head.record)
    }
}

/// The first record of a run that was not given out yet.
struct Head<T> {
    record: T,
    run: usize,
}

impl<T: Sorted> Ord for Head<T> {
    fn cmp(&self, other: &Self) -> Ordering {
        self.record.order(&other.record).then(self.run.cmp(&other.run))
    }
}

impl<T: Sorted> PartialOrd for Head<T> {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl<T: Sorted> PartialEq for Head<T> {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl<T: Sorted> Eq for Head<T> {}

/// A sorted file: one JSON value per line.
struct Run<T> {
    path: PathBuf,
    reader: BufReader<File>,
    line: Vec<u8>,
    records: PhantomData<T>,
}

impl<T: DeserializeOwned> Run<T> {
    fn open(path: &Path) -> anyhow::Result<Self> {
        let file = File::open(path).with_context(|| format!("reading {}", path.display()))?;
        let reader = BufReader::with_capacity(1 << 15, file);
        Ok(Self { path: path.to_owned(), reader, line: Vec::new(), records: PhantomData })
    }

    fn next(&mut self) -> anyhow::Result<Option<T>> {
        self.line.clear();
        let reading = || format!("reading {}", self.path.display());
        if self.reader.read_until(b'\n', &mut self.line).with_context(reading)? == 0 {
            return Ok(None);
        }
        serde_json::from_slice(&self.line).map(Some).with_context(reading)
    }
}

struct RunWriter {
    path: PathBuf,
    writer: BufWriter<File>,
}

impl RunWriter {
    fn create(path: &Path) -> anyhow::Result<Self> {
        let file = File::create(path).with_context(|| format!("writing {}", path.display()))?;
        Ok(Self { path: path.to_owned(), writer: BufWriter::with_capacity(1 << 16, file) })
    }

    fn write<T: Serialize>(&mut self, record: &T) -> anyhow::Result<()> {
        let written = serde_json::to_writer(&mut self.writer, record).map_err(std::io::Error::from);
        written
            .and_then(|()| self.writer.write_all(b"\n"))
            .with_context(|| format!("writing {}", self.path.display()))
    }

    fn finish(mut self) -> anyhow::Result<()> {
        self.writer.flush().with_context(|| format!("writing {}", self.path.display()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    impl Sorted for (u32, String) {
        fn order(&self, other: &Self) -> Ordering {
            self.cmp(other)
        }
    }

    fn sorted(records: Vec<(u32, String)>, run_rows: usize) -> Vec<(u32, String)> {
        let folder = tempfile::tempdir().unwrap();
        let mut sort = ExternalSort::new(folder.path(), "t", run_rows);
        records.into_iter().for_each(|record| sort.push(record).unwrap());
        let sorted = sort.finish().unwrap();
        let read = || {
            let mut merge = sorted.read().unwrap();
            std::iter::from_fn(|| merge.next().unwrap()).collect::<Vec<_>>()
        };
        assert_eq!(read(), read(), "it can be read twice");
        read()
    }

    #[test]
    fn runs_of_several_levels_are_merged() {
        let records: Vec<(u32, String)> =
            (0..5000_u32).map(|n| (n.wrapping_mul(2_654_435_761), n.to_string())).collect();
        let mut expected = records.clone();
        expected.sort();
        assert_eq!(sorted(records, 1), expected);
    }

    proptest! {
        #[test]
        fn the_order_does_not_depend_on_the_length_of_a_run(
            records in prop::collection::vec((0_u32..9, "\\PC{0,5}"), 0..60), run_rows in 1_usize..20,
        ) {
            let mut expected = records.clone();
            expected.sort();
            prop_assert_eq!(sorted(records, run_rows), expected);
        }
    }
}
