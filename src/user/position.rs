//! [`Position`]: a role, and of a team lead the team.

use super::{Permission, Role};
use crate::ticket::Name;

/// What a user may do, and about which rows. A team lead has a team, which is all they see; the others have none.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Position {
    role: Role,
    team: Option<Name>,
}

/// A team lead without a team.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("expected the team of a team lead")]
pub struct TeamMissing;

impl Position {
    /// A role, with the team where the role has one.
    ///
    /// # Errors
    /// [`TeamMissing`].
    pub fn new(role: Role, team: Option<Name>) -> Result<Self, TeamMissing> {
        match (role.may(Permission::SeeAllTeams), team) {
            (true, _) => Ok(Self { role, team: None }),
            (false, Some(team)) => Ok(Self { role, team: Some(team) }),
            (false, None) => Err(TeamMissing),
        }
    }

    /// The role.
    #[must_use]
    pub fn role(&self) -> Role {
        self.role
    }

    /// The only team whose rows may be shown, as it stands in tickets; `None`: rows of all teams may.
    #[must_use]
    pub fn team(&self) -> Option<&Name> {
        self.team.as_ref()
    }

    /// Whether rows of this team (`None`: of no team) may be shown.
    #[must_use]
    pub fn may_see_team(&self, team: Option<&Name>) -> bool {
        self.team.is_none() || self.team.as_ref() == team
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name(text: &str) -> Name {
        Name::parse(text).unwrap()
    }

    #[test]
    fn a_team_lead_sees_the_own_team_only_and_others_see_all() {
        let lead = Position::new(Role::TeamLead, Some(name("cards"))).unwrap();
        assert!(lead.may_see_team(Some(&name("cards"))));
        assert!(!lead.may_see_team(Some(&name("loans"))) && !lead.may_see_team(None));
        for role in [Role::Manager, Role::Analyst, Role::Admin] {
            let position = Position::new(role, Some(name("cards"))).unwrap();
            assert_eq!(position.team(), None);
            assert!(position.may_see_team(Some(&name("loans"))) && position.may_see_team(None));
        }
    }

    #[test]
    fn a_team_lead_has_a_team() {
        assert_eq!(Position::new(Role::TeamLead, None), Err(TeamMissing));
    }
}
