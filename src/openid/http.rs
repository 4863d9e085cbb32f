//! [`ProviderHttp`]: how the provider is asked. Short answers, no redirects, and one time limit for all calls of a sign-in.

use crate::user::OpenIdOptions;
use openidconnect::{HttpRequest, HttpResponse};
use std::path::Path;
use std::time::{Duration, Instant};
use ureq::Agent;
use ureq::tls::{Certificate, PemItem, RootCerts, TlsConfig, parse_pem};

/// Most bytes of an answer.
const ANSWER_BYTES: u64 = 1_048_576;

/// Why an answer did not come. Says nothing of what was sent.
#[derive(Debug, thiserror::Error)]
pub(super) enum CallError {
    /// All calls together took too long.
    #[error("it takes too long")]
    TooLong,
    /// The answer did not come or cannot be read.
    #[error("{0}")]
    Failed(#[from] Box<ureq::Error>),
}

/// The way to the provider.
#[derive(Debug)]
pub(super) struct ProviderHttp {
    agent: Agent,
    timeout: Duration,
}

/// The calls of one sign-in.
pub(super) struct Calls<'a> {
    http: &'a ProviderHttp,
    until: Instant,
}

impl ProviderHttp {
    pub(super) fn new(options: &OpenIdOptions) -> Result<Self, String> {
        let roots = match &options.ca_file {
            Some(file) => RootCerts::from(read_certificates(file)?),
            None => RootCerts::WebPki,
        };
        let agent = Agent::config_builder()
            .http_status_as_error(false)
            // What the provider's description names is asked, and nothing that an answer leads to.
            .max_redirects(0)
            .max_redirects_will_error(false)
            .https_only(options.issuer.starts_with("https://"))
            .tls_config(TlsConfig::builder().root_certs(roots).build())
            .build()
            .new_agent();
        Ok(Self { agent, timeout: Duration::from_secs(u64::from(options.timeout_s)) })
    }

    /// The clock of a sign-in begins to run.
    pub(super) fn begin(&self) -> Calls<'_> {
        Calls { http: self, until: Instant::now() + self.timeout }
    }
}

impl Calls<'_> {
    pub(super) fn send(&self, request: HttpRequest) -> Result<HttpResponse, CallError> {
        let left = self.until.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return Err(CallError::TooLong);
        }
        let agent = &self.http.agent;
        let request = agent.configure_request(request).timeout_global(Some(left)).build();
        let response = agent.run(request).map_err(Box::new)?;
        let (parts, mut body) = response.into_parts();
        let body = body.with_config().limit(ANSWER_BYTES).read_to_vec().map_err(Box::new)?;
        Ok(HttpResponse::from_parts(parts, body))
    }
}

/// The certificates of a PEM file, beside which no others are believed.
fn read_certificates(file: &Path) -> Result<Vec<Certificate<'static>>, String> {
    let named = |reason: &dyn std::fmt::Display| format!("ca_file {}: {reason}", file.display());
    let text = std::fs::read(file).map_err(|error| named(&error))?;
    let mut certificates = Vec::new();
    for item in parse_pem(&text) {
        if let PemItem::Certificate(certificate) = item.map_err(|error| named(&error))? {
            certificates.push(certificate);
        }
    }
    if certificates.is_empty() {
        return Err(named(&"there is no certificate in it"));
    }
    Ok(certificates)
}
