//! [`Faults`]: what is wrong with an input, collected so that a person can mend it in one go.

use crate::failure::BadInput;

/// Faults that are printed; the rest is counted.
const SHOWN: usize = 20;

/// The faults of one input.
#[derive(Debug, Default)]
pub struct Faults {
    shown: Vec<String>,
    total: usize,
}

impl Faults {
    /// Notes a fault: where it is, what was expected, what was found.
    pub fn push(&mut self, fault: impl Into<String>) {
        self.total += 1;
        if self.shown.len() < SHOWN {
            self.shown.push(fault.into());
        }
    }

    /// Whether there is none so far.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.total == 0
    }

    /// Ends the reading: nothing if there was no fault, else all of them as one [`BadInput`].
    ///
    /// # Errors
    /// [`BadInput`], one fault per line, at most twenty and the number of the others.
    pub fn finish(mut self) -> anyhow::Result<()> {
        if self.total == 0 {
            return Ok(());
        }
        if self.total > self.shown.len() {
            self.shown.push(format!("and {} more", self.total - self.shown.len()));
        }
        Err(BadInput(self.shown.join("\n")).into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn twenty_faults_are_shown_and_the_others_counted() {
        let mut faults = Faults::default();
        (1..=33).for_each(|row| faults.push(format!("row {row}")));
        let message = faults.finish().unwrap_err().to_string();
        assert!(message.starts_with("row 1\nrow 2\n"), "{message}");
        assert!(message.ends_with("row 20\nand 13 more"), "{message}");
    }
}
