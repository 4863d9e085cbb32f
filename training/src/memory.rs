//! [`Guard`]: refuses a table that would not fit into the memory, before hours are spent on it.
//!
//! What a row takes is not computed but seen: by how much the process has grown over the rows read so far. Linux tells it;
//! elsewhere nothing is refused.

use crate::bad_input;
use crate::peak_memory::of_line;
use std::fs;

/// Before so many bytes are kept their number tells nothing of those to come.
const LEAST_KEPT: u64 = 64 << 20;

/// What the process takes and what the machine has, in bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Memory {
    /// The resident set of this process.
    pub taken: u64,
    /// What it can have besides.
    pub free: u64,
}

/// Looks after the memory while a table is read.
#[derive(Debug, Clone, Copy)]
pub struct Guard {
    begin: Option<Memory>,
    times: f64,
}

impl Memory {
    /// As Linux tells it, the limit of the control group included; `None` elsewhere.
    #[must_use]
    pub fn now() -> Option<Self> {
        let taken = of_line("/proc/self/status", "VmRSS:")?;
        let of_machine = of_line("/proc/meminfo", "MemAvailable:")?;
        Some(Self { taken, free: of_machine.min(left_to_group().unwrap_or(u64::MAX)) })
    }
}

/// What the control group of version 2 leaves to its processes; none without a limit.
fn left_to_group() -> Option<u64> {
    let number = |name: &str| -> Option<u64> {
        fs::read_to_string(format!("/sys/fs/cgroup/{name}")).ok()?.trim().parse().ok()
    };
    Some(number("memory.max")?.saturating_sub(number("memory.current")?))
}

impl Guard {
    /// Begins before the first row. In the end `times` as much is needed as the rows take while they are read.
    #[must_use]
    pub fn begin(times: f64) -> Self {
        Self { begin: Memory::now(), times }
    }

    /// Looks whether the table will fit, when `rows` rows and `read` of `all` bytes of the file were read.
    ///
    /// # Errors
    /// [`crate::failure::BadInput`] with what it would take and what there is.
    pub fn check(&self, file: &str, rows: usize, read: u64, all: u64) -> anyhow::Result<()> {
        Memory::now().map_or(Ok(()), |now| self.judge(now, file, rows, (read, all)))
    }

    fn judge(
        &self,
        now: Memory,
        file: &str,
        rows: usize,
        (read, all): (u64, u64),
    ) -> anyhow::Result<()> {
        let Some(begin) = self.begin else { return Ok(()) };
        match needed(begin, now, read, all, self.times) {
            Some(needed) if needed > begin.free => Err(bad_input!(
                "{file}: the first {rows} rows took {}, so all of them and what is computed from them would take about {}, and \
                 {} are free: take fewer rows, or name fewer columns",
                gigabytes(now.taken.saturating_sub(begin.taken)),
                gigabytes(needed),
                gigabytes(begin.free)
            )),
            _ => Ok(()),
        }
    }
}

/// What the whole table will take, in bytes; none where too little was read to tell.
fn needed(begin: Memory, now: Memory, read: u64, all: u64, times: f64) -> Option<u64> {
    let kept = now.taken.saturating_sub(begin.taken);
    if kept < LEAST_KEPT || read == 0 {
        return None;
    }
    Some(whole(number(kept) * (number(all.max(read)) / number(read)) * times))
}

fn gigabytes(bytes: u64) -> String {
    format!("{:.1} GB", number(bytes) / 1e9)
}

#[expect(clippy::cast_precision_loss, reason = "numbers of bytes fit into 53 bits")]
fn number(bytes: u64) -> f64 {
    bytes as f64
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a number of bytes above 0; what is too large is cut"
)]
fn whole(bytes: f64) -> u64 {
    bytes as u64
}

#[cfg(test)]
mod tests {
    use super::*;

    const MB: u64 = 1 << 20;

    #[test]
    fn the_rest_of_a_table_takes_what_its_beginning_took() {
        let begin = Memory { taken: 50 * MB, free: 1000 * MB };
        let now = Memory { taken: 150 * MB, free: 900 * MB };
        assert_eq!(needed(begin, now, 10, 100, 1.5), Some(1500 * MB));
        assert_eq!(needed(begin, begin, 10, 100, 1.5), None, "nothing is kept");
        let early = Memory { taken: 60 * MB, free: 990 * MB };
        assert_eq!(needed(begin, early, 1, 100, 1.5), None, "too little to tell");
    }

    #[test]
    fn a_table_that_does_not_fit_is_refused_with_what_it_would_take() {
        let begin = Memory { taken: 50 * MB, free: 500 * MB };
        let now = Memory { taken: 150 * MB, free: 400 * MB };
        let guard = Guard { begin: Some(begin), times: 1.5 };
        let refused = guard.judge(now, "tickets.csv", 4096, (1, 10)).unwrap_err().to_string();
        assert_eq!(
            refused,
            "tickets.csv: the first 4096 rows took 0.1 GB, so all of them and what is computed from them would take about \
             1.6 GB, and 0.5 GB are free: take fewer rows, or name fewer columns"
        );
        assert!(guard.judge(now, "tickets.csv", 4096, (9, 10)).is_ok());
    }
}
