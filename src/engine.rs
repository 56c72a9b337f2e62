//! Composes detection, the model's seam and resolution: texts in, findings out. Sans-IO.

use std::sync::Arc;

pub use crate::detect::Input;
use crate::detect::clue::Question;
pub use crate::detect::context::Facts;
use crate::detect::evidence::{Weights, WeightsError};
use crate::detect::{Adviser, Detector, Scratch};
use crate::finding::Finding;
use crate::model::{Tagger, Window};
use crate::resolve::Findings;
use crate::word::{Opinion, Word};

/// Finds identifiers. Cheap to clone and shared between threads; each thread works with its own [`Worker`].
#[derive(Clone)]
pub struct Engine {
    detector: Arc<Detector>,
    tagger: Option<Arc<dyn Tagger>>,
}

impl Engine {
    /// The engine on the embedded dictionaries, without a model.
    pub fn embedded() -> Self {
        Self { detector: Arc::new(Detector::embedded()), tagger: None }
    }

    /// The same engine with a model that is asked about what evidence has not settled.
    pub fn with_tagger(&self, tagger: Arc<dyn Tagger>) -> Self {
        Self { detector: Arc::clone(&self.detector), tagger: Some(tagger) }
    }

    /// The same engine with other evidence weights, as `deidre dictionary fit` writes them.
    pub fn with_evidence(&self, bytes: &[u8]) -> Result<Self, WeightsError> {
        let detector = Arc::new(self.detector.with_weights(Weights::read(bytes)?));
        Ok(Self { detector, tagger: self.tagger.clone() })
    }

    /// The same engine that shows the model whole texts: what the gate costs is measured against it.
    pub fn without_gate(&self) -> Self {
        Self { detector: Arc::new(self.detector.without_gate()), tagger: self.tagger.clone() }
    }

    /// The same engine that does not look in the texts of a record for what its fields, and those of records linked to it,
    /// say: what record-aware detection adds is measured against it.
    pub fn without_context(&self) -> Self {
        Self { detector: Arc::new(self.detector.without_context()), tagger: self.tagger.clone() }
    }

    /// A worker with buffers of its own.
    pub fn worker(&self) -> Worker {
        Worker { engine: self.clone(), scratch: Scratch::default(), gate: Gate::default() }
    }
}

/// An engine with the buffers of one thread.
pub struct Worker {
    engine: Engine,
    scratch: Scratch,
    gate: Gate,
}

/// How much text the gate let through to the model.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Gate {
    /// Bytes searched.
    pub searched: u64,
    /// Bytes in windows that hold a token which is not settled.
    pub open: u64,
    /// Bytes that the model was shown: those windows with what stands around them.
    pub shown: u64,
}

impl Worker {
    /// Findings of the texts of one record or document, one [`Findings`] an input, in the order of the inputs. A name
    /// found in one of the texts is looked for in all of them.
    pub fn find(&mut self, inputs: &[Input<'_>]) -> Vec<Findings> {
        self.find_with(inputs, &[])
    }

    /// The same where something is known of the persons that the record speaks of: it is looked for in the record's texts,
    /// as are the values of its own fields, in every form in which a text may write them.
    pub fn find_with(&mut self, inputs: &[Input<'_>], known: &[&Facts]) -> Vec<Findings> {
        let mut adviser = Asked { tagger: self.engine.tagger.as_deref(), gate: &mut self.gate };
        let claims = self.engine.detector.find(inputs, known, &mut self.scratch, &mut adviser);
        claims.into_iter().map(Findings::resolve).collect()
    }

    /// The claims before they are resolved.
    #[doc(hidden)]
    pub fn claims(&mut self, inputs: &[Input<'_>], known: &[&Facts]) -> Vec<Vec<Finding>> {
        let mut adviser = Asked { tagger: self.engine.tagger.as_deref(), gate: &mut self.gate };
        let claims = self.engine.detector.find(inputs, known, &mut self.scratch, &mut adviser);
        claims.into_iter().map(|found| found.into_vec()).collect()
    }

    /// What the gate let through since this worker was made.
    pub fn gate(&self) -> Gate {
        self.gate
    }
}

/// Puts the detector's questions to the tagger.
struct Asked<'w> {
    tagger: Option<&'w dyn Tagger>,
    gate: &'w mut Gate,
}

impl Adviser for Asked<'_> {
    fn gate(&mut self, searched: usize, open: usize) {
        self.gate.searched += searched as u64;
        self.gate.open += open as u64;
    }

    fn advises(&self) -> bool {
        self.tagger.is_some()
    }

    fn advise(&mut self, text: &str, words: &[Word], questions: &[Question], out: &mut Vec<Opinion>) {
        let Some(tagger) = self.tagger else { return };
        let mut rest = words;
        let mut windows = Vec::with_capacity(questions.len());
        for Question { words: (low, high), open: (from, to) } in questions {
            let Some((own, others)) = rest.split_at_checked(high - low) else { return };
            self.gate.shown += own.last().map_or(0, |w| w.span.end - own[0].span.start) as u64;
            windows.push(Window { text, words: own, open: (from - low, to - low) });
            rest = others;
        }
        tagger.tag(&windows, out);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::identifier::{Hint, Label};

    /// Says that every open word is a place of its own.
    struct Eager;

    impl Tagger for Eager {
        fn tag(&self, windows: &[Window<'_>], out: &mut Vec<Opinion>) {
            for window in windows {
                let open = window.words.get(window.open.0..window.open.1).unwrap_or(&[]);
                let place = Opinion { label: Some(Label::City), begins: true, score: 0.5, nothing: 0.5 };
                out.extend(open.iter().map(|_| place));
            }
        }
    }

    #[test]
    fn a_tagger_is_asked_about_what_is_not_settled_only() {
        let text =
            "the patient has pain in the left knee and the pain is worse with walking, seen by Xyzzyq Qwortle today";
        let mut worker = Engine::embedded().with_tagger(Arc::new(Eager)).worker();
        let found = worker.find(&[Input::new(text, Hint::Text)]);
        assert!(found[0].iter().all(|f| f.span.start > 40 && f.span.end <= text.len()));
        assert!(found[0].iter().any(|f| f.span.of(text) == "Xyzzyq"));
        let gate = worker.gate();
        assert_eq!(gate.searched, text.len() as u64);
        assert!(gate.open < gate.searched / 2 && gate.open < gate.shown, "{gate:?}");
    }

    /// Says that nothing is anything.
    struct Silent;

    impl Tagger for Silent {
        fn tag(&self, windows: &[Window<'_>], out: &mut Vec<Opinion>) {
            for window in windows {
                let nothing = Opinion { label: None, begins: false, score: 1.0, nothing: 1.0 };
                out.extend((window.open.0..window.open.1).map(|_| nothing));
            }
        }
    }

    #[test]
    fn a_word_that_is_only_a_name_stays_found_whatever_the_tagger_says() {
        let mut worker = Engine::embedded().with_tagger(Arc::new(Silent)).worker();
        for (text, found) in [
            ("2 g Na, 2 L fluid. \"No more Yakima feasts.\"", vec!["Yakima"]),
            // An eponym, and a word.
            ("Foley out at noon, Braden 18, more Friday visits.", vec![]),
        ] {
            let findings = worker.find(&[Input::new(text, Hint::Text)]);
            let parts: Vec<&str> =
                findings[0].iter().filter(|f| f.label.is_identifier()).map(|f| f.span.of(text)).collect();
            assert_eq!(parts, found, "{text}");
        }
    }

    #[test]
    fn two_words_of_a_place_in_small_letters_are_asked_about() {
        for (text, asked) in [
            ("he rides at the camp ground near fort wingert and will be back then", "fort"),
            ("he rides at the fort and will be back then", ""),
        ] {
            let found = Engine::embedded().with_tagger(Arc::new(Eager)).worker().find(&[Input::new(text, Hint::Text)]);
            let is_asked = found[0].iter().any(|f| f.span.of(text) == "fort");
            assert_eq!(is_asked, !asked.is_empty(), "{text}");
        }
    }

    /// What of `text` must go, as its parts.
    fn found(text: &str) -> Vec<&str> {
        let findings = Engine::embedded().worker().find(&[Input::new(text, Hint::Text)]);
        findings[0].iter().filter(|f| f.label.is_identifier()).map(|f| f.span.of(text)).collect()
    }

    #[test]
    fn names_are_found_where_they_are_names() {
        for (text, names) in [
            ("Seen by Dr. Osei in clinic.", vec!["Osei"]),
            ("Wife Beatriz at bedside, will call Tad tonight.", vec!["Beatriz", "Tad"]),
            ("Patient: OKONJO-REYES, THADDEUS M.", vec!["OKONJO-REYES, THADDEUS M"]),
            ("her sister joy is here", vec!["joy"]),
            ("he can pick up the 90-day supply.", vec![]),
            ("Rosalie Tennant, K 4.1", vec!["Rosalie Tennant"]),
            ("Tennant, K 54F chest pain", vec!["Tennant, K"]),
            ("Tennant, K 4.1, Na 139", vec!["Tennant"]),
            ("d/w Tanvir Hasan and Rahman, Md Saiful", vec!["Tanvir Hasan", "Rahman", "Md Saiful"]),
            ("Called Hyun-woo Baek; Hyun-woo agrees.", vec!["Hyun-woo", "Baek", "Hyun-woo"]),
            ("Mr. Parkinson has Parkinson disease.", vec!["Parkinson"]),
            ("cc: Hana Lindqvist, MD", vec!["Hana Lindqvist"]),
            ("| # | name |\n| 4 | de la Cruz, Virginia | ED |", vec!["de la Cruz, Virginia"]),
            ("PID|3|||LI^XIAOMING^^^^^A||", vec!["LI^XIAOMING"]),
            ("continue lasix, family at the bedside through the night. bkj", vec!["bkj"]),
            ("continue lasix, family at the bedside through the night. mg", vec!["mg"]),
            ("Signed, Maeve O'Dowd RN", vec!["Maeve O'Dowd"]),
            ("Fax from the lab, received l2/O4/2O23, page l of 2", vec!["l2/O4/2O23"]),
        ] {
            assert_eq!(found(text), names, "{text}");
        }
    }

    #[test]
    fn words_that_only_look_like_names_stay() {
        for text in [
            "Foley catheter placed, Babinski absent bilaterally.",
            "Will follow up. May shower.",
            "The patient was given Lasix 40 mg and metoprolol.",
            "Romberg negative, Glasgow Coma Scale 15.",
            "HISTORY OF PRESENT ILLNESS: The patient is a pleasant gentleman.",
            "Crohn's disease, Hodgkin lymphoma and Bell's palsy in the family.",
            "Abdomen soft, lungs clear, heart regular.",
            "Continue fluids and recheck the labs in the morning. prn",
            "He was happy with the plan and will call us. ok",
            "Pain better. mg",
            "The wound is c1ean and dry, the exam unremarkab1e.\n\nYours sincere1y,",
        ] {
            assert_eq!(found(text), Vec::<&str>::new(), "{text}");
        }
    }

    #[test]
    fn a_name_that_was_taken_for_an_organisation_in_another_text_is_found_there_too() {
        let mut worker = Engine::embedded().worker();
        for text in ["No pain; \\n and Okonjo slept.", "No pain; N and Okonjo slept.", "No pain; x and Zqorvax slept."]
        {
            let name = if text.contains("Okonjo") { "Okonjo" } else { "Zqorvax" };
            let seen = format!("Seen by Dr. {name} today.");
            for texts in [[text, &seen], [&seen, text]] {
                let found = worker.find(&texts.map(|text| Input::new(text, Hint::Text)));
                for (text, found) in texts.iter().zip(&found) {
                    let parts: Vec<&str> = found.iter().map(|f| f.span.of(text)).collect();
                    assert_eq!(parts, [name], "{text}");
                }
            }
        }
    }

    #[test]
    fn what_one_text_of_a_record_says_is_found_in_the_others() {
        let inputs = [
            Input::new("Thaddeus Okonjo-Reyes", Hint::Whole(Label::Name)),
            Input::new("Reyes asked for ice. Okonjo again at noon.", Hint::Text),
        ];
        let found = Engine::embedded().worker().find(&inputs);
        let parts: Vec<&str> = found[1].iter().map(|f| f.span.of(inputs[1].text)).collect();
        assert_eq!(parts, ["Reyes", "Okonjo"]);
    }
}
