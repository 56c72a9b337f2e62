"""What every engine is measured by alike: the greeting, the environment of its process, and what counts as a span."""
import json
import os

# Searched before the clock starts, so that what loads late has loaded. Letters of several bytes stand before the address:
# offsets that count bytes miss it.
MAIL = "zoe.ruiz@example.org"
GREETING = f"Zoë Ruíz (née Müller) – «Señora Ángela» – was seen on 3/4/2021. Write to {MAIL}, or call 212-555-0143.\n"

PASSED_ON = ("PATH", "HOME", "LANG", "LC_ALL", "TMPDIR", "LD_LIBRARY_PATH")
THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "BLIS_NUM_THREADS", "RAYON_NUM_THREADS")


def environment():
    """For the process of an engine: one thread, and nothing of the caller's settings that would make it slower or faster."""
    kept = {name: os.environ[name] for name in PASSED_ON if name in os.environ}
    return {**kept, **{name: "1" for name in THREADS}, "PYTHONHASHSEED": "0", "PYTHONUTF8": "1"}


def line(key, text):
    return json.dumps({"id": key, "text": text}, ensure_ascii=False) + "\n"


def check_span(span, text):
    """Raises ValueError for what is no span of `text` in code points."""
    start, end, label = span
    if not (isinstance(start, int) and isinstance(end, int) and isinstance(label, str) and 0 <= start < end <= len(text)):
        raise ValueError("a span that does not stand in its text")


def check_greeting(spans):
    """Raises ValueError when `spans` (dictionaries) do not cover the letters of the mail address of the greeting: offsets
    that count something else than code points, or an engine that does not work."""
    covered = set()
    for span in spans:
        covered.update(range(span["start"], span["end"]))
    at = GREETING.index(MAIL)
    if not covered.issuperset(at + place for place, letter in enumerate(MAIL) if letter.isalnum()):
        raise ValueError("the mail address of a text made for that was not found where it stands")
