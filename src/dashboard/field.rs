//! Fields of forms, each with its label, hint and fault tied together for screen readers. A template shows one as it is (`{{ name }}`).

use super::form::Faults;
use askama::Template;
use askama::filters::HtmlSafe;

/// A field for one line of text.
#[derive(Debug, Clone, Template)]
#[template(path = "parts/text_field.html")]
pub struct TextField {
    name: &'static str,
    label: String,
    kind: &'static str,
    autocomplete: &'static str,
    value: String,
    hint: Option<String>,
    fault: Option<String>,
    is_required: bool,
}

impl HtmlSafe for TextField {}

impl TextField {
    /// A field of this name that has to be filled in. `autocomplete`: what it is to a browser (HTML, 4.10.18.7), or `off`.
    #[must_use]
    pub fn new(name: &'static str, label: impl Into<String>, autocomplete: &'static str) -> Self {
        Self {
            name,
            label: label.into(),
            kind: "text",
            autocomplete,
            value: String::new(),
            hint: None,
            fault: None,
            is_required: true,
        }
    }

    /// The same for a password, which is never shown again.
    #[must_use]
    pub fn password(
        name: &'static str,
        label: impl Into<String>,
        autocomplete: &'static str,
    ) -> Self {
        Self { kind: "password", ..Self::new(name, label, autocomplete) }
    }

    /// The same for a day, as `2026-11-26`, which may be left empty.
    #[must_use]
    pub fn day(name: &'static str, label: impl Into<String>) -> Self {
        Self { kind: "date", ..Self::new(name, label, "off") }.optional()
    }

    /// The same for a date and time, as `2026-11-26T14:05`.
    #[must_use]
    pub fn moment(name: &'static str, label: impl Into<String>) -> Self {
        Self { kind: "datetime-local", ..Self::new(name, label, "off") }
    }

    /// With what was typed before.
    #[must_use]
    pub fn with_value(self, value: &str) -> Self {
        Self { value: value.to_owned(), ..self }
    }

    /// With an explanation.
    #[must_use]
    pub fn with_hint(self, hint: impl Into<String>) -> Self {
        Self { hint: Some(hint.into()), ..self }
    }

    /// That may be left empty.
    #[must_use]
    pub fn optional(self) -> Self {
        Self { is_required: false, ..self }
    }

    /// With what is wrong with it.
    #[must_use]
    pub fn with_faults(self, faults: &Faults) -> Self {
        Self { fault: faults.of(self.name).map(str::to_owned), ..self }
    }
}

/// A field for several lines of text, which may be left empty.
#[derive(Debug, Clone, Template)]
#[template(path = "parts/text_area.html")]
pub struct TextArea {
    name: &'static str,
    label: String,
    value: String,
    hint: Option<String>,
    fault: Option<String>,
}

impl HtmlSafe for TextArea {}

impl TextArea {
    /// An empty field of this name.
    #[must_use]
    pub fn new(name: &'static str, label: impl Into<String>) -> Self {
        Self { name, label: label.into(), value: String::new(), hint: None, fault: None }
    }

    /// With what was typed before.
    #[must_use]
    pub fn with_value(self, value: &str) -> Self {
        Self { value: value.to_owned(), ..self }
    }

    /// With an explanation.
    #[must_use]
    pub fn with_hint(self, hint: impl Into<String>) -> Self {
        Self { hint: Some(hint.into()), ..self }
    }

    /// With what is wrong with it.
    #[must_use]
    pub fn with_faults(self, faults: &Faults) -> Self {
        Self { fault: faults.of(self.name).map(str::to_owned), ..self }
    }
}

/// A field with a few things to choose from.
#[derive(Debug, Clone, Template)]
#[template(path = "parts/select_field.html")]
pub struct SelectField {
    name: &'static str,
    label: String,
    options: Vec<SelectOption>,
    fault: Option<String>,
}

/// One thing to choose.
#[derive(Debug, Clone)]
struct SelectOption {
    value: String,
    label: String,
    is_chosen: bool,
}

impl HtmlSafe for SelectField {}

impl SelectField {
    /// A field of this name. `options`: what is sent, and what is read.
    #[must_use]
    pub fn new(
        name: &'static str,
        label: impl Into<String>,
        options: impl IntoIterator<Item = (String, String)>,
        chosen: &str,
    ) -> Self {
        let option = |(value, label): (String, String)| SelectOption {
            is_chosen: value == chosen,
            value,
            label,
        };
        let options = options.into_iter().map(option).collect();
        Self { name, label: label.into(), options, fault: None }
    }

    /// With what is wrong with it.
    #[must_use]
    pub fn with_faults(self, faults: &Faults) -> Self {
        Self { fault: faults.of(self.name).map(str::to_owned), ..self }
    }
}
