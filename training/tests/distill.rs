//! Distillation through the real command line: the loss falls, a kill changes nothing, damage is named, and the student is an
//! encoder that the service loads.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use recontact::classify::encoder::checkpoint::BertCheckpoint;
use recontact::classify::encoder::{InferenceOptions, InferencePath, TextEncoder};
use recontact::registry::artifact::sha256_file;
use recontact_training::transformer::Transformer;
use recontact_training::transformer::batch::Batch;
use safetensors::SafeTensors;
use serde_json::Value;
use std::fs;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

fn repository() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

fn fixture(name: &str) -> PathBuf {
    repository().join("tests/fixtures/encoders").join(name)
}

/// The first texts of Banking77's training part.
fn texts(count: usize) -> Vec<String> {
    let table = repository().join("data/banking77/train.csv");
    let mut rows = csv::Reader::from_path(table).unwrap();
    rows.records().take(count).map(|row| row.unwrap()[0].to_owned()).collect()
}

/// A folder with texts and the parameters of a short run with a tiny encoder.
fn prepared() -> tempfile::TempDir {
    let dir = tempfile::tempdir().unwrap();
    let mut csv = csv::Writer::from_path(dir.path().join("texts.csv")).unwrap();
    csv.write_record(["text"]).unwrap();
    texts(300).iter().for_each(|text| csv.write_record([text]).unwrap());
    csv.flush().unwrap();
    configure(dir.path(), "");
    dir
}

fn configure(dir: &Path, more: &str) {
    let params = "layers = [2]\nsteps = 60\nbatch = 16\nheld_out = 40\nwarm_up = 5\nrate = 2e-3\ncheckpoint_every = 10\n";
    fs::write(dir.join("distill.toml"), format!("{params}{more}")).unwrap();
}

fn distil(dir: &Path, teacher: &str, out: &str, more: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_recontact-train"));
    command
        .arg("distill")
        .args(["--teacher".as_ref(), fixture(teacher).as_os_str()])
        .args(["--texts".as_ref(), dir.join("texts.csv").as_os_str()])
        .args(["--config".as_ref(), dir.join("distill.toml").as_os_str()])
        .args(["--out".as_ref(), dir.join(out).as_os_str()])
        .args(more);
    command
}

fn succeed(command: &mut Command) -> Output {
    let output = command.output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    output
}

/// The message of a call that must fail with exit code 2.
fn refusal(command: &mut Command) -> String {
    let output = command.output().unwrap();
    let message = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(2), "{message}");
    message
}

fn load(folder: &Path) -> TextEncoder {
    TextEncoder::load(folder, None, &InferenceOptions::default()).unwrap()
}

#[test]
fn a_trainable_transformer_gives_the_vectors_of_the_packed_and_the_reference_path() {
    for name in ["tiny-bert", "tiny-bert-cls", "tiny-distilbert", "tiny-xlm-roberta"] {
        let transformer = Transformer::new(&BertCheckpoint::load(&fixture(name)).unwrap()).unwrap();
        for path in [InferencePath::Packed, InferencePath::Reference] {
            let options = InferenceOptions { path, ..InferenceOptions::default() };
            let encoder = TextEncoder::load(&fixture(name), None, &options).unwrap();
            let texts = texts(40);
            let tokenized: Vec<_> =
                texts.iter().map(|text| encoder.tokenize(text).unwrap()).collect();
            let found = transformer.embed(&Batch::new(tokenized.iter().map(|text| text.ids())));
            let found = found.unwrap().to_vec2::<f32>().unwrap();
            let raw: Vec<&str> = texts.iter().map(String::as_str).collect();
            for (found, expected) in found.iter().zip(encoder.embed(&raw).unwrap()) {
                let differences = found.iter().zip(&expected.vector).map(|(a, b)| (a - b).abs());
                let largest = differences.fold(0.0_f32, f32::max);
                assert!(largest <= 1e-5, "{name}, {path:?}: {largest}");
            }
        }
    }
}

#[test]
fn distilling_brings_the_student_closer_and_the_service_loads_it() {
    let dir = prepared();
    let output = succeed(&mut distil(dir.path(), "tiny-bert", "student", &["--json"]));
    let report: Value = serde_json::from_slice(&output.stdout).unwrap();
    let history = report["history"].as_array().unwrap();
    let loss = |progress: &Value| progress["loss"].as_f64().unwrap();
    assert!(loss(history.last().unwrap()) < 0.8 * loss(&history[1]), "{report}");
    let cosine = |closeness: &Value| closeness["cosine"].as_f64().unwrap();
    assert!(cosine(&report["test"]) > cosine(&report["baselines"]["before training"]), "{report}");
    // The figure is that of the stored file, which is nearly what was trained.
    let trained = history.last().unwrap()["held_out_cosine"].as_f64().unwrap();
    assert!((cosine(&report["test"]) - trained).abs() < 5e-3, "{report}");

    let student = load(&dir.path().join("student"));
    assert_eq!(student.identity().name, "student");
    assert_eq!(student.embed(&["My card has not arrived"]).unwrap()[0].vector.len(), 32);
    let card = fs::read_to_string(dir.path().join("student/card.md")).unwrap();
    assert!(card.contains("texts.csv") && card.contains("--texts"), "{card}");
    assert!(!dir.path().join("student.partial").exists(), "checkpoints are gone");
    let again = refusal(&mut distil(dir.path(), "tiny-bert", "student", &[]));
    assert!(again.contains("--out") && again.contains("not empty"), "{again}");
}

#[test]
fn a_run_that_is_killed_and_resumed_gives_the_same_student_as_one_that_is_not() {
    let dir = prepared();
    succeed(&mut distil(dir.path(), "tiny-bert", "whole", &[]));
    let mut child = distil(dir.path(), "tiny-bert", "killed", &[])
        .stderr(Stdio::piped())
        .stdout(Stdio::null())
        .spawn()
        .unwrap();
    let lines = BufReader::new(child.stderr.take().unwrap()).lines();
    let at_step_20 = lines.map(Result::unwrap).find(|line| line.starts_with("step 20 "));
    assert!(at_step_20.is_some());
    child.kill().unwrap();
    child.wait().unwrap();
    assert!(!dir.path().join("killed").exists());
    let resumed = succeed(&mut distil(dir.path(), "tiny-bert", "killed", &[]));
    let told = String::from_utf8_lossy(&resumed.stderr).into_owned();
    assert!(told.contains("going on from the checkpoint at step"), "{told}");
    for file in ["model.safetensors", "tokenizer.json", "config.json"] {
        let read = |out: &str| fs::read(dir.path().join(out).join(file)).unwrap();
        assert!(read("whole") == read("killed"), "{file}");
    }
}

#[test]
fn a_damaged_checkpoint_is_refused_by_name_and_so_is_one_of_another_run() {
    let dir = prepared();
    let stop = ["--stop-after", "10"];
    succeed(&mut distil(dir.path(), "tiny-bert", "student", &stop));
    assert!(!dir.path().join("student").exists(), "nothing half-trained loads");
    let path = dir.path().join("student.partial/checkpoint-000010.safetensors");
    let whole = fs::read(&path).unwrap();
    fs::write(&path, &whole[..whole.len() / 2]).unwrap();
    let message = refusal(&mut distil(dir.path(), "tiny-bert", "student", &[]));
    assert!(message.contains("checkpoint-000010.safetensors"), "{message}");
    assert!(message.contains("checksum") && message.contains("begin anew"), "{message}");

    fs::write(&path, &whole).unwrap();
    configure(dir.path(), "seed = 7\n");
    let message = refusal(&mut distil(dir.path(), "tiny-bert", "student", &[]));
    assert!(
        message.contains("checkpoint.json") && message.contains("other parameters"),
        "{message}"
    );
}

#[test]
fn damaged_vectors_of_the_teacher_are_computed_again() {
    let dir = prepared();
    succeed(&mut distil(dir.path(), "tiny-bert", "whole", &[]));
    succeed(&mut distil(dir.path(), "tiny-bert", "student", &["--stop-after", "10"]));
    let path = dir.path().join("student.partial/teacher.safetensors");
    let mut bytes = fs::read(&path).unwrap();
    let last = bytes.len() - 1;
    bytes[last] ^= 0x40;
    fs::write(&path, bytes).unwrap();
    succeed(&mut distil(dir.path(), "tiny-bert", "student", &[]));
    let read = |out: &str| fs::read(dir.path().join(out).join("model.safetensors")).unwrap();
    assert!(read("whole") == read("student"));
}

#[test]
fn a_trimmed_vocabulary_gives_the_texts_the_same_pieces_and_the_student_the_same_vectors() {
    for teacher in ["tiny-bert", "tiny-xlm-roberta"] {
        let dir = prepared();
        let more = ["--steps", "1", "--vocabulary-from", "texts", "--layers", "1,2"];
        configure(dir.path(), "weights = \"full\"\n");
        succeed(&mut distil(dir.path(), teacher, "trimmed", &more));
        succeed(&mut distil(dir.path(), teacher, "full", &["--steps", "1", "--layers", "1,2"]));
        let (trimmed, full) = (dir.path().join("trimmed"), dir.path().join("full"));
        let rows = |folder: &Path| BertCheckpoint::load(folder).unwrap().shape.vocabulary;
        assert!(rows(&trimmed) < rows(&full), "{teacher}");
        let tokenizers = [&trimmed, &full].map(|folder| pieces(folder));
        let (trimmed, full) = (load(&trimmed), load(&full));
        for text in texts(300) {
            let [of_trimmed, of_full] = [&trimmed, &full].map(|e| e.tokenize(&text).unwrap());
            let names = |ids: &[u32], which: usize| -> Vec<String> {
                ids.iter().map(|id| tokenizers[which][*id as usize].clone()).collect()
            };
            assert_eq!(names(of_trimmed.ids(), 0), names(of_full.ids(), 1), "{teacher}: {text}");
            let vector = |encoder: &TextEncoder| encoder.embed(&[&text]).unwrap().remove(0).vector;
            let pairs = vector(&trimmed).into_iter().zip(vector(&full));
            assert!(
                pairs.fold(0.0_f32, |most, (a, b)| most.max((a - b).abs())) < 1e-6,
                "{teacher}"
            );
        }
    }
}

/// The piece of each id.
fn pieces(folder: &Path) -> Vec<String> {
    let json = fs::read(folder.join("tokenizer.json")).unwrap();
    let tokenizer: Value = serde_json::from_slice(&json).unwrap();
    let mut pieces = Vec::new();
    let mut put = |id: usize, piece: &str| {
        pieces.resize(pieces.len().max(id + 1), String::new());
        piece.clone_into(&mut pieces[id]);
    };
    match &tokenizer["model"]["vocab"] {
        Value::Object(vocabulary) => {
            for (piece, id) in vocabulary {
                put(usize::try_from(id.as_u64().unwrap()).unwrap(), piece);
            }
        }
        vocabulary => {
            for (id, piece) in vocabulary.as_array().unwrap().iter().enumerate() {
                put(id, piece[0].as_str().unwrap());
            }
        }
    }
    for token in tokenizer["added_tokens"].as_array().unwrap() {
        let id = usize::try_from(token["id"].as_u64().unwrap()).unwrap();
        put(id, token["content"].as_str().unwrap());
    }
    pieces
}

#[test]
fn a_student_stored_compactly_gives_nearly_the_vectors_of_one_stored_in_full() {
    let dir = prepared();
    for weights in ["compact", "half", "full"] {
        configure(dir.path(), &format!("weights = \"{weights}\"\n"));
        succeed(&mut distil(dir.path(), "tiny-bert", weights, &["--steps", "1"]));
    }
    let texts = texts(100);
    let raw: Vec<&str> = texts.iter().map(String::as_str).collect();
    let [compact, half, full] = ["compact", "half", "full"]
        .map(|weights| load(&dir.path().join(weights)).embed(&raw).unwrap());
    for (stored, least) in [(compact, 0.999), (half, 0.999_99)] {
        for (stored, exact) in stored.iter().zip(&full) {
            let products = stored.vector.iter().zip(&exact.vector).map(|(a, b)| a * b);
            let cosine: f32 = products.sum();
            assert!(cosine >= least, "{cosine}");
        }
    }
    let bytes = |weights: &str| {
        fs::metadata(dir.path().join(weights).join("model.safetensors")).unwrap().len()
    };
    assert!(bytes("compact") < bytes("half") && bytes("half") < bytes("full"));
}

#[test]
fn compact_weights_without_their_scales_are_refused_by_the_tensor() {
    let dir = prepared();
    succeed(&mut distil(dir.path(), "tiny-bert", "student", &["--steps", "1"]));
    let path = dir.path().join("student/model.safetensors");
    let file = fs::read(&path).unwrap();
    let tensors = SafeTensors::deserialize(&file).unwrap();
    let without = tensors.tensors().into_iter().filter(|(name, _)| !name.ends_with(".scale"));
    fs::write(&path, safetensors::serialize(without, None).unwrap()).unwrap();
    let options = InferenceOptions::default();
    let error = TextEncoder::load(&dir.path().join("student"), None, &options).unwrap_err();
    let message = error.to_string();
    assert!(message.contains("model.safetensors"), "{message}");
    assert!(
        message.contains("tensor embeddings.word_embeddings.weight.scale is missing"),
        "{message}"
    );
}

#[test]
fn the_shipped_encoder_is_what_its_record_says_small_and_the_same_on_both_paths() {
    let folder = repository().join("models/encoder/minilm-l3-support");
    let record: Value =
        serde_json::from_slice(&fs::read(folder.join("distilled.json")).unwrap()).unwrap();
    let mut total = 0;
    for (name, sum) in record["files"].as_object().unwrap() {
        let path = folder.join(name);
        assert_eq!(sha256_file(&path).unwrap(), sum["sha256"].as_str().unwrap(), "{name}");
        total += fs::metadata(path).unwrap().len();
    }
    assert!(total <= 25_000_000, "{total} bytes");
    let texts = texts(50);
    let raw: Vec<&str> = texts.iter().map(String::as_str).collect();
    let [packed, reference] = [InferencePath::Packed, InferencePath::Reference].map(|path| {
        let options = InferenceOptions { path, ..InferenceOptions::default() };
        TextEncoder::load(&folder, None, &options).unwrap().embed(&raw).unwrap()
    });
    for (packed, reference) in packed.iter().zip(&reference) {
        let pairs = packed.vector.iter().zip(&reference.vector);
        assert!(pairs.fold(0.0_f32, |most, (a, b)| most.max((a - b).abs())) <= 1e-5);
    }
}

#[test]
fn faults_of_texts_parameters_and_layers_are_named() {
    let dir = prepared();
    let path = dir.path().join("more.txt");
    fs::write(&path, "My card has not arrived\n\nWhere is it?\n").unwrap();
    let more = ["--stop-after", "1", "--texts", path.to_str().unwrap()];
    succeed(&mut distil(dir.path(), "tiny-bert", "with-lines", &more));
    let message = refusal(&mut distil(dir.path(), "tiny-bert", "x", &["--layers", "1,9"]));
    assert!(message.contains("--layers: 9") && message.contains("has 2 layers"), "{message}");
    let message = refusal(&mut distil(dir.path(), "tiny-bert", "x", &["--text", "body"]));
    assert!(message.contains("body") && message.contains("the columns are: text"), "{message}");
    let message = refusal(&mut distil(dir.path(), "tiny-modernbert", "x", &[]));
    assert!(message.contains("ModernBert"), "{message}");
    configure(dir.path(), "stepps = 1\n");
    let message = refusal(&mut distil(dir.path(), "tiny-bert", "x", &[]));
    assert!(message.contains("distill.toml") && message.contains("stepps"), "{message}");
    assert!(!dir.path().join("x").exists());
}
