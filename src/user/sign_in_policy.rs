//! [`SignInPolicy`]: how long a name is locked after wrong passwords, and how long a session holds.

use super::OpenIdOptions;
use crate::timestamp::Timestamp;
use serde::Deserialize;

/// How people sign in and how that is guarded. Field by field explained in `config.default.toml`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SignInPolicy {
    /// Wrong passwords in a row after which a name is locked; at least 1.
    pub attempts: u32,
    /// How long the first lock is, in seconds. Each further wrong password doubles it.
    pub lock_s: u32,
    /// How long a lock is at most, in seconds.
    pub longest_lock_s: u32,
    /// Wrong passwords from one address within `address_minutes` that are borne; at least 1.
    pub address_attempts: u32,
    /// In what time they are counted, in minutes.
    pub address_minutes: u32,
    /// After how long without a request a session ends, in minutes.
    pub session_idle_minutes: u32,
    /// After how long it ends in any case, in hours.
    pub session_hours: u32,
    /// Passwords that are checked at the same time.
    pub passwords_at_once: u32,
    /// Signing in through a provider.
    pub openid: OpenIdOptions,
}

impl SignInPolicy {
    /// Checks the bounds.
    ///
    /// # Errors
    /// The option and what was expected.
    pub fn validate(&self) -> Result<(), String> {
        for (name, value) in [
            ("attempts", self.attempts),
            ("lock_s", self.lock_s),
            ("address_attempts", self.address_attempts),
            ("address_minutes", self.address_minutes),
            ("session_idle_minutes", self.session_idle_minutes),
            ("session_hours", self.session_hours),
            ("passwords_at_once", self.passwords_at_once),
        ] {
            if value == 0 {
                return Err(format!("{name} must be at least 1"));
            }
        }
        if self.longest_lock_s < self.lock_s {
            return Err("longest_lock_s must not be below lock_s".to_owned());
        }
        self.openid.validate().map_err(|reason| format!("openid.{reason}"))
    }

    /// Whether names and passwords are taken.
    #[must_use]
    pub fn takes_passwords(&self) -> bool {
        !self.openid.enabled || self.openid.passwords_too
    }

    /// Until when a name is locked after `failures` wrong passwords in a row, the last of them at `now`.
    #[must_use]
    pub fn locked_until(&self, failures: u32, now: Timestamp) -> Option<Timestamp> {
        let doublings = failures.checked_sub(self.attempts)?;
        let seconds = u64::from(self.lock_s) << doublings.min(31);
        let seconds = u32::try_from(seconds).unwrap_or(u32::MAX).min(self.longest_lock_s);
        Some(now.plus_millis(i64::from(seconds) * 1000))
    }

    /// From when on wrong passwords of one address are counted.
    #[must_use]
    pub fn counted_from(&self, now: Timestamp) -> Timestamp {
        now.plus_millis(i64::from(self.address_minutes) * -60_000)
    }

    /// Since when a session must have been used to hold at `now`.
    #[must_use]
    pub fn used_since(&self, now: Timestamp) -> Timestamp {
        now.plus_millis(i64::from(self.session_idle_minutes) * -60_000)
    }

    /// When a session that starts at `now` ends at the latest.
    #[must_use]
    pub fn expires_at(&self, now: Timestamp) -> Timestamp {
        now.plus_millis(i64::from(self.session_hours) * 3_600_000)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const POLICY: SignInPolicy = SignInPolicy {
        attempts: 5,
        lock_s: 30,
        longest_lock_s: 3600,
        address_attempts: 50,
        address_minutes: 10,
        session_idle_minutes: 60,
        session_hours: 12,
        passwords_at_once: 2,
        openid: OpenIdOptions::OFF,
    };

    fn locked_s(failures: u32) -> Option<i64> {
        let until = POLICY.locked_until(failures, Timestamp::EARLIEST)?;
        Some(until.millis() / 1000)
    }

    #[test]
    fn the_fifth_wrong_password_locks_and_each_further_one_doubles_the_time() {
        let locks: Vec<_> = [4, 5, 6, 7, 11, 12, 13].map(locked_s).to_vec();
        let expected = [None, Some(30), Some(60), Some(120), Some(1920), Some(3600), Some(3600)];
        assert_eq!(locks, expected);
    }

    proptest! {
        #[test]
        fn a_further_wrong_password_never_shortens_the_lock(failures in 5..u32::MAX) {
            prop_assert!(locked_s(failures + 1) >= locked_s(failures));
            prop_assert!(locked_s(failures) <= Some(3600));
        }
    }
}
