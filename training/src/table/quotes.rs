//! [`QuoteGuard`]: looks at the quotes of a CSV file while it is read.
//!
//! A quote that is never closed makes one cell of everything up to the next quote or the end of the file. Whoever only counts
//! cells may not notice, and rows would be gone unseen.

use std::fmt;
use std::io::{self, Read};

/// Passes a CSV file on and notes the first quote that is wrong.
#[derive(Debug)]
pub(super) struct QuoteGuard<R> {
    inner: R,
    delimiter: u8,
    state: State,
    /// The line that is being read, from 1.
    line: u64,
    /// The line of the last quote that opened a cell.
    opened: u64,
    fault: Option<QuoteFault>,
}

/// What is wrong with a quote.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum QuoteFault {
    /// The cell that begins with it in this line has no end.
    NeverClosed { opened: u64 },
    /// The cell goes on after its closing quote.
    TextBehind { opened: u64, closed: u64 },
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    CellBegins,
    Plain,
    Quoted,
    /// Behind a quote in a quoted cell: the cell's end, or the first of two that stand for one.
    MayBeClosed,
    /// Behind the closing quote, where only blanks are accepted.
    Closed,
}

impl<R> QuoteGuard<R> {
    pub(super) fn new(inner: R, delimiter: u8) -> Self {
        let (line, opened) = (1, 1);
        Self { inner, delimiter, state: State::CellBegins, line, opened, fault: None }
    }

    /// The first fault so far. One that is never closed shows at the end of the file.
    pub(super) fn fault(&self) -> Option<QuoteFault> {
        self.fault
    }

    fn look_at(&mut self, bytes: &[u8]) {
        for &byte in bytes {
            self.state = self.next(byte);
            self.line += u64::from(byte == b'\n');
        }
    }

    fn next(&mut self, byte: u8) -> State {
        let ends_cell = byte == self.delimiter || byte == b'\n' || byte == b'\r';
        match (self.state, byte) {
            (State::CellBegins, b'"') => {
                self.opened = self.line;
                State::Quoted
            }
            (State::Quoted, b'"') => State::MayBeClosed,
            (State::Quoted, _) | (State::MayBeClosed, b'"') => State::Quoted,
            _ if ends_cell => State::CellBegins,
            (State::MayBeClosed | State::Closed, b' ' | b'\t') => State::Closed,
            (State::MayBeClosed | State::Closed, _) => {
                let (opened, closed) = (self.opened, self.line);
                self.fault.get_or_insert(QuoteFault::TextBehind { opened, closed });
                State::Plain
            }
            (State::CellBegins | State::Plain, _) => State::Plain,
        }
    }
}

impl<R: Read> Read for QuoteGuard<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.inner.read(buffer)?;
        self.look_at(&buffer[..read]);
        if read == 0 && !buffer.is_empty() && self.state == State::Quoted {
            self.fault.get_or_insert(QuoteFault::NeverClosed { opened: self.opened });
        }
        Ok(read)
    }
}

impl fmt::Display for QuoteFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NeverClosed { opened } => {
                write!(f, "line {opened}: the quote that opens a cell is never closed")
            }
            Self::TextBehind { opened, closed } => write!(
                f,
                "line {closed}: the cell that a quote opens in line {opened} goes on behind its closing quote; expected a \
                 delimiter or the end of the line, and quotes inside of a cell written twice"
            ),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fault(content: &str) -> Option<QuoteFault> {
        let mut guard = QuoteGuard::new(content.as_bytes(), b',');
        io::copy(&mut guard, &mut io::sink()).unwrap();
        guard.fault()
    }

    #[test]
    fn quotes_in_their_places_are_no_fault() {
        for content in [
            "a,b\n1,\"x, \"\"y\"\"\nz\"\n",
            "a,b\r\n\"1\",\"\"\r\n",
            "\"a\" ,b\n5\" pipe,say \"x\"\n",
            "",
        ] {
            assert_eq!(fault(content), None, "{content:?}");
        }
    }

    #[test]
    fn a_quote_that_swallows_rows_is_found_by_its_line() {
        assert_eq!(fault("a\n1\n\"2\n3\n"), Some(QuoteFault::NeverClosed { opened: 3 }));
        let closed_by_the_next = fault("a,b\n\"1,2\n3,4\n5,\"6\"\n");
        assert_eq!(closed_by_the_next, Some(QuoteFault::TextBehind { opened: 2, closed: 4 }));
    }
}
