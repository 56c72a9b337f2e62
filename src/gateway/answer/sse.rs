//! Events of a stream as browsers know them (`text/event-stream`): cut from bytes that come in any pieces, and written.
//!
//! <https://html.spec.whatwg.org/multipage/server-sent-events.html>

use std::ops::Range;

/// Cuts a stream into events.
#[derive(Default)]
pub(crate) struct Cutter {
    held: Vec<u8>,
    /// What was searched for the end of an event.
    searched: usize,
    began: bool,
}

/// An event, as a piece of the stream's bytes.
pub(crate) struct Event<'b> {
    /// All of it, with the empty line that ends it.
    pub(crate) raw: &'b [u8],
    /// Its name, if it has one that could be one.
    pub(crate) name: Option<&'b str>,
    /// Where its data stands in `raw`; `None` where it has none, or on several lines.
    pub(crate) data: Option<Range<usize>>,
    /// Its data stands on several lines.
    pub(crate) several: bool,
}

/// An event is larger than may be.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct TooLarge;

impl Cutter {
    pub(crate) fn push(&mut self, bytes: &[u8]) -> Result<(), TooLarge> {
        self.held.extend_from_slice(bytes);
        if self.held.len() > LARGEST { Err(TooLarge) } else { Ok(()) }
    }

    /// Gives each event that is whole by now to `each`.
    pub(crate) fn drain<E>(&mut self, mut each: impl FnMut(Event<'_>) -> Result<(), E>) -> Result<(), E> {
        let mut done = 0;
        if !self.began && !self.held.is_empty() && !b"\xef\xbb\xbf".starts_with(&self.held) {
            self.began = true;
            done = if self.held.starts_with(b"\xef\xbb\xbf") { 3 } else { 0 };
            self.searched = self.searched.max(done);
        }
        while let Some(end) = end_of_event(&self.held, done, self.searched) {
            each(event(self.held.get(done..end).unwrap_or_default()))?;
            done = end;
            self.searched = end;
        }
        self.held.drain(..done);
        // A line that ends here may be the one before the empty line.
        self.searched = self.held.len().saturating_sub(3);
        Ok(())
    }

    /// The event that the stream broke off in.
    pub(crate) fn rest(self) -> Vec<u8> {
        self.held
    }
}

/// Where the event ends that begins at `start`: behind its empty line. Whether a carriage return is an end of line by
/// itself shows only by what follows.
fn end_of_event(bytes: &[u8], start: usize, searched: usize) -> Option<usize> {
    let mut at = searched.max(start);
    loop {
        at += memchr::memchr2(b'\n', b'\r', bytes.get(at..)?)?;
        let first = line_end(bytes, at)?;
        if at == start {
            // Empty lines before an event belong to it.
            return Some(first);
        }
        match bytes.get(first)? {
            b'\n' | b'\r' => return line_end(bytes, first),
            _ => at = first,
        }
    }
}

/// The byte behind the end of line at `at`.
fn line_end(bytes: &[u8], at: usize) -> Option<usize> {
    match (bytes.get(at)?, bytes.get(at + 1)) {
        (b'\n', _) => Some(at + 1),
        (_, Some(b'\n')) => Some(at + 2),
        (_, Some(_)) => Some(at + 1),
        (_, None) => None,
    }
}

fn event(raw: &[u8]) -> Event<'_> {
    let mut event = Event { raw, name: None, data: None, several: false };
    let mut at = 0;
    while at < raw.len() {
        let rest = raw.get(at..).unwrap_or_default();
        let length = memchr::memchr2(b'\n', b'\r', rest).unwrap_or(rest.len());
        let line = rest.get(..length).unwrap_or_default();
        if let Some(value) = field(line, b"data") {
            event.several |= event.data.is_some();
            event.data = Some(at + value..at + length);
        } else if let Some(value) = field(line, b"event") {
            let name = line.get(value..).and_then(|name| std::str::from_utf8(name).ok());
            event.name = name.filter(|name| is_name(name));
        }
        at += length + 1;
    }
    if event.several {
        event.data = None;
    }
    event
}

/// Where the value of a line begins, if it is of that field.
fn field(line: &[u8], name: &[u8]) -> Option<usize> {
    let rest = line.strip_prefix(name)?.strip_prefix(b":")?;
    Some(name.len() + 1 + usize::from(rest.first() == Some(&b' ')))
}

fn is_name(name: &str) -> bool {
    !name.is_empty() && name.len() <= 80 && name.bytes().all(|b| b.is_ascii_alphanumeric() || b"._-".contains(&b))
}

/// Appends an event.
pub(crate) fn write(name: Option<&str>, data: &[u8], out: &mut Vec<u8>) {
    if let Some(name) = name {
        out.extend_from_slice(b"event: ");
        out.extend_from_slice(name.as_bytes());
        out.push(b'\n');
    }
    out.extend_from_slice(b"data: ");
    out.extend_from_slice(data);
    out.extend_from_slice(b"\n\n");
}

/// Bytes of the largest event: the last one of a response repeats all of it.
const LARGEST: usize = 16 << 20;

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    fn events(pieces: &[&[u8]]) -> (Vec<String>, Vec<u8>) {
        let mut cutter = Cutter::default();
        let mut all = Vec::new();
        for piece in pieces {
            cutter.push(piece).unwrap();
            cutter
                .drain(|event| {
                    let data = event.data.clone().map(|data| String::from_utf8_lossy(&event.raw[data]).into_owned());
                    all.push(format!("{:?} {:?} {}", event.name, data, event.several));
                    Ok::<(), ()>(())
                })
                .unwrap();
        }
        (all, cutter.rest())
    }

    #[test]
    fn events_are_cut_alike_however_their_bytes_come() {
        let text = b"\xef\xbb\xbfdata: {\"a\":1}\n\nevent: ping\r\ndata:2\r\n\r\n: hello\n\ndata: 3\ndata: 4\n\nid: 7\ndata: 5\r\rdata: 6";
        let (whole, rest) = events(&[text]);
        assert_eq!(
            whole,
            [
                "None Some(\"{\\\"a\\\":1}\") false",
                "Some(\"ping\") Some(\"2\") false",
                "None None false",
                "None None true",
                "None Some(\"5\") false",
            ]
        );
        assert_eq!(rest, b"data: 6");
        for cut in 0..text.len() {
            assert_eq!(events(&[&text[..cut], &text[cut..]]), (whole.clone(), rest.clone()), "{cut}");
        }
        let bytes: Vec<&[u8]> = text.chunks(1).collect();
        assert_eq!(events(&bytes), (whole, rest));
    }

    #[test]
    fn an_event_without_end_is_refused() {
        let mut cutter = Cutter::default();
        let piece = vec![b'x'; 1 << 20];
        assert!((0..17).any(|_| cutter.push(&piece).is_err()));
    }
}
