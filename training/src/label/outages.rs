//! Days on which far more customers than usual came with one category.

use recontact::outcome::{OutcomePolicy, is_outage};
use recontact::ticket::IssueCategory;
use std::collections::{BTreeMap, BTreeSet};

/// How many different customers came with a category on a day (days since 1970). In memory is one number for each
/// category and day.
#[derive(Debug, Default)]
pub(super) struct DailyCustomers(BTreeMap<IssueCategory, BTreeMap<i64, u64>>);

/// The days that are outages, by category.
#[derive(Debug, Default)]
pub(super) struct Outages(BTreeMap<IssueCategory, BTreeSet<i64>>);

impl DailyCustomers {
    /// Counts a customer, once for each category and day.
    pub(super) fn add(&mut self, category: &IssueCategory, day: i64) {
        if !self.0.contains_key(category) {
            self.0.insert(category.clone(), BTreeMap::new());
        }
        if let Some(days) = self.0.get_mut(category) {
            *days.entry(day).or_insert(0) += 1;
        }
    }

    /// The outages, see [`is_outage`]. What was before the first day of the table is not known and does not count as quiet.
    #[must_use]
    pub(super) fn outages(&self, policy: &OutcomePolicy) -> Outages {
        let Some(first) = self.0.values().filter_map(|days| days.keys().next()).min() else {
            return Outages::default();
        };
        let mut outages = Outages::default();
        for (category, days) in &self.0 {
            let on = |day: i64| days.get(&day).copied().unwrap_or(0);
            let is_outage = |day: i64| {
                let from = (day - i64::from(policy.outage_trailing_days)).max(*first);
                let before: Vec<u64> = (from..day).map(on).collect();
                is_outage(on(day), &before, policy)
            };
            let found: BTreeSet<i64> = days.keys().copied().filter(|day| is_outage(*day)).collect();
            if !found.is_empty() {
                outages.0.insert(category.clone(), found);
            }
        }
        outages
    }
}

impl Outages {
    /// Whether a day is an outage of a category.
    #[must_use]
    pub(super) fn contains(&self, category: &IssueCategory, day: i64) -> bool {
        self.0.get(category).is_some_and(|days| days.contains(&day))
    }

    /// The number of categories and days.
    #[must_use]
    pub(super) fn count(&self) -> usize {
        self.0.values().map(BTreeSet::len).sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use recontact::ticket::Name;

    #[test]
    fn a_day_with_far_more_customers_than_the_weeks_before_is_an_outage() {
        let (card, loan) = (Name::parse("card").unwrap(), Name::parse("loan").unwrap());
        let mut customers = DailyCustomers::default();
        (100..140).for_each(|day| customers.add(&loan, day));
        (0..12).for_each(|_| customers.add(&card, 103));
        (0..12).for_each(|_| customers.add(&card, 120));
        let outages = customers.outages(&OutcomePolicy::default());
        assert!(outages.contains(&card, 120) && !outages.contains(&loan, 120));
        assert!(!outages.contains(&card, 103), "three days tell not what is usual");
        assert_eq!(outages.count(), 1);
        assert_eq!(DailyCustomers::default().outages(&OutcomePolicy::default()).count(), 0);
    }
}
