//! Messages of AWS's event streams (`application/vnd.amazon.eventstream`): cut from bytes that come in any pieces, checked,
//! and written anew.
//!
//! <https://smithy.io/2.0/aws/amazon-eventstream.html>: lengths of the message and of its headers, a checksum of these eight
//! bytes, headers, payload, a checksum of all before it; numbers with the highest byte first, checksums by CRC-32.

/// Cuts a stream into messages.
#[derive(Default)]
pub(crate) struct Cutter {
    held: Vec<u8>,
}

/// A message.
pub(crate) struct Message<'b> {
    /// As they stand.
    headers: &'b [u8],
    pub(crate) payload: &'b [u8],
}

/// A stream that is none: lengths or checksums do not hold.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Damaged;

impl Cutter {
    pub(crate) fn push(&mut self, bytes: &[u8]) {
        self.held.extend_from_slice(bytes);
    }

    /// Gives each message that is whole by now to `each`.
    pub(crate) fn drain<E: From<Damaged>>(
        &mut self,
        mut each: impl FnMut(Message<'_>) -> Result<(), E>,
    ) -> Result<(), E> {
        let mut done = 0;
        while let Some((length, message)) = message(self.held.get(done..).unwrap_or_default())? {
            each(message)?;
            done += length;
        }
        self.held.drain(..done);
        Ok(())
    }

    /// Whether the stream broke off within a message.
    pub(crate) fn is_torn(&self) -> bool {
        !self.held.is_empty()
    }
}

/// The message that `bytes` begin with, once it is whole.
fn message(bytes: &[u8]) -> Result<Option<(usize, Message<'_>)>, Damaged> {
    let Some(prelude) = bytes.first_chunk::<PRELUDE>() else { return Ok(None) };
    let [a, b, c, d, e, f, g, h, check @ ..] = *prelude;
    if crc32fast::hash(&[a, b, c, d, e, f, g, h]) != u32::from_be_bytes(check) {
        return Err(Damaged);
    }
    let length = u32::from_be_bytes([a, b, c, d]) as usize;
    let headers = u32::from_be_bytes([e, f, g, h]) as usize;
    if !(PRELUDE + CHECK..=LARGEST).contains(&length) || headers > length - PRELUDE - CHECK {
        return Err(Damaged);
    }
    let Some(whole) = bytes.get(..length) else { return Ok(None) };
    let (covered, check) = whole.split_last_chunk::<CHECK>().ok_or(Damaged)?;
    if crc32fast::hash(covered) != u32::from_be_bytes(*check) {
        return Err(Damaged);
    }
    let (headers, payload) = covered.get(PRELUDE..).unwrap_or_default().split_at_checked(headers).ok_or(Damaged)?;
    Ok(Some((length, Message { headers, payload })))
}

impl<'b> Message<'b> {
    /// The text of the header of that name.
    pub(crate) fn header(&self, name: &str) -> Option<&'b str> {
        let mut rest = self.headers;
        loop {
            let (length, after) = rest.split_first()?;
            let (own, after) = after.split_at_checked(usize::from(*length))?;
            let (kind, after) = after.split_first()?;
            let length = match kind {
                0 | 1 => 0,
                2 => 1,
                3 => 2,
                4 => 4,
                5 | 8 => 8,
                9 => 16,
                6 | 7 => {
                    let (length, _) = after.split_first_chunk::<2>()?;
                    2 + usize::from(u16::from_be_bytes(*length))
                }
                _ => return None,
            };
            let (value, after) = after.split_at_checked(length)?;
            if own == name.as_bytes() {
                return if *kind == TEXT { std::str::from_utf8(value.get(2..)?).ok() } else { None };
            }
            rest = after;
        }
    }

    /// Appends the message with another payload.
    pub(crate) fn write(&self, payload: &[u8], out: &mut Vec<u8>) {
        write(self.headers, payload, out);
    }
}

/// Appends a message whose headers are texts.
pub(crate) fn write_event(headers: &[(&str, &str)], payload: &[u8], out: &mut Vec<u8>) {
    let mut bytes = Vec::with_capacity(96);
    for (name, value) in headers {
        // Names and values are our own, and short.
        bytes.push(name.len() as u8);
        bytes.extend_from_slice(name.as_bytes());
        bytes.push(TEXT);
        bytes.extend_from_slice(&(value.len() as u16).to_be_bytes());
        bytes.extend_from_slice(value.as_bytes());
    }
    write(&bytes, payload, out);
}

fn write(headers: &[u8], payload: &[u8], out: &mut Vec<u8>) {
    let start = out.len();
    let length = PRELUDE + headers.len() + payload.len() + CHECK;
    out.reserve(length);
    out.extend_from_slice(&(length as u32).to_be_bytes());
    out.extend_from_slice(&(headers.len() as u32).to_be_bytes());
    let check = crc32fast::hash(out.get(start..).unwrap_or_default());
    out.extend_from_slice(&check.to_be_bytes());
    out.extend_from_slice(headers);
    out.extend_from_slice(payload);
    let check = crc32fast::hash(out.get(start..).unwrap_or_default());
    out.extend_from_slice(&check.to_be_bytes());
}

/// The kind of header that holds a text.
const TEXT: u8 = 7;
/// Both lengths and their checksum.
const PRELUDE: usize = 12;
const CHECK: usize = 4;
/// Bytes of the largest message.
const LARGEST: usize = 16 << 20;

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    fn sample() -> Vec<u8> {
        let mut out = Vec::new();
        let headers = [(":message-type", "event"), (":event-type", "chunk")];
        write_event(&headers, b"{\"a\":1}", &mut out);
        write_event(&headers, b"", &mut out);
        out
    }

    fn messages(pieces: &[&[u8]]) -> Result<Vec<String>, Damaged> {
        let (mut cutter, mut all) = (Cutter::default(), Vec::new());
        for piece in pieces {
            cutter.push(piece);
            cutter.drain(|message| {
                let kind = message.header(":event-type").unwrap_or_default();
                all.push(format!("{kind} {}", String::from_utf8_lossy(message.payload)));
                Ok::<(), Damaged>(())
            })?;
        }
        if cutter.is_torn() { Err(Damaged) } else { Ok(all) }
    }

    #[test]
    fn the_published_empty_message_is_read_and_written() {
        // The smallest message: no headers, no payload.
        let want = [0, 0, 0, 0x10, 0, 0, 0, 0, 0x05, 0xc2, 0x48, 0xeb, 0x7d, 0x98, 0xc8, 0xff];
        let mut out = Vec::new();
        write_event(&[], b"", &mut out);
        assert_eq!(out, want);
        assert_eq!(messages(&[&want]).unwrap(), [" "]);
    }

    #[test]
    fn messages_are_cut_alike_however_their_bytes_come() {
        let text = sample();
        let whole = messages(&[&text]).unwrap();
        assert_eq!(whole, ["chunk {\"a\":1}", "chunk "]);
        for cut in 0..text.len() {
            assert_eq!(messages(&[&text[..cut], &text[cut..]]).unwrap(), whole, "{cut}");
        }
    }

    #[test]
    fn what_is_damaged_is_refused() {
        let text = sample();
        let first = usize::from(text[3]);
        for at in 0..text.len() {
            let mut damaged = text.clone();
            damaged[at] ^= 1;
            assert!(messages(&[&damaged]).is_err(), "{at}");
            assert_eq!(messages(&[&text[..at]]).is_ok(), at == 0 || at == first, "{at}");
        }
    }
}
