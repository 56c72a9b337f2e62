//! Composes detection, the model's seam and resolution: texts in, findings out. Sans-IO.

use std::sync::Arc;

pub use crate::detect::Input;
use crate::detect::evidence::{Weights, WeightsError};
use crate::detect::{Detector, Scratch};
use crate::model::{Tagger, Window};
use crate::resolve::Findings;

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
}

impl Worker {
    /// Findings of the texts of one record or document, one [`Findings`] an input, in the order of the inputs. A name
    /// found in one of the texts is looked for in all of them.
    pub fn find(&mut self, inputs: &[Input<'_>]) -> Vec<Findings> {
        let (gate, tagger) = (&mut self.gate, &self.engine.tagger);
        let claims = self.engine.detector.find(inputs, &mut self.scratch, |text, windows, out| {
            gate.searched += text.len() as u64;
            gate.open += windows.iter().map(|w| w.len() as u64).sum::<u64>();
            if let Some(tagger) = tagger {
                let windows: Vec<Window<'_>> = windows.iter().map(|span| Window { text, span: *span }).collect();
                let from = out.len();
                tagger.tag(&windows, out);
                // What a model says outside of its windows or off a character's boundary is not to be trusted.
                let fits = |span: crate::span::Span| {
                    text.get(span.start..span.end).is_some() && windows.iter().any(|w| w.span.covers(span))
                };
                let said = out.split_off(from);
                out.extend(said.into_iter().filter(|f| fits(f.span)));
            }
        });
        claims.into_iter().map(Findings::resolve).collect()
    }

    /// What the gate let through since this worker was made.
    pub fn gate(&self) -> Gate {
        self.gate
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::finding::{Finding, Source};
    use crate::identifier::{Hint, Label};
    use crate::span::Span;

    /// Says that every window is a place, and one thing that no window holds.
    struct Eager;

    impl Tagger for Eager {
        fn tag(&self, windows: &[Window<'_>], out: &mut Vec<Finding>) {
            let say = |span| Finding { span, label: Label::City, score: 0.5, source: Source::Model };
            out.extend(windows.iter().map(|w| say(w.span)));
            out.push(say(Span::new(0, 1_000_000)));
        }
    }

    #[test]
    fn a_tagger_is_asked_about_what_is_not_settled_only() {
        let text =
            "the patient has pain in the left knee and the pain is worse with walking, seen by Xyzzyq Qwortle today";
        let mut worker = Engine::embedded().with_tagger(Arc::new(Eager)).worker();
        let found = worker.find(&[Input { text, hint: Hint::Text }]);
        assert!(found[0].iter().all(|f| f.span.start > 40 && f.span.end <= text.len()));
        assert!(found[0].iter().any(|f| f.span.of(text).contains("Xyzzyq Qwortle")));
        let gate = worker.gate();
        assert_eq!(gate.searched, text.len() as u64);
        assert!(gate.open < gate.searched / 2, "{gate:?}");
    }

    /// What of `text` must go, as its parts.
    fn found(text: &str) -> Vec<&str> {
        let findings = Engine::embedded().worker().find(&[Input { text, hint: Hint::Text }]);
        findings[0].iter().filter(|f| f.label.is_identifier()).map(|f| f.span.of(text)).collect()
    }

    #[test]
    fn names_are_found_where_they_are_names() {
        for (text, names) in [
            ("Seen by Dr. Osei in clinic.", vec!["Osei"]),
            ("Wife Beatriz at bedside, will call Tad tonight.", vec!["Beatriz", "Tad"]),
            ("Patient: OKONJO-REYES, THADDEUS M.", vec!["OKONJO-REYES, THADDEUS M"]),
            ("her sister joy is here", vec!["joy"]),
            ("Called Hyun-woo Baek; Hyun-woo agrees.", vec!["Hyun-woo", "Baek", "Hyun-woo"]),
            ("Mr. Parkinson has Parkinson disease.", vec!["Parkinson"]),
            ("cc: Hana Lindqvist, MD", vec!["Hana Lindqvist"]),
            ("Signed, Maeve O'Dowd RN", vec!["Maeve O'Dowd"]),
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
        ] {
            assert_eq!(found(text), Vec::<&str>::new(), "{text}");
        }
    }

    #[test]
    fn what_one_text_of_a_record_says_is_found_in_the_others() {
        let inputs = [
            Input { text: "Thaddeus Okonjo-Reyes", hint: Hint::Whole(Label::Name) },
            Input { text: "Reyes asked for ice. Okonjo again at noon.", hint: Hint::Text },
        ];
        let found = Engine::embedded().worker().find(&inputs);
        let parts: Vec<&str> = found[1].iter().map(|f| f.span.of(inputs[1].text)).collect();
        assert_eq!(parts, ["Reyes", "Okonjo"]);
    }
}
