//! Sets of numbers: ZIP codes, three-digit ZIP prefixes, area codes.

/// What is known of a three-digit ZIP prefix.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Zip3 {
    /// Whether 20,000 people or fewer live there, so that 45 CFR 164.514(b)(2)(i)(B) wants `000` in its place.
    pub restricted: bool,
    /// Postal abbreviation of the state that most of its ZIP codes are in.
    pub state: Option<&'static str>,
}

/// ZIP codes and area codes in force.
#[derive(Clone)]
pub(super) struct Numbers {
    /// One bit a five-digit code; [`ZIP_BYTES`] long.
    zips: Box<[u8]>,
    /// One bit a three-digit code; [`AREA_BYTES`] long.
    areas: Box<[u8]>,
    /// One byte a prefix: 0 unknown, else [`KNOWN`], [`RESTRICTED`] and the state's index plus one.
    prefixes: Box<[u8]>,
}

impl Numbers {
    /// Bytes of the encoded form.
    pub(super) const LEN: usize = ZIP_BYTES + AREA_BYTES + 1000;

    pub(super) fn new() -> Self {
        Self { zips: vec![0; ZIP_BYTES].into(), areas: vec![0; AREA_BYTES].into(), prefixes: vec![0; 1000].into() }
    }

    /// `None` where `bytes` is not [`Numbers::LEN`] long.
    pub(super) fn decode(bytes: &[u8]) -> Option<Self> {
        let (zips, rest) = bytes.split_at_checked(ZIP_BYTES)?;
        let (areas, prefixes) = rest.split_at_checked(AREA_BYTES)?;
        (prefixes.len() == 1000).then(|| Self { zips: zips.into(), areas: areas.into(), prefixes: prefixes.into() })
    }

    pub(super) fn encode(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(&self.zips);
        out.extend_from_slice(&self.areas);
        out.extend_from_slice(&self.prefixes);
    }

    pub(super) fn insert_zip(&mut self, zip: u32) {
        insert(&mut self.zips, zip);
    }

    pub(super) fn insert_area(&mut self, code: u16) {
        insert(&mut self.areas, code.into());
    }

    pub(super) fn insert_prefix(&mut self, prefix: u16, restricted: bool, state: &str) {
        let state = STATES.iter().position(|s| *s == state).map_or(0, |i| i as u8 + 1);
        if let Some(slot) = self.prefixes.get_mut(usize::from(prefix)) {
            *slot = KNOWN | if restricted { RESTRICTED } else { 0 } | state;
        }
    }

    #[inline]
    pub(super) fn is_zip(&self, zip: u32) -> bool {
        contains(&self.zips, zip)
    }

    #[inline]
    pub(super) fn is_area(&self, code: u16) -> bool {
        contains(&self.areas, code.into())
    }

    pub(super) fn zip3(&self, prefix: u16) -> Option<Zip3> {
        let byte = *self.prefixes.get(usize::from(prefix))?;
        (byte & KNOWN != 0).then(|| Zip3 {
            restricted: byte & RESTRICTED != 0,
            state: usize::from(byte & 63).checked_sub(1).and_then(|i| STATES.get(i).copied()),
        })
    }

    pub(super) fn counts(&self) -> (usize, usize, usize) {
        let ones = |bits: &[u8]| bits.iter().map(|b| b.count_ones() as usize).sum();
        (ones(&self.zips), ones(&self.areas), self.prefixes.iter().filter(|b| **b != 0).count())
    }
}

fn insert(bits: &mut [u8], n: u32) {
    if let Some(byte) = bits.get_mut(n as usize / 8) {
        *byte |= 1 << (n % 8);
    }
}

#[inline]
fn contains(bits: &[u8], n: u32) -> bool {
    bits.get(n as usize / 8).is_some_and(|byte| byte >> (n % 8) & 1 != 0)
}

const ZIP_BYTES: usize = 100_000 / 8;
const AREA_BYTES: usize = 1000 / 8;
const KNOWN: u8 = 1 << 7;
const RESTRICTED: u8 = 1 << 6;

/// Postal abbreviations, in the order the prefixes refer to; append only, or raise the format number.
const STATES: [&str; 59] = [
    "AL", "AK", "AZ", "AR", "CA", "CO", "CT", "DE", "DC", "FL", "GA", "HI", "ID", "IL", "IN", "IA", "KS", "KY", "LA",
    "ME", "MD", "MA", "MI", "MN", "MS", "MO", "MT", "NE", "NV", "NH", "NJ", "NM", "NY", "NC", "ND", "OH", "OK", "OR",
    "PA", "RI", "SC", "SD", "TN", "TX", "UT", "VT", "VA", "WA", "WV", "WI", "WY", "PR", "VI", "GU", "AS", "MP", "AA",
    "AE", "AP",
];

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use super::*;

    #[test]
    fn numbers_survive_encoding() {
        let mut numbers = Numbers::new();
        numbers.insert_zip(99_999);
        numbers.insert_zip(100_000);
        numbers.insert_area(212);
        numbers.insert_prefix(36, true, "VT");
        numbers.insert_prefix(999, false, "");
        let mut bytes = Vec::new();
        numbers.encode(&mut bytes);
        assert_eq!(bytes.len(), Numbers::LEN);
        let read = Numbers::decode(&bytes).unwrap();
        assert!(read.is_zip(99_999) && !read.is_zip(100_000) && !read.is_zip(u32::MAX) && !read.is_zip(0));
        assert!(read.is_area(212) && !read.is_area(213) && !read.is_area(u16::MAX));
        assert_eq!(read.zip3(36), Some(Zip3 { restricted: true, state: Some("VT") }));
        assert_eq!(read.zip3(999), Some(Zip3 { restricted: false, state: None }));
        assert_eq!(read.zip3(0), None);
        assert_eq!(read.zip3(u16::MAX), None);
        assert!(Numbers::decode(&bytes[1..]).is_none());
    }
}
