//! A Hub with a tiny encoder, and a folder of its own for each test.

use crate::fake_hub::{Content, FakeHub, REPOSITORY, sha256};
use recontact_training::failure::BadInput;
use recontact_training::hub::client::{HubOptions, Token};
use recontact_training::hub::pins::Encoder;
use recontact_training::hub::{FetchFrom, FetchOptions, Fetched, fetch_encoder};
use std::cell::RefCell;
use std::path::{Path, PathBuf};
use std::time::Duration;
use tempfile::TempDir;

pub(crate) struct TestFetch {
    pub(crate) hub: FakeHub,
    pub(crate) directory: TempDir,
    pub(crate) encoder: Encoder,
    pub(crate) options: FetchOptions,
    said: RefCell<Vec<String>>,
}

/// A Hub with a whole encoder that has no pins.
pub(crate) fn spawn_fetch() -> TestFetch {
    let hub = FakeHub::spawn(tiny_encoder());
    let directory = tempfile::tempdir().unwrap();
    let folder = directory.path().join("encoder");
    let options = FetchOptions {
        from: FetchFrom::Hub,
        revision: None,
        offline: false,
        hub: HubOptions {
            endpoint: Some(hub.endpoint.clone()),
            token: None,
            cache: folder.join(".cache"),
            first_answer: Duration::from_secs(20),
            silence: Duration::from_secs(20),
            retries: 2,
            retry_pause: Duration::ZERO,
        },
        folder,
        python: "no-such-python".into(),
    };
    let encoder = Encoder::parse(REPOSITORY).unwrap();
    TestFetch { hub, directory, encoder, options, said: RefCell::default() }
}

pub(crate) fn tiny_encoder() -> Content {
    let weights: Vec<u8> = (0..200_000_u32).flat_map(|i| i.to_le_bytes()).collect();
    let modules = r#"[{"path":"","type":"sentence_transformers.models.Transformer"},
        {"path":"1_Pooling","type":"sentence_transformers.models.Pooling"}]"#;
    let files = [
        ("README.md", b"# tiny".to_vec()),
        ("config.json", br#"{"hidden_size":8}"#.to_vec()),
        ("tokenizer.json", b"{\"version\":\"1.0\"}".repeat(500)),
        ("modules.json", modules.as_bytes().to_vec()),
        ("1_Pooling/config.json", br#"{"pooling_mode_mean_tokens":true}"#.to_vec()),
        ("model.safetensors", weights),
        ("onnx/model.onnx", b"not wanted".to_vec()),
        ("pytorch_model.bin", b"not wanted".to_vec()),
    ];
    Content {
        files: files.map(|(name, content)| (name.to_owned(), content)).into(),
        large: vec!["model.safetensors".to_owned()],
        ..Content::default()
    }
}

impl TestFetch {
    pub(crate) fn run(&self) -> anyhow::Result<Fetched> {
        fetch_encoder(&self.encoder, &self.options, &|line| {
            self.said.borrow_mut().push(line.to_owned());
        })
    }

    /// The message of a failed fetch and whether it is the caller's to mend (exit code 2).
    pub(crate) fn error(&self) -> (String, bool) {
        let error = self.run().unwrap_err();
        (format!("{error:#}"), error.chain().any(|cause| cause.is::<BadInput>()))
    }

    pub(crate) fn said(&self) -> String {
        self.said.borrow().join("\n")
    }

    /// The encoder's folder.
    pub(crate) fn folder(&self) -> PathBuf {
        self.options.folder.join("tiny")
    }

    pub(crate) fn use_token(&mut self, value: &str) {
        self.options.hub.token =
            Some(Token { value: value.to_owned(), origin: "HF_TOKEN".to_owned() });
    }

    /// Pins a file to the content it has on the Hub.
    pub(crate) fn pin(&mut self, file: &str) {
        let sum = sha256(&tiny_encoder().files[file]);
        self.encoder.sha256.insert(file.to_owned(), sum);
    }

    /// Names in the folder of encoders, hidden ones included.
    pub(crate) fn entries(&self) -> Vec<String> {
        entries(&self.options.folder)
    }
}

pub(crate) fn entries(folder: &Path) -> Vec<String> {
    let mut names: Vec<_> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}
