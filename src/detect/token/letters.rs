//! Runs of ASCII letters, sixty-four bytes of a text at a time.

/// How many bytes are looked at at once.
const BYTES: usize = 64;

/// Tells the letters of sixty-four bytes.
pub(super) trait Scan: Copy {
    /// A bit for each byte that is an ASCII letter, and for each that is a small one, the first byte in the lowest bit. What
    /// the second says of other bytes is anything.
    fn letters(self, bytes: &[u8; BYTES]) -> (u64, u64);
}

/// Whatever the processor: eight bytes at a time.
#[derive(Clone, Copy)]
pub(super) struct Plain;

impl Scan for Plain {
    fn letters(self, bytes: &[u8; BYTES]) -> (u64, u64) {
        const ONES: u64 = 0x0101_0101_0101_0101;
        const HIGH: u64 = 0x80 * ONES;
        // The high bit of each byte, the first byte's lowest.
        let gather = |high: u64| (high >> 7).wrapping_mul(0x0102_0408_1020_4080) >> 56;
        let (mut letters, mut small) = (0, 0);
        for (at, eight) in bytes.as_chunks::<8>().0.iter().enumerate() {
            let eight = u64::from_le_bytes(*eight);
            let low = (eight | (0x20 * ONES)) & !HIGH;
            // At least `a`, and not above `z`.
            let from_a = low + u64::from(0x80 - b'a') * ONES;
            let above_z = low + u64::from(0x7f - b'z') * ONES;
            letters |= gather(from_a & !above_z & !eight & HIGH) << (8 * at);
            small |= gather(eight << 2 & HIGH) << (8 * at);
        }
        (letters, small)
    }
}

#[cfg(target_arch = "x86_64")]
impl Scan for pulp::x86::V3 {
    #[inline(always)]
    fn letters(self, bytes: &[u8; BYTES]) -> (u64, u64) {
        let [first, second]: [pulp::u8x32; 2] = pulp::cast(*bytes);
        let (letters, small) = half(self, first);
        let (more_letters, more_small) = half(self, second);
        (letters | more_letters << 32, small | more_small << 32)
    }
}

/// [`Scan::letters`] of 32 bytes. No closures here: they would be compiled for any processor.
#[cfg(target_arch = "x86_64")]
#[inline(always)]
fn half(v3: pulp::x86::V3, bytes: pulp::u8x32) -> (u64, u64) {
    let place = v3.wrapping_sub_u8x32(v3.or_u8x32(bytes, v3.splat_u8x32(0x20)), v3.splat_u8x32(b'a'));
    let letters = v3.cmp_le_u8x32(place, v3.splat_u8x32(b'z' - b'a'));
    let small = v3.avx2._mm256_slli_epi16::<2>(pulp::cast(bytes));
    let letters = v3.avx2._mm256_movemask_epi8(pulp::cast(letters)).cast_unsigned();
    let small = v3.avx2._mm256_movemask_epi8(small).cast_unsigned();
    (u64::from(letters), u64::from(small))
}

/// What is known of the letters from some byte of a text on.
pub(super) struct Ahead<S> {
    scan: S,
    from: usize,
    letters: u64,
    small: u64,
}

impl<S: Scan> Ahead<S> {
    #[inline(always)]
    pub(super) fn new(scan: S) -> Self {
        // Nothing is known: no byte is so far from the start.
        Self { scan, from: usize::MAX - BYTES, letters: 0, small: 0 }
    }

    /// How many letters stand from `at` on, and how many of them are capitals. `bytes` must be of the same text in each call.
    #[inline(always)]
    pub(super) fn run(&mut self, bytes: &[u8], at: usize) -> (usize, u32) {
        let known = at.wrapping_sub(self.from);
        if known < BYTES {
            let count = (!(self.letters >> known)).trailing_zeros() as usize;
            if known + count < BYTES {
                return (count, self.capitals(known, count));
            }
        }
        self.look(bytes, at)
    }

    #[inline(always)]
    fn look(&mut self, bytes: &[u8], at: usize) -> (usize, u32) {
        let (mut all, mut capitals) = (0, 0);
        loop {
            self.from = at + all;
            let rest = bytes.get(self.from..).unwrap_or_default();
            let (letters, small) = match rest.first_chunk() {
                Some(bytes) => self.scan.letters(bytes),
                None => {
                    let mut last = [0; BYTES];
                    last.iter_mut().zip(rest).for_each(|(to, from)| *to = *from);
                    self.scan.letters(&last)
                }
            };
            (self.letters, self.small) = (letters, small);
            let count = letters.trailing_ones() as usize;
            all += count;
            capitals += self.capitals(0, count);
            if count < BYTES {
                return (all, capitals);
            }
        }
    }

    /// Of `count` letters, `known` bytes behind the first that is known.
    #[inline(always)]
    fn capitals(&self, known: usize, count: usize) -> u32 {
        // The count is 0 to 64; of 64 letters all are looked at.
        let within = if count < BYTES { (1 << count) - 1 } else { u64::MAX };
        (!(self.small >> known) & within).count_ones()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn runs<S: Scan>(scan: S, text: &[u8]) -> Vec<(usize, u32)> {
        let mut ahead = Ahead::new(scan);
        (0..=text.len()).map(|at| ahead.run(text, at)).collect()
    }

    fn check(text: &[u8]) {
        let letters = |at: usize| text[at..].iter().take_while(|b| b.is_ascii_alphabetic());
        let expected: Vec<(usize, u32)> = (0..=text.len())
            .map(|at| (letters(at).count(), letters(at).filter(|b| b.is_ascii_uppercase()).count() as u32))
            .collect();
        assert_eq!(runs(Plain, text), expected);
        #[cfg(target_arch = "x86_64")]
        if let Some(v3) = pulp::x86::V3::try_new() {
            assert_eq!(runs(v3, text), expected);
        }
    }

    #[test]
    fn letters_and_capitals_are_counted() {
        for text in ["", "abcdefgh", "Ab@cdefg", "AZaz[`{ ", "1bcdefgh", "NASAL-co", "abécdef", "O'Dowd's 3/4 Ø"] {
            check(text.as_bytes());
        }
        check(&[b'x'; 63]);
        check(&[b'X'; 64]);
        check(&[b'x'; 200]);
        check(&(0..=255).collect::<Vec<u8>>());
    }

    proptest::proptest! {
        #[test]
        fn whatever_stands_between(text in "[a-zA-Z]{0,80}[@-~ é]{0,9}[a-zA-Z]{0,70}") {
            check(text.as_bytes());
        }
    }
}
