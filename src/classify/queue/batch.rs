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

#[cfg(test)]
mod tests {
    use super::super::{QueueLimits, Waiting};
    use super::*;
    use crate::classify::encoder::InferenceOptions;
    use std::path::Path;

    fn encoder() -> Arc<TextEncoder> {
        let folder =
            Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/encoders/tiny-bert");
        let options = InferenceOptions { threads: 1, ..InferenceOptions::default() };
        Arc::new(TextEncoder::load(&folder, None, &options).unwrap())
    }

    type Answer = oneshot::Receiver<Result<Vec<Arc<Embedding>>, QueueError>>;

    fn request(encoder: &Arc<TextEncoder>, texts: &[&str]) -> (Request, Answer) {
        let limits = QueueLimits {
            waiting_texts: usize::MAX,
            waiting_bytes: usize::MAX,
            batch_tokens: 0,
            cached_embeddings: 0,
        };
        let place = Place::take(&Arc::new(Waiting::default()), texts.len(), 0, &limits).unwrap();
        let wanted = texts.iter().map(|text| {
            Wanted::Unknown(TextKey::new(encoder, text), Arc::new(encoder.tokenize(text).unwrap()))
        });
        let (reply, answer) = oneshot::channel();
        let request = Request::new(Arc::clone(encoder), wanted.collect(), place, reply);
        (request.unwrap_or_else(|_| unreachable!()), answer)
    }

    fn no_cache() -> EmbeddingCache {
        EmbeddingCache::new(0)
    }

    #[test]
    fn equal_texts_of_one_request_or_of_several_take_part_once() {
        let encoder = encoder();
        let (first, mut first_answer) = request(&encoder, &["card", "card", "PIN"]);
        let (second, mut second_answer) = request(&encoder, &["PIN", "card"]);
        let mut waiting = vec![first, second];
        let batch = Batch::take(&mut waiting, &no_cache(), 1000);
        assert_eq!(batch.texts.len(), 2);
        batch.run(&mut waiting, &no_cache());
        assert!(waiting.iter().all(Request::is_done));
        waiting.into_iter().for_each(Request::answer);
        let first = first_answer.try_recv().unwrap().unwrap();
        let second = second_answer.try_recv().unwrap().unwrap();
        let expected = encoder.embed(&["card", "PIN"]).unwrap();
        let vectors = |found: &[Arc<Embedding>]| -> Vec<Embedding> {
            found.iter().map(|embedding| Embedding::clone(embedding)).collect()
        };
        let [card, pin] = [0, 1].map(|index| expected[index].clone());
        assert_eq!(vectors(&first), [card.clone(), card.clone(), pin.clone()]);
        assert_eq!(vectors(&second), [pin, card]);
    }

    #[test]
    fn a_long_request_does_not_hold_up_a_short_one() {
        let encoder = encoder();
        let texts: Vec<String> = (0..100).map(|number| format!("card {number}")).collect();
        let raw: Vec<&str> = texts.iter().map(String::as_str).collect();
        let (long, _long_answer) = request(&encoder, &raw);
        let (short, mut short_answer) = request(&encoder, &["my PIN"]);
        let mut waiting = vec![long, short];
        let batch = Batch::take(&mut waiting, &no_cache(), 60);
        assert!(batch.tokens <= 60 && batch.tokens > 40, "{}", batch.tokens);
        batch.run(&mut waiting, &no_cache());
        waiting.extract_if(.., |request| request.is_done()).for_each(Request::answer);
        assert_eq!(short_answer.try_recv().unwrap().unwrap().len(), 1);
        assert_eq!(waiting.len(), 1, "the long one goes on");
        let mut batches = 1;
        while !waiting[0].is_done() {
            let batch = Batch::take(&mut waiting, &no_cache(), 60);
            batch.run(&mut waiting, &no_cache());
            batches += 1;
        }
        assert!(batches > 5, "{batches}");
        let expected = encoder.embed(&raw).unwrap();
        for (found, expected) in waiting[0].found.iter().zip(expected) {
            assert_eq!(**found.as_ref().unwrap(), expected, "each in its place");
        }
    }

    #[test]
    fn every_one_of_many_requests_gets_its_turn_when_a_batch_takes_a_few() {
        let encoder = encoder();
        let texts: Vec<String> = (0..30).map(|number| format!("card {number}")).collect();
        let mut answers = Vec::new();
        let mut waiting = Vec::new();
        for text in &texts {
            let (request, answer) = request(&encoder, &[text, "one", "two", "three"]);
            waiting.push(request);
            answers.push(answer);
        }
        for _ in 0..1000 {
            Batch::take(&mut waiting, &no_cache(), 25).run(&mut waiting, &no_cache());
            waiting.extract_if(.., |request| request.is_done()).for_each(Request::answer);
        }
        assert!(waiting.is_empty());
        for (text, answer) in texts.iter().zip(&mut answers) {
            let found = answer.try_recv().unwrap().unwrap();
            assert_eq!(*found[0], encoder.embed(&[text]).unwrap()[0]);
        }
    }

    #[test]
    fn a_text_longer_than_a_batch_goes_alone() {
        let encoder = encoder();
        let (request, _answer) = request(&encoder, &["card ".repeat(90).as_str(), "PIN"]);
        let mut waiting = vec![request];
        let batch = Batch::take(&mut waiting, &no_cache(), 10);
        assert_eq!((batch.texts.len(), batch.tokens > 10), (1, true));
        batch.run(&mut waiting, &no_cache());
        assert_eq!(Batch::take(&mut waiting, &no_cache(), 10).texts.len(), 1);
    }

    #[test]
    fn requests_for_another_encoder_wait_for_a_batch_of_their_own() {
        let (one, other) = (encoder(), encoder());
        let mut waiting = vec![request(&one, &["card"]).0, request(&other, &["PIN", "card"]).0];
        let batch = Batch::take(&mut waiting, &no_cache(), 1000);
        assert_eq!(batch.texts.len(), 1);
        batch.run(&mut waiting, &no_cache());
        assert!(waiting[0].is_done() && !waiting[1].is_done());
    }

    #[test]
    fn what_the_caller_gave_up_is_dropped_even_halfway() {
        let encoder = encoder();
        let texts: Vec<String> = (0..50).map(|number| format!("card {number}")).collect();
        let raw: Vec<&str> = texts.iter().map(String::as_str).collect();
        let cache = EmbeddingCache::new(100);
        let (sender, receiver) = mpsc::channel();
        let (gone, answer) = request(&encoder, &raw);
        let mut waiting = vec![gone];
        Batch::take(&mut waiting, &cache, 40).run(&mut waiting, &cache);
        let begun = cache.len();
        assert!(begun > 0 && begun < 50);
        drop(answer);
        let (kept, mut kept_answer) = request(&encoder, &["my PIN"]);
        waiting.push(kept);
        waiting.into_iter().for_each(|request| sender.send(request).unwrap());
        drop(sender);
        work(&receiver, &cache, 40);
        assert_eq!(cache.len(), begun + 1, "nothing more of the request that was given up");
        assert!(kept_answer.try_recv().unwrap().is_ok());
    }
}
