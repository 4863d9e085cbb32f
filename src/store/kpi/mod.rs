//! Key figures: which days have changed, the days as they are counted, and what is read of them.
//!
//! Whoever changes anything that is counted calls one of the functions of [`marks`] in the same transaction. [`refresh`] takes
//! the marks away, reads the days they belong to ([`load`]) and counts them anew, all in one transaction: what was committed
//! before is in the count, what is committed after leaves its own mark. So a day without a mark is exact.

pub(super) mod closings;
mod load;
pub(super) mod marks;
mod months;
mod read;
mod refresh;

pub use refresh::KpisRefreshed;
