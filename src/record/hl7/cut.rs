//! Cuts a stream of messages: a record is a message, or a segment of the envelope around messages, with the line ends and
//! frames that it came in.
//!
//! A record begins at a segment `MSH`, `FHS`, `BHS`, `BTS` or `FTS` and ends before the next of them. In a frame of the
//! minimal lower layer protocol (HL7 v2.5.1, appendix C; `0x0B` message `0x1C 0x0D`) it ends with the frame, so that a
//! stream that pauses between messages is not held back.

use memchr::memchr3;

use super::delimiters::HEADERS;

/// Looks for the end of a record, over as many buffers as it takes.
#[derive(Clone, Copy, Default, Debug)]
pub(crate) struct MessageEnd {
    state: State,
    /// Whether the record came in a frame that is not closed yet.
    framed: bool,
}

#[derive(Clone, Copy, Default, PartialEq, Eq, Debug)]
enum State {
    /// Before the first segment: blank lines, the start of a frame.
    #[default]
    Before,
    /// In a segment.
    Within,
    /// Where a segment may begin.
    Line,
    /// After the end of a frame, which a carriage return follows.
    Closed,
}

impl MessageEnd {
    /// From `at` on, the start of the record after the one that `buffer` holds; otherwise where to go on with more bytes.
    pub(crate) fn advance(&mut self, buffer: &[u8], mut at: usize) -> Result<usize, usize> {
        loop {
            let rest = buffer.get(at..).unwrap_or_default();
            let Some(first) = rest.first() else { return Err(at) };
            match (self.state, *first) {
                (State::Before, b'\r' | b'\n') => at += 1,
                (State::Before, FRAME_START) => {
                    self.framed = true;
                    at += 1;
                }
                (State::Before | State::Line, FRAME_END) => {
                    self.state = State::Closed;
                    at += 1;
                }
                (State::Before, _) => self.state = State::Within,
                (State::Within, _) => match memchr3(b'\r', b'\n', FRAME_END, rest) {
                    None => return Err(buffer.len()),
                    Some(found) => {
                        let end = rest.get(found) == Some(&FRAME_END);
                        // Outside a frame it is a character.
                        self.state = match (end, self.framed) {
                            (true, true) => State::Closed,
                            (true, false) => State::Within,
                            (false, _) => State::Line,
                        };
                        at += found + 1;
                    }
                },
                (State::Line, b'\r' | b'\n') => at += 1,
                (State::Line, FRAME_START) => {
                    *self = Self::default();
                    return Ok(at);
                }
                (State::Line, _) => match is_header(rest) {
                    None => return Err(at),
                    Some(false) => self.state = State::Within,
                    Some(true) => {
                        self.state = State::Before;
                        return Ok(at);
                    }
                },
                (State::Closed, byte) => {
                    *self = Self::default();
                    return Ok(at + usize::from(byte == b'\r'));
                }
            }
        }
    }
}

/// Where the record in `bytes` ends: before its last line ends and the end of its frame.
pub(crate) fn end_of(bytes: &[u8]) -> usize {
    let kept = bytes.iter().rposition(|byte| !matches!(*byte, b'\r' | b'\n' | FRAME_END));
    kept.map_or(0, |last| last + 1)
}

/// Whether what stands at the start of a line begins a record; `None` when more bytes must tell.
fn is_header(line: &[u8]) -> Option<bool> {
    let name = line.get(..3.min(line.len())).unwrap_or_default();
    if !HEADERS.iter().any(|header| header.starts_with(name)) {
        return Some(false);
    }
    line.get(3).map(|byte| !byte.is_ascii_alphanumeric())
}

pub(super) const FRAME_START: u8 = 0x0B;
const FRAME_END: u8 = 0x1C;

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// The records of a stream that comes in parts which end there.
    fn cut(stream: &[u8], ends: &[usize]) -> Vec<Vec<u8>> {
        let mut records = Vec::new();
        let mut message = MessageEnd::default();
        let (mut start, mut at) = (0, 0);
        for end in ends.iter().copied().chain([stream.len()]) {
            let buffer = &stream[..end];
            loop {
                match message.advance(buffer, at) {
                    Ok(next) => {
                        records.push(buffer[start..next].to_vec());
                        (start, at) = (next, next);
                    }
                    Err(resume) => {
                        assert!(resume >= start);
                        at = resume;
                        break;
                    }
                }
            }
        }
        if start < stream.len() {
            records.push(stream[start..].to_vec());
        }
        records
    }

    #[test]
    fn records_end_before_the_next_header_or_with_their_frame() {
        for (stream, want) in [
            (&b"MSH|1\rPID|MSH|\rMSH|2\r"[..], &[&b"MSH|1\rPID|MSH|\r"[..], b"MSH|2\r"][..]),
            (b"MSH|1\r\nOBX|x\r\n\r\n\nMSH|2", &[b"MSH|1\r\nOBX|x\r\n\r\n\n", b"MSH|2"]),
            (b"FHS|1\rBHS|2\rMSH|3\rBTS|4\rFTS\r", &[b"FHS|1\r", b"BHS|2\r", b"MSH|3\r", b"BTS|4\r", b"FTS\r"]),
            (b"\x0bMSH|1\r\x1c\r\x0bMSH|2\r\x1c\r", &[b"\x0bMSH|1\r\x1c\r", b"\x0bMSH|2\r\x1c\r"]),
            (b"\x0bMSH|1\x1c\n\x0bMSH|2", &[b"\x0bMSH|1\x1c", b"\n\x0bMSH|2"]),
            (b"\x0bBHS|1\rMSH|2\x1c\r\n", &[b"\x0bBHS|1\r", b"MSH|2\x1c\r", b"\n"]),
            (b"MSH|1\r\x0bMSH|2", &[b"MSH|1\r", b"\x0bMSH|2"]),
            // The end of a frame that did not begin is one where a segment may begin, otherwise a character.
            (b"MSH|1\r\x1c\rMSH|2|a\x1cb\rPID", &[b"MSH|1\r\x1c\r", b"MSH|2|a\x1cb\rPID"]),
            // What comes before the first header is a record of its own, and words that begin so are no headers.
            (b"junk\rMSH|1\rMSHX|\rMSH9", &[b"junk\r", b"MSH|1\rMSHX|\rMSH9"]),
            (b"\r\n\nMSH|1\rMSH", &[b"\r\n\nMSH|1\rMSH"]),
            (b"\r\n", &[b"\r\n"]),
        ] {
            let all: Vec<usize> = (0..=stream.len()).collect();
            assert_eq!(cut(stream, &[]), want, "{}", String::from_utf8_lossy(stream));
            assert_eq!(cut(stream, &all), want, "{}", String::from_utf8_lossy(stream));
        }
    }

    #[test]
    fn frames_end_as_soon_as_they_are_closed() {
        let mut message = MessageEnd::default();
        assert_eq!(message.advance(b"\x0bMSH|1\r\x1c\r", 0), Ok(9));
        assert_eq!(message.advance(b"\x0bMSH|1\r\x1c\r\x0bMS", 9), Err(12));
    }

    #[test]
    fn line_ends_and_frame_ends_are_no_part_of_a_record() {
        for (record, end) in [(&b"\x0bMSH|1\r\x1c\r"[..], 6), (b"MSH|\r\n\r\n", 4), (b"\r\n", 0), (b"MSH|a", 5)] {
            assert_eq!(end_of(record), end);
        }
    }

    proptest! {
        #[test]
        fn records_are_the_same_however_the_bytes_come(
            parts in proptest::collection::vec(
                proptest::sample::select(vec![
                    "MSH|", "FHS|", "BTS", "MSH", "MS", "PID|a", "\r", "\n", "\r\n", "\x0b", "\x1c", "\x1c\r", "x|MSH|", "H",
                ]),
                0..24,
            ),
            mut ends in proptest::collection::vec(0usize..80, 0..12),
        ) {
            let stream = parts.concat().into_bytes();
            ends.retain(|end| *end <= stream.len());
            ends.sort_unstable();
            let whole = cut(&stream, &[]);
            prop_assert_eq!(whole.concat(), stream.clone());
            prop_assert_eq!(cut(&stream, &ends), whole);
        }
    }
}
