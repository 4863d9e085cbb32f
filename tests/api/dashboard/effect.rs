//! The effect of following up as a page.

use super::kpis::{file, sql};
use super::*;
use crate::flagged::{DAY_MS, Flagged, Rows};

on_both_databases!(
    every_number_is_what_the_api_tells_and_sql_counts,
    nothing_and_what_is_not_there_are_told_in_words,
);

/// 40 customers in each arm, mature long ago: 10 treated and 20 held out came back.
fn experiment(app: &TestApp, id: &'static str) {
    let url = app.app.settings.database.clone();
    actix_web::rt::System::new().block_on(async {
        let mut rows = Rows::open(&url).await;
        rows.experiment("default", id, 0.5).await;
        for number in 0..80_u32 {
            let (arm, status) =
                if number < 40 { ("treatment", "done") } else { ("control", "held_out") };
            let customer: &'static str = format!("c{number}").leak();
            let probability = f64::from(number % 10) / 10.0;
            let flagged = Flagged { number, customer, arm, probability, status, closed_day: 1 };
            rows.flagged("default", id, &flagged).await;
            if (number % 4 == 0 && number < 40) || number >= 60 {
                rows.recontact("default", number, "explicit", DAY_MS).await;
            }
        }
    });
}

fn every_number_is_what_the_api_tells_and_sql_counts(app: &TestApp) {
    experiment(app, "=calls<script>");
    let mut eva = Browser::signed_in(app, "eva");
    let address = "/effect?experiment=%3Dcalls%3Cscript%3E";
    let page = eva.get(address);
    assert_says(&page, 200, "Sample-ratio check: customers followed up: 40, held out: 40");
    assert!(!page.text().contains("calls<script>"), "{}", page.text());
    let effect = &app.get("/v1/experiments/%3Dcalls%3Cscript%3E").expect(200)["effect"];
    let number = |value: &serde_json::Value| {
        value.as_f64().map(|number| number.to_string()).unwrap_or_default()
    };
    let arms = file(&mut eva, &format!("{address}&file=arms.csv"));
    for (row, arm) in arms.iter().zip(["treatment", "control"]) {
        let told = &effect["arms"][arm];
        let counted = [
            &told["customers"],
            &told["flagged_episodes"],
            &told["immature_episodes"],
            &told["mature_episodes"],
            &told["repeats"],
            &told["rate"],
            &told["rate_interval"]["low"],
            &told["rate_interval"]["high"],
            &told["induced_contacts"],
            &told["contacted_episodes"],
        ];
        assert_eq!(row[1..], counted.map(number), "{arm}");
    }
    let again = sql(app, "SELECT CAST(COUNT(*) AS BIGINT) FROM recontacts")[0];
    assert_eq!((arms[0][5].as_str(), arms[1][5].as_str(), again), ("10", "20", 30));
    let results = file(&mut eva, &format!("{address}&file=results.csv"));
    let avoided = &effect["contacts_avoided"];
    let values = [
        &effect["difference"]["difference"],
        &avoided["gross"],
        &avoided["induced"],
        &avoided["follow_up_cost"],
        &avoided["net"],
        &avoided["money"]["net"],
    ];
    let points = |value: &serde_json::Value| (100.0 * value.as_f64().unwrap()).to_string();
    let told: Vec<_> = results.iter().map(|row| row[1].clone()).collect();
    let mut expected = values.map(number);
    expected[0] = points(values[0]);
    assert_eq!(told, expected);
    assert_eq!(results[0][2], points(&effect["difference"]["newcombe"]["low"]));
    assert_says(
        &page,
        200,
        "Money is counted with 8.00 for handling a repeat and 3.00 for a follow-up",
    );
    assert_eq!(results[4][3], number(&avoided["net_interval"]["high"]));
}

fn nothing_and_what_is_not_there_are_told_in_words(app: &TestApp) {
    let mut eva = Browser::signed_in(app, "eva");
    let page = eva.get("/effect");
    assert_says(&page, 200, "It is too early to say.");
    assert_says(&page, 200, "Sample-ratio check: nobody is in the experiment yet.");
    assert_says(&page, 200, "There is no difference to tell");
    assert_says(&eva.get("/effect?experiment=none"), 404, "Nothing is here");
}
