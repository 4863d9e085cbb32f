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
use crew::{Barrier, Broken, Crew, Job, Looks};
use exchange::Exchange;
use forward::{Seat, Workspace};
use kernels::{InstructionSet, Kernels};
use plan::{Group, Plan};
use std::num::NonZeroUsize;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use super::config::Pooling;
use super::options::Precision;
use super::weights::Weights;
use super::{Cores, EncoderError};

/// A transformer whose weights are packed, and the threads that run it.
pub(super) struct PackedTransformer {
    model: Arc<forward::Model>,
    crew: Crew<Batch>,
    /// For callers that work alone; as many as ever did at once.
    rooms: Mutex<Vec<Workspace>>,
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
        Ok(Self {
            model: Arc::new(model),
            crew,
            rooms: Mutex::default(),
            exchange: Arc::new(Exchange::new(seats)),
        })
    }

    /// The instruction set in use.
    pub(super) fn instruction_set(&self) -> InstructionSet {
        self.model.instruction_set()
    }

    /// The normalised vectors of token sequences, in the same order; none may be empty.
    pub(super) fn embed(
        &self,
        sequences: Vec<Vec<u32>>,
        cores: Cores,
    ) -> Result<Vec<Vec<f32>>, EncoderError> {
        let lengths: Vec<usize> = sequences.iter().map(Vec::len).collect();
        let threads = if cores == Cores::All { self.crew.threads() } else { 1 };
        let batch = Arc::new(Batch {
            model: Arc::clone(&self.model),
            plan: Plan::new(&lengths, threads),
            next: AtomicUsize::new(0),
            barrier: Barrier::default(),
            exchange: Arc::clone(&self.exchange),
            vectors: sequences.iter().map(|_| Mutex::default()).collect(),
            sequences,
        });
        let done =
            if threads == 1 { self.work_alone(&batch) } else { self.crew.run(Arc::clone(&batch)) };
        done.map_err(|Broken| EncoderError::Encode("an inference thread has failed".to_owned()))?;
        let take = |vector: &Mutex<Vec<f32>>| {
            std::mem::take(&mut *vector.lock().unwrap_or_else(PoisonError::into_inner))
        };
        Ok(batch.vectors.iter().map(take).collect())
    }

    /// Does a batch on the calling thread, in a room that no other thread uses now.
    fn work_alone(&self, batch: &Batch) -> Result<(), Broken> {
        let rooms = || self.rooms.lock().unwrap_or_else(PoisonError::into_inner);
        let mut room = rooms().pop().unwrap_or_default();
        let done = batch.work(0, 1, &mut room);
        rooms().push(room);
        done
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

    /// Waiting pays up to a part of the time that the caller would need alone.
    fn joint(&self) -> Option<Looks> {
        let tokens: usize = self.sequences.iter().map(Vec::len).sum();
        matches!(self.plan, Plan::Together(_)).then(|| tokens * self.model.looks_per_token())
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
