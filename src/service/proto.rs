//! The messages, generated from `proto/`.

#![allow(missing_docs, unreachable_pub, clippy::all, clippy::pedantic, clippy::unwrap_used)]

use prost::Message;

include!(concat!(env!("OUT_DIR"), "/deidre.v1.rs"));

/// The description of all messages, for reflection and for the description of JSON over HTTP.
pub const DESCRIPTORS: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/deidre.bin"));

/// Messages hold text: their Debug tells a length.
macro_rules! quiet {
    ($($name:ident)*) => {$(
        impl std::fmt::Debug for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.debug_struct(stringify!($name)).field("bytes", &self.encoded_len()).finish_non_exhaustive()
            }
        }
    )*};
}

quiet! {
    Segment ContextField Options DeidentifyRequest DeidentifyResponse ScrubbedSegment Span Timings Versions StreamOptions
    DeidentifyStreamRequest DeidentifyStreamResponse StreamedText StreamSummary RevealOptions RevealRequest RevealResponse
    RevealStreamRequest RevealStreamResponse Revealed DetectRequest DetectResponse DetectedSegment ListPoliciesRequest
    ListPoliciesResponse PolicyInfo GetVersionRequest GetVersionResponse
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn debug_holds_no_text() {
        let text = || "MARKER".to_owned();
        let options = Options { patient: text(), session: text(), policy: text(), ..Options::default() };
        let request = DeidentifyRequest { options: Some(options.clone()), text: text(), segments: Vec::new() };
        let chunk = deidentify_stream_request::Message::Chunk(b"MARKER".to_vec());
        let stream = DeidentifyStreamRequest { message: Some(chunk) };
        let reveal =
            RevealRequest { text: text(), options: Some(RevealOptions { reason: text(), ..RevealOptions::default() }) };
        let shown = format!("{options:?} {request:?} {stream:?} {reveal:?}");
        assert!(!shown.contains("MARKER") && !shown.contains("77"), "{shown}");
    }
}
