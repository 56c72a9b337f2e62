//! The service, started as its users start it: real clients over real sockets.

mod access;
mod api;
mod chaos;
mod logs;
mod streams;

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::{Arc, Condvar, Mutex};
use std::time::{Duration, Instant};

use deidre::service::proto::deidre_client::DeidreClient;
use deidre::service::proto::{DeidentifyRequest, DeidentifyResponse, Options};
use tonic::transport::{Channel, Endpoint};
use tonic::{Code, Status};
use tonic_types::StatusExt;

pub(crate) const NOTE: &str = "Seen by Dr. Thaddeus Osei on 03/04/2019, MRN 00482913. Call (503) 555-0136.";

/// A running service with a folder of its own.
pub(crate) struct Server {
    child: Child,
    pub(crate) grpc: String,
    pub(crate) http: String,
    stderr: Arc<(Mutex<(String, bool)>, Condvar)>,
    /// Goes when the service does.
    _folder: tempfile::TempDir,
}

impl Server {
    /// Starts it with rules only and a key, unless the arguments say otherwise.
    pub(crate) fn start(args: &[&str]) -> Self {
        Self::start_in(tempfile::tempdir().unwrap(), args)
    }

    pub(crate) fn start_in(folder: tempfile::TempDir, args: &[&str]) -> Self {
        Self::start_with(folder, args, &[("DEIDRE_KEY", &"5a".repeat(32))])
    }

    pub(crate) fn start_with(folder: tempfile::TempDir, args: &[&str], env: &[(&str, &str)]) -> Self {
        let mut command = Command::new(env!("CARGO_BIN_EXE_deidre"));
        for name in ["DEIDRE_KEY", "DEIDRE_VAULT", "DEIDRE_AUDIT", "RUST_LOG"] {
            command.env_remove(name);
        }
        command.env("XDG_STATE_HOME", folder.path()).envs(env.iter().copied());
        command.args(["serve", "--listen", "127.0.0.1:0", "--http", "127.0.0.1:0"]);
        if !args.contains(&"--model") {
            command.arg("--no-model");
        }
        let mut child = command.args(args).stdin(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
        let stderr = Arc::new((Mutex::new((String::new(), false)), Condvar::new()));
        let (lines, said) = (BufReader::new(child.stderr.take().unwrap()), Arc::clone(&stderr));
        std::thread::spawn(move || {
            for line in lines.split(b'\n').map_while(Result::ok) {
                let mut text = said.0.lock().unwrap();
                text.0.push_str(&String::from_utf8_lossy(&line));
                text.0.push('\n');
                said.1.notify_all();
            }
            said.0.lock().unwrap().1 = true;
            said.1.notify_all();
        });
        let mut server = Self { child, grpc: String::new(), http: String::new(), stderr, _folder: folder };
        let line = server.wait_for("listening grpc=");
        let mut words = line.split_whitespace().skip(1).map(|word| word.split_once('=').unwrap().1.to_owned());
        server.grpc = words.next().unwrap();
        server.http = words.next().unwrap();
        server
    }

    /// The first line on standard error that holds `what`.
    pub(crate) fn wait_for(&self, what: &str) -> String {
        let until = Instant::now() + Duration::from_secs(60);
        let mut text = self.stderr.0.lock().unwrap();
        loop {
            if let Some(line) = text.0.lines().find(|line| line.contains(what)) {
                return line.to_owned();
            }
            assert!(Instant::now() < until && !text.1, "no {what:?} in {}", text.0);
            text = self.stderr.1.wait_timeout(text, Duration::from_millis(100)).unwrap().0;
        }
    }

    pub(crate) fn stderr(&self) -> String {
        self.stderr.0.lock().unwrap().0.clone()
    }

    pub(crate) async fn channel(&self) -> Channel {
        Endpoint::from_shared(format!("http://{}", self.grpc)).unwrap().connect().await.unwrap()
    }

    pub(crate) async fn client(&self) -> DeidreClient<Channel> {
        DeidreClient::new(self.channel().await)
    }

    pub(crate) fn signal(&self, signal: rustix::process::Signal) {
        let pid = rustix::process::Pid::from_child(&self.child);
        rustix::process::kill_process(pid, signal).unwrap();
    }

    /// Waits until it has ended by itself.
    pub(crate) fn ended(&mut self) -> ExitStatus {
        let until = Instant::now() + Duration::from_secs(60);
        loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                return status;
            }
            assert!(Instant::now() < until, "it does not end: {}", self.stderr());
            std::thread::sleep(Duration::from_millis(10));
        }
    }

    pub(crate) fn is_running(&mut self) -> bool {
        self.child.try_wait().unwrap().is_none()
    }

    /// Status, headers and body of a request over HTTP.
    pub(crate) fn http(&self, method: &str, path: &str, headers: &str, body: &str) -> (u16, String, String) {
        let mut stream = TcpStream::connect(&self.http).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(60))).unwrap();
        let length = body.len();
        // What is refused before it is read may not be taken to the end.
        let _ = write!(
            stream,
            "{method} {path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\ncontent-length: {length}\r\n{headers}\r\n{body}"
        );
        let mut answer = Vec::new();
        let _ = stream.read_to_end(&mut answer);
        let answer = String::from_utf8(answer).unwrap();
        let (head, body) = answer.split_once("\r\n\r\n").unwrap_or_else(|| panic!("no answer: {answer}"));
        let status = head.split(' ').nth(1).unwrap().parse().unwrap();
        (status, head.to_lowercase(), body.to_owned())
    }

    /// The value of a metric.
    pub(crate) fn metric(&self, name: &str) -> f64 {
        let (status, _, page) = self.http("GET", "/metrics", "", "");
        assert_eq!(status, 200, "{page}");
        let line = page.lines().find(|line| line.strip_prefix(name).is_some_and(|rest| rest.starts_with(' ')));
        line.map_or(0.0, |line| line.rsplit(' ').next().unwrap().parse().unwrap())
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A request with a text and a policy.
pub(crate) fn request(text: &str, policy: &str) -> DeidentifyRequest {
    let options = Options { policy: policy.to_owned(), ..Options::default() };
    DeidentifyRequest { options: Some(options), text: text.to_owned(), segments: Vec::new() }
}

/// The reason in the details of a status.
pub(crate) fn reason(status: &Status) -> String {
    status.get_error_details().error_info().map_or(String::new(), |info| info.reason.clone())
}

#[track_caller]
pub(crate) fn refused<T: std::fmt::Debug>(answer: Result<T, Status>, code: Code, why: &str) {
    let status = answer.unwrap_err();
    assert_eq!((status.code(), reason(&status).as_str()), (code, why), "{status:?}");
}

pub(crate) async fn scrub(client: &mut DeidreClient<Channel>, text: &str) -> Result<DeidentifyResponse, Status> {
    client.deidentify(request(text, "redact")).await.map(tonic::Response::into_inner)
}

/// The sample notes, long and short.
pub(crate) fn notes() -> Vec<String> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("datasets/exports/notes");
    let mut files: Vec<_> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    files.into_iter().filter_map(|file| std::fs::read_to_string(file).ok()).collect()
}
