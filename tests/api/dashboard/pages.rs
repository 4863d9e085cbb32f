//! What pages show, also of little and of bad data.

use super::*;

on_both_databases!(an_empty_database_has_pages_without_figures, the_first_page_says_how_to_begin,);

fn an_empty_database_has_pages_without_figures(app: &TestApp) {
    let mut max = Browser::signed_in(app, "max");
    let page = max.get("/overview");
    assert_says(&page, 200, "No closed ticket is old enough yet.");
    assert_says(&page, 200, "No rate yet");
    assert!(!page.text().contains("NaN"), "{}", page.text());
    for query in
        ["?window=abc", "?window=0&period=-1", "?period=99999999999999999999", "?window", "?%FF"]
    {
        assert_eq!(max.get(&format!("/overview{query}")).status, 200, "{query}");
    }
}

fn the_first_page_says_how_to_begin(app: &TestApp) {
    let page = Browser::new(app).get("/sign-in");
    assert!(!page.text().contains("There are no users yet"), "{}", page.text());
}

#[test]
fn without_users_the_sign_in_says_how_to_make_the_first() {
    let app = crate::helpers::spawn_app();
    let page = Browser::new(&app).get("/sign-in");
    assert_says(&page, 200, "recontact users add NAME --role admin");
    assert_eq!(Browser::new(&app).get("/").header("location"), "/sign-in");
}

#[test]
fn a_browsers_language_is_taken_and_else_the_configured_one() {
    let app = service(|settings| settings.dashboard.language = recontact::user::Language::Ru);
    let page = |accepted: &str| {
        Browser::new(&app)
            .with_header("Accept-Language", accepted)
            .get("/sign-in")
            .text()
            .to_owned()
    };
    assert!(page("en-GB,ru;q=0.5").contains("<html lang=\"en\""));
    assert!(page("de").contains("<html lang=\"ru\""));
    assert!(page("be-BY").contains("Увайсці"));
}
