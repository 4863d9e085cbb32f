//! [`Design`]: texts as rows of features, sparse and dense alike, for [`super::multinomial`].

use ndarray::Array2;
use recontact::classify::lexical::SparseVector;

/// Rows of features in compressed form: of each row the features that are not 0.
#[derive(Debug, Clone, Default)]
pub struct Design {
    /// Where each row begins in `entries`, and the end of the last one.
    starts: Vec<usize>,
    /// Feature and value, row after row.
    entries: Vec<(u32, f32)>,
    features: usize,
}

impl Design {
    /// Puts rows together from lexical vectors over `terms` terms and embeddings times `scale`, either of which may be
    /// missing. Embeddings stand behind the terms.
    #[must_use]
    pub fn new(
        lexical: Option<(&[SparseVector], usize)>,
        embeddings: Option<(&Array2<f64>, f64)>,
    ) -> Self {
        let (vectors, terms) = lexical.map_or((&[][..], 0), |(vectors, terms)| (vectors, terms));
        let rows = embeddings.map_or(vectors.len(), |(x, _)| x.nrows());
        let dimension = embeddings.map_or(0, |(x, _)| x.ncols());
        let mut design = Self { starts: vec![0], entries: Vec::new(), features: terms + dimension };
        for row in 0..rows {
            if let Some(vector) = vectors.get(row) {
                design.entries.extend_from_slice(&vector.entries);
            }
            if let Some((x, scale)) = embeddings {
                design.push_dense(terms, x, row, scale);
            }
            design.starts.push(design.entries.len());
        }
        design
    }

    #[expect(
        clippy::cast_possible_truncation,
        reason = "embeddings come in single precision, features are counted in 32 bits"
    )]
    fn push_dense(&mut self, terms: usize, x: &Array2<f64>, row: usize, scale: f64) {
        let values = x.row(row);
        let numbered = values.iter().enumerate();
        self.entries
            .extend(numbered.map(|(column, x)| ((terms + column) as u32, (x * scale) as f32)));
    }

    /// Number of rows.
    #[must_use]
    pub fn rows(&self) -> usize {
        self.starts.len().saturating_sub(1)
    }

    /// Number of features.
    #[must_use]
    pub fn features(&self) -> usize {
        self.features
    }

    /// The features of a row that are not 0.
    #[must_use]
    pub fn row(&self, row: usize) -> &[(u32, f32)] {
        &self.entries[self.starts[row]..self.starts[row + 1]]
    }

    /// Only these rows, in this order.
    #[must_use]
    pub fn select(&self, rows: &[usize]) -> Self {
        let mut selected = Self { starts: vec![0], entries: Vec::new(), features: self.features };
        for &row in rows {
            selected.entries.extend_from_slice(self.row(row));
            selected.starts.push(selected.entries.len());
        }
        selected
    }
}
