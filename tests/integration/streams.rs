//! What `filter` promises to a pipe: what is done leaves when the input pauses, and memory stays flat.
#![cfg(target_os = "linux")]

use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::process::{Child, Command, Stdio};

fn filter(args: &[&str]) -> Child {
    let mut command = Command::new(env!("CARGO_BIN_EXE_deidre"));
    command.args(["filter", "--policy", "redact"]).args(args).stdin(Stdio::piped()).stdout(Stdio::piped());
    command.spawn().unwrap()
}

#[test]
fn records_of_every_format_leave_when_the_input_pauses() {
    for (args, first, record) in [
        (&["--format", "ndjson"][..], "", "{\"mrn\":\"00482911\"}\n"),
        (&["--format", "text", "--separator", "\\n"], "", "MRN: 00482911\n"),
        (&["--format", "ndjson", "--jobs", "1"], "\n", "[\"MRN: 00482911\"]\r\n"),
    ] {
        let (before, after) = record.split_once("00482911").unwrap();
        let mut child = filter(args);
        let mut input = child.stdin.take().unwrap();
        let mut output = BufReader::new(child.stdout.take().unwrap());
        input.write_all(first.as_bytes()).unwrap();
        for _ in 0..3 {
            input.write_all(record.as_bytes()).unwrap();
            input.flush().unwrap();
            let mut line = String::new();
            while line.trim().is_empty() {
                line.clear();
                assert!(output.read_line(&mut line).unwrap() > 0);
            }
            let label = line.strip_prefix(before).and_then(|rest| rest.strip_suffix(after));
            assert!(label.is_some_and(|label| label.starts_with('[') && label.ends_with(']')), "{args:?}: {line}");
        }
        drop(input);
        let mut rest = String::new();
        output.read_to_string(&mut rest).unwrap();
        assert_eq!(rest, "");
        assert!(child.wait().unwrap().success());
    }
}

#[test]
fn memory_stays_flat() {
    const MEGABYTES: usize = 300;
    let pad = "Sees the heart failure clinic; wt 93.1 kg, K 3.6, Cr 1.70. ".repeat(34);
    let line = |i: usize| format!("{{\"pk\":{i},\"mrn\":\"{:08}\",\"v\":1.50,\"body\":\"{pad}\"}}\n", 70_000_000 + i);
    let count = MEGABYTES * 1_000_000 / line(0).len();
    let mut child = filter(&["--field", "mrn"]);
    let status = format!("/proc/{}/status", child.id());
    let mut input = child.stdin.take().unwrap();
    let mut output = child.stdout.take().unwrap();
    let (seen, all_seen) = std::sync::mpsc::channel();
    let reader = std::thread::spawn(move || {
        let mut buffer = vec![0; 1 << 20];
        let (mut lines, mut marks) = (0, 0);
        loop {
            let read = output.read(&mut buffer).unwrap();
            lines += buffer[..read].iter().filter(|b| **b == b'\n').count();
            marks += buffer[..read].iter().filter(|b| **b == b'[').count();
            if read == 0 {
                return (lines, marks);
            }
            if lines == count {
                let _ = seen.send(());
            }
        }
    });
    let block: String = (0..100).map(line).collect();
    let (mut written, block_lines) = (0, 100);
    while written + block_lines <= count {
        input.write_all(block.as_bytes()).unwrap();
        written += block_lines;
    }
    for i in written..count {
        input.write_all(line(i).as_bytes()).unwrap();
    }
    // All of it is through and the program still there.
    all_seen.recv().unwrap();
    let status = fs::read_to_string(status).unwrap();
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
    let peak: usize = peak.trim().trim_end_matches("kB").trim().parse().unwrap();
    drop(input);
    assert!(child.wait().unwrap().success());
    assert_eq!(reader.join().unwrap(), (count, count));
    assert!(peak < 200_000, "{peak} kB at the peak");
}
