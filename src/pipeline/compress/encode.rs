//! Writes compressed streams.

use std::io::{self, Write};

use flate2::GzBuilder;
use zstd::bulk::Compressor;
use zstd::zstd_safe::CParameter;

use super::{Compression, FRAME, Frames};

/// Compresses what is written, into members or frames of [`FRAME`] plain bytes each.
///
/// The output depends on the text alone: not on how it was cut into writes, nor on names or times. It is whole after
/// [`Encoder::finish`] only. A frame leaves when it is full: flushing brings out no part of one.
///
/// Memory: a frame, plain and compressed.
pub struct Encoder<W> {
    inner: W,
    compression: Compression,
    /// Of the frame that is not full yet.
    pending: Vec<u8>,
    frames: Frames,
    /// A frame that could be written in part only: whatever follows would make it look sound.
    broken: bool,
}

impl<W: Write> Encoder<W> {
    /// Writes to `inner`.
    pub fn new(inner: W, compression: Compression) -> Self {
        Self::resume(inner, compression, Frames::default())
    }

    /// Goes on after the frames of an output that was broken off: `inner` holds `frames.stored` bytes and is written behind
    /// them, and what is written here is the text from byte `frames.plain` on.
    pub fn resume(inner: W, compression: Compression, frames: Frames) -> Self {
        Self { inner, compression, pending: Vec::new(), frames, broken: false }
    }

    /// How far the output is complete frames: where it can be resumed. All of it, when it is not compressed.
    pub fn frames(&self) -> Frames {
        self.frames
    }

    /// Writes what is left. An output without text is a valid one.
    ///
    /// # Errors
    ///
    /// When writing fails.
    pub fn finish(mut self) -> io::Result<W> {
        if !self.pending.is_empty() || self.frames.plain == 0 {
            self.write_frame()?;
        }
        self.inner.flush()?;
        Ok(self.inner)
    }

    fn write_frame(&mut self) -> io::Result<()> {
        let stored = match self.compression {
            Compression::None => return Ok(()),
            Compression::Gzip => gzip(&self.pending)?,
            Compression::Zstd => zstd(&self.pending)?,
        };
        if self.broken {
            return Err(io::Error::other("the output failed before"));
        }
        self.broken = true;
        self.inner.write_all(&stored)?;
        self.broken = false;
        self.frames.plain += self.pending.len() as u64;
        self.frames.stored += stored.len() as u64;
        self.pending.clear();
        Ok(())
    }
}

impl<W: Write> Write for Encoder<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.compression == Compression::None {
            let written = self.inner.write(bytes)?;
            self.frames.plain += written as u64;
            self.frames.stored += written as u64;
            return Ok(written);
        }
        if self.broken {
            return Err(io::Error::other("the output failed before"));
        }
        let done = (self.frames.plain % FRAME as u64) as usize;
        let room = (FRAME - done).saturating_sub(self.pending.len());
        let taken = bytes.get(..room).unwrap_or(bytes);
        self.pending.extend_from_slice(taken);
        if taken.len() == room {
            self.write_frame()?;
        }
        Ok(taken.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.inner.flush()
    }
}

// Holds text.
impl<W> std::fmt::Debug for Encoder<W> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Encoder").field("compression", &self.compression).field("frames", &self.frames).finish()
    }
}

/// A member without name or time; the system is "unknown".
fn gzip(plain: &[u8]) -> io::Result<Vec<u8>> {
    const UNKNOWN: u8 = 255;
    let level = flate2::Compression::new(6);
    let mut member = GzBuilder::new().mtime(0).operating_system(UNKNOWN).write(Vec::new(), level);
    member.write_all(plain)?;
    member.finish()
}

/// A frame with its length and checksum. By a compressor of its own: one that was used before may find other matches.
fn zstd(plain: &[u8]) -> io::Result<Vec<u8>> {
    const LEVEL: i32 = 3;
    let mut compressor = Compressor::new(LEVEL)?;
    compressor.set_parameter(CParameter::ContentSizeFlag(true))?;
    compressor.set_parameter(CParameter::ChecksumFlag(true))?;
    compressor.compress(plain)
}
