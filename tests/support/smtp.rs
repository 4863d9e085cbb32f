//! A real SMTP server for tests: aiosmtpd in a process of its own, on a free port of this machine.
//!
//! Where it is not installed, tests are skipped with a printed line, or fail when `RECONTACT_REQUIRE_SMTP=1` is set.

use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use tempfile::TempDir;

const REQUIRE: &str = "RECONTACT_REQUIRE_SMTP";

/// Its program: prints the port once it listens, and then what each mail was, as its file, its envelope and how it came.
const PROGRAM: &str = r#"
import asyncio, json, ssl, sys
from aiosmtpd.smtp import SMTP, AuthResult, LoginPassword
settings = json.loads(sys.argv[1])
class Handler:
    async def handle_RCPT(self, server, session, envelope, address, options):
        if address.startswith("refused"):
            return "550 no such mailbox"
        envelope.rcpt_tos.append(address)
        return "250 OK"
    async def handle_DATA(self, server, session, envelope):
        name = settings["folder"] + "/%d.eml" % len(seen)
        seen.append(name)
        with open(name, "wb") as file:
            file.write(envelope.content)
        told = {"file": name, "from": envelope.mail_from, "to": envelope.rcpt_tos,
                "tls": session.ssl is not None or settings["mode"] == "tls", "user": session.auth_data and session.auth_data.login.decode()}
        print(json.dumps(told), flush=True)
        return "250 OK"
def check(server, session, envelope, mechanism, data):
    good = isinstance(data, LoginPassword) and (data.login, data.password) == (b"recontact", b"pass word")
    return AuthResult(success=good, handled=False, auth_data=data) if good else AuthResult(success=False, handled=False)
seen = []
context = None
if settings["mode"] != "none":
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(settings["folder"] + "/cert.pem", settings["folder"] + "/key.pem")
def session():
    starttls = context if settings["mode"] == "starttls" else None
    return SMTP(Handler(), tls_context=starttls, require_starttls=starttls is not None, authenticator=check,
                auth_required=settings["auth"], auth_require_tls=settings["mode"] == "starttls", hostname="localhost")
async def main():
    loop = asyncio.get_running_loop()
    server = await loop.create_server(session, "127.0.0.1", 0, ssl=context if settings["mode"] == "tls" else None)
    print(server.sockets[0].getsockname()[1], flush=True)
    # Ends with whoever has started it.
    await loop.run_in_executor(None, sys.stdin.read)
asyncio.run(main())
"#;

/// How the server takes mail.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Mode {
    None,
    Starttls,
    Tls,
}

/// A server that keeps what it gets.
pub(crate) struct SmtpServer {
    pub(crate) port: u16,
    pub(crate) folder: TempDir,
    process: Child,
    told: BufReader<std::process::ChildStdout>,
}

/// A mail that came.
#[derive(Debug)]
pub(crate) struct Came {
    pub(crate) envelope: serde_json::Value,
    pub(crate) file: PathBuf,
}

impl SmtpServer {
    /// Starts one; `None`, after a line on standard error, where there is none. With TLS its certificate is `cert.pem` in its folder.
    ///
    /// # Panics
    /// When there is none, but `RECONTACT_REQUIRE_SMTP=1`.
    pub(crate) fn start_or_skip(mode: Mode, needs_auth: bool) -> Option<Self> {
        let Some(python) = python() else {
            let line = "SKIPPED mail: no Python with aiosmtpd; install the Debian package python3-aiosmtpd";
            assert!(std::env::var(REQUIRE).as_deref() != Ok("1"), "{REQUIRE}=1, but {line}");
            let _ = writeln!(std::io::stderr(), "{line}");
            return None;
        };
        let folder = tempfile::tempdir().unwrap();
        if mode != Mode::None {
            make_certificate(folder.path());
        }
        let mode = match mode {
            Mode::None => "none",
            Mode::Starttls => "starttls",
            Mode::Tls => "tls",
        };
        let settings =
            serde_json::json!({"folder": folder.path(), "mode": mode, "auth": needs_auth});
        let mut process = Command::new(python)
            .args(["-W", "ignore", "-c", PROGRAM, &settings.to_string()])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            // It tells of every connection that ends badly, as tests want some to.
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut told = BufReader::new(process.stdout.take().unwrap());
        let mut port = String::new();
        told.read_line(&mut port).unwrap();
        let port = port.trim().parse().unwrap();
        Some(Self { port, folder, process, told })
    }

    /// The next mail that came.
    pub(crate) fn next(&mut self) -> Came {
        let mut line = String::new();
        self.told.read_line(&mut line).unwrap();
        let envelope: serde_json::Value = serde_json::from_str(&line).unwrap();
        let file = PathBuf::from(envelope["file"].as_str().unwrap());
        Came { envelope, file }
    }

    /// How many mails have come.
    pub(crate) fn count(&self) -> usize {
        let entries = std::fs::read_dir(self.folder.path()).unwrap();
        entries
            .filter(|entry| {
                entry.as_ref().unwrap().path().extension().is_some_and(|end| end == "eml")
            })
            .count()
    }
}

impl Drop for SmtpServer {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// A mail as Python's own parser reads it: its headers, and each part's type, file name and content.
pub(crate) fn parsed(mail: &Path) -> serde_json::Value {
    const READ: &str = r#"
import base64, email, email.policy, json, sys
with open(sys.argv[1], "rb") as file:
    mail = email.message_from_binary_file(file, policy=email.policy.default)
parts = [{"type": part.get_content_type(), "name": part.get_filename(), "content": base64.b64encode(part.get_payload(decode=True)).decode()}
         for part in mail.walk() if not part.is_multipart()]
print(json.dumps({"headers": {name.lower(): str(value) for name, value in mail.items()}, "parts": parts, "type": mail.get_content_type(),
                  "defects": [str(one) for part in mail.walk() for one in part.defects]}))
"#;
    let output = Command::new(python().unwrap()).args(["-c", READ]).arg(mail).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).unwrap()
}

/// The first Python that has aiosmtpd. Debian's package is for Debian's Python.
fn python() -> Option<&'static str> {
    ["python3", "/usr/bin/python3"].into_iter().find(|python| {
        let tried =
            Command::new(python).args(["-c", "import aiosmtpd"]).stderr(Stdio::null()).status();
        tried.is_ok_and(|status| status.success())
    })
}

/// A certificate for `localhost` that nobody else has signed, for a day.
fn make_certificate(folder: &Path) {
    let output = Command::new("openssl")
        .args([
            "req",
            "-x509",
            "-newkey",
            "rsa:2048",
            "-nodes",
            "-days",
            "1",
            "-subj",
            "/CN=localhost",
        ])
        .args([
            "-addext",
            "subjectAltName=DNS:localhost",
            "-addext",
            "basicConstraints=critical,CA:FALSE",
        ])
        .arg("-keyout")
        .arg(folder.join("key.pem"))
        .arg("-out")
        .arg(folder.join("cert.pem"))
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}
