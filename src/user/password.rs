//! [`Password`], [`PasswordHash`] (Argon2id), and [`Passwords`], which computes few of them at a time.
//!
//! Parameters are those of the OWASP Password Storage Cheat Sheet: Argon2id with 19 MiB of memory, 2 passes and 1 lane. They stand
//! in each hash, so hashes made with others stay valid.

use argon2::password_hash::{PasswordHasher, PasswordVerifier, SaltString};
use argon2::{Algorithm, Argon2, Params, Version};
use std::fmt;
use std::sync::{Arc, LazyLock};
use std::time::Duration;
use tokio::sync::Semaphore;

/// Memory of one hash, in KiB.
const MEMORY_KIB: u32 = 19 * 1024;
/// Passes over that memory.
const PASSES: u32 = 2;
/// Lanes, computed one after the other.
const LANES: u32 = 1;
/// Bytes of salt.
const SALT_BYTES: usize = 16;
/// How long a hash waits for its turn.
const PATIENCE: Duration = Duration::from_secs(5);

/// A password as somebody has chosen it: 10 to 200 characters. Never shown, never logged.
#[derive(Clone)]
pub struct Password(String);

/// The text is too short or too long for a [`Password`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("expected a password of {} to {} characters", Password::MIN_CHARS, Password::MAX_CHARS)]
pub struct InvalidPassword;

impl Password {
    /// Fewest characters of a new password.
    pub const MIN_CHARS: usize = 10;
    /// Most characters.
    pub const MAX_CHARS: usize = 200;

    /// Checks the length of a new password. Nothing is cut off and nothing else is asked for: length is what helps.
    ///
    /// # Errors
    /// [`InvalidPassword`].
    pub fn parse(text: &str) -> Result<Self, InvalidPassword> {
        let chars = text.chars().count();
        if (Self::MIN_CHARS..=Self::MAX_CHARS).contains(&chars) {
            Ok(Self(text.to_owned()))
        } else {
            Err(InvalidPassword)
        }
    }

    /// A password that somebody claims to be theirs. What is longer than any can be is cut to a length that none has.
    #[must_use]
    pub fn claimed(text: &str) -> Self {
        Self(text.chars().take(Self::MAX_CHARS + 1).collect())
    }
}

impl fmt::Debug for Password {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Password(…)")
    }
}

/// An Argon2id hash with its salt and parameters, in the PHC string form (`$argon2id$v=19$m=…`).
#[derive(Clone, PartialEq, Eq)]
pub struct PasswordHash(String);

/// The text is no hash of a password.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("expected an Argon2 hash in PHC form")]
pub struct InvalidPasswordHash;

impl PasswordHash {
    /// Reads a stored hash.
    ///
    /// # Errors
    /// [`InvalidPasswordHash`].
    pub fn parse(text: &str) -> Result<Self, InvalidPasswordHash> {
        argon2::PasswordHash::new(text).map_err(|_| InvalidPasswordHash)?;
        Ok(Self(text.to_owned()))
    }

    /// The PHC string.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Hashes a password; takes some 20 ms of a processor.
    ///
    /// # Errors
    /// If there is no memory for it.
    pub fn of(password: &Password, salt: [u8; SALT_BYTES]) -> Result<Self, PasswordsError> {
        let failed =
            |error: argon2::password_hash::Error| PasswordsError::Failed(error.to_string());
        let salt = SaltString::encode_b64(&salt).map_err(failed)?;
        let hash = hasher()?.hash_password(password.0.as_bytes(), &salt).map_err(failed)?;
        Ok(Self(hash.to_string()))
    }

    /// Whether it is this password's; takes as long as [`Self::of`].
    #[must_use]
    pub fn is_of(&self, password: &Password) -> bool {
        argon2::PasswordHash::new(&self.0).is_ok_and(|hash| {
            Argon2::default().verify_password(password.0.as_bytes(), &hash).is_ok()
        })
    }
}

impl fmt::Debug for PasswordHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PasswordHash(…)")
    }
}

fn hasher() -> Result<Argon2<'static>, PasswordsError> {
    let params = Params::new(MEMORY_KIB, PASSES, LANES, None)
        .map_err(|error| PasswordsError::Failed(error.to_string()))?;
    Ok(Argon2::new(Algorithm::Argon2id, Version::V0x13, params))
}

/// Why a password was not hashed or compared.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PasswordsError {
    /// Too many others wait.
    #[error("too many passwords are being checked at once")]
    Busy,
    /// Argon2 could not do its work.
    #[error("a password could not be hashed: {0}")]
    Failed(String),
}

/// A hash that nobody has: what an unknown user's password is compared with.
static NOBODYS: LazyLock<Option<PasswordHash>> =
    LazyLock::new(|| PasswordHash::of(&Password(String::new()), [0; SALT_BYTES]).ok());

/// Hashes and compares passwords beside the server's threads, few at a time: each takes a processor and 19 MiB. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Passwords {
    turns: Arc<Semaphore>,
}

impl Passwords {
    /// At most so many at a time.
    #[must_use]
    pub fn new(at_once: usize) -> Self {
        // Made now, so that the first unknown user takes no longer than the others.
        LazyLock::force(&NOBODYS);
        Self { turns: Arc::new(Semaphore::new(at_once.max(1))) }
    }

    /// Hashes a password.
    ///
    /// # Errors
    /// [`PasswordsError`].
    pub async fn hash(
        &self,
        password: Password,
        salt: [u8; SALT_BYTES],
    ) -> Result<PasswordHash, PasswordsError> {
        self.run(move || PasswordHash::of(&password, salt)).await?
    }

    /// Whether a hash is this password's. Without a hash the answer is no, after the same time.
    ///
    /// # Errors
    /// [`PasswordsError::Busy`].
    pub async fn is_right(
        &self,
        hash: Option<PasswordHash>,
        password: Password,
    ) -> Result<bool, PasswordsError> {
        self.run(move || match hash {
            Some(hash) => hash.is_of(&password),
            None => {
                let _ = NOBODYS.as_ref().map(|hash| hash.is_of(&password));
                false
            }
        })
        .await
    }

    async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, PasswordsError> {
        let turn = Arc::clone(&self.turns).acquire_owned();
        let turn = tokio::time::timeout(PATIENCE, turn).await;
        let turn = turn.ok().and_then(Result::ok).ok_or(PasswordsError::Busy)?;
        let done = tokio::task::spawn_blocking(move || {
            let result = work();
            // Given back when the work is done, also where nobody waits for it any more.
            drop(turn);
            result
        });
        done.await.map_err(|error| PasswordsError::Failed(error.to_string()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn password(text: &str) -> Password {
        Password::claimed(text)
    }

    #[test]
    fn a_hash_is_of_its_own_password_only_and_says_its_parameters() {
        let hash = PasswordHash::of(&password("correct horse"), [7; SALT_BYTES]).unwrap();
        assert!(hash.as_str().starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{}", hash.as_str());
        assert!(hash.is_of(&password("correct horse")));
        assert!(!hash.is_of(&password("correct horse ")));
        assert_eq!(PasswordHash::parse(hash.as_str()), Ok(hash));
    }

    #[test]
    fn a_password_has_ten_to_two_hundred_characters_of_any_alphabet() {
        for (text, is_valid) in [
            ("123456789".to_owned(), false),
            ("1234567890".to_owned(), true),
            ("пароль-пар".to_owned(), true),
            ("x".repeat(201), false),
        ] {
            assert_eq!(Password::parse(&text).is_ok(), is_valid, "{text}");
        }
    }

    #[test]
    fn neither_a_password_nor_its_hash_is_shown() {
        let secret = password("correct horse");
        let hash = PasswordHash::of(&secret, [7; SALT_BYTES]).unwrap();
        assert_eq!(format!("{secret:?} {hash:?}"), "Password(…) PasswordHash(…)");
    }

    #[tokio::test]
    async fn nobodys_password_is_never_right() {
        let passwords = Passwords::new(1);
        assert!(!passwords.is_right(None, password("")).await.unwrap());
    }
}
