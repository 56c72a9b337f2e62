//! The process under load.

use std::io::{BufRead, BufReader, Read, Write};
use std::process::{Child, Command, Stdio};

use crate::Args;
use crate::figures::resident;

/// The process under load.
pub(crate) struct Server {
    pub(crate) child: Child,
    pub(crate) address: String,
    http: String,
    pub(crate) flags: Vec<String>,
    _folder: tempfile::TempDir,
}

impl Server {
    pub(crate) fn start(args: &Args) -> Self {
        let binary = env!("CARGO_BIN_EXE_deidre");
        let folder = tempfile::tempdir().unwrap();
        let key = folder.path().join("deidre.key");
        let made = Command::new(binary).args(["key", "new", "--out"]).arg(&key).output().unwrap();
        assert!(made.status.success(), "no key");
        let mut flags: Vec<String> =
            ["--listen", "127.0.0.1:0", "--http", "127.0.0.1:0", "--log", "warn", "--open-loopback"]
                .map(str::to_owned)
                .into();
        flags.extend(args.no_model.then(|| "--no-model".to_owned()));
        flags.extend(args.server.iter().cloned());
        let mut child = Command::new(binary)
            .arg("serve")
            .arg("--key-file")
            .arg(&key)
            .arg("--audit")
            .arg(folder.path().join("audit.jsonl"))
            .args(&flags)
            .stdin(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stderr.take().unwrap()).lines();
        let addresses = lines.by_ref().map_while(Result::ok).find_map(|line| {
            let (_, rest) = line.split_once("listening grpc=")?;
            rest.trim().split_once(" http=").map(|(grpc, http)| (grpc.to_owned(), http.to_owned()))
        });
        let (address, http) = addresses.expect("the server listens");
        std::thread::spawn(move || lines.map_while(Result::ok).for_each(|line| println!("server: {line}")));
        Self { child, address, http, flags, _folder: folder }
    }

    /// Stretches of text that the model answered from memory, and all that it was asked about.
    pub(crate) fn remembered(&self) -> (u64, u64) {
        let page = std::net::TcpStream::connect(&self.http).and_then(|mut stream| {
            stream.write_all(b"GET /metrics HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n")?;
            let mut page = String::new();
            stream.read_to_string(&mut page).map(|_| page)
        });
        let page = page.unwrap_or_default();
        let count = |name: &str| {
            let line = page.lines().find_map(|line| line.strip_prefix(name));
            line.and_then(|rest| rest.trim().parse().ok()).unwrap_or(0)
        };
        (count("deidre_model_cache_hits_total "), count("deidre_model_cache_lookups_total "))
    }

    /// Kilobytes that are resident.
    pub(crate) fn memory(&self) -> u64 {
        resident(self.child.id())
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
