//! [`Claims`]: what a provider says of somebody.

use serde_json::{Map, Value};

/// What a provider says of somebody, by name. Checked before: where it comes from is the matter of whoever makes one.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Claims(Map<String, Value>);

impl Claims {
    /// Of a JSON object; of anything else, none.
    #[must_use]
    pub fn new(value: Value) -> Self {
        match value {
            Value::Object(claims) => Self(claims),
            _ => Self::default(),
        }
    }

    /// With those of another source where this one says nothing.
    #[must_use]
    pub fn or(mut self, others: Self) -> Self {
        for (name, value) in others.0 {
            self.0.entry(name).or_insert(value);
        }
        self
    }

    /// Whether something is said.
    #[must_use]
    pub fn has(&self, path: &str) -> bool {
        self.find(path).is_some()
    }

    /// A claim that is a text.
    #[must_use]
    pub fn text(&self, path: &str) -> Option<&str> {
        self.find(path)?.as_str()
    }

    /// Whether a claim is true.
    #[must_use]
    pub fn is_true(&self, path: &str) -> bool {
        self.find(path).and_then(Value::as_bool) == Some(true)
    }

    /// A claim that is a text or a list of texts.
    #[must_use]
    pub fn texts(&self, path: &str) -> Vec<&str> {
        match self.find(path) {
            Some(Value::String(text)) => vec![text],
            Some(Value::Array(values)) => values.iter().filter_map(Value::as_str).collect(),
            _ => Vec::new(),
        }
    }

    /// A claim by its name, or by the names that lead to it with points between them: names may have points themselves.
    fn find(&self, path: &str) -> Option<&Value> {
        if let Some(value) = self.0.get(path) {
            return Some(value);
        }
        let (first, rest) = path.split_once('.')?;
        rest.split('.').try_fold(self.0.get(first)?, |value, name| value.get(name))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_claim_is_found_by_its_name_or_by_the_way_to_it() {
        let claims = Claims::new(json!({
            "groups": ["desk", 7], "https://example.org/roles": "lead", "realm_access": {"roles": ["a", "b"]}
        }));
        assert_eq!(claims.texts("groups"), ["desk"]);
        assert_eq!(claims.texts("https://example.org/roles"), ["lead"]);
        assert_eq!(claims.texts("realm_access.roles"), ["a", "b"]);
        assert!(claims.texts("realm_access.groups").is_empty() && !claims.has("roles"));
    }

    #[test]
    fn what_is_said_first_is_not_said_otherwise_by_another_source() {
        let claims =
            Claims::new(json!({"sub": "1"})).or(Claims::new(json!({"sub": "2", "name": "Ann"})));
        assert_eq!((claims.text("sub"), claims.text("name")), (Some("1"), Some("Ann")));
    }
}
