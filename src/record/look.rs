//! What a value is made of, told in one pass: the values of fields are looked at by the billion.

/// How many of what is in a value, and what is in it at all.
#[derive(Clone, Copy)]
pub(super) struct Look {
    pub(super) digits: usize,
    pub(super) letters: usize,
    pub(super) capitals: usize,
    /// Which classes of characters are in it, see [`CLASSES`].
    seen: u32,
}

impl Look {
    /// Of text, whose letters and capitals are those of all scripts.
    #[inline]
    pub(super) fn of(value: &str) -> Self {
        let mut look = Self::of_bytes(value.as_bytes());
        if !look.is_ascii() {
            look.letters = letters(value);
            look.capitals = value.chars().filter(|c| c.is_uppercase()).count();
        }
        look
    }

    /// Of bytes in whatever character set holds ASCII: only ASCII letters count.
    #[inline]
    pub(super) fn of_bytes(value: &[u8]) -> Self {
        let (mut look, mut seen) = (Self { digits: 0, letters: 0, capitals: 0, seen: 0 }, 0);
        // No count grows beyond its bits.
        for part in value.chunks((1 << BITS) - 1) {
            let mut counts = 0u64;
            for byte in part {
                seen |= CLASSES[usize::from(*byte)];
                counts += COUNTS[usize::from(*byte)];
            }
            let count = |at: u32| (counts >> (at * BITS) & ((1 << BITS) - 1)) as usize;
            look.digits += count(0);
            look.letters += count(1);
            look.capitals += count(2);
        }
        Self { seen, ..look }
    }

    /// Whether one of these ASCII characters is in it.
    pub(super) fn has(self, any: u32) -> bool {
        self.seen & any != 0
    }

    /// Whether it is of these ASCII characters alone.
    pub(super) fn is_of(self, all: u32) -> bool {
        self.seen & !all == 0
    }

    pub(super) fn is_ascii(self) -> bool {
        !self.has(NOT_ASCII)
    }

    /// Whether it is of ASCII characters that leave ink.
    pub(super) fn is_graphic(self) -> bool {
        !self.has(BLANK | CONTROL | NOT_ASCII)
    }

    /// How many words `value`, which this is a look at, has: cut at white space.
    pub(super) fn words(self, value: &str) -> usize {
        // Most are one.
        if self.has(BLANK | NOT_ASCII) { words(value) } else { usize::from(!value.is_empty()) }
    }
}

pub(super) fn letters(value: &str) -> usize {
    value.chars().filter(|c| c.is_alphabetic()).count()
}

pub(super) fn words(value: &str) -> usize {
    value.split_whitespace().count()
}

/// Bits of each of the three counts of [`COUNTS`].
const BITS: u32 = 21;
/// A character beyond ASCII.
pub(super) const NOT_ASCII: u32 = 1 << 31;
/// ASCII characters that no set names.
const OTHER: u32 = 1 << 30;
/// White space other than the blank and the line feed.
const SPACE: u32 = 1 << 29;
/// Controls that are no white space.
const CONTROL: u32 = 1 << 28;
/// Characters that have a class of their own, beside digits and letters.
const MARKS: &[u8] = b"@/\\=<{[:?!\n-.,+'()]_ >%";

/// The class of each byte, one bit: sets of characters are made of whole classes.
const CLASSES: [u32; 256] = {
    let (mut table, mut byte) = ([OTHER; 256], 0);
    while byte < 256 {
        table[byte] = match byte as u8 {
            b'0'..=b'9' => 1,
            b'T' => 2,
            b'Z' => 4,
            b'A'..=b'Z' | b'a'..=b'z' => 8,
            9 | 11..=13 => SPACE,
            0..=8 | 14..=31 | 127 => CONTROL,
            0x80.. => NOT_ASCII,
            _ => OTHER,
        };
        byte += 1;
    }
    let mut at = 0;
    while at < MARKS.len() {
        table[MARKS[at] as usize] = 1 << (at + 4);
        at += 1;
    }
    assert!(MARKS.len() + 4 <= 28);
    table
};

/// One for a digit, one for a letter, one for a capital, in three counts side by side.
const COUNTS: [u64; 256] = {
    let (mut table, mut byte) = ([0; 256], 0);
    while byte < 128 {
        let b = byte as u8;
        table[byte] = b.is_ascii_digit() as u64
            | (b.is_ascii_alphabetic() as u64) << BITS
            | (b.is_ascii_uppercase() as u64) << (2 * BITS);
        byte += 1;
    }
    table
};

pub(super) const DIGITS: u32 = CLASSES[b'0' as usize];
pub(super) const LETTERS: u32 = CLASSES[b'T' as usize] | CLASSES[b'Z' as usize] | CLASSES[b'a' as usize];
/// White space.
pub(super) const BLANK: u32 = SPACE | set(" \n");

/// The classes of these ASCII characters, each of which has one of its own.
pub(super) const fn set(characters: &str) -> u32 {
    let bytes = characters.as_bytes();
    let (mut set, mut at) = (0, 0);
    while at < bytes.len() {
        let class = CLASSES[bytes[at] as usize];
        assert!(class & (DIGITS | CLASSES[b'a' as usize] | OTHER | SPACE | CONTROL | NOT_ASCII) == 0);
        set |= class;
        at += 1;
    }
    set
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_look_tells_what_looking_twice_would() {
        for value in [
            "",
            "Okafor, Ada M.",
            "00482913",
            "  a\tb\u{b}c\n",
            "\u{c5}se S\u{f8}rlie\u{a0}Vann",
            "\u{2013}",
            "10*3/uL",
            "\u{0}",
        ] {
            let look = Look::of(value);
            let capitals = value.chars().filter(|c| c.is_uppercase()).count();
            let have = (look.digits, look.letters, look.words(value), look.capitals, look.is_ascii());
            assert_eq!(
                have,
                (
                    value.bytes().filter(u8::is_ascii_digit).count(),
                    letters(value),
                    words(value),
                    capitals,
                    value.is_ascii()
                ),
                "{value:?}"
            );
            let graphic = value.bytes().all(|b| b.is_ascii_graphic());
            assert_eq!(look.is_graphic(), graphic, "{value:?}");
            assert_eq!(look.has(set(",/")), value.contains([',', '/']), "{value:?}");
            assert_eq!(look.is_of(DIGITS), value.bytes().all(|b| b.is_ascii_digit()), "{value:?}");
        }
    }
}
