#!/usr/bin/env python3
"""Writes a teacher's logits for every word of the notes, for a student to learn from.

usage: label.py TEACHER.pt vocab.txt OUT.npy DATA.jsonl[,DATA.jsonl...] [--bf16]
"""
import sys
import time

import numpy as np
import torch

import ner


def load(path):
    saved = torch.load(path)
    model = ner.Ner(ner.Config(**{k: saved["config"][k] for k in ("layers", "width", "heads", "inner", "clues", "rows") if k in saved["config"]}),
                    without_clues=saved["arguments"].get("without_clues", False))
    model.load_state_dict(saved["state"])
    return model.eval()


if __name__ == "__main__":
    half = "--bf16" in sys.argv
    teacher, vocabulary, out, data = [a for a in sys.argv[1:] if a != "--bf16"]
    torch.set_num_threads(2)
    began = time.time()
    model = load(teacher)
    notes = ner.Notes(data.split(","), ner.Pieces(vocabulary), model.config.rows)
    with torch.autocast("cpu", torch.bfloat16, enabled=half):
        logits = ner.logits(model, notes)
    np.save(out, logits.astype(np.float16))
    print(f"{len(notes.ids)} pieces, {time.time() - began:.0f} s")
