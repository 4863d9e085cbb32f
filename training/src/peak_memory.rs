//! How much memory this process has used at most.

/// The largest resident set so far, in bytes, as Linux tells it; `None` elsewhere.
#[must_use]
pub fn bytes() -> Option<u64> {
    of_line("/proc/self/status", "VmHWM:")
}

/// The bytes of a line such as `VmRSS:   1234 kB` of one of Linux's files.
pub(crate) fn of_line(file: &str, name: &str) -> Option<u64> {
    let content = std::fs::read_to_string(file).ok()?;
    let line = content.lines().find_map(|line| line.strip_prefix(name))?;
    let kib: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(kib * 1024)
}
