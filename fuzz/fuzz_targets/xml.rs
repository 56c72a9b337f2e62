#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| deidre_fuzz::xml(bytes));
