//! Tables: how wide columns are, where cells break, and what is repeated on the next page.

use super::fonts::Fonts;
use super::layout::{ASCENT, LEFT, Layout, Look, Role, WIDTH, as_f32};
use super::{Anchor, Color, Shape, TableBlock, Weight};

/// Room beside and above the text of a cell.
const SIDE: f32 = 4.0;
const ABOVE: f32 = 2.5;
/// Letters are never smaller.
const SMALLEST: f32 = 7.0;
/// The sizes of letters that are tried, until every word fits its column.
const SIZES: [f32; 4] = [8.5, 8.0, 7.5, SMALLEST];
/// Words that are longer than this are broken before letters get smaller: names of people's choice.
const LONGEST_WORD: f32 = 84.0;
/// Wider columns give way first.
const WIDE: f32 = 110.0;
/// More lines of a cell are left out.
const MOST_LINES: usize = 40;

/// A row that is ready to be drawn.
struct Lines {
    cells: Vec<Vec<String>>,
    height: f32,
}

/// The columns of a table.
struct Grid<'t> {
    table: &'t TableBlock,
    size: f32,
    widths: Vec<f32>,
}

impl<'t> Grid<'t> {
    fn of(table: &'t TableBlock, fonts: &Fonts) -> Self {
        let columns: Vec<(f32, f32)> =
            (0..table.columns.len()).map(|at| column_widths(table, at, fonts)).collect();
        let room = (WIDTH - 2.0 * SIDE * as_f32(columns.len())).max(1.0);
        let at_size = |size: f32| -> Vec<(f32, f32)> {
            let scaled =
                |(word, whole): &(f32, f32)| ((word * size).min(LONGEST_WORD), whole * size);
            columns.iter().map(scaled).collect()
        };
        let fits = |size: &f32| at_size(*size).iter().map(|(least, _)| least).sum::<f32>() <= room;
        let size = SIZES.into_iter().find(fits).unwrap_or(SMALLEST);
        Self { table, size, widths: shared(&at_size(size), room) }
    }

    fn head(&self, fonts: &Fonts) -> Lines {
        let titles = self.table.columns.iter().map(|column| column.title.as_str());
        self.lines(fonts, titles, Weight::Bold)
    }

    fn row(&self, fonts: &Fonts, cells: &[String]) -> Lines {
        self.lines(fonts, cells.iter().map(String::as_str), Weight::Regular)
    }

    fn lines<'a>(
        &self,
        fonts: &Fonts,
        texts: impl Iterator<Item = &'a str>,
        weight: Weight,
    ) -> Lines {
        let wrapped = texts.zip(&self.widths).map(|(text, width)| {
            // What the widths were computed from fits to the last bit, or not.
            let mut lines = fonts.wrap(text, self.size, weight, width + 0.01);
            lines.truncate(MOST_LINES);
            lines
        });
        let cells: Vec<Vec<String>> = wrapped.collect();
        let most = cells.iter().map(Vec::len).max().unwrap_or(1);
        let height = Look::plain(self.size).line_height() * as_f32(most) + 2.0 * ABOVE;
        Lines { cells, height }
    }
}

/// The widest word of a column, and its widest cell, at size 1.
fn column_widths(table: &TableBlock, at: usize, fonts: &Fonts) -> (f32, f32) {
    let cells = table.rows.iter().filter_map(|row| row.get(at));
    let cells = cells.map(|cell| (cell.as_str(), Weight::Regular));
    let all = cells.chain([(table.columns[at].title.as_str(), Weight::Bold)]);
    let width = |(text, weight)| {
        let whole = fonts.width(&fonts.clean(text), 1.0, weight);
        (fonts.widest_word(text, 1.0, weight), whole)
    };
    all.map(width).fold((0.0_f32, 0.0_f32), |sum, one| (sum.0.max(one.0), sum.1.max(one.1)))
}

/// The widths of columns that share some room: their least widths and those that they would have alone.
fn shared(columns: &[(f32, f32)], room: f32) -> Vec<f32> {
    let sum =
        |widths: &[(f32, f32)], of: fn(&(f32, f32)) -> f32| widths.iter().map(of).sum::<f32>();
    let (least, whole) = (sum(columns, |one| one.0), sum(columns, |one| one.1));
    if least > room {
        return columns.iter().map(|(one, _)| one * room / least).collect();
    }
    if whole <= room {
        let spare = (room - whole) / as_f32(columns.len().max(1));
        return columns.iter().map(|(_, whole)| whole + spare).collect();
    }
    // A column of long texts does not make all others narrow.
    let bounded: Vec<(f32, f32)> =
        columns.iter().map(|(least, whole)| (*least, whole.min(WIDE).max(*least))).collect();
    let wanted = sum(&bounded, |one| one.1);
    if wanted <= room {
        let part = (room - wanted) / (whole - wanted).max(1.0);
        let pairs = bounded.iter().zip(columns);
        return pairs.map(|((_, wide), (_, whole))| wide + (whole - wide) * part).collect();
    }
    let part = (room - least) / (wanted - least).max(1.0);
    bounded.iter().map(|(least, wide)| least + (wide - least) * part).collect()
}

impl Layout<'_> {
    pub(super) fn add_table(&mut self, table: &TableBlock) {
        let grid = Grid::of(table, self.fonts);
        let head = grid.head(self.fonts);
        let caption = Look::bold(9.0);
        let title = self.fonts.wrap(&table.caption, caption.size, caption.weight, WIDTH);
        let first = table.rows.first().map_or(0.0, |row| grid.row(self.fonts, row).height);
        self.skip(4.0);
        self.ensure(caption.line_height() * as_f32(title.len()) + 3.0 + head.height + first);
        let node = self.node(Role::Table, None);
        let titled = self.node(Role::Caption, Some(node));
        self.lines(titled, title, caption);
        self.y += 3.0;
        let heads = self.node(Role::Head, Some(node));
        let row = self.node(Role::Row, Some(heads));
        self.draw_head(&grid, &head, Some(row));
        let body = self.node(Role::Body, Some(node));
        for cells in &table.rows {
            let lines = grid.row(self.fonts, cells);
            if self.ensure(lines.height) {
                // Told once to those who hear it.
                self.draw_head(&grid, &head, None);
            }
            let row = self.node(Role::Row, Some(body));
            self.draw_row(&grid, &lines, Look::plain(grid.size), Some((row, false)));
        }
        self.y += 10.0;
    }

    fn draw_head(&mut self, grid: &Grid<'_>, head: &Lines, row: Option<usize>) {
        let (x, y, height, color) = (LEFT, self.y, head.height, Color::HEAD);
        self.decorate(vec![Shape::Rect { x, y, width: WIDTH, height, color }]);
        self.draw_row(grid, head, Look::bold(grid.size), row.map(|row| (row, true)));
    }

    /// Draws a row: part of the document, and whether it is a head; or decoration.
    fn draw_row(
        &mut self,
        grid: &Grid<'_>,
        lines: &Lines,
        look: Look,
        part: Option<(usize, bool)>,
    ) {
        let mut x = LEFT;
        for (at, (cell, width)) in lines.cells.iter().zip(&grid.widths).enumerate() {
            let is_number = grid.table.columns[at].is_number;
            let (anchor, text_x) =
                if is_number { (Anchor::End, x + SIDE + width) } else { (Anchor::Start, x + SIDE) };
            let line = |(line, text): (usize, &String)| {
                let y = self.y + ABOVE + look.size * ASCENT + look.line_height() * as_f32(line);
                let text = if is_number { text.trim_end_matches(' ') } else { text };
                look.text((text_x, y), text.to_owned(), anchor)
            };
            let shapes: Vec<Shape> = cell.iter().enumerate().map(line).collect();
            match part {
                Some((row, is_head)) => {
                    let role = match (is_head, at) {
                        (true, _) => Role::ColumnHeading,
                        (false, 0) => Role::RowHeading,
                        (false, _) => Role::Cell,
                    };
                    let node = self.node(role, Some(row));
                    self.mark(node, shapes);
                }
                None => self.decorate(shapes),
            }
            x += width + 2.0 * SIDE;
        }
        self.y += lines.height;
        let rule = Shape::line((LEFT, self.y), (LEFT + WIDTH, self.y), 0.5, Color::LINE);
        self.decorate(vec![rule]);
    }
}
