#!/usr/bin/env python3
"""Averages a trained encoder with exported weights that it was trained from: what both know weighs more than what either learned last.

usage: average.py MODEL.pt WEIGHTS.safetensors OUT.pt [--share 0.5]
--share is that of MODEL.pt.
"""
import argparse

import torch
from safetensors.torch import load_file

from label import load

a = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
a.add_argument("model")
a.add_argument("weights")
a.add_argument("out")
a.add_argument("--share", type=float, default=0.5, help="of MODEL.pt [0.5]")
args = a.parse_args()
trained = torch.load(args.model, map_location="cpu")
before = load(args.model)
before.load_exported(load_file(args.weights))
state = before.state_dict()
for name, numbers in trained["state"].items():
    trained["state"][name] = args.share * numbers + (1 - args.share) * state[name]
torch.save(trained, args.out)
