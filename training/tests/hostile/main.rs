//! What hostile inputs, full disks, kills and second runs do to training: nothing but a clear message, and the next call works.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod artifacts;
mod disk;
mod helpers;
mod kill;
mod tables;
