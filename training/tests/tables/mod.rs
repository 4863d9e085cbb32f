//! A small table whole in memory, as tests look at it.

use recontact_training::faults::Faults;
use recontact_training::table::TableStream;
use std::path::Path;

/// Its columns and rows.
pub(crate) struct Table {
    pub(crate) columns: Vec<String>,
    pub(crate) rows: Vec<Vec<String>>,
}

impl Table {
    pub(crate) fn read(path: &Path) -> anyhow::Result<Self> {
        let mut stream = TableStream::open(path)?;
        let columns = stream.head().columns().to_vec();
        let (mut faults, mut rows) = (Faults::default(), Vec::new());
        while let Some(row) = stream.next(&mut faults)? {
            let cell = |column| row.cell(column).unwrap_or_default().to_owned();
            rows.push((0..columns.len()).map(cell).collect());
        }
        stream.finish(faults)?;
        Ok(Self { columns, rows })
    }
}
