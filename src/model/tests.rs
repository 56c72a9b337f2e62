//! Tests of the whole tagger, on the tiny model that `models/training/vectors.py` writes.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use serde::Deserialize;

use super::*;
use crate::span::Span;

const CONFIG: &[u8] = include_bytes!("../../tests/data/model-tiny/config.json");
const WEIGHTS: &[u8] = include_bytes!("../../tests/data/model-tiny/weights.safetensors");
const VOCABULARY: &[u8] = include_bytes!("../../tests/data/model-tiny/vocab.txt");
const VECTORS: &str = include_str!("../../tests/data/model-tiny/vectors.json");

/// A window and what PyTorch says of it.
#[derive(Deserialize)]
struct Vector {
    words: Vec<Spoken>,
    /// Of pieces.
    logits: Vec<Vec<f32>>,
    logits_of_words: Vec<Vec<f32>>,
}

#[derive(Deserialize)]
struct Spoken {
    text: String,
    pieces: Vec<u32>,
    clues: [u16; CLUES],
}

fn vectors() -> Vec<Vector> {
    serde_json::from_str(VECTORS).unwrap()
}

fn tiny() -> Ner {
    Ner::read(CONFIG, WEIGHTS, VOCABULARY, None).unwrap()
}

/// The same with numbers as they were trained.
fn exact() -> Ner {
    Ner::exact(CONFIG, WEIGHTS, VOCABULARY).unwrap()
}

fn reference() -> Ner {
    Ner::reference(CONFIG, WEIGHTS, VOCABULARY).unwrap()
}

/// The tiny model's configuration with words for rows.
fn config_of_words() -> Vec<u8> {
    let config = String::from_utf8(CONFIG.to_vec()).unwrap();
    assert!(!config.contains("\"rows\""));
    config.replacen('{', "{\"rows\": \"words\",", 1).into_bytes()
}

/// The tiny model reading words, exact and rounded, and the reference.
fn of_words() -> [Ner; 3] {
    let config = config_of_words();
    [
        Ner::exact(&config, WEIGHTS, VOCABULARY).unwrap(),
        Ner::reference(&config, WEIGHTS, VOCABULARY).unwrap(),
        Ner::read(&config, WEIGHTS, VOCABULARY, None).unwrap().without_cache(),
    ]
}

/// The words of a vector in a text, separated by spaces.
fn text(vector: &Vector) -> (String, Vec<Word>) {
    let (mut text, mut words) = (String::new(), Vec::new());
    for word in &vector.words {
        let start = text.len();
        text.push_str(&word.text);
        words.push(Word { span: Span::new(start, text.len()), clues: word.clues });
        text.push(' ');
    }
    (text, words)
}

/// A text of `count` words of many lengths, with clues.
fn long(count: usize) -> (String, Vec<Word>) {
    let some = ["The", "patient", "Osei", "O'Brien", "4/5", "walking", "by", ".", "東京", "qrstuv"];
    let (mut text, mut words) = (String::new(), Vec::new());
    for at in 0..count {
        let start = text.len();
        text.push_str(some[(at * 7 + at / 10) % some.len()]);
        let clues = [12, 10, 8, 6, 16, 4].map(|rows: usize| ((at * 31 + rows) % rows) as u16);
        words.push(Word { span: Span::new(start, text.len()), clues });
        text.push(' ');
    }
    (text, words)
}

/// Logits of whole windows that each fit the encoder.
fn logits(ner: &Ner, windows: &[Window<'_>]) -> Vec<f32> {
    logits_of(ner, windows, |words| words)
}

/// Logits of the words of each window that `read` makes of all of them.
fn logits_of(ner: &Ner, windows: &[Window<'_>], read: impl Fn((usize, usize)) -> (usize, usize)) -> Vec<f32> {
    let (mut spelt, mut batch, mut out) = (Spelt::default(), Batch::default(), Vec::new());
    for window in windows {
        spelt.spell(window, &ner.vocabulary, &mut Pieces::default());
        let words = (0, window.words.len());
        spelt.pack(window, Part { words, answered: words }, read(words), &mut batch);
    }
    match &ner.network {
        Network::Packed(encoder) => encoder.logits(&batch, &mut Buffers::default(), &mut out),
        Network::Reference(reference) => reference.logits(&batch, &mut out),
    }
    out
}

fn tag(ner: &Ner, windows: &[Window<'_>]) -> Vec<Opinion> {
    let mut out = Vec::new();
    ner.tag(windows, &mut out);
    out
}

fn assert_close(one: &[f32], other: &[f32], by: f32) {
    assert_eq!(one.len(), other.len());
    let worst = one.iter().zip(other).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
    assert!(worst <= by, "off by {worst}");
}

#[test]
fn pieces_are_those_of_bert() {
    let vocabulary = tiny().vocabulary;
    for word in vectors().iter().flat_map(|vector| &vector.words) {
        let mut pieces = Vec::new();
        vocabulary.pieces(&word.text, &mut Pieces::default(), &mut pieces);
        assert_eq!(pieces, word.pieces, "{}", word.text);
    }
}

#[test]
fn words_met_before_have_the_same_pieces() {
    let vocabulary = tiny().vocabulary;
    let mut met = Pieces::default();
    let known = vectors().into_iter().flat_map(|vector| vector.words).map(|word| word.text);
    let long = ["x".repeat(22), "x".repeat(23), "é".repeat(11), "É".repeat(12), "a1-b2".into(), "don't".into()];
    // Far more words than are kept, so that some take the places of others.
    let many = (0..80_000).map(|n| format!("w{n}Y"));
    let words: Vec<String> = known.chain(long).chain(many).collect();
    for (at, word) in words.iter().chain(words.iter().step_by(61)).enumerate() {
        let mut pieces = Vec::new();
        vocabulary.pieces(word, &mut met, &mut pieces);
        if at % 61 == 0 || at >= words.len() {
            let mut fresh = Vec::new();
            vocabulary.pieces(word, &mut Pieces::default(), &mut fresh);
            assert_eq!(pieces, fresh, "{word}");
        }
    }
}

#[test]
fn logits_are_those_of_pytorch() {
    for ner in [exact(), reference()] {
        for vector in vectors() {
            let (text, words) = text(&vector);
            let window = Window { text: &text, words: &words, open: (0, words.len()) };
            assert_close(&logits(&ner, &[window]), &vector.logits.concat(), 1e-3);
        }
    }
    let [exact, reference, _] = of_words();
    for ner in [exact, reference] {
        for vector in vectors() {
            let (text, words) = text(&vector);
            let window = Window { text: &text, words: &words, open: (0, words.len()) };
            assert_close(&logits(&ner, &[window]), &vector.logits_of_words.concat(), 1e-3);
            assert_eq!(ner.rows(&window), words.len());
        }
    }
}

#[test]
fn ragged_batches_give_what_the_reference_gives_and_what_each_window_gives_alone() {
    let (text, words) = long(60);
    // Of 1 to 22 pieces, what the tiny model can read.
    let windows: Vec<Window<'_>> = (1..=5)
        .flat_map(|count| (0..12).map(move |from| (from * 4, from * 4 + count)))
        .map(|(from, to)| Window { text: &text, words: &words[from..to], open: (0, to - from) })
        .collect();
    let [exact_of_words, _, whole_of_words] = of_words();
    for ner in [exact(), tiny(), exact_of_words, whole_of_words] {
        let together = logits(&ner, &windows);
        let alone: Vec<f32> = windows.iter().flat_map(|window| logits(&ner, &[*window])).collect();
        assert_eq!(together, alone, "a row does not depend on its batch");
    }
    assert_close(&logits(&exact(), &windows), &logits(&reference(), &windows), 1e-3);
    // Rounding to eight bits moves logits of random weights, which reach five, by a quarter.
    assert_close(&logits(&tiny(), &windows), &logits(&reference(), &windows), 0.5);
}

#[test]
fn words_that_are_not_read_change_nothing_for_those_that_are() {
    let (text, words) = long(60);
    let windows: Vec<Window<'_>> =
        (0..12).map(|from| Window { text: &text, words: &words[from * 4..from * 4 + 5], open: (0, 5) }).collect();
    for ner in [exact(), tiny(), reference()].into_iter().chain(of_words()) {
        let outputs = ner.config.outputs();
        let all = logits(&ner, &windows);
        let some = logits_of(&ner, &windows, |_| (1, 4));
        let expected: Vec<f32> = all.chunks(5 * outputs).flat_map(|of| &of[outputs..4 * outputs]).copied().collect();
        assert_eq!(some, expected);
    }
}

#[test]
fn every_instruction_set_gives_the_same() {
    let (text, words) = long(12);
    let window = Window { text: &text, words: &words[..11], open: (0, 11) };
    let expected = logits(&exact(), &[window]);
    let mut all = vec![pulp::Arch::Scalar];
    #[cfg(target_arch = "x86_64")]
    all.extend(pulp::x86::V3::try_new().map(pulp::Arch::V3));
    for arch in all {
        let mut ner = exact();
        if let Network::Packed(encoder) = &mut ner.network {
            encoder.set_arch(arch);
        }
        assert_close(&logits(&ner, &[window]), &expected, 1e-4);
    }
}

#[test]
fn every_open_word_of_any_window_gets_one_opinion() {
    let (text, words) = long(300);
    let ner = tiny();
    for (open, count) in [((0, 300), 300), ((100, 101), 1), ((299, 300), 1), ((7, 7), 0), ((290, 999), 10), ((9, 3), 0)]
    {
        let window = Window { text: &text, words: &words, open };
        let opinions = tag(&ner, &[window, window]);
        assert_eq!(opinions.len(), 2 * count, "{open:?}");
        assert_eq!(opinions[..count], opinions[count..], "{open:?}");
        let sane = |o: &Opinion| (0.0..=1.0).contains(&o.score) && (0.0..=1.0).contains(&o.nothing) && o.score > 0.0;
        assert!(opinions.iter().all(sane), "{open:?}");
    }
    let all = tag(&ner, &[Window { text: &text, words: &words, open: (0, 300) }]);
    assert_well_formed(&all);
    let nowhere = [Word { span: Span::new(1_000_000, 1_000_007), clues: [9999; CLUES] }];
    assert_eq!(tag(&ner, &[Window { text: &text, words: &nowhere, open: (0, 1) }]).len(), 1);
}

fn assert_well_formed(opinions: &[Opinion]) {
    let mut before = None;
    for opinion in opinions {
        assert!(opinion.begins || opinion.label.is_none() || opinion.label == before, "{opinion:?} after {before:?}");
        before = opinion.label;
    }
}

#[test]
fn a_window_of_a_long_text_is_read_to_its_end() {
    let (text, words) = long(5_000_000 / 6);
    assert!(text.len() > 4_000_000);
    let [_, _, of_words] = of_words();
    for ner in [tiny(), of_words] {
        let count = words.len();
        let opinions = tag(&ner, &[Window { text: &text, words: &words, open: (0, count) }]);
        assert_eq!(opinions.len(), count);
        assert_well_formed(&opinions);
        assert!(opinions.iter().all(|opinion| opinion.score > 0.0));
        // One word of the same length.
        let word = [Word { span: Span::new(0, text.len()), clues: [1; CLUES] }];
        assert_eq!(tag(&ner, &[Window { text: &text, words: &word, open: (0, 1) }]).len(), 1);
    }
}

#[test]
fn the_cache_answers_as_the_encoder_does() {
    let (text, words) = long(200);
    let windows: Vec<Window<'_>> =
        (0..190).map(|from| Window { text: &text, words: &words[from..from + 10], open: (2, 7) }).collect();
    let (with, without) = (tiny(), tiny().without_cache());
    let first = tag(&with, &windows);
    let (hits, asked) = with.cache_hits();
    let second = tag(&with, &windows);
    assert_eq!(first, second);
    assert_eq!(first, tag(&without, &windows));
    let (hits_after, asked_after) = with.cache_hits();
    assert_eq!((hits_after - hits, asked_after - asked), (asked, asked));
    assert_eq!(without.cache_hits(), (0, 0));
}

#[test]
fn damaged_files_are_errors_that_hold_no_content() {
    let error = |config: &[u8], weights: &[u8], vocabulary: &[u8]| {
        let error = Ner::read(config, weights, vocabulary, None).err().unwrap();
        assert!(!format!("{error} {error:?}").contains("Marker"));
        error
    };
    let config = String::from_utf8(CONFIG.to_vec()).unwrap();
    let with = |from: &str, to: &str| {
        assert!(config.contains(from), "{from}");
        error(config.replace(from, to).as_bytes(), WEIGHTS, VOCABULARY)
    };
    assert!(matches!(error(b"{\"name\": Marker}", WEIGHTS, VOCABULARY), LoadError::Config { line: 1, .. }));
    assert_eq!(with("\"format\": 1", "\"format\": 2"), LoadError::Format { found: 2 });
    assert_eq!(with("\"CITY\"", "\"Marker\""), LoadError::Field { field: "labels" });
    assert_eq!(with("\"NAME\": 0.0", "\"Marker\": 0.0"), LoadError::Field { field: "bias" });
    assert_eq!(with("\"heads\": 2", "\"heads\": 5"), LoadError::Field { field: "heads" });
    assert_eq!(with("\"positions\": 24", "\"positions\": 5"), LoadError::Field { field: "positions" });
    assert_eq!(with("\"layers\": 2", "\"layers\": 0"), LoadError::Field { field: "layers" });
    assert!(matches!(with("\"layers\": 2", "\"rows\": \"Marker\", \"layers\": 2"), LoadError::Config { .. }));
    assert!(matches!(with("\"layers\": 2", "\"layers\": 3"), LoadError::Tensor { .. }));
    assert!(matches!(with("\"inner\": 64", "\"inner\": 65"), LoadError::Tensor { .. }));
    assert_eq!(with("\"vocabulary\": 300", "\"vocabulary\": 301"), LoadError::Vocabulary);
    let mut weights = WEIGHTS.to_vec();
    weights[60_000] ^= 1;
    assert_eq!(error(CONFIG, &weights, VOCABULARY), LoadError::Checksum { file: "weights" });
    assert_eq!(error(CONFIG, WEIGHTS, b"Marker\n"), LoadError::Checksum { file: "vocabulary" });
    // With sums that fit, so that the readers themselves are asked.
    let sum = |bytes: &[u8]| load::hex(bytes);
    for length in [0, 7, 8, 100, 5_000, WEIGHTS.len() - 1] {
        let weights = &WEIGHTS[..length];
        let config = config.replace(&sum(WEIGHTS), &sum(weights));
        assert_eq!(error(config.as_bytes(), weights, VOCABULARY), LoadError::Weights, "{length}");
    }
    for vocabulary in [&VOCABULARY[..VOCABULARY.len() / 2], b"", b"\xff\xfe\n"] {
        let config = config.replace(&sum(VOCABULARY), &sum(vocabulary));
        assert_eq!(error(config.as_bytes(), WEIGHTS, vocabulary), LoadError::Vocabulary);
    }
}

/// The tiny model with itself as a second, of that share.
fn joined(share: &str) -> Result<Ner, LoadError> {
    joined_with(CONFIG, share)
}

/// With itself as that configuration says as a second.
fn joined_with(second: &[u8], share: &str) -> Result<Ner, LoadError> {
    let stated = format!("\"second\": {{\"weights_sha256\": \"{}\", \"share\": {share}}},\n", load::hex(WEIGHTS));
    let config = String::from_utf8(CONFIG.to_vec()).unwrap().replacen('{', &format!("{{{stated}"), 1);
    Ner::read(config.as_bytes(), WEIGHTS, VOCABULARY, Some((second, WEIGHTS)))
}

#[test]
fn an_encoder_of_pieces_has_one_of_words_beside_it() {
    let (text, words) = long(60);
    let windows = [Window { text: &text, words: &words, open: (0, 60) }];
    let (one, two) = (tag(&tiny(), &windows), tag(&joined_with(&config_of_words(), "0.5").unwrap(), &windows));
    assert_eq!(one.len(), two.len());
    assert!(one.iter().zip(&two).any(|(one, two)| one != two));
    // A share of next to nothing changes next to nothing.
    let two = tag(&joined_with(&config_of_words(), "0.000001").unwrap(), &windows);
    assert!(one.iter().zip(&two).all(|(one, two)| one.label == two.label && (one.score - two.score).abs() < 1e-3));
}

#[test]
fn two_encoders_that_agree_say_what_one_says() {
    let (text, words) = long(60);
    let windows = [Window { text: &text, words: &words, open: (0, 60) }];
    let (one, two) = (tag(&tiny(), &windows), tag(&joined("0.4").unwrap(), &windows));
    assert_eq!(one.len(), two.len());
    for (one, two) in one.iter().zip(&two) {
        assert_eq!((one.label, one.begins), (two.label, two.begins));
        assert!((one.score - two.score).abs() < 1e-4 && (one.nothing - two.nothing).abs() < 1e-4);
    }
}

#[test]
fn a_second_encoder_is_there_when_it_is_stated_and_fits() {
    let of = |share| joined(share).err();
    assert_eq!(of("0.5"), None);
    assert_eq!(of("0.0"), Some(LoadError::Field { field: "second" }));
    assert_eq!(of("1.0"), Some(LoadError::Field { field: "second" }));
    assert_eq!(Ner::read(CONFIG, WEIGHTS, VOCABULARY, Some((CONFIG, WEIGHTS))).err(), Some(LoadError::Second));
    let stated = |sum: &str| {
        let second = format!("{{\"second\": {{\"weights_sha256\": \"{sum}\", \"share\": 0.5}},");
        String::from_utf8(CONFIG.to_vec()).unwrap().replacen('{', &second, 1).into_bytes()
    };
    let sound = stated(&load::hex(WEIGHTS));
    assert_eq!(Ner::read(&sound, WEIGHTS, VOCABULARY, None).err(), Some(LoadError::Second));
    assert!(Ner::is_joined(&sound).unwrap() && !Ner::is_joined(CONFIG).unwrap());
    let other = stated(&load::hex(b"other"));
    let error = Ner::read(&other, WEIGHTS, VOCABULARY, Some((CONFIG, WEIGHTS))).err();
    assert_eq!(error, Some(LoadError::Checksum { file: "second weights" }));
    let config = String::from_utf8(CONFIG.to_vec()).unwrap().replace("\"CITY\"", "\"ZIP\"");
    let error = Ner::read(&sound, WEIGHTS, VOCABULARY, Some((config.as_bytes(), WEIGHTS))).err();
    assert_eq!(error, Some(LoadError::Second));
}

#[test]
#[should_panic(expected = "logits of the model")]
fn numbers_that_are_none_are_no_answer() {
    let file = safetensors::SafeTensors::deserialize(WEIGHTS).unwrap();
    let table = file.tensor("embeddings.word_embeddings.weight").unwrap();
    let from = table.data().as_ptr().addr() - WEIGHTS.as_ptr().addr();
    let mut weights = WEIGHTS.to_vec();
    weights[from..from + table.data().len()].fill(0xff);
    let config = String::from_utf8(CONFIG.to_vec()).unwrap().replace(&load::hex(WEIGHTS), &load::hex(&weights));
    let ner = Ner::read(config.as_bytes(), &weights, VOCABULARY, None).unwrap();
    let (text, words) = long(5);
    tag(&ner, &[Window { text: &text, words: &words, open: (0, 5) }]);
}

#[test]
fn debug_prints_no_text() {
    let words = [Word { span: Span::new(0, 6), clues: [1; CLUES] }];
    let window = Window { text: "Marker", words: &words, open: (0, 1) };
    let printed = format!("{window:?} {:?} {:?}", words[0], tiny());
    assert!(!printed.contains("Marker") && printed.contains("tiny"), "{printed}");
}

proptest::proptest! {
    #[test]
    fn paths_are_well_formed_whatever_the_logits(
        words in 1_usize..30,
        seed in proptest::collection::vec(-20.0_f32..20.0, 9 * 30),
        cut in 0_usize..30,
    ) {
        let decoder = Decoder::new(&Config::read(CONFIG).unwrap());
        let mut path = Path::default();
        let mut all = Vec::new();
        decoder.decode(&seed[..9 * words], (0, words), &mut path, &mut all);
        assert_eq!(all.len(), words);
        assert_well_formed(&all);
        let cut = cut.min(words);
        let mut part = Vec::new();
        decoder.decode(&seed[..9 * words], (cut, words), &mut path, &mut part);
        assert_eq!(part, &all[cut..]);
    }
}
