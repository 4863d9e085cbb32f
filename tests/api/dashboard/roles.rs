//! Who may see which page.

use super::*;
use recontact::user::Permission;
use std::path::Path;

on_both_databases!(pages_are_for_the_roles_that_the_table_says, what_is_refused_is_written_down,);

/// Pages, and whom they are for: admin, manager, team lead, analyst.
const PAGES: &[(&str, [bool; 4])] = &[
    ("/overview", [true, true, true, true]),
    ("/kpis", [true, true, true, true]),
    ("/risk", [true, true, true, true]),
    ("/queue", [true, true, true, false]),
    ("/effect", [true, true, true, true]),
    ("/next-issues", [true, true, true, true]),
    ("/models", [true, true, true, true]),
    ("/models/category", [true, true, true, true]),
    ("/account", [true, true, true, true]),
    ("/users", [true, false, false, false]),
    ("/users/eva", [true, false, false, false]),
    ("/audit", [true, false, false, false]),
];

fn pages_are_for_the_roles_that_the_table_says(app: &TestApp) {
    for (index, name) in ["ann", "max", "tom", "eva"].into_iter().enumerate() {
        let mut browser = Browser::signed_in(app, name);
        let overview = browser.get("/overview").text().to_owned();
        for (path, roles) in PAGES {
            let answer = browser.get(path);
            let expected = if roles[index] { 200 } else { 403 };
            assert_eq!(answer.status, expected, "{name} {path}");
            // Nobody is led where they are not let in.
            if !roles[index] {
                assert!(!overview.contains(&format!("href=\"{path}\"")), "{name} {path}");
            }
        }
    }
}

fn what_is_refused_is_written_down(app: &TestApp) {
    let mut eva = Browser::signed_in(app, "eva");
    let answer = eva.get("/users");
    assert_says(&answer, 403, "Your role does not permit this");
    assert!(!answer.text().contains("max &#60;b&#62;"), "{}", answer.text());
    let csrf = token(eva.get("/overview").text());
    let fields = [("csrf", csrf.as_str()), ("role", "admin")];
    assert_eq!(eva.post("/users/eva", &fields).status, 403);
    let actor = Some("eva".to_owned());
    let refused = |path: &str| (actor.clone(), AuditAction::Refused, Some(path.to_owned()));
    assert_eq!(audit(app)[..2], [refused("/users/eva"), refused("/users")]);
    let mut ann = Browser::signed_in(app, "ann");
    assert_says(&ann.get("/users/nobody"), 404, "Nothing is here");
    let not_found =
        (Some("ann".to_owned()), AuditAction::NotFound, Some("/users/nobody".to_owned()));
    assert_eq!(audit(app)[0], not_found);
    assert_says(&ann.get("/audit"), 200, "role does not permit it");
    // Nobody fills the audit with an address.
    assert_eq!(ann.get(&format!("/users/{}", "x".repeat(5_000))).status, 404);
    assert_eq!(audit(app)[0].2.as_ref().unwrap().chars().count(), 500);
}

#[test]
fn the_documentation_has_the_table_of_roles() {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/dashboard.md");
    let page = std::fs::read_to_string(file).unwrap();
    let names: Vec<String> =
        Permission::ALL.iter().map(|permission| format!("`{}`", permission.as_str())).collect();
    let head = format!("| | {} |", names.join(" | "));
    assert!(page.contains(&head), "docs/dashboard.md lacks the row\n{head}");
    for (path, _) in PAGES {
        let named = format!("`{}`", path.replace("eva", "{name}"));
        assert!(page.contains(&named), "docs/dashboard.md does not name {named}");
    }
    for role in Role::ALL {
        let may = Permission::ALL.map(|one| if role.may(one) { "yes" } else { "no" });
        let row = format!("| `{}` | {} |", role.as_str(), may.join(" | "));
        assert!(page.contains(&row), "docs/dashboard.md lacks the row\n{row}");
    }
}
