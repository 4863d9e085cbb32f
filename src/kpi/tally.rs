//! [`Tally`]: everything that is counted of a day, and adds up.

use std::ops::AddAssign;

macro_rules! columns {
    ($($name:ident,)*) => {
        /// What is counted. The order is how it is stored: add at the end, and count [`super::RULES`] up.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        #[expect(missing_docs, reason = "explained by the measures that use them, in measure.rs")]
        pub enum Column { $($name,)* }

        /// How many columns there are.
        pub const COLUMNS: usize = [$(Column::$name,)*].len();
    };
}

columns! {
    Episodes,
    Explicit1, Explicit3, Explicit7, Explicit14, Explicit30,
    Implicit1, Implicit3, Implicit7, Implicit14, Implicit30,
    SameChannel1, SameChannel3, SameChannel7, SameChannel14, SameChannel30,
    AnyContact7,
    Tickets,
    FirstContactKnown, FirstContactResolved,
    NetKnown, NetResolved, NetUnresolvable,
    RepliesKnown, AtMostOneReply, OneReply,
    AgentsKnown, OneCloser,
    SurveyKnown, SurveyResolved,
    SlaKnown, SlaMet,
    CsatKnown, CsatSatisfied, CsatWithoutScale,
    CsatKnown1, CsatKnown2, CsatKnown3, CsatKnown4, CsatWithoutContacts,
    CsatSatisfied1, CsatSatisfied2, CsatSatisfied3, CsatSatisfied4,
    NpsKnown, NpsPromoters, NpsDetractors,
    HandlingKnown, HandlingSum, HandlingSquares,
    CostKnown, CostSum, CostSquares, CostContacts, CostContactsSquares, CostProducts,
    ResponseKnown,
    Opened, Reopened, Closed,
    Contacts,
}

/// Counts and sums. All but sums of squares and products are whole numbers far below 2^53, so they are exact.
#[derive(Debug, Clone, PartialEq)]
pub struct Tally([f64; COLUMNS]);

impl Default for Tally {
    fn default() -> Self {
        Self([0.0; COLUMNS])
    }
}

impl Tally {
    /// What stands in a column.
    #[must_use]
    pub fn get(&self, column: Column) -> f64 {
        self.0[column as usize]
    }

    /// What stands in a column of counts.
    #[must_use]
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "counts are whole numbers from 0 on, below 2^53"
    )]
    pub fn count(&self, column: Column) -> u64 {
        self.get(column) as u64
    }

    /// How many tickets more are open after it: those opened and opened again less those closed.
    #[must_use]
    pub fn open_change(&self) -> i64 {
        let count = |column| i64::try_from(self.count(column)).unwrap_or(i64::MAX);
        count(Column::Opened) + count(Column::Reopened) - count(Column::Closed)
    }

    /// Adds to a column.
    pub fn add(&mut self, column: Column, value: f64) {
        self.0[column as usize] += value;
    }

    /// Adds 1 to a column where something is so.
    pub fn add_if(&mut self, column: Column, is_so: bool) {
        self.add(column, f64::from(u8::from(is_so)));
    }

    /// Adds 1 to the column `offset` places after another one.
    pub(super) fn add_at(&mut self, first: Column, offset: usize) {
        self.0[first as usize + offset] += 1.0;
    }

    /// The count `offset` places after a column.
    #[must_use]
    pub(super) fn count_at(&self, first: Column, offset: usize) -> u64 {
        let mut shifted = Self::default();
        shifted.0[first as usize] = self.0[first as usize + offset];
        shifted.count(first)
    }

    /// The form in which it is stored: the columns in order, separated by commas; nothing stands for 0.
    #[must_use]
    pub fn to_text(&self) -> String {
        let last = self.0.iter().rposition(|value| *value != 0.0).map_or(0, |last| last + 1);
        let cell = |value: &f64| if *value == 0.0 { String::new() } else { value.to_string() };
        self.0[..last].iter().map(cell).collect::<Vec<_>>().join(",")
    }

    /// Reads what [`Tally::to_text`] wrote; `None` when it is something else.
    #[must_use]
    pub fn from_text(text: &str) -> Option<Self> {
        let mut tally = Self::default();
        if text.is_empty() {
            return Some(tally);
        }
        for (index, cell) in text.split(',').enumerate() {
            if !cell.is_empty() {
                *tally.0.get_mut(index)? = number(cell)?;
            }
        }
        Some(tally)
    }
}

/// Most cells are short whole numbers, and a long period has millions of them.
#[expect(clippy::cast_precision_loss, reason = "15 digits fit into 53 bits")]
fn number(cell: &str) -> Option<f64> {
    if cell.len() > 15 {
        return cell.parse().ok();
    }
    let mut whole = 0_u64;
    for byte in cell.bytes() {
        if !byte.is_ascii_digit() {
            return cell.parse().ok();
        }
        whole = whole * 10 + u64::from(byte - b'0');
    }
    Some(whole as f64)
}

impl AddAssign<&Tally> for Tally {
    fn add_assign(&mut self, other: &Self) {
        for (sum, value) in self.0.iter_mut().zip(other.0) {
            *sum += value;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tally_is_read_as_it_was_written() {
        let mut tally = Tally::default();
        assert_eq!(Tally::from_text(&tally.to_text()), Some(tally.clone()));
        tally.add(Column::Tickets, 12.0);
        tally.add(Column::CostSum, 0.1 + 0.2);
        tally.add_at(Column::Explicit1, 4);
        assert_eq!(Tally::from_text(&tally.to_text()), Some(tally.clone()));
        assert_eq!(tally.count(Column::Explicit30), 1);
        tally += &tally.clone();
        assert_eq!(tally.count(Column::Tickets), 24);
        assert_eq!(Tally::from_text("1,x"), None);
        assert_eq!(Tally::from_text(&",".repeat(COLUMNS)), Some(Tally::default()));
        assert_eq!(Tally::from_text(&format!("{}1", ",".repeat(COLUMNS))), None);
    }
}
