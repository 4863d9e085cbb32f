//! The list: what to take today, or the follow-ups of a state, as the address says.

use super::words::status_message;
use super::{item, plain};
use crate::api::follow_ups::{format_cursor, parse_cursor, today};
use crate::dashboard::error::show;
use crate::dashboard::field::SelectField;
use crate::dashboard::format::{Shown, escaped};
use crate::dashboard::session::{Viewer, sha256};
use crate::dashboard::{Frame, PageError};
use crate::follow_up::FollowUpStatus;
use crate::store::{FollowUpFilter, StoredFollowUp, TeamDay};
use crate::ticket::{IssueCategory, Name};
use crate::timestamp::Timestamp;
use actix_web::{HttpResponse, web};
use askama::Template;
use serde::Deserialize;
use std::fmt::Write;

/// Follow-ups on a page.
const ROWS: u32 = 50;
/// Stands for every team.
const ALL_TEAMS: &str = "*";
/// States that can be asked for besides today's list.
const STATES: [FollowUpStatus; 8] = [
    FollowUpStatus::Waiting,
    FollowUpStatus::Claimed,
    FollowUpStatus::Snoozed,
    FollowUpStatus::Done,
    FollowUpStatus::Disagreed,
    FollowUpStatus::NotNeeded,
    FollowUpStatus::Expired,
    FollowUpStatus::Suppressed,
];

#[derive(Template)]
#[template(path = "queue.html")]
struct QueuePage {
    frame: Frame,
    csrf: String,
    own_team: Option<String>,
    filters: Vec<SelectField>,
    days: Vec<DayRow>,
    rows: Vec<Row>,
    next: Option<String>,
    watch: String,
    state: String,
}

struct DayRow {
    team: String,
    left: u32,
    capacity: u32,
    taken: u32,
    quiet_until: Option<Shown>,
}

struct Row {
    id: String,
    version: u32,
    ticket: String,
    category: String,
    team: String,
    probability: String,
    due: Shown,
    is_overdue: bool,
    has_come_back: bool,
    status: String,
    claimed_by: String,
    can_claim: bool,
}

/// What the address asks for. What cannot be chosen counts as the default.
#[derive(Default, Deserialize)]
pub(in crate::dashboard) struct QueueQuery {
    #[serde(default = "all_teams")]
    team: String,
    #[serde(default)]
    category: String,
    #[serde(default)]
    state: String,
    #[serde(default)]
    due: String,
    #[serde(default)]
    after: String,
}

fn all_teams() -> String {
    ALL_TEAMS.to_owned()
}

/// The same, understood.
struct Asked {
    team: Option<String>,
    category: Option<IssueCategory>,
    status: Option<FollowUpStatus>,
    due: &'static str,
    due_before: Option<Timestamp>,
    after: String,
}

/// What is listed.
struct Found {
    days: Vec<TeamDay>,
    follow_ups: Vec<StoredFollowUp>,
    next: Option<String>,
}

pub(in crate::dashboard) async fn show_queue(
    viewer: Viewer,
    query: Option<web::Query<QueueQuery>>,
) -> Result<HttpResponse, PageError> {
    let frame = viewer.frame("queue-title");
    let asked = Asked::new(&viewer, query);
    let found = list(&viewer, &asked).await?;
    let own = viewer.user.position.team();
    let query = asked.query();
    let filters = filters(&viewer, &asked, &frame).await?;
    show(&QueuePage {
        csrf: viewer.csrf.clone(),
        own_team: own.map(ToString::to_string),
        filters,
        days: found.days.iter().map(|day| DayRow::new(day, &frame)).collect(),
        rows: found.follow_ups.iter().map(|one| Row::new(one, &frame, viewer.now)).collect(),
        next: found.next.as_ref().map(|next| format!("/queue?{query}&after={}", escaped(next))),
        watch: format!("/queue/changes?{query}&after={}", escaped(&asked.after)),
        state: found.state(),
        frame,
    })
}

/// Tells the script whether the list is still as it was shown.
pub(in crate::dashboard) async fn tell_changes(
    viewer: Viewer,
    query: Option<web::Query<QueueQuery>>,
) -> Result<HttpResponse, PageError> {
    let asked = Asked::new(&viewer, query);
    Ok(plain(list(&viewer, &asked).await?.state()))
}

impl Asked {
    fn new(viewer: &Viewer, query: Option<web::Query<QueueQuery>>) -> Self {
        let query = query.map_or_else(
            || QueueQuery { team: all_teams(), ..QueueQuery::default() },
            web::Query::into_inner,
        );
        let frame = viewer.frame("queue-title");
        let team = match viewer.user.position.team() {
            Some(own) => Some(own.to_string()),
            // The empty text stands for tickets without a team; a text that cannot be a name counts as every team.
            None => Some(query.team)
                .filter(|team| team != ALL_TEAMS && (team.is_empty() || Name::parse(team).is_ok())),
        };
        let status = query.state.parse().ok().filter(|status| STATES.contains(status));
        let (due, due_before) = match query.due.as_str() {
            "overdue" => ("overdue", Some(viewer.now)),
            "today" => ("today", frame.end_of_its_day(viewer.now)),
            _ => ("", None),
        };
        let category = Name::parse(&query.category).ok();
        Self { team, category, status, due, due_before, after: query.after }
    }

    /// The address's part after the question mark.
    fn query(&self) -> String {
        let category = self.category.as_ref().map_or("", Name::as_str);
        format!(
            "team={}&category={}&state={}&due={}",
            escaped(self.team.as_deref().unwrap_or(ALL_TEAMS)),
            escaped(category),
            self.status.map_or("", FollowUpStatus::as_str),
            self.due
        )
    }

    fn fits(&self, follow_up: &StoredFollowUp) -> bool {
        self.category.as_ref().is_none_or(|category| *category == follow_up.category)
            && self.due_before.is_none_or(|before| follow_up.due_at < before)
    }
}

impl Found {
    /// Changes whenever anything on the page does.
    fn state(&self) -> String {
        let mut text = String::new();
        for one in &self.follow_ups {
            // Writing into a text cannot fail.
            let _ = write!(text, "{}:{}:{};", one.id, one.version, one.status);
        }
        for day in &self.days {
            let _ = write!(text, "{}:{}:{};", day.team, day.capacity, day.taken);
        }
        sha256(&text)
    }
}

async fn list(viewer: &Viewer, asked: &Asked) -> Result<Found, PageError> {
    let (app, now) = (&viewer.app, viewer.now);
    let days = app.store.team_days(&app.tenant, asked.team.as_deref(), now).await?;
    let after = parse_cursor(&asked.after).ok();
    // One more than is shown tells whether there is another page.
    let mut follow_ups = match asked.status {
        None => {
            let mut all = today(app, &days, after.as_ref(), u32::MAX, now).await?;
            all.retain(|one| asked.fits(one));
            all
        }
        Some(status) => {
            let filter = FollowUpFilter {
                status,
                team: asked.team.clone(),
                category: asked.category.clone(),
                due_before: asked.due_before,
            };
            app.store.follow_ups(&app.tenant, &filter, after.as_ref(), ROWS + 1, now).await?
        }
    };
    let has_more = follow_ups.len() > ROWS as usize;
    follow_ups.truncate(ROWS as usize);
    let last = follow_ups.last().filter(|_| has_more);
    let next = last.map(|last| format_cursor(&last.cursor()));
    Ok(Found { days, follow_ups, next })
}

async fn filters(
    viewer: &Viewer,
    asked: &Asked,
    frame: &Frame,
) -> Result<Vec<SelectField>, PageError> {
    let (app, own) = (&viewer.app, viewer.user.position.team());
    let mut fields = Vec::new();
    if own.is_none() {
        let days = app.store.team_days(&app.tenant, None, viewer.now).await?;
        let mut teams: Vec<String> = days.into_iter().map(|day| day.team).collect();
        teams.extend(asked.team.clone());
        teams.sort();
        teams.dedup();
        let all = (all_teams(), frame.say("queue-all-teams").to_string());
        let named = teams.into_iter().map(|team| {
            let shown = team_name(&team, frame);
            (team, shown)
        });
        let chosen = asked.team.as_deref().unwrap_or(ALL_TEAMS);
        let options = std::iter::once(all).chain(named);
        fields.push(SelectField::new("team", frame.say("user-team"), options, chosen));
    }
    let mut categories = app.store.follow_up_categories(&app.tenant, own).await?;
    categories.extend(asked.category.clone());
    categories.sort();
    categories.dedup();
    let all = (String::new(), frame.say("queue-all-categories").to_string());
    let named = categories.iter().map(|category| (category.to_string(), category.to_string()));
    let chosen = asked.category.as_ref().map_or("", Name::as_str);
    let options = std::iter::once(all).chain(named);
    fields.push(SelectField::new("category", frame.say("category"), options, chosen));
    let today = (String::new(), frame.say("queue-today").to_string());
    let named =
        STATES.map(|one| (one.as_str().to_owned(), frame.say(status_message(one)).to_string()));
    let chosen = asked.status.map_or("", FollowUpStatus::as_str);
    let options = std::iter::once(today).chain(named);
    fields.push(SelectField::new("state", frame.say("queue-state"), options, chosen));
    let due = [
        (String::new(), frame.say("queue-due-any").to_string()),
        ("overdue".to_owned(), frame.say("queue-due-overdue").to_string()),
        ("today".to_owned(), frame.say("queue-due-today").to_string()),
    ];
    fields.push(SelectField::new("due", frame.say("queue-due"), due, asked.due));
    Ok(fields)
}

fn team_name(team: &str, frame: &Frame) -> String {
    if team.is_empty() { frame.say("queue-no-team").to_string() } else { team.to_owned() }
}

impl DayRow {
    fn new(day: &TeamDay, frame: &Frame) -> Self {
        Self {
            team: team_name(&day.team, frame),
            left: day.left(),
            capacity: day.capacity,
            taken: day.taken,
            quiet_until: day.quiet_until.map(|until| frame.date_time(until)),
        }
    }
}

impl Row {
    fn new(one: &StoredFollowUp, frame: &Frame, now: Timestamp) -> Self {
        Self {
            id: one.id.to_string(),
            version: one.version,
            ticket: one.episode.ticket.to_string(),
            category: one.category.to_string(),
            team: team_name(one.team.as_ref().map_or("", Name::as_str), frame),
            probability: frame.percent(one.probability),
            due: frame.date_time(one.due_at),
            is_overdue: one.status.is_open() && one.due_at < now,
            has_come_back: one.came_back_at.is_some(),
            status: frame.say(status_message(one.status)).to_string(),
            claimed_by: one.claimed_by.as_ref().map(ToString::to_string).unwrap_or_default(),
            can_claim: item::can_claim(one, now),
        }
    }
}
