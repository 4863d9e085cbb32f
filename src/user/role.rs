//! What users may do: the one table of roles and permissions. `docs/dashboard.md` shows it; a test compares the two.

use std::fmt;

/// What a user is to the support desk.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, clap::ValueEnum)]
pub enum Role {
    /// Answers for the support desk: sees everything, works on follow-ups.
    Manager,
    /// Leads one team: the same, for the own team only.
    TeamLead,
    /// Works with figures: sees nothing of single customers.
    Analyst,
    /// Looks after the service: everything, and the users.
    Admin,
}

/// Something that not everybody may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Permission {
    /// Rates, counts, effects and models: nothing that is about one customer.
    SeeFigures,
    /// Rows of every team, not of the own one only.
    SeeAllTeams,
    /// Single tickets, customers and what they wrote: identifiers included.
    SeePersonalData,
    /// Taking, finishing and putting off follow-ups.
    WorkFollowUps,
    /// Making another model live.
    ChangeModels,
    /// Adding, changing and disabling users, and reading who did what.
    ManageUsers,
}

impl Role {
    /// Every role.
    pub const ALL: [Self; 4] = [Self::Manager, Self::TeamLead, Self::Analyst, Self::Admin];

    /// The word under which it is stored and given on the command line.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Manager => "manager",
            Self::TeamLead => "team-lead",
            Self::Analyst => "analyst",
            Self::Admin => "admin",
        }
    }

    /// The role of a word.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|role| role.as_str() == word)
    }

    /// Everything that it permits.
    #[must_use]
    pub fn permissions(self) -> &'static [Permission] {
        use Permission::{
            ChangeModels, ManageUsers, SeeAllTeams, SeeFigures, SeePersonalData, WorkFollowUps,
        };
        match self {
            Self::Manager => &[SeeFigures, SeeAllTeams, SeePersonalData, WorkFollowUps],
            Self::TeamLead => &[SeeFigures, SeePersonalData, WorkFollowUps],
            Self::Analyst => &[SeeFigures, SeeAllTeams],
            Self::Admin => &[
                SeeFigures,
                SeeAllTeams,
                SeePersonalData,
                WorkFollowUps,
                ChangeModels,
                ManageUsers,
            ],
        }
    }

    /// Whether it permits this.
    #[must_use]
    pub fn may(self, permission: Permission) -> bool {
        self.permissions().contains(&permission)
    }
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl Permission {
    /// Every permission.
    pub const ALL: [Self; 6] = [
        Self::SeeFigures,
        Self::SeeAllTeams,
        Self::SeePersonalData,
        Self::WorkFollowUps,
        Self::ChangeModels,
        Self::ManageUsers,
    ];

    /// The word under which logs and the documentation name it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::SeeFigures => "see_figures",
            Self::SeeAllTeams => "see_all_teams",
            Self::SeePersonalData => "see_personal_data",
            Self::WorkFollowUps => "work_follow_ups",
            Self::ChangeModels => "change_models",
            Self::ManageUsers => "manage_users",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::ValueEnum;

    #[test]
    fn an_analyst_sees_no_personal_data_and_only_an_admin_manages_users() {
        assert!(!Role::Analyst.may(Permission::SeePersonalData));
        let managing = Role::ALL.into_iter().filter(|role| role.may(Permission::ManageUsers));
        assert_eq!(managing.collect::<Vec<_>>(), [Role::Admin]);
    }

    #[test]
    fn roles_have_one_word_everywhere() {
        for role in Role::ALL {
            assert_eq!(Role::parse(role.as_str()), Some(role));
            let value = role.to_possible_value().unwrap();
            assert_eq!(value.get_name(), role.as_str());
        }
        assert_eq!(Role::parse("Admin"), None);
    }
}
