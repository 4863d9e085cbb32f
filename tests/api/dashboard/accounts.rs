//! The own account, and the users that an admin looks after.

use super::*;

on_both_databases!(
    language_and_colours_are_the_users_own,
    an_admin_adds_a_user_who_can_sign_in,
    a_user_that_cannot_be_added_says_what_is_wrong_and_keeps_what_was_typed,
    another_role_counts_at_the_next_sign_in,
    nobody_changes_the_own_role_or_access,
    sending_a_form_twice_does_nothing_twice,
);

fn language_and_colours_are_the_users_own(app: &TestApp) {
    let mut max = Browser::signed_in(app, "max").with_header("Accept-Language", "be,en;q=0.5");
    assert_says(&max.get("/account"), 200, "<html lang=\"be\" data-theme=\"system\">");
    let fields = [("language", "ru"), ("theme", "dark")];
    let answer = max.fill_in("/account", "/account/preferences", &fields);
    assert_eq!((answer.status, answer.header("location")), (303, "/account?done=saved"));
    let page = max.get("/account?done=saved");
    assert_says(&page, 200, "<html lang=\"ru\" data-theme=\"dark\">");
    assert_says(&page, 200, "Сохранено.");
    assert_says(&max.get("/users"), 403, "<html lang=\"ru\" data-theme=\"dark\">");
    // A word that is none of ours is told nothing of.
    assert!(!max.get("/account?done=%3Cscript%3E").text().contains("role=\"status\""));
}

const NEW: [(&str, &str); 5] = [
    ("name", "Zoë.K"),
    ("display_name", "Zoë <script>alert(1)</script>"),
    ("role", "team-lead"),
    ("team", "cards & loans"),
    ("password", "some long password"),
];

/// The fields with one of them changed.
fn with(name: &'static str, value: &'static str) -> Vec<(&'static str, &'static str)> {
    NEW.into_iter().map(|(field, old)| (field, if field == name { value } else { old })).collect()
}

fn an_admin_adds_a_user_who_can_sign_in(app: &TestApp) {
    let mut ann = Browser::signed_in(app, "ann");
    let answer = ann.fill_in("/users", "/users", &NEW);
    assert_eq!((answer.status, answer.header("location")), (303, "/users?done=added"));
    let page = ann.get("/users?done=added");
    assert_says(&page, 200, "The user was added.");
    assert_says(&page, 200, "Zoë &#60;script&#62;alert(1)&#60;/script&#62;");
    assert!(!page.text().contains("<script>alert"), "{}", page.text());
    assert_says(&ann.get("/users/zo%C3%AB.k"), 200, "value=\"cards &#38; loans\"");
    let mut zoe = Browser::new(app);
    assert_eq!(zoe.sign_in("zoë.k", "some long password").status, 303);
    let account = zoe.get("/account");
    assert_says(&account, 200, "cards &#38; loans");
    assert!(!account.text().contains("<script>alert"), "{}", account.text());
    let added = (Some("ann".to_owned()), AuditAction::UserAdded, Some("zoë.k".to_owned()));
    assert!(audit(app).contains(&added));
}

fn a_user_that_cannot_be_added_says_what_is_wrong_and_keeps_what_was_typed(app: &TestApp) {
    let mut ann = Browser::signed_in(app, "ann");
    for (fields, said) in [
        (with("name", "a b"), "letters, digits and . - _ @."),
        (with("name", "max"), "There is a user of this name already."),
        (with("display_name", " "), "Expected 1 to 200 characters."),
        (with("team", ""), "A team lead needs a team."),
        (with("password", "short"), "10 to 200 characters"),
    ] {
        let answer = ann.fill_in("/users", "/users", &fields);
        assert_says(&answer, 422, said);
        assert_says(&answer, 422, "role=\"alert\"");
        assert_says(&answer, 422, "aria-invalid=\"true\"");
        let typed = fields.iter().find(|(name, _)| *name == "display_name").unwrap().1;
        assert_says(
            &answer,
            422,
            &format!("value=\"{}\"", typed.replace('<', "&#60;").replace('>', "&#62;")),
        );
        assert!(!answer.text().contains("some long password"), "a password is not sent back");
    }
    let answer = ann.fill_in("/users", "/users", &with("role", "owner"));
    assert_eq!(answer.status, 400);
    assert_says(&ann.get("/users"), 200, "4 users");
}

fn another_role_counts_at_the_next_sign_in(app: &TestApp) {
    let (mut ann, mut eva) = (Browser::signed_in(app, "ann"), Browser::signed_in(app, "eva"));
    let answer = ann.fill_in("/users/eva", "/users/eva", &[("role", "team-lead"), ("team", "")]);
    assert_says(&answer, 422, "A team lead needs a team.");
    let answer = ann.fill_in("/users/eva", "/users/eva", &[("role", "admin"), ("team", "")]);
    assert_eq!((answer.status, answer.header("location")), (303, "/users/eva?done=role"));
    assert_eq!(eva.get("/overview").status, 303, "the session has ended");
    assert_eq!(Browser::signed_in(app, "eva").get("/users").status, 200);
    let fields = [("password", "a password for eva")];
    let answer = ann.fill_in("/users/eva", "/users/eva/password", &fields);
    assert_eq!((answer.status, answer.header("location")), (303, "/users/eva?done=password"));
    assert_eq!(Browser::new(app).sign_in("eva", "a password for eva").status, 303);
}

fn nobody_changes_the_own_role_or_access(app: &TestApp) {
    let mut ann = Browser::signed_in(app, "ann");
    assert_says(&ann.get("/users/ann"), 200, "This is you.");
    for (action, fields) in [
        ("/users/ann", [("role", "analyst"), ("team", "")]),
        ("/users/ann/access", [("access", "disabled"), ("team", "")]),
        ("/users/ann/password", [("password", "a password for ann"), ("team", "")]),
    ] {
        assert_eq!(ann.fill_in("/account", action, &fields).status, 403, "{action}");
    }
    assert_eq!(ann.get("/users").status, 200);
}

fn sending_a_form_twice_does_nothing_twice(app: &TestApp) {
    let mut ann = Browser::signed_in(app, "ann");
    let csrf = token(ann.get("/users").text());
    let mut fields = vec![("csrf", csrf.as_str())];
    fields.extend(NEW);
    assert_eq!(ann.post("/users", &fields).status, 303);
    assert_says(&ann.post("/users", &fields), 422, "There is a user of this name already.");
    assert_says(&ann.get("/users"), 200, "5 users");
}
