"""Texts: strings and lists of them."""

import concurrent.futures
import multiprocessing
import os
import pickle
import time
import traceback

import pytest

import deidre

NOTE = "Winifred Achterberg was seen by Dr. Osei on 03/04/2019, MRN 00482913; call 360-555-0142."
MARKER = "Zeppelina"


def test_a_text_comes_back_with_labels_in_place_of_identifiers(redact):
    clean = redact.deidentify(NOTE)
    assert clean == "[NAME] was seen by Dr. [NAME] on [DATE], MRN [MRN]; call [PHONE]."


def test_a_list_comes_back_as_one_and_each_text_is_what_it_is_alone(redact):
    texts = [NOTE, "", None, "No change.", "S\u00f8ren \u00c5kesson, \U0001f600 MRN 00482913"] * 70
    clean = redact.deidentify(texts)
    assert isinstance(clean, list) and len(clean) == len(texts)
    assert clean[:5] == clean[5:10] == [None if text is None else redact.deidentify(text) for text in texts[:5]]
    assert clean[1:4] == ["", None, "No change."]
    assert redact.deidentify((NOTE,)) == (clean[0],)
    assert redact.deidentify([]) == []


def test_spans_stand_where_python_counts(redact):
    text = "\U0001f600\U0001f600 S\u00f8ren \u00c5kesson, MRN 00482913, of Vermont, on 03/04/2019"
    found = redact.detect(text)
    values = {span.label: text[span.start : span.end] for span in found}
    assert values["NAME"] == "S\u00f8ren \u00c5kesson" and values["MRN"] == "00482913" and values["DATE"] == "03/04/2019"
    assert "STATE" not in values
    assert all(0 <= span.score <= 1 and span.source for span in found)
    assert "STATE" in {span.label for span in redact.detect(text, all_labels=True)}
    assert redact.detect([text, None, ""]) == [found, [], []]


def test_tokens_are_the_same_on_every_machine_with_the_key_and_come_back(key, sealing, trail):
    clean = sealing.deidentify(NOTE)
    assert "Achterberg" not in clean and "[NAME:" in clean
    other = deidre.Engine(key=key.encode(), threads=1)
    assert other.deidentify(NOTE) == clean
    assert other.deidentify(clean) == clean
    assert other.reveal(clean, reason="test", audit=trail) == NOTE
    assert deidre.Engine(key=deidre.new_key()).deidentify(NOTE) != clean


def test_patients_and_documents_have_tokens_of_their_own(key):
    engine = deidre.Engine(key=key, scope="patient")
    with pytest.raises(ValueError, match="patient"):
        engine.deidentify(NOTE)
    one, other, again = engine.deidentify([NOTE] * 3, patient=["a", "b", "a"])
    assert one == again != other == engine.deidentify(NOTE, patient="b")
    with pytest.raises(ValueError, match="2 ids for 1 texts"):
        engine.deidentify([NOTE], patient=["a", "b"])
    engine = deidre.Engine(key=key, scope="document")
    assert engine.deidentify(NOTE) == engine.deidentify([NOTE])[0] != engine.deidentify(NOTE + " ")
    assert engine.deidentify(NOTE, document="x") != engine.deidentify(NOTE)
    session = deidre.Engine(key=key, session="s-1").deidentify(NOTE)
    assert session == deidre.Engine(key=key, session="s-1").deidentify(NOTE) != deidre.Engine(key=key).deidentify(NOTE)


def test_a_vault_gives_codes_and_keeps_values(key, tmp_path, trail):
    engine = deidre.Engine(policy="safe-harbor", key=key, vault=tmp_path / "vault")
    clean = engine.deidentify([NOTE] * 40)
    assert len(set(clean)) == 1 and "Achterberg" not in clean[0]
    back = engine.reveal(clean[0], reason="test", audit=trail)
    assert back.startswith("Winifred Achterberg was seen by Dr. Osei")


@pytest.mark.parametrize(
    "options, error",
    [
        ({"policy": "nothing"}, deidre.PolicyError),
        ({"policy_toml": "name = 1"}, deidre.PolicyError),
        ({"policy": "redact", "destination": "nobody"}, deidre.PolicyError),
        ({"policy": "safe-harbor", "key": "0" * 64}, deidre.PolicyError),
        ({}, deidre.PolicyError),
        ({"key": "no key"}, deidre.KeyringError),
        ({"key_file": "/nowhere/deidre.key"}, deidre.KeyringError),
        ({"key_env": "DEIDRE_TEST_NOTHING"}, deidre.KeyringError),
        ({"key_command": "false"}, deidre.KeyringError),
        ({"policy": "redact", "vault": "/nowhere/vault"}, deidre.KeyringError),
        ({"key": "1" * 64, "vault": "/nowhere/vault"}, deidre.VaultError),
        ({"key": "1" * 64, "vault": "redis://vault"}, deidre.VaultError),
        ({"policy": "redact", "model": "huge"}, deidre.ModelError),
        ({"policy": "redact", "scope": "planet"}, ValueError),
        ({"policy": "redact", "threads": 0}, ValueError),
        ({"key": "1" * 64, "key_env": "X"}, ValueError),
        ({"policy": "redact", "join": b"short"}, ValueError),
    ],
)
def test_what_an_engine_lacks_is_told(options, error, monkeypatch):
    monkeypatch.delenv("DEIDRE_KEY", raising=False)
    with pytest.raises(error) as caught:
        deidre.Engine(**options)
    assert "1111" not in str(caught.value)
    if issubclass(error, deidre.DeidreError):
        assert isinstance(caught.value, Exception)


def test_keys_come_from_files_variables_and_commands(key, key_file, monkeypatch):
    clean = deidre.Engine(key=key).deidentify(NOTE)
    monkeypatch.setenv("OUR_KEY", key)
    for options in ({"key_file": key_file}, {"key_env": "OUR_KEY"}, {"key_command": f"cat '{key_file}'"}):
        assert deidre.Engine(**options).deidentify(NOTE) == clean
    monkeypatch.setenv("DEIDRE_KEY", key)
    assert deidre.Engine().deidentify(NOTE) == clean


def test_no_error_holds_text(redact):
    bad = f"Seen by {MARKER} \udcff"
    for call in (
        lambda: redact.deidentify(bad),
        lambda: redact.deidentify([NOTE, bad]),
        lambda: redact.detect(bad),
        lambda: redact.deidentify([NOTE, MARKER.encode()]),
        lambda: redact.deidentify({MARKER: 1}),
        lambda: redact.deidentify(NOTE, columns=MARKER),
    ):
        with pytest.raises((deidre.DeidreError, TypeError)) as caught:
            call()
        told = "".join(traceback.format_exception_only(caught.type, caught.value)) + repr(caught.value.__cause__)
        assert MARKER not in told
    with pytest.raises(deidre.RecordError) as caught:
        redact.deidentify([NOTE, bad])
    assert caught.value.row == 1 and caught.value.reason


def test_what_is_too_large_is_not_passed(redact):
    large = "x" * ((64 << 20) + 1)
    with pytest.raises(deidre.RecordError) as caught:
        redact.deidentify(["fine", large])
    assert caught.value.row == 1
    with pytest.warns(UserWarning, match="1 texts are None"):
        assert redact.deidentify([NOTE, large, "fine"], errors="omit")[1:] == [None, "fine"]


def test_threads_share_an_engine_and_do_not_wait_for_the_interpreter(sealing):
    texts = [f"{NOTE} Visit {n}." for n in range(200)]
    want = sealing.deidentify(texts)
    ticks = []
    with concurrent.futures.ThreadPoolExecutor(4) as threads:
        done = [threads.submit(sealing.deidentify, texts) for _ in range(8)]
        while not all(one.done() for one in done):
            ticks.append(time.perf_counter())
            time.sleep(0.001)
        assert all(one.result() == want for one in done)
    assert len(ticks) > 3


def _in_child(engine, queue):
    queue.put((os.getpid(), engine.deidentify(NOTE), engine.deidentify([NOTE] * 50)[49]))


def test_a_fork_goes_on_with_an_engine_of_its_own(key, tmp_path):
    context = multiprocessing.get_context("fork")
    for engine in (deidre.Engine(policy="redact"), deidre.Engine(key=key)):
        want = engine.deidentify(NOTE)
        queue = context.Queue()
        children = [context.Process(target=_in_child, args=(engine, queue)) for _ in range(2)]
        for child in children:
            child.start()
        for _ in children:
            process, one, many = queue.get(timeout=60)
            assert process != os.getpid() and one == many == want
        for child in children:
            child.join(20)
            assert child.exitcode == 0
        assert engine.deidentify(NOTE) == want


def test_a_fork_that_uses_no_engine_ends(key):
    engine = deidre.Engine(key=key)
    engine.deidentify(NOTE)
    child = os.fork()
    if child == 0:
        del engine
        os._exit(0)
    assert os.waitpid(child, 0)[1] == 0


def test_engines_are_pickled_without_secrets(key, key_file, redact):
    assert pickle.loads(pickle.dumps(redact)).deidentify(NOTE) == redact.deidentify(NOTE)
    named = deidre.Engine(key_file=key_file)
    assert pickle.loads(pickle.dumps(named)).deidentify(NOTE) == named.deidentify(NOTE)
    with pytest.raises(TypeError, match="not pickled"):
        pickle.dumps(deidre.Engine(key=key))
    assert key not in repr(named) and "redact" in repr(redact)


def test_labels_and_policies_are_those_of_the_engine():
    assert deidre.LABELS[0] == "NAME" and len(deidre.LABELS) == 28 and len(deidre.IDENTIFIERS) == 22
    assert "safe-harbor" in deidre.POLICIES and deidre.MODELS == ("fast", "accurate")
    assert deidre.__version__.count(".") == 2
