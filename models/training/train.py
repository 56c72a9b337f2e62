#!/usr/bin/env python3
"""Trains an encoder on notes with clues, alone or from a teacher's logits as well.

usage: train.py OUT.pt --init BERT.safetensors|MODEL.pt|models/fast/weights.safetensors --layers 6 --width 384 --heads 12 --inner 1536 --vocabulary vocab.txt
                --epochs 8 --rate 6e-5 DATA-0.jsonl DATA-1.jsonl ... [--dev DEV.jsonl] [--teacher LOGITS]
Each epoch takes the next of the DATA files (made by `deidre model clues`), so that no epoch sees the same variants.
"""
import argparse
import time

import numpy as np
import torch
import torch.nn.functional as F
from safetensors.torch import load_file

import ner


def figures(notes, scores, bias):
    """Element recall and word precision of identifiers, a quick estimate of what `deidre eval` measures."""
    must = np.array([l in ner.IDENTIFIERS for l in ner.LABELS])
    flagged = np.zeros(len(notes.counts), bool)
    for low, high in zip(notes.bounds, notes.bounds[1:]):
        tags = np.array(ner.decode(scores[low:high], bias)) if high > low else np.zeros(0, int)
        flagged[low:high] = (tags > 0) & must[(np.maximum(tags, 1) - 1) // 2]
    gold = notes.gold
    is_id = (gold > 0) & must[(np.maximum(gold, 1) - 1) // 2]
    may = (gold > 0) & ~is_id
    caught = total = 0
    i = 0
    while i < len(gold):
        if is_id[i] and gold[i] % 2 == 1:
            j = i + 1
            while j < len(gold) and gold[j] == gold[i] + 1:
                j += 1
            total += 1
            caught += flagged[i:j].all()
            i = j
        else:
            i += 1
    right = (flagged & is_id).sum()
    wrong = (flagged & ~is_id & ~may & (gold != ner.IGNORE)).sum()
    return caught / max(total, 1), right / max(right + wrong, 1)


def main():
    a = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    a.add_argument("out")
    a.add_argument("data", nargs="+")
    a.add_argument("--init")
    a.add_argument("--take", help="which layers of the initial encoder become ours: 0,2,4")
    a.add_argument("--layers", type=int, default=2)
    a.add_argument("--width", type=int, default=128)
    a.add_argument("--heads", type=int, default=2)
    a.add_argument("--inner", type=int, default=512)
    a.add_argument("--rows", choices=["pieces", "words"], default="pieces", help="what a row of the encoder is [pieces]")
    a.add_argument("--vocabulary", required=True)
    a.add_argument("--epochs", type=int, default=8)
    a.add_argument("--rate", type=float, default=6e-5)
    a.add_argument("--fresh-rate", type=float, default=1e-3, help="of what is not pretrained")
    a.add_argument("--budget", type=int, default=2048, help="rows a step")
    a.add_argument("--dropout", type=float, default=0.1)
    a.add_argument("--clue-dropout", type=float, default=0.1, help="share of words whose clue from evidence and rules is hidden")
    a.add_argument("--without-clues", action="store_true")
    a.add_argument("--teacher", action="append", default=[], help="logits of the DATA files in the same order, from label.py")
    a.add_argument("--mix", type=float, default=0.7, help="share of the teacher in the loss")
    a.add_argument("--temperature", type=float, default=2.0)
    a.add_argument("--dev")
    a.add_argument("--seed", type=int, default=1)
    a.add_argument("--threads", type=int, default=2)
    a.add_argument("--bf16", action="store_true")
    args = a.parse_args()
    torch.manual_seed(args.seed)
    torch.set_num_threads(args.threads)
    draw = np.random.default_rng(args.seed)
    pieces = ner.Pieces(args.vocabulary)
    dev = ner.Notes([args.dev], pieces, args.rows) if args.dev else None
    first = ner.Notes(args.data[0].split(","), pieces, args.rows)
    config = ner.Config(args.layers, args.width, args.heads, args.inner, first.sizes, rows=args.rows)
    model = ner.Ner(config, args.dropout, args.without_clues)
    if args.init:
        state = torch.load(args.init)["state"] if args.init.endswith(".pt") else None
        if state:
            model.load_state_dict(state)
        elif "classifier.weight" in (tensors := load_file(args.init)):
            model.load_exported(tensors)
        else:
            rename = lambda k: k.removeprefix("bert.").replace("LayerNorm.gamma", "LayerNorm.weight").replace("LayerNorm.beta", "LayerNorm.bias")
            tensors = {rename(k): v.float() for k, v in tensors.items()}
            model.load_bert(tensors, [int(x) for x in args.take.split(",")] if args.take else None)
    fresh = [p for n, p in model.named_parameters() if n.startswith(("clue.", "classifier."))]
    old = [p for n, p in model.named_parameters() if not n.startswith(("clue.", "classifier."))]
    optimiser = torch.optim.AdamW([{"params": old, "lr": args.rate}, {"params": fresh, "lr": args.fresh_rate}], weight_decay=0.01)
    average = {n: p.detach().clone() for n, p in model.named_parameters()}
    per_epoch = len(ner.batches(first, first.windows(np.random.default_rng(0)), args.budget))
    total, step, began, seen = per_epoch * args.epochs, 0, time.time(), 0
    schedule = lambda s: min(1.0, s / (0.06 * total)) * max(0.02, 1 - s / total)
    rates = [g["lr"] for g in optimiser.param_groups]
    for epoch in range(args.epochs):
        at = epoch % len(args.data)
        notes = first if at == 0 else ner.Notes(args.data[at].split(","), pieces, args.rows)
        teacher = np.load(args.teacher[at], mmap_mode="r") if args.teacher else None
        gold = notes.gold.astype(np.int64)
        model.train()
        losses = []
        for group in ner.batches(notes, notes.windows(draw), args.budget, draw):
            x, clues, lengths, firsts = notes.batch(group)
            if args.clue_dropout:
                hide = torch.rand(x.shape[:2]) < args.clue_dropout * float(draw.random() < 0.5)
                clues[..., 2][hide] = 0
                clues[..., 3][hide] = 0
            with torch.autocast("cpu", torch.bfloat16, enabled=args.bf16):
                y = model(x, clues, lengths)
            y = y.float()
            rows = torch.cat([y[i, f] for i, f in enumerate(firsts)])
            want = torch.from_numpy(np.concatenate([gold[w[1]:w[2]] for w in group]))
            weight = torch.from_numpy(np.concatenate([np.full(w[2] - w[1], notes.weights[w[0]], np.float32) for w in group]))
            loss = (F.cross_entropy(rows, want, reduction="none", ignore_index=ner.IGNORE) * weight).sum() / weight.sum()
            if teacher is not None:
                t = args.temperature
                soft = torch.from_numpy(np.concatenate([np.asarray(teacher[w[1]:w[2]], np.float32) for w in group]))
                far = F.kl_div(F.log_softmax(rows / t, -1), F.log_softmax(soft / t, -1), log_target=True, reduction="none").sum(-1).mean() * t * t
                loss = (1 - args.mix) * loss + args.mix * far
            for g, r in zip(optimiser.param_groups, rates):
                g["lr"] = r * schedule(step)
            optimiser.zero_grad()
            loss.backward()
            torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
            optimiser.step()
            keep = min(0.998, step / (step + 20))
            if step % 4 == 0:
                with torch.no_grad():
                    for n, p in model.named_parameters():
                        average[n].lerp_(p, 1 - keep**4)
            step += 1
            seen += int(lengths.sum())
            losses.append(loss.item())
            if step % 100 == 0:
                print(f"  step {step} of {total}: loss {np.mean(losses[-100:]):.4f}, {seen / (time.time() - began):.0f} rows/s", flush=True)
        state = {n: average[n].clone() for n in average}
        torch.save({"config": vars(config), "state": state, "arguments": vars(args)}, args.out)
        report = ""
        if dev is not None:
            kept = {n: p.detach().clone() for n, p in model.named_parameters()}
            model.load_state_dict(state)
            scores = ner.log_softmax(ner.logits(model, dev))
            for b in (0.0, 1.0, 2.0):
                bias = np.zeros(scores.shape[1], np.float32)
                bias[0] = -b
                recall, precision = figures(dev, scores, bias)
                report += f" | {b:.0f}: {recall:.4f} / {precision:.4f}"
            model.load_state_dict(kept)
        print(f"epoch {epoch + 1}: loss {np.mean(losses):.4f}, {time.time() - began:.0f} s{report}", flush=True)


if __name__ == "__main__":
    main()
