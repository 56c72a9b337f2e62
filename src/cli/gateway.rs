//! `deidre gateway`: the reverse proxy to models that an agreement covers.

use std::fmt::Write as _;
use std::net::SocketAddr;
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, ensure};
use sha2::{Digest, Sha256};
use tokio::net::TcpListener;
use zeroize::Zeroizing;

use super::ModelArgs;
use super::audit_args::AuditArgs;
use super::listening::{TlsArgs, addresses, finish, runtime, seconds, signals, supplies};
use super::transform_args::KeyArgs;
use super::vault_args::VaultArgs;
use crate::audit::{Exchanges, Outcome, Syslog, Verb as Recorded};
use crate::gateway::listen::serve;
use crate::gateway::{Gateway, Parts, Settings, load};
use crate::service::shelf::hex;
use crate::service::{Admission, Service, Settings as ServiceSettings};

#[derive(clap::Args, Debug)]
#[command(args_conflicts_with_subcommands = true)]
#[command(after_help = "Examples:
  deidre gateway --perimeter perimeter.toml --key-file deidre.key
  deidre gateway --perimeter perimeter.toml --key-file deidre.key --listen 0.0.0.0:8090 --tls-cert cert.pem --tls-key key.pem \\
    --vault postgres://deidre@db.example/deidre --syslog tls://siem.example:6514
  deidre gateway check --perimeter perimeter.toml
  deidre gateway key
  OPENAI_BASE_URL=http://localhost:8090/v1 OPENAI_API_KEY=the-key-that-was-made python app.py

The perimeter says which upstreams, models and endpoints an agreement covers, and who may use them; docs/gateway.md
describes it. Once it listens it says so in one line on stderr: listening http=ADDR

SIGTERM and SIGINT end it when what it accepted is done; SIGHUP has it read perimeter, policies and certificates anew.

Exit: 0 ended and everything accepted was done, 1 some of it was cut off, 2 could not run.")]
pub(crate) struct Args {
    #[command(subcommand)]
    verb: Option<Verb>,
    #[command(flatten)]
    run: RunArgs,
}

#[derive(clap::Subcommand, Debug)]
enum Verb {
    /// Check a perimeter, and show what it allows
    #[command(after_help = "Example:\n  deidre gateway check --perimeter perimeter.toml\n\n\
        One line an upstream and one a client. Keys are not read.\n\nExit: 0 sound, 2 not.")]
    Check {
        /// Perimeter to check
        #[arg(long, value_name = "FILE")]
        perimeter: PathBuf,
    },
    /// Make a key for a client, and show the line that the perimeter needs
    #[command(after_help = "Example:\n  deidre gateway key\n\n\
        The key goes to the client and is written down nowhere else; its SHA-256 goes into the perimeter.")]
    Key,
}

#[derive(clap::Args, Debug)]
struct RunArgs {
    /// What is inside: upstreams, models, endpoints and clients, in TOML
    #[arg(long, value_name = "FILE")]
    perimeter: Option<PathBuf>,
    /// Address; port 0 takes one that is free
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:8090", help_heading = "Listening")]
    listen: String,
    #[command(flatten)]
    tls: TlsArgs,
    /// Folder of policies beside the presets, a TOML file each
    #[arg(long, value_name = "DIR")]
    policies: Option<PathBuf>,
    #[command(flatten)]
    key: KeyArgs,
    #[command(flatten)]
    vault: VaultArgs,
    #[command(flatten)]
    model: ModelArgs,
    #[command(flatten)]
    audit: AuditArgs,
    /// Send what is written to the trail to a collector too: tcp://HOST:PORT or tls://HOST:PORT
    #[arg(long, value_name = "URL")]
    syslog: Option<String>,
    #[command(flatten)]
    limits: Limits,
    /// What is logged to stderr, as RUST_LOG says it: error, warn, info, debug, trace [default: RUST_LOG, or info]
    #[arg(long, value_name = "LEVEL")]
    log: Option<String>,
}

/// How much at once, and for how long.
#[derive(clap::Args, Debug)]
#[command(next_help_heading = "Limits")]
struct Limits {
    /// Threads that scrub [default: one a core]
    #[arg(long, value_name = "N")]
    jobs: Option<NonZeroUsize>,
    /// Calls at once; further ones are refused before they are read
    #[arg(long, value_name = "N", default_value = "2048")]
    max_in_flight: NonZeroUsize,
    /// Connections at once
    #[arg(long, value_name = "N", default_value = "4096")]
    max_connections: NonZeroUsize,
    /// Bytes of an answer that is no stream
    #[arg(long, value_name = "BYTES", default_value = "67108864")]
    max_answer: NonZeroUsize,
    /// Seconds that an upstream may take to take a connection
    #[arg(long, value_name = "SECONDS", default_value = "5", value_parser = seconds)]
    connect_timeout: Duration,
    /// Seconds for a whole call
    #[arg(long, value_name = "SECONDS", default_value = "600", value_parser = seconds)]
    deadline: Duration,
    /// Seconds that a stream or connection may say nothing
    #[arg(long, value_name = "SECONDS", default_value = "120", value_parser = seconds)]
    idle: Duration,
    /// Microseconds that the model waits for windows of other calls
    #[arg(long, value_name = "MICROSECONDS", default_value_t = 0)]
    batch_wait: u32,
    /// Seconds that accepted calls may take after SIGTERM
    #[arg(long, value_name = "SECONDS", default_value = "60", value_parser = seconds)]
    drain_timeout: Duration,
}

impl Args {
    /// What is to be logged, when it was said.
    pub(crate) fn log(&self) -> Option<&str> {
        self.run.log.as_deref()
    }
}

pub(crate) fn run(args: &Args) -> anyhow::Result<ExitCode> {
    match &args.verb {
        Some(Verb::Check { perimeter }) => check(perimeter)?,
        Some(Verb::Key) => key()?,
        None => return listen(&args.run),
    }
    Ok(ExitCode::SUCCESS)
}

fn listen(args: &RunArgs) -> anyhow::Result<ExitCode> {
    let perimeter =
        args.perimeter.clone().context("--perimeter FILE is needed: it says what may be asked, and by whom")?;
    let at = addresses(&args.listen).context("--listen")?;
    let loopback = at.iter().all(|address: &SocketAddr| address.ip().is_loopback());
    let tls = args.tls.read(loopback)?;
    let parts = supplies(&args.key, &args.vault, &args.model, args.limits.jobs)?;
    let syslog = args.syslog.as_deref().map(Syslog::parse).transpose().context("--syslog")?;
    // Without a trail nothing could be asked: better not to start.
    let exchanges = Exchanges::new(args.audit.open(parts.keys.as_deref())?, syslog)?;
    let host = args.audit.record(Recorded::Request, Outcome::Started).host;
    let service = Service::new(parts, service_settings(args))?;
    let gateway = Arc::new(Gateway::new(Parts { service, exchanges, host }, settings(args, perimeter))?);
    let runtime = runtime("gateway")?;
    let ended = runtime.block_on(async {
        // Before it says that it listens: a signal that comes then must not end it otherwise.
        let signals = signals()?;
        let listener = TcpListener::bind(&*at).await.with_context(|| format!("--listen {}", args.listen))?;
        let address = listener.local_addr().map_or(String::new(), |address| address.to_string());
        super::say(&format!("listening http={address}"));
        if let Some(missing) = gateway.missing() {
            tracing::warn!(missing, "calls are refused until it is there");
        }
        anyhow::Ok(serve(Arc::clone(&gateway), listener, tls, signals).await)
    })?;
    Ok(finish(runtime, ended))
}

fn settings(args: &RunArgs, perimeter: PathBuf) -> Settings {
    let limits = &args.limits;
    Settings {
        perimeter,
        in_flight: limits.max_in_flight.get(),
        connections: limits.max_connections.get(),
        answer: limits.max_answer.get(),
        connect: limits.connect_timeout,
        deadline: limits.deadline,
        idle: limits.idle,
        drain: limits.drain_timeout,
    }
}

/// The service that finds and replaces. It has no port of its own, so that nobody may do anything there.
fn service_settings(args: &RunArgs) -> ServiceSettings {
    let limits = &args.limits;
    ServiceSettings {
        policy: "minimum-necessary".to_owned(),
        policies: args.policies.clone(),
        access: Admission::Anybody(Vec::new()),
        in_flight: 0,
        streams: 0,
        connections: 0,
        text: 0,
        stream_text: 0,
        deadline: limits.deadline,
        idle: limits.idle,
        batch_wait: Duration::from_micros(limits.batch_wait.into()),
        drain: limits.drain_timeout,
    }
}

fn check(path: &Path) -> anyhow::Result<()> {
    let perimeter = load(path)?;
    let mut lines = String::new();
    for upstream in perimeter.upstreams() {
        let endpoints: Vec<&str> = upstream.endpoints().map(|endpoint| endpoint.name()).collect();
        let models: Vec<String> = upstream
            .models()
            .map(|(name, last)| last.map_or_else(|| name.to_owned(), |last| format!("{name} (until {last})")))
            .collect();
        writeln!(
            lines,
            "upstream {}: {} for {}; {}, certified {}, until {}",
            upstream.name(),
            endpoints.join(", "),
            models.join(", "),
            upstream.baa(),
            upstream.certified(),
            upstream.expires()
        )?;
    }
    for client in perimeter.clients() {
        writeln!(lines, "client {}: {}", client.name(), if client.reveals() { "use, reveal" } else { "use" })?;
    }
    super::print(&lines)
}

fn key() -> anyhow::Result<()> {
    let mut secret = Zeroizing::new([0; 32]);
    getrandom::fill(secret.as_mut_slice()).map_err(|e| anyhow::anyhow!("no random numbers: {e}"))?;
    let key = Zeroizing::new(format!("dk-{}", hex(secret.as_slice())));
    ensure!(key.len() == 67, "the key is not whole");
    let digest = hex(&Sha256::digest(key.as_bytes()));
    super::say("deidre: the first line is for the client, the second for its [[client]] in the perimeter");
    super::print(&Zeroizing::new(format!("{}\nkey_sha256 = \"{digest}\"\n", key.as_str())))
}
