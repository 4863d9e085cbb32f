//! Identities as clients send them.

use super::problem::FieldProblem;
use crate::identity::{Identity, IdentityKind};
use serde::Deserialize;
use utoipa::ToSchema;

/// A name under which a customer is known. Stored as a keyed hash of its normal form.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct IdentityInput {
    /// customer (the helpdesk's identifier), email, phone or external.
    kind: IdentityKind,
    /// The name: e-mail addresses in any case, telephone numbers with their country code.
    value: String,
}

impl IdentityInput {
    /// The identity in its normal form; `at` is the pointer to this object.
    pub fn parse(&self, at: &str) -> Result<Identity, FieldProblem> {
        Identity::parse(self.kind, &self.value)
            .map_err(|error| FieldProblem::new(format!("{at}/value"), error))
    }
}

/// Only the kind is shown: an identity must not reach a log.
impl std::fmt::Debug for IdentityInput {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "IdentityInput({}, …)", self.kind.as_str())
    }
}
