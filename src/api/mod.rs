//! The HTTP API: one file per subject, every handler a short story. Errors are [`problem::Problem`].
#![expect(
    clippy::missing_errors_doc,
    reason = "a handler's comment is its text in the OpenAPI document, where errors are listed as responses"
)]

pub mod assessment;
pub mod auth;
pub mod body;
pub mod classify;
pub mod cleaning;
pub mod contacts;
mod conversation;
pub mod cursor;
pub mod customers;
pub mod docs;
pub mod experiment_effect;
pub mod experiments;
pub mod feedback;
pub mod feedback_summary;
pub mod follow_up_view;
pub mod follow_ups;
pub mod health;
pub mod identity_body;
pub mod kpis;
pub mod models;
pub mod monitoring;
pub mod next_issues;
pub mod opt_outs;
pub mod outcomes;
pub mod plan_view;
pub mod plans;
pub mod predict;
pub mod problem;
pub mod similar;
pub mod ticket_body;
pub mod tickets;

use crate::classify::Classifier;
use crate::classify::encoder::EncoderIdentity;
use serde::Serialize;
use utoipa::openapi::security::{HttpAuthScheme, HttpBuilder, SecurityScheme};
use utoipa::{Modify, OpenApi, ToSchema};

/// Which model made an answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct ModelName {
    /// category, risk, or the encoder's name.
    pub name: String,
    /// The model folder's name, or the first digits of the encoder's weights' SHA-256.
    pub version: String,
}

impl ModelName {
    /// The model behind a classification, or the version of the rules where they alone answer.
    #[must_use]
    pub fn category(classifier: &Classifier) -> Self {
        Self { name: "category".to_owned(), version: classifier.version().to_owned() }
    }

    /// The model behind a risk.
    #[must_use]
    pub fn risk(version: &str) -> Self {
        Self { name: "risk".to_owned(), version: version.to_owned() }
    }

    /// The model behind an embedding.
    #[must_use]
    pub fn encoder(identity: &EncoderIdentity) -> Self {
        let version = identity.weights_sha256.chars().take(12).collect();
        Self { name: identity.name.clone(), version }
    }
}

/// The OpenAPI document, made from the handlers.
#[derive(OpenApi)]
#[openapi(
    info(
        title = "recontact",
        description = "Classifies customer contacts and tells, when a ticket is closed, how likely the customer is to come back.",
        license(name = "Apache-2.0", identifier = "Apache-2.0")
    ),
    paths(
        classify::classify_contacts,
        classify::embed_texts,
        contacts::record_contact,
        feedback::record_feedback,
        feedback::list_feedback,
        feedback::summarise_feedback,
        similar::find_similar,
        predict::predict_recontacts,
        tickets::report_ticket,
        tickets::close_ticket,
        tickets::show_ticket,
        tickets::list_tickets,
        tickets::reopen_ticket,
        outcomes::show_outcomes,
        outcomes::correct_outcome,
        outcomes::summarise_outcomes,
        customers::merge_customers,
        customers::list_merges,
        customers::undo_merge,
        customers::erase_customer,
        follow_ups::list_follow_ups,
        follow_ups::show_follow_up,
        follow_ups::claim_follow_up,
        follow_ups::release_follow_up,
        follow_ups::finish_follow_up,
        follow_ups::snooze_follow_up,
        follow_ups::disagree_with_follow_up,
        follow_ups::drop_follow_up,
        experiments::start_experiment,
        experiments::end_experiment,
        experiments::list_experiments,
        opt_outs::record_opt_out,
        opt_outs::list_opt_outs,
        opt_outs::show_opt_out,
        opt_outs::withdraw_opt_out,
        models::list_models,
        monitoring::show_monitoring,
        kpis::show_kpis,
        kpis::show_kpi_change,
        next_issues::show_next_issues,
        plans::list_plans,
        plans::show_plan,
        plans::write_plan,
        plans::retire_plan,
        plans::propose_plans,
        experiment_effect::show_effect,
        health::live,
        health::ready,
        health::show_metrics,
    ),
    tags(
        (name = "contacts", description = "Texts in, categories or vectors out"),
        (name = "tickets", description = "Events of tickets, and the risk that the customer comes back"),
        (name = "outcomes", description = "What became of closed tickets: did the customer come back, with what, and by what it is proved"),
        (name = "customers", description = "Which identities are one person, and their erasure"),
        (name = "next issues", description = "Which issue follows which, and plans against it"),
        (name = "follow-ups", description = "The queue of closings worth another look, and who is left alone"),
        (name = "models", description = "Trained models"),
        (name = "experiments", description = "What following up is worth, from a randomised control group"),
        (name = "key figures", description = "How it all goes, each number with its definition"),
        (name = "operations", description = "For those who run the service"),
    ),
    modifiers(&BearerToken),
    security((), ("bearer" = []))
)]
pub struct ApiDoc;

struct BearerToken;

impl Modify for BearerToken {
    fn modify(&self, openapi: &mut utoipa::openapi::OpenApi) {
        let scheme = HttpBuilder::new()
            .scheme(HttpAuthScheme::Bearer)
            .description(Some(
                "Needed where the service was started with a token; never for /health.",
            ))
            .build();
        openapi
            .components
            .get_or_insert_default()
            .add_security_scheme("bearer", SecurityScheme::Http(scheme));
    }
}
