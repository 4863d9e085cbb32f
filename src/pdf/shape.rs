//! What is drawn: lines, rectangles, circles and lines of text, in units whose origin is at the upper left.

/// A colour: red, green, blue.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Color(pub u8, pub u8, pub u8);

impl Color {
    /// Text.
    pub const TEXT: Self = Self(0x1b, 0x24, 0x30);
    /// Text that explains, and figures at axes.
    pub const SOFT: Self = Self(0x4d, 0x5a, 0x6a);
    /// Thin lines.
    pub const LINE: Self = Self(0xc9, 0xd1, 0xdb);
    /// What a drawing is about. Colour-blind people can tell it from [`Color::SERIES_2`].
    pub const SERIES_1: Self = Self(0x00, 0x68, 0xa8);
    /// What it is compared with.
    pub const SERIES_2: Self = Self(0xa8, 0x4b, 0x00);
    /// Behind what must not be overlooked.
    pub const NOTE: Self = Self(0xfd, 0xf4, 0xdc);
    /// Behind the head of a table.
    pub const HEAD: Self = Self(0xee, 0xf1, 0xf5);
}

/// Where a text stands at its place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "named after what they are")]
pub enum Anchor {
    Start,
    Middle,
    End,
}

/// How thick letters are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[expect(missing_docs, reason = "named after what they are")]
pub enum Weight {
    Regular,
    Bold,
}

/// Something drawn.
#[derive(Debug, Clone, PartialEq)]
#[expect(missing_docs, reason = "named after what they are")]
pub enum Shape {
    Line {
        from: (f32, f32),
        to: (f32, f32),
        width: f32,
        color: Color,
        is_dashed: bool,
    },
    Rect {
        x: f32,
        y: f32,
        width: f32,
        height: f32,
        color: Color,
    },
    Circle {
        x: f32,
        y: f32,
        radius: f32,
        color: Color,
    },
    /// `y` is where the letters stand.
    Text {
        x: f32,
        y: f32,
        text: String,
        size: f32,
        weight: Weight,
        color: Color,
        anchor: Anchor,
    },
}

impl Shape {
    /// A solid line.
    #[must_use]
    pub fn line(from: (f32, f32), to: (f32, f32), width: f32, color: Color) -> Self {
        Self::Line { from, to, width, color, is_dashed: false }
    }

    /// The same at another size, then moved.
    #[must_use]
    pub(super) fn placed(&self, scale: f32, (dx, dy): (f32, f32)) -> Self {
        let at = |(x, y): (f32, f32)| (x * scale + dx, y * scale + dy);
        let mut placed = self.clone();
        match &mut placed {
            Self::Line { from, to, width, .. } => {
                (*from, *to, *width) = (at(*from), at(*to), *width * scale);
            }
            Self::Rect { x, y, width, height, .. } => {
                (*x, *y) = at((*x, *y));
                (*width, *height) = (*width * scale, *height * scale);
            }
            Self::Circle { x, y, radius, .. } => {
                (*x, *y) = at((*x, *y));
                *radius *= scale;
            }
            Self::Text { x, y, size, .. } => {
                (*x, *y) = at((*x, *y));
                *size *= scale;
            }
        }
        placed
    }
}

/// Shapes on a plane; it is made as wide as the page.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Drawing {
    /// Its width in its own units.
    pub width: f32,
    /// Its height in its own units.
    pub height: f32,
    /// What is drawn, the later over the earlier.
    pub shapes: Vec<Shape>,
}
