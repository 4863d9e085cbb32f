//! The inference thread: forms batches of the requests that wait and answers those that are complete.
//!
//! A batch is a number of tokens, filled with one text of each request in turn, so that a long request does not hold up a
//! short one. Equal texts, of one request or of several, take part once.

use super::super::cache::{EmbeddingCache, TextKey};
use super::super::encoder::{Embedding, EncoderError, TextEncoder, TokenizedText};
use super::{Place, QueueError};
use std::collections::{HashMap, VecDeque};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, mpsc};
use tokio::sync::oneshot;

/// A text of a request.
pub(super) enum Wanted {
    /// It was in the cache.
    Known(Arc<Embedding>),
    /// It goes through the encoder.
    Unknown(TextKey, Arc<TokenizedText>),
}

type Reply = oneshot::Sender<Result<Vec<Arc<Embedding>>, QueueError>>;

/// Texts that someone waits for.
pub(super) struct Request {
    encoder: Arc<TextEncoder>,
    /// Texts not yet taken into a batch, by their place among `found`.
    rest: VecDeque<(usize, TextKey, Arc<TokenizedText>)>,
    found: Vec<Option<Arc<Embedding>>>,
    /// Why there will be no answer.
    failure: Option<QueueError>,
    place: Place,
    reply: Reply,
}

impl Request {
    /// A request; or the embeddings, if all of them are known already.
    pub(super) fn new(
        encoder: Arc<TextEncoder>,
        wanted: Vec<Wanted>,
        place: Place,
        reply: Reply,
    ) -> Result<Self, Vec<Arc<Embedding>>> {
        let mut rest = VecDeque::new();
        let mut found = Vec::with_capacity(wanted.len());
        for (index, wanted) in wanted.into_iter().enumerate() {
            match wanted {
                Wanted::Known(embedding) => found.push(Some(embedding)),
                Wanted::Unknown(key, tokens) => {
                    rest.push_back((index, key, tokens));
                    found.push(None);
                }
            }
        }
        if rest.is_empty() {
            return Err(found.into_iter().flatten().collect());
        }
        Ok(Self { encoder, rest, found, failure: None, place, reply })
    }

    fn is_done(&self) -> bool {
        self.failure.is_some() || self.found.iter().all(Option::is_some)
    }

    /// Gives the room back first: who has its answer may ask again at once. A caller that has gone misses nothing.
    fn answer(self) {
        drop(self.place);
        let found = self.found.into_iter().flatten().collect();
        drop(self.reply.send(self.failure.map_or(Ok(found), Err)));
    }
}

/// Answers requests until no one can send any more.
pub(super) fn work(
    receiver: &mpsc::Receiver<Request>,
    cache: &EmbeddingCache,
    batch_tokens: usize,
) {
    let mut waiting = Vec::new();
    loop {
        if waiting.is_empty() {
            match receiver.recv() {
                Ok(request) => waiting.push(request),
                Err(mpsc::RecvError) => return,
            }
        }
        waiting.extend(receiver.try_iter());
        let before = waiting.len();
        waiting.retain(|request| !request.reply.is_closed());
        let gone = before - waiting.len();
        metrics::counter!("recontact_cancelled_requests_total").increment(gone as u64);
        let batch = Batch::take(&mut waiting, cache, batch_tokens);
        batch.run(&mut waiting, cache);
        waiting.extract_if(.., |request| request.is_done()).for_each(Request::answer);
    }
}

/// Different texts for one encoder.
#[derive(Default)]
struct Batch {
    encoder: Option<Arc<TextEncoder>>,
    texts: Vec<(TextKey, Arc<TokenizedText>)>,
    /// Who waits for each of them: which request, and its place there.
    takers: Vec<Vec<(usize, usize)>>,
    tokens: usize,
}

impl Batch {
    /// Takes one text of each request in turn until the batch is full or nothing waits. Requests for another encoder than the
    /// first one's wait for the next batch. The request at which the batch was full comes first in the next one.
    fn take(waiting: &mut [Request], cache: &EmbeddingCache, most_tokens: usize) -> Self {
        let mut batch = Self::default();
        let Some(encoder) = waiting.first().map(|request| Arc::clone(&request.encoder)) else {
            return batch;
        };
        let mut places = HashMap::new();
        let mut full_at = None;
        while full_at.is_none() {
            let mut took_any = false;
            for (index, request) in waiting.iter_mut().enumerate() {
                if !Arc::ptr_eq(&request.encoder, &encoder) {
                    continue;
                }
                let Some((at, key, tokens)) = request.rest.front() else { continue };
                if let Some(known) = cache.get(key) {
                    request.found[*at] = Some(known);
                } else if let Some(&place) = places.get(key) {
                    let takers: &mut Vec<_> = &mut batch.takers[place];
                    takers.push((index, *at));
                    metrics::counter!("recontact_shared_texts_total").increment(1);
                } else if batch.texts.is_empty() || batch.tokens + tokens.length() <= most_tokens {
                    places.insert(*key, batch.texts.len());
                    batch.tokens += tokens.length();
                    batch.texts.push((*key, Arc::clone(tokens)));
                    batch.takers.push(vec![(index, *at)]);
                } else {
                    full_at = Some(index);
                    break;
                }
                request.rest.pop_front();
                took_any = true;
            }
            if !took_any {
                break;
            }
        }
        if let Some(index) = full_at {
            waiting.rotate_left(index);
            let count = waiting.len();
            for (taker, _) in batch.takers.iter_mut().flatten() {
                *taker = (*taker + count - index) % count;
            }
        }
        batch.encoder = Some(encoder);
        batch
    }

    /// Embeds the texts and hands the embeddings to those who wait for them; who waits for one that fails is told so.
    fn run(self, waiting: &mut [Request], cache: &EmbeddingCache) {
        let Some(encoder) = self.encoder.filter(|_| !self.texts.is_empty()) else { return };
        metrics::histogram!("recontact_inference_batch_tokens").record(number(self.tokens));
        let texts = || self.texts.iter().map(|(_, tokens)| TokenizedText::clone(tokens));
        let results: Vec<Result<Embedding, QueueError>> = match embed(&encoder, texts().collect()) {
            Ok(embeddings) => embeddings.into_iter().map(Ok).collect(),
            // One text may be to blame: the others of the batch must not suffer from it.
            Err(_) => texts()
                .map(|text| embed(&encoder, vec![text]).map(|mut embeddings| embeddings.remove(0)))
                .collect(),
        };
        for (((key, _), takers), result) in self.texts.iter().zip(&self.takers).zip(results) {
            match result.map(Arc::new) {
                Ok(embedding) => {
                    cache.insert(*key, Arc::clone(&embedding));
                    for &(request, at) in takers {
                        waiting[request].found[at] = Some(Arc::clone(&embedding));
                    }
                }
                Err(error) => {
                    tracing::error!(%error, "inference failed");
                    for &(request, _) in takers {
                        waiting[request].failure = Some(error.clone());
                    }
                }
            }
        }
    }
}

/// A panic below (a bug) fails this batch and leaves the thread running.
fn embed(encoder: &TextEncoder, texts: Vec<TokenizedText>) -> Result<Vec<Embedding>, QueueError> {
    catch_unwind(AssertUnwindSafe(|| encoder.embed_tokenized(texts)))
        .unwrap_or_else(|_| Err(EncoderError::Encode("the encoder panicked".to_owned())))
        .map_err(|error| QueueError::Failed(error.to_string()))
}

#[expect(clippy::cast_precision_loss, reason = "a number of tokens in memory fits into 53 bits")]
fn number(count: usize) -> f64 {
    count as f64
}
