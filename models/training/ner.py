"""The encoder, its data and its decoding, as `src/model` runs them."""
import json
import math
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn

LABELS = """NAME DATE AGE90 STREET CITY ZIP FACILITY EMPLOYER PHONE FAX EMAIL URL IP SSN MRN HEALTH_PLAN ACCOUNT LICENSE VEHICLE DEVICE
BIOMETRIC OTHER_ID STATE COUNTRY YEAR AGE PROFESSION ORG_OK""".split()
IDENTIFIERS = LABELS[:22]
CLS, SEP, UNK = 101, 102, 100
PIECES_A_WORD = 4
IGNORE = -100


class Config:
    """`rows` says what a row of the encoder is: a piece, between [CLS] and [SEP], or a word, the sum of its pieces, between none."""

    def __init__(self, layers, width, heads, inner, clues, vocabulary=30522, positions=128, epsilon=1e-12, rows="pieces"):
        self.layers, self.width, self.heads, self.inner, self.rows = layers, width, heads, inner, rows
        self.clues, self.vocabulary, self.positions, self.epsilon = list(clues), vocabulary, positions, epsilon


class Layer(nn.Module):
    def __init__(self, c, dropout):
        super().__init__()
        self.heads, self.dropout = c.heads, dropout
        self.query, self.key, self.value, self.dense = (nn.Linear(c.width, c.width) for _ in range(4))
        self.norm1, self.norm2 = nn.LayerNorm(c.width, c.epsilon), nn.LayerNorm(c.width, c.epsilon)
        self.up, self.down = nn.Linear(c.width, c.inner), nn.Linear(c.inner, c.width)

    def forward(self, x, mask):
        b, n, d = x.shape
        split = lambda t: t.view(b, n, self.heads, d // self.heads).transpose(1, 2)
        rate = self.dropout if self.training else 0.0
        seen = F.scaled_dot_product_attention(split(self.query(x)), split(self.key(x)), split(self.value(x)), attn_mask=mask, dropout_p=rate)
        x = self.norm1(x + F.dropout(self.dense(seen.transpose(1, 2).reshape(b, n, d)), rate, self.training))
        return self.norm2(x + F.dropout(self.down(F.gelu(self.up(x))), rate, self.training))


class Ner(nn.Module):
    """BERT (Devlin et al. 2019) with a sum of clue embeddings where its token types were, and a head for each word."""

    def __init__(self, config, dropout=0.1, without_clues=False):
        super().__init__()
        self.config, self.rate, self.without_clues = config, dropout, without_clues
        self.word = nn.Embedding(config.vocabulary, config.width)
        self.position = nn.Embedding(config.positions, config.width)
        self.clue = nn.ModuleList(nn.Embedding(n, config.width) for n in config.clues)
        self.norm = nn.LayerNorm(config.width, config.epsilon)
        self.layers = nn.ModuleList(Layer(config, dropout) for _ in range(config.layers))
        self.classifier = nn.Linear(config.width, 1 + 2 * len(LABELS))
        for m in self.modules():
            if isinstance(m, (nn.Linear, nn.Embedding)):
                nn.init.normal_(m.weight, std=0.02)

    def forward(self, pieces, clues, lengths):
        n = pieces.shape[1]
        x = self.word(pieces)
        if self.config.rows == "words":
            x = (x * (pieces > 0).unsqueeze(-1)).sum(2)
        x = x + self.position.weight[:n]
        for i, table in enumerate(self.clue):
            x = x + table(clues[:, :, i] * (0 if self.without_clues else 1))
        x = F.dropout(self.norm(x), self.rate, self.training)
        mask = None
        if int(lengths.min()) < n:
            mask = (torch.arange(n)[None, :] < lengths[:, None])[:, None, None, :]
        for layer in self.layers:
            x = layer(x, mask)
        return self.classifier(x)

    # Names of BERT's tensors.
    RENAME = [("word.", "embeddings.word_embeddings."), ("position.", "embeddings.position_embeddings."), ("clue.", "embeddings.clue."),
              ("norm.", "embeddings.LayerNorm.")]
    INNER = {"query": "attention.self.query", "key": "attention.self.key", "value": "attention.self.value", "dense": "attention.output.dense",
             "norm1": "attention.output.LayerNorm", "up": "intermediate.dense", "down": "output.dense", "norm2": "output.LayerNorm"}

    @classmethod
    def bert_name(cls, name):
        if name.startswith("layers."):
            _, l, part, what = name.split(".")
            return f"encoder.layer.{l}.{cls.INNER[part]}.{what}"
        for own, bert in cls.RENAME:
            if name.startswith(own):
                return bert + name[len(own):]
        return name

    def load_exported(self, tensors):
        """Takes over what export.py wrote; int8 is multiplied by its scales. Of more inner units than there are here those with
        the largest weights are taken."""
        with torch.no_grad():
            read = {}
            for name, p in self.named_parameters():
                key = self.bert_name(name)
                scale = tensors.get(key + ".scale")
                read[name] = tensors[key].float() * (1 if scale is None else scale.float()[:, None])
            for l in range(self.config.layers):
                up, down = read[f"layers.{l}.up.weight"], read[f"layers.{l}.down.weight"]
                kept = (up.norm(dim=1) * down.norm(dim=0)).topk(self.config.inner).indices.sort().values
                for part in ("up.weight", "up.bias"):
                    read[f"layers.{l}.{part}"] = read[f"layers.{l}.{part}"][kept]
                read[f"layers.{l}.down.weight"] = down[:, kept]
            for name, p in self.named_parameters():
                p.copy_(read[name])

    def load_bert(self, tensors, layers=None):
        """Takes over what a BERT has; `layers` says which of its layers become ours."""
        with torch.no_grad():
            for name, p in self.named_parameters():
                key = self.bert_name(name)
                if layers and name.startswith("layers."):
                    l = int(name.split(".")[1])
                    key = key.replace(f"layer.{l}.", f"layer.{layers[l]}.")
                if key in tensors and tensors[key].shape[1:] == p.shape[1:]:
                    p.copy_(tensors[key][: p.shape[0]])
            if "embeddings.token_type_embeddings.weight" in tensors and self.clue[0].embedding_dim == tensors["embeddings.token_type_embeddings.weight"].shape[1]:
                self.clue[0].weight += tensors["embeddings.token_type_embeddings.weight"][0]


class Pieces:
    """Words to piece ids, remembered."""

    def __init__(self, vocabulary):
        from tokenizers import Tokenizer, models, normalizers, pre_tokenizers

        vocab = {w.rstrip("\n"): i for i, w in enumerate(open(vocabulary, encoding="utf-8"))}
        self.tokenizer = Tokenizer(models.WordPiece(vocab, unk_token="[UNK]", max_input_chars_per_word=100))
        self.tokenizer.normalizer = normalizers.BertNormalizer(lowercase=True)
        self.tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
        self.known = {}

    def __call__(self, word):
        ids = self.known.get(word)
        if ids is None:
            ids = self.tokenizer.encode(word, add_special_tokens=False).ids[:PIECES_A_WORD] or [UNK]
            self.known[word] = ids
        return ids


class Notes:
    """Notes as flat arrays: pieces and clues by word, words by note. `rows` is that of the encoder's configuration."""

    def __init__(self, files, pieces, rows="pieces"):
        ids, counts, clues, gold, opened, self.bounds, self.names, self.weights = [], [], [], [], [], [0], [], []
        self.texts, self.offsets = [], []
        for file in files:
            for line in open(file, encoding="utf-8"):
                note = json.loads(line)
                if "sizes" in note:
                    self.sizes = note["sizes"]
                    continue
                spans = sorted(note["spans"], key=lambda s: s["start"])
                kind = note.get("kind") or ""
                partly = kind in ("background", "labels")
                at, last = 0, None
                for row in note["words"]:
                    start, end, is_open, clue = row[0], row[1], row[2], row[3:]
                    p = pieces(note["text"][start:end])
                    ids.extend(p)
                    counts.append(len(p))
                    clues.append(clue)
                    opened.append(is_open)
                    while at < len(spans) and spans[at]["end"] <= start:
                        at += 1
                    if at < len(spans) and spans[at]["start"] < end:
                        k = LABELS.index(spans[at]["type"])
                        gold.append(IGNORE if kind == "labels" and k else 1 + 2 * k + (0 if last != at else 1))
                        last = at
                    else:
                        # Where not all is annotated, what rules call anything but a name is left open.
                        said = clue[3]
                        gold.append(IGNORE if partly and said not in (0, 1, 2, 57) else 0)
                self.bounds.append(len(counts))
                self.names.append(note["id"])
                self.weights.append(0.5 if partly else 1.0)
                self.texts.append(note["text"])
                self.offsets.append([row[:2] for row in note["words"]])
        self.ids = np.array(ids, np.int32)
        self.counts = np.array(counts, np.int32)
        self.starts = np.concatenate([[0], np.cumsum(self.counts)]).astype(np.int64)
        self.words = rows == "words"
        # Rows before each word, and rows that stand around a window.
        self.before = np.arange(len(counts) + 1) if self.words else self.starts
        self.around = 0 if self.words else 2
        self.clues = np.array(clues, np.int16)
        self.gold = np.array(gold, np.int16)
        self.open = np.array(opened, bool)

    def windows(self, draw=None, room=126):
        """Ranges of words that fit `room` rows; of random lengths where `draw` is given, half of the words in short ranges, as
        the engine shows them."""
        short = [room, 48, 30, 30, 24, 24, 18, 18] if self.words else [room, 64, 40, 40, 32, 32, 24, 24]
        out = []
        for note, (low, high) in enumerate(zip(self.bounds, self.bounds[1:])):
            at = low
            while at < high:
                most = room
                if draw is not None:
                    most = int(draw.choice(short)) if at > low else int(draw.integers(16, room))
                end = int(np.searchsorted(self.before, self.before[at] + most, "right")) - 1
                end = min(max(end, at + 1), high)
                out.append((note, at, end))
                at = end
        return out

    def overlapping(self, room=126, overlap=24):
        """Windows with context for prediction: (note, from, to, first wanted, end of wanted)."""
        out = []
        for note, (low, high) in enumerate(zip(self.bounds, self.bounds[1:])):
            at = low
            while at < high:
                start = max(low, at - overlap)
                end = int(np.searchsorted(self.before, self.before[start] + room, "right")) - 1
                end = min(max(end, at + 1), high)
                wanted = end if end == high else max(at + 1, end - overlap)
                out.append((note, start, end, at, wanted))
                at = wanted
        return out

    def batch(self, windows):
        """Tensors of windows (note, from, to, ...), padded: pieces, clues, lengths, and for each window the row of each
        word, that of its first piece where it has several."""
        sizes = [int(self.before[w[2]] - self.before[w[1]]) + self.around for w in windows]
        n = max(sizes)
        if self.words:
            return self.batch_of_words(windows, sizes, n)
        pieces = np.zeros((len(windows), n), np.int64)
        clues = np.zeros((len(windows), n, self.clues.shape[1]), np.int64)
        firsts = []
        for i, w in enumerate(windows):
            low, high = w[1], w[2]
            size = sizes[i]
            pieces[i, 0], pieces[i, size - 1] = CLS, SEP
            pieces[i, 1:size - 1] = self.ids[self.starts[low]:self.starts[high]]
            clues[i, 1:size - 1] = np.repeat(self.clues[low:high], self.counts[low:high], axis=0)
            firsts.append(self.starts[low:high] - self.starts[low] + 1)
        return torch.from_numpy(pieces), torch.from_numpy(clues), torch.tensor(sizes), firsts


    def batch_of_words(self, windows, sizes, n):
        pieces = np.zeros((len(windows), n, PIECES_A_WORD), np.int64)
        clues = np.zeros((len(windows), n, self.clues.shape[1]), np.int64)
        for i, (_, low, high, *_) in enumerate(windows):
            of_word = np.repeat(np.arange(high - low), self.counts[low:high])
            place = np.arange(self.starts[low], self.starts[high]) - np.repeat(self.starts[low:high], self.counts[low:high])
            pieces[i, of_word, place] = self.ids[self.starts[low]:self.starts[high]]
            clues[i, :high - low] = self.clues[low:high]
        return torch.from_numpy(pieces), torch.from_numpy(clues), torch.tensor(sizes), [np.arange(size) for size in sizes]


def batches(notes, windows, budget, draw=None):
    """Windows of like length together, at most `budget` rows with padding a batch."""
    order = sorted(range(len(windows)), key=lambda i: notes.before[windows[i][2]] - notes.before[windows[i][1]])
    groups, group = [], []
    for i in order:
        size = int(notes.before[windows[i][2]] - notes.before[windows[i][1]]) + notes.around
        if group and size * (len(group) + 1) > budget:
            groups.append(group)
            group = []
        group.append(windows[i])
    if group:
        groups.append(group)
    if draw is not None:
        draw.shuffle(groups)
    return groups


@torch.no_grad()
def logits(model, notes, budget=4096):
    """Logits of every word of every note."""
    model.eval()
    out = np.zeros((len(notes.counts), 1 + 2 * len(LABELS)), np.float32)
    for group in batches(notes, notes.overlapping(), budget):
        pieces, clues, lengths, firsts = notes.batch(group)
        y = model(pieces, clues, lengths).float().numpy()
        for i, (_, start, end, low, high) in enumerate(group):
            out[low:high] = y[i, firsts[i][low - start:high - start]]
    return out


def decode(scores, bias):
    """The best well-formed tags (Viterbi) of one note's log-probabilities [words, tags]."""
    k = scores.shape[1]
    allowed = np.full((k, k), -1e9, np.float32)
    allowed[:, 0] = 0
    allowed[:, 1::2] = 0
    for i in range(2, k, 2):
        allowed[i, i] = allowed[i - 1, i] = 0
    best = scores[0] + bias
    best[2::2] = -1e9
    back = []
    for row in scores[1:]:
        through = best[:, None] + allowed
        b = through.argmax(0)
        back.append(b)
        best = through[b, np.arange(k)] + row + bias
    tag = int(best.argmax())
    tags = [tag]
    for b in reversed(back):
        tag = int(b[tag])
        tags.append(tag)
    return tags[::-1]


def bias_vector(config):
    bias = np.zeros(1 + 2 * len(LABELS), np.float32)
    bias[0] = config.get("nothing_bias", 0.0)
    for name, value in config.get("bias", {}).items():
        k = LABELS.index(name)
        bias[1 + 2 * k] = bias[2 + 2 * k] = value
    return bias


def log_softmax(x):
    x = x - x.max(-1, keepdims=True)
    return x - np.log(np.exp(x).sum(-1, keepdims=True))


def spans(notes, scores, bias):
    """Predicted spans by note id, in code points."""
    out = {}
    for i, (low, high) in enumerate(zip(notes.bounds, notes.bounds[1:])):
        found, tags = [], decode(scores[low:high], bias) if high > low else []
        for w, tag in enumerate(tags):
            start, end = notes.offsets[i][w]
            if tag == 0:
                continue
            label = LABELS[(tag - 1) // 2]
            if tag % 2 == 0 and found and found[-1]["type"] == label and found[-1]["word"] == w - 1:
                found[-1]["end"], found[-1]["word"] = end, w
            else:
                found.append({"start": start, "end": end, "type": label, "word": w})
        out[notes.names[i]] = [{k: v for k, v in f.items() if k != "word"} for f in found]
    return out
