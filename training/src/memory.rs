//! [`Guard`]: refuses a table that would not fit into the memory, before hours are spent on it.
//!
//! What a row takes is not computed but seen: by how much the process has grown over the rows read so far. Linux tells it;
//! elsewhere nothing is refused.

use crate::bad_input;
use crate::peak_memory::of_line;
use std::fs;
use std::path::Path;

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
    /// The memory at the first look, and how much of the file was read by then: what it takes to read at all is in it already.
    first: Option<(Memory, u64)>,
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

/// What the control groups of version 2 that the process is in leave to it; none without a limit. The cache of files is no limit: it is
/// given back where memory is needed.
fn left_to_group() -> Option<u64> {
    const ROOT: &str = "/sys/fs/cgroup";
    let groups = fs::read_to_string("/proc/self/cgroup").ok()?;
    let own = groups.lines().find_map(|line| line.strip_prefix("0::"))?;
    let folder = Path::new(ROOT).join(own.trim_start_matches('/'));
    folder.ancestors().take_while(|folder| folder.starts_with(ROOT)).filter_map(left_to).min()
}

fn left_to(group: &Path) -> Option<u64> {
    let read = |name: &str| fs::read_to_string(group.join(name)).ok();
    let number = |name: &str| -> Option<u64> { read(name)?.trim().parse().ok() };
    let cache: u64 = read("memory.stat")?
        .lines()
        .filter_map(|line| line.split_once(' '))
        .filter(|(name, _)| matches!(*name, "inactive_file" | "active_file" | "slab_reclaimable"))
        .filter_map(|(_, bytes)| bytes.parse::<u64>().ok())
        .sum();
    let taken = number("memory.current")?.saturating_sub(cache);
    Some(number("memory.max")?.saturating_sub(taken))
}

impl Guard {
    /// Before the first row. In the end `times` as much is needed as the rows take while they are read.
    #[must_use]
    pub fn new(times: f64) -> Self {
        Self { first: None, times }
    }

    /// Looks whether the table will fit, when `rows` rows and `read` of `all` bytes of the file were read; from the second look on.
    ///
    /// # Errors
    /// [`crate::failure::BadInput`] with what it would take and what there is.
    pub fn check(&mut self, file: &str, rows: usize, read: u64, all: u64) -> anyhow::Result<()> {
        Memory::now().map_or(Ok(()), |now| self.judge(now, file, rows, (read, all)))
    }

    fn judge(
        &mut self,
        now: Memory,
        file: &str,
        rows: usize,
        (read, all): (u64, u64),
    ) -> anyhow::Result<()> {
        let (first, read_before) = *self.first.get_or_insert((now, read));
        let kept = now.taken.saturating_sub(first.taken);
        let to_read = all.max(read).saturating_sub(read_before);
        match needed(kept, read - read_before, to_read, self.times) {
            Some(needed) if needed > first.free => Err(bad_input!(
                "{file}: the first {rows} rows took {}, so all of them and what is computed from them would take about {}, and \
                 {} are free: take fewer rows, or name fewer columns",
                gigabytes(kept),
                gigabytes(needed),
                gigabytes(first.free)
            )),
            _ => Ok(()),
        }
    }
}

/// What the whole table will take, in bytes, where `kept` bytes are kept of `read` bytes of `all`; none where too little was read to
/// tell.
fn needed(kept: u64, read: u64, all: u64, times: f64) -> Option<u64> {
    if kept < LEAST_KEPT || read == 0 {
        return None;
    }
    Some(whole(number(kept) * (number(all) / number(read)) * times))
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
        assert_eq!(needed(100 * MB, 10, 100, 1.5), Some(1500 * MB));
        assert_eq!(needed(0, 10, 100, 1.5), None, "nothing is kept");
        assert_eq!(needed(10 * MB, 1, 100, 1.5), None, "too little to tell");
    }

    #[test]
    fn a_table_that_does_not_fit_is_refused_with_what_it_would_take() {
        let now = |taken| Memory { taken: taken * MB, free: (550 - taken) * MB };
        let mut guard = Guard::new(1.5);
        assert!(
            guard.judge(now(50), "tickets.csv", 4096, (1, 11)).is_ok(),
            "what it takes to read"
        );
        let refused = guard.judge(now(150), "tickets.csv", 8192, (2, 11)).unwrap_err().to_string();
        assert_eq!(
            refused,
            "tickets.csv: the first 8192 rows took 0.1 GB, so all of them and what is computed from them would take about \
             1.6 GB, and 0.5 GB are free: take fewer rows, or name fewer columns"
        );
        assert!(guard.judge(now(150), "tickets.csv", 40_960, (10, 11)).is_ok());
    }
}
