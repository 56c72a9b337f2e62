//! gzip and Zstandard, in and out: bounded when it is read, the same bytes for the same text when it is written.
//!
//! Input is any number of gzip members (RFC 1952) or Zstandard frames (RFC 8878) one after the other. Output is cut into
//! members or frames at fixed places of the plain text, so that a run that was broken off goes on from the last of them and
//! ends with the bytes of a run that was not.

mod decode;
mod encode;
mod gzip;
#[cfg(test)]
mod tests;

pub use decode::Decoder;
pub use encode::Encoder;

/// How a stream is compressed.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
pub enum Compression {
    /// It is not.
    #[default]
    None,
    /// gzip, RFC 1952.
    Gzip,
    /// Zstandard, RFC 8878.
    Zstd,
}

impl Compression {
    /// Bytes that [`Compression::of`] looks at.
    pub const MAGIC: usize = 4;

    /// How input that starts with these bytes is compressed, by its magic number alone. A Zstandard stream may begin with a
    /// frame to be skipped.
    pub fn of(start: &[u8]) -> Self {
        match start {
            [0x1F, 0x8B, ..] => Self::Gzip,
            [0x28, 0xB5, 0x2F, 0xFD, ..] | [0x50..=0x5F, 0x2A, 0x4D, 0x18, ..] => Self::Zstd,
            _ => Self::None,
        }
    }

    /// The extension that files of this kind have after that of what is in them.
    pub fn extension(self) -> Option<&'static str> {
        match self {
            Self::None => None,
            Self::Gzip => Some("gz"),
            Self::Zstd => Some("zst"),
        }
    }

    fn name(self) -> &'static str {
        match self {
            Self::None => "plain",
            Self::Gzip => "gzip",
            Self::Zstd => "Zstandard",
        }
    }
}

/// What a decoder does not go beyond. Memory is bounded in any case; this bounds the work that a few bytes can make.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Cap {
    /// Plain bytes a stored byte, over all that was read. Real exports stay below 100; gzip cannot make more than 1032.
    pub ratio: u64,
    /// Plain bytes before the ratio counts.
    pub free: u64,
    /// The largest window of a Zstandard frame, as a power of two of bytes: what a decoder holds in memory.
    pub window_log: u32,
}

impl Default for Cap {
    /// 1000 to 1 after 64 MiB, windows of 128 MiB: what `zstd` takes without being asked.
    fn default() -> Self {
        Self { ratio: 1000, free: 64 << 20, window_log: 27 }
    }
}

/// How far the frames of an output are complete.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Frames {
    /// Plain bytes in them.
    pub plain: u64,
    /// Bytes that they take up.
    pub stored: u64,
}

/// Plain bytes in a member or frame; the last of an output may have fewer.
pub const FRAME: usize = 4 << 20;
