//! What is spelled aloud, in dictation and on the telephone: names letter by letter (`t u i a s o s o p o`, `t for tango e double b`),
//! and addresses in words (`p dot moss at southfarm dot example`).

use memchr::memmem;

use super::{Marks, View};
use crate::detect::dictionary::Entry;
use crate::detect::evidence::word::Word;
use crate::detect::token::Kind;
use crate::finding::Source;
use crate::identifier::Label;

/// Letters that follow one another, as they are read aloud.
struct Letters {
    /// The last token.
    to: usize,
    /// In small letters.
    spelled: String,
    /// How many are said by a word that begins with them.
    explained: usize,
    /// Whether marks stand between them.
    apart: bool,
}

impl View<'_> {
    /// Marks names that are spelled; `short` gets the runs of letters that are abbreviations, which are nobody's initials.
    pub(super) fn letters(&self, marks: &mut Marks, short: &mut Vec<(usize, usize)>) {
        let tokens = &self.sequence.tokens;
        let mut i = 0;
        while let Some(at) =
            tokens.get(i..).and_then(|rest| rest.iter().position(|t| t.len() == 1 && t.kind == Kind::Word))
        {
            i += at;
            if self.letter(i).is_none() || !self.goes_on(i + 1) {
                i += 1;
                continue;
            }
            let run = self.run(i);
            let (to, count) = (run.to, run.spelled.len());
            if count > 1 && self.is_abbreviation(&run) {
                short.push((i, to));
            } else if self.is_spelled(i, &run) {
                marks.push((i, to, Label::Name, Source::Pattern));
            }
            i = to + 1;
        }
    }

    /// Whether letters may go on with token `i`: mostly a letter stands alone, as an article.
    fn goes_on(&self, i: usize) -> bool {
        let Some(token) = self.token(i) else { return false };
        match token.kind {
            Kind::Word => token.len() == 1 || self.any(i, &["as", "for", "like", "double"]),
            _ => matches!(token.of(self.text), "-" | ","),
        }
    }

    /// The letter that token `i` is.
    fn letter(&self, i: usize) -> Option<char> {
        let token = self.token(i).filter(|t| t.kind == Kind::Word && t.len() == 1)?;
        token.of(self.text).chars().next().filter(char::is_ascii_alphabetic).map(|c| c.to_ascii_lowercase())
    }

    /// Whether token `i` is a word that begins with `letter`.
    fn begins(&self, i: usize, letter: char) -> bool {
        let word = self.str(i);
        self.near(i) && word.len() > 1 && word.starts_with([letter, letter.to_ascii_uppercase()])
    }

    /// The letters from token `i` on, which is one.
    fn run(&self, i: usize) -> Letters {
        let mut run = Letters { to: i, spelled: String::new(), explained: 0, apart: false };
        let (mut at, mut times) = (i, 1);
        while let Some(letter) = self.letter(at) {
            (0..times).for_each(|_| run.spelled.push(letter));
            run.to = at;
            let said = match () {
                () if self.any(at + 1, &["for", "like"]) && self.begins(at + 2, letter) => 2,
                () if self.is(at + 1, "as") && self.is(at + 2, "in") && self.begins(at + 3, letter) => 3,
                () => 0,
            };
            if said > 0 {
                run.explained += 1;
                run.to = at + said;
            }
            let mut next = run.to + 1;
            let mark = matches!(self.str(next), "-" | ",");
            next += usize::from(mark);
            times = if self.is(next, "double") { 2 } else { 1 };
            next += times - 1;
            if !self.near(next) || times == 2 && !self.near(next - 1) {
                break;
            }
            run.apart |= mark;
            at = next;
        }
        run
    }

    fn is_spelled(&self, from: usize, run: &Letters) -> bool {
        let letters = run.spelled.as_bytes();
        // A list, `options a b c d e`, is in the order of the alphabet.
        if letters.windows(2).all(|pair| matches!(pair, [a, b] if *b == a + 1)) {
            return false;
        }
        let entry = self.dictionary.word(letters);
        let known = entry.any(KNOWN.or(Entry::DRUG)) && entry.first().max(entry.last()) < NAME_LEAST;
        let long = letters.len() + 2 * run.explained >= LONG && (run.explained > 0 || !known);
        // `Pell, that's p e l l`.
        let again = || (from.saturating_sub(BACK)..from).any(|at| self.is(at, &run.spelled));
        long || letters.len() >= SHORT && again()
    }

    /// Whether the letters are an abbreviation or degrees: `c o p d`, `m d`, `p t o t`.
    fn is_abbreviation(&self, run: &Letters) -> bool {
        fn degrees(letters: &[u8], is: &impl Fn(&[u8]) -> bool) -> bool {
            letters.is_empty()
                || (2..=letters.len().min(MOST_ABBREVIATED))
                    .any(|length| is(&letters[..length]) && degrees(&letters[length..], is))
        }
        let letters = run.spelled.as_bytes();
        let entry = self.dictionary.word(letters);
        let known = (3..=MOST_ABBREVIATED).contains(&letters.len()) && entry.any(KNOWN);
        let degree = |letters: &[u8]| letters == b"pac" || self.dictionary.word(letters).is_credential();
        let named = entry.first().max(entry.last()) >= NAME_LEAST;
        run.explained == 0
            && !run.apart
            && !named
            && letters.len() <= MOST_LETTERS
            && (known || degrees(letters, &degree))
    }

    /// Marks addresses in words, by the domain at their end.
    pub(super) fn addresses(&self, marks: &mut Marks) {
        let mut done = 0;
        for at in memmem::find_iter(self.text.as_bytes(), b" dot ") {
            let dot = self.at(at + 1);
            if dot < done || !self.any(dot + 1, &TOP) {
                continue;
            }
            // `co dot uk`.
            let country = self.is(dot + 2, "dot") && self.str(dot + 3).len() == 2;
            let to = if country { dot + 3 } else { dot + 1 };
            let Some(from) = self.local(dot) else { continue };
            let label = if (from..dot).any(|i| self.is(i, "at")) { Label::Email } else { Label::Url };
            marks.push((from, to, label, Source::Pattern));
            done = to;
        }
    }

    /// Where an address begins whose last `dot` that is.
    fn local(&self, dot: usize) -> Option<usize> {
        let joint = |i: usize| self.any(i, &JOINTS);
        let at = (dot.saturating_sub(MOST_WORDS)..dot).rev().find(|i| self.is(*i, "at"));
        let mut from = at.unwrap_or(dot).checked_sub(1)?;
        // A word, and what dots, letters and digits join to it.
        loop {
            let near = from > 0 && self.joined(from);
            let small = |i: usize| self.letter(i).is_some() || self.sequence.infos[i].bits & Word::DIGIT != 0;
            if near && from > 1 && joint(from - 1) {
                from -= 2;
            } else if near && at.is_some() && small(from - 1) {
                from -= 1;
            } else {
                return self.token(from).filter(|t| matches!(t.kind, Kind::Word | Kind::Code)).map(|_| from);
            }
        }
    }
}

/// What letters may be short for.
const KNOWN: Entry = Entry::ABBREV.or(Entry::MEDICAL).or(Entry::CREDENTIAL).or(Entry::TITLE).or(Entry::UNIT);
/// From which a word is known as a name, whatever else it is.
const NAME_LEAST: u8 = 5;
/// Letters of a name that is spelled: abbreviations are shorter. One that a word says counts three times.
const LONG: usize = 5;
/// Letters of the shortest name that is said and spelled.
const SHORT: usize = 3;
/// Tokens before the letters in which the name that they spell is looked for.
const BACK: usize = 6;
/// Letters of the longest abbreviation, and of degrees in a row.
const MOST_ABBREVIATED: usize = 5;
const MOST_LETTERS: usize = 8;
/// Words of the longest domain before its last dot.
const MOST_WORDS: usize = 6;
/// Between the words of an address.
const JOINTS: [&str; 6] = ["dot", "period", "underscore", "dash", "hyphen", "point"];
/// Domains at the end of an address.
const TOP: [&str; 12] = ["com", "org", "net", "edu", "gov", "example", "co", "ca", "uk", "au", "ie", "info"];

#[cfg(test)]
mod tests {
    use super::super::tests::{names, sure};

    #[test]
    fn names_are_spelled() {
        for (text, want) in [
            ("i'll spell that t u i a s o s o p o received fresh", vec!["t u i a s o s o p o"]),
            ("that's t for tango e double b u double t hospital", vec!["t for tango e double b u double t"]),
            ("it's S as in Sam, Z as in zebra, A. Thanks", vec!["S as in Sam, Z as in zebra, A"]),
            ("Yes, P-E-L-L-I-E-R.", vec!["P-E-L-L-I-E-R"]),
            ("mister pell p e l l was", vec!["p e l l"]),
            ("that's f o l e y um", vec!["f o l e y"]),
            ("D A L L A S new word W H I T E H O R S E medical", vec!["D A L L A S", "W H I T E H O R S E"]),
            ("name opal tidwell that's t i d w e l l with", vec!["t i d w e l l"]),
        ] {
            assert_eq!(names(text), want, "{text}");
        }
    }

    #[test]
    fn abbreviations_and_lists_are_no_names() {
        for text in [
            "known c o p d with an e c g and an m r i of",
            "seen by an r n and the p a c today",
            "referral for p t o t and",
            "h e e n t normal p e r r l a",
            "options a b c d e f are",
            "vitamins a, b, c, d, and k",
            "started l a s i x today",
            "S as in Sam",
            "i saw a b",
        ] {
            assert_eq!(names(text), [""; 0], "{text}");
        }
    }

    #[test]
    fn addresses_are_said() {
        for (text, value, label) in [
            ("she's at p dot moss at southfarm dot example or", "p dot moss at southfarm dot example", "EMAIL"),
            ("It's w p roofer at plattenet dot example. All", "w p roofer at plattenet dot example", "EMAIL"),
            ("is ingrid at lachance ferreira law dot com", "ingrid at lachance ferreira law dot com", "EMAIL"),
            (
                "to joan underscore four two at trust dot co dot uk please",
                "joan underscore four two at trust dot co dot uk",
                "EMAIL",
            ),
            ("go to portal dot bytown dot org and", "portal dot bytown dot org", "URL"),
        ] {
            assert!(sure(text).contains(&(value.to_owned(), label)), "{text}: {:?}", sure(text));
        }
        assert_eq!(sure("a dot here and a dot there, and a polka dot dress"), []);
    }
}
