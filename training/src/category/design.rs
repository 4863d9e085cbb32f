//! [`Design`]: texts as rows of features, terms and embeddings, for [`super::multinomial`].

use ndarray::{Array2, ArrayView2, Axis, s};
use recontact::classify::lexical::SparseVector;
use std::ops::Range;

/// Rows of features: of terms those that are not 0, of embeddings all.
#[derive(Debug, Clone, Default)]
pub struct Design {
    /// Where each row begins in `entries`, and the end of the last one.
    starts: Vec<usize>,
    /// Term and value, row after row.
    entries: Vec<(u32, f32)>,
    /// Number of terms; the embeddings' features are numbered behind them.
    terms: usize,
    /// A row for each row, with no columns where there are no embeddings.
    dense: Array2<f32>,
}

impl Design {
    /// Puts rows together from lexical vectors over `terms` terms and embeddings times `scale`, either of which may be
    /// missing.
    #[must_use]
    #[expect(clippy::cast_possible_truncation, reason = "embeddings come in single precision")]
    pub fn new(
        lexical: Option<(&[SparseVector], usize)>,
        embeddings: Option<(&Array2<f64>, f64)>,
    ) -> Self {
        let (vectors, terms) = lexical.map_or((&[][..], 0), |(vectors, terms)| (vectors, terms));
        let rows = embeddings.map_or(vectors.len(), |(x, _)| x.nrows());
        let dense = match embeddings {
            Some((x, scale)) => x.mapv(|x| (x * scale) as f32),
            None => Array2::zeros((rows, 0)),
        };
        let mut design = Self { starts: vec![0], entries: Vec::new(), terms, dense };
        for row in 0..rows {
            if let Some(vector) = vectors.get(row) {
                design.entries.extend_from_slice(&vector.entries);
            }
            design.starts.push(design.entries.len());
        }
        design
    }

    /// Number of rows.
    #[must_use]
    pub fn rows(&self) -> usize {
        self.starts.len().saturating_sub(1)
    }

    /// Number of features.
    #[must_use]
    pub fn features(&self) -> usize {
        self.terms + self.dense.ncols()
    }

    /// Number of terms.
    #[must_use]
    pub fn terms(&self) -> usize {
        self.terms
    }

    /// The terms of a row.
    #[must_use]
    pub fn row(&self, row: usize) -> &[(u32, f32)] {
        &self.entries[self.starts[row]..self.starts[row + 1]]
    }

    /// The embeddings of some rows.
    #[must_use]
    pub fn dense(&self, rows: Range<usize>) -> ArrayView2<'_, f32> {
        self.dense.slice(s![rows, ..])
    }

    /// Only these rows, in this order.
    #[must_use]
    pub fn select(&self, rows: &[usize]) -> Self {
        let dense = self.dense.select(Axis(0), rows);
        let mut selected = Self { starts: vec![0], entries: Vec::new(), terms: self.terms, dense };
        for &row in rows {
            selected.entries.extend_from_slice(self.row(row));
            selected.starts.push(selected.entries.len());
        }
        selected
    }
}
