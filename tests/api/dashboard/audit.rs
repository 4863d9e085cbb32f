//! The audit, page by page.

use super::*;

on_both_databases!(the_audit_is_paged_and_narrowed_and_each_line_is_shown_once);

/// Files of the audit that a page offers, and lines that are shown, by their object.
fn objects(page: &str) -> Vec<String> {
    let cells = page.split("<td").filter_map(|cell| cell.split_once('>'));
    let texts = cells.filter_map(|(_, text)| text.split('<').next());
    texts.filter(|text| text.starts_with("page-")).map(str::to_owned).collect()
}

fn link(page: &str, words: &str) -> Option<String> {
    let before = page.split(&format!("\">{words}</a>")).next()?;
    page.contains(words).then(|| before.rsplit("href=\"").next().unwrap().replace("&#38;", "&"))
}

fn the_audit_is_paged_and_narrowed_and_each_line_is_shown_once(app: &TestApp) {
    // Far in the future, so that they are the newest; many of one instant.
    let later = Timestamp::now().plus_days(1);
    with_store(app, async |store| {
        for number in 0..450 {
            let action = if number % 3 == 0 { AuditAction::Refused } else { AuditAction::NotFound };
            let object = format!("page-{number}");
            let occurred_at = later.plus_millis(number / 100);
            let actor = Some(if number % 2 == 0 { "eva" } else { "tom & co" }.to_owned());
            let entry = AuditEntry { occurred_at, actor, ..entry(action, &object) };
            store.record_audit(&TENANT, &entry).await.unwrap();
        }
    });
    let mut ann = Browser::signed_in(app, "ann");
    let mut walk = |start: &str| {
        let (mut all, mut address, mut pages) = (Vec::new(), Some(start.to_owned()), 0);
        while let Some(path) = address {
            let page = ann.get(&path);
            assert_eq!(page.status, 200, "{path}");
            all.extend(objects(page.text()));
            address = link(page.text(), "Older lines");
            assert_eq!(link(page.text(), "Newest lines").is_some(), pages > 0);
            pages += 1;
        }
        (all, pages)
    };
    let (all, pages) = walk("/audit");
    assert_eq!((all.len(), pages), (450, 3));
    assert_eq!(all.iter().collect::<std::collections::BTreeSet<_>>().len(), 450);
    assert!(all.iter().take(50).all(|object| object[5..].parse::<u32>().unwrap() >= 400));
    let (refused, pages) = walk("/audit?action=refused&actor=");
    assert_eq!((refused.len(), pages), (150, 1));
    let (of_tom, pages) = walk("/audit?actor=tom%20%26%20co");
    assert_eq!((of_tom.len(), pages), (225, 2));
    let (both, _) = walk("/audit?actor=eva&action=not_found");
    assert_eq!(both.len(), 150);
    // What cannot be chosen counts as the default.
    let page = ann.get("/audit?action=everything&before=soon");
    assert_says(&page, 200, "200 lines");
    assert_says(&page, 200, "Lines older than 1,095 days are removed.");
    assert_eq!(ann.get("/audit?actor=eva&file=audit.csv").status, 200);
}
