//! [`ClassifyQueue`]: the asynchronous handle in front of the synchronous [`Classifier`].
//!
//! One inference thread takes what has come in meanwhile as one batch, so texts of different requests share a pass through
//! the transformer. What waits is bounded in texts: beyond the bound a request is refused at once and never queued.
//! A request whose caller has gone is skipped. Dropping the last handle lets the thread finish what was accepted.

use super::Classifier;
use super::category::Classification;
use super::encoder::{Embedding, TextEncoder};
use crate::contact::ContactText;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, mpsc};
use tokio::sync::oneshot;

/// Why a request was not answered.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum QueueError {
    /// Too many texts are waiting; the same request may be accepted a little later.
    #[error("{waiting} texts are waiting and at most {capacity} may")]
    Overloaded {
        /// Texts accepted and not yet answered.
        waiting: usize,
        /// The configured bound.
        capacity: usize,
    },
    /// The encoder failed on this request.
    #[error("inference failed: {0}")]
    Failed(String),
    /// The inference thread is gone.
    #[error("inference has stopped")]
    Stopped,
}

/// The bounds of a queue.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct QueueLimits {
    /// Most texts that wait or are worked on.
    pub capacity: usize,
    /// Most texts taken into one batch; a single larger request is one batch of its own.
    pub batch: usize,
}

/// Takes requests from any number of tasks. Cheap to clone.
#[derive(Debug, Clone)]
pub struct ClassifyQueue {
    sender: mpsc::Sender<Job>,
    waiting: Arc<AtomicUsize>,
    limits: QueueLimits,
}

impl ClassifyQueue {
    /// Starts the inference thread; it ends when every handle is dropped and everything accepted is answered.
    ///
    /// # Errors
    /// If the system refuses a thread.
    pub fn start(limits: QueueLimits) -> std::io::Result<Self> {
        let (sender, receiver) = mpsc::channel();
        std::thread::Builder::new()
            .name("inference".to_owned())
            .spawn(move || work(&receiver, limits.batch))?;
        Ok(Self { sender, waiting: Arc::default(), limits })
    }

    /// Classifies texts with one snapshot of the model.
    ///
    /// # Errors
    /// [`QueueError`].
    pub async fn classify(
        &self,
        classifier: Arc<Classifier>,
        texts: Vec<ContactText>,
        top_k: usize,
    ) -> Result<Vec<Classification>, QueueError> {
        let encoder = Arc::clone(classifier.encoder());
        self.submit(encoder, texts, |reply| Task::Classify { classifier, top_k, reply }).await
    }

    /// Embeds texts.
    ///
    /// # Errors
    /// [`QueueError`].
    pub async fn embed(
        &self,
        encoder: Arc<TextEncoder>,
        texts: Vec<ContactText>,
    ) -> Result<Vec<Embedding>, QueueError> {
        self.submit(encoder, texts, |reply| Task::Embed { reply }).await
    }

    /// Texts accepted and not yet answered.
    #[must_use]
    pub fn waiting(&self) -> usize {
        self.waiting.load(Ordering::Relaxed)
    }

    async fn submit<T>(
        &self,
        encoder: Arc<TextEncoder>,
        texts: Vec<ContactText>,
        task: impl FnOnce(oneshot::Sender<Result<T, QueueError>>) -> Task,
    ) -> Result<T, QueueError> {
        let place = Place::take(&self.waiting, texts.len(), self.limits.capacity)?;
        let (reply, answer) = oneshot::channel();
        let job = Job { encoder, texts, task: task(reply), place };
        self.sender.send(job).map_err(|_| QueueError::Stopped)?;
        answer.await.map_err(|_| QueueError::Stopped)?
    }
}

struct Job {
    encoder: Arc<TextEncoder>,
    texts: Vec<ContactText>,
    task: Task,
    place: Place,
}

impl Job {
    /// Gives the room back first: who has its answer may ask again at once.
    fn answer(self, embeddings: Result<Vec<Embedding>, QueueError>) {
        drop(self.place);
        self.task.answer(&self.texts, embeddings);
    }
}

enum Task {
    Classify {
        classifier: Arc<Classifier>,
        top_k: usize,
        reply: oneshot::Sender<Result<Vec<Classification>, QueueError>>,
    },
    Embed {
        reply: oneshot::Sender<Result<Vec<Embedding>, QueueError>>,
    },
}

/// Room for some texts in the queue; given back when dropped.
#[derive(Debug)]
struct Place {
    waiting: Arc<AtomicUsize>,
    texts: usize,
}

impl Place {
    fn take(waiting: &Arc<AtomicUsize>, texts: usize, capacity: usize) -> Result<Self, QueueError> {
        let fits = |now: usize| now.checked_add(texts).filter(|&sum| sum <= capacity);
        match waiting.fetch_update(Ordering::Relaxed, Ordering::Relaxed, fits) {
            Ok(_) => Ok(Self { waiting: Arc::clone(waiting), texts }),
            Err(waiting) => Err(QueueError::Overloaded { waiting, capacity }),
        }
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.waiting.fetch_sub(self.texts, Ordering::Relaxed);
    }
}

impl Task {
    fn is_abandoned(&self) -> bool {
        match self {
            Self::Classify { reply, .. } => reply.is_closed(),
            Self::Embed { reply } => reply.is_closed(),
        }
    }

    /// Sends the answer; a caller that has gone meanwhile misses nothing.
    fn answer(self, texts: &[ContactText], embeddings: Result<Vec<Embedding>, QueueError>) {
        match self {
            Self::Embed { reply } => drop(reply.send(embeddings)),
            Self::Classify { classifier, top_k, reply } => {
                let decide = |embeddings: Vec<Embedding>| {
                    let pairs = texts.iter().zip(&embeddings);
                    pairs.map(|(text, e)| classifier.decide(text, e, top_k)).collect()
                };
                // As below: a panic fails this request and leaves the thread running.
                let classifications = embeddings.and_then(|embeddings| {
                    catch_unwind(AssertUnwindSafe(|| decide(embeddings)))
                        .map_err(|_| QueueError::Failed("the classifier panicked".to_owned()))
                });
                drop(reply.send(classifications));
            }
        }
    }
}

fn work(receiver: &mpsc::Receiver<Job>, batch: usize) {
    let mut held = None;
    while let Some(first) = held.take().or_else(|| receiver.recv().ok()) {
        let mut jobs = vec![first];
        let mut texts = jobs[0].texts.len();
        while let Ok(job) = receiver.try_recv() {
            let fits = texts + job.texts.len() <= batch;
            if !fits || !Arc::ptr_eq(&job.encoder, &jobs[0].encoder) {
                held = Some(job);
                break;
            }
            texts += job.texts.len();
            jobs.push(job);
        }
        jobs.retain(|job| !job.task.is_abandoned());
        answer(jobs);
    }
}

fn answer(jobs: Vec<Job>) {
    let Some(first) = jobs.first() else { return };
    let all: Vec<&str> = jobs.iter().flat_map(|job| &job.texts).map(ContactText::as_str).collect();
    metrics::histogram!("recontact_inference_batch_texts").record(length(all.len()));
    match embed(&first.encoder, &all) {
        Ok(embeddings) => {
            let mut embeddings = embeddings.into_iter();
            for job in jobs {
                let own = embeddings.by_ref().take(job.texts.len()).collect();
                job.answer(Ok(own));
            }
        }
        // One text may be to blame: the others of the batch must not suffer from it.
        Err(_) if jobs.len() > 1 => jobs.into_iter().for_each(|job| answer(vec![job])),
        Err(error) => {
            tracing::error!(%error, "inference failed");
            jobs.into_iter().for_each(|job| job.answer(Err(error.clone())));
        }
    }
}

/// A panic below (a bug) fails this batch and leaves the thread running.
fn embed(encoder: &TextEncoder, texts: &[&str]) -> Result<Vec<Embedding>, QueueError> {
    catch_unwind(AssertUnwindSafe(|| encoder.embed(texts)))
        .unwrap_or_else(|_| Err(super::EncoderError::Encode("the encoder panicked".to_owned())))
        .map_err(|error| QueueError::Failed(error.to_string()))
}

#[expect(clippy::cast_precision_loss, reason = "a number of texts in memory fits into 53 bits")]
fn length(count: usize) -> f64 {
    count as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn room_is_bounded_and_given_back() {
        let waiting = Arc::new(AtomicUsize::new(0));
        let first = Place::take(&waiting, 6, 10).unwrap();
        let refused = Place::take(&waiting, 5, 10).unwrap_err();
        assert_eq!(refused, QueueError::Overloaded { waiting: 6, capacity: 10 });
        drop(first);
        assert!(Place::take(&waiting, 10, 10).is_ok());
        assert!(Place::take(&waiting, usize::MAX, 10).is_err());
    }
}
