//! Contacts with similar texts, on both databases: after a restart, on several replicas, after an erasure, with another encoder.

use crate::helpers::{TestApp, spawn_app, spawn_app_in, spawn_app_with};
use crate::postgres;
use crate::trained;
use recontact::live_similar::LiveSimilar;
use recontact::similar::SimilarOptions;
use recontact::store::{CustomerKey, Store, StoreOptions, Tenant};
use serde_json::{Value, json};
use std::future::poll_fn;
use std::io::Write;
use std::net::TcpStream;
use std::path::Path;
use std::pin::pin;
use std::task::Poll;
use tempfile::TempDir;

const TEXTS: [(&str, &str, &str); 4] = [
    ("c-1", "u-1", "My card has not arrived"),
    ("c-2", "u-2", "When will my new card come?"),
    ("c-3", "u-1", "What is the exchange rate today?"),
    ("c-4", "u-2", "My top up failed again"),
];

fn contact(id: &str, customer: &str, text: &str) -> Value {
    json!({"id": id, "customer_id": customer, "ticket_id": format!("t-{id}"), "occurred_at": "2026-01-05T09:00:00Z",
        "text": text})
}

fn record_all(app: &TestApp) {
    for (id, customer, text) in TEXTS {
        app.record_contact(&contact(id, customer, text)).expect(201);
    }
}

/// What is found, with the number of contacts that were compared.
fn similar(app: &TestApp, request: &Value) -> Value {
    app.post("/v1/similar", request).expect(200)
}

fn ids(answer: &Value) -> Vec<&str> {
    answer["results"].as_array().unwrap().iter().map(|one| one["id"].as_str().unwrap()).collect()
}

/// Runs a story on a database of each kind. It may start any number of services on it, one after the other or at once.
fn on_both_databases(story: impl Fn(&dyn Fn() -> TestApp)) {
    let run = |home: &Path, database: String| {
        trained::install(&home.join("models"));
        story(&|| {
            spawn_app_in(tempfile::tempdir().unwrap(), |settings| {
                settings.models = home.join("models");
                settings.customer_key_file = home.join("customer.key");
                settings.database.clone_from(&database);
            })
        });
    };
    let home = TempDir::new().unwrap();
    run(home.path(), format!("sqlite:{}", home.path().join("recontact.db").display()));
    if let Some(url) = postgres::database_or_skip() {
        run(TempDir::new().unwrap().path(), url);
    }
}

#[test]
fn the_most_similar_contacts_are_found_with_what_became_of_their_tickets() {
    on_both_databases(|start| {
        let app = start();
        record_all(&app);
        let report = json!({"customer_id": "u-1", "opened_at": "2026-01-05T09:00:00Z", "category": "card_arrival"});
        app.report_ticket("t-c-1", &report).expect(201);
        app.close_ticket(
            "t-c-1",
            &json!({"closed_at": "2026-01-06T09:00:00Z", "reassignments": 2}),
        )
        .expect(200);
        let again = json!({"id": "c-5", "customer_id": "u-1", "occurred_at": "2026-01-08T09:00:00Z",
            "text": "My card has not arrived"});
        app.record_contact(&again).expect(201);
        let answer = similar(
            &app,
            &json!({"text": "my card has not arrived\n\n> Has your top up failed?", "limit": 2}),
        );
        assert_eq!((&answer["contacts"], &answer["not_comparable"]), (&json!(5), &json!(0)));
        assert_eq!(ids(&answer), ["c-1", "c-5"], "the quoted words are set aside");
        let first = &answer["results"][0];
        assert!((first["similarity"].as_f64().unwrap() - 1.0).abs() < 0.005, "{first}");
        assert_eq!(
            (&first["occurred_at"], &first["category"]),
            (&json!("2026-01-05T09:00:00Z"), &json!("card_arrival"))
        );
        let ticket = &first["ticket"];
        assert_eq!((&first["ticket_id"], &ticket["reassignments"]), (&json!("t-c-1"), &json!(2)));
        assert_eq!(
            (&ticket["closed_at"], &ticket["reopens"]),
            (&json!("2026-01-06T09:00:00Z"), &json!(0))
        );
        assert_eq!(ticket["outcomes"][3], json!({"window_days": 14, "outcome": "explicit"}));
        assert_eq!(answer["results"][1]["ticket"], Value::Null, "a contact without a ticket");
        let of_contact = similar(&app, &json!({"contact_id": "c-1", "limit": 1}));
        assert_eq!(ids(&of_contact), ["c-5"], "a contact does not find itself");
        assert_eq!(answer["model"]["name"], trained::ENCODER);
    });
}

#[test]
fn a_search_is_narrowed_to_a_customer_and_to_a_similarity() {
    on_both_databases(|start| {
        let app = start();
        record_all(&app);
        let of = |customer: &str| {
            let found =
                similar(&app, &json!({"text": "My card has not arrived", "customer_id": customer}));
            let mut found: Vec<String> = ids(&found).into_iter().map(str::to_owned).collect();
            found.sort();
            found
        };
        assert_eq!(of("u-1"), ["c-1", "c-3"]);
        assert!(of("nobody").is_empty());
        let identity = |id: &str| json!({"kind": "customer", "value": id});
        let merge = json!({"a": identity("u-1"), "b": identity("u-2"), "author": "lead", "reason": "same person"});
        app.post("/v1/customers/merges", &merge).expect(201);
        assert_eq!(of("u-1"), ["c-1", "c-2", "c-3", "c-4"], "under all identities of the person");
        let near =
            similar(&app, &json!({"text": "My card has not arrived", "min_similarity": 0.999}));
        assert_eq!(ids(&near), ["c-1"]);
    });
}

#[test]
fn the_same_is_found_after_a_restart_and_by_another_replica() {
    on_both_databases(|start| {
        let request = json!({"text": "When will my card come?", "limit": 4});
        let first = start();
        record_all(&first);
        let before = similar(&first, &request);
        assert_eq!(ids(&before).len(), 4);
        let replica = start();
        assert_eq!(similar(&replica, &request), before);
        first.record_contact(&contact("c-9", "u-9", "When will my card come?")).expect(201);
        assert_eq!(
            ids(&similar(&replica, &request))[0],
            "c-9",
            "what another process recorded is found at once"
        );
        let before = similar(&first, &request);
        drop((first, replica));
        assert_eq!(similar(&start(), &request), before);
    });
}

#[test]
fn an_erased_customer_is_found_by_nobody_any_more() {
    on_both_databases(|start| {
        let (app, replica) = (start(), start());
        record_all(&app);
        let request = json!({"text": "My card has not arrived", "limit": 4});
        assert_eq!(ids(&similar(&replica, &request)).len(), 4);
        let erasure = json!({"identity": {"kind": "customer", "value": "u-1"}, "author": "privacy", "reason": "asked for it"});
        let mut dry = erasure.clone();
        dry["dry_run"] = json!(true);
        app.delete("/v1/customers", &dry).expect(200);
        assert_eq!(ids(&similar(&app, &request)).len(), 4, "a dry run changes nothing");
        app.delete("/v1/customers", &erasure).expect(200);
        for service in [&app, &replica, &start()] {
            let found = similar(service, &request);
            let mut left = ids(&found);
            left.sort_unstable();
            assert_eq!((left, &found["contacts"]), (vec!["c-2", "c-4"], &json!(2)));
        }
        let gone = app.post("/v1/similar", &json!({"contact_id": "c-1"}));
        assert_eq!(gone.expect_faults(), ["#/contact_id"]);
    });
}

#[test]
fn with_another_encoder_the_index_starts_anew_and_says_so() {
    let home = TempDir::new().unwrap();
    let start = |models: &str, prompt: Option<&str>| {
        let home = home.path().to_owned();
        let (models, prompt) = (home.join(models), prompt.map(str::to_owned));
        spawn_app_in(tempfile::tempdir().unwrap(), move |settings| {
            settings.models = models;
            settings.customer_key_file = home.join("customer.key");
            settings.database = format!("sqlite:{}", home.join("recontact.db").display());
            settings.encoder = Some(trained::ENCODER.to_owned());
            settings.encoder_prompt = prompt;
        })
    };
    trained::install(&home.path().join("models"));
    trained::install_encoder(&home.path().join("encoder-alone"));
    record_all(&start("models", None));
    let other = start("encoder-alone", Some("query: "));
    let answer = similar(&other, &json!({"text": "My card has not arrived"}));
    assert_eq!((&answer["contacts"], &answer["not_comparable"]), (&json!(0), &json!(4)));
    assert_eq!(answer["results"], json!([]));
    assert_eq!(
        other.post("/v1/similar", &json!({"contact_id": "c-1"})).expect_faults(),
        ["#/contact_id"]
    );
    let same = similar(&start("models", None), &json!({"text": "My card has not arrived"}));
    assert_eq!((&same["contacts"], ids(&same)[0]), (&json!(4), "c-1"));
}

#[test]
fn only_the_newest_contacts_are_compared_and_only_those_of_customers() {
    let app = spawn_app_with(|settings| settings.similar.max_contacts = 2);
    record_all(&app);
    let mut of_agent = contact("c-5", "u-1", "My card has not arrived");
    of_agent["author"] = json!("agent");
    app.record_contact(&of_agent).expect(201);
    let found = similar(&app, &json!({"text": "My card has not arrived"}));
    let mut found = ids(&found);
    found.sort_unstable();
    assert_eq!(found, ["c-3", "c-4"]);
}

#[test]
fn what_cannot_be_looked_for_is_pointed_at() {
    let app = spawn_app();
    for (request, pointer) in [
        (json!({}), "#"),
        (json!({"text": "card", "contact_id": "c-1"}), "#"),
        (json!({"text": " "}), "#/text"),
        (json!({"text": "> quoted"}), "#/text"),
        (json!({"text": "card", "limit": 0}), "#/limit"),
        (json!({"text": "card", "limit": 51}), "#/limit"),
        (json!({"text": "card", "min_similarity": 1.1}), "#/min_similarity"),
    ] {
        assert_eq!(app.post("/v1/similar", &request).expect_faults(), [pointer], "{request}");
    }
    let unknown = app.post("/v1/similar", &json!({"contact_id": "c-1"}));
    unknown.expect_problem(404, "contact_not_found");
    let off = spawn_app_with(|settings| settings.similar.enabled = false);
    off.post("/v1/similar", &json!({"text": "card"})).expect_problem(404, "not_found");
}

/// Asks for similar contacts and hangs up before the answer.
fn ask_and_hang_up(app: &TestApp, text: &str) {
    let body = json!({ "text": text }).to_string();
    let mut stream = TcpStream::connect(app.address).unwrap();
    let head = "POST /v1/similar HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\n";
    write!(stream, "{head}content-length: {}\r\n\r\n{body}", body.len()).unwrap();
}

#[test]
fn clients_that_hang_up_leave_the_index_as_it_must_be() {
    on_both_databases(|start| {
        let app = start();
        record_all(&app);
        for number in 0..12 {
            ask_and_hang_up(&app, "My card has not arrived");
            let id = format!("more-{number}");
            app.record_contact(&contact(&id, "u-7", "Where is my top up?")).expect(201);
            ask_and_hang_up(&app, "Where is my top up?");
        }
        let request = json!({"text": "My card has not arrived", "limit": 50});
        let found = similar(&app, &request);
        assert_eq!((&found["contacts"], ids(&found)[0]), (&json!(16), "c-1"));
        assert_eq!(found, similar(&start(), &request), "as a service that was never hung up on");
    });
}

/// What a future gives if it is ready within so many polls; else it is dropped.
async fn within_polls<T>(future: impl Future<Output = T>, mut polls: usize) -> Option<T> {
    let mut future = pin!(future);
    poll_fn(|context| {
        if polls == 0 {
            return Poll::Ready(None);
        }
        polls -= 1;
        future.as_mut().poll(context).map(Some)
    })
    .await
}

#[test]
fn a_request_that_is_dropped_at_any_point_loses_no_contact_and_keeps_no_erased_one() {
    on_both_databases(|start| {
        let app = start();
        record_all(&app);
        let settings = &app.app.settings;
        let key = std::fs::read_to_string(&settings.customer_key_file).unwrap();
        let key = CustomerKey::parse(key.trim()).unwrap();
        let encoder = app.app.encoder().unwrap();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let store = runtime
            .block_on(Store::connect(&settings.database, key, StoreOptions::default()))
            .unwrap();
        let options = SimilarOptions { enabled: true, max_contacts: 100 };
        let index = LiveSimilar::new(options);
        // How many contacts are known once somebody has waited, after one caller gave up at each point.
        let known_after_interruptions = || {
            runtime.block_on(async {
                let tenant = Tenant::DEFAULT;
                for polls in 1.. {
                    let asked = index.ready(&store, &tenant, &encoder);
                    if let Some(done) = within_polls(asked, polls).await {
                        done.unwrap();
                        break;
                    }
                }
                index.ready(&store, &tenant, &encoder).await.unwrap().len()
            })
        };
        assert_eq!(known_after_interruptions(), 4);
        app.record_contact(&contact("c-5", "u-3", "Where is my card?")).expect(201);
        assert_eq!(known_after_interruptions(), 5);
        let erasure = json!({"identity": {"kind": "customer", "value": "u-1"}, "author": "privacy", "reason": "asked for it"});
        app.delete("/v1/customers", &erasure).expect(200);
        assert_eq!(known_after_interruptions(), 3);
        runtime.block_on(store.close());
    });
}
