//! [`Exchange`]: what the threads of one forward pass hand to each other.

use super::pack::Aligned;
use std::ops::Range;
use std::sync::{PoisonError, RwLock, RwLockReadGuard};

/// A step whose result every thread needs as a whole, though each computes some columns of it only.
///
/// Each step has room of its own, so that a thread may go on to the next step while others still read this one.
#[derive(Debug, Clone, Copy)]
pub(super) enum Step {
    Context,
    AttentionOutput,
    Intermediate,
    Output,
}

/// For each step and thread a block of columns, which only its thread writes.
#[derive(Debug)]
pub(super) struct Exchange {
    blocks: [Vec<RwLock<Block>>; 4],
}

/// Some columns of all rows, one row after the other.
#[derive(Debug)]
pub(super) struct Block {
    numbers: Aligned<f32>,
    width: usize,
}

impl Exchange {
    pub(super) fn new(seats: usize) -> Self {
        let block = || RwLock::new(Block { numbers: Aligned::zeros(0), width: 0 });
        let step = || (0..seats).map(|_| block()).collect();
        Self { blocks: [step(), step(), step(), step()] }
    }

    /// Most threads that can take part.
    pub(super) fn seats(&self) -> usize {
        self.blocks[0].len()
    }

    /// Lets a thread write its block of `rows` rows and `width` columns.
    pub(super) fn write(
        &self,
        step: Step,
        seat: usize,
        rows: usize,
        width: usize,
        write: impl FnOnce(&mut [f32]),
    ) {
        let block = &self.blocks[step as usize][seat];
        let mut block = block.write().unwrap_or_else(PoisonError::into_inner);
        block.numbers.grow(rows * width);
        block.width = width;
        write(&mut block.numbers.slice_mut()[..rows * width]);
    }

    /// A thread's block.
    pub(super) fn read(&self, step: Step, seat: usize) -> RwLockReadGuard<'_, Block> {
        self.blocks[step as usize][seat].read().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Block {
    pub(super) fn width(&self) -> usize {
        self.width
    }

    pub(super) fn numbers(&self) -> &[f32] {
        self.numbers.slice()
    }

    /// The first rows, each with its own columns only.
    pub(super) fn rows(&self, count: usize) -> impl Iterator<Item = &[f32]> {
        self.numbers.slice()[..count * self.width].chunks_exact(self.width)
    }
}

/// The part of `units` that a seat takes; all parts together are all units, as equal as can be.
pub(super) fn share(units: usize, seat: usize, seats: usize) -> Range<usize> {
    units * seat / seats..units * (seat + 1) / seats
}
