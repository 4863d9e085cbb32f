//! A small OpenID Connect provider of the tests' own: it does what it is told, wrong things included.
//!
//! Tokens are put together by hand and signed with Ed25519, so that what is checked is not made by what checks it.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use openidconnect::PrivateSigningKey as _;
use openidconnect::core::{CoreEdDsaPrivateSigningKey, CoreJwsSigningAlgorithm};
use recontact::timestamp::Timestamp;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;

pub(crate) const CLIENT: &str = "recontact";
pub(crate) const SECRET: &str = "s3cret+/ of the client";

/// A provider that runs until it is dropped.
pub(crate) struct Provider {
    pub(crate) issuer: String,
    state: Arc<State>,
    thread: Option<JoinHandle<()>>,
    address: SocketAddr,
}

#[derive(Default)]
struct State {
    issuer: String,
    behaviour: Mutex<Behaviour>,
    codes: Mutex<BTreeMap<String, Grant>>,
    requests: Mutex<Vec<String>>,
    is_over: AtomicBool,
}

/// How the provider is.
#[derive(Clone)]
pub(crate) struct Behaviour {
    /// Which key signs.
    pub(crate) key: u8,
    /// What differs in the claims; null: left out.
    pub(crate) claims: Value,
    /// What the UserInfo address says; null: there is none.
    pub(crate) user_info: Value,
    /// What the token's header says of its signature.
    pub(crate) algorithm: &'static str,
    /// Nothing is answered.
    pub(crate) is_silent: bool,
    /// There is an address for signing out.
    pub(crate) signs_out: bool,
    /// The client has no secret.
    pub(crate) is_public: bool,
}

impl Default for Behaviour {
    fn default() -> Self {
        Self {
            key: 1,
            claims: json!({}),
            user_info: Value::Null,
            algorithm: "EdDSA",
            is_silent: false,
            signs_out: true,
            is_public: false,
        }
    }
}

/// What a browser was sent with.
struct Grant {
    nonce: String,
    challenge: String,
    redirect: String,
}

impl Provider {
    pub(crate) fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let issuer = format!("http://{address}/realms/desk");
        let state = Arc::new(State { issuer: issuer.clone(), ..State::default() });
        let shared = Arc::clone(&state);
        let thread = std::thread::spawn(move || {
            for stream in listener.incoming() {
                if shared.is_over.load(Ordering::SeqCst) {
                    break;
                }
                let (stream, shared) = (stream.unwrap(), Arc::clone(&shared));
                std::thread::spawn(move || shared.answer(&stream));
            }
        });
        Self { issuer, state, thread: Some(thread), address }
    }

    pub(crate) fn behave(&self, change: impl FnOnce(&mut Behaviour)) {
        change(&mut self.state.behaviour.lock().unwrap());
    }

    /// The paths that were asked for so far.
    pub(crate) fn requests(&self) -> Vec<String> {
        self.state.requests.lock().unwrap().clone()
    }

    /// What a browser that was sent to this address comes back with, when somebody has signed in: path and query.
    pub(crate) fn sign_in(&self, address: &str) -> String {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let (path, query) = address.split_once('?').unwrap();
        assert_eq!(path, format!("{}/authorize", self.issuer));
        let query = fields(query);
        assert_eq!(
            (query["response_type"].as_str(), query["client_id"].as_str()),
            ("code", CLIENT)
        );
        assert_eq!(query["code_challenge_method"], "S256");
        let code = format!("code-{}", NUMBER.fetch_add(1, Ordering::SeqCst));
        let grant = Grant {
            nonce: query["nonce"].clone(),
            challenge: query["code_challenge"].clone(),
            redirect: query["redirect_uri"].clone(),
        };
        let (_, path) = grant.redirect.split_once("//").unwrap();
        let path = &path[path.find('/').unwrap()..];
        let back = format!("{path}?code={code}&state={}", query["state"]);
        self.state.codes.lock().unwrap().insert(code, grant);
        back
    }
}

impl Drop for Provider {
    fn drop(&mut self) {
        self.state.is_over.store(true, Ordering::SeqCst);
        let _ = TcpStream::connect(self.address);
        let _ = self.thread.take().map(JoinHandle::join);
    }
}

impl State {
    fn answer(&self, mut stream: &TcpStream) {
        let mut reader = BufReader::new(stream);
        let mut head = String::new();
        while !head.ends_with("\r\n\r\n") {
            if reader.read_line(&mut head).unwrap_or(0) == 0 {
                return;
            }
        }
        let header = |name: &str| {
            let lines = head.lines().filter_map(|line| line.split_once(": "));
            let mut found = lines.filter(|(key, _)| key.eq_ignore_ascii_case(name));
            found.next().map(|(_, value)| value.to_owned())
        };
        let length = header("content-length").map_or(0, |value| value.parse().unwrap());
        let mut body = vec![0; length];
        reader.read_exact(&mut body).unwrap();
        let path = head.split(' ').nth(1).unwrap().to_owned();
        self.requests.lock().unwrap().push(path.clone());
        let behaviour = self.behaviour.lock().unwrap().clone();
        if behaviour.is_silent {
            // Until whoever asks has no more patience.
            let _ = stream.read(&mut [0]);
            return;
        }
        let body = String::from_utf8(body).unwrap();
        let answer = match path.strip_prefix("/realms/desk").unwrap_or_default() {
            "/.well-known/openid-configuration" => Some(self.description(&behaviour)),
            "/keys" => Some(json!({"keys": [public_key(behaviour.key)]})),
            "/token" => self.tokens(&behaviour, header("authorization"), &fields(&body)),
            "/user-info" => Some(behaviour.user_info.clone()),
            _ => None,
        };
        let (status, answer) = match answer {
            Some(answer) => ("200 OK", answer),
            None => ("400 Bad Request", json!({"error": "invalid_grant"})),
        };
        let answer = answer.to_string();
        let _ = write!(
            stream,
            "HTTP/1.1 {status}\r\nContent-Type: application/json\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{answer}",
            answer.len()
        );
    }

    fn description(&self, behaviour: &Behaviour) -> Value {
        let at = |path: &str| format!("{}/{path}", self.issuer);
        let mut description = json!({
            "issuer": self.issuer,
            "authorization_endpoint": at("authorize"),
            "token_endpoint": at("token"),
            "jwks_uri": at("keys"),
            "response_types_supported": ["code"],
            "subject_types_supported": ["public"],
            "id_token_signing_alg_values_supported": ["EdDSA", "none", "HS256"],
        });
        if behaviour.signs_out {
            description["end_session_endpoint"] = json!(at("logout"));
        }
        if !behaviour.user_info.is_null() {
            description["userinfo_endpoint"] = json!(at("user-info"));
        }
        description
    }

    /// Tokens for a code, once, and only for whoever has the secret and the verifier.
    fn tokens(
        &self,
        behaviour: &Behaviour,
        authorization: Option<String>,
        fields: &BTreeMap<String, String>,
    ) -> Option<Value> {
        let grant = self.codes.lock().unwrap().remove(fields.get("code")?)?;
        if behaviour.is_public {
            assert_eq!((fields["client_id"].as_str(), authorization), (CLIENT, None));
        } else {
            let told = STANDARD.decode(authorization?.strip_prefix("Basic ")?).unwrap();
            let told = String::from_utf8(told).unwrap();
            let (client, secret) = told.split_once(':')?;
            assert_eq!((decoded(client).as_str(), decoded(secret).as_str()), (CLIENT, SECRET));
        }
        let challenge = URL_SAFE_NO_PAD.encode(Sha256::digest(fields.get("code_verifier")?));
        assert_eq!((challenge, &fields["redirect_uri"]), (grant.challenge, &grant.redirect));
        let id_token = self.id_token(behaviour, &grant.nonce);
        Some(json!({"access_token": "access", "token_type": "Bearer", "id_token": id_token}))
    }

    fn id_token(&self, behaviour: &Behaviour, nonce: &str) -> String {
        let now = Timestamp::now().millis() / 1000;
        let mut claims = json!({
            "iss": self.issuer, "sub": "subject-1", "aud": CLIENT, "exp": now + 300, "iat": now, "nonce": nonce,
            "preferred_username": "zoe", "name": "Zoe <b>", "groups": ["desk", "desk-cards"],
        });
        for (name, value) in behaviour.claims.as_object().unwrap() {
            match value {
                Value::Null => drop(claims.as_object_mut().unwrap().remove(name)),
                value => claims[name] = value.clone(),
            }
        }
        let header = json!({"alg": behaviour.algorithm, "kid": format!("key-{}", behaviour.key)});
        let signed = format!(
            "{}.{}",
            URL_SAFE_NO_PAD.encode(header.to_string()),
            URL_SAFE_NO_PAD.encode(claims.to_string())
        );
        let signature = match behaviour.algorithm {
            "none" => Vec::new(),
            "HS256" => {
                use hmac::Mac as _;
                let mac = hmac::Hmac::<Sha256>::new_from_slice(SECRET.as_bytes()).unwrap();
                mac.chain_update(&signed).finalize().into_bytes().to_vec()
            }
            _ => {
                key(behaviour.key).sign(&CoreJwsSigningAlgorithm::EdDsa, signed.as_bytes()).unwrap()
            }
        };
        format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature))
    }
}

/// The key of a number: an Ed25519 key whose seed is that number 32 times (RFC 8410).
fn key(number: u8) -> CoreEdDsaPrivateSigningKey {
    let mut der = vec![0x30, 0x2e, 2, 1, 0, 0x30, 5, 6, 3, 0x2b, 0x65, 0x70, 4, 0x22, 4, 0x20];
    der.extend([number; 32]);
    let kind = "PRIVATE KEY";
    let pem = format!("-----BEGIN {kind}-----\n{}\n-----END {kind}-----\n", STANDARD.encode(der));
    let kid = openidconnect::JsonWebKeyId::new(format!("key-{number}"));
    CoreEdDsaPrivateSigningKey::from_ed25519_pem(&pem, Some(kid)).unwrap()
}

fn public_key(number: u8) -> Value {
    serde_json::to_value(key(number).as_verification_key()).unwrap()
}

/// The fields of a query or a form.
pub(crate) fn fields(text: &str) -> BTreeMap<String, String> {
    let pairs = text.split('&').filter_map(|pair| pair.split_once('='));
    pairs.map(|(name, value)| (decoded(name), decoded(value))).collect()
}

fn decoded(text: &str) -> String {
    let mut bytes = Vec::new();
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        match byte {
            b'+' => bytes.push(b' '),
            b'%' => {
                let digits = [rest.next().unwrap(), rest.next().unwrap()];
                let digits = std::str::from_utf8(&digits).unwrap();
                bytes.push(u8::from_str_radix(digits, 16).unwrap());
            }
            byte => bytes.push(byte),
        }
    }
    String::from_utf8(bytes).unwrap()
}
