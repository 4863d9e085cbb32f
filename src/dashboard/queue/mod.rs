//! `/queue`: the follow-ups of a team, and the work on them. For those who work on follow-ups.
//!
//! Each step is a form that says on which version of the follow-up it was decided. Of two people who act at once one wins; the other
//! gets the page as it is now, told who did what and when, with what was typed. The same form sent again changes nothing.

mod item;
mod list;
mod step;
pub(super) mod words;

pub(super) use item::{show_item, tell_version};
pub(super) use list::{show_queue, tell_changes};
pub(super) use step::make_step;

use super::PageError;
use super::session::Viewer;
use crate::store::{FollowUpEvent, StoredFollowUp};
use crate::ticket::Name;
use actix_web::HttpResponse;
use actix_web::http::header::ContentType;

/// A follow-up that the viewer may see. One of another team, of the control group, or none at all is answered alike.
async fn find(
    viewer: &Viewer,
    id: &str,
) -> Result<(StoredFollowUp, Vec<FollowUpEvent>), PageError> {
    let app = &viewer.app;
    let found = match Name::parse(id) {
        Ok(id) => app.store.follow_up(&app.tenant, &id, viewer.now).await?,
        Err(_) => None,
    };
    let is_own =
        |follow_up: &StoredFollowUp| viewer.user.position.may_see_team(follow_up.team.as_ref());
    match found {
        Some((follow_up, events)) if is_own(&follow_up) => Ok((follow_up, events)),
        _ => Err(viewer.hide().await),
    }
}

/// What the pages' script compares to see whether somebody has changed anything.
fn plain(state: String) -> HttpResponse {
    HttpResponse::Ok().insert_header(ContentType::plaintext()).body(state)
}
