//! [`CustomerKey`] and [`CustomerHash`]: how the store knows customers without knowing who they are.
//!
//! A hash cannot be turned back without the key, and cannot be found by trying likely identifiers either. The tenant
//! is hashed along, so the same customer of two tenants has two hashes.

use super::{StoreError, Tenant};
use crate::contact::ContactText;
use crate::follow_up::AssignmentKey;
use crate::identity::{Identity, IdentityKind};
use crate::outcome::EpisodeId;
use crate::ticket::CustomerId;
use hmac::{Hmac, Mac};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::fmt::{self, Write};

/// The secret under which customers' identifiers and contacts' texts are hashed: 32 random bytes.
///
/// It belongs to the database for as long as that lives: with another key, known customers would look new.
#[derive(Clone)]
pub struct CustomerKey([u8; Self::BYTES]);

/// The text is no [`CustomerKey`]. It is not repeated here, as it may be a secret.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("expected a customer key of 64 hexadecimal digits (32 bytes)")]
pub struct InvalidCustomerKey;

impl CustomerKey {
    /// Length of a key.
    pub const BYTES: usize = 32;

    /// Takes 32 bytes that come from a random source.
    #[must_use]
    pub fn new(bytes: [u8; Self::BYTES]) -> Self {
        Self(bytes)
    }

    /// Reads 64 hexadecimal digits; white space around them is ignored.
    ///
    /// # Errors
    /// [`InvalidCustomerKey`] for anything else.
    pub fn parse(text: &str) -> Result<Self, InvalidCustomerKey> {
        let digits = text.trim().as_bytes();
        if digits.len() != 2 * Self::BYTES || !digits.iter().all(u8::is_ascii_hexdigit) {
            return Err(InvalidCustomerKey);
        }
        let mut bytes = [0; Self::BYTES];
        for (byte, pair) in bytes.iter_mut().zip(digits.chunks_exact(2)) {
            let pair = std::str::from_utf8(pair).map_err(|_| InvalidCustomerKey)?;
            *byte = u8::from_str_radix(pair, 16).map_err(|_| InvalidCustomerKey)?;
        }
        Ok(Self(bytes))
    }

    /// Tells whether two databases were written with the same key, and nothing else about it.
    pub(super) fn fingerprint(&self) -> String {
        self.hash("fingerprint", &[])
    }

    pub(super) fn customer_hash(&self, tenant: &Tenant, id: &CustomerId) -> CustomerHash {
        CustomerHash(self.hash("customer", &[tenant.as_str(), id.as_str()]))
    }

    /// The helpdesk's identifier has the same hash as a ticket's customer.
    pub(super) fn identity_hash(&self, tenant: &Tenant, identity: &Identity) -> CustomerHash {
        let purpose = match identity.kind() {
            IdentityKind::Customer => "customer",
            IdentityKind::Email => "email",
            IdentityKind::Phone => "phone",
            IdentityKind::External => "external",
        };
        CustomerHash(self.hash(purpose, &[tenant.as_str(), identity.value()]))
    }

    /// The secret behind the arms of a tenant's experiments.
    pub(super) fn assignment_key(&self, tenant: &Tenant) -> AssignmentKey {
        AssignmentKey::new(self.digest("assignment", &[tenant.as_str()]))
    }

    /// An identifier for the follow-up of an episode: the same each time, and telling nothing about the ticket.
    pub(super) fn follow_up_id(&self, tenant: &Tenant, episode: &EpisodeId) -> String {
        let number = episode.number.to_string();
        let digits = self.hash("follow_up", &[tenant.as_str(), episode.ticket.as_str(), &number]);
        digits.chars().take(24).collect()
    }

    pub(super) fn text_hash(&self, tenant: &Tenant, text: &ContactText) -> String {
        self.hash("text", &[tenant.as_str(), text.as_str()])
    }

    fn hash(&self, purpose: &str, parts: &[&str]) -> String {
        hex(&self.digest(purpose, parts))
    }

    /// HMAC-SHA256 over the purpose and the parts, each preceded by its length, so that no two inputs look alike.
    fn digest(&self, purpose: &str, parts: &[&str]) -> [u8; 32] {
        // HMAC fills a key that is shorter than its block with zeros; doing it here keeps this infallible.
        let mut block = [0; 64];
        block[..Self::BYTES].copy_from_slice(&self.0);
        let mut mac = <Hmac<Sha256> as hmac::digest::KeyInit>::new((&block).into());
        for part in [purpose].iter().chain(parts) {
            mac.update(&(part.len() as u64).to_be_bytes());
            mac.update(part.as_bytes());
        }
        mac.finalize().into_bytes().into()
    }
}

impl fmt::Debug for CustomerKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("CustomerKey(secret)")
    }
}

/// The text is no [`CustomerHash`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("expected a customer's hash as answers give it: 64 hexadecimal digits in small letters")]
pub struct InvalidCustomerHash;

/// A customer as the store knows them: a keyed hash of the identifier, 64 hexadecimal digits.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct CustomerHash(pub(super) String);

impl CustomerHash {
    /// Reads the digits.
    ///
    /// # Errors
    /// [`InvalidCustomerHash`] for anything but 64 hexadecimal digits in small letters.
    pub fn parse(text: &str) -> Result<Self, InvalidCustomerHash> {
        let is_digit = |byte: u8| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte);
        if text.len() == 64 && text.bytes().all(is_digit) {
            Ok(Self(text.to_owned()))
        } else {
            Err(InvalidCustomerHash)
        }
    }

    /// The digits.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The hash in the place of an identifier, for code that only compares customers.
    pub(super) fn as_customer_id(&self) -> Result<CustomerId, StoreError> {
        CustomerId::parse(&self.0)
            .map_err(|error| StoreError::corrupt("tickets", "customer_hash", error))
    }
}

impl fmt::Display for CustomerHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// SHA-256 of the value's JSON, hexadecimal; equal values have equal hashes, as fields are written in a fixed order.
pub(super) fn content_sha256<T: Serialize>(content: &T) -> Result<String, StoreError> {
    let json = serde_json::to_vec(content).map_err(super::encode_error)?;
    Ok(hex(&Sha256::digest(&json)))
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(2 * bytes.len()), |mut text, byte| {
        // Writing into a String cannot fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ticket::Name;

    fn name(text: &str) -> Name {
        Name::parse(text).unwrap()
    }

    #[test]
    fn a_customer_has_one_hash_per_key_and_tenant() {
        let key = CustomerKey::new([7; 32]);
        let other_tenant = Tenant::new(name("second"));
        let hash = key.customer_hash(&Tenant::DEFAULT, &name("u-9"));
        assert_eq!(hash, key.customer_hash(&Tenant::DEFAULT, &name("u-9")));
        assert_ne!(hash, key.customer_hash(&Tenant::DEFAULT, &name("u-8")));
        assert_ne!(hash, key.customer_hash(&other_tenant, &name("u-9")));
        assert_ne!(hash, CustomerKey::new([8; 32]).customer_hash(&Tenant::DEFAULT, &name("u-9")));
        assert_eq!(hash.as_str().len(), 64);
    }

    #[test]
    fn the_hash_is_hmac_sha256_of_the_key() {
        let key = [7; 32];
        let mut mac = Hmac::<Sha256>::new_from_slice(&key).unwrap();
        mac.update(&11u64.to_be_bytes());
        mac.update(b"fingerprint");
        assert_eq!(CustomerKey::new(key).fingerprint(), hex(&mac.finalize().into_bytes()));
    }

    #[test]
    fn keys_are_read_from_hexadecimal_and_never_printed() {
        let key = CustomerKey::parse(&format!(" {}\n", "0f".repeat(32))).unwrap();
        assert_eq!(key.0, [15; 32]);
        assert_eq!(format!("{key:?}"), "CustomerKey(secret)");
        for text in ["", "0f", &"0g".repeat(32), &"é".repeat(32), &"+1".repeat(32)] {
            assert!(CustomerKey::parse(text).is_err(), "{text}");
        }
    }
}
