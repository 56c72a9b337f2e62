//! Whether an edited message still has the structure that it had.

use super::{cut, delimiters, lines, marks};

/// Whether the edited message has the same segments, fields, repetitions, components and sub-components, with the same
/// delimiters, as it had.
pub(crate) fn is_sound(before: &[u8], after: &[u8]) -> bool {
    let start = before.iter().take_while(|byte| matches!(**byte, b'\r' | b'\n' | cut::FRAME_START)).count();
    let Some(line) = lines(before, start).next() else { return before == after };
    let Ok((d, first)) = delimiters::of_header(before.get(line.start..line.end).unwrap_or_default()) else {
        return false;
    };
    let mut structural = marks(d);
    for end in *b"\r\n" {
        structural[usize::from(end)] = END;
    }
    let next = |bytes: &[u8]| bytes.iter().position(|byte| structural[usize::from(*byte)] != 0);
    let (Some((head, mut before)), Some((same, mut after))) =
        (before.split_at_checked(line.start + first), after.split_at_checked(line.start + first))
    else {
        return false;
    };
    if head != same {
        return false;
    }
    loop {
        // What stands in both alike has the same structure.
        let alike = common(before, after);
        (before, after) = (before.get(alike..).unwrap_or_default(), after.get(alike..).unwrap_or_default());
        match (next(before), next(after)) {
            (Some(old), Some(new)) if before.get(old) == after.get(new) => {
                before = before.get(old + 1..).unwrap_or_default();
                after = after.get(new + 1..).unwrap_or_default();
            }
            (old, new) => return old.is_none() && new.is_none(),
        }
    }
}

/// How many bytes both begin with, short of a step.
fn common(one: &[u8], other: &[u8]) -> usize {
    const STEP: usize = 8;
    let steps = one.as_chunks::<STEP>().0.iter().zip(other.as_chunks::<STEP>().0);
    steps.take_while(|(a, b)| a == b).count() * STEP
}

/// Ends a segment, beside what [`marks`] tells.
const END: u8 = 16;

#[cfg(test)]
mod tests {
    use super::is_sound;

    #[test]
    fn what_is_alike_is_passed_over_and_what_is_not_is_compared() {
        const HEAD: &str = "MSH|^~\\&|A|H\r";
        let is = |before: &str, after: &str| {
            is_sound((HEAD.to_owned() + before).as_bytes(), (HEAD.to_owned() + after).as_bytes())
        };
        let long = "OBX|1|NM|718-7^Hemoglobin^LN||10.90|g/dL\r";
        for at in 0..20 {
            let lead = "x".repeat(at);
            let (before, after) =
                (format!("PID|{lead}Foley^W|1\r{long}"), format!("PID|{lead}[NAME]^[NAME]|1\r{long}"));
            assert!(is(&before, &after) && is(&after, &before), "{at}");
            // One mark more, less, or another, before, in and behind what is alike.
            for (from, to) in
                [("^[NAME]", "[NAME]"), ("[NAME]^", "[NAME]|^"), ("|1\r", "^1\r"), ("LN||", "LN|"), ("g/dL\r", "g/dL")]
            {
                assert!(!is(&before, &after.replacen(from, to, 1)), "{at} {from:?}");
            }
        }
        assert!(!is(long, "") && !is("", long) && is("", ""));
    }
}
