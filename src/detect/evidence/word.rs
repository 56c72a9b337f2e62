//! All that is known of a word wherever it stands, and so can be remembered from text to text.

use crate::detect::cue::Cue;
use crate::detect::dictionary::Entry;
use crate::detect::gate;

/// What is known of a word.
#[derive(Clone, Copy, Default)]
pub(crate) struct Word {
    pub(crate) entry: Entry,
    /// Its number in the vocabulary of the weights, 0 for none.
    pub(crate) word: u16,
    /// Last three bytes, hashed to nine bits.
    pub(super) suffix: u16,
    /// What rules look at it: the constants of this type.
    pub(crate) bits: u16,
    /// Dictionary class, where it is not all capitals.
    pub(super) base: u8,
    /// The cue that it is by itself.
    pub(crate) alone: Option<Cue>,
}

impl Word {
    /// A cue begins with it.
    pub(crate) const CUE: u16 = 1;
    /// A digit in words.
    pub(crate) const DIGIT: u16 = 2;
    /// `ninety` or `hundred`.
    pub(crate) const OLD: u16 = 4;
    /// `box`.
    pub(crate) const BOX: u16 = 8;
    /// Settled in small letters, unless a title or relative stands before it.
    pub(crate) const SETTLED: u16 = 64;
    /// A rule looks at it: a month, a street, a digit in words, a title.
    pub(crate) const RULE: u16 = 128;
    /// What an eponym is followed by: `disease`, `catheter`.
    pub(crate) const THING: u16 = 32;
    /// Links the words of a name: `of`, `the`, `and`.
    pub(crate) const LINK: u16 = 16;
    /// A title or a degree.
    pub(crate) const MARK: u16 = 256;
    /// Another number in words than a digit: `eleven`, `twenty`, `thousand`.
    pub(crate) const COUNT: u16 = 512;
    /// A day of the month in words: `ninth`, `twentieth`.
    pub(crate) const ORDINAL: u16 = 1024;
    /// What places begin with: `fort`, `lake`.
    pub(crate) const PLACE: u16 = 2048;
    /// Of a word that no list holds.
    pub(crate) const NOTHING: Word = Word { entry: Entry::NOTHING, word: 0, suffix: 0, bits: 0, base: 0, alone: None };

    /// Of a folded word.
    pub(crate) fn new(folded: &[u8], entry: Entry, number: u16, cue: bool, alone: Option<Cue>) -> Self {
        const DIGITS: [&[u8]; 14] = [
            b"zero", b"oh", b"o", b"one", b"two", b"three", b"four", b"five", b"six", b"seven", b"eight", b"nine",
            b"double", b"triple",
        ];
        const COUNTS: [&[u8]; 22] = [
            b"ten",
            b"eleven",
            b"twelve",
            b"thirteen",
            b"fourteen",
            b"fifteen",
            b"sixteen",
            b"seventeen",
            b"eighteen",
            b"nineteen",
            b"twenty",
            b"thirty",
            b"forty",
            b"fifty",
            b"sixty",
            b"seventy",
            b"eighty",
            b"ninety",
            b"hundred",
            b"thousand",
            b"million",
            b"nought",
        ];
        const ORDINALS: [&[u8]; 21] = [
            b"first",
            b"second",
            b"third",
            b"fourth",
            b"fifth",
            b"sixth",
            b"seventh",
            b"eighth",
            b"ninth",
            b"tenth",
            b"eleventh",
            b"twelfth",
            b"thirteenth",
            b"fourteenth",
            b"fifteenth",
            b"sixteenth",
            b"seventeenth",
            b"eighteenth",
            b"nineteenth",
            b"twentieth",
            b"thirtieth",
        ];
        const PLACES: [&[u8]; 8] = [b"fort", b"lake", b"mount", b"camp", b"cape", b"glen", b"isle", b"saint"];
        let tail = folded.get(folded.len().saturating_sub(3)..).unwrap_or(b"");
        let hash = tail.iter().fold(17u32, |h, b| h.wrapping_mul(31).wrapping_add(u32::from(*b)));
        let bit = |on: bool, bit: u16| if on { bit } else { 0 };
        Self {
            entry,
            word: number,
            alone,
            suffix: (hash % 511 + 1) as u16,
            base: base(entry, false) as u8,
            bits: bit(cue, Self::CUE)
                | bit(DIGITS.contains(&folded), Self::DIGIT)
                | bit(COUNTS.contains(&folded), Self::COUNT)
                | bit(ORDINALS.contains(&folded), Self::ORDINAL)
                | bit(PLACES.contains(&folded), Self::PLACE)
                | bit(matches!(folded, b"ninety" | b"hundred"), Self::OLD)
                | bit(matches!(folded, b"box" | b"bx"), Self::BOX)
                | bit(
                    entry.is_month()
                        || entry.is_street_suffix()
                        || DIGITS.contains(&folded)
                        || matches!(folded, b"ninety" | b"hundred" | b"box" | b"bx" | b"mr" | b"mrs" | b"ms" | b"dr"),
                    Self::RULE,
                )
                | bit(gate::settled_small(entry), Self::SETTLED)
                | bit(entry.any(Entry::TITLE.or(Entry::CREDENTIAL)), Self::MARK)
                | bit(THINGS.binary_search(&folded).is_ok(), Self::THING)
                | bit(matches!(folded, b"of" | b"the" | b"and" | b"for" | b"at" | b"on" | b"in"), Self::LINK),
        }
    }
}

/// The dictionary class of a word, 0 to 29; `upper` where it is all capitals.
pub(super) fn base(entry: Entry, upper: bool) -> usize {
    const CLASSES: [(Entry, usize); 14] = [
        (Entry::TITLE, 14),
        (Entry::CREDENTIAL, 15),
        (Entry::RELATION, 16),
        (Entry::MONTH, 18),
        (Entry::WEEKDAY, 19),
        (Entry::STAFF, 17),
        (Entry::FACILITY_WORD, 23),
        (Entry::ORG_WORD, 24),
        (Entry::US_STATE, 20),
        (Entry::COUNTRY, 20),
        (Entry::STREET_SUFFIX, 22),
        (Entry::PARTICLE, 25),
        (Entry::UNIT, 26),
        (Entry::STATE_ABBR, 21),
    ];
    let lower = entry.lower();
    for (flag, class) in CLASSES {
        if entry.any(flag) {
            // Two-letter abbreviations only count in capitals: `in`, `or`, `me`, `ok`.
            if matches!(flag, Entry::STATE_ABBR | Entry::CREDENTIAL) && !upper && lower > 6 {
                continue;
            }
            return class;
        }
    }
    let (first, last) = (entry.first(), entry.last());
    let name = first.max(last);
    let place = entry.place();
    if name >= 6 && lower < 5 {
        return if place >= 4 {
            10
        } else if first >= 5 && last >= 5 {
            7
        } else if first >= last {
            5
        } else {
            6
        };
    }
    if name >= 6 && lower >= 5 {
        return 8;
    }
    if place >= 2 && lower < 6 {
        return 9;
    }
    if entry.any(Entry::DRUG) && lower < 8 {
        return 12;
    }
    if entry.any(Entry::COMPANY) && lower < 6 {
        return 27;
    }
    if lower >= 12 {
        return 1;
    }
    if entry.any(Entry::MEDICAL) {
        return 11;
    }
    if lower >= 8 {
        return 2;
    }
    if lower >= 4 || entry.any(Entry::ENGLISH) {
        return 3;
    }
    if entry.any(Entry::ABBREV) {
        return 13;
    }
    if name > 0 && lower == 0 {
        return 28;
    }
    if lower > 0 || entry.any(Entry::ENGLISH_RARE) {
        return 4;
    }
    if entry.any(Entry::EPONYM) {
        return 29;
    }
    0
}

/// What an eponym is followed by. Sorted.
const THINGS: [&[u8]; 90] = [
    b"abscess",
    b"amputation",
    b"anastomosis",
    b"anemia",
    b"aphasia",
    b"approach",
    b"arthropathy",
    b"ataxia",
    b"bag",
    b"balloon",
    b"bandage",
    b"biplane",
    b"bodies",
    b"body",
    b"brace",
    b"breathing",
    b"cath",
    b"catheter",
    b"class",
    b"classification",
    b"clamp",
    b"collar",
    b"contracture",
    b"criteria",
    b"culture",
    b"cyst",
    b"deformity",
    b"dementia",
    b"disease",
    b"drain",
    b"dystrophy",
    b"epilepsy",
    b"equation",
    b"esophagus",
    b"exercise",
    b"exercises",
    b"finding",
    b"flap",
    b"forceps",
    b"formula",
    b"fracture",
    b"gangrene",
    b"grade",
    b"graft",
    b"hernia",
    b"incision",
    b"index",
    b"insulin",
    b"lesion",
    b"lift",
    b"line",
    b"lymphoma",
    b"maneuver",
    b"manoeuvre",
    b"method",
    b"murmur",
    b"needle",
    b"neuralgia",
    b"neuroma",
    b"node",
    b"nodes",
    b"nodule",
    b"operation",
    b"pad",
    b"palsy",
    b"phenomenon",
    b"position",
    b"procedure",
    b"protocol",
    b"pulses",
    b"reflex",
    b"repair",
    b"respirations",
    b"retractor",
    b"rods",
    b"rule",
    b"sarcoma",
    b"scale",
    b"score",
    b"screen",
    b"sign",
    b"smear",
    b"spots",
    b"stage",
    b"stain",
    b"syndrome",
    b"test",
    b"thyroiditis",
    b"tube",
    b"tumor",
];
