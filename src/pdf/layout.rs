//! Where everything stands: blocks become marks on pages, and a tree that says what the marks are.

use super::fonts::Fonts;
use super::{Anchor, Block, Color, Figure, Shape, TileBlock, Weight};

/// A4, in points.
pub(super) const PAGE: (f32, f32) = (595.28, 841.89);
/// Where the content of a page begins and ends.
pub(super) const LEFT: f32 = 48.0;
pub(super) const WIDTH: f32 = PAGE.0 - 2.0 * LEFT;
const TOP: f32 = 48.0;
const BOTTOM: f32 = PAGE.1 - 64.0;
/// How far the lines of a text are from each other, in its size.
pub(super) const LEADING: f32 = 1.35;
/// How high letters reach above the line that they stand on, in their size.
pub(super) const ASCENT: f32 = 0.95;
const BODY: f32 = 9.5;
const SMALL: f32 = 8.5;
/// The title of a figure.
const CAPTION: Look = Look::bold(10.0);
const TILES_IN_A_ROW: usize = 3;

/// What a part of the document is.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Role {
    Heading(u8, String),
    Paragraph,
    Group,
    Figure(String),
    Table,
    Caption,
    Head,
    Body,
    Row,
    ColumnHeading,
    RowHeading,
    Cell,
}

/// A part of the document, and what it has.
#[derive(Debug)]
pub(super) struct Node {
    pub(super) role: Role,
    pub(super) children: Vec<Child>,
}

#[derive(Debug, Clone, Copy)]
pub(super) enum Child {
    Node(usize),
    Mark(usize),
}

/// Shapes that belong together. Those without a number are decoration.
#[derive(Debug)]
pub(super) struct Mark {
    pub(super) number: Option<usize>,
    pub(super) shapes: Vec<Shape>,
}

/// A heading for the bookmarks: level, words, page and height there.
#[derive(Debug)]
pub(super) struct Bookmark {
    pub(super) level: u8,
    pub(super) text: String,
    pub(super) page: usize,
    pub(super) y: f32,
}

/// Everything at its place.
#[derive(Debug, Default)]
pub(super) struct LaidOut {
    pub(super) pages: Vec<Vec<Mark>>,
    pub(super) nodes: Vec<Node>,
    pub(super) roots: Vec<usize>,
    pub(super) marks: usize,
    pub(super) bookmarks: Vec<Bookmark>,
}

pub(super) struct Layout<'f> {
    pub(super) fonts: &'f Fonts,
    pub(super) y: f32,
    out: LaidOut,
}

/// How a text looks.
#[derive(Debug, Clone, Copy)]
pub(super) struct Look {
    pub(super) size: f32,
    pub(super) weight: Weight,
    pub(super) color: Color,
}

impl Look {
    pub(super) const fn plain(size: f32) -> Self {
        Self { size, weight: Weight::Regular, color: Color::TEXT }
    }

    pub(super) const fn soft(size: f32) -> Self {
        Self { color: Color::SOFT, ..Self::plain(size) }
    }

    pub(super) const fn bold(size: f32) -> Self {
        Self { weight: Weight::Bold, ..Self::plain(size) }
    }

    pub(super) fn line_height(self) -> f32 {
        self.size * LEADING
    }

    pub(super) fn text(self, (x, y): (f32, f32), text: String, anchor: Anchor) -> Shape {
        let Self { size, weight, color } = self;
        Shape::Text { x, y, text, size, weight, color, anchor }
    }
}

impl<'f> Layout<'f> {
    pub(super) fn new(fonts: &'f Fonts) -> Self {
        let out = LaidOut { pages: vec![Vec::new()], ..LaidOut::default() };
        Self { fonts, y: TOP, out }
    }

    pub(super) fn finish(self) -> LaidOut {
        self.out
    }

    /// Adds a block. `next`: what follows it.
    pub(super) fn add(&mut self, block: &Block, next: Option<&Block>) {
        match block {
            Block::Heading(level, text) => self.add_heading(*level, text, next),
            Block::Paragraph(text) => self.add_paragraph(text, Look::plain(BODY)),
            Block::Hint(text) => self.add_paragraph(text, Look::soft(SMALL)),
            Block::Notice(text) => self.add_notice(text),
            Block::Facts(facts) => self.add_facts(facts),
            Block::Tiles(tiles) => self.add_tiles(tiles),
            Block::Table(table) => self.add_table(table),
            Block::Figure(figure) => self.add_figure(figure),
        }
    }

    /// The foot of every page.
    pub(super) fn add_footers(&mut self, words: &str, page_words: impl Fn(usize, usize) -> String) {
        let (look, count) = (Look::soft(8.0), self.out.pages.len());
        let y = PAGE.1 - 34.0;
        for (page, marks) in self.out.pages.iter_mut().enumerate() {
            let number = self.fonts.clean(&page_words(page + 1, count));
            let room = WIDTH - self.fonts.width(&number, look.size, look.weight) - 12.0;
            let words = self.fonts.cut(words, look.size, look.weight, room);
            let rule = (LEFT, y - 12.0);
            let shapes = vec![
                Shape::line(rule, (LEFT + WIDTH, rule.1), 0.5, Color::LINE),
                look.text((LEFT, y), words, Anchor::Start),
                look.text((LEFT + WIDTH, y), number, Anchor::End),
            ];
            marks.push(Mark { number: None, shapes });
        }
    }

    /// How much room a page has.
    pub(super) fn page_height() -> f32 {
        BOTTOM - TOP
    }

    /// Begins a page where less than this is left; whether it did.
    pub(super) fn ensure(&mut self, height: f32) -> bool {
        let is_full = self.y + height > BOTTOM && self.y > TOP;
        if is_full {
            self.out.pages.push(Vec::new());
            self.y = TOP;
        }
        is_full
    }

    /// Room between blocks; none at the top of a page.
    pub(super) fn skip(&mut self, height: f32) {
        if self.y > TOP {
            self.y += height;
        }
    }

    /// A new part of the document, below another one or at the top.
    pub(super) fn node(&mut self, role: Role, parent: Option<usize>) -> usize {
        let number = self.out.nodes.len();
        self.out.nodes.push(Node { role, children: Vec::new() });
        match parent {
            Some(parent) => self.out.nodes[parent].children.push(Child::Node(number)),
            None => self.out.roots.push(number),
        }
        number
    }

    /// Draws what belongs to a part.
    pub(super) fn mark(&mut self, node: usize, shapes: Vec<Shape>) {
        let number = self.out.marks;
        self.out.marks += 1;
        self.out.nodes[node].children.push(Child::Mark(number));
        self.push(Mark { number: Some(number), shapes });
    }

    /// Draws decoration.
    pub(super) fn decorate(&mut self, shapes: Vec<Shape>) {
        self.push(Mark { number: None, shapes });
    }

    fn push(&mut self, mark: Mark) {
        self.out.pages.extend(self.out.pages.is_empty().then(Vec::new));
        if let Some(page) = self.out.pages.last_mut() {
            page.push(mark);
        }
    }

    /// Lines of text below each other from here on, over pages where they have to.
    pub(super) fn lines(&mut self, node: usize, lines: Vec<String>, look: Look) {
        for line in lines {
            self.ensure(look.line_height());
            let at = (LEFT, self.y + look.size * ASCENT);
            self.mark(node, vec![look.text(at, line, Anchor::Start)]);
            self.y += look.line_height();
        }
    }

    fn add_heading(&mut self, level: u8, text: &str, next: Option<&Block>) {
        let size = [18.0, 14.0, 11.5][usize::from(level.clamp(1, 3)) - 1];
        let look = Look::bold(size);
        self.skip(size);
        let lines = self.fonts.wrap(text, size, look.weight, WIDTH);
        // Not alone at the foot of a page.
        let followed_by = match next {
            Some(Block::Figure(figure)) => self.figure_height(figure),
            _ => 96.0,
        };
        let height = 1.5 * look.line_height() * as_f32(lines.len()) + followed_by;
        self.ensure(height.min(Self::page_height()));
        let text = self.fonts.clean(text);
        let (page, y) = (self.out.pages.len() - 1, self.y);
        self.out.bookmarks.push(Bookmark { level, text: text.clone(), page, y });
        let node = self.node(Role::Heading(level, text), None);
        self.lines(node, lines, look);
        self.y += 0.3 * size;
    }

    fn add_paragraph(&mut self, text: &str, look: Look) {
        let lines = self.fonts.wrap(text, look.size, look.weight, WIDTH);
        let node = self.node(Role::Paragraph, None);
        self.lines(node, lines, look);
        self.y += 0.5 * look.size;
    }

    fn add_notice(&mut self, text: &str) {
        let look = Look::bold(BODY);
        let lines = self.fonts.wrap(text, look.size, look.weight, WIDTH - 20.0);
        let height = (look.line_height() * as_f32(lines.len()) + 14.0).min(Self::page_height());
        self.ensure(height);
        let (x, y, color) = (LEFT, self.y, Color::NOTE);
        self.decorate(vec![Shape::Rect { x, y, width: WIDTH, height, color }]);
        let node = self.node(Role::Paragraph, None);
        self.stack(node, (LEFT + 10.0, self.y + 7.0), lines, look);
        self.y += height + 8.0;
    }

    /// Lines of text below each other at a place; where they end.
    fn stack(&mut self, node: usize, (x, top): (f32, f32), lines: Vec<String>, look: Look) -> f32 {
        let mut y = top;
        for line in lines {
            let shape = look.text((x, y + look.size * ASCENT), line, Anchor::Start);
            self.mark(node, vec![shape]);
            y += look.line_height();
        }
        y
    }

    fn add_facts(&mut self, facts: &[(String, String)]) {
        let (name_look, look) = (Look::soft(BODY), Look::plain(BODY));
        let names = facts.iter().map(|(name, _)| {
            self.fonts.width(&self.fonts.clean(name), name_look.size, name_look.weight)
        });
        let names = names.fold(0.0, f32::max).min(0.35 * WIDTH);
        let table = self.node(Role::Table, None);
        let body = self.node(Role::Body, Some(table));
        for (name, value) in facts {
            let name = self.fonts.wrap(name, name_look.size, name_look.weight, names);
            let value = self.fonts.wrap(value, look.size, look.weight, WIDTH - names - 14.0);
            let height = look.line_height() * as_f32(name.len().max(value.len()));
            self.ensure(height);
            let row = self.node(Role::Row, Some(body));
            let heading = self.node(Role::RowHeading, Some(row));
            self.stack(heading, (LEFT, self.y), name, name_look);
            let cell = self.node(Role::Cell, Some(row));
            self.stack(cell, (LEFT + names + 14.0, self.y), value, look);
            self.y += height + 2.0;
        }
        self.y += 6.0;
    }

    fn add_tiles(&mut self, tiles: &[TileBlock]) {
        let (gap, padding) = (10.0, 9.0);
        let width = (WIDTH - gap * as_f32(TILES_IN_A_ROW - 1)) / as_f32(TILES_IN_A_ROW);
        for row in tiles.chunks(TILES_IN_A_ROW) {
            let drafts: Vec<_> =
                row.iter().map(|tile| self.tile_lines(tile, width - 2.0 * padding)).collect();
            let height = |draft: &Vec<(Vec<String>, Look)>| {
                let lines = draft
                    .iter()
                    .map(|(lines, look)| look.line_height() * as_f32(lines.len()) + TILE_GAP);
                lines.sum::<f32>() + 2.0 * padding
            };
            let highest = drafts.iter().map(height).fold(0.0, f32::max);
            self.ensure(highest);
            let (top, mut x) = (self.y, LEFT);
            for draft in drafts {
                self.decorate(frame((x, top), (width, highest)));
                let group = self.node(Role::Group, None);
                let mut y = top + padding;
                for (lines, look) in draft {
                    let part = self.node(Role::Paragraph, Some(group));
                    y = self.stack(part, (x + padding, y), lines, look) + TILE_GAP;
                }
                x += width + gap;
            }
            self.y = top + highest + gap;
        }
        self.y += 2.0;
    }

    fn tile_lines(&self, tile: &TileBlock, width: f32) -> Vec<(Vec<String>, Look)> {
        let parts = [
            (Some(&tile.title), Look::bold(BODY)),
            (Some(&tile.value), Look::bold(17.0)),
            (tile.interval.as_ref(), Look::soft(SMALL)),
            (Some(&tile.explanation), Look::soft(SMALL)),
        ];
        let wrapped = parts.into_iter().filter_map(|(text, look)| {
            Some((self.fonts.wrap(text?, look.size, look.weight, width), look))
        });
        wrapped.collect()
    }

    /// How much room a figure takes, with its title and its keys.
    fn figure_height(&self, figure: &Figure) -> f32 {
        let title = self.fonts.wrap(&figure.title, CAPTION.size, CAPTION.weight, WIDTH);
        let height = figure.drawing.height * WIDTH / figure.drawing.width.max(1.0);
        let (_, keys_height) = self.keys(figure);
        CAPTION.line_height() * as_f32(title.len()) + height + keys_height + 16.0
    }

    fn add_figure(&mut self, figure: &Figure) {
        let caption = CAPTION;
        let scale = WIDTH / figure.drawing.width.max(1.0);
        let height = figure.drawing.height * scale;
        let title = self.fonts.wrap(&figure.title, caption.size, caption.weight, WIDTH);
        let (keys, keys_height) = self.keys(figure);
        self.skip(4.0);
        self.ensure(self.figure_height(figure));
        let node = self.node(Role::Paragraph, None);
        self.lines(node, title, caption);
        self.y += 4.0;
        let drawn = self.node(Role::Figure(self.fonts.clean(&figure.alternative)), None);
        let top = (LEFT, self.y);
        let shapes = figure.drawing.shapes.iter().map(|shape| shape.placed(scale, top));
        let keys = keys.iter().map(|shape| shape.placed(1.0, (LEFT, self.y + height + 4.0)));
        let shapes = shapes.chain(keys).collect();
        self.mark(drawn, shapes);
        self.y += height + keys_height + 12.0;
    }

    /// What the signs of a drawing mean, beside each other and in lines; and how high that is.
    fn keys(&self, figure: &Figure) -> (Vec<Shape>, f32) {
        let look = Look::soft(SMALL);
        let (mut x, mut y, mut shapes) = (0.0, 0.0, Vec::new());
        for (sample, words) in &figure.keys {
            let words = self.fonts.cut(words, look.size, look.weight, WIDTH - 40.0);
            let width = 34.0 + self.fonts.width(&words, look.size, look.weight);
            if x > 0.0 && x + width > WIDTH {
                (x, y) = (0.0, y + look.line_height());
            }
            shapes.extend(sample.iter().map(|shape| shape.placed(0.8, (x, y + 1.0))));
            shapes.push(look.text((x + 28.0, y + look.size * ASCENT), words, Anchor::Start));
            x += width + 12.0;
        }
        let height = if figure.keys.is_empty() { 0.0 } else { y + look.line_height() + 4.0 };
        (shapes, height)
    }
}

/// Room below each text of a tile.
const TILE_GAP: f32 = 2.5;

/// Four lines around a place.
fn frame((x, y): (f32, f32), (width, height): (f32, f32)) -> Vec<Shape> {
    let corners = [(x, y), (x + width, y), (x + width, y + height), (x, y + height), (x, y)];
    corners.windows(2).map(|ends| Shape::line(ends[0], ends[1], 0.75, Color::LINE)).collect()
}

#[expect(clippy::cast_precision_loss, reason = "lines of a page are few")]
pub(super) fn as_f32(count: usize) -> f32 {
    count as f32
}
