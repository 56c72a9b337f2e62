"""Writes a tiny random model in the format of deidre's models, and the logits that PyTorch gives for some windows.

Usage: vectors.py OUTDIR

The Rust encoder is tested against these (src/model/mod.rs). The network is written out once more here, apart from the one
that is trained, so that the two check each other. Needs PyTorch only; the output is the same on every run.
"""

import hashlib
import json
import math
import pathlib
import struct
import sys

import torch
from torch import nn

WIDTH, HEADS, INNER, LAYERS, POSITIONS = 32, 2, 64, 2, 24
CLUES = [12, 10, 8, 6, 16, 4]
LABELS = ["NAME", "DATE", "CITY", "PHONE"]
EPSILON = 1e-12
CLS, SEP = 101, 102


def vocabulary():
    """300 pieces: the special ones where BERT has them, letters, digits, marks and a few words."""
    lines = [f"[unused{at}]" for at in range(100)] + ["[UNK]", "[CLS]", "[SEP]", "[MASK]"]
    letters = "abcdefghijklmnopqrstuvwxyz0123456789"
    lines += list(letters) + ["##" + letter for letter in letters] + list("!\"#$%&'()*+,-./:;?@[]_")
    lines += ["the", "patient", "seen", "by", "dr", "os", "##ei", "in", "clinic", "wife", "called", "jose", "muller"]
    lines += ["##ing", "##ed", "walk", "new", "york", "o", "##bri", "##en", "東", "京"]
    lines += [f"[unused{at}]" for at in range(100, 100 + 300 - len(lines))]
    # A piece stands once only.
    lines = list(dict.fromkeys(lines))
    lines += [f"[more{at}]" for at in range(300 - len(lines))]
    assert len(lines) == len(set(lines)) == 300
    return lines


class Layer(nn.Module):
    def __init__(self):
        super().__init__()
        linear, norm = nn.Linear, lambda: nn.LayerNorm(WIDTH, eps=EPSILON)
        self.query, self.key, self.value = linear(WIDTH, WIDTH), linear(WIDTH, WIDTH), linear(WIDTH, WIDTH)
        self.attended, self.attended_norm = linear(WIDTH, WIDTH), norm()
        self.inner, self.output, self.output_norm = linear(WIDTH, INNER), linear(INNER, WIDTH), norm()

    def forward(self, x):
        split = lambda y: y.view(len(x), HEADS, WIDTH // HEADS).transpose(0, 1)
        query, key, value = split(self.query(x)), split(self.key(x)), split(self.value(x))
        weights = torch.softmax(query @ key.transpose(1, 2) / math.sqrt(WIDTH // HEADS), dim=-1)
        x = self.attended_norm(x + self.attended((weights @ value).transpose(0, 1).reshape(len(x), WIDTH)))
        return self.output_norm(x + self.output(nn.functional.gelu(self.inner(x))))

    def names(self):
        return {
            "attention.self.query": self.query,
            "attention.self.key": self.key,
            "attention.self.value": self.value,
            "attention.output.dense": self.attended,
            "attention.output.LayerNorm": self.attended_norm,
            "intermediate.dense": self.inner,
            "output.dense": self.output,
            "output.LayerNorm": self.output_norm,
        }


class Tagger(nn.Module):
    def __init__(self, size):
        super().__init__()
        self.word, self.position = nn.Embedding(size, WIDTH), nn.Embedding(POSITIONS, WIDTH)
        self.clues = nn.ModuleList(nn.Embedding(rows, WIDTH) for rows in CLUES)
        self.norm = nn.LayerNorm(WIDTH, eps=EPSILON)
        self.layers = nn.ModuleList(Layer() for _ in range(LAYERS))
        self.classifier = nn.Linear(WIDTH, 1 + 2 * len(LABELS))

    def forward(self, words, of_words=False):
        """Logits of each word; a word is its pieces and its clues. With `of_words` a row is a word, otherwise a piece."""
        if of_words:
            x = torch.stack([self.word(torch.tensor(word["pieces"])).sum(0) for word in words])
            clues, first = torch.tensor([word["clues"] for word in words]), list(range(len(words)))
        else:
            pieces, clues, first = [CLS], [[0] * len(CLUES)], []
            for word in words:
                first.append(len(pieces))
                pieces += word["pieces"]
                clues += [word["clues"]] * len(word["pieces"])
            pieces, clues = pieces + [SEP], torch.tensor(clues + [[0] * len(CLUES)])
            x = self.word(torch.tensor(pieces))
        x = x + self.position(torch.arange(len(x)))
        for at, table in enumerate(self.clues):
            x = x + table(clues[:, at])
        x = self.norm(x)
        for layer in self.layers:
            x = layer(x)
        return self.classifier(x[first])

    def tensors(self):
        parts = {
            "embeddings.word_embeddings": self.word,
            "embeddings.position_embeddings": self.position,
            "embeddings.LayerNorm": self.norm,
            "classifier": self.classifier,
        }
        parts |= {f"embeddings.clue.{at}": table for at, table in enumerate(self.clues)}
        for at, layer in enumerate(self.layers):
            parts |= {f"encoder.layer.{at}.{name}": part for name, part in layer.names().items()}
        return {f"{name}.{kind}": t.detach() for name, part in parts.items() for kind, t in part.named_parameters()}


def safetensors(tensors):
    """The bytes of a safetensors file: length of the header, header, numbers."""
    header, data = {}, b""
    for name, tensor in sorted(tensors.items()):
        bytes_ = struct.pack(f"<{tensor.numel()}f", *tensor.flatten().tolist())
        header[name] = {"dtype": "F32", "shape": list(tensor.shape), "data_offsets": [len(data), len(data) + len(bytes_)]}
        data += bytes_
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    return struct.pack("<Q", len(text)) + text + data


def main(out):
    torch.set_num_threads(1)
    torch.manual_seed(7)
    lines = vocabulary()
    ids = {line: at for at, line in enumerate(lines)}
    model = Tagger(len(lines)).eval()
    with torch.no_grad():
        for name, tensor in model.named_parameters():
            if "norm" in name:
                tensor += 0.2 * torch.randn_like(tensor)
            elif tensor.dim() == 2 and "word" not in name and "clues" not in name and "position" not in name:
                tensor.copy_(torch.randn_like(tensor) * 1.5 / math.sqrt(tensor.shape[1]))
    # The pieces are spelt by hand: they test the vocabulary as well.
    spelt = {
        "The": ["the"], "patient": ["patient"], "seen": ["seen"], "by": ["by"], "Dr": ["dr"], ".": ["."],
        "Osei": ["os", "##ei"], "in": ["in"], "clinic": ["clinic"], "José": ["jose"], "Müller": ["muller"],
        "O'Brien": ["o", "'", "b", "##r"], "walking": ["walk", "##ing"], "東京": ["東", "京"], "📞": ["[UNK]"],
        "4/5": ["4", "/", "5"], "New": ["new"], "York": ["york"], "a" * 101: ["[UNK]"],
    }
    sentences = [
        ["Osei"],
        ["The", "patient", "seen", "by", "Dr", ".", "Osei", "in", "clinic"],
        ["José", "Müller", "O'Brien", "walking", "4/5", "東京", "📞", "a" * 101],
        ["New", "York", "New", "York", "seen", "by", "The", "patient", ".", "by", "Osei", "in", "New", "clinic", "by", "Dr"],
    ]
    windows, state = [], 1
    for sentence in sentences:
        words = []
        for text in sentence:
            clues = []
            for rows in CLUES:
                state = state * 1103515245 + 12345 & 0x7FFFFFFF
                clues.append((state >> 8) % rows)
            words.append({"text": text, "pieces": [ids[piece] for piece in spelt[text]], "clues": clues})
        with torch.no_grad():
            logits = {"logits": model(words), "logits_of_words": model(words, of_words=True)}
        windows.append({"words": words, **{kind: [[round(x, 6) for x in row] for row in of.tolist()] for kind, of in logits.items()}})
    weights, text = safetensors(model.tensors()), ("\n".join(lines) + "\n").encode()
    config = {
        "name": "tiny", "format": 1, "layers": LAYERS, "width": WIDTH, "heads": HEADS, "inner": INNER,
        "vocabulary": len(lines), "positions": POSITIONS, "pieces_a_word": 4, "epsilon": EPSILON, "clues": CLUES,
        "labels": LABELS, "bias": {"NAME": 0.0}, "nothing_bias": 0.0,
        "weights_sha256": hashlib.sha256(weights).hexdigest(), "vocabulary_sha256": hashlib.sha256(text).hexdigest(),
    }
    out.mkdir(parents=True, exist_ok=True)
    (out / "config.json").write_text(json.dumps(config, indent=2) + "\n")
    (out / "weights.safetensors").write_bytes(weights)
    (out / "vocab.txt").write_bytes(text)
    (out / "vectors.json").write_text(json.dumps(windows, ensure_ascii=False) + "\n")


if __name__ == "__main__":
    main(pathlib.Path(sys.argv[1]))
