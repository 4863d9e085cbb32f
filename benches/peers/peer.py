"""The other engines' side of the comparison: answers the requests of compare.py, one JSON object a line.

`peer.py ENGINE ENCODER_DIR WORK_DIR`, with ENGINE one of ort-f32, ort-int8, openvino-f32, torch-f32, st-f32. The same requests
as worker.rs. What is timed is the same too: token ids -> padding -> transformer -> mean -> length 1; `st-f32`
(sentence-transformers' encode) includes tokenizing.
"""

import json
import sys
import time
from pathlib import Path

import numpy as np

THREADS = 2
MAX_TOKENS = 256


def export(folder, work):
    """Writes the same weights as ONNX: as exported, optimised for BERT, and that with 8-bit weights for each channel."""
    plain, optimised, int8 = (work / f"{name}.onnx" for name in ("plain", "optimised", "int8"))
    if int8.exists():
        return optimised, int8
    import onnx
    import torch
    from onnxruntime.quantization import QuantType, quantize_dynamic
    from onnxruntime.transformers import optimizer
    from onnxruntime.transformers.fusion_options import FusionOptions
    from transformers import AutoModel

    class Plain(torch.nn.Module):
        def __init__(self, model):
            super().__init__()
            self.model = model

        def forward(self, input_ids, attention_mask, token_type_ids):
            return self.model(
                input_ids=input_ids, attention_mask=attention_mask, token_type_ids=token_type_ids
            ).last_hidden_state

    model = AutoModel.from_pretrained(folder, attn_implementation="eager").eval()
    example = tuple(torch.ones(2, 8, dtype=torch.int64) for _ in range(3))
    names = ["input_ids", "attention_mask", "token_type_ids"]
    axes = {name: {0: "batch", 1: "length"} for name in [*names, "states"]}
    torch.onnx.export(
        Plain(model), example, str(plain), input_names=names, output_names=["states"],
        dynamic_axes=axes, opset_version=17, dynamo=False,
    )
    heads, hidden = model.config.num_attention_heads, model.config.hidden_size
    found = optimizer.optimize_model(
        str(plain), model_type="bert", num_heads=heads, hidden_size=hidden, opt_level=1,
        optimization_options=FusionOptions("bert"), use_gpu=False,
    )
    fused = found.get_fused_operator_statistics()
    print("fused:", {name: count for name, count in fused.items() if count}, file=sys.stderr)
    if fused.get("Attention", 0) != model.config.num_hidden_layers:
        sys.exit(f"the optimizer has not fused every layer's attention: {fused}")
    found.save_model_to_file(str(optimised))
    # Shapes cannot be inferred behind the fused operators; all that is unknown is 32-bit floats.
    quantize_dynamic(
        str(optimised), str(int8), per_channel=True, weight_type=QuantType.QInt8,
        extra_options={"DefaultTensorType": onnx.TensorProto.FLOAT},
    )
    return optimised, int8


class Engine:
    """Token ids of a batch -> normalised vectors."""

    def __init__(self, name, folder, work):
        self.name = name
        from tokenizers import Tokenizer

        self.tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
        self.tokenizer.no_padding()
        self.tokenizer.enable_truncation(MAX_TOKENS)
        if name.startswith("ort"):
            import onnxruntime as ort

            optimised, int8 = export(folder, work)
            options = ort.SessionOptions()
            options.intra_op_num_threads = THREADS
            options.inter_op_num_threads = 1
            file = int8 if name == "ort-int8" else optimised
            session = ort.InferenceSession(str(file), options, providers=["CPUExecutionProvider"])
            self.states = lambda ids, mask: session.run(
                ["states"],
                {"input_ids": ids, "attention_mask": mask, "token_type_ids": np.zeros_like(ids)},
            )[0]
        elif name == "openvino-f32":
            import openvino as ov

            export(folder, work)
            settings = {
                "INFERENCE_NUM_THREADS": THREADS, "PERFORMANCE_HINT": "LATENCY", "INFERENCE_PRECISION_HINT": "f32",
            }
            model = ov.Core().compile_model(str(work / "plain.onnx"), "CPU", settings)
            request = model.create_infer_request()
            self.states = lambda ids, mask: request.infer([ids, mask, np.zeros_like(ids)])[0]
        elif name == "torch-f32":
            import torch
            from transformers import AutoModel

            torch.set_num_threads(THREADS)
            model = AutoModel.from_pretrained(folder, attn_implementation="sdpa").eval()

            def states(ids, mask):
                with torch.inference_mode():
                    ids, mask = torch.from_numpy(ids), torch.from_numpy(mask)
                    return model(input_ids=ids, attention_mask=mask).last_hidden_state.numpy()

            self.states = states
        elif name == "st-f32":
            import torch
            from sentence_transformers import SentenceTransformer

            torch.set_num_threads(THREADS)
            self.model = SentenceTransformer(str(folder), device="cpu")
            self.model.max_seq_length = MAX_TOKENS
        else:
            sys.exit(f"unknown engine {name}")

    def prepare(self, texts):
        ids = [encoding.ids for encoding in self.tokenizer.encode_batch(texts)]
        return (texts if self.name == "st-f32" else ids), sum(map(len, ids))

    def embed(self, batch):
        if self.name == "st-f32":
            return self.model.encode(batch, batch_size=len(batch), normalize_embeddings=True)
        longest = max(map(len, batch))
        ids = np.zeros((len(batch), longest), np.int64)
        mask = np.zeros((len(batch), longest), np.int64)
        for row, of_text in enumerate(batch):
            ids[row, : len(of_text)] = of_text
            mask[row, : len(of_text)] = 1
        states = self.states(ids, mask)
        weights = mask[:, :, None].astype(np.float32)
        mean = (states * weights).sum(1) / weights.sum(1)
        return mean / np.maximum(np.linalg.norm(mean, axis=1, keepdims=True), 1e-12)


def main():
    name, folder, work = sys.argv[1], Path(sys.argv[2]), Path(sys.argv[3])
    work = work / folder.name  # the exported graphs belong to one encoder
    work.mkdir(parents=True, exist_ok=True)
    engine = Engine(name, folder, work)
    cases = {}
    print(json.dumps({"ready": name}), flush=True)
    for line in sys.stdin:
        request = json.loads(line)
        if "run" in request:
            seconds = []
            for batch in cases[request["run"]]:
                start = time.perf_counter()
                engine.embed(batch)
                seconds.append(time.perf_counter() - start)
            answer = {"seconds": seconds}
        elif "vectors" in request:
            vectors = [engine.embed(batch) for batch in cases[request["vectors"]]]
            answer = {"vectors": np.concatenate(vectors).tolist()}
        else:
            prepared = [engine.prepare(texts) for texts in request["batches"]]
            cases[request["name"]] = [batch for batch, _ in prepared]
            answer = {"tokens": sum(tokens for _, tokens in prepared)}
        print(json.dumps(answer), flush=True)


if __name__ == "__main__":
    main()
