//! `/openapi.json` and its viewer at `/docs/`, whose files are compiled in: it works without a network.

use super::ApiDoc;
use super::problem::{Problem, ProblemCode};
use actix_web::http::header::{ContentEncoding, LOCATION};
use actix_web::{HttpResponse, web};
use std::sync::{Arc, LazyLock};
use utoipa::OpenApi;
use utoipa::openapi::OpenApi as Document;
use utoipa_swagger_ui::Config;

/// Sends the OpenAPI document.
pub async fn show_openapi() -> web::Json<&'static Document> {
    static DOCUMENT: LazyLock<Document> = LazyLock::new(ApiDoc::openapi);
    web::Json(&DOCUMENT)
}

/// Leads to the viewer's folder.
pub async fn to_viewer() -> HttpResponse {
    HttpResponse::PermanentRedirect().insert_header((LOCATION, "/docs/")).finish()
}

/// Sends a file of the viewer; without a name its page.
///
/// # Errors
/// [`ProblemCode::NotFound`].
pub async fn show_viewer(file: web::Path<String>) -> Result<HttpResponse, Problem> {
    static CONFIG: LazyLock<Arc<Config<'static>>> =
        LazyLock::new(|| Arc::new(Config::from("/openapi.json").validator_url("none")));
    let found = utoipa_swagger_ui::serve(&file, Arc::clone(&CONFIG))
        .map_err(|error| Problem::new(ProblemCode::Internal, error.to_string()))?;
    let Some(found) = found else {
        let detail = format!("the viewer has no file {:?}", file.as_str());
        return Err(Problem::new(ProblemCode::NotFound, detail));
    };
    let mut response = HttpResponse::Ok();
    if found.gzpipped {
        response.insert_header(ContentEncoding::Gzip);
    }
    Ok(response.content_type(found.content_type).body(found.bytes.into_owned()))
}
