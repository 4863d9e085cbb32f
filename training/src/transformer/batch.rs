//! [`Batch`]: texts that go through the transformer together, their tokens laid end to end.

use std::sync::Arc;

/// Token sequences, none empty, end to end.
#[derive(Debug, Clone)]
pub struct Batch {
    ids: Vec<u32>,
    lengths: Arc<[usize]>,
}

impl Batch {
    /// Lays sequences end to end; empty ones are left out.
    pub fn new<'a>(sequences: impl IntoIterator<Item = &'a [u32]>) -> Self {
        let mut ids = Vec::new();
        let mut lengths = Vec::new();
        for sequence in sequences.into_iter().filter(|sequence| !sequence.is_empty()) {
            ids.extend_from_slice(sequence);
            lengths.push(sequence.len());
        }
        Self { ids, lengths: lengths.into() }
    }

    /// Number of texts.
    #[must_use]
    pub fn texts(&self) -> usize {
        self.lengths.len()
    }

    /// Number of tokens of all texts.
    #[must_use]
    pub fn tokens(&self) -> usize {
        self.ids.len()
    }

    /// Tokens of each text.
    pub(super) fn lengths(&self) -> Arc<[usize]> {
        Arc::clone(&self.lengths)
    }

    /// Each token with its position in its text.
    pub(super) fn placed_ids(&self) -> impl Iterator<Item = (u32, usize)> {
        let positions = self.lengths.iter().flat_map(|length| 0..*length);
        self.ids.iter().copied().zip(positions)
    }
}
