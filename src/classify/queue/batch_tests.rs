//! What inference threads promise to the requests that wait.

use super::super::{QueueLimits, Waiting};
use super::*;
use crate::classify::encoder::InferenceOptions;
use std::path::Path;

fn encoder() -> Arc<TextEncoder> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/encoders/tiny-bert");
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

/// A desk at which one thread works and nothing is kept.
#[derive(Default)]
struct OneThread(State);

impl OneThread {
    fn add(&mut self, encoder: &Arc<TextEncoder>, texts: &[&str]) -> Answer {
        let (request, answer) = request(encoder, texts);
        self.0.add(request);
        answer
    }

    fn take(&mut self, tokens: usize) -> Batch {
        self.0.take(&no_cache(), tokens, 1).unwrap()
    }

    fn finish(&mut self, batch: Batch) {
        self.0.settle(&no_cache(), batch.compute());
        self.0.take_done().into_iter().for_each(Request::answer);
    }
}

fn found(answer: &mut Answer) -> Vec<Embedding> {
    let found = answer.try_recv().unwrap().unwrap();
    found.iter().map(|embedding| Embedding::clone(embedding)).collect()
}

fn numbered(count: usize) -> Vec<String> {
    (0..count).map(|number| format!("card {number}")).collect()
}

fn raw(texts: &[String]) -> Vec<&str> {
    texts.iter().map(String::as_str).collect()
}

#[test]
fn equal_texts_of_one_request_or_of_several_are_computed_once() {
    let (encoder, mut desk) = (encoder(), OneThread::default());
    let mut first = desk.add(&encoder, &["card", "card", "PIN"]);
    let mut second = desk.add(&encoder, &["PIN", "card"]);
    let batch = desk.take(1000);
    assert_eq!(batch.texts.len(), 2);
    // One that comes while the text is being computed joins those who wait for it.
    let mut late = desk.add(&encoder, &["card"]);
    assert!(desk.0.take(&no_cache(), 1000, 1).is_none());
    desk.finish(batch);
    let expected = encoder.embed(&["card", "PIN"]).unwrap();
    let [card, pin] = [0, 1].map(|index| expected[index].clone());
    assert_eq!(found(&mut first), [card.clone(), card.clone(), pin.clone()]);
    assert_eq!(found(&mut second), [pin, card.clone()]);
    assert_eq!(found(&mut late), [card]);
    assert_eq!((desk.0.tokens, desk.0.running.len()), (0, 0));
}

#[test]
fn a_long_request_does_not_hold_up_a_short_one() {
    let (encoder, mut desk) = (encoder(), OneThread::default());
    let texts = numbered(100);
    let mut long = desk.add(&encoder, &raw(&texts));
    let mut short = desk.add(&encoder, &["my PIN"]);
    let batch = desk.take(60);
    assert!(batch.tokens <= 60 && batch.tokens > 40, "{}", batch.tokens);
    desk.finish(batch);
    assert_eq!(found(&mut short).len(), 1);
    let mut batches = 1;
    while !desk.0.requests.is_empty() {
        let batch = desk.take(60);
        desk.finish(batch);
        batches += 1;
    }
    assert!(batches > 5, "{batches}");
    assert_eq!(found(&mut long), encoder.embed(&raw(&texts)).unwrap(), "each in its place");
}

#[test]
fn every_one_of_many_requests_gets_its_turn_when_a_batch_takes_a_few() {
    let (encoder, mut desk) = (encoder(), OneThread::default());
    let texts = numbered(30);
    let mut answers: Vec<Answer> =
        texts.iter().map(|text| desk.add(&encoder, &[text, "one", "two", "three"])).collect();
    let first = desk.take(25);
    let second = desk.take(25);
    let keys = |batch: &Batch| batch.texts.iter().map(|(key, _)| *key).collect::<Vec<_>>();
    assert_eq!(keys(&first)[0], TextKey::new(&encoder, &texts[0]));
    assert_eq!(keys(&second)[0], TextKey::new(&encoder, &texts[keys(&first).len()]));
    desk.finish(first);
    desk.finish(second);
    while !desk.0.requests.is_empty() {
        let batch = desk.take(25);
        desk.finish(batch);
    }
    for (text, answer) in texts.iter().zip(&mut answers) {
        assert_eq!(found(answer)[0], encoder.embed(&[text]).unwrap()[0]);
    }
}

#[test]
fn idle_threads_share_what_waits_and_one_text_alone_gets_all_cores() {
    let (encoder, mut desk) = (encoder(), OneThread::default());
    let texts = numbered(20);
    let _answer = desk.add(&encoder, &raw(&texts));
    let all = desk.0.tokens;
    desk.0.idle = 1;
    let half = desk.0.take(&no_cache(), 1000, 2).unwrap();
    assert!(half.tokens.abs_diff(all / 2) <= 8, "{} of {all}", half.tokens);
    assert_eq!(half.cores, Cores::One);
    desk.0.idle = 0;
    let rest = desk.0.take(&no_cache(), 1000, 2).unwrap();
    assert_eq!(half.texts.len() + rest.texts.len(), 20);
    desk.finish(half);
    desk.finish(rest);
    let _answer = desk.add(&encoder, &["my card"]);
    assert_eq!(desk.0.take(&no_cache(), 1000, 2).unwrap().cores, Cores::One, "one is busy");
    for (quiet, cores) in [(QUIET, Cores::All), (QUIET - 1, Cores::One)] {
        let mut desk = OneThread::default();
        (desk.0.idle, desk.0.quiet) = (1, quiet);
        let _answer = desk.add(&encoder, &["my card"]);
        assert_eq!(desk.0.take(&no_cache(), 1000, 2).unwrap().cores, cores);
    }
}

#[test]
fn a_text_longer_than_a_batch_goes_alone() {
    let (encoder, mut desk) = (encoder(), OneThread::default());
    let _answer = desk.add(&encoder, &["card ".repeat(90).as_str(), "PIN"]);
    let batch = desk.take(10);
    assert_eq!((batch.texts.len(), batch.tokens > 10), (1, true));
    assert_eq!(desk.take(10).texts.len(), 1);
}

#[test]
fn requests_for_another_encoder_wait_for_a_batch_of_their_own() {
    let (one, other, mut desk) = (encoder(), encoder(), OneThread::default());
    // Equal encoders have equal keys: only different texts show which batch takes them.
    let mut first = desk.add(&one, &["card"]);
    let mut second = desk.add(&other, &["PIN", "hello"]);
    let batch = desk.take(1000);
    assert_eq!(batch.texts.len(), 1);
    desk.finish(batch);
    assert_eq!(found(&mut first).len(), 1);
    assert!(second.try_recv().is_err());
    let batch = desk.take(1000);
    assert_eq!(batch.texts.len(), 2);
}

#[test]
fn no_encoder_waits_while_the_other_fills_every_batch() {
    let (one, other, mut desk) = (encoder(), encoder(), OneThread::default());
    let texts = numbered(100);
    let _long = desk.add(&one, &raw(&texts));
    let mut short = desk.add(&other, &["PIN", "hello"]);
    for _ in 0..2 {
        let batch = desk.take(30);
        desk.finish(batch);
    }
    assert_eq!(found(&mut short).len(), 2);
}

#[test]
fn a_thread_does_not_rest_while_a_text_for_another_encoder_waits() {
    let (one, other, mut desk) = (encoder(), encoder(), OneThread::default());
    let _first = desk.add(&one, &["card"]);
    let running = desk.take(1000);
    // In the works already; and behind it one that is not.
    let mut same = desk.add(&one, &["card"]);
    let mut waits = desk.add(&other, &["PIN"]);
    let batch = desk.take(1000);
    desk.finish(batch);
    assert_eq!(found(&mut waits).len(), 1);
    desk.finish(running);
    assert_eq!(found(&mut same).len(), 1);
}

#[test]
fn what_the_caller_gave_up_is_dropped_even_halfway() {
    let encoder = encoder();
    let texts = numbered(50);
    let cache = Arc::new(EmbeddingCache::new(100));
    let desk = Desk::new(Arc::clone(&cache), 40);
    let (gone, answer) = request(&encoder, &raw(&texts));
    desk.submit(gone);
    let batch = desk.lock().take(&cache, 40, 1).unwrap();
    desk.lock().settle(&cache, batch.compute());
    let begun = cache.len();
    assert!(begun > 0 && begun < 50);
    drop(answer);
    let (kept, mut kept_answer) = request(&encoder, &["my PIN"]);
    desk.submit(kept);
    desk.close();
    desk.work(1);
    assert_eq!(cache.len(), begun + 1, "nothing more of the request that was given up");
    assert_eq!(found(&mut kept_answer).len(), 1);
    assert_eq!(desk.lock().tokens, 0);
}
