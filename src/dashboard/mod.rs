//! The pages: rendered on the server, readable without JavaScript, from files that are compiled in.
//!
//! One file per page: a struct with what the page shows, its template in `templates/`, its handlers. [`routes`] is the one table of
//! pages and says of each whom it is for ([`Needs`]); a handler that takes a [`Viewer`] or a [`Submitted`] form is asked only when
//! that is settled. What pages share: [`Frame`] (everything around the content), [`messages`] (words), [`format`](mod@format)
//! (numbers and times), [`chart`], [`table`], [`error`] (the only place that knows status codes). `docs/dashboard.md` says how to add a page.

pub mod chart;
pub mod error;
pub mod field;
pub mod form;
pub mod format;
pub mod frame;
pub mod messages;
pub mod session;
pub mod table;
pub mod tile;

mod account;
mod audit;
mod change;
mod conversation;
mod customer;
mod effect;
mod kpis;
mod model_change;
mod model_drift;
mod model_gate;
mod model_kind;
mod models;
mod next_issues;
mod openid;
mod overview;
mod period;
mod queue;
mod risk;
mod sign_in;
mod static_files;
mod ticket;
mod timeline;
mod users;
pub mod weekly;

pub use error::PageError;
pub use form::{Faults, Submitted};
pub use frame::Frame;
pub use session::Viewer;

use crate::openid::{CALLBACK, SIGNED_OUT};
use crate::routing::{Taken, allowed, get, post};
use crate::user::Permission;
use actix_web::http::{Method, header};
use actix_web::middleware::from_fn;
use actix_web::web::{self, ServiceConfig};
use actix_web::{HttpRequest, HttpResponse};

/// Whom a page is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Needs {
    /// Everybody, signed in or not.
    Nobody,
    /// Whoever is signed in.
    SignIn,
    /// Those whose role permits it.
    Permission(Permission),
}

/// Every page, and whom it is for.
pub fn routes(config: &mut ServiceConfig) {
    use Permission::{ChangeModels, ManageUsers, SeeFigures, SeePersonalData, WorkFollowUps};
    page(config, "/", Needs::SignIn, [get(overview::to_overview)]);
    page(config, "/overview", Needs::Permission(SeeFigures), [get(overview::show_overview)]);
    page(config, "/kpis", Needs::Permission(SeeFigures), [get(kpis::show_kpis)]);
    page(config, "/risk", Needs::Permission(SeeFigures), [get(risk::show_risk)]);
    let works = Needs::Permission(WorkFollowUps);
    page(config, "/queue", works, [get(queue::show_queue)]);
    page(config, "/queue/changes", works, [get(queue::tell_changes)]);
    page(config, "/queue/{id}", works, [get(queue::show_item)]);
    page(config, "/queue/{id}/version", works, [get(queue::tell_version)]);
    page(config, "/queue/{id}/{step}", works, [post(queue::make_step)]);
    let personal = Needs::Permission(SeePersonalData);
    page(config, "/tickets/{id}", personal, [get(ticket::show_ticket)]);
    page(config, "/customers/{key}", personal, [get(customer::show_customer)]);
    page(config, "/effect", Needs::Permission(SeeFigures), [get(effect::show_effect)]);
    let figures = Needs::Permission(SeeFigures);
    page(config, "/next-issues", figures, [get(next_issues::show_next_issues)]);
    page(config, "/next-issues/plan", figures, [get(next_issues::show_plan)]);
    page(config, "/next-issues/plan/versions", works, [post(next_issues::write_plan)]);
    page(config, "/models", Needs::Permission(SeeFigures), [get(models::show_models)]);
    page(config, "/models/{kind}", figures, [get(model_change::show_kind)]);
    let changes = Needs::Permission(ChangeModels);
    page(config, "/models/{kind}/change", changes, [post(model_change::change_model)]);
    page(config, "/sign-in", Needs::Nobody, [get(sign_in::show_form), post(sign_in::sign_in)]);
    page(config, "/sign-in/openid", Needs::Nobody, [get(openid::send_to_provider)]);
    page(config, CALLBACK, Needs::Nobody, [get(openid::take_answer)]);
    page(config, "/sign-out", Needs::SignIn, [post(sign_in::sign_out)]);
    page(config, SIGNED_OUT, Needs::Nobody, [get(openid::show_signed_out)]);
    page(config, "/account", Needs::SignIn, [get(account::show_account)]);
    page(config, "/account/preferences", Needs::SignIn, [post(account::save_preferences)]);
    page(config, "/account/password", Needs::SignIn, [post(account::change_password)]);
    page(
        config,
        "/users",
        Needs::Permission(ManageUsers),
        [get(users::list_users), post(users::add_user)],
    );
    page(
        config,
        "/users/{name}",
        Needs::Permission(ManageUsers),
        [get(users::show_user), post(users::set_role)],
    );
    page(config, "/users/{name}/access", Needs::Permission(ManageUsers), [post(users::set_access)]);
    page(
        config,
        "/users/{name}/password",
        Needs::Permission(ManageUsers),
        [post(users::set_password)],
    );
    page(config, "/audit", Needs::Permission(ManageUsers), [get(audit::show_audit)]);
    page(config, "/static/{file}", Needs::Nobody, [get(static_files::show_file)]);
}

/// Adds a page. Whatever it answers gets the headers of pages; its errors become pages; methods it does not take are answered 405.
fn page<const N: usize>(config: &mut ServiceConfig, path: &str, needs: Needs, taken: [Taken; N]) {
    let allow = allowed(&taken);
    let refuse = web::to(move || {
        let allow = allow.clone();
        async move { Err::<HttpResponse, _>(PageError::MethodNotTaken { allow }) }
    });
    let resource = web::resource(path.to_owned()).app_data(needs).default_service(refuse);
    let resource = taken.into_iter().fold(resource, |resource, (_, route)| resource.route(route));
    config.service(resource.wrap(from_fn(error::finish)));
}

/// Whether somebody reads an address that is not there with a browser, and so is to be shown a page.
#[must_use]
pub fn is_asked_for(request: &HttpRequest) -> bool {
    let accept = request.headers().get(header::ACCEPT).and_then(|value| value.to_str().ok());
    matches!(*request.method(), Method::GET | Method::HEAD)
        && accept.is_some_and(|accept| accept.contains("text/html"))
}

/// The page of an address that is not there.
#[must_use]
pub fn show_not_found(request: &HttpRequest) -> HttpResponse {
    error::answer(&PageError::NotFound, request)
}
