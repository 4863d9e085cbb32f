"""Measures our paths and other engines in turn, in one run, on the same texts, and prints the comparison as Markdown.

`compare.py --worker FILE --encoder DIR` (see `make bench-peers`). In every round each engine runs each case once, the engines in
another order each time; figures are medians over the rounds with their range, ratios are taken within a round. Each engine
is a process of its own with two threads, and idle while another one runs.
"""

import argparse
import csv
import json
import platform
import statistics
import subprocess
import sys
from importlib import metadata
from pathlib import Path

import numpy as np

ROOT = Path(__file__).resolve().parents[2]
OURS = {
    "packed int8": {"path": "packed", "precision": "int8", "threads": 2},
    "packed f32": {"path": "packed", "precision": "f32", "threads": 2},
    "packed int8 (AVX2)": {"path": "packed", "precision": "int8", "threads": 2, "instruction_set": "avx2"},
    "packed f32 (AVX2)": {"path": "packed", "precision": "f32", "threads": 2, "instruction_set": "avx2"},
    "candle f32 (reference path)": {"path": "reference"},
}
PEERS = {
    "ONNX Runtime f32 optimised": "ort-f32",
    "ONNX Runtime int8 optimised": "ort-int8",
    "OpenVINO f32": "openvino-f32",
    "torch f32": "torch-f32",
    "sentence-transformers f32 (with tokenizing)": "st-f32",
}
# Case -> texts of a batch, sorted by length or not; the columns in their order.
CASES = {
    "batch 1": (1, False),
    "8 unsorted": (8, False),
    "32 unsorted": (32, False),
    "32 sorted": (32, True),
    "128-token b8": (8, None),
}
RATIOS = [
    ("packed f32", "ONNX Runtime f32 optimised"),
    ("packed int8", "ONNX Runtime int8 optimised"),
    ("packed int8", "candle f32 (reference path)"),
    ("packed f32", "OpenVINO f32"),
    ("packed f32", "torch f32"),
    ("packed int8 (AVX2)", "ONNX Runtime int8 optimised"),
    ("packed f32 (AVX2)", "ONNX Runtime f32 optimised"),
]
LONG_TOKENS = 128


class Engine:
    """A process that answers one JSON object with another."""

    def __init__(self, command):
        self.process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        self.about = self.read()["ready"]

    def read(self):
        line = self.process.stdout.readline()
        if not line:
            sys.exit(f"{self.process.args} has ended")
        return json.loads(line)

    def ask(self, **request):
        self.process.stdin.write(json.dumps(request) + "\n")
        self.process.stdin.flush()
        return self.read()

    def close(self):
        self.process.stdin.close()
        self.process.wait()


def short_texts(count):
    with open(ROOT / "data/banking77/test.csv", newline="", encoding="utf-8") as file:
        return [row["text"] for row in csv.DictReader(file)][:count]


def long_texts(count, tokenizer):
    """Neighbouring texts joined and filled up with a word of one token to exactly LONG_TOKENS tokens."""
    texts, rest = [], short_texts(10**6)
    while len(texts) < count:
        text = rest.pop(0)
        while len(tokenizer.encode(f"{text} {rest[0]}").ids) <= LONG_TOKENS:
            text = f"{text} {rest.pop(0)}"
        missing = LONG_TOKENS - len(tokenizer.encode(text).ids)
        texts.append(text + " card" * missing)
        assert len(tokenizer.encode(texts[-1]).ids) == LONG_TOKENS
    return texts


def cases(args):
    from tokenizers import Tokenizer

    tokenizer = Tokenizer.from_file(str(args.encoder / "tokenizer.json"))
    tokenizer.no_padding()
    tokenizer.no_truncation()
    short = short_texts(args.texts)
    by_length = sorted(short, key=lambda text: len(tokenizer.encode(text).ids))
    long = long_texts(args.long_texts, tokenizer)
    batches = {}
    for name, (size, is_sorted) in CASES.items():
        texts = long if is_sorted is None else by_length if is_sorted else short
        batches[name] = [texts[at : at + size] for at in range(0, len(texts), size)]
    return batches


def measure(engines, batches, rounds):
    """Texts a second for each engine, case and round, and the single-text latencies of the last round."""
    rates = {name: {case: [] for case in batches} for name in engines}
    latencies = {}
    for engine in engines.values():
        for case, texts in batches.items():
            engine.ask(name=case, batches=texts)
            engine.ask(name="warm", batches=texts[:8])
            engine.ask(run="warm")
    order = list(engines)
    for number in range(rounds):
        order = order[1:] + order[:1]
        for case, texts in batches.items():
            for name in order:
                seconds = engines[name].ask(run=case)["seconds"]
                rates[name][case].append(sum(map(len, texts)) / sum(seconds))
                if case == "batch 1":
                    latencies[name] = np.percentile(np.array(seconds) * 1e3, [50, 99])
        print(f"round {number + 1} of {rounds}", file=sys.stderr)
    return rates, latencies


def spread(values, form):
    return f"{statistics.median(values):{form}} ({min(values):{form}}–{max(values):{form}})"


def table(head, rows):
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(map(str, line)) + " |" for line in lines) + "\n"


def operations_per_token(folder):
    """Of the linear layers, a product and a sum being two."""
    config = json.loads((folder / "config.json").read_text())
    hidden, inner = config["hidden_size"], config["intermediate_size"]
    return 2 * config["num_hidden_layers"] * (4 * hidden * hidden + 2 * hidden * inner)


def parity(engines, count):
    """Cosines and largest differences of each engine's vectors to those of torch."""
    texts = short_texts(count - 200)
    texts += [entry["text"] for entry in json.loads((ROOT / "tests/fixtures/encoders/texts.json").read_text())]
    batches = [texts[at : at + 32] for at in range(0, len(texts), 32)]
    vectors = {}
    for name, engine in engines.items():
        engine.ask(name="parity", batches=batches)
        vectors[name] = np.array(engine.ask(vectors="parity")["vectors"])
    reference = vectors["torch f32"]
    rows = []
    for name, found in vectors.items():
        cosine = (found * reference).sum(1)
        rows.append([name, f"{cosine.mean():.5f}", f"{cosine.min():.5f}", f"{np.abs(found - reference).max():.1e}"])
    return table(["engine", "mean cosine", "smallest cosine", "largest difference"], rows)


def processor():
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.split(":")[1].strip()
    return platform.processor()


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--worker", type=Path, required=True)
    parser.add_argument("--encoder", type=Path, required=True)
    parser.add_argument("--work", type=Path, default=ROOT / "var/bench-peers")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--texts", type=int, default=1000)
    parser.add_argument("--long-texts", type=int, default=64)
    args = parser.parse_args()

    engines = {}
    for name, options in OURS.items():
        engines[name] = Engine([args.worker, args.encoder, json.dumps(options)])
    peer = Path(__file__).with_name("peer.py")
    for name, engine in PEERS.items():
        engines[name] = Engine([sys.executable, peer, engine, args.encoder, args.work])
    batches = cases(args)
    peaks = engines["packed f32"].ask(peak=None)
    rates, latencies = measure(engines, batches, args.rounds)

    versions = ["numpy", "onnxruntime", "openvino", "sentence-transformers", "tokenizers", "torch", "transformers"]
    print(f"Processor: {processor()}. {args.rounds} rounds, {args.texts} short texts, {args.long_texts} long ones, 2 threads.")
    print("Versions: " + ", ".join(f"{name} {metadata.version(name)}" for name in versions) + ".")
    print("Ours: " + "; ".join(f"{name}: {engines[name].about}" for name in OURS) + ".\n")
    print("Texts a second, median (range) over the rounds:\n")
    print(table(
        ["engine", *CASES, "batch 1 p50 / p99, ms"],
        [
            [name, *(spread(rates[name][case], ".0f") for case in CASES), "{:.2f} / {:.2f}".format(*latencies[name])]
            for name in engines
        ],
    ))
    print("Ratios of texts a second within a round, median (range):\n")
    rows = []
    for ours, other in RATIOS:
        ratios = [
            [a / b for a, b in zip(rates[ours][case], rates[other][case], strict=True)] for case in CASES
        ]
        rows.append([f"{ours} / {other}", *(spread(ratio, ".2f") for ratio in ratios)])
    print(table(["", *CASES], rows))

    per_token = operations_per_token(args.encoder)
    tokens = {case: engines["packed f32"].ask(name=case, batches=texts)["tokens"] for case, texts in batches.items()}
    print("Share of the processor's measured peak that goes into the linear layers' products (median rate):\n")
    rows = []
    wide = any("AVX-512" in name for name in peaks)
    for name, peak in {
        "packed f32": "f32 AVX-512" if wide else "f32 AVX2",
        "packed int8": "int8 AVX-512 VNNI" if wide else "int8 AVX2",
        "packed f32 (AVX2)": "f32 AVX2",
        "packed int8 (AVX2)": "int8 AVX2",
    }.items():
        shares = []
        for case, texts in batches.items():
            texts_a_second = statistics.median(rates[name][case])
            rate = texts_a_second * tokens[case] / sum(map(len, texts)) * per_token / 1e9
            shares.append(f"{rate:.0f} = {rate / peaks[peak]:.2f}")
        rows.append([name, f"{peak}: {peaks[peak]:.0f}", *shares])
    print(table(["billion operations a second", "peak", *CASES], rows))
    print("Embeddings against torch f32, 1,000 texts (800 of Banking77, 100 other English, 60 Russian, 20 Ukrainian, 20 Belarusian):\n")
    print(parity({name: engines[name] for name in engines if "sentence" not in name}, 1000))
    for engine in engines.values():
        engine.close()


if __name__ == "__main__":
    main()
