//! Fields in which there is nothing to search, remembered: codes, units and flags, which a feed repeats by the million.

use super::Delimiters;

/// Bytes of the longest field that is remembered; base 64, which is opened, is longer.
const LONGEST: usize = 58;
/// How many are remembered; each has one place, which the last one takes.
const PLACES: usize = 1024;

/// Fields that were read and held nothing to search.
pub(super) struct Silent {
    /// How they were read: another message may be written otherwise.
    read: Option<Reading>,
    places: Vec<Field>,
}

/// What a field means depends on it.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Reading {
    delimiters: Delimiters,
    utf8: bool,
}

/// A field: its segment and number, how long it is, and what stands in it.
#[derive(Clone, Copy)]
#[repr(align(64))]
struct Field {
    place: [u8; 4],
    length: u8,
    bytes: [u8; LONGEST],
}

/// No field is empty.
const NONE: Field = Field { place: [0; 4], length: 0, bytes: [0; LONGEST] };

impl Silent {
    pub(super) fn new() -> Self {
        Self { read: None, places: Vec::new() }
    }

    /// Forgets all unless the next message is written like the last.
    pub(super) fn begin(&mut self, delimiters: Delimiters, utf8: bool) {
        let reading = Reading { delimiters, utf8 };
        if self.read != Some(reading) {
            self.read = Some(reading);
            self.places.clear();
            self.places.resize(PLACES, NONE);
        }
    }

    /// Whether the field `number` of `segment` held nothing to search when these bytes stood in it.
    #[inline]
    pub(super) fn holds(&self, segment: [u8; 3], number: usize, bytes: &[u8]) -> bool {
        let known = place(segment, number).and_then(|place| Some((place, self.places.get(slot(place, bytes))?)));
        known.is_some_and(|(place, known)| {
            known.place == place && known.bytes.get(..usize::from(known.length)) == Some(bytes)
        })
    }

    /// Remembers that nothing is to be searched in a field that is not empty.
    pub(super) fn note(&mut self, segment: [u8; 3], number: usize, bytes: &[u8]) {
        let Some(place) = place(segment, number) else { return };
        if let Some(known) = self.places.get_mut(slot(place, bytes))
            && let Some(cells) = known.bytes.get_mut(..bytes.len())
        {
            cells.copy_from_slice(bytes);
            (known.place, known.length) = (place, bytes.len() as u8);
        }
    }
}

/// A field by its segment and number; those beyond the table are not told apart and not remembered.
fn place([a, b, c]: [u8; 3], number: usize) -> Option<[u8; 4]> {
    u8::try_from(number).ok().map(|number| [a, b, c, number])
}

/// Where a field is kept: by its place, its length, how it begins and how it ends.
#[inline]
fn slot(place: [u8; 4], bytes: &[u8]) -> usize {
    let (begin, end) = match (bytes.first_chunk(), bytes.last_chunk()) {
        (Some(begin), Some(end)) => (u64::from_le_bytes(*begin), u64::from_le_bytes(*end)),
        _ => match (bytes.first_chunk(), bytes.last_chunk()) {
            (Some(begin), Some(end)) => (u32::from_le_bytes(*begin).into(), u32::from_le_bytes(*end).into()),
            _ => (bytes.iter().fold(0, |sum, byte| sum << 8 | u64::from(*byte)), 0),
        },
    };
    // Odd constants: each bit of the input reaches the highest ones.
    let place = (u64::from(u32::from_le_bytes(place)) << 8 | bytes.len() as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    let mixed =
        (begin.wrapping_mul(0xff51_afd7_ed55_8ccd) ^ end.rotate_left(32) ^ place).wrapping_mul(0xc4ce_b9fe_1a85_ec53);
    (mixed >> 32) as usize % PLACES
}

#[cfg(test)]
mod tests {
    use super::*;

    const PIPES: Delimiters =
        Delimiters { field: b'|', component: b'^', repetition: b'~', escape: b'\\', subcomponent: b'&' };

    #[test]
    fn a_field_is_told_from_all_others() {
        let mut silent = Silent::new();
        silent.begin(PIPES, true);
        let long = [b'x'; LONGEST + 1];
        let all: [&[u8]; 7] = [b"N", b"LN", b"718", b"718-7^LN", b"718-7^Hemoglobin^LN", &long[1..], &long];
        for bytes in all {
            assert!(!silent.holds(*b"OBX", 3, bytes));
            silent.note(*b"OBX", 3, bytes);
            assert_eq!(silent.holds(*b"OBX", 3, bytes), bytes.len() <= LONGEST);
            assert!(!silent.holds(*b"OBX", 4, bytes) && !silent.holds(*b"OBR", 3, bytes));
            // What begins and ends alike is still another field.
            if let [first, middle @ .., last] = bytes
                && let Some(byte) = middle.get(middle.len() / 2)
            {
                let mut other = [&[*first], middle, &[*last]].concat();
                other[1 + middle.len() / 2] = byte ^ 1;
                assert!(!silent.holds(*b"OBX", 3, &other));
            }
        }
        silent.note(*b"OBX", 300, b"N");
        assert!(!silent.holds(*b"OBX", 300, b"N") && !silent.holds(*b"OBX", 44, b"N"));
    }

    #[test]
    fn a_message_written_otherwise_is_read_anew() {
        let mut silent = Silent::new();
        for (delimiters, utf8) in [(PIPES, true), (PIPES, false), (Delimiters { component: b'*', ..PIPES }, false)] {
            silent.begin(delimiters, utf8);
            assert!(!silent.holds(*b"OBX", 3, b"A^B"));
            silent.note(*b"OBX", 3, b"A^B");
            silent.begin(delimiters, utf8);
            assert!(silent.holds(*b"OBX", 3, b"A^B"));
        }
    }
}
