//! The card of a model of texts.

use super::RecordedParams;
use super::load::Notes;
use super::method::Method;
use super::report::Report;
use super::zero_shot::SCALE;
use crate::card::{Card, markdown_table};
use recontact::classify::head::HeadDescription;
use recontact::contact::Head;

/// The model card.
pub(super) fn card(report: &Report, recorded: &RecordedParams, head: &HeadDescription) -> String {
    let areas: std::collections::BTreeSet<_> =
        head.labels.labels().iter().filter_map(|label| label.area()).collect();
    let labels = head
        .labels
        .labels()
        .iter()
        .map(|label| match label.area() {
            Some(area) => format!("`{}` ({area})", label.category),
            None => format!("`{}`", label.category),
        })
        .collect::<Vec<_>>()
        .join(", ");
    let reads = [
        head.encoder.as_ref().map(|encoder| {
            format!(
                "the embeddings of `{}` ({} numbers, {:?} pooling, at most {} tokens)",
                encoder.name, encoder.dimension, encoder.pooling, encoder.max_tokens
            )
        }),
        head.lexical.map(|lexical| {
            format!(
                "{} words and pairs of words and {} pieces of words, weighed by TF-IDF",
                lexical.words, lexical.pieces
            )
        }),
    ];
    let reads: Vec<String> = reads.into_iter().flatten().collect();
    let tried: Vec<Vec<String>> = report
        .choice
        .tried
        .iter()
        .map(|tried| {
            vec![
                tried.method.as_str().to_owned(),
                format!("{:.4}", tried.accuracy),
                format!("{:.4}", tried.log_loss),
            ]
        })
        .collect();
    let is_zero_shot = report.choice.method == Method::ZeroShot;
    let asked = recorded.method.unwrap_or(report.choice.method);
    let scope = match &report.scope {
        None => "Every text is taken to be about one of the labels.".to_owned(),
        Some(scope) if scope.out_of_scope > 0 => format!(
            "A text whose highest score is below {:.3} is taken to be about none of the labels; the threshold was chosen with \
             {} texts out of scope.",
            scope.threshold, scope.out_of_scope
        ),
        Some(scope) => format!(
            "A text whose highest score is below {:.3} is taken to be about none of the labels. No texts out of scope were \
             given: the threshold is where a share of {} of the held-out texts is lost.",
            scope.threshold, recorded.params.scope_loss
        ),
    };
    let languages = if report.head == Head::Language {
        "A text in none of these languages is told by trigram statistics, or answered with `abstain`, where it is in another \
         script, or long and strange to the model. A few words of another language, or a text in a closely related one, may pass \
         as one of them."
    } else {
        "Texts that are recognised as being in another language than those above are answered with `abstain`; a few \
         words in another Latin-script language may pass as one of them."
    };
    Card::new(&format!("Model of texts {} ({})", report.version, report.head.as_str()))
        .section(
            "What it does",
            &format!(
                "Puts a contact's text under one of {} labels{}, with a {}probability, or abstains. {} on {}.",
                report.data.labels,
                if areas.is_empty() { String::new() } else { format!(" in {} areas", areas.len()) },
                if is_zero_shot { "" } else { "calibrated " },
                if is_zero_shot { "The nearest description" } else { "Multinomial logistic regression" },
                reads.join(" and "),
            ),
        )
        .section("Figures", &format!("{}\n{}", report.table(), report.reading()))
        .section(
            "Data",
            &format!(
                "{} training and {} test texts, languages {}. {} of the test texts also occur in the training part. Columns \
                 `{}` and `{}`. {} Files and checksums are in manifest.json.{}",
                report.data.train,
                report.data.test,
                report.data.languages.join(", "),
                report.data.test_texts_also_in_train,
                recorded.text_column,
                recorded.label_column,
                if recorded.cleaned {
                    "Quoted mail, signatures, markup and legal notices were cut from the texts, as the service does."
                } else {
                    "Texts were taken as they are, with quoted mail, signatures and markup."
                },
                corrected(&report.data.notes),
            ),
        )
        .section(
            "Training",
            &if is_zero_shot {
                format!("Nothing was fitted. Cosines are multiplied by {SCALE}.")
            } else { format!(
                "Method asked for: `{}`. {}Seed {}. Compared on {} held-out training rows, then fitted on all rows. The solvers stopped at a gradient of \
                 {:.1e} (largest component, mean loss).\n\n{}",
                asked.as_str(),
                tuned(asked, report),
                recorded.params.seed,
                report.choice.held_out,
                report.gradient,
                markdown_table(&["method", "accuracy", "log loss"], &tried),
            ) },
        )
        .section(
            "Limits",
            &format!(
                "{languages} {scope} Figures are those of this data; \
                 measure on your own with `recontact-train evaluate`."
            ),
        )
        .section(
            "Use",
            "Meant for routing and reporting of contacts, with a person able to correct it. Not meant for decisions about a \
             person, nor for refusing or delaying service.",
        )
        .section("Labels", &labels)
        .finish()
}

/// What was done to the encoder before the head was fitted.
fn tuned(asked: Method, report: &Report) -> String {
    if !asked.tunes_encoder() {
        return format!("Chosen: `{}`. ", report.choice.method.as_str());
    }
    format!(
        "The encoder was trained on so for {} epochs, which its own card in its folder shows; the head on its vectors is `{}`. ",
        report.tuning.iter().filter(|epoch| epoch.epoch > 0).count(),
        report.choice.method.as_str()
    )
}

fn corrected(notes: &Notes) -> String {
    let Some(applied) = &notes.corrections else { return String::new() };
    let (Some(first), Some(last)) = (applied.first, applied.last) else { return String::new() };
    format!(
        " People set labels right, from {first} to {last}: {} rows have another label than in the tables, {} were confirmed, \
         {} added; authors: {}.",
        applied.changed,
        applied.confirmed,
        applied.added,
        applied.authors.iter().map(String::as_str).collect::<Vec<_>>().join(", ")
    )
}
