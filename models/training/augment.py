#!/usr/bin/env python3
"""Makes variants of annotated notes: other people, places and numbers, other case, other layout, other damage.

usage: augment.py NOTES.jsonl SOURCES OUT.jsonl --variants N --seed S [--share 0.1] [--unseen]
NOTES.jsonl: {"id", "kind", "text", "spans": [{"start", "end", "type"}]}, offsets in code points, spans apart.
SOURCES: dictionaries/sources. Variant K of a note is called ID@K. What is exchanged is exchanged alike throughout a note.

One name in eight of the sources (by checksum) is kept out, so that names the model has never seen can be measured.
"""
import argparse
import json
import random
import re
import zlib
from pathlib import Path

MONTHS = "January February March April May June July August September October November December".split()
SHORT = [m[:3] for m in MONTHS]
WORD = re.compile(r"[^\W\d_]+(?:['’][^\W\d_]+)*")
LETTERS = "abcdefghijklmnopqrstuvwxyz"


def held_out(name):
    return zlib.crc32(name.lower().encode()) % 8 == 0


class Pools:
    """What names, places and organisations are drawn from."""

    def __init__(self, sources, unseen=False):
        left_out = (lambda name: not held_out(name)) if unseen else held_out
        rows = lambda name: [l.rstrip("\n").split("\t") for l in open(sources / name, encoding="utf-8")][1:]
        lower = {}
        for row in rows("english_case.tsv"):
            try:
                lower[row[0].lower()] = float(row[1])
            except (ValueError, IndexError):
                pass
        self.words = {w for w, f in lower.items() if f >= 1.0}

        def counted(name, power):
            names, weights = [], []
            for n, count in rows(name):
                if count.isdigit() and len(n) > 1 and not left_out(n):
                    names.append(n)
                    weights.append(int(count) ** power)
            return names, self.sums(weights)

        self.last, self.last_sums = counted("surnames_census.tsv", 0.6)
        self.first, self.first_sums = counted("first_names_ssa.tsv", 0.6)
        self.world_first = [r[0] for r in rows("names_world.tsv") if "f" in r[1] and not left_out(r[0])]
        self.world_last = [r[0] for r in rows("names_world.tsv") if "l" in r[1] and not left_out(r[0])]
        self.last_words = [n for n in self.last if n in self.words and len(n) > 2][:6000]
        self.first_words = [n for n in self.first if n in self.words and len(n) > 2][:3000]
        self.is_first, self.is_last = set(self.first), set(self.last)
        places = [(r[0], int(r[1])) for r in rows("places_geonames.tsv") if len(r) > 1 and r[1].isdigit()]
        self.cities = [p for p, _ in places if re.fullmatch(r"[A-Za-z' .-]{3,24}", p)]
        self.cities_sums = self.sums([(n + 500) ** 0.4 for p, n in places if re.fullmatch(r"[A-Za-z' .-]{3,24}", p)])
        self.towns = [r[0] for r in rows("places_us.tsv") if re.fullmatch(r"[A-Za-z' .-]{3,24}", r[0])]
        self.facilities = [r[0] for r in rows("facilities_us.tsv") if re.fullmatch(r"[a-z' .&-]{6,44}", r[0])]
        self.universities = [r[0] for r in rows("universities.tsv") if re.fullmatch(r"[a-z' .&-]{6,44}", r[0])]

    @staticmethod
    def sums(weights):
        total, out = 0.0, []
        for w in weights:
            total += w
            out.append(total)
        return out

    def surname(self, draw):
        k = draw.random()
        if k < 0.70:
            return draw.choices(self.last, cum_weights=self.last_sums)[0]
        if k < 0.82:
            return draw.choice(self.last_words)
        if k < 0.92:
            return draw.choice(self.world_last)
        return draw.choice(self.last)

    def given(self, draw):
        k = draw.random()
        if k < 0.68:
            return draw.choices(self.first, cum_weights=self.first_sums)[0]
        if k < 0.80:
            return draw.choice(self.first_words)
        if k < 0.92:
            return draw.choice(self.world_first)
        return draw.choice(self.first)

    def city(self, draw):
        return draw.choices(self.cities, cum_weights=self.cities_sums)[0] if draw.random() < 0.6 else draw.choice(self.towns)

    def facility(self, draw, like):
        k = draw.random()
        if k < 0.25:
            return titled(draw.choice(self.facilities))
        if re.search(r"school|university|college|academy|elementary", like, re.I):
            if k < 0.5:
                return titled(draw.choice(self.universities))
            head = draw.choice(["Elementary", "Elementary School", "High School", "Middle School", "Community College", "Academy", "Montessori", "University", "High", "Preschool"])
        elif re.search(r"pharm|drug", like, re.I):
            head = draw.choice(["Pharmacy", "Drugs", "Drug", "Apothecary", "Drugstore"])
        else:
            head = draw.choice(FACILITY_HEADS)
        stem = draw.choice([
            lambda: titled(self.surname(draw)), lambda: self.city(draw), lambda: "St. " + titled(self.given(draw)),
            lambda: draw.choice(NATURE) + draw.choice([" ", ""]).strip() + " " + draw.choice(NATURE),
            lambda: draw.choice(NATURE), lambda: titled(self.given(draw)) + " " + titled(self.surname(draw)),
            lambda: self.city(draw) + " " + draw.choice(["Regional", "Memorial", "General", "County", "Community"]),
        ])()
        if draw.random() < 0.10:
            return stem
        if draw.random() < 0.08:
            return head.split()[0] + " of " + self.city(draw)
        return stem + " " + head

    def employer(self, draw):
        one = lambda: titled(self.surname(draw))
        return draw.choice([
            lambda: one() + " & " + one(), lambda: one() + " and Sons", lambda: one() + " " + draw.choice(TRADES),
            lambda: self.city(draw) + " " + draw.choice(["Police Department", "Fire Department", "School District", "Public Library", "Public Works", "PD", "Transit", "Parks and Recreation"]),
            lambda: "First " + draw.choice(["Baptist", "Methodist", "Presbyterian", "Lutheran"]) + " Church of " + self.city(draw),
            lambda: "St. " + titled(self.given(draw)) + draw.choice([" Parish", " Lutheran Church", "'s Church", " Catholic Church"]),
            lambda: draw.choice(NATURE) + " " + draw.choice(TRADES), lambda: draw.choice(NATURE) + draw.choice(NATURE).lower() + " " + draw.choice(["Inc.", "LLC", "Corp.", "Co."]),
            lambda: one() + draw.choice([" Construction", " Plumbing", " Trucking", " Law Group", " Diner", " Bakery", " Farms", " Industries", " Logistics"]),
            lambda: one() + ", " + one() + " & " + one() + draw.choice(["", " LLP"]),
            lambda: one() + " County " + draw.choice(["Court", "Sheriff's Office", "Superior Court", "Jail", "Health Department"]),
        ])()


FACILITY_HEADS = """Hospital|Medical Center|Clinic|Family Medicine|Health Center|Nursing Home|Rehab|Rehabilitation Center|Care Center|Pediatrics
Memorial Hospital|General Hospital|Regional Medical Center|Community Hospital|Surgery Center|Orthopedics|Cardiology Associates|Dental|Dialysis
Assisted Living|Manor|Hospice|Skilled Nursing|Urgent Care|Women's Health|Imaging|Laboratory|Eye Institute|Cancer Center|Children's Hospital
Behavioral Health|Recovery Center|Shelter|House|Villa|Terrace|Gardens|Correctional Facility|County Jail|Primary Care|Internal Medicine|Physical Therapy
Infirmary|VA Medical Center|Health System|Heart Institute|Wellness Center|Home|Lodge|Court|Estates|Place|Pavilion|Tower""".replace("\n", "|").split("|")
NATURE = """Cedar Maple Willow Oak Pine Birch Elm Harbor River Lake Ridge Valley Summit Meadow Prairie Canyon Bay Ocean Sunrise Sunset Stone Crystal
Silver Golden Blue Green Red White North South East West Highland Lakeside Riverside Hillcrest Parkview Fairview Pleasant Heritage Liberty Unity Hope Grace
Mercy Providence Trinity Eagle Falcon Heron Fox Bear Wolf Iron Granite Copper Mill Garden Orchard Spring Winter Summer Autumn Evergreen Clear Bright""".split()
TRADES = """Lumber|Foods|Roofing|Motors|Auto Body|Electric|Steel|Dairy|Packaging|Software|Realty|Insurance Agency|Landscaping|Hardware|Textiles|Brewing|Paper
Freight|Aviation|Machine Shop|Poultry|Cabinets|Tire|Marine|Catering|Cleaners|Books|Market|Grocery|Bowling League|Rotary Club|Little League|Union Local 12""".replace("\n", "|").split("|")


def titled(text):
    return re.sub(r"(^|[\s'-])([a-z])", lambda m: m.group(1) + m.group(2).upper(), text).replace("'S", "'s")


def cased(like, text):
    letters = [c for c in like if c.isalpha()]
    if len(letters) > 1 and all(c.isupper() for c in letters):
        return text.upper()
    if letters and all(c.islower() for c in letters):
        return text.lower()
    return text


class Variant:
    """Exchanges within one note."""

    def __init__(self, pools, draw, note):
        self.pools, self.draw, self.map = pools, draw, {}
        self.people = draw.random() < 0.85
        self.places = draw.random() < 0.7
        self.organisations = draw.random() < 0.55
        self.numbers = draw.random() < 0.7
        self.dates = draw.random() < 0.6

    def name(self, value):
        first = [True]

        def word(match):
            text = match.group(0)
            lead = first[0]
            first[0] = False
            stem, tail = (text[:-2], text[-2:]) if text[-2:] in ("'s", "’s") else (text, "")
            key = stem.lower()
            if key in ("jr", "sr", "ii", "iii", "de", "la", "van", "von", "der", "bin", "al", "del", "da", "st"):
                return text
            if key not in self.map:
                if len(key) == 1:
                    new = self.draw.choice(LETTERS)
                elif self.draw.random() < 0.06:
                    new = key
                elif len(key) <= 3 and text.isupper() or key not in self.pools.is_first and key not in self.pools.is_last and text.islower() and len(key) <= 4:
                    new = "".join(self.draw.choice(LETTERS) for _ in key)
                else:
                    given = lead if (key in self.pools.is_first) == (key in self.pools.is_last) else key in self.pools.is_first
                    new = self.pools.given(self.draw) if given else self.pools.surname(self.draw)
                self.map[key] = new.lower()
            new = self.map[key]
            if stem.isupper() and len(stem) > 1 or len(stem) == 1 and stem.isupper():
                new = new.upper()
            elif stem[:1].isupper():
                new = titled(new)
                if new.startswith("Mc") and len(new) > 4 and self.draw.random() < 0.8:
                    new = "Mc" + new[2:].capitalize()
            return new + tail

        return WORD.sub(word, value)

    def digits(self, value, letters):
        out, lead = [], True
        for c in value:
            if c.isdigit():
                out.append(self.draw.choice("123456789" if lead and c != "0" else "0123456789"))
                lead = False
            elif letters and c.isalpha() and c.isascii() and self.draw.random() < 0.35:
                new = self.draw.choice(LETTERS)
                out.append(new.upper() if c.isupper() else new)
            else:
                out.append(c)
        return "".join(out)

    def date(self, value):
        month = self.draw.randrange(12)

        def word(m):
            text = m.group(0)
            for names in (MONTHS, SHORT):
                for name in names:
                    if text.lower() == name.lower():
                        new = names[month]
                        return new.upper() if text.isupper() else new if text[0].isupper() else new.lower()
            return text

        value = WORD.sub(word, value)
        match = re.fullmatch(r"(\d{1,2})([/.-])(\d{1,2})(?:([/.-])(\d{4}|\d{2}))?", value)
        if match:
            m, s, d, t, y = match.groups()
            m2, d2 = month + 1, self.draw.randint(1, 28)
            pad = lambda n, old: f"{n:02}" if len(old) == 2 and old[0] == "0" or len(old) == 2 and n < 10 and self.draw.random() < 0.3 else str(n)
            if int(m) > 12:
                m2, d2 = d2, m2
            out = pad(m2, m) + s + pad(d2, d)
            if y:
                year = self.draw.randint(1931, 2026) if self.draw.random() < 0.4 else self.draw.randint(2015, 2026)
                out += t + (str(year) if len(y) == 4 else f"{year % 100:02}")
            return out
        match = re.fullmatch(r"(\d{4})-(\d\d)-(\d\d)", value)
        if match:
            return f"{self.draw.randint(1931, 2026)}-{month + 1:02}-{self.draw.randint(1, 28):02}"

        def number(m):
            text = m.group(0)
            if len(text) == 4 and text[:2] in ("19", "20"):
                return str(self.draw.randint(1931, 2026))
            if len(text) <= 2 and 1 <= int(text) <= 31 and "'" not in value:
                new = self.draw.randint(1, 28)
                return f"{new:02}" if len(text) == 2 and text[0] == "0" else str(new)
            return text

        suffixed = re.sub(r"\b(\d{1,2})(st|nd|rd|th)\b", lambda m: ordinal(self.draw.randint(1, 28)), value)
        return suffixed if suffixed != value else re.sub(r"\d+", number, value)

    def value(self, text, label):
        if "\n" in text and label not in ("NAME", "PHONE"):
            return text
        key = (label, text.lower())
        if label == "NAME":
            return self.name(text) if self.people else text
        if key in self.map:
            return cased(text, self.map[key])
        new = text
        if label == "CITY" and self.places:
            new = cased(text, self.pools.city(self.draw))
        elif label == "FACILITY" and self.organisations:
            # Its people have other names now.
            new = self.pools.facility(self.draw, text) if self.draw.random() < 0.7 else text
            new = cased(text, new)
        elif label == "EMPLOYER" and self.organisations:
            new = cased(text, self.pools.employer(self.draw)) if self.draw.random() < 0.7 else text
        elif label == "DATE" and self.dates:
            new = self.date(text)
        elif label == "AGE90" and self.numbers and text.isdigit():
            new = str(self.draw.randint(90, 104))
        elif label == "AGE" and self.numbers and text.isdigit():
            new = str(self.draw.randint(1, 89))
        elif label == "STREET" and self.places:
            new = self.digits(text, False)
            words = [w for w in WORD.findall(new) if w.lower() in self.pools.is_last and len(w) > 3 and w.lower() not in STREET_WORDS]
            if words and self.draw.random() < 0.7:
                old = words[0]
                new = new.replace(old, cased(old, titled(self.pools.surname(self.draw))), 1)
        elif label in ("PHONE", "FAX", "SSN", "ZIP") and self.numbers:
            new = self.digits(text, False)
        elif label in CODES and self.numbers and any(c.isdigit() for c in text):
            new = self.digits(text, True)
        self.map[key] = new
        return new


STREET_WORDS = set("street avenue road drive lane court place north south east west apartment suite unit floor building boulevard terrace circle highway route trail park".split())
CODES = {"MRN", "HEALTH_PLAN", "ACCOUNT", "LICENSE", "VEHICLE", "DEVICE", "BIOMETRIC", "OTHER_ID"}


def ordinal(n):
    return f"{n}{'th' if 10 <= n % 100 <= 20 else {1: 'st', 2: 'nd', 3: 'rd'}.get(n % 10, 'th')}"


def pieces(note):
    """The note as pieces of text with their label."""
    out, at = [], 0
    for span in sorted(note["spans"], key=lambda s: s["start"]):
        if span["start"] < at or span["end"] <= span["start"]:
            continue
        if span["start"] > at:
            out.append([note["text"][at:span["start"]], None])
        out.append([note["text"][span["start"]:span["end"]], span["type"]])
        at = span["end"]
    out.append([note["text"][at:], None])
    return out


def typo(word, draw):
    if len(word) < 4:
        return word
    i = draw.randrange(1, len(word) - 1)
    k = draw.random()
    if k < 0.4:
        return word[:i] + word[i + 1] + word[i] + word[i + 2:]
    if k < 0.7:
        return word[:i] + word[i + 1:]
    if k < 0.85:
        return word[:i] + word[i] + word[i:]
    return word[:i] + draw.choice(LETTERS) + word[i + 1:]


OCR = {"l": "1", "O": "0", "o": "0", "I": "l", "rn": "m", "m": "rn", "S": "5", "e": "c", "B": "8"}


def damage(parts, draw):
    """Case, layout and errors; each of them in few notes."""
    k = draw.random()
    if k < 0.07:
        parts = [[t.upper() if len(t.upper()) == len(t) else t, l] for t, l in parts]
    elif k < 0.15:
        parts = [[t.lower(), l] for t, l in parts]
    elif k < 0.19:  # capitals come and go by line
        state = [False]

        def lines(t):
            out = []
            for line in t.splitlines(keepends=True):
                out.append(line.upper() if state[0] and len(line.upper()) == len(line) else line)
                if line.endswith("\n"):
                    state[0] = draw.random() < 0.3
            return "".join(out)

        parts = [[lines(t), l] for t, l in parts]
    elif k < 0.24:  # only the names lose their capitals
        parts = [[t.lower() if l in ("NAME", "CITY", "FACILITY", "EMPLOYER") else t, l] for t, l in parts]
    if draw.random() < 0.08:  # punctuation is dropped
        rate = draw.choice([0.1, 0.4, 0.9])
        parts = [[re.sub(r"[.,;:]", lambda m: m.group(0) if draw.random() > rate else "", t) if l in (None, "NAME", "FACILITY") else t, l] for t, l in parts]
    if draw.random() < 0.12:  # typing errors
        rate = draw.choice([0.01, 0.03])
        parts = [[WORD.sub(lambda m: typo(m.group(0), draw) if draw.random() < rate * (3 if l == "NAME" else 1) else m.group(0), t), l] for t, l in parts]
    if draw.random() < 0.05:  # scanned
        parts = [["".join(OCR.get(c, c) if draw.random() < 0.02 else c for c in t), l] for t, l in parts]
    k = draw.random()
    if k < 0.06:  # one long line
        parts = [[re.sub(r"\s*\n\s*", " ", t), l] for t, l in parts]
    elif k < 0.12:  # wrapped
        rate = draw.choice([0.03, 0.08])
        parts = [[re.sub(r" ", lambda m: "\n" if draw.random() < rate else " ", t), l] for t, l in parts]
    elif k < 0.15:  # tabs and columns
        parts = [[re.sub(r": ", lambda m: draw.choice([":\t", ":   ", ":"]), t), l] for t, l in parts]
    if draw.random() < 0.05:  # glued
        parts = [[re.sub(r"([,.;:]) ", lambda m: m.group(1) if draw.random() < 0.2 else m.group(0), t), l] for t, l in parts]
    return parts


def variant(pools, note, draw, plain):
    swap = Variant(pools, draw, note)
    parts = [[swap.value(t, l) if l else t, l] for t, l in pieces(note)]
    if not plain:
        parts = damage(parts, draw)
    text, spans = "", []
    for t, label in parts:
        if label and t.strip():
            lead = len(t) - len(t.lstrip())
            spans.append({"start": len(text) + lead, "end": len(text) + len(t.rstrip()), "type": label})
        text += t
    return {"text": text, "spans": spans}


def main():
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("notes")
    arguments.add_argument("sources", type=Path)
    arguments.add_argument("out")
    arguments.add_argument("--variants", type=int, default=8)
    arguments.add_argument("--seed", type=int, default=1)
    arguments.add_argument("--share", type=float, default=1.0, help="of the notes that are taken for each variant")
    arguments.add_argument("--unseen", action="store_true", help="draw the names that training never saw, and only those; no damage")
    args = arguments.parse_args()
    pools, draw = Pools(args.sources, args.unseen), random.Random(args.seed)
    notes = [json.loads(line) for line in open(args.notes, encoding="utf-8")]
    with open(args.out, "w", encoding="utf-8") as out:
        for k in range(args.variants):
            for note in notes:
                if draw.random() >= args.share:
                    continue
                new = variant(pools, note, draw, draw.random() < 0.35 or args.unseen)
                out.write(json.dumps({"id": f"{note['id']}@{k}", "kind": note.get("kind"), **new}, ensure_ascii=False) + "\n")


if __name__ == "__main__":
    main()
