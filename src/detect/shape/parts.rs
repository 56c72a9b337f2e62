//! The runs of digits and letters that a code is made of.

use crate::detect::token::month_number;

/// Runs of digits or letters of a code, and the connectors between.
#[derive(Default)]
pub(super) struct Parts {
    /// Value, number of digits, and letter flag of each run; eight runs at most are kept.
    pub(super) runs: [Run; 8],
    pub(super) len: usize,
    pub(super) connectors: [u8; 8],
    pub(super) letters: usize,
    pub(super) digits: usize,
    pub(super) lower: usize,
    /// More runs than are kept, or characters outside of ASCII.
    pub(super) odd: bool,
}

#[derive(Default, Clone, Copy)]
pub(super) struct Run {
    pub(super) value: u32,
    pub(super) len: usize,
    pub(super) month: u8,
    pub(super) alpha: bool,
    pub(super) zero: bool,
}

impl Parts {
    pub(super) fn read(&mut self, code: &str) {
        let bytes = code.as_bytes();
        let mut at = 0;
        while at < bytes.len() {
            let byte = bytes[at];
            if !byte.is_ascii_alphanumeric() {
                self.odd |= !byte.is_ascii();
                if byte.is_ascii() {
                    if let Some(slot) = self.len.checked_sub(1).and_then(|i| self.connectors.get_mut(i)) {
                        *slot = byte;
                    }
                } else {
                    self.letters += 1;
                }
                at += 1;
                continue;
            }
            let alpha = byte.is_ascii_alphabetic();
            let from = at;
            let mut value = 0u32;
            while at < bytes.len() && bytes[at].is_ascii_alphanumeric() && bytes[at].is_ascii_alphabetic() == alpha {
                if alpha {
                    self.lower += usize::from(bytes[at].is_ascii_lowercase());
                } else {
                    value = value.saturating_mul(10).saturating_add(u32::from(bytes[at] - b'0'));
                }
                at += 1;
            }
            let word = bytes.get(from..at).unwrap_or(b"");
            let run = Run {
                value,
                len: at - from,
                month: if alpha { month_number(word).unwrap_or(0) } else { 0 },
                alpha,
                zero: byte == b'0',
            };
            if alpha {
                self.letters += run.len;
            } else {
                self.digits += run.len;
            }
            match self.runs.get_mut(self.len) {
                Some(slot) => {
                    *slot = run;
                    self.len += 1;
                }
                None => self.odd = true,
            }
        }
    }

    pub(super) fn all(&self, connector: u8) -> bool {
        self.connectors.iter().take(self.len.saturating_sub(1)).all(|c| *c == connector)
    }
}
