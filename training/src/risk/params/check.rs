//! Checks of [`RiskParams`]: each fault names the option, what was expected and what was found.

use super::{RiskParams, ThresholdParams};
use recontact::risk::features::TREATED;

impl RiskParams {
    /// What is wrong with these parameters, if anything is.
    pub(super) fn fault(&self) -> Option<String> {
        let is_share = |share: f64| share > 0.0 && share < 1.0;
        if !(1..=3650).contains(&self.window_days) {
            return Some(format!("window_days: expected 1 to 3650, got {}", self.window_days));
        }
        let shares = [
            ("test_share", self.test_share),
            ("validation_share", self.validation_share),
            ("bands.high_share", self.bands.high_share),
            ("bands.medium_share", self.bands.medium_share),
        ];
        if let Some((name, share)) = shares.into_iter().find(|(_, share)| !is_share(*share)) {
            return Some(format!("{name}: expected a number between 0 and 1, got {share}"));
        }
        if self.bands.high_share >= self.bands.medium_share {
            return Some("bands: expected high_share below medium_share".into());
        }
        if self.c_grid.is_empty() || !self.c_grid.iter().all(|c| (1e-6..=1e6).contains(c)) {
            return Some("c_grid: expected one or more numbers from 0.000001 to 1000000".into());
        }
        if self.min_count == 0 {
            return Some("min_count: expected at least 1".into());
        }
        self.choice_fault().or_else(|| self.attribute_fault())
    }

    fn choice_fault(&self) -> Option<String> {
        let trees = &self.trees;
        let is_part = |share: f64| share > 0.0 && share <= 1.0;
        if !(1..=10).contains(&self.folds) {
            return Some(format!("folds: expected 1 to 10, got {}", self.folds));
        }
        if !self.windows.iter().all(|days| (1..=3650).contains(days)) {
            return Some("windows: expected numbers of days from 1 to 3650".into());
        }
        if trees.leaves.is_empty() || !trees.leaves.iter().all(|leaves| (2..=64).contains(leaves)) {
            return Some("trees.leaves: expected one or more numbers from 2 to 64".into());
        }
        if trees.rounds.is_empty() || !trees.rounds.iter().all(|n| (1..=2000).contains(n)) {
            return Some("trees.rounds: expected one or more numbers from 1 to 2000".into());
        }
        if !(1..=20).contains(&trees.seeds) {
            return Some(format!("trees.seeds: expected 1 to 20, got {}", trees.seeds));
        }
        let parts = [
            ("trees.learning_rate", f64::from(trees.learning_rate)),
            ("trees.row_share", f64::from(trees.row_share)),
            ("trees.column_share", trees.column_share),
        ];
        if let Some((name, share)) = parts.into_iter().find(|(_, share)| !is_part(*share)) {
            return Some(format!("{name}: expected a number over 0 and at most 1, got {share}"));
        }
        if !(0.0..=1e6).contains(&trees.min_leaf_weight) {
            return Some("trees.min_leaf_weight: expected a number from 0 to 1000000".into());
        }
        if trees.blend_shares.is_empty()
            || !trees.blend_shares.iter().all(|s| (0.0..=1.0).contains(s))
        {
            return Some("trees.blend_shares: expected one or more numbers from 0 to 1".into());
        }
        if !recontact::risk::text::BUCKET_BITS.contains(&self.text.bits) {
            return Some(format!("text.bits: expected 6 to 16, got {}", self.text.bits));
        }
        if !(1..=64).contains(&self.text.components) || self.text.sample < 10 {
            return Some("text: expected 1 to 64 components and a sample of 10 or more".into());
        }
        if self.utc_offset_minutes.abs() > 14 * 60 {
            return Some("utc_offset_minutes: expected -840 to 840".into());
        }
        if !(0.5..=1.0).contains(&self.leakage_auc) {
            return Some(format!("leakage_auc: expected 0.5 to 1, got {}", self.leakage_auc));
        }
        self.threshold.fault()
    }

    /// An attribute must not be declared twice, nor carry the name of a feature every ticket has.
    fn attribute_fault(&self) -> Option<String> {
        let columns = &self.columns;
        let texts = columns.text.as_deref().unwrap_or_default();
        let declared = || columns.categorical.iter().chain(&columns.numeric).chain(texts);
        if let Some(twice) =
            declared().find(|name| declared().filter(|other| other == name).count() > 1)
        {
            return Some(format!("columns: {twice} is declared twice"));
        }
        // Whether a ticket was followed up decides what is trained on; as a feature it comes by `treated = "model"` alone.
        let treated = columns.treated.as_deref().unwrap_or(TREATED);
        if let Some(name) = declared().find(|name| *name == treated || *name == TREATED) {
            return Some(format!(
                "columns: {name} says whether a ticket was followed up and must not be declared; use treated = \"model\" to \
                 make that a feature"
            ));
        }
        let is_built_in =
            |name: &str| recontact::risk::features::built_in().any(|(known, _)| known == name);
        if let Some(agent) = declared().find(|name| looks_like_agent(name))
            && !self.agent_feature
        {
            return Some(format!(
                "columns: {agent} looks like the agent who worked on the ticket; risk is about the customer's problem, \
                 not about staff. Leave the column out, or set agent_feature = true if that is what you want"
            ));
        }
        let clash = declared().find(|name| is_built_in(name))?;
        Some(format!(
            "columns: {clash} is the name of a built-in feature; a column of that meaning is read without being declared, \
             one of another meaning must be renamed"
        ))
    }
}

impl ThresholdParams {
    fn fault(&self) -> Option<String> {
        let capacity = self.per_team_and_day.unwrap_or(1.0);
        if !(capacity > 0.0 && capacity.is_finite()) {
            return Some(format!(
                "threshold.per_team_and_day: expected more than 0, got {capacity}"
            ));
        }
        if let Some((team, capacity)) =
            self.teams.iter().find(|(_, capacity)| !(**capacity > 0.0 && capacity.is_finite()))
        {
            return Some(format!(
                "threshold.teams: expected more than 0 for {team}, got {capacity}"
            ));
        }
        if self.per_team_and_day.is_none() && !self.teams.is_empty() {
            return Some(
                "threshold.teams: expected per_team_and_day too, for the teams that are not named"
                    .into(),
            );
        }
        let cost = self.cost?;
        let amounts = [cost.follow_up, cost.harm, cost.repeat];
        if !amounts.into_iter().all(|amount| amount.is_finite() && amount >= 0.0) {
            return Some("threshold.cost: expected amounts of 0 or more".into());
        }
        if cost.follow_up + cost.harm <= 0.0 {
            return Some(
                "threshold.cost: expected follow_up or harm above 0; a follow-up that costs nothing pays for every ticket, \
                 and then no threshold parts them"
                    .into(),
            );
        }
        match cost.effect {
            Some(effect) if !(effect > 0.0 && effect <= 1.0) => {
                Some(format!("threshold.cost.effect: expected over 0 and at most 1, got {effect}"))
            }
            Some(_) if cost.repeat == 0.0 => {
                Some("threshold.cost.repeat: expected more than 0".into())
            }
            _ => None,
        }
    }
}

/// Whether a column's name says that it holds who worked on a ticket.
fn looks_like_agent(name: &str) -> bool {
    const WORDS: [&str; 14] = [
        "agent",
        "assignee",
        "operator",
        "employee",
        "technician",
        "responder",
        "resolver",
        "assigned",
        "handler",
        "staff",
        "агент",
        "оператор",
        "сотрудник",
        "исполнитель",
    ];
    // `team` and `group` say where a ticket was, not who had it.
    const PLACES: [&str; 6] = ["team", "group", "queue", "department", "count", "changes"];
    let name = name.to_lowercase();
    let words: Vec<&str> = name.split(|c: char| !c.is_alphanumeric()).collect();
    words.iter().any(|word| WORDS.iter().any(|known| word.starts_with(known)))
        && !words.iter().any(|word| PLACES.contains(word))
}
