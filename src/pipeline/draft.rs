//! What is filled into a chunk's output at its end: codes, asked for in one go, and the contents that hold them.

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD as BASE64;
use sha1::{Digest, Sha1};

use crate::span::Span;
use crate::transform::{Hole, Orders, Transform, TransformError};

/// What the records of a chunk still wait for.
#[derive(Default)]
pub(super) struct Draft {
    pub(super) orders: Orders,
    pub(super) holes: Vec<Hole>,
    /// Decoded contents of the chunk one after the other, edited.
    pub(super) contents: Vec<u8>,
    /// Holes in `contents`.
    pub(super) inner: Vec<Hole>,
    pub(super) packets: Vec<Packet>,
}

/// A content that is encoded into the output once its codes are filled in. Codes have a fixed length, so that its place
/// and length are known before.
pub(super) struct Packet {
    /// In the decoded contents.
    pub(super) content: Span,
    /// Where its base 64 stands in the output.
    pub(super) at: usize,
    /// Where its SHA-1 stands there.
    pub(super) hash: Option<usize>,
}

/// How far a draft was when a record began.
#[derive(Clone, Copy)]
pub(super) struct Mark {
    orders: usize,
    holes: usize,
    contents: usize,
    inner: usize,
    packets: usize,
}

impl Draft {
    pub(super) fn mark(&self) -> Mark {
        Mark {
            orders: self.orders.len(),
            holes: self.holes.len(),
            contents: self.contents.len(),
            inner: self.inner.len(),
            packets: self.packets.len(),
        }
    }

    pub(super) fn truncate(&mut self, mark: Mark) {
        self.orders.truncate(mark.orders);
        self.holes.truncate(mark.holes);
        self.contents.truncate(mark.contents);
        self.inner.truncate(mark.inner);
        self.packets.truncate(mark.packets);
    }

    pub(super) fn clear(&mut self) {
        self.truncate(Mark { orders: 0, holes: 0, contents: 0, inner: 0, packets: 0 });
    }

    /// Fills in all codes and encodes all contents.
    pub(super) fn settle(&mut self, transform: &Transform, bytes: &mut Vec<u8>) -> Result<(), TransformError> {
        let length = bytes.len();
        bytes.extend_from_slice(&self.contents);
        self.holes.extend(self.inner.iter().map(|hole| hole.moved(length)));
        transform.settle(&self.orders, &self.holes, bytes)?;
        let contents = bytes.split_off(length);
        let mut encoded = String::new();
        for Packet { content, at, hash } in &self.packets {
            let content = contents.get(content.start..content.end).ok_or(TransformError::Lost)?;
            encoded.clear();
            BASE64.encode_string(content, &mut encoded);
            put(bytes, *at, encoded.as_bytes())?;
            if let Some(at) = hash {
                put(bytes, *at, BASE64.encode(Sha1::digest(content)).as_bytes())?;
            }
        }
        Ok(())
    }
}

fn put(bytes: &mut [u8], at: usize, new: &[u8]) -> Result<(), TransformError> {
    let place = at.checked_add(new.len()).and_then(|end| bytes.get_mut(at..end));
    place.ok_or(TransformError::Lost)?.copy_from_slice(new);
    Ok(())
}
