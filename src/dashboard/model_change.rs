//! `/models/{kind}`: one kind of model, and the form that makes another version live, for a reason. The form is for admins; the gate of
//! promotions decides, and only who says so overrides it.

use super::error::{lead_to, show, show_again, show_conflict};
use super::field::{SelectField, TextField};
use super::form::{Faults, Submitted};
use super::model_drift::is_monitored;
use super::model_gate::in_words;
use super::model_kind::{Known, Told, read};
use super::models::kind_message;
use super::session::Viewer;
use super::table::Export;
use super::{Frame, PageError};
use crate::registry::Registry;
use crate::registry::artifact::ModelKind;
use crate::registry::gate::Verdict;
use crate::registry::live::RegistryError;
use crate::registry::promotion::{Grounds, Note, Reason};
use crate::user::Permission;
use actix_web::{HttpResponse, web};
use askama::Template;
use serde::Deserialize;

#[derive(Template)]
#[template(path = "model_kind.html")]
struct KindPage {
    frame: Frame,
    faults: Faults,
    csrf: String,
    kind: &'static str,
    /// The live version, empty where none is.
    live: String,
    /// Why nothing was changed.
    conflict: Option<String>,
    told: Told,
    is_monitored: bool,
    /// None for those who may not change models, and where there is no other version.
    form: Option<Form>,
    may_change: bool,
}

/// The form of a change.
struct Form {
    version: SelectField,
    reason: TextField,
    is_overriding: bool,
    override_fault: Option<String>,
}

#[derive(Default, Deserialize)]
pub(super) struct ChangeForm {
    version: String,
    reason: String,
    /// The version that was live when the page was made.
    live: String,
    /// Whether the gate is to be overridden.
    #[serde(default, rename = "override")]
    is_overriding: String,
}

pub(super) async fn show_kind(
    viewer: Viewer,
    kind: web::Path<String>,
    export: Export,
) -> Result<HttpResponse, PageError> {
    let kind = find(&viewer, &kind).await?;
    let page = kind_page(&viewer, kind, &ChangeForm::default(), Faults::default(), None).await?;
    let page = KindPage { told: page.told.with_files(&export), ..page };
    match export.answer(&viewer, page.told.tables()).await? {
        Some(file) => Ok(file),
        None => show(&page),
    }
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
        return show_again(&kind_page(&viewer, kind, &form, faults, None).await?);
    };
    let known = read(&viewer, kind).await?;
    let is_decided = known.entry.as_ref().map_or("", |entry| &entry.version) == form.live;
    let verdict = known.verdict(&form.version);
    let Some(way) = way(&known, verdict, &form, &reason) else {
        // Who decided on another version than the live one is told that, not what the gate says of something else.
        if is_decided {
            faults.add("override", frame.say("fault-override"));
            return show_again(&kind_page(&viewer, kind, &form, faults, None).await?);
        }
        let live = known.entry.map(|entry| entry.version).unwrap_or_default();
        let told = frame.say("model-overtaken").with("version", live).to_string();
        return show_conflict(&kind_page(&viewer, kind, &form, faults, Some(told)).await?);
    };
    let note = Note {
        by: viewer.user.name.to_string(),
        at: viewer.now,
        reason: Some(reason),
        decided_on: Some(form.live.clone()),
    };
    let (registry, version) = (Registry::new(&viewer.app.settings.models), form.version.clone());
    let changed = web::block(move || make_live(&registry, kind, &version, &way, &note)).await;
    let changed = changed.map_err(|error| {
        tracing::error!(%error, "the models could not be asked");
        PageError::Internal
    })?;
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
    show_conflict(&kind_page(&viewer, kind, &form, faults, Some(conflict)).await?)
}

/// How a version becomes live.
enum Way {
    Back,
    On(Box<Grounds>),
}

/// The version that was live before the present one is gone back to; any other one takes its place because the gate lets it, or
/// because somebody overrides the gate. `None` where neither is so.
fn way(known: &Known, verdict: Verdict, form: &ChangeForm, reason: &Reason) -> Option<Way> {
    let entry = known.entry.as_ref();
    if entry.is_some_and(|entry| entry.version == form.version) {
        // Sent again, by a double click: it is live already, and nothing is asked.
        return Some(Way::On(Box::new(Grounds::None)));
    }
    let is_decided = entry.is_some_and(|entry| entry.version == form.live);
    if is_decided && known.previous() == Some(&form.version) {
        return Some(Way::Back);
    }
    let grounds = match verdict {
        Verdict::First | Verdict::Same => Grounds::None,
        Verdict::Passes(read) => Grounds::Comparison(read),
        Verdict::NotCompared | Verdict::Refused(..) | Verdict::Unreadable(_) => {
            if form.is_overriding.is_empty() {
                return None;
            }
            Grounds::Forced(reason.clone())
        }
    };
    Some(Way::On(Box::new(grounds)))
}

/// Whether anything was changed: what is wanted may be so already, as it is for the second of a double click.
fn make_live(
    registry: &Registry,
    kind: ModelKind,
    version: &str,
    way: &Way,
    note: &Note,
) -> Result<bool, RegistryError> {
    let changed = match way {
        Way::Back => registry.roll_back_noted(kind, note).map(|_| true),
        Way::On(grounds) => registry.promote_on(kind, version, grounds, note),
    };
    match changed {
        // Between what was read and the change.
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

async fn kind_page(
    viewer: &Viewer,
    kind: ModelKind,
    typed: &ChangeForm,
    faults: Faults,
    conflict: Option<String>,
) -> Result<KindPage, PageError> {
    let known = read(viewer, kind).await?;
    let words = viewer.frame("models-title");
    let title = words.say("model-change-title").with("kind", words.say(kind_message(kind)));
    let frame = viewer.frame_named(&title.to_string());
    let may_change = viewer.may(Permission::ChangeModels);
    let has_others = !known.weighed.is_empty();
    Ok(KindPage {
        csrf: viewer.csrf.clone(),
        kind: kind.as_str(),
        live: known.entry.as_ref().map(|entry| entry.version.clone()).unwrap_or_default(),
        conflict,
        told: Told::of(viewer, &frame, kind, &known).await,
        is_monitored: is_monitored(kind),
        form: (may_change && has_others).then(|| Form::new(&frame, &known, typed, &faults)),
        may_change,
        frame,
        faults,
    })
}

impl Form {
    fn new(frame: &Frame, known: &Known, typed: &ChangeForm, faults: &Faults) -> Self {
        let options = known.weighed.iter().map(|(version, verdict)| {
            let label = if known.previous() == Some(version) {
                frame.say("model-was-live").with("version", version.as_str())
            } else if verdict.is_open() {
                frame.say("model-passes").with("version", version.as_str())
            } else {
                frame.say("model-needs-override").with("version", version.as_str())
            };
            (version.clone(), label.to_string())
        });
        Self {
            version: SelectField::new(
                "version",
                frame.say("model-make-live"),
                options,
                &typed.version,
            ),
            reason: TextField::new("reason", frame.say("models-reason"), "off")
                .with_hint(frame.say("model-reason-hint"))
                .with_value(&typed.reason)
                .with_faults(faults),
            is_overriding: !typed.is_overriding.is_empty(),
            override_fault: faults.of("override").map(|fault| {
                let verdict = known.verdict(&typed.version);
                format!("{fault} {}", in_words(frame, &verdict))
            }),
        }
    }
}
