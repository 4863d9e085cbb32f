//! Style sheet, script and icon: compiled in, and under names that change with their content, so that browsers may keep them.

use super::PageError;
use actix_web::http::header;
use actix_web::{HttpResponse, web};
use sha2::{Digest, Sha256};
use std::sync::LazyLock;

/// A file that pages name.
pub(super) struct StaticFile {
    /// Its address, with the first digits of its SHA-256.
    pub(super) path: String,
    content_type: &'static str,
    content: &'static [u8],
}

pub(super) static STYLE: LazyLock<StaticFile> = LazyLock::new(|| {
    StaticFile::new("app", "css", "text/css; charset=utf-8", include_bytes!("static/app.css"))
});
pub(super) static SCRIPT: LazyLock<StaticFile> = LazyLock::new(|| {
    StaticFile::new("app", "js", "text/javascript; charset=utf-8", include_bytes!("static/app.js"))
});
pub(super) static ICON: LazyLock<StaticFile> = LazyLock::new(|| {
    StaticFile::new("icon", "svg", "image/svg+xml", include_bytes!("static/icon.svg"))
});

impl StaticFile {
    fn new(name: &str, ending: &str, content_type: &'static str, content: &'static [u8]) -> Self {
        let digest = Sha256::digest(content);
        let digits: String = digest.iter().take(6).map(|byte| format!("{byte:02x}")).collect();
        Self { path: format!("/static/{name}.{digits}.{ending}"), content_type, content }
    }
}

/// Sends a file by its present name.
///
/// # Errors
/// [`PageError::NotFound`].
pub(super) async fn show_file(file: web::Path<String>) -> Result<HttpResponse, PageError> {
    let path = format!("/static/{file}");
    let files = [&STYLE, &SCRIPT, &ICON];
    let found = files.into_iter().find(|file| file.path == path).ok_or(PageError::NotFound)?;
    Ok(HttpResponse::Ok()
        .insert_header((header::CONTENT_TYPE, found.content_type))
        .insert_header((header::CACHE_CONTROL, "public, max-age=31536000, immutable"))
        .body(found.content))
}
