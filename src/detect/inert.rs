//! Short texts in which there is nothing to find, remembered: the names of tests, drugs and diagnoses that the fields of an
//! export repeat by the million.

use super::HashMap64;
use super::context::{is_ordinary, is_reach};
use super::evidence::feature::Sequence;
use super::hash;
use super::token::{Case, Kind};

/// Bytes of the longest text that is remembered.
pub(super) const LONGEST: usize = 64;
/// How many are remembered; then all are forgotten.
const MOST: usize = 1 << 13;
/// Digits that no number has which is looked for, unless words say it with a month: those words are looked up.
const FEWEST_DIGITS: usize = 3;

/// Texts, by their hash.
#[derive(Default)]
pub(super) struct Inert {
    texts: HashMap64<Text>,
}

struct Text {
    text: Box<str>,
    words: Box<[u64]>,
}

impl Inert {
    /// The hashes of the words and codes of a text in which there was nothing to find. There is nothing in another record
    /// either, unless what is known there holds one of these.
    pub(super) fn words(&self, text: &str) -> Option<&[u64]> {
        if text.len() > LONGEST {
            return None;
        }
        let known = self.texts.get(&hash(text.as_bytes()))?;
        (&*known.text == text).then_some(&*known.words)
    }

    /// Remembers a prepared text of which nothing was found, and nothing left open, when only its words as they are spelled
    /// can be part of what is known elsewhere: no initials, no numbers, no words that may be a name misspelled.
    pub(super) fn note(&mut self, text: &str, sequence: &Sequence) {
        let digits = text.bytes().filter(u8::is_ascii_digit).count();
        if text.len() > LONGEST || !text.is_ascii() || digits >= FEWEST_DIGITS {
            return;
        }
        let mut words = Vec::new();
        for (token, info) in sequence.tokens.iter().zip(&sequence.infos) {
            let settled = match token.kind {
                Kind::Punct => continue,
                Kind::Web => false,
                Kind::Word => token.case != Case::Initial && (is_ordinary(info.known.entry) || !is_reach(token.len())),
                // `3/14` may be a birthday, `Mar-58` a date, `ada2` a name.
                Kind::Code => {
                    let code = token.of(text).as_bytes();
                    code.iter().all(u8::is_ascii_alphanumeric)
                        && code.iter().filter(|b| b.is_ascii_alphabetic()).count() < 3
                }
            };
            if !settled {
                return;
            }
            words.push(info.hash);
        }
        if self.texts.len() >= MOST {
            self.texts.clear();
        }
        self.texts.insert(hash(text.as_bytes()), Text { text: text.into(), words: words.into() });
    }
}
