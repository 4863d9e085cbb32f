//! The page about topics.

use super::found::{Topic, Topics};
use crate::category::report::share;
use crate::evaluate::html::{Cell, Page, ReportLanguage, figure, passage, table, words};

/// The page.
pub(super) fn page(found: &Topics, l: ReportLanguage) -> Page {
    let below = match &found.model {
        Some(model) => format!("{} ({}), {model}", found.file, found.texts),
        None => format!("{} ({})", found.file, found.texts),
    };
    let mut page = Page::new(l, l.pick("Topics without a label", "Темы без метки"), &below);
    if !found.abstained.is_empty() {
        let rows: Vec<Vec<Cell>> = found
            .abstained
            .iter()
            .map(|(reason, texts)| {
                let of_all = l.percent(share(*texts, found.texts));
                vec![words(reason), figure(texts.to_string()), figure(of_all)]
            })
            .collect();
        page.section(
            l.pick("Texts that the model does not answer", "Тексты без ответа модели"),
            l.pick("By the reason that it gives.", "По причине, которую она называет."),
            &table(
                "",
                &[l.pick("Reason", "Причина"), l.pick("Texts", "Тексты"), l.pick("Of all", "Доля")],
                &rows,
            ),
        );
    }
    page.section(l.pick("Topics", "Темы"), &explained(found, l), &overview(found, l));
    for topic in &found.topics {
        let rows: Vec<Vec<Cell>> = topic.examples.iter().map(|text| vec![passage(text)]).collect();
        page.section(
            topic.label.as_str(),
            &keywords(topic, l),
            &table("", &[l.pick("Texts in the middle of it", "Тексты из середины темы")], &rows),
        );
    }
    page
}

fn explained(found: &Topics, l: ReportLanguage) -> String {
    match l {
        ReportLanguage::En => format!(
            "{} of {} texts lie together in groups; the others belong to none. Labels are proposed from keywords; rename, join \
             or reject them. A topic whose texts mostly come near one label may be a part of that label.",
            found.grouped - found.without_topic,
            found.grouped
        ),
        ReportLanguage::Ru => format!(
            "Текстов, которые образуют группы: {} из {}; остальные не входят ни в одну. Метки предложены по ключевым словам: \
             переименуйте, объедините или отклоните их. Тема, тексты которой в основном близки к одной метке, может быть её \
             частью.",
            found.grouped - found.without_topic,
            found.grouped
        ),
    }
}

fn overview(found: &Topics, l: ReportLanguage) -> String {
    let rows: Vec<Vec<Cell>> = found
        .topics
        .iter()
        .map(|topic| {
            let nearest = topic.nearest_label.as_ref().map_or("–".to_owned(), |nearest| {
                format!("{} ({})", nearest.label.as_str(), l.percent(nearest.share))
            });
            vec![
                words(topic.label.as_str()),
                figure(topic.texts.to_string()),
                figure(l.percent(share(topic.texts, found.grouped))),
                figure(l.number(topic.cohesion, 2)),
                words(&topic.languages.join(", ")),
                words(&nearest),
            ]
        })
        .collect();
    let heads = [
        l.pick("Proposed label", "Предложенная метка"),
        l.pick("Texts", "Тексты"),
        l.pick("Of those grouped", "Доля"),
        l.pick("Cohesion", "Связность"),
        l.pick("Languages", "Языки"),
        l.pick("Nearest label", "Ближайшая метка"),
    ];
    table("", &heads, &rows)
}

fn keywords(topic: &Topic, l: ReportLanguage) -> String {
    format!("{}: {}.", l.pick("Keywords", "Ключевые слова"), topic.keywords.join(", "))
}
