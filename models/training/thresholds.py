#!/usr/bin/env python3
"""Tunes the threshold of each label on annotated notes: how much is added to a label's log-probability before decoding.

usage: thresholds.py DEIDRE MODELDIR GOLD [--weight 3] [--out thresholds.json]
MODELDIR holds config.json, weights.safetensors and vocab.txt (see export.py). The whole engine is measured (`deidre eval`), so that
rules, evidence and the document's own repetitions count. First one threshold for all labels, then each label in turn;
a step is kept when `weight` times element recall plus character precision grows by more than chance would move it.
"""
import argparse
import json
import shutil
import subprocess
import tempfile
from pathlib import Path

GROUPS = [["NAME"], ["DATE"], ["OTHER_ID"], ["FACILITY"], ["EMPLOYER"], ["CITY"], ["STREET"], ["PHONE", "FAX"], ["AGE90"],
          ["MRN", "ACCOUNT", "HEALTH_PLAN", "LICENSE", "SSN"], ["DEVICE", "VEHICLE", "BIOMETRIC"], ["ZIP"],
          ["ORG_OK", "PROFESSION", "STATE", "COUNTRY", "YEAR", "AGE"]]


def main():
    a = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    a.add_argument("deidre")
    a.add_argument("model", type=Path)
    a.add_argument("gold")
    a.add_argument("--weight", type=float, default=2.0, help="of recall beside precision")
    a.add_argument("--least", type=float, default=0.0003)
    a.add_argument("--out", default="thresholds.json")
    args = a.parse_args()
    config = json.loads((args.model / "config.json").read_text())
    with tempfile.TemporaryDirectory() as folder:
        folder = Path(folder)
        for name in ("weights.safetensors", "vocab.txt"):
            source = args.model / name
            shutil.copy(source if source.exists() else args.model.parent / name, folder / name)

        def measure(bias, nothing):
            (folder / "config.json").write_text(json.dumps({**config, "bias": bias, "nothing_bias": nothing}))
            run = subprocess.run([args.deidre, "eval", args.gold, "--model", folder, "--json"], capture_output=True, text=True, check=True)
            return json.loads(run.stdout)

        score = lambda f: args.weight * f["element_recall"] + f["char_precision"]
        show = lambda f: f"{f['element_recall']:.4f} / {f['char_precision']:.4f}, clean {f['clean']}"
        best, bias, nothing = None, {}, 0.0
        for n in (0.0, -0.5, -1.0, -1.5, -2.0, -2.5, -3.0):
            f = measure({}, n)
            print(f"nothing {n}: {show(f)}", flush=True)
            if best is None or score(f) > score(best):
                best, nothing = f, n
        for step in (1.0, 0.5):
            for group in GROUPS:
                for sign in (1, -1):
                    new = {**bias, **{l: round(bias.get(l, 0.0) + sign * step, 2) for l in group}}
                    f = measure(new, nothing)
                    if score(f) > score(best) + args.least:
                        best, bias = f, new
                        print(f"{group[0]} {new[group[0]]}: {show(f)}", flush=True)
                        break
    json.dump({"bias": {k: v for k, v in bias.items() if v}, "nothing_bias": nothing}, open(args.out, "w"), indent=1)


main()
