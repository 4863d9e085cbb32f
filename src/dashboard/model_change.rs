//! `/models/{kind}`: another version is made live, for a reason. For admins.

use super::error::{lead_to, show, show_again, show_conflict};
use super::field::{SelectField, TextField};
use super::form::{Faults, Submitted};
use super::models::kind_message;
use super::session::Viewer;
use super::{Frame, PageError};
use crate::registry::Registry;
use crate::registry::artifact::ModelKind;
use crate::registry::live::{LiveEntry, RegistryError};
use crate::registry::promotion::{Grounds, Note, Reason};
use actix_web::{HttpResponse, web};
use askama::Template;
use serde::Deserialize;

#[derive(Template)]
#[template(path = "model_change.html")]
struct ChangePage {
    frame: Frame,
    faults: Faults,
    csrf: String,
    kind: &'static str,
    /// The live version, empty where none is.
    live: String,
    /// Why nothing was changed.
    conflict: Option<String>,
    /// None where there is no other version.
    version: Option<SelectField>,
    reason: TextField,
}

#[derive(Default, Deserialize)]
pub(super) struct ChangeForm {
    version: String,
    reason: String,
    /// The version that was live when the page was made.
    live: String,
}

/// What there is of a kind.
struct Choice {
    entry: Option<LiveEntry>,
    others: Vec<String>,
}

pub(super) async fn show_change(
    viewer: Viewer,
    kind: web::Path<String>,
) -> Result<HttpResponse, PageError> {
    let kind = find(&viewer, &kind).await?;
    show(&change_page(&viewer, kind, &ChangeForm::default(), Faults::default(), None).await?)
}

pub(super) async fn change_model(
    submitted: Submitted<ChangeForm>,
    kind: web::Path<String>,
) -> Result<HttpResponse, PageError> {
    let Submitted { viewer, form } = submitted;
    let kind = find(&viewer, &kind).await?;
    let frame = viewer.frame("models-title");
    let mut faults = Faults::default();
    let Some(reason) =
        faults.note("reason", Reason::parse(&form.reason), || frame.say("fault-reason"))
    else {
        return show_again(&change_page(&viewer, kind, &form, faults, None).await?);
    };
    let note = Note {
        by: viewer.user.name.to_string(),
        at: viewer.now,
        reason: Some(reason.clone()),
        decided_on: Some(form.live.clone()),
    };
    let (registry, version) = (registry(&viewer), form.version.clone());
    let changed = blocking(move || make_live(&registry, kind, &version, reason, &note)).await?;
    let conflict = match changed {
        Ok(is_changed) => {
            if is_changed {
                viewer.note_model(format!("{}/{}", kind.as_str(), form.version)).await?;
            }
            return Ok(lead_to(&format!("/models/{}?done=model", kind.as_str())));
        }
        Err(RegistryError::Overtaken { live, .. }) => {
            frame.say("model-overtaken").with("version", live).to_string()
        }
        Err(error) => {
            tracing::warn!(%error, kind = kind.as_str(), "a model was not made live");
            frame.say("model-refused").with("reason", error.to_string()).to_string()
        }
    };
    show_conflict(&change_page(&viewer, kind, &form, faults, Some(conflict)).await?)
}

/// The version that was live before the present one is gone back to; any other one takes its place because somebody wants it. Whether
/// anything was changed: what is wanted may be so already, as it is for the second of a double click.
fn make_live(
    registry: &Registry,
    kind: ModelKind,
    version: &str,
    reason: Reason,
    note: &Note,
) -> Result<bool, RegistryError> {
    let live = registry.live()?;
    let entry = live.get(&kind).filter(|entry| Some(&entry.version) == note.decided_on.as_ref());
    let before = entry.and_then(|entry| entry.previous.last());
    let is_back = before.is_some_and(|before| before == version);
    let changed = if is_back {
        registry.roll_back_noted(kind, note).map(|_| true)
    } else {
        registry.promote_on(kind, version, &Grounds::Forced(reason), note)
    };
    match changed {
        // Between the look above and the change.
        Err(RegistryError::Overtaken { live, .. }) if live == version => Ok(false),
        changed => changed,
    }
}

async fn find(viewer: &Viewer, kind: &str) -> Result<ModelKind, PageError> {
    match ModelKind::ALL.into_iter().find(|known| known.as_str() == kind) {
        Some(kind) => Ok(kind),
        None => Err(viewer.hide().await),
    }
}

fn registry(viewer: &Viewer) -> Registry {
    Registry::new(&viewer.app.settings.models)
}

/// Asks the disk without keeping others waiting.
async fn blocking<T: Send + 'static>(
    ask: impl FnOnce() -> T + Send + 'static,
) -> Result<T, PageError> {
    web::block(ask).await.map_err(|error| {
        tracing::error!(%error, "the models could not be asked");
        PageError::Internal
    })
}

async fn change_page(
    viewer: &Viewer,
    kind: ModelKind,
    typed: &ChangeForm,
    faults: Faults,
    conflict: Option<String>,
) -> Result<ChangePage, PageError> {
    let registry = registry(viewer);
    let Choice { entry, others } = blocking(move || choice(&registry, kind)).await?;
    let words = viewer.frame("models-title");
    let title = words.say("model-change-title").with("kind", words.say(kind_message(kind)));
    let frame = viewer.frame_named(&title.to_string());
    let previous = entry.as_ref().and_then(|entry| entry.previous.last());
    let options = others.iter().map(|version| {
        let label = if Some(version) == previous {
            frame.say("model-was-live").with("version", version.as_str()).to_string()
        } else {
            version.clone()
        };
        (version.clone(), label)
    });
    let version =
        SelectField::new("version", frame.say("model-make-live"), options, &typed.version)
            .with_faults(&faults);
    Ok(ChangePage {
        csrf: viewer.csrf.clone(),
        kind: kind.as_str(),
        live: entry.as_ref().map(|entry| entry.version.clone()).unwrap_or_default(),
        conflict,
        version: (!others.is_empty()).then_some(version),
        reason: TextField::new("reason", frame.say("models-reason"), "off")
            .with_hint(frame.say("model-reason-hint"))
            .with_value(&typed.reason)
            .with_faults(&faults),
        frame,
        faults,
    })
}

/// The live version, and the others whose description can be read. A `live.toml` that cannot be read is told at `/models`.
fn choice(registry: &Registry, kind: ModelKind) -> Choice {
    let live = registry.live().unwrap_or_default();
    let listed = registry.list(&live);
    let others = listed
        .into_iter()
        .filter(|model| model.kind == kind && !model.is_live && model.manifest.is_ok());
    Choice { others: others.map(|model| model.version).collect(), entry: live.get(&kind).cloned() }
}
