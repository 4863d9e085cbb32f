//! What people do with the pages, from the sign-in to the end, with a real browser and the keyboard alone.

use super::*;
use flate2::read::DeflateDecoder;
use std::io::Read;

/// Goes to a link, a button or a field with the tabulator and presses a key there, which opens another page.
fn go(browser: &mut Chromium, selector: &str) {
    browser.tab_to(selector);
    browser.open_by(|browser| browser.press("Enter"));
}

/// Writes into a field, over what stands there.
fn write(browser: &mut Chromium, selector: &str, text: &str) {
    browser.tab_to(selector);
    browser.evaluate("document.activeElement.select?.(); 0");
    browser.type_in(text);
}

/// What the page says.
fn text(browser: &mut Chromium) -> String {
    browser.evaluate("document.body.innerText").as_str().unwrap().to_owned()
}

#[track_caller]
fn assert_says(browser: &mut Chromium, said: &str) {
    let text = text(browser);
    assert!(text.contains(said), "{said:?} is not in\n{text}");
}

#[test]
fn a_follow_up_is_worked_with_the_keyboard_alone() {
    let Some(mut browser) = Chromium::start_or_skip() else { return };
    let app = follow_up_service();
    for (number, customer) in ["u-1", "u-2", "u-3"].into_iter().enumerate() {
        desk::close(&app, &format!("t-{number}"), customer, "card_arrival", None, 0.01);
    }
    let list = app.get("/v1/follow-ups").expect(200)["follow_ups"].clone();
    let [first, second, third] = [0, 1, 2].map(|at| list[at]["id"].as_str().unwrap().to_owned());
    in_english(&mut browser, &app);
    go(&mut browser, "nav a[href='/queue']");
    // Taken in the list, and done on its own page.
    go(&mut browser, &format!("form[action='/queue/{first}/claim'] button"));
    assert_says(&mut browser, "The follow-up is yours.");
    for reason in list[0]["reasons"].as_array().unwrap() {
        let label = reason.as_str().unwrap().split(':').next().unwrap();
        assert_says(&mut browser, label);
    }
    browser.tab_to("form[action$='/done'] select");
    write(&mut browser, "#note", "explained it");
    go(&mut browser, "form[action$='/done'] button");
    assert_says(&mut browser, "Recorded as done.");
    // Taken on its page and put off.
    go(&mut browser, "main a[href='/queue']");
    go(&mut browser, &format!("main a[href='/queue/{second}']"));
    go(&mut browser, "form[action$='/claim'] button");
    let until = Timestamp::now().plus_millis(2 * 3_600_000).to_string();
    let until = &until[..16];
    browser.tab_to("#until");
    browser.evaluate(&format!("document.activeElement.value = '{until}'; 0"));
    write(&mut browser, "#snooze_reason", "asked to");
    go(&mut browser, "form[action$='/snooze'] button");
    assert_says(&mut browser, "Put off; it comes back by itself.");
    // Not shared.
    go(&mut browser, "main a[href='/queue']");
    go(&mut browser, &format!("main a[href='/queue/{third}']"));
    write(&mut browser, "#reason", "the refund arrived");
    go(&mut browser, "form[action$='/disagree'] button:not([formaction])");
    assert_says(&mut browser, "Recorded: you do not share the assessment.");
    let state = |id: &str| {
        let one = app.get(&format!("/v1/follow-ups/{id}")).expect(200);
        one["follow_up"]["status"].as_str().unwrap().to_owned()
    };
    assert_eq!([state(&first), state(&second), state(&third)], ["done", "snoozed", "disagreed"]);
}

#[test]
fn a_plan_is_written_and_a_model_is_changed_and_changed_back_with_the_keyboard_alone() {
    let Some(mut browser) = Chromium::start_or_skip() else { return };
    let app = busy_service();
    in_english(&mut browser, &app);
    go(&mut browser, "nav a[href='/next-issues']");
    go(&mut browser, "main a[href^='/next-issues/plan?category=lost_card']");
    browser.tab_to("#status");
    browser.press("ArrowDown");
    write(&mut browser, "#owner", "cards lead");
    write(&mut browser, "#channel-0", "email");
    write(&mut browser, "#answer-0", "Open the app and choose Cards.");
    write(&mut browser, "#notes", "written with keys");
    go(&mut browser, "main form[action='/next-issues/plan/versions'] button");
    assert_says(&mut browser, "Saved.");
    let plan = app.get("/v1/plans/lost_card").expect(200)["versions"][0].clone();
    assert_eq!((&plan["author"], &plan["notes"]), (&"ann".into(), &"written with keys".into()));

    for (version, reason) in [("cards-2", "fewer mistakes"), ("cards-1", "the old one was better")]
    {
        go(&mut browser, "nav a[href='/models']");
        go(&mut browser, "main a[href='/models/category']");
        write(&mut browser, "#reason", reason);
        // Nobody has compared the two; going back needs no grounds.
        if version == "cards-2" {
            browser.tab_to("#override");
            browser.press("Space");
        }
        go(&mut browser, "main form[action='/models/category/change'] button");
        assert_says(&mut browser, "Recorded. The service takes the model up");
        app.app.reload();
        let live = app.list_models().expect(200);
        let is_live = |model: &Value| model["version"] == version && model["live"] == true;
        assert!(live["models"].as_array().unwrap().iter().any(is_live), "{live}");
    }
    go(&mut browser, "nav a[href='/models']");
    assert_says(&mut browser, "the old one was better");
}

/// A file of a ZIP archive, by its local header (APPNOTE 4.3.7).
fn unzipped(archive: &[u8], name: &str) -> String {
    let at = (30..archive.len()).find(|at| archive[*at..].starts_with(name.as_bytes())).unwrap();
    let extra = usize::from(u16::from_le_bytes([archive[at - 2], archive[at - 1]]));
    let mut text = String::new();
    let packed = &archive[at + name.len() + extra..];
    DeflateDecoder::new(packed).read_to_string(&mut text).unwrap();
    text
}

/// The numbers of the cells of a sheet, row by row.
fn numbers_of_sheet(archive: &[u8]) -> Vec<f64> {
    let sheet = unzipped(archive, "xl/worksheets/sheet1.xml");
    let cells = sheet.split("<c ").skip(1).filter(|cell| !cell.contains("t=\"s\""));
    let values = cells.filter_map(|cell| cell.split("<v>").nth(1)?.split("</v>").next());
    values.map(|value| value.parse().unwrap()).collect()
}

fn numbers_of_csv(bytes: &[u8]) -> Vec<f64> {
    let text = std::str::from_utf8(bytes).unwrap().trim_start_matches('\u{feff}');
    let mut reader = csv::Reader::from_reader(text.as_bytes());
    let rows: Vec<_> = reader.records().map(Result::unwrap).collect();
    rows.iter().flatten().filter_map(|cell| cell.parse().ok()).collect()
}

#[test]
fn files_taken_with_the_keyboard_have_the_numbers_of_the_page() {
    let Some(mut browser) = Chromium::start_or_skip() else { return };
    let app = busy_service();
    in_english(&mut browser, &app);
    go(&mut browser, "nav a[href='/overview']");
    let table = "[...document.querySelectorAll('#trend-table')].map(caption => caption.closest('table'))[0]";
    let shown = browser.evaluate(&format!(
        "[...{table}.querySelectorAll('data')].map(cell => Number(cell.value))"
    ));
    let shown: Vec<f64> =
        shown.as_array().unwrap().iter().map(|number| number.as_f64().unwrap()).collect();
    assert!(shown.len() > 26, "{shown:?}");
    browser.tab_to("figure summary");
    browser.press("Enter");
    browser.tab_to("a[href$='file=trend.csv']");
    let csv = browser.download(|browser| browser.press("Enter"));
    assert_eq!(numbers_of_csv(&csv), shown);
    browser.tab_to("a[href$='file=trend.xlsx']");
    let xlsx = browser.download(|browser| browser.press("Enter"));
    assert_eq!(numbers_of_sheet(&xlsx), shown);
}

#[test]
fn where_clocks_and_zone_of_the_browser_are_others_the_pages_keep_their_own() {
    let Some(mut browser) = Chromium::start_or_skip() else { return };
    let app = follow_up_service();
    let id = follow_up(&app);
    browser.call("Emulation.setTimezoneOverride", &json!({"timezoneId": "Pacific/Kiritimati"}));
    let wrong_clock = "Date.now = () => 86400000; performance.now = () => 0;";
    browser.call("Page.addScriptToEvaluateOnNewDocument", &json!({ "source": wrong_clock }));
    in_english(&mut browser, &app);
    browser.open(&format!("http://{}/queue/{id}", app.address));
    assert_eq!(browser.evaluate("Date.now()"), 86_400_000);
    assert_eq!(browser.evaluate("new Date(1767225600000).getTimezoneOffset()"), -840);
    assert_says(&mut browser, "All times are in UTC");
    // What is shown is what the server has sent, in its zone.
    let due = app.get(&format!("/v1/follow-ups/{id}")).expect(200)["follow_up"]["due_at"].clone();
    let due = due.as_str().unwrap();
    let hour_and_minute = &due[11..16];
    let shown = browser.evaluate(
        "[...document.querySelectorAll('main time')].map(time => `${time.dateTime} ${time.textContent}`)",
    );
    let is_due = |time: &Value| {
        let time = time.as_str().unwrap();
        time.contains(&due[..16]) && time.ends_with(hour_and_minute)
    };
    assert!(shown.as_array().unwrap().iter().any(is_due), "{due}: {shown}");
    let body = json!({"version": 1, "author": "bob"});
    app.post(&format!("/v1/follow-ups/{id}/claim"), &body).expect(200);
    let told = "new Promise((done) => {
        const place = document.getElementById('watch-told');
        const tell = () => { if (place.querySelector('a')) done(place.textContent); };
        new MutationObserver(tell).observe(place, {childList: true});
        tell();
    })";
    assert_ne!(browser.evaluate(told), "");
}

#[test]
fn going_back_and_sending_again_changes_nothing_twice() {
    let Some(mut browser) = Chromium::start_or_skip() else { return };
    let app = follow_up_service();
    let id = follow_up(&app);
    in_english(&mut browser, &app);
    browser.open(&format!("http://{}/queue/{id}", app.address));
    let version =
        || app.get(&format!("/v1/follow-ups/{id}")).expect(200)["follow_up"]["version"].clone();
    // A double click sends the form once.
    browser.open_by(|browser| {
        let twice = "const button = document.querySelector('form[action$=\"/claim\"] button'); button.click(); button.click(); 0";
        browser.evaluate(twice);
    });
    assert_eq!(version(), 2);
    // The page of before, from the history, and the form again.
    browser.open_by(|browser| {
        browser.evaluate("history.back(); 0");
    });
    let button = "form[action$=\"/claim\"] button";
    let is_there = browser.evaluate(&format!("document.querySelector('{button}') !== null"));
    if is_there == true {
        click(&mut browser, button);
    }
    assert_eq!(version(), 2);
}
