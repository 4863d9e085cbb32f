//! [`SignInKeys`]: what ties a browser, a sign-in and the provider's answer together.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::{Hmac, Mac};
use sha2::Sha256;
use std::fmt;

/// The random texts of one sign-in: `state` goes by the browser and comes back, the nonce comes back in the ID token, and the verifier
/// (PKCE) goes to the provider alone. The last two are made of the browser's own secret, so that nothing that could be stolen is
/// stored: whoever has not the browser's cookie cannot make them.
#[derive(Clone, PartialEq, Eq)]
pub struct SignInKeys {
    state: String,
    nonce: String,
    verifier: String,
}

impl SignInKeys {
    /// Those of a browser, by the secret in its cookie, and of a state.
    #[must_use]
    pub fn new(browser: &str, state: &str) -> Self {
        let derive = |purpose: &str| {
            // A key of any length is taken.
            let mut mac = Hmac::<Sha256>::new_from_slice(browser.as_bytes()).ok()?;
            mac.update(purpose.as_bytes());
            mac.update(state.as_bytes());
            Some(URL_SAFE_NO_PAD.encode(mac.finalize().into_bytes()))
        };
        Self {
            state: state.to_owned(),
            nonce: derive("nonce ").unwrap_or_default(),
            verifier: derive("verifier ").unwrap_or_default(),
        }
    }

    pub(super) fn state(&self) -> &str {
        &self.state
    }

    pub(super) fn nonce(&self) -> &str {
        &self.nonce
    }

    pub(super) fn verifier(&self) -> &str {
        &self.verifier
    }
}

impl fmt::Debug for SignInKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SignInKeys(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_of_one_browser_and_one_sign_in_and_are_not_shown() {
        let keys = SignInKeys::new("b-1", "s-1");
        assert_eq!(keys, SignInKeys::new("b-1", "s-1"));
        let all = [&keys, &SignInKeys::new("b-2", "s-1"), &SignInKeys::new("b-1", "s-2")];
        let mut texts: Vec<_> =
            all.iter().flat_map(|keys| [keys.nonce(), keys.verifier()]).collect();
        texts.sort_unstable();
        texts.dedup();
        assert_eq!(texts.len(), 6);
        // RFC 7636, 4.1: 43 to 128 characters.
        assert!(texts.iter().all(|text| text.len() == 43));
        assert_eq!(format!("{keys:?}"), "SignInKeys(…)");
    }
}
