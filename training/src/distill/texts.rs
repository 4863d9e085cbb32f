//! [`Texts`]: what a student learns from. Labels are not needed.

use super::params::DistillParams;
use crate::bad_input;
use crate::faults::Faults;
use crate::table::Table;
use recontact::classify::encoder::{TextEncoder, TokenizedText};
use recontact::contact::{ContactText, DEFAULT_MAX_TEXT_BYTES};
use recontact::registry::artifact::{DataFile, sha256_file};
use sha2::{Digest, Sha256};
use std::collections::HashSet;
use std::fs;
use std::path::{Path, PathBuf};

/// Fewest words of a sentence that is learnt from; shorter ones are hardly more than rests of a faulty division.
const LEAST_WORDS: usize = 3;

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
        let mut texts = Self {
            texts: Vec::new(),
            tokenized: Vec::new(),
            used_tokens: HashSet::new(),
            files: Vec::new(),
            sha256: String::new(),
        };
        let mut seen = HashSet::new();
        let mut digest = Sha256::new();
        for path in paths {
            let rows = read_rows(path, column)?;
            texts.files.push(DataFile {
                role: "texts".to_owned(),
                file: path.file_name().unwrap_or_default().to_string_lossy().into_owned(),
                sha256: sha256_file(path)?,
                rows: rows.len(),
            });
            for row in &rows {
                for piece in pieces(row.as_str(), teacher, params)? {
                    if seen.insert(piece.to_owned()) {
                        texts.used_tokens.extend(teacher.tokenize(piece)?.ids());
                        texts.tokenized.push(teacher.tokenize_within(piece, params.max_tokens)?);
                        texts.texts.push(piece.to_owned());
                        digest.update(piece.as_bytes());
                        digest.update([0]);
                    }
                }
            }
        }
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

fn read_rows(path: &Path, column: &str) -> anyhow::Result<Vec<ContactText>> {
    let mut faults = Faults::default();
    let mut texts = Vec::new();
    let mut parse =
        |text: &str, place: &dyn Fn() -> String, faults: &mut Faults| match ContactText::parse(
            text,
            DEFAULT_MAX_TEXT_BYTES,
        ) {
            Ok(text) => texts.push(text),
            Err(error) => faults.push(format!("{}: {error}", place())),
        };
    if path.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("txt")) {
        let content = fs::read_to_string(path)
            .map_err(|error| bad_input!("{}: cannot be read: {error}", path.display()))?;
        for (number, line) in
            content.lines().enumerate().filter(|(_, line)| !line.trim().is_empty())
        {
            parse(line, &|| format!("{}, line {}", path.display(), number + 1), &mut faults);
        }
    } else {
        let table = Table::read(path)?;
        let column = table.column(column)?;
        for row in table.rows() {
            let text = row.cell(column).unwrap_or_default();
            parse(text, &|| table.place(row, column), &mut faults);
        }
    }
    faults.finish()?;
    Ok(texts)
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
