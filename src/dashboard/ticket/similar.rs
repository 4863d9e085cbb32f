//! Similar past cases of a ticket: the closed tickets whose texts are most alike, of other customers and of the same one, with how they
//! were followed up and whether the customer came back.

use super::path_of;
use crate::classify::encoder::TextEncoder;
use crate::dashboard::queue::words::status_message;
use crate::dashboard::session::Viewer;
use crate::dashboard::table::{Cell, Column, NumberFormat, Table};
use crate::dashboard::timeline::outcome_message;
use crate::dashboard::{Frame, PageError};
use crate::follow_up::Action;
use crate::live_similar::{ReadyIndex, Wanted, encoder_key};
use crate::outcome::TextVector;
use crate::similar::Similar;
use crate::store::{ClosedCase, StoredTicket};
use crate::ticket::{Name, TicketId};
use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

/// Cases of other customers, and of the same one, that are shown.
const SHOWN: usize = 8;
/// The most similar contacts among which cases are looked for.
const CANDIDATES: usize = 2_000;
/// Contacts whose tickets are read at once.
const AT_ONCE: usize = 50;
/// Contacts of the ticket of which one must have a vector.
const CONTACTS: u32 = 50;
/// How long the page waits for the index, which is read from the database when it is first asked for.
const PATIENCE: Duration = Duration::from_secs(2);

/// What the page tells of similar cases.
pub(super) struct SimilarCases {
    /// Why there are none, or what they are drawn from.
    pub(super) told: Vec<String>,
    pub(super) others: Option<Table>,
    pub(super) same: Option<Table>,
}

/// What the ticket is about, to be compared.
struct Asked {
    encoder: Arc<TextEncoder>,
    vector: TextVector,
    ready: ReadyIndex,
}

/// A case that was found.
struct Case {
    similarity: f64,
    closed: ClosedCase,
}

impl SimilarCases {
    fn none(frame: &Frame, why: &'static str) -> Self {
        Self { told: vec![frame.say(why).to_string()], others: None, same: None }
    }
}

pub(super) async fn find(
    viewer: &Viewer,
    ticket: &StoredTicket,
    frame: &Frame,
) -> Result<SimilarCases, PageError> {
    let asked = match ask(viewer, &ticket.id).await? {
        Ok(asked) => asked,
        Err(why) => return Ok(SimilarCases::none(frame, why)),
    };
    let own = viewer.app.store.contacts_of_person(&viewer.app.tenant, &ticket.customer).await?;
    let own = Arc::new(own);
    let near = search(&asked, None).await?;
    let others: Vec<Similar> = near.into_iter().filter(|one| !own.contains(&one.contact)).collect();
    let others = cases(viewer, ticket, others).await?;
    let same = search(&asked, Some(own)).await?;
    let same = cases(viewer, ticket, same).await?;
    let mut told = vec![
        frame
            .say("similar-scope")
            .with("count", asked.ready.len())
            .with("encoder", asked.encoder.identity().name.as_str())
            .to_string(),
    ];
    if asked.ready.not_comparable > 0 {
        let count = asked.ready.not_comparable;
        told.push(frame.say("similar-not-comparable").with("count", count).to_string());
    }
    if let Some(team) = viewer.user.position.team() {
        told.push(frame.say("similar-team").with("team", team.as_str()).to_string());
    }
    Ok(SimilarCases {
        told,
        others: Some(table(viewer, frame, ("similar", "similar-others"), others).await?),
        same: Some(table(viewer, frame, ("similar-same", "similar-same"), same).await?),
    })
}

/// The vector of the first contact that has one of the encoder that serves, and the index; or why there is nothing to compare.
async fn ask(viewer: &Viewer, ticket: &TicketId) -> Result<Result<Asked, &'static str>, PageError> {
    let app = &viewer.app;
    if !app.similar.is_enabled() {
        return Ok(Err("similar-off"));
    }
    let Ok(encoder) = app.encoder() else { return Ok(Err("similar-no-encoder")) };
    let vectors = app.store.ticket_vectors(&app.tenant, ticket, CONTACTS).await?;
    let key = encoder_key(&encoder);
    let is_of_another =
        vectors.iter().any(|one| one.vector.is_some() && one.encoder.as_ref() != Some(&key));
    let own = vectors.into_iter().filter(|one| one.encoder.as_ref() == Some(&key));
    let Some(vector) = own.filter_map(|one| one.vector).next() else {
        let why = if is_of_another { "similar-other-encoder" } else { "similar-no-vector" };
        return Ok(Err(why));
    };
    let (shared, serving) = (app.clone(), Arc::clone(&encoder));
    let ready = actix_web::rt::spawn(async move {
        shared.similar.ready(&shared.store, &shared.tenant, &serving).await
    });
    match tokio::time::timeout(PATIENCE, ready).await {
        Ok(Ok(ready)) => Ok(Ok(Asked { encoder, vector, ready: ready? })),
        // It goes on being read, and the next page has it.
        Ok(Err(_)) | Err(_) => Ok(Err("similar-later")),
    }
}

async fn search(
    asked: &Asked,
    among: Option<Arc<HashSet<Name>>>,
) -> Result<Vec<Similar>, PageError> {
    let wanted = Wanted {
        vector: asked.vector.clone(),
        limit: CANDIDATES,
        min_similarity: -1.0,
        except: None,
        among,
    };
    asked.ready.search(wanted).await.map_err(|error| {
        tracing::error!(%error, "looking for similar cases failed");
        PageError::Internal
    })
}

/// The closed tickets of contacts, each once, without the ticket itself and, for a lead, without those of other teams.
async fn cases(
    viewer: &Viewer,
    ticket: &StoredTicket,
    near: Vec<Similar>,
) -> Result<Vec<Case>, PageError> {
    let (app, own) = (&viewer.app, viewer.user.position.team());
    let mut found: Vec<Case> = Vec::new();
    for near in near.chunks(AT_ONCE) {
        let contacts: Vec<Name> = near.iter().map(|one| one.contact.clone()).collect();
        for closed in app.store.closed_cases(&app.tenant, &contacts).await? {
            let is_known = found.iter().any(|case| case.closed.ticket == closed.ticket);
            let is_seen = own.is_none_or(|own| closed.team.as_ref() == Some(own));
            let similar = near.iter().find(|one| one.contact == closed.contact);
            if let Some(similar) = similar
                && is_seen
                && !is_known
                && closed.ticket != ticket.id
            {
                found.push(Case { similarity: similar.similarity, closed });
            }
            if found.len() == SHOWN {
                return Ok(found);
            }
        }
    }
    Ok(found)
}

async fn table(
    viewer: &Viewer,
    frame: &Frame,
    (name, caption): (&'static str, &'static str),
    cases: Vec<Case>,
) -> Result<Table, PageError> {
    let app = &viewer.app;
    let days = app.risk().map_or(app.settings.monitoring.outcome_days, |model| model.window_days());
    let tickets: Vec<TicketId> = cases.iter().map(|case| case.closed.ticket.clone()).collect();
    let outcomes = app.store.closing_outcomes(&app.tenant, &tickets).await?;
    let columns = vec![
        Column::name(frame.say("queue-ticket")),
        Column::number(frame.say("similar-similarity")),
        Column::name(frame.say("category")),
        Column::text(frame.say("queue-closed")),
        Column::text(frame.say("similar-came-back").with("days", days)),
        Column::name(frame.say("similar-followed-up")),
    ];
    let mut rows = Vec::with_capacity(cases.len());
    for Case { similarity, closed } in cases {
        let last = outcomes.iter().rfind(|one| one.episode.ticket == closed.ticket);
        let outcome = last.map(|last| frame.say(outcome_message(last.outcome(days, viewer.now))));
        let followed_up = followed_up(viewer, frame, &closed.ticket).await?;
        rows.push(vec![
            Cell::text(closed.ticket.as_str()).linked(path_of(&closed.ticket)),
            Cell::number(similarity, NumberFormat::FourDigits, frame.decimal(similarity, 2)),
            closed.category.map_or_else(Cell::nothing, |category| Cell::text(category.as_str())),
            Cell::instant(frame, closed.closed_at),
            outcome.map_or_else(Cell::nothing, Cell::text),
            Cell::text(followed_up),
        ]);
    }
    let caption = frame.say(caption).with("count", rows.len());
    Ok(Table::new(name, caption, columns).with_rows(rows))
}

/// How the last closing of a ticket that has a follow-up was followed up, in words.
async fn followed_up(
    viewer: &Viewer,
    frame: &Frame,
    ticket: &TicketId,
) -> Result<String, PageError> {
    let app = &viewer.app;
    let ids = app.store.ticket_follow_ups(&app.tenant, ticket).await?;
    let Some(id) = ids.last() else { return Ok(frame.say("similar-none").to_string()) };
    let found = app.store.follow_up(&app.tenant, id, viewer.now).await?;
    let Some((follow_up, events)) = found else { return Ok(frame.say("similar-none").to_string()) };
    let mut told = frame.say(status_message(follow_up.status)).to_string();
    if let Some(done) = events.iter().rfind(|event| event.action == Action::Done) {
        let channel = done.body["channel"].as_str().map(str::to_owned);
        let note = done.reason.as_ref().map(ToString::to_string);
        for more in channel.into_iter().chain(note) {
            told = format!("{told}; {more}");
        }
    }
    Ok(told)
}
