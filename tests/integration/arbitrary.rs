//! The bodies of the fuzz targets on bytes from proptest: cheap enough for every run.

use proptest::prelude::*;
use proptest::test_runner::RngSeed;

#[allow(unreachable_pub)]
#[path = "../../fuzz/src/bodies.rs"]
pub(crate) mod bodies;

/// Bytes, and pieces that the parsers know.
fn bytes() -> impl Strategy<Value = Vec<u8>> {
    let piece = prop_oneof![
        2 => prop::collection::vec(any::<u8>(), 0..12),
        2 => "[ -~\n\r\t]{0,20}".prop_map(String::into_bytes),
        1 => "\\PC{0,6}".prop_map(String::into_bytes),
        4 => prop::sample::select(PIECES).prop_map(|piece| piece.to_vec()),
    ];
    prop::collection::vec(piece, 0..24).prop_map(|pieces| pieces.concat())
}

const PIECES: &[&[u8]] = &[
    b"{",
    b"}",
    b"[",
    b"]",
    b"\"",
    b"\"\"",
    b":",
    b",",
    b";",
    b"\t",
    b"|",
    b"\n",
    b"\r\n",
    b"\r",
    b"\0",
    b"\x0c",
    b"\\",
    b"\\u00e9",
    b"\\ud83d\\ude00",
    b"\\ud83d",
    b"\\/",
    b"\\\"",
    b"{\"note\":\"",
    b"\"mrn\":",
    b"\"phone\": ",
    b"482913",
    b"1.50",
    b"1e3",
    b"-0",
    b"12345678901234567890123",
    b"true",
    b"null",
    b"\xEF\xBB\xBF",
    b"\xff\xfe",
    b"\xe9",
    b"\x93",
    "\u{f8}".as_bytes(),
    "\u{1f600}".as_bytes(),
    "\u{130}".as_bytes(),
    "\u{df}".as_bytes(),
    "e\u{301}".as_bytes(),
    "\u{2019}".as_bytes(),
    "\u{a0}".as_bytes(),
    "\u{2028}".as_bytes(),
    b"name,mrn,note\n",
    b"name\tmrn\n",
    b"mrn;dob\r\n",
    b"Mr. John O'Dowd",
    b"Dr. Nguyen, MD",
    b"MRN: 00482913",
    b"DOB 03/04/1950",
    b"(360) 555-0142 x12",
    b"a.b@example.org",
    b"https://example.org/a?b",
    b"10.1.2.3",
    b"SSN 123-45-6789",
    b"age 93",
    b"123 Main St, Boston, MA 02114",
    b"BP 120/80",
    b"[NAME]",
    b"[NAME:JOHN]",
    b"[DATE:",
    b"[[NAME:Ann]]",
    b"[[",
    b"]]",
    b"name = \"x\"\n",
    b"extends = \"redact\"\n",
    b"[actions]\n",
    b"DATE = \"keep\"\n",
    b"NAME = \"token\"\n",
    b"deidre-key-1:",
    b"<deIdi2b2>",
    b"<TEXT><![CDATA[",
    b"]]></TEXT>",
    b"<TAGS>",
    b"<NAME id=\"P0\" start=\"0\" end=\"3\" text=\"Ann\" TYPE=\"PATIENT\"/>",
    b"</TAGS></deIdi2b2>",
    b"&amp;",
    b"&#x41;",
    b"\n---\n",
    b"T1\tNAME 0 3\tAnn\n",
    b"T2\tDATE 4 5;6 7\tx\n",
    b"#type: note\n",
    b"MSH|^~\\&|LAB|HPMC|EHR|DEST|20240126110551||ADT^A01|1|P|2.5.1\r",
    b"PID|1||00482913^^^HPMC^MR||Okonjo^Tad||19580314\r",
    b"OBX|1|TX|1^Note^LN||",
    b"NTE|1||",
    b"ZPI|",
    b"^",
    b"~",
    b"&",
    b"\\T\\",
    b"\\X41\\",
    b"\\.br\\",
    b"\x0b",
    b"\x1c\r",
    b"<?xml version=\"1.0\" encoding=\"UTF-8\"?>",
    b"<ClinicalDocument xmlns=\"urn:hl7-org:v3\">",
    b"</ClinicalDocument>",
    b"<recordTarget><patientRole><id root=\"1.2\" extension=\"00482913\"/>",
    b"</patientRole></recordTarget>",
    b"<text>",
    b"</text>",
    b"<br/>",
    b"<!-- ",
    b" -->",
    b"<a b='",
    b"'/>",
    b"{\\rtf1\\ansi ",
    b"\\par ",
    b"\\'e9",
    b"{\\*\\x ",
    b"{\"resourceType\":\"Patient\",\"id\":\"p-482913\",",
    b"\"name\":[{\"family\":\"Okonjo\",\"given\":[\"Tad\"]}],",
    b"\"birthDate\":\"1958-03-14\",",
    b"\"subject\":{\"reference\":\"Patient/p-482913\",\"display\":\"",
    b"\"text\":{\"div\":\"<div>",
    b"\"coding\":[{\"system\":\"http://loinc.org\",\"code\":\"",
    b"\x1f\x8b\x08\0",
    b"\x28\xb5\x2f\xfd",
    b"{\"id\":1,\"text\":\"Ann\",\"spans\":[{\"start\":0,\"end\":3,\"type\":\"NAME\"}]}\n",
];

fn holds(name: &str) {
    let (_, body) = bodies::TARGETS.iter().find(|(target, _)| *target == name).unwrap();
    proptest!(config(500), |(bytes in bytes())| body(&bytes));
}

/// The same cases in every run, so that a red run is a change's fault; `PROPTEST_CASES` asks for that many others.
pub(crate) fn config(usual: u32) -> ProptestConfig {
    let base = ProptestConfig { failure_persistence: None, max_shrink_time: 20_000, ..ProptestConfig::default() };
    match std::env::var_os("PROPTEST_CASES") {
        Some(_) => base,
        None => ProptestConfig { cases: usual, rng_seed: RngSeed::Fixed(2), ..base },
    }
}

#[test]
fn json() {
    holds("json");
}

#[test]
fn csv() {
    holds("csv");
}

#[test]
fn sniff() {
    holds("sniff");
}

#[test]
fn token() {
    holds("token");
}

#[test]
fn policy() {
    holds("policy");
}

#[test]
fn key() {
    holds("key");
}

#[test]
fn gold() {
    holds("gold");
}

#[test]
fn detect() {
    holds("detect");
}

#[test]
fn filter() {
    holds("filter");
}

#[test]
fn hl7() {
    holds("hl7");
}

#[test]
fn xml() {
    holds("xml");
}

#[test]
fn attachment() {
    holds("attachment");
}

#[test]
fn compress() {
    holds("compress");
}
