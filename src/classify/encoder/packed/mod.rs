//! The packed path: a BERT-type transformer on the processor, written for texts of different lengths.
//!
//! Weights are packed once ([`pack`]); the tokens of some texts are laid end to end without padding and go through fused
//! steps (`forward`); threads share out texts, or, where there are too few, the columns of every step (`plan`, `crew`,
//! `exchange`). The one thing to know: no number of a text's result depends on the texts beside it or on the number of
//! threads, to the last bit, because every sum runs over its own row in a fixed order.

mod crew;
mod exchange;
mod forward;
pub mod kernels;
mod load;
pub mod pack;
mod plan;

use candle_transformers::models::bert;
use crew::{Barrier, Broken, Crew, Job};
use exchange::Exchange;
use forward::{Seat, Workspace};
use kernels::{InstructionSet, Kernels};
use plan::{Group, Plan};
use std::num::NonZeroUsize;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use super::EncoderError;
use super::config::Pooling;
use super::options::Precision;
use super::weights::Weights;

/// A transformer whose weights are packed, and the threads that run it. Calls from several threads take turns.
pub(super) struct PackedTransformer {
    model: Arc<forward::Model>,
    crew: Crew<Batch>,
    /// For the threads that can share one text.
    exchange: Arc<Exchange>,
}

impl PackedTransformer {
    /// Packs the weights of a BERT-type encoder and starts the threads.
    ///
    /// # Errors
    /// [`EncoderError::Encode`] if the system refuses a thread.
    pub(super) fn load(
        weights: Weights,
        config: &bert::Config,
        pooling: Pooling,
        precision: Precision,
        kernels: Kernels,
        threads: NonZeroUsize,
    ) -> Result<Self, EncoderError> {
        let model = load::model(weights, config, pooling, precision, kernels)?;
        let crew = Crew::new(threads.get())
            .map_err(|error| EncoderError::Encode(format!("starting a thread: {error}")))?;
        let seats = threads.get().min(model.most_seats());
        Ok(Self { model: Arc::new(model), crew, exchange: Arc::new(Exchange::new(seats)) })
    }

    /// The instruction set in use.
    pub(super) fn instruction_set(&self) -> InstructionSet {
        self.model.instruction_set()
    }

    /// The normalised vectors of token sequences, in the same order; none may be empty.
    pub(super) fn embed(&self, sequences: Vec<Vec<u32>>) -> Result<Vec<Vec<f32>>, EncoderError> {
        let lengths: Vec<usize> = sequences.iter().map(Vec::len).collect();
        let batch = Arc::new(Batch {
            model: Arc::clone(&self.model),
            plan: Plan::new(&lengths, self.crew.threads()),
            next: AtomicUsize::new(0),
            barrier: Barrier::default(),
            exchange: Arc::clone(&self.exchange),
            vectors: sequences.iter().map(|_| Mutex::default()).collect(),
            sequences,
        });
        let failed = |Broken| EncoderError::Encode("an inference thread has failed".to_owned());
        self.crew.run(Arc::clone(&batch)).map_err(failed)?;
        let take = |vector: &Mutex<Vec<f32>>| {
            std::mem::take(&mut *vector.lock().unwrap_or_else(PoisonError::into_inner))
        };
        Ok(batch.vectors.iter().map(take).collect())
    }
}

/// Texts on their way through the transformer.
struct Batch {
    model: Arc<forward::Model>,
    sequences: Vec<Vec<u32>>,
    plan: Plan,
    /// The next group to take, where threads work apart.
    next: AtomicUsize,
    barrier: Barrier,
    exchange: Arc<Exchange>,
    vectors: Vec<Mutex<Vec<f32>>>,
}

impl Job for Batch {
    type Workspace = Workspace;

    fn is_joint(&self) -> bool {
        matches!(self.plan, Plan::Together(_))
    }

    fn work(&self, seat: usize, seats: usize, workspace: &mut Workspace) -> Result<(), Broken> {
        match &self.plan {
            Plan::Apart(groups) => {
                while let Some(group) = groups.get(self.next.fetch_add(1, Ordering::Relaxed)) {
                    self.forward(group, Seat::alone(), workspace)?;
                }
            }
            Plan::Together(groups) => {
                let seats = seats.min(self.exchange.seats());
                if seat < seats {
                    for group in groups {
                        let seat = Seat::shared(seat, seats, &self.exchange, &self.barrier);
                        self.forward(group, seat, workspace)?;
                    }
                }
            }
        }
        Ok(())
    }

    fn give_up(&self) {
        self.barrier.give_up();
    }
}

impl Batch {
    fn forward(
        &self,
        group: &Group,
        seat: Seat<'_>,
        workspace: &mut Workspace,
    ) -> Result<(), Broken> {
        let sequences = group.iter().map(|&text| self.sequences[text].as_slice());
        self.model.forward(sequences, seat, workspace, |place, vector| {
            let place = &self.vectors[group[place]];
            *place.lock().unwrap_or_else(PoisonError::into_inner) = vector;
        })
    }
}
