//! [`Texts`]: what a student learns from. Labels are not needed.

use super::params::DistillParams;
use crate::bad_input;
use crate::faults::Faults;
use crate::table::TableStream;
use recontact::classify::encoder::{TextEncoder, TokenizedText};
use recontact::contact::{ContactText, DEFAULT_MAX_TEXT_BYTES};
use recontact::registry::artifact::{DataFile, sha256_file};
use sha2::{Digest, Sha256};
use std::collections::HashSet;
use std::fs::File;
use std::io::{self, BufRead, BufReader};
use std::path::{Path, PathBuf};

/// Fewest words of a sentence that is learnt from; shorter ones are hardly more than rests of a faulty division.
const LEAST_WORDS: usize = 3;

/// Distilling takes about so many times what the texts take: their vectors come besides.
const TIMES_KEPT: f64 = 4.0;

/// Texts to learn from, each once, and the files they came from.
#[derive(Debug)]
pub struct Texts {
    /// The texts themselves.
    pub texts: Vec<String>,
    /// The tokens of each text, at most as many as the parameters say.
    pub tokenized: Vec<TokenizedText>,
    /// Which of the teacher's tokens occur, those beyond the cut included.
    pub used_tokens: HashSet<u32>,
    /// The files and their rows.
    pub files: Vec<DataFile>,
    /// SHA-256 of all texts in their order.
    pub sha256: String,
}

impl Texts {
    /// Reads files: a column of a table, or of a `.txt` every line that is not blank. Texts that occur again are left out.
    ///
    /// # Errors
    /// [`crate::failure::BadInput`] with the faults, or when there are too few texts.
    pub fn read(
        paths: &[PathBuf],
        column: &str,
        teacher: &TextEncoder,
        params: &DistillParams,
    ) -> anyhow::Result<Self> {
        let texts = Self {
            texts: Vec::new(),
            tokenized: Vec::new(),
            used_tokens: HashSet::new(),
            files: Vec::new(),
            sha256: String::new(),
        };
        let mut learner = Learner { texts, seen: HashSet::new(), teacher, params };
        let mut digest = Sha256::new();
        for path in paths {
            let rows = learner.read(path, column, &mut digest)?;
            learner.texts.files.push(DataFile {
                role: "texts".to_owned(),
                file: path.file_name().unwrap_or_default().to_string_lossy().into_owned(),
                sha256: sha256_file(path)?,
                rows,
            });
        }
        let mut texts = learner.texts;
        let least = params.held_out + params.batch;
        if texts.tokenized.len() < least {
            return Err(bad_input!(
                "--texts: {} different texts, but at least {least} are needed to hold out {} and to fill a batch of {}",
                texts.tokenized.len(),
                params.held_out,
                params.batch
            ));
        }
        texts.sha256 = digest.finalize().iter().map(|byte| format!("{byte:02x}")).collect();
        Ok(texts)
    }
}

/// Takes in texts as they are read. Of one that occurred before only a hash is kept.
struct Learner<'a> {
    texts: Texts,
    /// The first half of the SHA-256 of each text.
    seen: HashSet<[u8; 16]>,
    teacher: &'a TextEncoder,
    params: &'a DistillParams,
}

impl Learner<'_> {
    /// Reads a file; gives its rows.
    fn read(&mut self, path: &Path, column: &str, digest: &mut Sha256) -> anyhow::Result<usize> {
        let mut faults = Faults::default();
        if path.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("txt")) {
            let cannot_read =
                |error: io::Error| bad_input!("{}: cannot be read: {error}", path.display());
            let lines = BufReader::new(File::open(path).map_err(cannot_read)?).lines();
            let mut rows = 0;
            for (number, line) in (1..).zip(lines) {
                let line = line.map_err(cannot_read)?;
                if line.trim().is_empty() {
                    continue;
                }
                rows += 1;
                let place = || format!("{}, line {number}", path.display());
                self.take(&line, place, &mut faults, digest)?;
            }
            faults.finish()?;
            return Ok(rows);
        }
        let mut table = TableStream::open_to_keep(path, TIMES_KEPT)?;
        let head = table.head().clone();
        let column = head.column(column)?;
        while let Some(row) = table.next(&mut faults)? {
            let text = row.cell(column).unwrap_or_default();
            self.take(text, || head.place(row, column), &mut faults, digest)?;
        }
        table.finish(faults)
    }

    fn take(
        &mut self,
        text: &str,
        place: impl FnOnce() -> String,
        faults: &mut Faults,
        digest: &mut Sha256,
    ) -> anyhow::Result<()> {
        let text = match ContactText::parse(text, DEFAULT_MAX_TEXT_BYTES) {
            Ok(text) => text,
            Err(error) => {
                faults.push(format!("{}: {error}", place()));
                return Ok(());
            }
        };
        if !faults.is_empty() {
            // Nothing will be learnt: only further faults are looked for.
            return Ok(());
        }
        let Self { texts, seen, teacher, params } = self;
        for piece in pieces(text.as_str(), teacher, params)? {
            let hash = Sha256::digest(piece.as_bytes());
            let mut half = [0; 16];
            half.copy_from_slice(&hash[..16]);
            if seen.insert(half) {
                texts.used_tokens.extend(teacher.tokenize(piece)?.ids());
                texts.tokenized.push(teacher.tokenize_within(piece, params.max_tokens)?);
                texts.texts.push(piece.to_owned());
                digest.update(piece.as_bytes());
                digest.update([0]);
            }
        }
        Ok(())
    }
}

/// A text as it is learnt from: whole, or in sentences where it is too long.
fn pieces<'a>(
    text: &'a str,
    teacher: &TextEncoder,
    params: &DistillParams,
) -> anyhow::Result<Vec<&'a str>> {
    if !params.split_long_texts || teacher.tokenize(text)?.length() <= params.max_tokens {
        return Ok(vec![text.trim()]);
    }
    let long_enough = |sentence: &&str| sentence.split_whitespace().count() >= LEAST_WORDS;
    Ok(sentences(text).into_iter().filter(long_enough).collect())
}

/// Divides a text at line ends and after full stops, exclamation and question marks that white space follows.
fn sentences(text: &str) -> Vec<&str> {
    let mut sentences = Vec::new();
    let mut start = 0;
    let mut after_stop = false;
    for (at, character) in text.char_indices() {
        if character == '\n' || (after_stop && character.is_whitespace()) {
            sentences.push(text[start..at].trim());
            start = at;
        }
        after_stop = matches!(character, '.' | '!' | '?' | '…');
    }
    sentences.push(text[start..].trim());
    sentences.retain(|sentence| !sentence.is_empty());
    sentences
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_divided_after_its_stops_and_at_line_ends() {
        assert_eq!(
            sentences("I paid $3.50 twice! Why?\nPlease help… thanks\n\n  bye."),
            ["I paid $3.50 twice!", "Why?", "Please help…", "thanks", "bye."]
        );
    }
}
