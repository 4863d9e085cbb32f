//! [`Costs`]: what repeats and follow-ups cost. Ranking next issues, following up and judging the effect all count with these.

use crate::ticket::IssueCategory;
use serde::Deserialize;
use std::collections::BTreeMap;

/// No cost is above this.
const MOST: f64 = 1e12;

/// The section `costs` of the configuration, all in one currency; explained in `config.default.toml`.
#[derive(Debug, Clone, PartialEq, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Costs {
    /// Handling one contact of a customer who comes back; above 0.
    pub repeat: f64,
    /// The same for single categories; 0 or more.
    pub categories: BTreeMap<IssueCategory, f64>,
    /// Making a follow-up; 0 or more.
    pub follow_up: f64,
    /// What disturbing a customer costs on average; 0 or more.
    pub harm: f64,
}

impl Costs {
    /// Checks every value.
    ///
    /// # Errors
    /// The option and what was expected.
    pub fn validate(&self) -> Result<(), String> {
        let categories = self.categories.iter();
        let categories = categories.map(|(name, cost)| (format!("categories.{name}"), *cost));
        let single = [("follow_up".to_owned(), self.follow_up), ("harm".to_owned(), self.harm)];
        for (name, cost) in single.into_iter().chain(categories) {
            if !(0.0..=MOST).contains(&cost) {
                return Err(format!("{name}: expected a cost from 0 to {MOST:e}, got {cost}"));
            }
        }
        if !(self.repeat > 0.0 && self.repeat <= MOST) {
            let found = self.repeat;
            return Err(format!("repeat: expected a cost above 0 up to {MOST:e}, got {found}"));
        }
        Ok(())
    }

    /// What handling one contact about a category costs.
    #[must_use]
    pub fn repeat_of(&self, category: &str) -> f64 {
        let of_category = self.categories.iter().find(|(name, _)| name.as_str() == category);
        of_category.map_or(self.repeat, |(_, cost)| *cost)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn costs() -> Costs {
        let categories = [(IssueCategory::parse("outage").unwrap(), 80.0)].into();
        Costs { repeat: 8.0, categories, follow_up: 1.0, harm: 0.0 }
    }

    #[test]
    fn a_category_without_a_cost_of_its_own_costs_what_all_do() {
        assert!(costs().validate().is_ok());
        assert_eq!(costs().repeat_of("outage").to_bits(), 80.0_f64.to_bits());
        assert_eq!(costs().repeat_of("card").to_bits(), 8.0_f64.to_bits());
    }

    #[test]
    fn a_cost_that_is_none_is_refused_by_name() {
        let named = |change: fn(&mut Costs), name: &str| {
            let mut costs = costs();
            change(&mut costs);
            let error = costs.validate().unwrap_err();
            assert!(error.starts_with(name), "{error}");
        };
        named(|costs| costs.repeat = 0.0, "repeat");
        named(|costs| costs.repeat = f64::INFINITY, "repeat");
        named(|costs| costs.follow_up = f64::NAN, "follow_up");
        named(|costs| costs.harm = -0.5, "harm");
        named(
            |costs| costs.categories.values_mut().for_each(|cost| *cost = -1.0),
            "categories.outage",
        );
    }
}
