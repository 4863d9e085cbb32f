use crate::helpers::{spawn_app_with, wait_until};
use serde_json::json;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

#[test]
fn under_overload_every_request_is_answered_or_refused_at_once() {
    let app = spawn_app_with(|settings| {
        settings.limits.waiting_texts = 3;
        settings.limits.batch_tokens = 2;
        settings.limits.cached_embeddings = 0;
        settings.limits.retry_after_s = 7;
    });
    let text = "my card has not arrived ".repeat(2000);
    let answers = Mutex::new(Vec::new());
    std::thread::scope(|scope| {
        for _ in 0..24 {
            scope.spawn(|| {
                for _ in 0..10 {
                    let answer = app.classify(&json!({"text": text}));
                    answers.lock().unwrap().push(answer);
                }
            });
        }
    });
    let answers = answers.into_inner().unwrap();
    assert_eq!(answers.len(), 240, "none is lost");
    let refused: Vec<_> = answers.iter().filter(|answer| answer.status != 200).collect();
    assert!(!refused.is_empty() && refused.len() < 240, "{} of 240 refused", refused.len());
    for answer in refused {
        answer.expect_problem(503, "overloaded");
        assert_eq!(answer.header("retry-after"), "7");
    }
    assert_eq!(app.app.queue.waiting(), 0, "all room is given back");
    app.classify(&json!({"text": "My card has not arrived"})).expect(200);
}

#[test]
fn a_refusal_does_not_wait_for_what_is_being_worked_on() {
    let app = spawn_app_with(|settings| settings.limits.waiting_texts = 20);
    let text = "my card has not arrived ".repeat(40_000);
    let done = AtomicBool::new(false);
    std::thread::scope(|scope| {
        let slow = scope.spawn(|| {
            let inputs = vec![json!({"text": text}); 17];
            let status = app.classify(&json!({"inputs": inputs})).status;
            done.store(true, Ordering::SeqCst);
            status
        });
        wait_until("the slow request has been accepted", || app.app.queue.waiting() == 17);
        let start = Instant::now();
        let problem = app.classify(&json!({"inputs": vec![json!({"text": "card"}); 4]}));
        let took = start.elapsed();
        if !done.load(Ordering::SeqCst) {
            problem.expect_problem(503, "overloaded");
            assert!(took < Duration::from_secs(1), "{took:?}");
        }
        assert_eq!(slow.join().unwrap(), 200);
    });
}

#[test]
fn contacts_refused_by_overload_leave_no_trace() {
    let app = spawn_app_with(|settings| settings.limits.waiting_texts = 0);
    let contact = json!({
        "id": "c-1", "customer_id": "u-9", "occurred_at": "2026-01-05T09:00:00Z", "text": "My top up failed again"
    });
    for _ in 0..3 {
        app.record_contact(&contact).expect_problem(503, "overloaded");
    }
}
