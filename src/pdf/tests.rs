use super::fonts::Fonts;
use super::layout::{Child, LEFT, LaidOut, Layout, PAGE, Role, WIDTH};
use super::*;

fn laid_out(blocks: &[Block]) -> LaidOut {
    let fonts = Fonts::load().unwrap();
    let mut layout = Layout::new(&fonts);
    blocks.iter().enumerate().for_each(|(at, block)| layout.add(block, blocks.get(at + 1)));
    layout.add_footers("recontact", |page, pages| format!("{page}/{pages}"));
    layout.finish()
}

fn table(columns: usize, rows: usize, cell: &str) -> Block {
    let column = |at: usize| ColumnBlock { title: format!("Column {at}"), is_number: at > 0 };
    let row = |number: usize| {
        let cells =
            (0..columns).map(|at| if at == 0 { cell.to_owned() } else { format!("{number}") });
        cells.collect()
    };
    Block::Table(TableBlock {
        caption: "A table".to_owned(),
        columns: (0..columns).map(column).collect(),
        rows: (0..rows).map(row).collect(),
    })
}

/// Every text with the page that it is on.
fn texts(laid_out: &LaidOut) -> Vec<(usize, String)> {
    let of_page = |(page, marks): (usize, &Vec<layout::Mark>)| {
        let shapes = marks.iter().flat_map(|mark| &mark.shapes);
        let text = shapes.filter_map(move |shape| match shape {
            Shape::Text { text, .. } => Some((page, text.clone())),
            _ => None,
        });
        text.collect::<Vec<_>>()
    };
    laid_out.pages.iter().enumerate().flat_map(of_page).collect()
}

/// Fails where a text or a line leaves the room between the margins.
#[track_caller]
fn assert_within_margins(laid_out: &LaidOut) {
    let fonts = Fonts::load().unwrap();
    for (page, marks) in laid_out.pages.iter().enumerate() {
        for shape in marks.iter().flat_map(|mark| &mark.shapes) {
            let (from, to, y) = match shape {
                Shape::Line { from, to, .. } => (from.0.min(to.0), from.0.max(to.0), to.1),
                Shape::Rect { x, y, width, height, .. } => (*x, x + width, y + height),
                Shape::Circle { x, y, radius, .. } => (x - radius, x + radius, y + radius),
                Shape::Text { x, y, text, size, weight, anchor, .. } => {
                    let width = fonts.width(text.trim_end(), *size, *weight);
                    match anchor {
                        Anchor::Start => (*x, x + width, *y),
                        Anchor::Middle => (x - width / 2.0, x + width / 2.0, *y),
                        Anchor::End => (x - width, *x, *y),
                    }
                }
            };
            let is_within = from >= LEFT - 0.5 && to <= LEFT + WIDTH + 0.5 && y <= PAGE.1 - 30.0;
            assert!(is_within, "page {page}: {from} to {to} at {y}: {shape:?}");
        }
    }
}

#[test]
fn lines_break_at_spaces_and_within_a_word_only_where_it_is_wider_than_a_line() {
    let fonts = Fonts::load().unwrap();
    for text in ["a few words that need some lines", "", "Слова\u{a0}разам і яшчэ некалькі слоў"]
    {
        let lines = fonts.wrap(text, 10.0, Weight::Regular, 60.0);
        assert_eq!(lines.concat(), text);
        assert!(lines.iter().rev().skip(1).all(|line| line.ends_with(' ')), "{lines:?}");
    }
    let long = "ў".repeat(200);
    let lines = fonts.wrap(&format!("kurz {long}"), 10.0, Weight::Bold, 60.0);
    assert_eq!(lines.concat(), format!("kurz {long}"));
    for line in &lines {
        assert!(fonts.width(line.trim_end(), 10.0, Weight::Bold) <= 60.01, "{line}");
    }
    // Not even one letter fits: still every letter has its line.
    assert_eq!(fonts.wrap("abc", 10.0, Weight::Regular, 1.0), ["a", "b", "c"]);
}

#[test]
fn what_no_font_shows_is_told_and_what_only_hides_is_left_out() {
    let fonts = Fonts::load().unwrap();
    assert_eq!(fonts.clean("a\tb\u{202e}c\u{0}d 猫 − „ў“ €"), "a bc d \u{fffd} − „ў“ €");
    let all = "АБВГДЕЁЖЗІЙКЛМНОПРСТУЎФХЦЧШЫЬЭЮЯабвгдеёжзійклмнопрстуўфхцчшыьэюяъщиʼ’–—…·−≥№";
    assert_eq!(fonts.clean(all), all);
}

#[test]
fn a_table_goes_on_on_the_next_page_below_its_head() {
    let laid_out = laid_out(&[table(4, 200, "a name")]);
    assert!(laid_out.pages.len() > 2, "{}", laid_out.pages.len());
    assert_within_margins(&laid_out);
    let found = texts(&laid_out);
    for page in 0..laid_out.pages.len() {
        let heads = found.iter().filter(|(on, text)| *on == page && text == "Column 2").count();
        assert_eq!(heads, 1, "page {page}");
    }
    let rows = found.iter().filter(|(_, text)| text == "a name").count();
    assert_eq!(rows, 200);
    // Those who hear it hear the head once, and every row.
    let of = |role: Role| laid_out.nodes.iter().filter(|node| node.role == role).count();
    assert_eq!((of(Role::ColumnHeading), of(Role::RowHeading), of(Role::Row)), (4, 200, 201));
}

#[test]
fn long_names_and_many_columns_stay_within_the_page() {
    let long = "<script>alert('ўё')</script>".repeat(8);
    let name = format!("Зварот {long}");
    let fact = ("A fact".to_owned(), long.clone());
    let tile = TileBlock {
        title: long.clone(),
        value: "12.3%".to_owned(),
        interval: Some("95% interval 1.0% to 20.0%".to_owned()),
        explanation: name.clone(),
    };
    let blocks = [
        Block::Heading(1, name.clone()),
        Block::Facts(vec![fact.clone(), (long.clone(), long.clone())]),
        Block::Notice(name.clone()),
        Block::Tiles(vec![tile.clone(), tile.clone(), tile.clone(), tile]),
        table(3, 20, &name),
        table(13, 5, &name),
        table(40, 2, &name),
        Block::Paragraph("word ".repeat(3000)),
    ];
    assert_within_margins(&laid_out(&blocks));
}

#[test]
fn every_mark_belongs_to_one_part_and_pages_are_numbered() {
    let blocks = [Block::Heading(1, "Title".to_owned()), table(3, 60, "a")];
    let laid_out = laid_out(&blocks);
    let mut owners = vec![0; laid_out.marks];
    for node in &laid_out.nodes {
        for child in &node.children {
            if let Child::Mark(number) = child {
                owners[*number] += 1;
            }
        }
    }
    assert!(owners.iter().all(|count| *count == 1), "{owners:?}");
    let found = texts(&laid_out);
    let count = laid_out.pages.len();
    for page in 0..count {
        assert!(found.contains(&(page, format!("{}/{count}", page + 1))));
    }
}

#[test]
fn the_same_document_gives_the_same_file_and_nothing_at_all_is_a_file_too() {
    let document = |blocks: Vec<Block>| Document {
        title: "A report".to_owned(),
        language: "be",
        created_at: Timestamp::parse("2026-11-26T14:05:09Z").unwrap(),
        footer: "recontact".to_owned(),
        blocks,
    };
    let write = |document: &Document| document.write(|page, of| format!("{page}/{of}")).unwrap();
    let full = document(vec![Block::Heading(1, "Справаздача".to_owned()), table(3, 100, "ў")]);
    assert_eq!(write(&full), write(&full));
    assert!(write(&full).starts_with(b"%PDF-1.7"));
    let empty = document(vec![Block::Heading(1, "Nothing".to_owned()), table(3, 0, "")]);
    assert!(write(&empty).len() < 60_000, "{}", write(&empty).len());
}
