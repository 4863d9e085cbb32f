//! Encoders of a training: found, loaded, asked for the vectors of texts.

use super::CategoryArgs;
use super::params::CategoryParams;
use super::tune::finished;
use crate::{bad_input, progress};
use ndarray::Array2;
use recontact::classify::encoder::{InferenceOptions, TextEncoder};
use recontact::contact::ContactText;
use recontact::registry::Registry;
use std::path::{Path, PathBuf};

/// Texts embedded between two steps of the progress bar.
const EMBEDDING_STEP: usize = 256;

/// Where the encoder goes that a method makes: what `--encoder-out` says, else below the models under the name of `--out`.
pub(super) fn encoder_place(args: &CategoryArgs) -> PathBuf {
    args.encoder_out.clone().unwrap_or_else(|| {
        let version = args.out.file_name().unwrap_or_default().to_string_lossy();
        Registry::new(&args.models).encoder_folder(&version)
    })
}

/// Refuses a place for the encoder at which there is something else than what the same run may have put there.
///
/// # Errors
/// [`crate::failure::BadInput`].
pub(super) fn check_encoder_place(args: &CategoryArgs) -> anyhow::Result<()> {
    finished::check_destination(&encoder_place(args))
        .map_err(|error| bad_input!("--encoder-out: {error}"))
}

/// The encoder that was asked for.
///
/// # Errors
/// [`crate::failure::BadInput`] when there is none where one is needed, or it cannot be loaded.
pub(super) fn encoder(
    args: &CategoryArgs,
    params: &CategoryParams,
) -> anyhow::Result<Option<TextEncoder>> {
    match &args.encoder {
        Some(name) => {
            let inference = InferenceOptions::default();
            load_encoder(name, &args.models, params.prompt.as_deref(), &inference).map(Some)
        }
        None if args.method.needs_encoder() => Err(bad_input!(
            "--method {} needs --encoder; without one, --method lexical learns from words alone",
            args.method.as_str()
        )),
        None => Ok(None),
    }
}

/// Loads an encoder by its folder or name.
pub(crate) fn load_encoder(
    name: &str,
    models: &Path,
    prompt: Option<&str>,
    inference: &InferenceOptions,
) -> anyhow::Result<TextEncoder> {
    let folder = Registry::new(models).encoder_folder(name);
    if !folder.is_dir() {
        return Err(bad_input!(
            "--encoder: there is no folder {}: get it with `recontact-train fetch-encoder {name}`",
            folder.display()
        ));
    }
    TextEncoder::load(&folder, prompt, inference).map_err(|error| bad_input!("--encoder: {error}"))
}

/// Embeds texts with a progress bar; one row for each.
pub(crate) fn embed(
    encoder: &TextEncoder,
    texts: &[ContactText],
    what: &'static str,
) -> anyhow::Result<Array2<f64>> {
    let bar = progress::bar(texts.len() as u64, what);
    let mut x = Array2::zeros((texts.len(), encoder.identity().dimension));
    let mut row = 0;
    for step in texts.chunks(EMBEDDING_STEP) {
        let raw: Vec<&str> = step.iter().map(ContactText::as_str).collect();
        for embedding in encoder.embed(&raw)? {
            for (cell, value) in x.row_mut(row).iter_mut().zip(&embedding.vector) {
                *cell = f64::from(*value);
            }
            row += 1;
        }
        bar.inc(step.len() as u64);
    }
    bar.finish();
    Ok(x)
}

/// The same where there is an encoder.
pub(super) fn embed_all(
    encoder: Option<&TextEncoder>,
    texts: &[ContactText],
    what: &'static str,
) -> anyhow::Result<Option<Array2<f64>>> {
    encoder.map(|encoder| embed(encoder, texts, what)).transpose()
}
