//! The figures for a program, signed as Standard Webhooks has it: HMAC-SHA256 of `{id}.{timestamp}.{body}`.

use crate::dashboard::weekly::{WeeklyFigures, WeeklyReport};
use crate::timestamp::Timestamp;
use crate::weekly::WebhookOptions;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, Mac};
use serde::Serialize;
use sha2::Sha256;
use std::fs;
use std::path::Path;
use std::time::Duration;

/// What every webhook of this kind carries.
#[derive(Serialize)]
struct Event<'a> {
    r#type: &'static str,
    timestamp: Timestamp,
    data: &'a WeeklyFigures,
}

/// Sends the figures. `id`: the same for every attempt.
pub(super) async fn send(
    options: &WebhookOptions,
    report: &WeeklyReport,
    id: &str,
    timeout: Duration,
    now: Timestamp,
) -> Result<(), String> {
    let figures = &report.figures;
    let event = Event { r#type: "report.weekly", timestamp: figures.made_at, data: figures };
    let body = serde_json::to_vec(&event).map_err(|error| error.to_string())?;
    let (options, id) = (options.clone(), format!("msg_{id}"));
    let sent = tokio::task::spawn_blocking(move || {
        let seconds = now.millis().div_euclid(1000).to_string();
        let signature = signature(&options.secret_file, &id, &seconds, &body)?;
        post(&options.url, [&id, &seconds, &signature], &body, timeout)
    });
    sent.await.map_err(|error| error.to_string())?
}

fn post(
    url: &str,
    [id, seconds, signature]: [&str; 3],
    body: &[u8],
    timeout: Duration,
) -> Result<(), String> {
    // No redirects: what is signed is for this address only. No proxy from the environment.
    let agent = ureq::Agent::config_builder()
        .http_status_as_error(false)
        .max_redirects(0)
        .max_redirects_will_error(false)
        .proxy(None)
        .timeout_global(Some(timeout))
        .user_agent(concat!("recontact/", env!("CARGO_PKG_VERSION")))
        .build()
        .new_agent();
    let answer = agent
        .post(url)
        .header("Content-Type", "application/json")
        .header("webhook-id", id)
        .header("webhook-timestamp", seconds)
        .header("webhook-signature", signature)
        .send(body)
        .map_err(|error| error.to_string())?;
    let status = answer.status();
    if status.is_success() {
        Ok(())
    } else {
        Err(format!("the webhook answered {}", status.as_u16()))
    }
}

/// One signature for each secret in the file.
fn signature(file: &Path, id: &str, seconds: &str, body: &[u8]) -> Result<String, String> {
    let text = fs::read_to_string(file).map_err(|error| format!("{}: {error}", file.display()))?;
    let lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
    let signatures: Vec<String> = lines
        .map(|secret| signed(secret, id, seconds, body))
        .collect::<Result<_, _>>()
        .map_err(|reason| format!("{}: {reason}", file.display()))?;
    if signatures.is_empty() {
        return Err(format!("{}: no secret in it", file.display()));
    }
    Ok(signatures.join(" "))
}

fn signed(secret: &str, id: &str, seconds: &str, body: &[u8]) -> Result<String, String> {
    let key = STANDARD.decode(secret.strip_prefix("whsec_").unwrap_or(secret));
    let key = key.ok().filter(|key| (24..=64).contains(&key.len()));
    let key = key.ok_or("expected whsec_ and 24 to 64 bytes in base64")?;
    let mut mac = Hmac::<Sha256>::new_from_slice(&key).map_err(|error| error.to_string())?;
    mac.update(format!("{id}.{seconds}.").as_bytes());
    mac.update(body);
    Ok(format!("v1,{}", STANDARD.encode(mac.finalize().into_bytes())))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn signatures_are_those_of_the_specification() {
        // The example of the specification's libraries.
        let secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
        let (id, seconds) = ("msg_p5jXN8AQM9LWM0D4loKWxJek", "1614265330");
        let signed = signed(secret, id, seconds, br#"{"test": 2432232314}"#).unwrap();
        assert_eq!(signed, "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
    }

    #[test]
    fn short_secrets_are_refused() {
        for secret in ["", "whsec_", "whsec_AAAA", "secret!"] {
            assert!(signed(secret, "a", "1", b"").is_err(), "{secret}");
        }
    }
}
