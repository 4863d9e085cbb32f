//! [`ClassifyQueue`]: the asynchronous handle in front of the synchronous [`Classifier`].
//!
//! A request's texts are looked up in the cache and tokenized where the request is handled; inference threads (`batch`) take
//! what has come in meanwhile, so texts of different requests share a pass through the transformer. What waits is bounded
//! in texts and bytes: beyond a bound a request is refused at once and never queued. A request whose caller has gone is
//! dropped, even halfway through. Dropping the last handle lets the threads finish what was accepted.

mod batch;

use super::answer::Classification;
use super::cache::{EmbeddingCache, TextKey};
use super::encoder::{Embedding, EncoderError, TextEncoder, TokenizedText, give_way};
use super::{Classifier, Incoming};
use crate::contact::ContactText;
use batch::{Desk, Request, Wanted};
use std::num::NonZeroUsize;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use tokio::sync::{Semaphore, oneshot};

/// Bytes of text above which a request is tokenized and decided on a thread of its own, so that it does not hold up the
/// other requests of its server thread; below, changing threads would cost more than the work.
const INLINE_BYTES: usize = 4096;

/// Why a request was not answered.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum QueueError {
    /// Too many texts are waiting; the same request may be accepted a little later.
    #[error("{waiting} {unit} are waiting and at most {capacity} may")]
    Overloaded {
        /// What is bounded: texts or bytes.
        unit: &'static str,
        /// Accepted and not yet answered.
        waiting: usize,
        /// The configured bound.
        capacity: usize,
    },
    /// The encoder failed on this request.
    #[error("inference failed: {0}")]
    Failed(String),
    /// The inference threads are gone.
    #[error("inference has stopped")]
    Stopped,
}

/// The bounds of a queue.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct QueueLimits {
    /// Most texts that wait or are worked on.
    pub waiting_texts: usize,
    /// Most bytes of text that wait or are worked on.
    pub waiting_bytes: usize,
    /// Most tokens taken into one batch; a longer text goes alone.
    pub batch_tokens: usize,
    /// Most embeddings kept for texts that come again.
    pub cached_embeddings: usize,
}

/// Takes requests from any number of tasks. Cheap to clone.
#[derive(Clone)]
pub struct ClassifyQueue {
    desk: Arc<OpenDesk>,
    cache: Arc<EmbeddingCache>,
    waiting: Arc<Waiting>,
    /// Permits for work on long texts outside the server's threads: as many as cores.
    blocking: Arc<Semaphore>,
    limits: QueueLimits,
}

impl ClassifyQueue {
    /// Starts inference threads, each of which computes on one core; they end when every handle is dropped and everything
    /// accepted is answered.
    ///
    /// # Errors
    /// If the system refuses a thread.
    pub fn start(limits: QueueLimits, threads: NonZeroUsize) -> std::io::Result<Self> {
        let threads = threads.get();
        let cache = Arc::new(EmbeddingCache::new(limits.cached_embeddings));
        let desk = Arc::new(Desk::new(Arc::clone(&cache), limits.batch_tokens));
        let open = Arc::new(OpenDesk(Arc::clone(&desk)));
        for number in 0..threads {
            let desk = Arc::clone(&desk);
            std::thread::Builder::new().name(format!("inference-{number}")).spawn(move || {
                give_way();
                desk.work(threads);
            })?;
        }
        let blocking = Arc::new(Semaphore::new(threads));
        Ok(Self { desk: open, cache, waiting: Arc::default(), blocking, limits })
    }

    /// Classifies texts with one snapshot of the model; one answer for each, in the same order.
    ///
    /// # Errors
    /// [`QueueError`].
    pub async fn classify(
        &self,
        classifier: Arc<Classifier>,
        texts: Vec<ContactText>,
        top_k: usize,
    ) -> Result<Vec<Classification>, QueueError> {
        let contacts = texts.into_iter().map(|text| Incoming { text, channel: None }).collect();
        let classified = self.classify_and_embed(classifier, contacts, top_k).await?;
        Ok(classified.into_iter().map(|(classification, _)| classification).collect())
    }

    /// The same with the embedding that each answer was decided by; none where the heads read words alone.
    ///
    /// # Errors
    /// [`QueueError`].
    pub async fn classify_and_embed(
        &self,
        classifier: Arc<Classifier>,
        contacts: Vec<Incoming>,
        top_k: usize,
    ) -> Result<Vec<(Classification, Option<Arc<Embedding>>)>, QueueError> {
        let split = contacts.into_iter().map(|contact| (contact.text, contact.channel));
        let (texts, channels): (Vec<_>, Vec<_>) = split.unzip();
        let bytes = total_bytes(&texts);
        let texts = Arc::new(texts);
        let (embeddings, place) = match classifier.encoder().map(Arc::clone) {
            Some(encoder) => {
                let found = self.embed_shared(encoder, Arc::clone(&texts)).await?;
                (found.into_iter().map(Some).collect(), None)
            }
            None => {
                let place = Place::take(&self.waiting, texts.len(), bytes, &self.limits)?;
                (vec![None; texts.len()], Some(place))
            }
        };
        off_server_thread(&self.blocking, bytes, move || {
            let contacts = texts.iter().zip(&channels).zip(embeddings);
            let decided = contacts.map(|((text, channel), e)| {
                (classifier.decide(text, channel.as_ref(), e.as_deref(), top_k), e)
            });
            let decided = decided.collect();
            drop(place);
            Ok(decided)
        })
        .await
    }

    /// Embeds texts; one embedding for each, in the same order.
    ///
    /// # Errors
    /// [`QueueError`].
    pub async fn embed(
        &self,
        encoder: Arc<TextEncoder>,
        texts: Vec<ContactText>,
    ) -> Result<Vec<Arc<Embedding>>, QueueError> {
        self.embed_shared(encoder, Arc::new(texts)).await
    }

    /// Texts accepted and not yet answered.
    #[must_use]
    pub fn waiting(&self) -> usize {
        self.waiting.texts.load(Ordering::Relaxed)
    }

    /// Embeddings kept for texts that come again.
    #[must_use]
    pub fn cached(&self) -> usize {
        self.cache.len()
    }

    async fn embed_shared(
        &self,
        encoder: Arc<TextEncoder>,
        texts: Arc<Vec<ContactText>>,
    ) -> Result<Vec<Arc<Embedding>>, QueueError> {
        let bytes = total_bytes(&texts);
        let place = Place::take(&self.waiting, texts.len(), bytes, &self.limits)?;
        let caller = Caller::default();
        let (cache, gone) = (Arc::clone(&self.cache), Arc::clone(&caller.gone));
        let (wanted, place) = {
            let encoder = Arc::clone(&encoder);
            // The place goes along: work whose caller has gone counts until it ends.
            off_server_thread(&self.blocking, bytes, move || {
                Ok((prepare(&encoder, &cache, &texts, &gone)?, place))
            })
            .await?
        };
        let (reply, answer) = oneshot::channel();
        match Request::new(encoder, wanted, place, reply) {
            Ok(request) => self.desk.0.submit(request),
            Err(found) => return Ok(found),
        }
        answer.await.map_err(|_| QueueError::Stopped)?
    }
}

/// Closes when the last handle goes.
struct OpenDesk(Arc<Desk>);

impl Drop for OpenDesk {
    fn drop(&mut self) {
        self.0.close();
    }
}

/// Runs work of a request here if it is small, else on a thread for blocking work. A panic (a bug) fails the request only.
async fn off_server_thread<T: Send + 'static>(
    permits: &Arc<Semaphore>,
    bytes: usize,
    work: impl FnOnce() -> Result<T, QueueError> + Send + 'static,
) -> Result<T, QueueError> {
    let guarded = || {
        catch_unwind(AssertUnwindSafe(work))
            .unwrap_or_else(|_| Err(QueueError::Failed("the work on a text panicked".to_owned())))
    };
    if bytes <= INLINE_BYTES {
        return guarded();
    }
    let permit = Arc::clone(permits).acquire_owned().await.map_err(|_| QueueError::Stopped)?;
    let work = move || {
        let done = guarded();
        drop(permit);
        done
    };
    tokio::task::spawn_blocking(work).await.map_err(|_| QueueError::Stopped)?
}

/// Looks every text up and tokenizes those that are not known, each different one once.
fn prepare(
    encoder: &TextEncoder,
    cache: &EmbeddingCache,
    texts: &[ContactText],
    gone: &AtomicBool,
) -> Result<Vec<Wanted>, QueueError> {
    let mut wanted = Vec::with_capacity(texts.len());
    let mut tokenized = std::collections::HashMap::new();
    let mut hits = 0;
    for text in texts {
        if gone.load(Ordering::Relaxed) {
            return Err(QueueError::Stopped);
        }
        let key = TextKey::new(encoder, text.as_str());
        if let Some(embedding) = cache.get(&key) {
            hits += 1;
            wanted.push(Wanted::Known(embedding));
            continue;
        }
        let tokens: Arc<TokenizedText> = match tokenized.get(&key) {
            Some(tokens) => Arc::clone(tokens),
            None => {
                let tokens = encoder.tokenize(text.as_str()).map(Arc::new).map_err(failed)?;
                tokenized.insert(key, Arc::clone(&tokens));
                tokens
            }
        };
        wanted.push(Wanted::Unknown(key, tokens));
    }
    let counted = |result: &'static str, count: usize| {
        metrics::counter!("recontact_embedding_cache_total", "result" => result)
            .increment(count as u64);
    };
    counted("hit", hits);
    counted("miss", texts.len() - hits);
    Ok(wanted)
}

#[expect(clippy::needless_pass_by_value, reason = "used in map_err")]
fn failed(error: EncoderError) -> QueueError {
    QueueError::Failed(error.to_string())
}

fn total_bytes(texts: &[ContactText]) -> usize {
    texts.iter().map(|text| text.as_str().len()).sum()
}

/// Tells work that has left the request's task when that task is dropped because its caller has gone.
#[derive(Default)]
struct Caller {
    gone: Arc<AtomicBool>,
}

impl Drop for Caller {
    fn drop(&mut self) {
        self.gone.store(true, Ordering::Relaxed);
    }
}

/// What was accepted and not yet answered.
#[derive(Debug, Default)]
struct Waiting {
    texts: AtomicUsize,
    bytes: AtomicUsize,
}

/// Room in the queue; given back when dropped.
#[derive(Debug)]
struct Place {
    waiting: Arc<Waiting>,
    texts: usize,
    bytes: usize,
}

impl Place {
    fn take(
        waiting: &Arc<Waiting>,
        texts: usize,
        bytes: usize,
        limits: &QueueLimits,
    ) -> Result<Self, QueueError> {
        add_within(&waiting.texts, texts, limits.waiting_texts, "texts")?;
        if let Err(error) = add_within(&waiting.bytes, bytes, limits.waiting_bytes, "bytes") {
            waiting.texts.fetch_sub(texts, Ordering::Relaxed);
            return Err(error);
        }
        Ok(Self { waiting: Arc::clone(waiting), texts, bytes })
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.waiting.texts.fetch_sub(self.texts, Ordering::Relaxed);
        self.waiting.bytes.fetch_sub(self.bytes, Ordering::Relaxed);
    }
}

fn add_within(
    now: &AtomicUsize,
    added: usize,
    capacity: usize,
    unit: &'static str,
) -> Result<(), QueueError> {
    let fits = |now: usize| now.checked_add(added).filter(|&sum| sum <= capacity);
    match now.fetch_update(Ordering::Relaxed, Ordering::Relaxed, fits) {
        Ok(_) => Ok(()),
        Err(waiting) => Err(QueueError::Overloaded { unit, waiting, capacity }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::classify::encoder::InferenceOptions;
    use std::path::Path;

    #[test]
    fn room_is_bounded_in_texts_and_bytes_and_given_back() {
        let limits = QueueLimits {
            waiting_texts: 10,
            waiting_bytes: 100,
            batch_tokens: 1,
            cached_embeddings: 0,
        };
        let waiting = Arc::new(Waiting::default());
        let take = |texts, bytes| Place::take(&waiting, texts, bytes, &limits);
        let first = take(6, 60).unwrap();
        let too_many = QueueError::Overloaded { unit: "texts", waiting: 6, capacity: 10 };
        assert_eq!(take(5, 1).unwrap_err(), too_many);
        let too_long = QueueError::Overloaded { unit: "bytes", waiting: 60, capacity: 100 };
        assert_eq!(take(1, 41).unwrap_err(), too_long);
        assert!(take(4, 40).is_ok(), "a refusal leaves nothing behind");
        drop(first);
        assert!(take(10, 100).is_ok());
        assert!(take(usize::MAX, 1).is_err());
    }

    fn queue(cached_embeddings: usize) -> ClassifyQueue {
        let limits = QueueLimits {
            waiting_texts: 100,
            waiting_bytes: 1 << 20,
            batch_tokens: 64,
            cached_embeddings,
        };
        ClassifyQueue::start(limits, NonZeroUsize::new(2).unwrap()).unwrap()
    }

    fn encoder(prompt: &str) -> Arc<TextEncoder> {
        let folder =
            Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/encoders/tiny-bert");
        let options = InferenceOptions::default();
        Arc::new(TextEncoder::load(&folder, Some(prompt), &options).unwrap())
    }

    fn texts(texts: &[&str]) -> Vec<ContactText> {
        texts.iter().map(|text| ContactText::parse(text, 1 << 20).unwrap()).collect()
    }

    #[tokio::test]
    async fn a_text_that_comes_again_is_answered_from_the_cache_for_its_encoder_only() {
        let queue = queue(2);
        let (encoder, prompted) = (encoder(""), encoder("query: "));
        let embed = async |encoder: &Arc<TextEncoder>, text: &str| {
            queue.embed(Arc::clone(encoder), texts(&[text])).await.unwrap().remove(0)
        };
        let first = embed(&encoder, "my card").await;
        assert!(Arc::ptr_eq(&first, &embed(&encoder, "my card").await));
        let other = embed(&prompted, "my card").await;
        assert_ne!(first.vector, other.vector, "another prompt, another embedding");
        assert!(Arc::ptr_eq(&first, &embed(&encoder, "my card").await));
        embed(&encoder, "my PIN").await;
        assert_eq!(queue.cached(), 2, "no more than asked for");
        assert!(Arc::ptr_eq(&first, &embed(&encoder, "my card").await), "used last, kept");
        assert!(!Arc::ptr_eq(&other, &embed(&prompted, "my card").await), "used first, gone");
    }

    #[tokio::test]
    async fn without_a_cache_every_text_is_computed() {
        let (queue, encoder) = (queue(0), encoder(""));
        let found = queue.embed(Arc::clone(&encoder), texts(&["my card"])).await.unwrap();
        let again = queue.embed(encoder, texts(&["my card"])).await.unwrap();
        assert_eq!(found, again);
        assert!(!Arc::ptr_eq(&found[0], &again[0]));
        assert_eq!((queue.cached(), queue.waiting()), (0, 0));
    }

    #[tokio::test]
    async fn a_long_text_is_answered_and_a_dropped_request_gives_its_room_back() {
        let (queue, encoder) = (queue(10), encoder(""));
        let long = "my card has not arrived ".repeat(20_000);
        let request = queue.embed(Arc::clone(&encoder), texts(&[&long]));
        assert!(tokio::time::timeout(std::time::Duration::ZERO, request).await.is_err());
        let found = queue.embed(encoder, texts(&["PIN", &long])).await.unwrap();
        assert!(!found[0].tokens.truncated() && found[1].tokens.truncated());
        while queue.waiting() > 0 {
            tokio::task::yield_now().await;
        }
    }
}
