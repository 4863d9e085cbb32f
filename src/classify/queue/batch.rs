//! Inference threads: form batches of the requests that wait and answer those that are complete.
//!
//! Each thread takes its share of what waits (all of it, when the others are busy) and computes it on its own core; only a
//! single text that comes while nothing else is going on is shared out among all cores. A batch is a number of tokens,
//! filled with one text of each request in turn, so that a long request does not hold up a short one. A text that is
//! wanted several times at once, by one request or by several, is computed once.

use super::super::cache::{EmbeddingCache, TextKey};
use super::super::encoder::{Cores, Embedding, EncoderError, TextEncoder, TokenizedText};
use super::{Place, QueueError};
use std::collections::{BTreeMap, HashMap, VecDeque};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
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

    /// Tokens of the texts not yet taken, an equal text counted each time.
    fn tokens(&self) -> usize {
        self.rest.iter().map(|(_, _, tokens)| tokens.length()).sum()
    }

    /// Gives the room back first: who has its answer may ask again at once. A caller that has gone misses nothing.
    fn answer(self) {
        drop(self.place);
        let found = self.found.into_iter().flatten().collect();
        drop(self.reply.send(self.failure.map_or(Ok(found), Err)));
    }
}

/// What inference threads share.
pub(super) struct Desk {
    state: Mutex<State>,
    arrived: Condvar,
    cache: Arc<EmbeddingCache>,
    batch_tokens: usize,
}

#[derive(Default)]
struct State {
    /// In the order in which they came.
    requests: BTreeMap<u64, Request>,
    next_request: u64,
    /// The request whose turn it is.
    turn: u64,
    /// Tokens of all texts not yet taken.
    tokens: usize,
    /// Texts that are being computed, and who waits for each of them.
    running: HashMap<TextKey, Vec<Taker>>,
    /// Threads that wait for work.
    idle: usize,
    /// Batches in a row after which nothing was left to do.
    quiet: usize,
    is_closed: bool,
}

/// A request and a place among its texts.
type Taker = (u64, usize);

impl Desk {
    pub(super) fn new(cache: Arc<EmbeddingCache>, batch_tokens: usize) -> Self {
        Self { state: Mutex::default(), arrived: Condvar::new(), cache, batch_tokens }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Puts a request where the threads find it.
    pub(super) fn submit(&self, request: Request) {
        self.lock().add(request);
        self.arrived.notify_one();
    }

    /// No more requests will come: the threads end when all are answered.
    pub(super) fn close(&self) {
        self.lock().is_closed = true;
        self.arrived.notify_all();
    }

    /// Answers requests until no more will come. `threads` do the same.
    pub(super) fn work(&self, threads: usize) {
        let mut state = self.lock();
        loop {
            state.drop_abandoned();
            let batch = state.take(&self.cache, self.batch_tokens, threads);
            let done = state.take_done();
            match batch {
                Some(batch) => {
                    if state.tokens > 0 {
                        self.arrived.notify_one();
                    }
                    drop(state);
                    done.into_iter().for_each(Request::answer);
                    let results = batch.compute();
                    state = self.lock();
                    state.settle(&self.cache, results);
                    let done = state.take_done();
                    state.quiet = if state.requests.is_empty() { state.quiet + 1 } else { 0 };
                    drop(state);
                    done.into_iter().for_each(Request::answer);
                    state = self.lock();
                }
                None if !done.is_empty() => {
                    drop(state);
                    done.into_iter().for_each(Request::answer);
                    state = self.lock();
                }
                None if state.is_closed => return,
                None => {
                    state.idle += 1;
                    state = self.arrived.wait(state).unwrap_or_else(PoisonError::into_inner);
                    state.idle -= 1;
                }
            }
        }
    }
}

/// Batches in a row after which nothing was left to do, before a single text gets all cores: where more is going on, its
/// threads would wait for each other's turns, and all requests together would be slower.
const QUIET: usize = 8;

/// Different texts for one encoder, taken by one thread.
struct Batch {
    encoder: Arc<TextEncoder>,
    texts: Vec<(TextKey, Arc<TokenizedText>)>,
    tokens: usize,
    cores: Cores,
}

impl State {
    fn add(&mut self, request: Request) {
        self.tokens += request.tokens();
        self.requests.insert(self.next_request, request);
        self.next_request += 1;
    }

    /// Forgets requests whose caller has gone. Their texts that are being computed are finished: others may want them.
    fn drop_abandoned(&mut self) {
        let before = self.requests.len();
        let tokens = &mut self.tokens;
        self.requests.retain(|_, request| {
            let is_gone = request.reply.is_closed();
            if is_gone {
                *tokens -= request.tokens();
            }
            !is_gone
        });
        let gone = before - self.requests.len();
        metrics::counter!("recontact_cancelled_requests_total").increment(gone as u64);
    }

    /// Takes out the requests that can be answered.
    fn take_done(&mut self) -> Vec<Request> {
        let tokens = &mut self.tokens;
        let done = self.requests.extract_if(.., |_, request| request.is_done());
        done.map(|(_, request)| {
            *tokens -= request.tokens();
            request
        })
        .collect()
    }

    /// Takes this thread's share of what waits, one text of each request in turn; `None` if no text waits that is not known
    /// or in the works.
    ///
    /// A batch is for one encoder, that of the request whose turn it is. A request for another one has the next turn; else
    /// the request at which the batch was full has it.
    fn take(
        &mut self,
        cache: &EmbeddingCache,
        most_tokens: usize,
        threads: usize,
    ) -> Option<Batch> {
        let share = self.tokens.div_ceil(self.idle + 1).min(most_tokens);
        loop {
            let mut batch = self.take_for_one_encoder(cache, share)?;
            if batch.texts.is_empty() {
                continue;
            }
            // Other threads' work is in `running` too.
            let is_alone = self.running.len() == batch.texts.len() && self.idle + 1 >= threads;
            let is_single = batch.texts.len() == 1 && self.tokens == 0;
            if is_alone && is_single && self.quiet >= QUIET {
                batch.cores = Cores::All;
            }
            return Some(batch);
        }
    }

    /// Takes at least one text off a request; none of them may need computing. `None` if no text waits.
    fn take_for_one_encoder(&mut self, cache: &EmbeddingCache, share: usize) -> Option<Batch> {
        let order: Vec<u64> = {
            let waits = |(_, request): &(&u64, &Request)| !request.rest.is_empty();
            let later = self.requests.range(self.turn..);
            later.chain(self.requests.range(..self.turn)).filter(waits).map(|(&id, _)| id).collect()
        };
        let encoder = Arc::clone(&self.requests.get(order.first()?)?.encoder);
        let mut batch = Batch { encoder, texts: Vec::new(), tokens: 0, cores: Cores::One };
        let (mut of_another, mut full_at) = (None, None);
        let mut took_any = true;
        'full: while took_any {
            took_any = false;
            for &id in &order {
                let Some(request) = self.requests.get_mut(&id) else { continue };
                if !Arc::ptr_eq(&request.encoder, &batch.encoder) {
                    of_another = of_another.or(Some(id));
                    continue;
                }
                let Some((at, key, tokens)) = request.rest.front() else { continue };
                let (at, key, tokens) = (*at, *key, Arc::clone(tokens));
                if let Some(known) = cache.get(&key) {
                    request.found[at] = Some(known);
                } else if let Some(takers) = self.running.get_mut(&key) {
                    takers.push((id, at));
                    metrics::counter!("recontact_shared_texts_total").increment(1);
                } else if batch.texts.is_empty() || batch.tokens + tokens.length() <= share {
                    batch.tokens += tokens.length();
                    self.running.insert(key, vec![(id, at)]);
                    batch.texts.push((key, Arc::clone(&tokens)));
                } else {
                    full_at = Some(id);
                    break 'full;
                }
                self.tokens -= tokens.length();
                request.rest.pop_front();
                took_any = true;
            }
        }
        self.turn = of_another.or(full_at).unwrap_or(self.turn);
        Some(batch)
    }

    /// Hands results to those who wait for them; who waits for one that failed is told so.
    fn settle(
        &mut self,
        cache: &EmbeddingCache,
        results: Vec<(TextKey, Result<Arc<Embedding>, QueueError>)>,
    ) {
        for (key, result) in results {
            if let Ok(embedding) = &result {
                cache.insert(key, Arc::clone(embedding));
            }
            for (id, at) in self.running.remove(&key).unwrap_or_default() {
                let Some(request) = self.requests.get_mut(&id) else { continue };
                match &result {
                    Ok(embedding) => request.found[at] = Some(Arc::clone(embedding)),
                    Err(error) => request.failure = Some(error.clone()),
                }
            }
        }
    }
}

impl Batch {
    /// The embeddings of the texts.
    fn compute(self) -> Vec<(TextKey, Result<Arc<Embedding>, QueueError>)> {
        metrics::histogram!("recontact_inference_batch_tokens").record(number(self.tokens));
        let texts = || self.texts.iter().map(|(_, tokens)| TokenizedText::clone(tokens));
        let results: Vec<Result<Embedding, QueueError>> =
            match embed(&self.encoder, texts().collect(), self.cores) {
                Ok(embeddings) => embeddings.into_iter().map(Ok).collect(),
                Err(error) if self.texts.len() == 1 => vec![Err(error)],
                // One text may be to blame: the others of the batch must not suffer from it.
                Err(_) => texts()
                    .map(|text| {
                        embed(&self.encoder, vec![text], Cores::One).map(|mut one| one.remove(0))
                    })
                    .collect(),
            };
        let keys = self.texts.iter().map(|(key, _)| *key);
        keys.zip(results)
            .map(|(key, result)| {
                (
                    key,
                    result
                        .map(Arc::new)
                        .inspect_err(|error| tracing::error!(%error, "inference failed")),
                )
            })
            .collect()
    }
}

/// A panic below (a bug) fails this batch and leaves the thread running.
fn embed(
    encoder: &TextEncoder,
    texts: Vec<TokenizedText>,
    cores: Cores,
) -> Result<Vec<Embedding>, QueueError> {
    catch_unwind(AssertUnwindSafe(|| encoder.embed_tokenized(texts, cores)))
        .unwrap_or_else(|_| Err(EncoderError::Encode("the encoder panicked".to_owned())))
        .map_err(|error| QueueError::Failed(error.to_string()))
}

#[expect(clippy::cast_precision_loss, reason = "a number of tokens in memory fits into 53 bits")]
fn number(count: usize) -> f64 {
    count as f64
}

#[cfg(test)]
#[path = "batch_tests.rs"]
mod tests;
