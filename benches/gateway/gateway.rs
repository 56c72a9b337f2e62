//! The process under load.

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};

use sha2::{Digest, Sha256};

use crate::standin::Standin;
use crate::{Args, figures};

pub(crate) struct Gateway {
    pub(crate) child: Child,
    pub(crate) address: String,
    pub(crate) flags: Vec<String>,
    _folder: tempfile::TempDir,
}

/// What the client shows.
pub(crate) const KEY: &str = "a client of the bench";
pub(crate) const MODEL: &str = "bench-1";

impl Gateway {
    pub(crate) fn start(args: &Args, standin: &Standin) -> Self {
        let binary = env!("CARGO_BIN_EXE_deidre");
        let folder = tempfile::tempdir().unwrap();
        let key = folder.path().join("deidre.key");
        let made = Command::new(binary).args(["key", "new", "--out"]).arg(&key).output().unwrap();
        assert!(made.status.success(), "no key");
        let digest: String = Sha256::digest(KEY).iter().map(|byte| format!("{byte:02x}")).collect();
        let perimeter = folder.path().join("perimeter.toml");
        std::fs::write(
            &perimeter,
            format!(
                "[[upstream]]\nname = \"bench\"\nkind = \"compatible\"\nurl = \"http://{}\"\nbaa = \"own machine\"\n\
                 zero_data_retention = true\ncertified = 2026-01-01\nexpires = 2099-12-31\nendpoints = [\"chat\"]\n\
                 models = [\"{MODEL}\"]\ninstruction = false\n\n[[client]]\nname = \"bench\"\nkey_sha256 = \"{digest}\"\n\
                 roles = [\"use\", \"reveal\"]\npurpose = \"a bench\"\n\
                 limits = {{ rate = 1000000, burst = 1000000, in_flight = 100000, request_bytes = 1048576 }}\n",
                standin.address
            ),
        )
        .unwrap();
        let mut flags: Vec<String> = ["--listen", "127.0.0.1:0", "--log", "warn"].map(str::to_owned).into();
        flags.extend(args.no_model.then(|| "--no-model".to_owned()));
        flags.extend(args.gateway.iter().cloned());
        let mut child = Command::new(binary)
            .arg("gateway")
            .arg("--perimeter")
            .arg(&perimeter)
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
        let address = lines.by_ref().map_while(Result::ok).find_map(|line| {
            let (_, rest) = line.split_once("listening http=")?;
            Some(rest.split_whitespace().next()?.to_owned())
        });
        let address = address.expect("the gateway listens");
        std::thread::spawn(move || lines.map_while(Result::ok).for_each(|line| println!("gateway: {line}")));
        Self { child, address, flags, _folder: folder }
    }

    /// Kilobytes that are resident.
    pub(crate) fn memory(&self) -> u64 {
        figures::resident(self.child.id())
    }

    /// Seconds that it has had a core.
    pub(crate) fn cpu(&self) -> f64 {
        figures::cpu(&self.child.id().to_string())
    }
}

impl Drop for Gateway {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
