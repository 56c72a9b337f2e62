//! The calls as bytes: messages of `proto/deidre/v1/deidre.proto`, framed as gRPC does.

use bytes::Bytes;

#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Call {
    Deidentify,
    Detect,
    Stream,
    Reveal,
}

impl Call {
    pub(crate) fn method(self) -> &'static str {
        match self {
            Self::Deidentify => "Deidentify",
            Self::Detect => "Detect",
            Self::Stream => "DeidentifyStream",
            Self::Reveal => "Reveal",
        }
    }

    /// The messages as they go over the wire: their length, then fields of `proto/deidre/v1/deidre.proto`.
    pub(crate) fn frames(self, text: &str, policy: &str) -> Bytes {
        let mut out = Vec::with_capacity(text.len() + 64);
        let options = field(1, policy.as_bytes());
        match self {
            Self::Deidentify => frame(&[field(1, &options), field(2, text.as_bytes())].concat(), &mut out),
            Self::Detect => frame(&field(1, text.as_bytes()), &mut out),
            Self::Reveal => {
                frame(&[field(1, &field(1, b"load")), field(2, text.as_bytes())].concat(), &mut out);
            }
            Self::Stream => {
                frame(&field(1, &field(1, &options)), &mut out);
                // A length that cuts characters as well.
                text.as_bytes().chunks(1021).for_each(|chunk| frame(&field(2, chunk), &mut out));
            }
        }
        out.into()
    }
}

/// A field of bytes.
pub(crate) fn field(number: u8, bytes: &[u8]) -> Vec<u8> {
    let mut out = vec![number << 3 | 2];
    let mut length = bytes.len();
    while length >= 0x80 {
        out.push(length as u8 | 0x80);
        length >>= 7;
    }
    out.push(length as u8);
    out.extend_from_slice(bytes);
    out
}

pub(crate) fn frame(message: &[u8], out: &mut Vec<u8>) {
    out.push(0);
    out.extend_from_slice(&u32::try_from(message.len()).unwrap().to_be_bytes());
    out.extend_from_slice(message);
}

pub(crate) fn messages(mut bytes: &[u8]) -> Vec<Vec<u8>> {
    let mut out = Vec::new();
    while let Some((head, rest)) = bytes.split_first_chunk::<5>() {
        let length = u32::from_be_bytes([head[1], head[2], head[3], head[4]]) as usize;
        let Some((message, rest)) = rest.split_at_checked(length) else { break };
        out.push(message.to_vec());
        bytes = rest;
    }
    out
}

/// The text of the answer; of a stream that of all messages.
pub(crate) fn scrubbed(call: Call, messages: &[Vec<u8>]) -> Vec<u8> {
    let texts = messages.iter().filter_map(|message| match call {
        Call::Stream => first(first(message)?),
        _ => first(message),
    });
    texts.flatten().copied().collect()
}

/// The field of number 1, which stands first in all that is looked at here.
pub(crate) fn first(message: &[u8]) -> Option<&[u8]> {
    let (10, mut rest) = message.split_first().map(|(key, rest)| (*key, rest))? else { return None };
    let mut length = 0;
    for shift in (0..32).step_by(7) {
        let (byte, after) = rest.split_first()?;
        rest = after;
        length |= usize::from(byte & 0x7F) << shift;
        if byte & 0x80 == 0 {
            return rest.get(..length);
        }
    }
    None
}
