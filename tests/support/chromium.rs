//! A real Chromium without a window, driven over its own protocol (`--remote-debugging-pipe`): JSON, ended by a zero byte.
//!
//! Where it is not installed, tests are skipped with a printed line, or fail when `RECONTACT_REQUIRE_BROWSER=1` is set.

use serde_json::{Value, json};
use std::io::{BufRead, BufReader, Write};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;
use tempfile::TempDir;

const REQUIRE: &str = "RECONTACT_REQUIRE_BROWSER";
/// How long an answer may take.
const PATIENCE: Duration = Duration::from_secs(60);

/// One browser with one tab.
pub(crate) struct Chromium {
    process: Child,
    to: ChildStdin,
    from: Receiver<Value>,
    tab: String,
    calls: u64,
    /// What the tab has told since it was last asked.
    events: Vec<Value>,
    profile: TempDir,
}

impl Chromium {
    /// Starts one; `None`, after a line on standard error, where there is none.
    ///
    /// # Panics
    /// When there is one but it does not start, and when there is none but `RECONTACT_REQUIRE_BROWSER=1`.
    pub(crate) fn start_or_skip() -> Option<Self> {
        let Some(program) = program() else {
            let line = "SKIPPED pages in a browser: no chromium on PATH; install the Debian package chromium";
            assert!(std::env::var(REQUIRE).as_deref() != Ok("1"), "{REQUIRE}=1, but {line}");
            let _ = writeln!(std::io::stderr(), "{line}");
            return None;
        };
        let profile = tempfile::tempdir().unwrap();
        // The protocol is spoken over the file descriptors 3 and 4.
        let mut process = Command::new("sh")
            .args(["-c", "exec \"$@\" 3<&0 4>&1 </dev/null >/dev/null 2>&1", "sh", &program])
            .args(["--headless=new", "--remote-debugging-pipe", "--no-first-run", "--disable-gpu"])
            .args(["--no-sandbox", "--disable-dev-shm-usage", "--hide-scrollbars"])
            .args(["--disable-background-networking", "--disable-component-update", "--lang=en"])
            // Going back opens the page anew, with its events.
            .arg("--disable-features=BackForwardCache")
            .arg(format!("--user-data-dir={}", profile.path().display()))
            .arg("about:blank")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let to = process.stdin.take().unwrap();
        let from = read_in_background(process.stdout.take().unwrap());
        let (tab, calls, events) = (String::new(), 0, Vec::new());
        let mut browser = Self { process, to, from, tab, calls, events, profile };
        let target = browser.call("Target.createTarget", &json!({"url": "about:blank"}));
        let attach = json!({"targetId": target["targetId"], "flatten": true});
        let session = browser.call("Target.attachToTarget", &attach);
        browser.tab = session["sessionId"].as_str().unwrap().to_owned();
        for domain in ["Page", "Runtime", "Network", "Log"] {
            browser.call(&format!("{domain}.enable"), &json!({}));
        }
        Some(browser)
    }

    /// Calls a method of the tab and answers its result.
    ///
    /// # Panics
    /// When it fails or takes too long.
    pub(crate) fn call(&mut self, method: &str, params: &Value) -> Value {
        self.calls += 1;
        let mut call = json!({"id": self.calls, "method": method, "params": params});
        if !self.tab.is_empty() {
            call["sessionId"] = json!(self.tab);
        }
        write!(self.to, "{call}\0").unwrap();
        self.to.flush().unwrap();
        let id = json!(self.calls);
        let answer = self.wait(|message| message["id"] == id);
        assert!(answer["error"].is_null(), "{method}: {}", answer["error"]);
        answer["result"].clone()
    }

    /// Opens an address and waits until the page is loaded.
    pub(crate) fn open(&mut self, url: &str) {
        self.events.clear();
        let opened = self.call("Page.navigate", &json!({ "url": url }));
        assert!(opened["errorText"].is_null(), "{url}: {}", opened["errorText"]);
        self.wait_for("Page.loadEventFired");
    }

    /// Does what opens another page, and waits until that is loaded.
    pub(crate) fn open_by(&mut self, act: impl FnOnce(&mut Self)) {
        self.events.clear();
        act(self);
        self.wait_for("Page.loadEventFired");
    }

    /// Does what opens another page, by way of others, and waits until one whose address begins like this is loaded.
    pub(crate) fn open_up_to(&mut self, address: &str, act: impl FnOnce(&mut Self)) {
        self.events.clear();
        act(self);
        let is_there = |event: &Value| {
            let url = event["params"]["frame"]["url"].as_str();
            event["method"] == "Page.frameNavigated"
                && url.is_some_and(|url| url.starts_with(address))
        };
        let is_loaded = |events: &[Value]| {
            let at = events.iter().position(is_there);
            at.is_some_and(|at| {
                events[at..].iter().any(|event| event["method"] == "Page.loadEventFired")
            })
        };
        while !is_loaded(&self.events) {
            self.wait(|message| message["id"].is_null());
        }
    }

    fn wait_for(&mut self, event: &str) {
        if !self.events.iter().any(|told| told["method"] == event) {
            self.wait(|message| message["method"] == event);
        }
    }

    /// The value of an expression in the page; of a promise, what becomes of it.
    pub(crate) fn evaluate(&mut self, expression: &str) -> Value {
        let params = json!({"expression": expression, "awaitPromise": true, "returnByValue": true});
        let answer = self.call("Runtime.evaluate", &params);
        assert!(answer["exceptionDetails"].is_null(), "{}", answer["exceptionDetails"]);
        answer["result"]["value"].clone()
    }

    /// What went wrong in the page, and the addresses it asked for, since it was opened.
    pub(crate) fn told(&self) -> (Vec<String>, Vec<String>) {
        let (mut errors, mut addresses) = (Vec::new(), Vec::new());
        for event in &self.events {
            let params = &event["params"];
            match event["method"].as_str().unwrap_or_default() {
                "Runtime.exceptionThrown" => errors.push(params["exceptionDetails"].to_string()),
                "Runtime.consoleAPICalled" => errors.push(params["args"].to_string()),
                "Log.entryAdded" => errors.push(params["entry"]["text"].to_string()),
                "Network.requestWillBeSent" => {
                    addresses.push(params["request"]["url"].as_str().unwrap().to_owned());
                }
                _ => {}
            }
        }
        (errors, addresses)
    }

    /// A picture of the whole page, as PNG.
    pub(crate) fn picture(&mut self) -> Vec<u8> {
        use base64::Engine as _;
        let params = json!({"format": "png", "captureBeyondViewport": true});
        let answer = self.call("Page.captureScreenshot", &params);
        let text = answer["data"].as_str().unwrap();
        base64::engine::general_purpose::STANDARD.decode(text).unwrap()
    }

    /// Presses and releases a key, such as `Tab` or `Enter`.
    pub(crate) fn press(&mut self, key: &str) {
        let (name, code, text) = match key {
            "Tab" => (key, 9, ""),
            "Enter" => (key, 13, "\r"),
            "Space" => (" ", 32, " "),
            "Escape" => (key, 27, ""),
            "ArrowDown" => (key, 40, ""),
            other => panic!("no code for {other}"),
        };
        for kind in ["keyDown", "keyUp"] {
            let mut params =
                json!({"type": kind, "key": name, "code": key, "windowsVirtualKeyCode": code});
            if kind == "keyDown" {
                params["text"] = json!(text);
            }
            self.call("Input.dispatchKeyEvent", &params);
        }
    }

    /// Goes on with the tabulator until an element that a selector finds has the focus.
    pub(crate) fn tab_to(&mut self, selector: &str) {
        let is_there = format!("document.activeElement.matches({})", json!(selector));
        for _ in 0..300 {
            if self.evaluate(&is_there) == true {
                return;
            }
            self.press("Tab");
        }
        panic!(
            "the keyboard does not reach {selector}: {}",
            self.evaluate("document.body.innerText")
        );
    }

    /// Does what loads a file down, and answers the file's bytes.
    pub(crate) fn download(&mut self, act: impl FnOnce(&mut Self)) -> Vec<u8> {
        let folder = self.profile.path().join("downloads");
        let params =
            json!({"behavior": "allowAndName", "downloadPath": folder, "eventsEnabled": true});
        let tab = std::mem::take(&mut self.tab);
        self.call("Browser.setDownloadBehavior", &params);
        self.tab = tab;
        self.events.clear();
        act(self);
        let done = self.wait(|message| {
            message["method"] == "Browser.downloadProgress"
                && message["params"]["state"] != "inProgress"
        });
        assert_eq!(done["params"]["state"], "completed", "{done}");
        std::fs::read(folder.join(done["params"]["guid"].as_str().unwrap())).unwrap()
    }

    /// Types a text where the focus is.
    pub(crate) fn type_in(&mut self, text: &str) {
        self.call("Input.insertText", &json!({ "text": text }));
    }

    /// The next message for which this holds; the events before it are kept.
    fn wait(&mut self, is_wanted: impl Fn(&Value) -> bool) -> Value {
        loop {
            let message = self.from.recv_timeout(PATIENCE).expect("the browser does not answer");
            if message["id"].is_null() {
                self.events.push(message.clone());
            }
            if is_wanted(&message) {
                return message;
            }
        }
    }
}

impl Drop for Chromium {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

fn program() -> Option<String> {
    let path = std::env::var_os("PATH")?;
    let names = ["chromium", "chromium-browser", "google-chrome", "chrome"];
    let mut files =
        std::env::split_paths(&path).flat_map(|folder| names.map(|name| folder.join(name)));
    files.find(|file| file.is_file()).map(|file| file.display().to_string())
}

fn read_in_background(from: impl std::io::Read + Send + 'static) -> Receiver<Value> {
    let (sender, receiver) = channel();
    std::thread::spawn(move || {
        let mut from = BufReader::new(from);
        let mut message = Vec::new();
        while from.read_until(0, &mut message).is_ok_and(|read| read > 0) {
            let text = message.strip_suffix(&[0]).unwrap_or(&message);
            if sender.send(serde_json::from_slice(text).unwrap_or_default()).is_err() {
                break;
            }
            message.clear();
        }
    });
    receiver
}
