//! Our side of the comparison with other engines: answers the requests of `compare.py`, one JSON object a line.
//!
//! `worker ENCODER_DIR OPTIONS_JSON` loads the encoder; `{"name": …, "batches": [["text", …], …]}` tokenizes a case and keeps
//! it; `{"run": NAME}` embeds it and says how long each batch took; `{"vectors": NAME}` gives its embeddings; `{"peak": null}`
//! measures what the processor can do at most.
#![expect(clippy::print_stdout, reason = "standard output is the answer")]

mod peak;

use anyhow::{Context, bail};
use recontact::classify::encoder::{Cores, InferenceOptions, TextEncoder, TokenizedText};
use serde_json::{Value, json};
use std::collections::HashMap;
use std::io::BufRead;
use std::path::Path;
use std::time::Instant;

fn main() -> anyhow::Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [folder, options] = arguments.as_slice() else { bail!("expected ENCODER_DIR OPTIONS") };
    let options: InferenceOptions = serde_json::from_str(options)?;
    let encoder = TextEncoder::load(Path::new(folder), Some(""), &options)?;
    let mut cases: HashMap<String, Vec<Vec<TokenizedText>>> = HashMap::new();
    let about =
        format!("{:?} {:?} {:?}", encoder.path(), encoder.precision(), encoder.instruction_set());
    println!("{}", json!({"ready": about}));
    for line in std::io::stdin().lock().lines() {
        let request: Value = serde_json::from_str(&line?)?;
        let case = |key: &str| -> anyhow::Result<&Vec<Vec<TokenizedText>>> {
            let name = request[key].as_str().context("expected a case's name")?;
            cases.get(name).with_context(|| format!("no case {name:?}"))
        };
        let answer = if !request["run"].is_null() {
            let mut seconds = Vec::new();
            for batch in case("run")? {
                let texts = batch.clone();
                let start = Instant::now();
                std::hint::black_box(encoder.embed_tokenized(texts, Cores::All)?);
                seconds.push(start.elapsed().as_secs_f64());
            }
            json!({"seconds": seconds})
        } else if !request["vectors"].is_null() {
            let mut vectors = Vec::new();
            for batch in case("vectors")? {
                let embeddings = encoder.embed_tokenized(batch.clone(), Cores::All)?;
                vectors.extend(embeddings.into_iter().map(|embedding| embedding.vector));
            }
            json!({"vectors": vectors})
        } else if request.get("peak").is_some() {
            json!(peak::measure())
        } else {
            let batches: Vec<Vec<String>> = serde_json::from_value(request["batches"].clone())?;
            let tokenized = batches
                .iter()
                .map(|batch| batch.iter().map(|text| encoder.tokenize(text)).collect())
                .collect::<Result<Vec<Vec<_>>, _>>()?;
            let tokens: usize = tokenized.iter().flatten().map(TokenizedText::length).sum();
            cases
                .insert(request["name"].as_str().context("expected a name")?.to_owned(), tokenized);
            json!({"tokens": tokens})
        };
        println!("{answer}");
    }
    Ok(())
}
