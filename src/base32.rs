//! Crockford's base 32: digits and letters without I, L, O and U, read in either case, with I and L for 1 and O for 0.
//!
//! <https://www.crockford.com/base32.html>. Bits are taken from the highest of the first byte on; the last symbol is
//! filled up with zero bits, and only that form is read back.

/// The symbol of a value below 32; of a larger one, of its low five bits.
pub(crate) fn symbol(value: u8) -> char {
    char::from(ALPHABET[usize::from(value & 31)])
}

/// The value of a symbol.
pub(crate) fn value(symbol: u8) -> Option<u8> {
    let value = VALUES[usize::from(symbol)];
    (value < 32).then_some(value)
}

/// Appends the symbols of `bytes`.
pub(crate) fn encode(bytes: &[u8], out: &mut String) {
    out.reserve(symbols(bytes.len()));
    let (mut held, mut bits) = (0u32, 0);
    for byte in bytes {
        held = held << 8 | u32::from(*byte);
        bits += 8;
        while bits >= 5 {
            bits -= 5;
            out.push(symbol((held >> bits) as u8));
        }
        held &= (1 << bits) - 1;
    }
    if bits > 0 {
        out.push(symbol((held << (5 - bits)) as u8));
    }
}

/// Appends the bytes of `symbols`; `None` (and what was appended is to be thrown away) unless [`encode`] gives exactly
/// these symbols, case and aliases aside.
pub(crate) fn decode(symbols: &[u8], out: &mut Vec<u8>) -> Option<()> {
    out.reserve(symbols.len() * 5 / 8);
    let (blocks, rest) = symbols.as_chunks::<8>();
    let mut wrong = 0;
    for block in blocks {
        let mut held = 0;
        for symbol in block {
            let value = VALUES[usize::from(*symbol)];
            wrong |= value;
            held = held << 5 | u64::from(value & 31);
        }
        let [_, _, _, bytes @ ..] = held.to_be_bytes();
        out.extend_from_slice(&bytes);
    }
    if wrong > 31 {
        return None;
    }
    let (mut held, mut bits) = (0u32, 0);
    for symbol in rest {
        held = held << 5 | u32::from(value(*symbol)?);
        bits += 5;
        if bits >= 8 {
            bits -= 8;
            out.push((held >> bits) as u8);
            held &= (1 << bits) - 1;
        }
    }
    (bits < 5 && held == 0).then_some(())
}

/// How many symbols `bytes` bytes take.
pub(crate) const fn symbols(bytes: usize) -> usize {
    (bytes * 8).div_ceil(5)
}

const ALPHABET: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";

const VALUES: [u8; 256] = {
    let mut values = [u8::MAX; 256];
    let mut i = 0;
    while i < 32 {
        values[ALPHABET[i] as usize] = i as u8;
        values[ALPHABET[i].to_ascii_lowercase() as usize] = i as u8;
        i += 1;
    }
    let (one, zero) = (b"IiLl", b"Oo");
    let mut i = 0;
    while i < 4 {
        values[one[i] as usize] = 1;
        i += 1;
    }
    values[zero[0] as usize] = 0;
    values[zero[1] as usize] = 0;
    values
};

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn symbols_read_back_in_any_case_and_alias() {
        for (bytes, text) in
            [(&b""[..], ""), (b"\x00", "00"), (b"\xff", "ZW"), (b"hello", "D1JPRV3F"), (b"\x08\x42", "1110")]
        {
            let mut out = String::new();
            encode(bytes, &mut out);
            assert_eq!((out.as_str(), out.len()), (text, symbols(bytes.len())));
            for form in [text.to_owned(), text.to_lowercase(), text.replace('1', "l").replace('0', "O")] {
                let mut back = Vec::new();
                assert_eq!(decode(form.as_bytes(), &mut back), Some(()), "{form}");
                assert_eq!(back, bytes);
            }
        }
    }

    #[test]
    fn other_forms_are_refused() {
        // Letter U, a length no bytes have, filling bits that are set, other characters.
        for text in ["DU", "D", "D1J", "ZX", "D1JPRV3F0", "D-", "é0"] {
            assert_eq!(decode(text.as_bytes(), &mut Vec::new()), None, "{text}");
        }
    }
}
