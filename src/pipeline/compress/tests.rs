//! Texts through compression and back.

#![allow(clippy::unwrap_used)]

use std::io::{self, ErrorKind, Read, Write};
use std::process::{Command, Stdio};

use proptest::prelude::*;

use super::*;

const BOTH: [Compression; 2] = [Compression::Gzip, Compression::Zstd];
const ALL: [Compression; 3] = [Compression::None, Compression::Gzip, Compression::Zstd];

fn encode(plain: &[u8], compression: Compression) -> Vec<u8> {
    let mut encoder = Encoder::new(Vec::new(), compression);
    encoder.write_all(plain).unwrap();
    encoder.finish().unwrap()
}

fn decode(stored: &[u8], compression: Compression) -> io::Result<Vec<u8>> {
    decode_within(stored, compression, Cap::default())
}

fn decode_within(stored: &[u8], compression: Compression, cap: Cap) -> io::Result<Vec<u8>> {
    let mut plain = Vec::new();
    Decoder::new(stored, compression, cap).read_to_end(&mut plain)?;
    Ok(plain)
}

/// Text that is neither all alike nor without repetition.
fn text(length: usize) -> Vec<u8> {
    let mut state = 7u32;
    let mut next = || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        b'a' + ((state >> 24) % 12) as u8
    };
    (0..length).map(|_| next()).collect()
}

/// Gives out one byte a read.
struct Slow<'a>(&'a [u8]);

impl Read for Slow<'_> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let length = out.len().min(1);
        self.0.read(&mut out[..length])
    }
}

#[test]
fn streams_are_told_by_their_magic_numbers() {
    for (start, want) in [
        (&b"\x1f\x8b\x08"[..], Compression::Gzip),
        (b"\x28\xb5\x2f\xfd\x00", Compression::Zstd),
        (b"\x50\x2a\x4d\x18", Compression::Zstd),
        (b"\x5f\x2a\x4d\x18", Compression::Zstd),
        (b"\x28\xb5\x2f", Compression::None),
        (b"\x60\x2a\x4d\x18", Compression::None),
        (b"\x1f", Compression::None),
        (b"", Compression::None),
        (b"{\"a\":1}", Compression::None),
        (b"PAR1", Compression::None),
    ] {
        assert_eq!(Compression::of(start), want, "{start:?}");
    }
    for compression in BOTH {
        assert_eq!(Compression::of(&encode(b"", compression)), compression);
    }
}

#[test]
fn frames_are_cut_at_fixed_places_and_can_be_resumed() {
    let plain = text(2 * FRAME + 1000);
    for compression in ALL {
        let whole = encode(&plain, compression);
        assert_eq!(decode(&whole, compression).unwrap(), plain);
        let mut encoder = Encoder::new(Vec::new(), compression);
        let mut borders = vec![Frames::default()];
        for part in plain.chunks(777_777) {
            encoder.write_all(part).unwrap();
            borders.push(encoder.frames());
        }
        assert_eq!(encoder.finish().unwrap(), whole);
        borders.dedup();
        assert!(borders.len() >= 3);
        for frames in borders {
            if compression != Compression::None {
                assert_eq!(frames.plain % FRAME as u64, 0);
            }
            let kept = whole[..frames.stored as usize].to_vec();
            let mut encoder = Encoder::resume(kept, compression, frames);
            encoder.write_all(&plain[frames.plain as usize..]).unwrap();
            assert_eq!(encoder.finish().unwrap(), whole, "{compression:?} {frames:?}");
        }
    }
}

#[test]
fn no_empty_frame_follows_a_full_one() {
    for compression in BOTH {
        let plain = text(FRAME);
        let mut encoder = Encoder::new(Vec::new(), compression);
        encoder.write_all(&plain).unwrap();
        let frames = encoder.frames();
        assert_eq!(frames.plain, FRAME as u64);
        let whole = encoder.finish().unwrap();
        assert_eq!(whole.len() as u64, frames.stored);
        assert_eq!(Encoder::resume(whole.clone(), compression, frames).finish().unwrap(), whole);
        assert_eq!(decode(&whole, compression).unwrap(), plain);
    }
}

#[test]
fn an_empty_text_is_a_whole_stream() {
    for compression in ALL {
        let stored = encode(b"", compression);
        assert_eq!(stored.is_empty(), compression == Compression::None);
        assert_eq!(decode(&stored, compression).unwrap(), b"");
    }
}

#[test]
fn members_and_frames_that_follow_one_another_are_one_text() {
    for compression in BOTH {
        let mut stored = encode(b"one ", compression);
        stored.extend(encode(b"", compression));
        if compression == Compression::Zstd {
            stored.extend(b"\x53\x2a\x4d\x18\x03\0\0\0abc");
        }
        stored.extend(encode(b"two", compression));
        assert_eq!(decode(&stored, compression).unwrap(), b"one two");
        let mut plain = Vec::new();
        Decoder::new(Slow(&stored), compression, Cap::default()).read_to_end(&mut plain).unwrap();
        assert_eq!(plain, b"one two");
    }
    let skipped = [&b"\x50\x2a\x4d\x18\x02\0\0\0ab"[..], &encode(b"after", Compression::Zstd)].concat();
    assert_eq!(Compression::of(&skipped), Compression::Zstd);
    assert_eq!(decode(&skipped, Compression::Zstd).unwrap(), b"after");
}

#[test]
fn what_is_cut_off_is_an_error_at_every_byte() {
    let plain = text(700);
    for compression in BOTH {
        let stored = encode(&plain, compression);
        for cut in 0..stored.len() {
            let error = decode(&stored[..cut], compression).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::UnexpectedEof, "{compression:?} {cut}");
        }
        // A second member may be missing, not half there.
        let twice = [&stored[..], &stored[..]].concat();
        for cut in stored.len() + 1..twice.len() {
            assert!(decode(&twice[..cut], compression).is_err(), "{compression:?} {cut}");
        }
    }
}

#[test]
fn what_is_damaged_or_followed_by_something_else_is_an_error() {
    let plain = text(300);
    for compression in BOTH {
        let stored = encode(&plain, compression);
        for more in [&b"\0"[..], b"\0\0\0\0\0\0\0\0", b"MARKER MARKER", b"\x1f\x8b\x07\0\0\0\0\0\0\0"] {
            let error = decode(&[&stored[..], more].concat(), compression).unwrap_err();
            assert!(matches!(error.kind(), ErrorKind::InvalidData | ErrorKind::UnexpectedEof), "{error}");
            assert!(!error.to_string().contains("MARKER"));
        }
        for at in 0..stored.len() {
            let mut bad = stored.clone();
            bad[at] ^= 0x40;
            // A changed byte of the header's time, system or level says nothing of the text.
            if let Ok(text) = decode(&bad, compression) {
                assert_eq!(text, plain, "{compression:?} {at}");
            }
        }
        let check = stored.len() - 1 - 4 * usize::from(compression == Compression::Gzip);
        let mut bad = stored.clone();
        bad[check] ^= 1;
        assert!(decode(&bad, compression).unwrap_err().to_string().contains("checksum"));
        assert_eq!(decode(b"MARKER", compression).unwrap_err().kind(), ErrorKind::InvalidData);
    }
}

#[test]
fn an_error_stays() {
    let mut stored = encode(&text(300), Compression::Gzip);
    let end = stored.len();
    stored[end - 1] ^= 1;
    let mut decoder = Decoder::new(&stored[..], Compression::Gzip, Cap::default());
    let mut plain = Vec::new();
    assert!(decoder.read_to_end(&mut plain).is_err());
    assert!(decoder.read(&mut [0; 9]).is_err());
}

#[test]
fn bombs_are_stopped() {
    let cap = Cap { ratio: 100, free: 1 << 20, ..Cap::default() };
    let zeros = vec![0; 8 << 20];
    for compression in BOTH {
        let stored = encode(&zeros, compression);
        let mut decoder = Decoder::new(&stored[..], compression, cap);
        let mut plain = Vec::new();
        let error = decoder.read_to_end(&mut plain).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidData);
        assert!(plain.len() <= (1 << 20) + (4 << 20), "{}", plain.len());
        // Below the free amount, and where the text is as it is in records, nothing is stopped.
        assert_eq!(decode(&stored, compression).unwrap(), zeros);
        let text = text(3 << 20);
        assert_eq!(decode_within(&encode(&text, compression), compression, cap).unwrap(), text);
    }
}

#[test]
fn windows_above_the_limit_are_refused() {
    use zstd::zstd_safe::CParameter;
    let plain = text(300 << 10);
    let stored = |log: u32| {
        let mut encoder = zstd::stream::Encoder::new(Vec::new(), 3).unwrap();
        encoder.set_parameter(CParameter::WindowLog(log)).unwrap();
        encoder.write_all(&plain).unwrap();
        encoder.finish().unwrap()
    };
    assert_eq!(decode(&stored(27), Compression::Zstd).unwrap(), plain);
    let error = decode(&stored(28), Compression::Zstd).unwrap_err();
    assert!(error.to_string().contains("window"), "{error}");
}

#[test]
fn an_output_that_failed_takes_no_more() {
    struct Full;
    impl Write for Full {
        fn write(&mut self, _: &[u8]) -> io::Result<usize> {
            Err(ErrorKind::StorageFull.into())
        }
        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }
    for compression in BOTH {
        let mut encoder = Encoder::new(Full, compression);
        assert_eq!(encoder.write_all(&text(FRAME)).unwrap_err().kind(), ErrorKind::StorageFull);
        assert!(encoder.write_all(b"x").is_err());
        assert_eq!(encoder.frames(), Frames::default());
        assert!(encoder.finish().is_err());
    }
}

#[test]
fn debug_holds_no_text() {
    for compression in ALL {
        let mut encoder = Encoder::new(Vec::<u8>::new(), compression);
        encoder.write_all(b"MARKER").unwrap();
        assert!(!format!("{encoder:?}").contains("MARKER"));
        assert!(!format!("{:?}", Decoder::new(&b"MARKER"[..], compression, Cap::default())).contains("MARKER"));
    }
}

/// What the program makes of `input`; `None` where there is no such program.
fn piped(program: &str, arguments: &[&str], input: Vec<u8>) -> Option<Vec<u8>> {
    let mut child = Command::new(program).args(arguments).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().ok()?;
    let mut stdin = child.stdin.take().unwrap();
    let writer = std::thread::spawn(move || stdin.write_all(&input));
    let output = child.wait_with_output().unwrap();
    writer.join().unwrap().unwrap();
    assert!(output.status.success(), "{program}");
    Some(output.stdout)
}

#[test]
fn others_read_what_is_written_and_the_other_way_round() {
    let plain = text(FRAME + 5000);
    for (compression, program) in [(Compression::Gzip, "gzip"), (Compression::Zstd, "zstd")] {
        let Some(read) = piped(program, &["-dc"], encode(&plain, compression)) else {
            #[allow(clippy::print_stderr)] // Says why nothing was tested.
            {
                eprintln!("skipped: no {program} here");
            }
            continue;
        };
        assert!(read == plain, "{program} -d");
        assert_eq!(piped(program, &["-dc"], encode(b"", compression)).unwrap(), b"");
        let written = piped(program, &["-c"], plain.clone()).unwrap();
        assert!(decode(&written, compression).unwrap() == plain, "{program}");
    }
}

proptest! {
    #[test]
    fn any_split_of_writes_gives_the_same_bytes(
        words in prop::collection::vec("[a-f]{1,40}", 0..200),
        sizes in prop::collection::vec(1usize..500, 1..40),
    ) {
        let plain = words.concat().into_bytes();
        for compression in ALL {
            let whole = encode(&plain, compression);
            let mut encoder = Encoder::new(Vec::new(), compression);
            let mut rest = &plain[..];
            for size in sizes.iter().cycle() {
                let (part, after) = rest.split_at((*size).min(rest.len()));
                encoder.write_all(part).unwrap();
                rest = after;
                if rest.is_empty() {
                    break;
                }
            }
            prop_assert_eq!(&encoder.finish().unwrap(), &whole);
            prop_assert_eq!(&decode(&whole, compression).unwrap(), &plain);
            let mut slow = Vec::new();
            Decoder::new(Slow(&whole), compression, Cap::default()).read_to_end(&mut slow).unwrap();
            prop_assert_eq!(&slow, &plain);
        }
    }

    #[test]
    fn any_bytes_are_text_or_an_error(bytes in prop::collection::vec(any::<u8>(), 0..300), plain in "[a-c]{0,300}") {
        for compression in BOTH {
            let _ = decode(&bytes, compression);
            let mut stored = encode(plain.as_bytes(), compression);
            stored.truncate(stored.len() / 2);
            stored.extend_from_slice(&bytes);
            let _ = decode(&stored, compression);
        }
    }
}
