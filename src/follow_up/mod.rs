//! Who is followed up after a closing, when, in which order, and who is left alone at random: the follow-up queue's rules.
//!
//! Whether a closing is flagged, what its follow-up is worth and how many a team can take a day is said by
//! [`FollowUpPolicy`]; when it should happen by [`Schedule`]; whether the customer is followed up at all by chance, by
//! [`AssignmentKey::assign`]; and what may become of a follow-up by [`FollowUpStatus::after`]. Nothing here reads a clock,
//! a random source or the database: the store keeps the queue and calls these rules.

mod assignment;
mod local_time;
mod policy;
mod schedule;
mod status;

pub use assignment::{Arm, AssignmentKey, MAX_TREATMENT_SHARE, MIN_TREATMENT_SHARE, is_share};
pub use local_time::{InvalidLocalTime, QuietHours, TimeOfDay, UtcOffset};
pub use policy::FollowUpPolicy;
pub use schedule::{GapQuartile, Schedule, Timing};
pub use status::{Action, FollowUpStatus, ParseStatusError};

#[cfg(test)]
mod schedule_tests;
