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

/// The terms of a [`Design`]: in which rows each stands.
#[derive(Debug, Clone, PartialEq)]
pub struct Columns {
    /// Where each term begins in `entries`, and the end of the last one.
    starts: Vec<usize>,
    /// Row and value, term after term, rows in their order.
    entries: Vec<(u32, f32)>,
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

    /// The terms with their rows.
    #[must_use]
    pub fn columns(&self) -> Columns {
        let mut starts = vec![0_usize; self.terms + 1];
        self.entries.iter().for_each(|(term, _)| starts[*term as usize + 1] += 1);
        for term in 0..self.terms {
            starts[term + 1] += starts[term];
        }
        let mut next = starts.clone();
        let mut entries = vec![(0, 0.0); self.entries.len()];
        for (row, number) in (0..self.rows()).zip(0_u32..) {
            for (term, x) in self.row(row) {
                let at = &mut next[*term as usize];
                entries[*at] = (number, *x);
                *at += 1;
            }
        }
        Columns { starts, entries }
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

impl Columns {
    /// The rows of a term.
    #[must_use]
    pub fn term(&self, term: usize) -> &[(u32, f32)] {
        &self.entries[self.starts[term]..self.starts[term + 1]]
    }

    /// All terms in their order, cut into at most `parts` stretches that take about as long as each other.
    #[must_use]
    pub fn stretches(&self, parts: usize) -> Vec<Range<usize>> {
        let terms = self.starts.len() - 1;
        // A term takes the time of its rows, and some of its own.
        let time = |end: usize| self.starts[end] + end;
        let share = time(terms).div_ceil(parts.max(1)).max(1);
        let mut stretches = Vec::new();
        let mut first = 0;
        for end in 1..=terms {
            if end == terms || time(end) - time(first) >= share {
                stretches.push(first..end);
                first = end;
            }
        }
        stretches
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_terms_have_the_rows_that_have_them_and_stretches_cover_each_term_once() {
        let vector =
            |entries: &[(u32, f32)]| SparseVector { entries: entries.to_vec(), words_total: 0 };
        let rows = [vector(&[(0, 1.0), (2, 2.0)]), vector(&[]), vector(&[(2, 3.0), (4, 4.0)])];
        let columns = Design::new(Some((&rows, 6)), None).columns();
        let of: Vec<&[(u32, f32)]> = (0..6).map(|term| columns.term(term)).collect();
        let expected: [&[(u32, f32)]; 6] =
            [&[(0, 1.0)], &[], &[(0, 2.0), (2, 3.0)], &[], &[(2, 4.0)], &[]];
        assert_eq!(of, expected);
        for parts in 1..9 {
            let stretches = columns.stretches(parts);
            assert!(stretches.len() <= parts);
            let covered: Vec<usize> = stretches.into_iter().flatten().collect();
            assert_eq!(covered, (0..6).collect::<Vec<_>>());
        }
    }
}
