//! The risk report as a PDF file, read back by poppler.

use super::kpis::file;
use super::risk::{PERIOD, scored};
use super::*;
use crate::flagged::Rows;
use crate::poppler;

on_both_databases!(
    the_pdf_has_the_figures_of_the_page_and_is_written_down,
    long_names_and_many_categories_are_told_whole,
);

const FILE: &str = "risk-report.pdf";

/// The PDF of an address.
#[track_caller]
fn pdf(browser: &mut Browser<'_>, query: &str) -> Vec<u8> {
    let answer = browser.get(&format!("/risk?{query}&file={FILE}"));
    assert_eq!((answer.status, answer.header("content-type")), (200, "application/pdf"));
    let disposition = "attachment; filename=\"recontact-risk-report.pdf\"";
    assert_eq!(answer.header("content-disposition"), disposition);
    keep(&answer.body, browser);
    answer.body
}

/// Leaves the file where a person can look at it.
fn keep(file: &[u8], browser: &Browser<'_>) {
    let folder = std::path::Path::new(env!("CARGO_TARGET_TMPDIR")).join("pdf");
    std::fs::create_dir_all(&folder).unwrap();
    let name = browser.app.address.port();
    std::fs::write(folder.join(format!("risk-{name}-{}.pdf", file.len())), file).unwrap();
}

fn percent(cell: &str) -> String {
    format!("{:.1}%", 100.0 * cell.parse::<f64>().unwrap())
}

/// The rows of a table of the page, as text is read from left to right: shares as people read them, the ends of intervals together.
fn expected(row: &[String], is_share: &[bool]) -> String {
    let mut cells = Vec::new();
    for (cell, is_share) in row.iter().zip(is_share) {
        cells.push(if *is_share && !cell.is_empty() { percent(cell) } else { cell.clone() });
    }
    cells.join(" ")
}

fn the_pdf_has_the_figures_of_the_page_and_is_written_down(app: &TestApp) {
    if !poppler::is_there_or_skip() {
        return;
    }
    scored(app);
    let mut eva = Browser::signed_in(app, "eva");
    let page = eva.get(&format!("/risk?{PERIOD}"));
    let address = format!("/risk?{PERIOD}&file={FILE}").replace('&', "&#38;");
    assert_says(&page, 200, &format!("href=\"{address}\""));
    let made = pdf(&mut eva, PERIOD);
    let export = (Some("eva".to_owned()), AuditAction::Exported, Some(format!("/risk {FILE}")));
    assert_eq!(audit(app)[0], export);
    let text = poppler::text(&made);
    // Cell by cell, as the file has them.
    let read = poppler::words(&poppler::told("pdftotext", &["-raw"], &made));
    for said in [
        "Risk report",
        "default",
        "5 Jan 2026 – 1 Feb 2026",
        "incidents-1",
        "What the model would have caught",
        "What is counted",
        "test.roc_auc",
        "=cmd|<script>",
    ] {
        assert!(text.contains(said), "{said} is not in\n{text}");
    }
    // Every row of the tables, with the ends of its interval.
    for (name, first) in [("calibration", 3), ("by-category", 2), ("by-team", 2)] {
        let rows = file(&mut eva, &format!("/risk?{PERIOD}&file={name}.csv"));
        assert!(!rows.is_empty(), "{name}");
        for row in rows {
            let mut cells = expected(&row[first..first + 4], &[false, true, false, true]);
            let ends = [&row[first + 4], &row[first + 5]].map(|cell| percent(cell));
            cells.push_str(&format!(" {} – {}", ends[0], ends[1]));
            assert!(read.contains(&cells), "{name}: {cells} is not in\n{read}");
        }
    }
    let reasons = file(&mut eva, &format!("/risk?{PERIOD}&file=reasons.csv"));
    assert!(reasons.len() > 2, "{reasons:?}");
    for row in reasons {
        let figures = format!("{} {}", row[1], percent(&row[2]));
        assert!(read.contains(&figures), "{figures} is not in\n{read}");
    }
    assert_eq!(poppler::fact(&made, "Title"), "Risk report");
    assert_eq!(poppler::fact(&made, "Tagged"), "yes");
    assert!(poppler::fact(&made, "Page size").ends_with("(A4)"));
    let pages = poppler::fact(&made, "Pages");
    assert!(text.contains(&format!("Page {pages} of {pages}")), "{text}");
    for font in poppler::told("pdffonts", &[], &made).lines().skip(2) {
        // Embedded, a part of the font, and with the letters that its signs stand for.
        assert!(font.contains(" yes yes yes "), "{font}");
    }
    assert!(made.windows(8).any(|part| part == b"/Lang(en"), "the file does not say its language");
    let mut tom = Browser::signed_in(app, "tom");
    let text = poppler::text(&pdf(&mut tom, PERIOD));
    assert!(text.contains("Team cards") && !text.contains("loans"), "{text}");
}

fn long_names_and_many_categories_are_told_whole(app: &TestApp) {
    if !poppler::is_there_or_skip() {
        return;
    }
    scored(app);
    let long = format!("Кат<script>ў{}", "ж".repeat(188));
    let url = app.app.settings.database.clone();
    actix_web::rt::System::new().block_on(async {
        let mut rows = Rows::open(&url).await;
        for number in 0..39_u32 {
            rows.execute(format!(
                "UPDATE episodes SET category = 'category-{number}-{}' WHERE ticket_id = 't-{number}'",
                "abc ".repeat(usize::try_from(number).unwrap())
            ))
            .await;
        }
        rows.execute(format!("UPDATE episodes SET category = '{long}' WHERE ticket_id = 't-39'"))
            .await;
    });
    let mut eva = Browser::signed_in(app, "eva").with_header("Accept-Language", "be");
    let made = pdf(&mut eva, PERIOD);
    let text = poppler::text(&made);
    let letters = |text: &str| text.chars().filter(|c| !c.is_whitespace()).collect::<String>();
    for number in 0..39 {
        assert!(text.contains(&format!("category-{number}-")), "{number}");
    }
    for said in ["Справаздача пра рызыку", "Што палічана", "Старонка 1 з"]
    {
        assert!(text.contains(said), "{said} is not in\n{text}");
    }
    // The name is broken into lines of its column, which follow each other in the file.
    let raw = letters(&poppler::told("pdftotext", &["-raw"], &made));
    assert!(raw.contains(&letters(&long)), "{raw}");
    assert!(made.windows(8).any(|part| part == b"/Lang(be"), "the file does not say its language");
}

#[test]
fn a_period_without_closings_is_a_report_that_says_so_and_faults_are_no_file() {
    if !poppler::is_there_or_skip() {
        return;
    }
    let app = service(|_| {});
    let mut max = Browser::signed_in(&app, "max").with_header("Accept-Language", "ru");
    let text = poppler::text(&pdf(&mut max, PERIOD));
    assert!(text.contains("Ни у одного обращения, закрытого в этот период"), "{text}");
    assert!(!text.contains("NaN") && text.contains("Страница 1 из 1"), "{text}");
    assert_eq!(max.get(&format!("/risk?from=yesterday&file={FILE}")).status, 422);
    assert_eq!(max.get("/risk?file=another.pdf").status, 404);
}
