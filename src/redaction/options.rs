//! [`ConversationOptions`]: how much of texts is kept, and how long.

use crate::timestamp::Timestamp;
use serde::Deserialize;

/// What is kept of texts; explained in `config.default.toml`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ConversationOptions {
    /// For how many days; 0: not at all.
    pub keep_days: u32,
    /// How many characters of each; at least 1.
    pub max_chars: usize,
}

impl ConversationOptions {
    /// Whether texts are kept at all.
    #[must_use]
    pub fn keeps(self) -> bool {
        self.keep_days > 0
    }

    /// The instant before which stored texts are not shown any more and go with the next purge.
    #[must_use]
    pub fn kept_since(self, now: Timestamp) -> Timestamp {
        if self.keeps() {
            now.plus_days(-i64::from(self.keep_days))
        } else {
            // Behind everything that can have been stored.
            now.plus_days(1)
        }
    }
}
