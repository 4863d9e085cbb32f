//! The page about labelled texts.

use super::rows::{Part, RowRef};
use super::{DataCheck, Groups};
use crate::evaluate::html::shared::counted;
use crate::evaluate::html::{Cell, Page, ReportLanguage, figure, folded, passage, table, words};
use crate::evaluate::parts::number;
use std::collections::BTreeMap;

/// The page.
#[must_use]
pub(super) fn page(found: &DataCheck, language: ReportLanguage) -> Page {
    let l = language;
    let below = match &found.test_file {
        Some(test) => format!("{} ({}), {test} ({})", found.file, found.rows, found.test_rows),
        None => format!("{} ({})", found.file, found.rows),
    };
    let mut page =
        Page::new(l, l.pick("Check of labelled texts", "Проверка размеченных текстов"), &below);
    let texts =
        Texts(found.excerpts.iter().map(|excerpt| (excerpt.at, excerpt.text.as_str())).collect());
    page.section(
        l.pick("What was found", "Что найдено"),
        l.pick(
            "Nothing here is an error by itself; look at the larger numbers.",
            "Само по себе ничего из этого не ошибка; обратите внимание на большие числа.",
        ),
        &summary(found, l),
    );
    page.section(
        l.pick("Labels", "Метки"),
        l.pick(
            "A label with few rows is hardly learnt.",
            "Метка с малым числом строк почти не выучивается.",
        ),
        &labels(found, l),
    );
    page.section(
        l.pick("One text, several labels", "Один текст, разные метки"),
        l.pick(
            "At most one of them is right, or the labels overlap.",
            "Верна не более чем одна из них, либо метки пересекаются.",
        ),
        &groups(&found.contradictions, &texts, l),
    );
    page.section(
        l.pick("The same text several times", "Один текст несколько раз"),
        l.pick(
            "In both files such a text flatters the figures.",
            "Если такой текст есть в обоих файлах, показатели завышены.",
        ),
        &groups(&found.duplicates, &texts, l),
    );
    page.section(
        l.pick("Texts nearly the same", "Почти одинаковые тексты"),
        l.pick("By their common pieces of five characters.", "По общим отрезкам из пяти символов."),
        &near(found, &texts, l),
    );
    if found.noise.is_some() {
        page.section(
            l.pick("Doubtful labels", "Сомнительные метки"),
            l.pick(
                "A model of words that has not seen the row believes another label. The most doubtful come first; read them before changing them.",
                "Модель слов, не видевшая строку, считает верной другую метку. Сначала самые сомнительные; прочтите их, прежде чем менять.",
            ),
            &doubtful(found, &texts, l),
        );
    }
    page.section(
        l.pick("Leakage", "Утечка метки"),
        l.pick(
            "What tells the label without the text being understood.",
            "То, что выдаёт метку без понимания текста.",
        ),
        &leakage(found, l),
    );
    page
}

/// Beginnings of texts by row.
struct Texts<'a>(BTreeMap<RowRef, &'a str>);

impl Texts<'_> {
    fn cell(&self, at: RowRef, l: ReportLanguage) -> Cell {
        match self.0.get(&at) {
            Some(text) => passage(&format!("{}: {text}", place(at, l))),
            None => words(&place(at, l)),
        }
    }
}

/// Where a row is.
fn place(at: RowRef, l: ReportLanguage) -> String {
    let file = match at.part {
        Part::Data => l.pick("row", "строка"),
        Part::Test => l.pick("test row", "строка теста"),
    };
    format!("{file} {}", at.row)
}

fn summary(found: &DataCheck, l: ReportLanguage) -> String {
    let lines = [
        (l.pick("Rows", "Строки"), found.rows),
        (l.pick("Rows of the test file", "Строки тестового файла"), found.test_rows),
        (l.pick("Labels", "Метки"), found.labels.len()),
        (
            l.pick("Labels with fewer than 10 rows", "Метки, у которых меньше 10 строк"),
            found.few_rows,
        ),
        (
            l.pick("Labels only in the test file", "Метки только в тестовом файле"),
            found.only_in_test.len(),
        ),
        (
            l.pick("Labels that differ only in writing", "Метки, различающиеся только написанием"),
            found.alike_labels.len(),
        ),
        (l.pick("Rows without a text", "Строки без текста"), found.unusable.without_text.count),
        (l.pick("Rows without a label", "Строки без метки"), found.unusable.without_label.count),
        (
            l.pick("Rows that are not accepted", "Непринятые строки"),
            found.unusable.not_accepted.count,
        ),
        (l.pick("Texts in both files", "Тексты в обоих файлах"), found.in_both),
        (
            l.pick("Pairs nearly the same across the files", "Почти одинаковые пары между файлами"),
            found.near.across,
        ),
    ];
    let rows: Vec<Vec<Cell>> = lines
        .into_iter()
        .map(|(what, count)| vec![words(what), figure(count.to_string())])
        .collect();
    let languages: Vec<Vec<Cell>> = found
        .languages
        .iter()
        .map(|count| {
            let name = count.language.unwrap_or(l.pick("(unknown)", "(не определён)"));
            vec![words(name), figure(count.rows.to_string())]
        })
        .collect();
    let heads = [l.pick("what", "что"), "n"];
    table("", &heads, &rows) + &table("", &[l.pick("language", "язык"), "n"], &languages)
}

fn labels(found: &DataCheck, l: ReportLanguage) -> String {
    let rows: Vec<Vec<Cell>> = found
        .labels
        .iter()
        .map(|label| {
            vec![
                words(&label.label),
                figure(label.rows.to_string()),
                figure(label.test_rows.to_string()),
            ]
        })
        .collect();
    let heads = [l.pick("label", "метка"), "n", l.pick("n, test file", "n, тестовый файл")];
    let all = folded(l.pick("All labels", "Все метки"), &table("", &heads, &rows));
    let alike: Vec<Vec<Cell>> =
        found.alike_labels.iter().map(|labels| vec![words(&labels.join(" | "))]).collect();
    if alike.is_empty() {
        return all;
    }
    let caption =
        l.pick("Labels that differ only in writing", "Метки, различающиеся только написанием");
    table(caption, &[l.pick("labels", "метки")], &alike) + &all
}

fn groups(found: &Groups, texts: &Texts<'_>, l: ReportLanguage) -> String {
    let count = match l {
        ReportLanguage::En => format!("{} texts in {} rows", found.texts, found.rows),
        ReportLanguage::Ru => format!("Текстов: {}, строк: {}", found.texts, found.rows),
    };
    let rows: Vec<Vec<Cell>> = found
        .first
        .iter()
        .filter_map(|group| {
            let told: Vec<String> =
                group.iter().map(|row| format!("{}: {}", place(row.at, l), row.label)).collect();
            Some(vec![texts.cell(group.first()?.at, l), words(&told.join("; "))])
        })
        .collect();
    let heads = [l.pick("text", "текст"), l.pick("rows and labels", "строки и метки")];
    counted(&count, l.pick("The first of them", "Первые из них"), &heads, &rows)
}

fn near(found: &DataCheck, texts: &Texts<'_>, l: ReportLanguage) -> String {
    let near = &found.near;
    let count = match l {
        ReportLanguage::En => format!(
            "{} pairs in one file, {} across the files; {} with different labels",
            near.within, near.across, near.other_label
        ),
        ReportLanguage::Ru => format!(
            "Пар в одном файле: {}, между файлами: {}; с разными метками: {}",
            near.within, near.across, near.other_label
        ),
    };
    let rows: Vec<Vec<Cell>> = near
        .first
        .iter()
        .map(|pair| {
            let same = if pair.same_label { l.pick("yes", "да") } else { l.pick("no", "нет") };
            vec![
                texts.cell(pair.first, l),
                texts.cell(pair.second, l),
                words(same),
                figure(l.number(pair.similarity, 3)),
            ]
        })
        .collect();
    let heads = [
        l.pick("one", "первый"),
        l.pick("other", "второй"),
        l.pick("same label", "метка та же"),
        l.pick("in common", "общая доля"),
    ];
    counted(&count, l.pick("The most alike", "Самые похожие"), &heads, &rows)
}

fn doubtful(found: &DataCheck, texts: &Texts<'_>, l: ReportLanguage) -> String {
    let Some(noise) = &found.noise else { return String::new() };
    let share = number(noise.disagreements) / number(noise.checked.max(1));
    let count = match l {
        ReportLanguage::En => {
            format!("{} of {} ({})", noise.disagreements, noise.checked, l.percent(share))
        }
        ReportLanguage::Ru => {
            format!("{} из {} ({})", noise.disagreements, noise.checked, l.percent(share))
        }
    };
    let rows: Vec<Vec<Cell>> = noise
        .doubtful
        .iter()
        .map(|row| {
            vec![
                texts.cell(row.at, l),
                words(&row.label),
                words(&row.believed),
                figure(l.number(row.label_probability, 3)),
                figure(l.number(row.probability, 3)),
            ]
        })
        .collect();
    let heads = [
        l.pick("row", "строка"),
        l.pick("given", "дана"),
        l.pick("believed", "предполагается"),
        l.pick("p given", "p данной"),
        l.pick("p believed", "p предполагаемой"),
    ];
    format!("<p>{count}</p>\n{}", table("", &heads, &rows))
}

fn leakage(found: &DataCheck, l: ReportLanguage) -> String {
    let named: Vec<Vec<Cell>> = found
        .named_labels
        .iter()
        .take(super::MOST_TOLD)
        .map(|label| {
            vec![words(&label.label), figure(label.rows.to_string()), figure(label.of.to_string())]
        })
        .collect();
    let caption =
        l.pick("Labels whose names stand in their texts", "Метки, названные в своих текстах");
    let mut html = table(
        caption,
        &[l.pick("label", "метка"), l.pick("texts with it", "текстов с ней"), l.pick("of", "из")],
        &named,
    );
    let columns: Vec<Vec<Cell>> = found
        .giveaways
        .iter()
        .map(|column| {
            vec![
                words(&column.column),
                figure(l.percent(column.accuracy)),
                figure(column.rows.to_string()),
            ]
        })
        .collect();
    let caption = l.pick("Columns that give the label away", "Столбцы, выдающие метку");
    html += &table(
        caption,
        &[l.pick("column", "столбец"), l.pick("guessed right", "угадано"), "n"],
        &columns,
    );
    html
}
