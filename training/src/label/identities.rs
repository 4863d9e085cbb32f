//! [`Identities`]: one customer under several identifiers is one person.
//!
//! Two rows are of one person when they share an identifier of the helpdesk, an e-mail address or a telephone number, or
//! are linked through others. Kept in memory are 64-bit hashes of the distinct identities, about 40 bytes for each, and only
//! when a table has a column of addresses or numbers.

use recontact::registry::artifact::sha256_hex;
use std::collections::HashMap;

/// Fewest digits of a telephone number; what has fewer is an extension or a mistake.
const FEWEST_DIGITS: usize = 7;

/// Disjoint sets of identities (Galler and Fischer 1964, with path halving).
#[derive(Debug, Default)]
pub(super) struct Identities {
    positions: HashMap<u64, u32>,
    parents: Vec<u32>,
    /// The smallest hash of each set, at its root: it names the person whatever the order of the rows.
    names: Vec<u64>,
}

/// What a row says of its customer.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Known<'r> {
    /// The helpdesk's identifier.
    pub(super) customer: Option<&'r str>,
    /// An e-mail address.
    pub(super) email: Option<&'r str>,
    /// A telephone number.
    pub(super) phone: Option<&'r str>,
}

impl Identities {
    /// Notes that what a row says is of one person.
    pub(super) fn link(&mut self, known: Known<'_>) {
        let mut hashes = known.hashes().into_iter().flatten();
        let Some(first) = hashes.next() else { return };
        let first = self.position(first);
        for other in hashes {
            let other = self.position(other);
            self.unite(first, other);
        }
    }

    /// The person a row is of; `None` when it says nothing.
    pub(super) fn person(&mut self, known: Known<'_>) -> Option<String> {
        let hash = known.hashes().into_iter().flatten().next()?;
        let position = self.position(hash);
        let root = self.root(position);
        Some(format!("{:016x}", self.names[root as usize]))
    }

    /// The number of distinct identities.
    #[must_use]
    pub(super) fn count(&self) -> usize {
        self.parents.len()
    }

    fn position(&mut self, hash: u64) -> u32 {
        let next = u32::try_from(self.parents.len()).unwrap_or(u32::MAX);
        let position = *self.positions.entry(hash).or_insert(next);
        if position == next {
            self.parents.push(next);
            self.names.push(hash);
        }
        position
    }

    fn root(&mut self, mut position: u32) -> u32 {
        while self.parents[position as usize] != position {
            let grandparent = self.parents[self.parents[position as usize] as usize];
            self.parents[position as usize] = grandparent;
            position = grandparent;
        }
        position
    }

    fn unite(&mut self, a: u32, b: u32) {
        let (a, b) = (self.root(a), self.root(b));
        if a != b {
            // The root with the smaller hash stays, so that a set is named by its smallest.
            let (low, high) =
                if self.names[a as usize] < self.names[b as usize] { (a, b) } else { (b, a) };
            self.parents[high as usize] = low;
        }
    }
}

impl Known<'_> {
    /// A hash of each identity that the row states, told apart by kind.
    fn hashes(self) -> [Option<u64>; 3] {
        [
            self.customer.map(|id| hash("customer", id)),
            self.email.and_then(normal_email).map(|email| hash("email", &email)),
            self.phone.and_then(normal_phone).map(|phone| hash("phone", &phone)),
        ]
    }
}

/// An address in small letters; `None` for what is none.
fn normal_email(text: &str) -> Option<String> {
    let text = text.trim().to_lowercase();
    text.contains('@').then_some(text)
}

/// The digits of a number without leading zeros; `None` for too few.
fn normal_phone(text: &str) -> Option<String> {
    let digits: String = text.chars().filter(char::is_ascii_digit).collect();
    let digits = digits.trim_start_matches('0');
    (digits.len() >= FEWEST_DIGITS).then(|| digits.to_owned())
}

fn hash(kind: &str, value: &str) -> u64 {
    let digest = sha256_hex(format!("{kind}\0{value}").as_bytes());
    u64::from_str_radix(&digest[..16], 16).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn known<'r>(customer: &'r str, email: &'r str, phone: &'r str) -> Known<'r> {
        let some = |text: &'r str| (!text.is_empty()).then_some(text);
        Known { customer: some(customer), email: some(email), phone: some(phone) }
    }

    #[test]
    fn rows_that_share_an_identity_are_of_one_person() {
        let mut identities = Identities::default();
        identities.link(known("u-1", "Anna@Example.com ", ""));
        identities.link(known("u-2", "", "+375 29 123-45-67"));
        identities.link(known("", "anna@example.com", "00375291234567"));
        identities.link(known("u-3", "other@example.com", "123"));
        let mut person = |customer| identities.person(known(customer, "", "")).unwrap();
        assert_eq!(person("u-1"), person("u-2"));
        assert_ne!(person("u-1"), person("u-3"));
        assert_eq!(identities.person(Known::default()), None);
        assert_eq!(identities.person(known("", "no address", "12")), None);
    }

    proptest! {
        #[test]
        fn who_is_one_person_does_not_depend_on_the_order_of_the_rows(
            (rows, shuffled) in prop::collection::vec((0_u8..6, 0_u8..6), 0..20)
                .prop_flat_map(|rows| (Just(rows.clone()), Just(rows).prop_shuffle())),
        ) {
            let persons = |rows: &[(u8, u8)]| {
                let mut identities = Identities::default();
                for (customer, email) in rows {
                    identities.link(known(&format!("u-{customer}"), &format!("{email}@x"), ""));
                }
                (0..6).map(|u| identities.person(known(&format!("u-{u}"), "", ""))).collect::<Vec<_>>()
            };
            prop_assert_eq!(persons(&rows), persons(&shuffled));
        }
    }
}
