//! What is laid out becomes a file.

use super::fonts::Fonts;
use super::layout::{Bookmark, Child, LaidOut, Mark, PAGE, Role};
use super::{Anchor, Color, Document, PdfError, Shape};
use crate::timestamp::Timestamp;
use krilla::SerializeSettings;
use krilla::color::rgb;
use krilla::configure::{Accessibility, ConfigurationBuilder};
use krilla::destination::XyzDestination;
use krilla::geom::{Path, PathBuilder, Point, Rect};
use krilla::metadata::{DateTime, Metadata};
use krilla::num::NormalizedF32;
use krilla::outline::{Outline, OutlineNode};
use krilla::page::PageSettings;
use krilla::paint::{Fill, FillRule, Stroke, StrokeDash};
use krilla::surface::Surface;
use krilla::tagging::{
    Artifact, ArtifactType, ContentTag, Identifier, Node, SpanTag, TableHeaderScope, Tag, TagGroup,
    TagKind, TagTree,
};
use std::num::NonZeroU16;

pub(super) fn write(
    document: &Document,
    fonts: &Fonts,
    laid_out: &LaidOut,
) -> Result<Vec<u8>, PdfError> {
    let format = |what: &dyn std::fmt::Debug| PdfError::Format(format!("{what:?}"));
    let configuration = ConfigurationBuilder::new()
        .with_accessibility_validator(Accessibility::UA1)
        .finish()
        .map_err(|error| format(&error))?;
    let settings = SerializeSettings { configuration, ..SerializeSettings::default() };
    let mut file = krilla::Document::new_with(settings);
    let mut identifiers: Vec<Option<Identifier>> = vec![None; laid_out.marks];
    for marks in &laid_out.pages {
        let size = PageSettings::from_wh(PAGE.0, PAGE.1).ok_or_else(|| format(&PAGE))?;
        let mut page = file.start_page_with(size);
        let mut surface = page.surface();
        for mark in marks {
            let identifier = draw_mark(&mut surface, fonts, mark);
            if let Some(number) = mark.number {
                identifiers[number] = Some(identifier);
            }
        }
        surface.finish();
        page.finish();
    }
    file.set_outline(outline(&laid_out.bookmarks));
    file.set_metadata(metadata(document));
    file.set_tag_tree(tags(laid_out, &mut identifiers, document.language));
    file.finish().map_err(|error| format(&error))
}

fn draw_mark(surface: &mut Surface<'_>, fonts: &Fonts, mark: &Mark) -> Identifier {
    let is_text = mark.shapes.iter().all(|shape| matches!(shape, Shape::Text { .. }));
    let tag = match (mark.number, is_text) {
        (None, _) => ContentTag::Artifact(Artifact::with_kind(ArtifactType::Layout)),
        (Some(_), true) => ContentTag::Span(SpanTag::empty()),
        (Some(_), false) => ContentTag::Other,
    };
    let identifier = surface.start_tagged(tag);
    mark.shapes.iter().for_each(|shape| draw(surface, fonts, shape));
    surface.end_tagged();
    identifier
}

fn draw(surface: &mut Surface<'_>, fonts: &Fonts, shape: &Shape) {
    match shape {
        Shape::Line { from, to, width, color, is_dashed } => {
            let mut path = PathBuilder::new();
            path.move_to(from.0, from.1);
            path.line_to(to.0, to.1);
            let dash = is_dashed.then(|| StrokeDash { array: vec![3.0, 3.0], offset: 0.0 });
            let paint = paint(*color).into();
            surface.set_fill(None);
            surface.set_stroke(Some(Stroke { paint, width: *width, dash, ..Stroke::default() }));
            draw_path(surface, path.finish());
            surface.set_stroke(None);
        }
        Shape::Rect { x, y, width, height, color } => {
            surface.set_fill(Some(fill(*color)));
            let path = Rect::from_xywh(*x, *y, *width, *height).and_then(|rect| {
                let mut path = PathBuilder::new();
                path.push_rect(rect);
                path.finish()
            });
            draw_path(surface, path);
        }
        Shape::Circle { x, y, radius, color } => {
            surface.set_fill(Some(fill(*color)));
            draw_path(surface, circle((*x, *y), *radius));
        }
        Shape::Text { x, y, text, size, weight, color, anchor } => {
            let text = fonts.clean(text);
            let part = match anchor {
                Anchor::Start => 0.0,
                Anchor::Middle => 0.5,
                Anchor::End => 1.0,
            };
            let start = x - part * fonts.width(&text, *size, *weight);
            surface.set_fill(Some(fill(*color)));
            let glyphs = fonts.glyphs(&text, *weight);
            let at = Point::from_xy(start, *y);
            surface.draw_glyphs(at, &glyphs, fonts.font(*weight), &text, *size, false);
        }
    }
}

fn draw_path(surface: &mut Surface<'_>, path: Option<Path>) {
    if let Some(path) = path {
        surface.draw_path(&path);
    }
}

/// Four arcs, near enough to a circle for the eye.
fn circle((x, y): (f32, f32), r: f32) -> Option<Path> {
    let k = 0.552_284_8 * r;
    let mut path = PathBuilder::new();
    path.move_to(x + r, y);
    path.cubic_to(x + r, y + k, x + k, y + r, x, y + r);
    path.cubic_to(x - k, y + r, x - r, y + k, x - r, y);
    path.cubic_to(x - r, y - k, x - k, y - r, x, y - r);
    path.cubic_to(x + k, y - r, x + r, y - k, x + r, y);
    path.close();
    path.finish()
}

fn paint(Color(red, green, blue): Color) -> rgb::Color {
    rgb::Color::new(red, green, blue)
}

fn fill(color: Color) -> Fill {
    Fill { paint: paint(color).into(), opacity: NormalizedF32::ONE, rule: FillRule::NonZero }
}

/// The headings below the first one, those of the third level below those of the second.
fn outline(bookmarks: &[Bookmark]) -> Outline {
    let mut outline = Outline::new();
    let node = |mark: &Bookmark| {
        let place = XyzDestination::new(mark.page, Point::from_xy(0.0, mark.y));
        OutlineNode::new(mark.text.clone(), place).with_open(true)
    };
    let mut rest = bookmarks;
    while let Some((first, others)) = rest.split_first() {
        let below = others.iter().take_while(|mark| mark.level > first.level.max(2)).count();
        let mut top = node(first);
        others[..below].iter().for_each(|mark| top.push_child(node(mark)));
        outline.push_child(top);
        rest = &others[below..];
    }
    outline
}

fn metadata(document: &Document) -> Metadata {
    Metadata::new()
        .title(document.title.clone())
        .language(document.language.to_owned())
        .creator(format!("recontact {}", env!("CARGO_PKG_VERSION")))
        .creation_date(date_time(document.created_at))
}

/// An instant, by the figures in `2026-11-26T14:05:09Z`.
fn date_time(instant: Timestamp) -> DateTime {
    let text = instant.to_string();
    let part = |from: usize, until: usize| text.get(from..until).unwrap_or_default();
    let two = |from: usize| part(from, from + 2).parse::<u8>().unwrap_or_default();
    DateTime::new(part(0, 4).parse().unwrap_or_default())
        .month(two(5))
        .day(two(8))
        .hour(two(11))
        .minute(two(14))
        .second(two(17))
        .utc_offset_hour(0)
        .utc_offset_minute(0)
}

fn tags(
    laid_out: &LaidOut,
    identifiers: &mut [Option<Identifier>],
    language: &'static str,
) -> TagTree {
    let mut tree = TagTree::new().with_lang(Some(language.to_owned()));
    for root in &laid_out.roots {
        tree.push(group(laid_out, *root, identifiers));
    }
    tree
}

fn group(laid_out: &LaidOut, node: usize, identifiers: &mut [Option<Identifier>]) -> TagGroup {
    let node = &laid_out.nodes[node];
    let mut group = TagGroup::new(kind(&node.role));
    for child in &node.children {
        match child {
            Child::Node(below) => group.push(self::group(laid_out, *below, identifiers)),
            Child::Mark(number) => {
                if let Some(identifier) = identifiers[*number].take() {
                    group.push(Node::Leaf(identifier));
                }
            }
        }
    }
    group
}

fn kind(role: &Role) -> TagKind {
    match role {
        Role::Heading(level, text) => {
            let level = NonZeroU16::new(u16::from(*level)).unwrap_or(NonZeroU16::MIN);
            Tag::Hn(level, Some(text.clone())).into()
        }
        Role::Paragraph => Tag::P.into(),
        Role::Group => Tag::Div.into(),
        Role::Figure(alternative) => Tag::Figure(Some(alternative.clone())).into(),
        Role::Table => Tag::Table.into(),
        Role::Caption => Tag::Caption.into(),
        Role::Head => Tag::THead.into(),
        Role::Body => Tag::TBody.into(),
        Role::Row => Tag::TR.into(),
        Role::ColumnHeading => Tag::TH(TableHeaderScope::Column).into(),
        Role::RowHeading => Tag::TH(TableHeaderScope::Row).into(),
        Role::Cell => Tag::TD.into(),
    }
}
