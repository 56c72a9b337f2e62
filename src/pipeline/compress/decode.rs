//! Reads compressed streams.

use std::io::{self, Read};

use zstd::stream::raw::{DParameter, Decoder as Frame, InBuffer, Operation, OutBuffer};

use super::gzip::Members;
use super::{Cap, Compression};

/// The plain text of a stream. Checksums are verified, all members or frames are read, and what is not whole is an error:
/// what was given out before it is then a beginning of the text and nothing more.
///
/// Memory: 64 KiB, for gzip up to 256 KiB, for Zstandard the frame's window beside.
pub struct Decoder<R> {
    input: Input<R>,
    compression: Compression,
    codec: Codec,
    cap: Cap,
    /// Bytes given out.
    plain: u64,
}

enum Codec {
    Gzip(Box<Members>),
    Zstd(Box<Frames>),
    /// Not compressed, or nothing read yet.
    None,
    Ended,
    Failed(Damage),
}

/// What one call to a codec did.
pub(super) enum Step {
    /// It used so many bytes and made so many.
    Done { used: usize, made: usize },
    /// It can do nothing before there is more input.
    NeedsMore,
}

/// What is wrong with a stream. Holds no text of it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Damage {
    /// It ends in the middle.
    Short,
    /// Its coding makes no sense.
    Damaged,
    /// A checksum or length does not fit.
    Check,
    /// Something else follows the end of a member.
    Trailing,
    /// A frame needs more memory than allowed.
    Window,
    /// It grows beyond the cap.
    Ratio,
    /// A header is longer than the buffer.
    Header,
}

impl Damage {
    fn error(self, compression: Compression) -> io::Error {
        let name = compression.name();
        let (kind, text) = match self {
            Self::Short => (io::ErrorKind::UnexpectedEof, "data ends too early: the file is not whole"),
            Self::Damaged => (io::ErrorKind::InvalidData, "data is damaged"),
            Self::Check => (io::ErrorKind::InvalidData, "data is damaged: its checksum does not fit"),
            Self::Trailing => {
                (io::ErrorKind::InvalidData, "data does not begin here: bytes of another kind follow its end")
            }
            Self::Window => (io::ErrorKind::InvalidData, "data needs a larger window than 128 MiB"),
            Self::Ratio => (io::ErrorKind::InvalidData, "data grows to more than 1000 times its size"),
            Self::Header => (io::ErrorKind::InvalidData, "data has a header that is too long"),
        };
        io::Error::new(kind, format!("{name} {text}"))
    }
}

impl<R: Read> Decoder<R> {
    /// Reads `inner`, which is compressed like that.
    pub fn new(inner: R, compression: Compression, cap: Cap) -> Self {
        let codec = match compression {
            Compression::None => Codec::None,
            Compression::Gzip => Codec::Gzip(Box::new(Members::new())),
            Compression::Zstd => Codec::Zstd(Box::default()),
        };
        Self { input: Input::new(inner), compression, codec, cap, plain: 0 }
    }

    /// Bytes read from the inner stream and used: what a progress bar counts.
    pub fn stored(&self) -> u64 {
        self.input.used
    }

    fn fail(&mut self, damage: Damage) -> io::Error {
        self.codec = Codec::Failed(damage);
        damage.error(self.compression)
    }
}

impl<R: Read> Read for Decoder<R> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        if out.is_empty() {
            return Ok(0);
        }
        loop {
            let (between, largest) = match &self.codec {
                Codec::None => {
                    let read = self.input.inner.read(out)?;
                    self.input.used += read as u64;
                    return Ok(read);
                }
                Codec::Ended => return Ok(0),
                Codec::Failed(damage) => return Err(damage.error(self.compression)),
                // A stream must hold one member at least.
                Codec::Gzip(members) => (members.is_between() && self.input.used > 0, Input::<R>::HEADER),
                Codec::Zstd(frames) => (frames.between && self.input.used > 0, Input::<R>::READ),
            };
            if between && self.input.is_empty() && !self.input.fill(largest)? {
                self.codec = Codec::Ended;
                return Ok(0);
            }
            let step = match &mut self.codec {
                Codec::Gzip(members) => members.step(self.input.bytes(), out),
                Codec::Zstd(frames) => frames.step(self.input.bytes(), out, self.cap)?,
                _ => return Ok(0),
            };
            match step {
                Err(damage) => return Err(self.fail(damage)),
                Ok(Step::Done { used, made }) => {
                    self.input.advance(used);
                    self.plain += made as u64;
                    if self.plain > self.cap.free && self.plain / self.cap.ratio.max(1) >= self.input.used {
                        return Err(self.fail(Damage::Ratio));
                    }
                    if made > 0 {
                        return Ok(made);
                    }
                }
                Ok(Step::NeedsMore) if self.input.bytes().len() >= largest => return Err(self.fail(Damage::Header)),
                Ok(Step::NeedsMore) => {
                    if !self.input.fill(largest)? {
                        return Err(self.fail(Damage::Short));
                    }
                }
            }
        }
    }
}

// Holds text.
impl<R> std::fmt::Debug for Decoder<R> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Decoder").field("compression", &self.compression).field("plain", &self.plain).finish()
    }
}

/// The frames of a Zstandard stream.
#[derive(Default)]
struct Frames {
    decoder: Option<Frame<'static>>,
    between: bool,
}

impl Frames {
    /// The outer error is that of the system: no memory.
    #[expect(clippy::disallowed_methods, reason = "the decoder around it has the cap")]
    fn step(&mut self, input: &[u8], out: &mut [u8], cap: Cap) -> io::Result<Result<Step, Damage>> {
        let decoder = match &mut self.decoder {
            Some(decoder) => decoder,
            None => {
                let mut decoder = Frame::new()?;
                decoder.set_parameter(DParameter::WindowLogMax(cap.window_log))?;
                self.decoder.insert(decoder)
            }
        };
        let mut source = InBuffer::around(input);
        let mut target = OutBuffer::around(out);
        let left = match decoder.run(&mut source, &mut target) {
            Ok(left) => left,
            Err(e) => return Ok(Err(self.damage(&e, input))),
        };
        let (used, made) = (source.pos(), target.pos());
        if used == 0 && made == 0 {
            return Ok(Ok(Step::NeedsMore));
        }
        self.between = left == 0;
        Ok(Ok(Step::Done { used, made }))
    }

    /// The library says what is wrong in words only.
    fn damage(&self, error: &io::Error, input: &[u8]) -> Damage {
        let text = error.to_string();
        if text.contains("too much memory") {
            Damage::Window
        } else if text.contains("checksum") {
            Damage::Check
        } else if self.between && Compression::of(input) != Compression::Zstd {
            Damage::Trailing
        } else {
            Damage::Damaged
        }
    }
}

/// Bytes of the inner stream that were not used yet.
struct Input<R> {
    inner: R,
    buffer: Vec<u8>,
    start: usize,
    used: u64,
}

impl<R: Read> Input<R> {
    /// Bytes asked for by one read.
    const READ: usize = 64 << 10;

    /// The longest gzip header that is read.
    const HEADER: usize = 256 << 10;

    fn new(inner: R) -> Self {
        Self { inner, buffer: Vec::new(), start: 0, used: 0 }
    }

    fn bytes(&self) -> &[u8] {
        self.buffer.get(self.start..).unwrap_or_default()
    }

    fn is_empty(&self) -> bool {
        self.start >= self.buffer.len()
    }

    fn advance(&mut self, used: usize) {
        self.start = (self.start + used).min(self.buffer.len());
        self.used += used as u64;
    }

    /// Reads more, up to `largest` bytes in all; false at the end of the stream.
    fn fill(&mut self, largest: usize) -> io::Result<bool> {
        self.buffer.drain(..self.start);
        self.start = 0;
        let before = self.buffer.len();
        self.buffer.resize((before + Self::READ).min(largest), 0);
        loop {
            match self.inner.read(self.buffer.get_mut(before..).unwrap_or_default()) {
                Ok(read) => {
                    self.buffer.truncate(before + read);
                    return Ok(read > 0);
                }
                Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
                Err(e) => {
                    self.buffer.truncate(before);
                    return Err(e);
                }
            }
        }
    }
}
