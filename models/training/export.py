#!/usr/bin/env python3
"""Writes a trained encoder as the engine reads it.

usage: export.py MODEL.pt OUTDIR --name fast --vocabulary vocab.txt [--dtype f16|i8] [--thresholds thresholds.json] [--second DIR]
Matrices are float16, or int8 with one scale a row; vectors stay float32. The thresholds are made by thresholds.py.
--second states the exported encoder in DIR as one to be asked besides.
"""
import argparse
import hashlib
import json
from pathlib import Path

import torch
from safetensors.torch import save

import ner
from label import load

a = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
a.add_argument("model")
a.add_argument("out", type=Path)
a.add_argument("--name", required=True)
a.add_argument("--vocabulary", required=True)
a.add_argument("--dtype", choices=["f32", "f16", "i8"], default="f16")
a.add_argument("--thresholds")
a.add_argument("--second", type=Path)
a.add_argument("--share", type=float, default=0.4, help="of the second encoder")
args = a.parse_args()
model = load(args.model)
tensors = {}
for name, p in model.named_parameters():
    p, name = p.detach().float().contiguous(), ner.Ner.bert_name(name)
    if p.dim() < 2 or args.dtype == "f32":
        tensors[name] = p
    elif args.dtype == "i8" and p.shape[0] > 200:
        scale = (p.abs().amax(1, keepdim=True) / 127).clamp(min=1e-8)
        tensors[name] = (p / scale).round().clamp(-127, 127).to(torch.int8)
        tensors[name + ".scale"] = scale[:, 0].contiguous()
    else:
        tensors[name] = p.half()
weights = save(tensors)
vocabulary = Path(args.vocabulary).read_bytes()
c = model.config
config = {
    "name": args.name, "format": 1, "layers": c.layers, "width": c.width, "heads": c.heads, "inner": c.inner, "vocabulary": c.vocabulary,
    "positions": c.positions, "pieces_a_word": ner.PIECES_A_WORD, "epsilon": c.epsilon, "clues": c.clues, "labels": ner.LABELS,
    "rows": c.rows, "bias": {}, "nothing_bias": 0.0,
    "weights_sha256": hashlib.sha256(weights).hexdigest(), "vocabulary_sha256": hashlib.sha256(vocabulary).hexdigest(),
}
if args.thresholds:
    config.update(json.load(open(args.thresholds)))
if args.second:
    second = json.loads((args.second / "config.json").read_text())
    config["second"] = {"weights_sha256": second["weights_sha256"], "share": args.share}
args.out.mkdir(parents=True, exist_ok=True)
(args.out / "weights.safetensors").write_bytes(weights)
(args.out / "config.json").write_text(json.dumps(config, indent=1) + "\n")
print(f"{len(weights) / 1e6:.1f} MB")
