"""The face of Presidio."""

import pytest

import deidre
from deidre.presidio import ENTITIES, AnalyzerEngine, AnonymizerEngine, OperatorConfig, RecognizerResult

TEXT = "S\u00f8ren \u00c5kesson of Vermont was seen on 03/04/2019; SSN 219-09-9999, call 360-555-0142."


@pytest.fixture(scope="module")
def analyzer():
    return AnalyzerEngine()


def test_every_label_has_a_name():
    assert set(ENTITIES) == set(deidre.LABELS)


def test_entities_have_presidios_names(analyzer):
    results = analyzer.analyze(text=TEXT, language="en")
    named = {(result.entity_type, TEXT[result.start : result.end]) for result in results}
    assert named == {
        ("PERSON", "S\u00f8ren \u00c5kesson"),
        ("DATE_TIME", "03/04/2019"),
        ("US_SSN", "219-09-9999"),
        ("PHONE_NUMBER", "360-555-0142"),
    }
    assert all(0 < result.score <= 1 for result in results)
    assert {"PERSON", "US_SSN", "LOCATION"} <= set(analyzer.get_supported_entities())


def test_entities_thresholds_and_lists_are_kept_to(analyzer):
    def found(**options):
        return {result.entity_type for result in analyzer.analyze(TEXT, **options)}

    assert found(entities=["PERSON"]) == {"PERSON"}
    assert found(entities=["LOCATION"]) == {"LOCATION"}
    assert found(score_threshold=1.1) == set()
    assert "PHONE_NUMBER" not in found(allow_list=["360-555-0142"])
    for wrong in ({"entities": ["SHOE_SIZE"]}, {"language": "de"}, {"ad_hoc_recognizers": [1]}):
        with pytest.raises((ValueError, TypeError)):
            analyzer.analyze(TEXT, **wrong)
    assert analyzer.analyze_many([TEXT, "fine"])[1] == []


def test_entities_are_replaced(analyzer):
    results = analyzer.analyze(TEXT)
    done = AnonymizerEngine().anonymize(text=TEXT, analyzer_results=results)
    assert done.text == "<PERSON> of Vermont was seen on <DATE_TIME>; SSN <US_SSN>, call <PHONE_NUMBER>."
    assert all(done.text[item.start : item.end] == item.text for item in done.items) and len(done.items) == 4
    operators = {
        "PERSON": OperatorConfig("replace", {"new_value": "ANON"}),
        "US_SSN": OperatorConfig("mask", {"masking_char": "*", "chars_to_mask": 7, "from_end": False}),
        "PHONE_NUMBER": OperatorConfig("redact"),
        "DEFAULT": OperatorConfig("custom", {"lambda": lambda value: str(len(value))}),
    }
    done = AnonymizerEngine().anonymize(TEXT, results, operators)
    assert done.text == "ANON of Vermont was seen on 10; SSN *******9999, call ."
    hashed = AnonymizerEngine().anonymize(TEXT, results, {"DEFAULT": OperatorConfig("hash")})
    assert "219-09" not in hashed.text and len(hashed.items[0].text) == 64
    assert AnonymizerEngine().anonymize(TEXT, results, {"DEFAULT": OperatorConfig("keep")}).text == TEXT
    with pytest.raises(ValueError, match="no operator"):
        AnonymizerEngine().anonymize(TEXT, results, {"DEFAULT": OperatorConfig("encrypt")})


def test_results_that_overlap_are_replaced_together():
    results = [RecognizerResult("PERSON", 0, 4, 0.6), RecognizerResult("URL", 2, 8, 0.9), RecognizerResult("AGE", 8, 9, 0.5)]
    assert AnonymizerEngine().anonymize("abcdefghij", results).text == "<URL><AGE>j"
    assert results[0].intersects(results[1]) == 2 and not results[0].contained_in(results[1])
    with pytest.raises(ValueError, match="outside"):
        AnonymizerEngine().anonymize("abc", [RecognizerResult("AGE", 2, 5, 0.5)])
