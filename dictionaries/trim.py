#!/usr/bin/env python3
"""Trims the gathered gazetteers to the sources that `deidre dictionary build` reads.

    python3 dictionaries/trim.py GAZETTEERS [OUT]

GAZETTEERS is a folder of NAME.tsv files (UTF-8, tab, one header line, no quoting) as listed in SOURCES.md; OUT is
dictionaries/sources unless told otherwise. Hand-written sources (heads.tsv, phrases_hand.tsv) are not touched. Output
is sorted, so that running it twice changes nothing.
"""
import collections
import pathlib
import re
import sys
import unicodedata

IN = pathlib.Path(sys.argv[1])
OUT = pathlib.Path(sys.argv[2]) if len(sys.argv) > 2 else pathlib.Path(__file__).parent / "sources"

SPECIAL = {"ß": "ss", "æ": "ae", "œ": "oe", "ø": "o", "ł": "l", "đ": "d", "ð": "d", "þ": "th", "ı": "i", "ħ": "h",
           "ŋ": "n", "’": "'", "ʻ": "'", "ʼ": "'", "`": "'"}


def rows(name):
    with open(IN / f"{name}.tsv", encoding="utf-8", newline="\n") as file:
        next(file)
        for line in file:
            yield line.rstrip("\r\n").split("\t")


def fold(text):
    """As `detect::dictionary::fold`: lower case, no diacritics."""
    text = "".join(SPECIAL.get(c, c) for c in text.lower())
    return "".join(c for c in unicodedata.normalize("NFKD", text) if not unicodedata.combining(c))


def write(name, header, lines):
    lines = sorted(set("\t".join(str(f) for f in line) for line in lines))
    path = OUT / f"{name}.tsv"
    path.write_text(header + "\n" + "\n".join(lines) + "\n", encoding="utf-8", newline="\n")
    print(f"{name:24} {len(lines):8} rows {path.stat().st_size:9} bytes")


WORD = re.compile(r"[a-z][a-z'-]*$")


def names(source, column=0):
    for row in rows(source):
        name = fold(row[column].strip())
        if len(name) > 1 and len(name) <= 24 and WORD.match(name):
            yield name, row


# ---- names -------------------------------------------------------------------------------------------------------
first_count = collections.Counter()
for name, row in names("firstnames_us_census2020"):
    first_count[name] = max(first_count[name], int(row[1]))
write("first_names_census", "name\tbearers_2020", first_count.items())

ssa = {name: int(row[4]) for name, row in names("firstnames_us_ssa")}
# The larger of the two counts is what the build keeps, so that the smaller need not be carried.
write("first_names_ssa", "name\tbirths_since_1930", ((n, c) for n, c in ssa.items() if c > first_count[n] or n not in first_count))
for name, count in ssa.items():
    first_count[name] = max(first_count[name], count)

last_count = collections.Counter()
for name, row in names("surnames_us_census"):
    last_count[name] = max(last_count[name], *map(int, row[1:4]))
write("surnames_census", "name\tbearers_max_2000_2010_2020", last_count.items())

# Names of the English word lists, to keep common words out of the lists without counts.
scowl = {}
for word, kind, level in rows("scowl_levels"):
    if kind == "words" and int(level) <= 70 and re.fullmatch(r"[a-z]+", fold(word)):
        word = fold(word)
        scowl[word] = min(int(level), scowl.get(word, 99))
freq = {}
for row in rows("english_case_freq"):
    word = fold(row[0])
    if re.fullmatch(r"[a-z][a-z'-]*", word) and len(word) <= 24:
        lower, title = float(row[1]), float(row[2])
        freq[word] = (max(lower, freq.get(word, (0, 0))[0]), max(title, freq.get(word, (0, 0))[1]))


def ordinary(word):
    """A word that a list without counts may not call a name."""
    lower, title = freq.get(word, (0, 0))
    return scowl.get(word, 99) <= 60 and lower >= title


def extra(source, known, column=0):
    return ((n,) for n, _ in names(source, column) if n not in known and not ordinary(n) and len(n) > 2)


write("first_names_voter", "name", extra("firstnames_us_extra_voter", first_count))
# Joined and misspelt names of 11 letters and more are seldom anyone's but one voter's.
write("surnames_voter", "name", ((n,) for (n,) in extra("surnames_us_extra_voter", last_count) if len(n) <= 10))
world = []
for source in ("names_world_faker", "names_japanese_romaji"):
    for row in rows(source):
        for name in re.split(r"[ .]+", fold(row[0].strip())):
            known = {"first": first_count, "last": last_count}[row[1]]
            if 2 < len(name) <= 20 and WORD.match(name) and name not in known and not ordinary(name):
                world.append((name, row[1][0]))  # f or l
write("names_world", "name\tkind", world)
write("names_people", "name", ((n,) for n, _ in names("names_cspell_people")
                               if n not in first_count and n not in last_count and not ordinary(n) and len(n) > 2))

# ---- English -----------------------------------------------------------------------------------------------------
write("english_levels", "word\tlevel", scowl.items())
write("english_case", "word\tlower_pm\ttitle_pm",
      ((w, f"{lo:.2g}", f"{ti:.2g}") for w, (lo, ti) in freq.items() if lo >= 0.03 or ti >= 0.03))
senses = collections.defaultdict(set)
for lemma, lexname, instance, _ in rows("wordnet_lemmas"):
    if instance == "0" and re.fullmatch(r"[a-z]{2,20}", lemma):
        senses[lemma].add({"noun": "n", "verb": "v", "adj": "a"}.get(lexname.split(".")[0], ""))
write("wordnet", "lemma\tclasses", ((w, "".join(sorted(s))) for w, s in senses.items() if "".join(s)))

# ---- places ------------------------------------------------------------------------------------------------------
population = collections.Counter()
for name, _, people in rows("cities_us_population"):
    population[name] = max(population[name], int(people))
for name, _, people in rows("cities_world_15000"):
    if all(ord(c) < 0x250 or 0x1E00 <= ord(c) < 0x1F00 for c in name) and len(name) <= 40:
        population[name] = max(population[name], int(people))
for row in rows("zip_us"):
    if not re.search(r"\d|^(apo|fpo|dpo)\b", row[1].lower()):
        population[row[1]] += 0
write("places_geonames", "name\tpopulation", population.items())
known_places = {fold(n) for n in population}
write("places_us", "name", ((r[0],) for r in rows("places_us") if fold(r[0]) not in known_places))
COUNTY = re.compile(r" (County|Parish|Borough|Census Area|Municipio|Municipality|City and Borough|Island|city)$")
write("counties_us", "name\tkind", ((COUNTY.sub("", r[3]), (COUNTY.search(r[3]) or [0, ""])[1].lower())
                                     for r in rows("counties_us")))
write("states_us", "name\tabbr\tap_abbr", ((r[0], r[1], "" if r[2] in ("None", r[0]) else r[2])
                                           for r in rows("states_us")))
write("countries", "name", ((r[0].strip(),) for r in rows("countries")))
write("streets", "term\tabbrev\tkind", rows("usps_street_terms"))

# Places that stand for one state, for generalising a city to it; the keys are those of `transform::geography`.
DROPPED = str.maketrans("-‐‑‒–", "     ", ".'")
SHORT = {"saint": "st", "fort": "ft", "mount": "mt"}


def place_key(name):
    return " ".join(SHORT.get(word, word) for word in fold(name).translate(DROPPED).split())


us = collections.defaultdict(dict)  # key: state: inhabitants
for name, state, people in rows("cities_us_population"):
    key = place_key(name)
    us[key][state] = max(int(people), us[key].get(state, 0))
for name, state, _ in rows("places_us"):
    # Not in GeoNames: small, but there. 500 is where GeoNames' list begins.
    us[place_key(name)].setdefault(state, 500)
abroad = collections.Counter()
large_abroad = set()
for name, country, people in rows("cities_world_15000"):
    key = place_key(name)
    if country in ("AS", "GU", "MP", "PR", "VI"):  # states, by 45 CFR 160.103
        us[key][country] = max(int(people), us[key].get(country, 0))
        continue
    abroad[key] += int(people)
    if int(people) >= 100_000:
        large_abroad.add(key)
# One word that is a common word or many people's name: only the large city is sure to be meant.
common = {place_key(row[0]) for row in rows("ambiguous_places")}
state_names = {place_key(row[0]) for row in rows("states_us")}
homes = collections.defaultdict(set)
for state, _, _, county in rows("counties_us"):
    homes[place_key(county)].add(state)
city_states = []
for key, states in us.items():
    state, people = max(states.items(), key=lambda item: (item[1], item[0]))
    others = sum(states.values()) - people
    if people >= max(10 * others, 10 * abroad[key], 100_000 if key in common else 2_500) and key not in state_names \
            and re.fullmatch(r"[a-z][a-z ]*", key) and homes[key] <= {state}:
        city_states.append((key, "city", state))
for key, states in homes.items():
    # With its kind, `cook county`: without, it is a town's name as well.
    if len(states) == 1 and COUNTY.search(key.title()) and key not in us and re.fullmatch(r"[a-z][a-z ]*", key):
        city_states.append((key, "county", *states))
for key in large_abroad:
    # In which states the name of a large place abroad is also that of a place, to tell `Paris, TX` from `Berlin, DE`.
    if re.fullmatch(r"[a-z][a-z ]*", key):
        city_states.append((key, "abroad", " ".join(sorted(us.get(key, ())))))
write("city_states", "name\tkind\tstates", city_states)

# ---- medicine ----------------------------------------------------------------------------------------------------
place_word = {fold(n) for n, p in population.items() if p >= 5000 and " " not in n}


def person_like(word):
    """Stands in clinical terms because someone, or some place, is called so: Smith, Parkinson, Lyme."""
    lower, title = freq.get(word, (0, 0))
    named = last_count[word] >= 1000 or first_count[word] >= 500 or word in place_word
    return named and (word not in scowl or title > 0.6 * lower)


clinical = collections.Counter()
for word, cm, pcs in rows("icd10_words"):
    clinical[fold(word)] += int(cm) + int(pcs)
clinical = {w for w, n in clinical.items() if n >= 2}
mesh = collections.Counter()
alone = set()
for (term,) in rows("mesh_headings"):
    words = set(re.findall(r"[a-z]+", fold(term)))
    mesh.update(words)
    if len(words) == 1:
        alone |= words
clinical |= {w for w, n in mesh.items() if n >= 2 or w in alone and w not in place_word}
for source in ("icd10pcs_terms", "lab_analytes"):
    words = collections.Counter(w for r in rows(source) for w in set(re.findall(r"[a-z]+", fold(r[0]))))
    clinical |= {w for w, n in words.items() if n >= 2 or source == "lab_analytes"}
for _, meaning in rows("medical_abbreviations"):
    clinical |= {w for w in re.findall(r"[a-z]+", meaning) if w in mesh}
countries = {fold(r[0].strip()) for r in rows("countries")} | {fold(r[0]) for r in rows("states_us")}
write("medical_words", "word", ((w,) for w in clinical
                                if re.fullmatch(r"[a-z]{3,30}", w) and not person_like(w) and w not in countries))
write("medical_abbreviations", "abbr", ((fold(r[0]),) for r in rows("medical_abbreviations")
                                         if re.fullmatch(r"[A-Za-z]{1,8}", r[0])))
# Brand and common names that are given names of more people than patients: kept only when a drug by far.
KEPT_DRUGS = set("allegra mirena skyla kyleena humira yaz aleve alli boniva evista lyrica zantac mounjaro adderall "
                 "xarelto eliquis azor benicar diovan avandia januvia mobic soma actos crestor zocor nexium".split())
drugs = {}
for name, kind in rows("drug_names_unii"):
    name = fold(name)
    if re.fullmatch(r"[a-z]{4,22}", name) and name not in countries and name not in place_word:
        borne = max(first_count[name], last_count[name])
        if name in KEPT_DRUGS or name in scowl or name in clinical or borne < (150 if kind == "brand" else 400):
            drugs[name] = "b" if kind == "brand" else drugs.get(name, "c")
write("drugs", "name\tkind", drugs.items())

# ---- organisations -----------------------------------------------------------------------------------------------
HEAD = {l.split("\t")[0] for l in (OUT / "heads.tsv").read_text(encoding="utf-8").splitlines()[1:]
        if l.split("\t")[1] in ("facility", "org")}


def tidy(name):
    name = re.sub(r"\s*\([^)]*\)?", "", name)
    name = re.sub(r"^(D/?B/?A|THE) ", "", name, flags=re.I)
    return re.sub(r"\s+", " ", name).strip(" ,.-\"'\\")


facilities = {}
for name, kind, sites, _, _, generic, person in rows("facilities_us"):
    name = tidy(name)
    words = re.findall(r"[a-z0-9']+", fold(name))
    if generic == "1" or not 2 <= len(words) <= 6 or len(name) > 48 or re.search(r"\b(MD|DO|M\.D|PA|PLLC|DR)\b", name):
        continue
    if kind == "clinic" and (person == "1" or not HEAD & set(words)):
        continue
    if person == "1" and not HEAD & set(words):
        continue
    key = " ".join(words)
    facilities[key] = max(int(sites), facilities.get(key, 0))
write("facilities_us", "name\tsites", facilities.items())
universities = {}
for name, domain in rows("universities_world"):
    name = tidy(re.sub(r"[\x00-\x1f]", "", name).split(",")[0].split(" - ")[0])
    words = re.findall(r"[a-z0-9']+", fold(name))
    english = re.search(r"\b(University|College|Institute|School|Academy|Seminary|Polytechnic)\b", name, flags=re.I)
    us = re.search(r"\.(edu|us|uk|ca|au|nz|ie)$|\.org$|\.com$", domain) or re.search(r"\bUniversity\b", name)
    if english and us and 2 <= len(words) <= 7 and name.isascii() and len(name) <= 56:
        universities[" ".join(words)] = 1
write("universities", "name", ((n,) for n in universities))
companies = [(tidy(re.sub(r",? (Inc|Corp|Co|Ltd|plc)\.?$", "", r[0])), "company") for r in rows("companies_sp500")]
companies += [(tidy(r[0]), r[1]) for r in rows("payers_pharmacies_hand")]
for (name,) in rows("companies_cspell"):
    word = fold(name)
    if re.fullmatch(r"[a-z]{4,}", word) and word not in scowl and word not in known_places \
            and last_count[word] < 500 and first_count[word] < 500:
        companies.append((name, "company"))
write("companies", "name\tkind", companies)

# ---- phrases that protect precision ------------------------------------------------------------------------------
NOT_EPONYM = set("africa alice brown charles east ester ferry florida george graft janus large-cell lobe louis mantle-cell "
                 "mast mast-cell maze mink nile north patella paulo pierre purpura rho sella south split-brain valley "
                 "vena cava hand-foot hand-arm post-acute post-cardiac post-concussion disease-free".split())
eponyms = {r[0] for r in rows("medical_eponyms_devices_hand")}
for term, *_ in rows("eponym_candidates"):
    parts = re.findall(r"[a-z]+", fold(term))
    # `Disease-Free`, `Tilt-Table`: capitalised in headings, no one's name.
    described = len(parts) > 1 and all(w in scowl or w in clinical for w in parts)
    if fold(term) not in NOT_EPONYM and not described:
        eponyms.add(term)
write("eponyms", "term", ((e,) for e in eponyms))

STOP = set("of with and or the a an in on to due by for from at as other not without is nos unspecified specified "
           "elsewhere classified following type left right initial subsequent encounter sequela during than any into "
           "be are which that only more less no unknown".split())
risky = {w for w in set(first_count) | set(last_count)
         if first_count[w] >= 1000 or last_count[w] >= 1500} | place_word
phrases = collections.Counter()


def windows(text, lengths, counted):
    for part in re.split(r"[,;:()\[\]/]| - ", fold(text).replace("'s ", "s ").replace("'", "")):
        words = re.findall(r"[a-z0-9]+", part)
        for n in lengths:
            for i in range(len(words) - n + 1):
                w = words[i:i + n]
                if not STOP & set(w) and risky & set(w) and not any(x.isdigit() or len(x) < 2 for x in w):
                    counted[" ".join(w)] += 1


whole = set()
for (term,) in rows("mesh_headings"):
    if re.search(r"\d", term) or len(term) > 60:
        continue
    forms = [term]
    parts = term.split(", ")
    if len(parts) == 2:
        forms.append(f"{parts[1]} {parts[0]}")
    for form in forms:
        words = re.findall(r"[a-z]+", fold(form).replace("'s ", "s ").replace("'", ""))
        if 2 <= len(words) <= 4 and risky & set(words) and "," not in form:
            whole.add(" ".join(words))
place_names = {" ".join(re.findall(r"[a-z0-9]+", fold(n))) for n in population}
for _, _, text in (r for r in rows("icd10cm_terms") if r[1] != "desc7"):
    windows(text, (2, 3), phrases)
for term, target, _ in rows("icd10pcs_terms"):
    windows(term, (2, 3), phrases)
for name, _ in rows("drug_names_unii"):
    words = re.findall(r"[a-z]+", fold(name).replace("'s ", "s ").replace("'", ""))
    if 2 <= len(words) <= 3 and risky & set(words) and re.fullmatch(r"[a-z' ]+", fold(name)) \
            and not all(w in first_count and w not in scowl for w in words):
        whole.add(" ".join(words))
medical = whole | {p for p, n in phrases.items() if n >= 2}
write("medical_phrases", "phrase", ((p,) for p in medical if p not in place_names and len(p) <= 40))

# ---- numbers -----------------------------------------------------------------------------------------------------
state_of = collections.defaultdict(collections.Counter)
zips = []
for row in rows("zip_us"):
    zips.append((row[0], row[2]))
    state_of[row[0][:3]][row[2]] += 1
tails = collections.defaultdict(set)
for code, _ in zips:
    tails[code[:3]].add(code[3:])
write("zips", "zip3\tlast_two_digits", ((z, " ".join(sorted(t))) for z, t in tails.items()))
# `restricted`: 20,000 people or fewer by Census 2020-era counts, or by Census 2000 (the list of OCR's guidance).
write("zip3", "zip3\trestricted\trestricted_2000\tpopulation_2010\tstate",
      ((r[0], r[4], r[5], r[1], (state_of[r[0]].most_common(1) or [("", 0)])[0][0]) for r in rows("zip3_population")))
# Codes that the package splits to cities only, islands, overlays since, and toll-free: from the NANPA lists, by hand.
HAND = """235 242 246 263 264 268 274 284 324 329 345 353 354 357 369 436 441 457 465 471 473 483 557 621 624 649 658
664 670 671 679 684 686 713 718 721 729 758 767 768 784 787 809 829 837 849 861 868 869 876 905 924 939
800 833 844 855 866 877 888""".split()
write("area_codes", "npa", {(r[0],) for r in rows("nanp_area_codes")} | {(n,) for n in HAND})
