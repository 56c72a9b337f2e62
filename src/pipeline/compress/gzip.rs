//! The members of a gzip stream, RFC 1952: header, deflated text, check.

use flate2::{Crc, Decompress, FlushDecompress, Status};

use super::decode::{Damage, Step};

/// Unpacks one member after the other.
pub(super) struct Members {
    stage: Stage,
    inflate: Decompress,
    /// Of the member's text so far.
    crc: Crc,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Stage {
    Header,
    Body,
    Trailer,
}

impl Members {
    #[expect(clippy::disallowed_methods, reason = "the decoder around it has the cap")]
    pub(super) fn new() -> Self {
        Self { stage: Stage::Header, inflate: Decompress::new(false), crc: Crc::new() }
    }

    /// Whether the stream may end here.
    pub(super) fn is_between(&self) -> bool {
        self.stage == Stage::Header
    }

    /// Unpacks some of `input` into `out`.
    pub(super) fn step(&mut self, input: &[u8], out: &mut [u8]) -> Result<Step, Damage> {
        match self.stage {
            Stage::Header => {
                let Some(used) = header(input)? else { return Ok(Step::NeedsMore) };
                self.inflate.reset(false);
                self.crc.reset();
                self.stage = Stage::Body;
                Ok(Step::Done { used, made: 0 })
            }
            Stage::Body => {
                let (before_in, before_out) = (self.inflate.total_in(), self.inflate.total_out());
                let status = self.inflate.decompress(input, out, FlushDecompress::None).map_err(|_| Damage::Damaged)?;
                let used = (self.inflate.total_in() - before_in) as usize;
                let made = (self.inflate.total_out() - before_out) as usize;
                self.crc.update(out.get(..made).unwrap_or_default());
                match status {
                    Status::StreamEnd => self.stage = Stage::Trailer,
                    // Nothing moved: more is needed, since there is room.
                    Status::Ok | Status::BufError if used == 0 && made == 0 => return Ok(Step::NeedsMore),
                    Status::Ok | Status::BufError => {}
                }
                Ok(Step::Done { used, made })
            }
            Stage::Trailer => {
                let [a, b, c, d, e, f, g, h, ..] = *input else { return Ok(Step::NeedsMore) };
                // The length is kept modulo 2^32.
                let length = self.inflate.total_out() as u32;
                if u32::from_le_bytes([a, b, c, d]) != self.crc.sum() || u32::from_le_bytes([e, f, g, h]) != length {
                    return Err(Damage::Check);
                }
                self.stage = Stage::Header;
                Ok(Step::Done { used: 8, made: 0 })
            }
        }
    }
}

/// Bytes of the header that `input` starts with; `None` while it is not whole. Name and comment may be of any length, but
/// not longer than the decoder's buffer.
fn header(input: &[u8]) -> Result<Option<usize>, Damage> {
    const CHECK: u8 = 2;
    const EXTRA: u8 = 4;
    const NAME: u8 = 8;
    const COMMENT: u8 = 16;
    const RESERVED: u8 = 0xE0;
    const DEFLATE: u8 = 8;

    if input.iter().zip([0x1F, 0x8B, DEFLATE]).any(|(have, want)| *have != want) {
        return Err(Damage::Trailing);
    }
    let Some(fixed) = input.get(..10) else { return Ok(None) };
    let flags = fixed.get(3).copied().unwrap_or(RESERVED);
    if flags & RESERVED != 0 {
        return Err(Damage::Damaged);
    }
    let mut at = 10;
    if flags & EXTRA != 0 {
        let Some(&[low, high]) = input.get(at..at + 2) else { return Ok(None) };
        at += 2 + usize::from(u16::from_le_bytes([low, high]));
    }
    for flag in [NAME, COMMENT] {
        if flags & flag != 0 {
            let Some(length) = input.get(at..).and_then(|rest| memchr::memchr(0, rest)) else { return Ok(None) };
            at += length + 1;
        }
    }
    if flags & CHECK != 0 {
        let (Some(checked), Some(&[low, high])) = (input.get(..at), input.get(at..at + 2)) else { return Ok(None) };
        let mut crc = Crc::new();
        crc.update(checked);
        if crc.sum() as u16 != u16::from_le_bytes([low, high]) {
            return Err(Damage::Check);
        }
        at += 2;
    }
    Ok((at <= input.len()).then_some(at))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headers_are_read_to_their_end() {
        let plain = b"\x1f\x8b\x08\x00\0\0\0\0\0\xff";
        let with = |flags: u8, rest: &[u8]| {
            let mut header = plain.to_vec();
            header[3] = flags;
            header.extend_from_slice(rest);
            header
        };
        let check = |mut header: Vec<u8>| {
            let mut crc = Crc::new();
            crc.update(&header);
            header.extend_from_slice(&(crc.sum() as u16).to_le_bytes());
            header
        };
        for whole in [
            plain.to_vec(),
            with(1, b""),
            with(4, b"\x03\0abc"),
            with(8, b"name\0"),
            with(16, b"\0"),
            with(28, b"\x01\0xname\0comment\0"),
            check(with(30, b"\x01\0xname\0comment\0")),
        ] {
            let length = whole.len();
            for cut in 0..length {
                assert!(matches!(header(&whole[..cut]), Ok(None)), "{whole:?} {cut}");
            }
            let mut longer = whole;
            longer.extend_from_slice(b"body");
            assert!(matches!(header(&longer), Ok(Some(n)) if n == length), "{longer:?}");
        }
        for bad in [with(0x20, b""), with(2, b"\0\0"), b"\x1f\x8b\x07".to_vec(), b"x".to_vec()] {
            assert!(header(&bad).is_err());
        }
    }
}
