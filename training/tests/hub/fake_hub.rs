//! A Hub on a free port that speaks as much of the HTTP interface as hf-hub uses: repository info, `resolve` with
//! ranges, a relative redirect for small files and a redirect to another store for large ones.
//!
//! Written on sockets, because it must break connections at an exact byte.

use sha2::{Digest, Sha256};
use std::collections::{BTreeMap, HashMap};
use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};

pub(crate) const REPOSITORY: &str = "acme/tiny";
pub(crate) const COMMIT: &str = "1111111111111111111111111111111111111111";

/// One request as it arrived.
#[derive(Debug, Clone)]
pub(crate) struct Request {
    pub(crate) path: String,
    /// The `Range` header, empty if there is none.
    pub(crate) range: String,
    /// The `Authorization` header, empty if there is none.
    pub(crate) authorization: String,
}

/// What the Hub holds and how it misbehaves.
#[derive(Default)]
pub(crate) struct Content {
    pub(crate) files: BTreeMap<String, Vec<u8>>,
    /// Files kept in the other store, with their SHA-256 as etag.
    pub(crate) large: Vec<String>,
    /// Listed in the info and not found afterwards.
    pub(crate) lost: Vec<String>,
    /// Branches, tags and commits besides `main`.
    pub(crate) revisions: Vec<String>,
    /// Only this token may read.
    pub(crate) token: Option<String>,
    /// How often a download of this file breaks off in the middle of what was asked for.
    pub(crate) torn: HashMap<String, usize>,
    /// The content really sent for a file, whatever its checksum says.
    pub(crate) corrupt: HashMap<String, Vec<u8>>,
    /// Accept connections and never answer.
    pub(crate) mute: bool,
}

pub(crate) struct FakeHub {
    pub(crate) endpoint: String,
    content: Arc<Mutex<Content>>,
    requests: Arc<Mutex<Vec<Request>>>,
}

impl FakeHub {
    pub(crate) fn spawn(content: Content) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let endpoint = format!("http://{}", listener.local_addr().unwrap());
        let content = Arc::new(Mutex::new(content));
        let requests = Arc::new(Mutex::new(Vec::new()));
        let hub = Self {
            endpoint: endpoint.clone(),
            content: content.clone(),
            requests: requests.clone(),
        };
        std::thread::spawn(move || {
            let mut silent = Vec::new();
            for stream in listener.incoming().map(Result::unwrap) {
                if content.lock().unwrap().mute {
                    silent.push(stream);
                    continue;
                }
                // A client that has gone away is part of the tests.
                let _ = answer(stream, &endpoint, &content, &requests);
            }
        });
        hub
    }

    pub(crate) fn change(&self, change: impl FnOnce(&mut Content)) {
        change(&mut self.content.lock().unwrap());
    }

    /// The requests since the last call.
    pub(crate) fn take_requests(&self) -> Vec<Request> {
        std::mem::take(&mut self.requests.lock().unwrap())
    }

    /// The ranges in which a large file's content was asked for since the last call, without the probes for its size.
    pub(crate) fn take_ranges(&self, file: &str) -> Vec<String> {
        let path = format!("/store/{}", sha256(&self.content.lock().unwrap().files[file]));
        let requests = self.take_requests().into_iter();
        requests.filter(|r| r.path == path && r.range != "bytes=0-0").map(|r| r.range).collect()
    }
}

pub(crate) fn sha256(content: &[u8]) -> String {
    format!("{:x}", Sha256::digest(content))
}

fn answer(
    mut stream: TcpStream,
    endpoint: &str,
    content: &Mutex<Content>,
    requests: &Mutex<Vec<Request>>,
) -> std::io::Result<()> {
    let request = read_request(&stream)?;
    requests.lock().unwrap().push(request.clone());
    let mut content = content.lock().unwrap();
    let path = request.path.as_str();
    let allowed =
        content.token.as_ref().is_none_or(|t| request.authorization == format!("Bearer {t}"));
    if let Some(sum) = path.strip_prefix("/store/") {
        let file = content.files.iter().find(|(_, c)| sha256(c) == sum).unwrap().0.clone();
        return send_file(&mut stream, &mut content, &file, &request, "");
    }
    if !allowed {
        return send(&mut stream, "401 Unauthorized", "", b"Invalid username or password.");
    }
    if let Some(revision) = path.strip_prefix(&format!("/api/models/{REPOSITORY}/revision/")) {
        return match is_revision(&content, revision) {
            true => send(&mut stream, "200 OK", "", info(&content).as_bytes()),
            false => send(&mut stream, "404 Not Found", "", b"Invalid rev id"),
        };
    }
    // Small files are answered from a path of their own, by a redirect without a host.
    if let Some(file) = path.strip_prefix("/cached/") {
        let headers = headers(&content, file);
        return send_file(&mut stream, &mut content, file, &request, &headers);
    }
    let resolve = path.strip_prefix(&format!("/{REPOSITORY}/resolve/"));
    let Some((revision, file)) = resolve.and_then(|rest| rest.split_once('/')) else {
        return send(&mut stream, "404 Not Found", "", b"Repository not found");
    };
    let known = content.files.contains_key(file) && !content.lost.iter().any(|lost| lost == file);
    if !is_revision(&content, revision) || !known {
        return send(&mut stream, "404 Not Found", "", b"Entry not found");
    }
    let headers = headers(&content, file);
    let location = match content.large.iter().any(|large| large == file) {
        true => format!("{endpoint}/store/{}", sha256(&content.files[file])),
        false => format!("/cached/{file}"),
    };
    let headers = format!("{headers}Location: {location}\r\n");
    send(&mut stream, "307 Temporary Redirect", &headers, b"")
}

fn read_request(stream: &TcpStream) -> std::io::Result<Request> {
    let mut lines = BufReader::new(stream).lines();
    let first = lines.next().ok_or(std::io::ErrorKind::UnexpectedEof)??;
    let path = first.split(' ').nth(1).unwrap().to_owned();
    let mut request = Request { path, range: String::new(), authorization: String::new() };
    for line in lines {
        let line = line?;
        if line.is_empty() {
            break;
        }
        let (name, value) = line.split_once(": ").unwrap();
        match name.to_lowercase().as_str() {
            "range" => request.range = value.to_owned(),
            "authorization" => request.authorization = value.to_owned(),
            _ => {}
        }
    }
    Ok(request)
}

fn is_revision(content: &Content, revision: &str) -> bool {
    revision == "main" || revision == COMMIT || content.revisions.iter().any(|r| r == revision)
}

fn info(content: &Content) -> String {
    let siblings: Vec<_> =
        content.files.keys().map(|name| serde_json::json!({"rfilename": name})).collect();
    serde_json::json!({"id": REPOSITORY, "sha": COMMIT, "siblings": siblings}).to_string()
}

fn headers(content: &Content, file: &str) -> String {
    let (bytes, sum) = (content.files[file].len(), sha256(&content.files[file]));
    let etag = match content.large.iter().any(|large| large == file) {
        true => {
            format!("X-Linked-Etag: \"{sum}\"\r\nX-Linked-Size: {bytes}\r\nETag: \"{sum}\"\r\n")
        }
        // Small files have git's SHA-1; any forty digits do here.
        false => format!("ETag: \"{}\"\r\n", &sum[..40]),
    };
    format!("X-Repo-Commit: {COMMIT}\r\nAccept-Ranges: bytes\r\n{etag}")
}

fn send_file(
    stream: &mut TcpStream,
    content: &mut Content,
    file: &str,
    request: &Request,
    headers: &str,
) -> std::io::Result<()> {
    let whole = content.corrupt.get(file).unwrap_or(&content.files[file]).clone();
    let range = request.range.strip_prefix("bytes=").unwrap_or("0-");
    let (first, last) = range.split_once('-').unwrap();
    let first: usize = first.parse().unwrap();
    let end = last.parse::<usize>().map_or(whole.len(), |last| last + 1).min(whole.len());
    if first >= end {
        return send(stream, "416 Range Not Satisfiable", "", b"");
    }
    let part = &whole[first..end];
    let headers = format!("{headers}Content-Range: bytes {first}-{}/{}\r\n", end - 1, whole.len());
    if request.range != "bytes=0-0"
        && let Some(left) = content.torn.get_mut(file).filter(|left| **left > 0)
    {
        *left -= 1;
        return send_half(stream, &headers, part);
    }
    send(stream, "206 Partial Content", &headers, part)
}

fn send(stream: &mut TcpStream, status: &str, headers: &str, body: &[u8]) -> std::io::Result<()> {
    let length = body.len();
    write!(
        stream,
        "HTTP/1.1 {status}\r\nContent-Length: {length}\r\nConnection: close\r\n{headers}\r\n"
    )?;
    stream.write_all(body)
}

/// Promises the whole and closes the connection after half of it.
fn send_half(stream: &mut TcpStream, headers: &str, body: &[u8]) -> std::io::Result<()> {
    let length = body.len();
    write!(
        stream,
        "HTTP/1.1 206 Partial Content\r\nContent-Length: {length}\r\nConnection: close\r\n{headers}\r\n"
    )?;
    stream.write_all(&body[..length / 2])
}
