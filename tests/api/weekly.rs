//! The weekly report: its figures, and that every receiver gets it once.

use crate::dashboard::kpis::{sql, work};
use crate::dashboard::{Browser, TENANT, assert_says, on_both_databases, service, with_store};
use crate::helpers::TestApp;
use crate::poppler;
use crate::smtp::{Mode, SmtpServer, parsed};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use recontact::config::Settings;
use recontact::dashboard::weekly::{WeeklyAsked, WeeklyReport, compose};
use recontact::store::{DeliveryKey, WeeklyDelivery};
use recontact::timestamp::Timestamp;
use recontact::user::Language;
use recontact::weekly::{MailOptions, WebhookOptions, Week};
use recontact::weekly_report::{hand_on, live_risk_model};
use serde_json::Value;
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpListener;
use std::path::Path;
use std::sync::mpsc::{Receiver, channel};

on_both_databases!(
    the_figures_are_what_sql_counts_and_stand_in_every_form,
    two_processes_hand_a_report_on_once_and_a_restart_not_again,
    a_webhook_that_fails_is_tried_again_and_overview_says_so,
    a_process_that_ends_in_between_lets_another_one_go_on,
);

/// The week whose figures are of the tickets closed from 12 to 18 January.
const WEEK: &str = "2026-W05";
const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

type Results = BTreeMap<String, Option<Result<(), String>>>;

fn at(text: &str) -> Timestamp {
    Timestamp::parse(text).unwrap()
}

fn morning() -> Timestamp {
    at("2026-02-02T08:00:00Z")
}

fn settings(app: &TestApp) -> Settings {
    app.app.settings.clone()
}

/// What one process does at an instant.
fn hand(app: &TestApp, settings: &Settings, process: &str, now: Timestamp) -> Results {
    let model = live_risk_model(settings);
    let model = model.as_ref().map(|(version, days)| (version.as_str(), *days));
    let delivered = with_store(app, async |store| {
        let week = Week::parse(WEEK).unwrap();
        let asked = WeeklyAsked { settings, store, tenant: &TENANT, model, week, now };
        hand_on(&asked, process, || now).await.unwrap()
    });
    delivered.into_iter().map(|one| (one.receiver, one.result)).collect()
}

fn report(app: &TestApp, settings: &Settings) -> WeeklyReport {
    let model = live_risk_model(settings);
    let model = model.as_ref().map(|(version, days)| (version.as_str(), *days));
    with_store(app, async |store| {
        let (week, now) = (Week::parse(WEEK).unwrap(), morning());
        let asked = WeeklyAsked { settings, store, tenant: &TENANT, model, week, now };
        compose(&asked).await.unwrap()
    })
}

fn deliveries(app: &TestApp) -> Vec<WeeklyDelivery> {
    with_store(app, async |store| store.newest_weekly_deliveries(&TENANT).await.unwrap())
}

/// A request that a webhook got: its headers and its body.
#[derive(Debug)]
struct Call {
    headers: BTreeMap<String, String>,
    body: Vec<u8>,
}

/// A webhook that answers each call with the next of these lines, and the last one from then on.
fn webhook(answers: &[&str]) -> (String, Receiver<Call>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://127.0.0.1:{}/hook", listener.local_addr().unwrap().port());
    let answers: Vec<String> = answers.iter().map(|one| (*one).to_owned()).collect();
    let (sender, calls) = channel();
    std::thread::spawn(move || {
        for (number, stream) in listener.incoming().enumerate() {
            let mut stream = stream.unwrap();
            let mut reader = BufReader::new(stream.try_clone().unwrap());
            let mut line = String::new();
            reader.read_line(&mut line).unwrap();
            assert!(line.starts_with("POST /hook "), "{line}");
            let mut headers = BTreeMap::new();
            loop {
                let mut line = String::new();
                reader.read_line(&mut line).unwrap();
                let Some((name, value)) = line.trim_end().split_once(": ") else { break };
                headers.insert(name.to_lowercase(), value.to_owned());
            }
            let mut body = vec![0; headers["content-length"].parse().unwrap()];
            reader.read_exact(&mut body).unwrap();
            let answer = answers.get(number).or(answers.last()).unwrap();
            write!(stream, "HTTP/1.1 {answer}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
                .unwrap();
            if sender.send(Call { headers, body }).is_err() {
                return;
            }
        }
    });
    (url, calls)
}

fn with_webhook(settings: &mut Settings, folder: &Path, url: String) {
    let secret_file = folder.join("secret");
    std::fs::write(&secret_file, format!("{SECRET}\n")).unwrap();
    settings.weekly_report.webhook = Some(WebhookOptions { url, secret_file });
}

/// HMAC-SHA256 as RFC 2104 writes it.
fn hmac(key: &[u8], text: &[u8]) -> Vec<u8> {
    let pad = |with: u8| {
        let mut block = [with; 64];
        block.iter_mut().zip(key).for_each(|(byte, key)| *byte ^= key);
        block
    };
    let inner = Sha256::new().chain_update(pad(0x36)).chain_update(text).finalize();
    Sha256::new().chain_update(pad(0x5c)).chain_update(inner).finalize().to_vec()
}

/// Fails unless the call is signed with the secret for this second.
#[track_caller]
fn assert_signed(call: &Call, second: i64) {
    assert_eq!(call.headers["webhook-timestamp"], second.to_string());
    let mut signed = format!("{}.{second}.", call.headers["webhook-id"]).into_bytes();
    signed.extend(&call.body);
    let key = STANDARD.decode(SECRET.strip_prefix("whsec_").unwrap()).unwrap();
    let expected = format!("v1,{}", STANDARD.encode(hmac(&key, &signed)));
    assert_eq!(call.headers["webhook-signature"], expected);
}

fn the_figures_are_what_sql_counts_and_stand_in_every_form(app: &TestApp) {
    work(app);
    let report = report(app, &settings(app));
    let count = |more: &str| {
        let within = "closed_at >= 1768176000000 AND closed_at < 1768780800000";
        let statement =
            format!("SELECT CAST(COUNT(*) AS BIGINT) FROM episodes e WHERE {within} {more}");
        u64::try_from(sql(app, statement.leak())[0]).unwrap()
    };
    let back = |relation: &str| {
        count(&format!(
            "AND (SELECT MIN(CASE r.relation WHEN 'explicit' THEN 0 ELSE 1 END) FROM recontacts r WHERE r.tenant = e.tenant \
             AND r.ticket_id = e.ticket_id AND r.episode = e.number AND r.gap_ms <= 1209600000 \
             AND r.relation IN ('explicit', 'implicit')) = {relation}"
        ))
    };
    let (closed, explicit, implicit) = (count(""), back("0"), back("1"));
    assert!(closed >= 10 && explicit + implicit > 0, "{closed} {explicit} {implicit}");
    let figures = &report.figures;
    assert_eq!(
        (figures.closed_from.as_str(), figures.closed_until.as_str()),
        ("2026-01-12", "2026-01-18")
    );
    assert_eq!((figures.from.as_str(), figures.until.as_str()), ("2026-01-26", "2026-02-01"));
    let repeats = figures.repeat_contacts;
    assert_eq!((repeats.count, repeats.of), (explicit + implicit, closed));
    assert_eq!((figures.explicit, figures.implicit), (explicit, implicit));
    assert_eq!(figures.first_contact_resolution.count, closed - explicit);
    let change = figures.change.as_ref().unwrap();
    let total: f64 = change.effects.iter().map(|effect| effect.total).sum();
    assert!((total - change.difference).abs() < 1e-12);
    let as_f64 = |count: u64| f64::from(u32::try_from(count).unwrap());
    let rate = format!("{:.1}%", 100.0 * as_f64(repeats.count) / as_f64(closed));
    let cases = format!("{} of {closed}", repeats.count);
    assert_eq!(report.subject, format!("Weekly report {WEEK}: repeat contacts {rate}"));
    for said in [
        rate.as_str(),
        cases.as_str(),
        "12 Jan 2026",
        "18 Jan 2026",
        "What changed since the week before",
    ] {
        assert!(report.text.contains(said), "{said} is not in\n{}", report.text);
        assert!(report.html.contains(said), "{said} is not in\n{}", report.html);
    }
    assert!(!report.html.contains("<script>") && report.html.contains("=cmd|&#60;script&#62;"));
    // Nobody's name, nor any ticket's.
    for text in [&report.text, &report.html] {
        assert!(!text.contains("u-1") && !text.contains("t-1"), "{text}");
    }
    if poppler::is_there_or_skip() {
        let text = poppler::text(&report.pdf);
        for said in [rate.as_str(), cases.as_str(), "Risk report", "What is counted"] {
            assert!(text.contains(said), "{said} is not in\n{text}");
        }
        assert_eq!(poppler::fact(&report.pdf, "Title"), format!("Weekly report {WEEK}"));
    }
    let mut settings = settings(app);
    settings.weekly_report.language = Language::Be;
    assert!(super::weekly::report(app, &settings).text.contains("Тыднёвая справаздача"));
}

fn two_processes_hand_a_report_on_once_and_a_restart_not_again(app: &TestApp) {
    work(app);
    let folder = tempfile::tempdir().unwrap();
    let (url, calls) = webhook(&["200 OK"]);
    let mut settings = settings(app);
    settings.weekly_report.folder = Some(folder.path().to_owned());
    with_webhook(&mut settings, folder.path(), url);
    let settings = &settings;
    let both: Vec<Results> = std::thread::scope(|scope| {
        let threads = ["one", "two"]
            .map(|process| scope.spawn(move || hand(app, settings, process, morning())));
        threads.into_iter().map(|thread| thread.join().unwrap()).collect()
    });
    for receiver in ["folder", "webhook"] {
        let made = both.iter().filter(|results| results[receiver] == Some(Ok(()))).count();
        let left = both.iter().filter(|results| results[receiver].is_none()).count();
        assert_eq!((made, left), (1, 1), "{receiver}: {both:?}");
    }
    let after = hand(app, settings, "three", morning().plus_days(3));
    assert!(after.values().all(Option::is_none), "{after:?}");
    let call = calls.recv().unwrap();
    assert!(calls.try_recv().is_err());
    let body: Value = serde_json::from_slice(&call.body).unwrap();
    assert_eq!((&body["type"], &body["data"]["week"]), (&"report.weekly".into(), &WEEK.into()));
    assert_signed(&call, morning().millis() / 1000);
    let mut names: Vec<String> = std::fs::read_dir(folder.path())
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    let files = ["html", "json", "pdf", "txt"].map(|ending| format!("recontact-{WEEK}.{ending}"));
    assert_eq!(names[..4], files);
    let json = std::fs::read(folder.path().join(&files[1])).unwrap();
    assert_eq!(serde_json::from_slice::<Value>(&json).unwrap(), body["data"]);
    let mut max = Browser::signed_in(app, "max");
    assert_says(&max.get("/overview"), 200, "2026-W05 was handed on: folder, webhook.");
}

fn a_webhook_that_fails_is_tried_again_and_overview_says_so(app: &TestApp) {
    let folder = tempfile::tempdir().unwrap();
    let (elsewhere, others) = webhook(&["200 OK"]);
    let moved = format!("302 Found\r\nLocation: {elsewhere}");
    let (url, calls) = webhook(&["500 Internal Server Error", &moved, "204 No Content"]);
    let mut settings = settings(app);
    with_webhook(&mut settings, folder.path(), url);
    let failed = |status: u16| Some(Err(format!("the webhook answered {status}")));
    let after = |seconds: i64| morning().plus_millis(seconds * 1000);
    assert_eq!(hand(app, &settings, "one", morning())["webhook"], failed(500));
    let told = &deliveries(app)[0];
    assert_eq!((told.attempts, told.due_at, told.sent_at), (1, after(300), None));
    let mut ann = Browser::signed_in(app, "ann");
    let mut eva = Browser::signed_in(app, "eva");
    let said = "2026-W05 could not be handed on (webhook, attempts: 1)";
    assert_says(&ann.get("/overview"), 200, said);
    assert_says(&ann.get("/overview"), 200, "the webhook answered 500");
    let page = eva.get("/overview");
    assert_says(&page, 200, said);
    assert!(!page.text().contains("answered 500"), "{}", page.text());
    assert_eq!(hand(app, &settings, "two", after(299))["webhook"], None);
    assert_eq!(hand(app, &settings, "two", after(300))["webhook"], failed(302));
    assert_eq!(hand(app, &settings, "two", after(899))["webhook"], None);
    assert_eq!(hand(app, &settings, "one", after(900))["webhook"], Some(Ok(())));
    let calls: Vec<Call> = (0..3).map(|_| calls.recv().unwrap()).collect();
    for (call, second) in calls.iter().zip([0, 300, 900]) {
        assert_signed(call, after(second).millis() / 1000);
        assert_eq!(call.headers["webhook-id"], calls[0].headers["webhook-id"]);
        assert!(!call.headers["webhook-id"].contains('.'));
    }
    assert!(others.try_recv().is_err(), "a redirect was followed");
    let page = ann.get("/overview");
    assert!(!page.text().contains("could not be handed on"), "{}", page.text());
}

fn a_process_that_ends_in_between_lets_another_one_go_on(app: &TestApp) {
    let folder = tempfile::tempdir().unwrap();
    let mut settings = settings(app);
    // Where the folder should be is a file: nothing can be written there.
    let target = folder.path().join("reports");
    std::fs::write(&target, "").unwrap();
    settings.weekly_report.folder = Some(target.clone());
    let key = DeliveryKey { week: Week::parse(WEEK).unwrap().monday(), receiver: "folder" };
    let until = morning().plus_millis(210_000);
    let taken = with_store(app, async |store| {
        store.take_weekly_delivery(&TENANT, key, "lost", morning(), until).await.unwrap()
    });
    assert_eq!(taken, Some(1));
    let before = until.plus_millis(-1);
    assert_eq!(hand(app, &settings, "other", before)["folder"], None);
    let failed = hand(app, &settings, "other", until).remove("folder").unwrap().unwrap();
    assert!(failed.as_ref().unwrap_err().contains("recontact-2026-W05.html"), "{failed:?}");
    // The lost one comes back and says that it failed, too: that is no news of the delivery as it is now.
    with_store(app, async |store| {
        store.fail_weekly_delivery(&TENANT, key, "lost", "late", until.plus_days(9)).await.unwrap();
    });
    let told = &deliveries(app)[0];
    assert_eq!((told.attempts, told.due_at), (2, until.plus_millis(600_000)));
    std::fs::remove_file(&target).unwrap();
    std::fs::create_dir(&target).unwrap();
    let again = hand(app, &settings, "third", until.plus_millis(600_000)).remove("folder");
    assert_eq!(again, Some(Some(Ok(()))));
    assert_eq!(std::fs::read_dir(&target).unwrap().count(), 4);
}

/// Options for a server of this machine.
fn mail(server: &SmtpServer, tls: &str, more: &str) -> MailOptions {
    let folder = server.folder.path();
    std::fs::write(folder.join("password"), "pass word\n").unwrap();
    let ca_file = if tls == "none" {
        String::new()
    } else {
        format!("ca_file = '{}/cert.pem'", folder.display())
    };
    let text = format!(
        "host = 'localhost'\nport = {}\ntls = '{tls}'\nfrom = 'recontact@example.com'\n\
         to = ['boss@example.com', 'lead@example.com']\n{ca_file}\n{}\n",
        server.port,
        more.replace("FOLDER", &folder.display().to_string()),
    );
    toml::from_str(&text).unwrap()
}

const LOGIN: &str = "user = 'recontact'\npassword_file = 'FOLDER/password'";

#[test]
fn mail_has_text_page_and_pdf_and_each_address_gets_its_own() {
    let Some(mut server) = SmtpServer::start_or_skip(Mode::None, false) else { return };
    let app = service(|_| {});
    work(&app);
    let mut settings = settings(&app);
    settings.weekly_report.language = Language::Ru;
    settings.weekly_report.mail = Some(mail(&server, "none", ""));
    let results = hand(&app, &settings, "one", morning());
    assert!(results.len() == 2 && results.values().all(|one| *one == Some(Ok(()))), "{results:?}");
    let mut ids = Vec::new();
    for to in ["boss@example.com", "lead@example.com"] {
        let came = server.next();
        assert_eq!(came.envelope["to"], serde_json::json!([to]));
        assert_eq!(came.envelope["from"], "recontact@example.com");
        let mail = parsed(&came.file);
        assert_eq!(mail["defects"], serde_json::json!([]));
        let headers = &mail["headers"];
        assert!(
            headers["subject"].as_str().unwrap().contains("Недельный отчёт 2026-W05"),
            "{headers}"
        );
        assert_eq!(
            (&headers["to"], &headers["auto-submitted"]),
            (&to.into(), &"auto-generated".into())
        );
        assert!(
            headers["date"].as_str().unwrap().starts_with("Mon, 02 Feb 2026 08:00:00"),
            "{headers}"
        );
        ids.push(headers["message-id"].clone());
        let parts = mail["parts"].as_array().unwrap();
        let types: Vec<&str> = parts.iter().map(|part| part["type"].as_str().unwrap()).collect();
        assert_eq!(types, ["text/plain", "text/html", "application/pdf"]);
        let content = |part: &Value| STANDARD.decode(part["content"].as_str().unwrap()).unwrap();
        for part in &parts[..2] {
            let text = String::from_utf8(content(part)).unwrap();
            assert!(text.contains("Повторные обращения"), "{text}");
        }
        assert_eq!(parts[2]["name"], "recontact-2026-W05.pdf");
        if poppler::is_there_or_skip() {
            assert!(poppler::text(&content(&parts[2])).contains("Отчёт о риске"));
        }
    }
    assert_ne!(ids[0], ids[1]);
    let stored = format!("{:?}", deliveries(&app));
    assert!(!stored.contains("boss") && !stored.contains("example"), "{stored}");
}

#[test]
fn mail_goes_over_tls_with_a_password() {
    for (mode, tls) in [(Mode::Starttls, "starttls"), (Mode::Tls, "tls")] {
        let Some(mut server) = SmtpServer::start_or_skip(mode, true) else { return };
        let app = service(|_| {});
        let mut settings = settings(&app);
        settings.weekly_report.mail = Some(mail(&server, tls, LOGIN));
        let results = hand(&app, &settings, "one", morning());
        assert!(results.values().all(|one| *one == Some(Ok(()))), "{tls}: {results:?}");
        let came = server.next();
        assert_eq!(
            (&came.envelope["tls"], &came.envelope["user"]),
            (&true.into(), &"recontact".into()),
            "{tls}"
        );
    }
}

#[test]
fn mail_that_cannot_be_sent_safely_is_not_sent() {
    let Some(server) = SmtpServer::start_or_skip(Mode::Starttls, true) else { return };
    let Some(plain) = SmtpServer::start_or_skip(Mode::None, false) else { return };
    let app = service(|_| {});
    let mut settings = settings(&app);
    let failed = |settings: &Settings, day: i64| {
        let results = hand(&app, settings, "one", morning().plus_days(day));
        let first = results.into_values().next().unwrap().unwrap();
        first.unwrap_err()
    };
    // Nobody vouches for the certificate.
    let mut unknown = mail(&server, "starttls", LOGIN);
    unknown.ca_file = None;
    settings.weekly_report.mail = Some(unknown);
    let error = failed(&settings, 0);
    assert!(error.contains("certificate"), "{error}");
    // The password is wrong.
    let wrong = mail(&server, "starttls", LOGIN);
    std::fs::write(server.folder.path().join("password"), "pass").unwrap();
    settings.weekly_report.mail = Some(wrong);
    let error = failed(&settings, 1);
    assert!(error.contains("535") && !error.contains("pass word"), "{error}");
    // The server has no TLS.
    let mut options = mail(&plain, "none", "");
    options.tls = recontact::weekly::MailTls::Starttls;
    settings.weekly_report.mail = Some(options);
    let error = failed(&settings, 2);
    assert!(!error.is_empty());
    assert_eq!((server.count(), plain.count()), (0, 0));
}

#[test]
fn an_address_that_is_refused_does_not_keep_the_others_from_theirs() {
    let Some(mut server) = SmtpServer::start_or_skip(Mode::None, false) else { return };
    let app = service(|_| {});
    let mut settings = settings(&app);
    let mut options = mail(&server, "none", "");
    options.to[0] = recontact::weekly::MailAddress::parse("refused@example.com").unwrap();
    settings.weekly_report.mail = Some(options);
    let results = hand(&app, &settings, "one", morning());
    let failed: Vec<&String> =
        results.values().flatten().filter_map(|one| one.as_ref().err()).collect();
    assert!(failed.len() == 1 && failed[0].contains("550"), "{results:?}");
    assert_eq!(server.next().envelope["to"], serde_json::json!(["lead@example.com"]));
    assert_eq!(server.count(), 1);
}

#[test]
fn a_receiver_that_never_answers_is_given_up_after_the_time_that_it_has() {
    // Takes connections into its backlog and never says anything.
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = silent.local_addr().unwrap().port();
    let folder = tempfile::tempdir().unwrap();
    let app = service(|_| {});
    let mut settings = settings(&app);
    settings.weekly_report.timeout_s = 1;
    with_webhook(&mut settings, folder.path(), format!("http://127.0.0.1:{port}/hook"));
    let text = format!(
        "host = 'localhost'\nport = {port}\ntls = 'none'\nfrom = 'a@example.com'\nto = ['b@example.com']"
    );
    settings.weekly_report.mail = Some(toml::from_str(&text).unwrap());
    let results = hand(&app, &settings, "one", morning());
    assert_eq!(results.len(), 2);
    assert!(results.values().all(|one| matches!(one, Some(Err(_)))), "{results:?}");
}
