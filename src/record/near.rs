//! Looks for a byte that mostly stands a few bytes on, as the end of a cell or component does.

use memchr::memchr;

/// Bytes that are looked at one by one: most cells are shorter than what memchr is made for.
const SHORT: usize = 24;

/// Where the byte stands first.
#[inline]
pub(super) fn find(byte: u8, bytes: &[u8]) -> Option<usize> {
    match bytes.split_at_checked(SHORT) {
        None => bytes.iter().position(|b| *b == byte),
        Some((near, far)) => {
            let found = near.iter().position(|b| *b == byte);
            found.or_else(|| memchr(byte, far).map(|at| at + SHORT))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_near_and_far() {
        for at in [0, 1, SHORT - 1, SHORT, SHORT + 1, 100] {
            let mut bytes = vec![b'a'; at];
            assert_eq!(find(b',', &bytes), None);
            bytes.extend(b",b,");
            assert_eq!(find(b',', &bytes), Some(at));
        }
    }
}
