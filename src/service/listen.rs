//! Connections: accepted, secured, closed when they say nothing, and let go one by one when the service ends.

use std::convert::Infallible;
use std::future::Future;
use std::net::SocketAddr;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

use axum::Router;
use hyper::rt::{Read, Write};
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use prometheus_client::metrics::gauge::Gauge;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Semaphore, watch};
use tokio::time::{Instant, timeout};
use tower::Service as _;

use super::access::Certificate;
use super::gate::Door;
use super::tls::Tls;
use super::{Service, grpc, http};

/// Who is at the other end.
#[derive(Clone, Debug)]
pub(crate) struct Peer {
    /// The certificate that it showed.
    pub(crate) certificate: Option<Arc<Certificate>>,
}

/// Where the service listens.
pub struct Ports {
    /// For gRPC.
    pub grpc: TcpListener,
    /// For JSON over HTTP.
    pub http: Option<TcpListener>,
    /// On both.
    pub tls: Option<Arc<Tls>>,
}

/// What one tells the service while it runs.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Signal {
    /// Read policies, access and certificates anew.
    Reload,
    /// End, when what was accepted is done.
    End,
}

/// How the service ended.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Ended {
    /// Everything that was accepted is done.
    Drained,
    /// Some connections were still open when the time was over.
    Cut(usize),
}

/// Answers until it is told to end, and then until what was accepted is done. `signals` must not end before.
pub async fn serve(service: Arc<Service>, ports: Ports, mut signals: tokio::sync::mpsc::Receiver<Signal>) -> Ended {
    let (reporter, health) = tonic_health::server::health_reporter();
    report(&reporter, service.is_ready()).await;
    let (end, ending) = watch::channel(false);
    let open = Arc::new(AtomicUsize::new(0));
    let port = |listener, door, router| Port {
        listener,
        door,
        router,
        tls: ports.tls.clone(),
        keeping: Keeping {
            connections: service.settings.connections,
            idle: service.settings.idle,
            gauge: service.metrics.connections.clone(),
        },
        open: Arc::clone(&open),
        ending: ending.clone(),
    };
    let mut doors = tokio::task::JoinSet::new();
    doors.spawn(port(ports.grpc, Door::Grpc, grpc::router(&service, health)).accept());
    if let Some(listener) = ports.http {
        doors.spawn(port(listener, Door::Http, http::router(&service)).accept());
    }
    let (mut tick, mut seeking) = (tokio::time::interval(CHECK), None::<tokio::task::JoinHandle<()>>);
    loop {
        tokio::select! {
            signal = signals.recv() => match signal {
                Some(Signal::Reload) => reload(&service, ports.tls.as_ref()).await,
                Some(Signal::End) | None => break,
            },
            _ = tick.tick() => {
                let own = Arc::clone(&service);
                // It asks the vault, which may be slow to answer.
                if seeking.as_ref().is_none_or(tokio::task::JoinHandle::is_finished) {
                    seeking = Some(tokio::task::spawn_blocking(move || {
                        if let Err(error) = own.seek_vault() {
                            tracing::warn!(%error, "policies stay as they were");
                        }
                    }));
                }
            }
        }
        report(&reporter, service.is_ready()).await;
    }
    service.draining.store(true, Ordering::Relaxed);
    report(&reporter, service.is_ready()).await;
    tracing::info!(connections = open.load(Ordering::Relaxed), "draining");
    // Nobody receives it once all connections are gone.
    let _ = end.send(true);
    let until = Instant::now() + service.settings.drain;
    while doors.join_next().await.is_some() {}
    drained(&open, until).await
}

/// Waits until all connections are gone, or the time is over.
pub(crate) async fn drained(open: &AtomicUsize, until: Instant) -> Ended {
    while open.load(Ordering::Acquire) > 0 && Instant::now() < until {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    match open.load(Ordering::Acquire) {
        0 => Ended::Drained,
        left => Ended::Cut(left),
    }
}

async fn reload(service: &Arc<Service>, tls: Option<&Arc<Tls>>) {
    let (own, tls) = (Arc::clone(service), tls.cloned());
    let done = tokio::task::spawn_blocking(move || {
        own.reload().map_err(|e| e.to_string())?;
        tls.map_or(Ok(()), |tls| tls.reload().map_err(|e| e.to_string()))
    });
    match done.await {
        Ok(Ok(())) => tracing::info!("read policies, access and certificates anew"),
        Ok(Err(error)) => tracing::error!(error, "reload failed, what was there stays"),
        Err(_) => tracing::error!("reload failed, what was there stays"),
    }
}

async fn report(reporter: &tonic_health::server::HealthReporter, ready: bool) {
    use tonic_health::ServingStatus::{NotServing, Serving};
    let status = if ready { Serving } else { NotServing };
    for name in ["", "deidre.v1.Deidre"] {
        reporter.set_service_status(name, status).await;
    }
}

/// A port and what is behind it.
pub(crate) struct Port {
    pub(crate) listener: TcpListener,
    pub(crate) door: Door,
    pub(crate) router: Router,
    pub(crate) tls: Option<Arc<Tls>>,
    pub(crate) keeping: Keeping,
    /// Connections of all ports.
    pub(crate) open: Arc<AtomicUsize>,
    /// Turns true when no connection is taken any more.
    pub(crate) ending: watch::Receiver<bool>,
}

/// How many connections are kept, and for how long.
pub(crate) struct Keeping {
    pub(crate) connections: usize,
    /// One that asks nothing for so long is closed.
    pub(crate) idle: Duration,
    /// How many there are.
    pub(crate) gauge: Gauge,
}

impl Port {
    /// Accepts connections until the service ends.
    pub(crate) async fn accept(mut self) {
        let room = Arc::new(Semaphore::new(self.keeping.connections));
        loop {
            let accepted = tokio::select! {
                accepted = self.listener.accept() => accepted,
                _ = self.ending.changed() => return,
            };
            let (stream, _): (TcpStream, SocketAddr) = match accepted {
                Ok(accepted) => accepted,
                Err(error) => {
                    // Too many open files, most often: it passes.
                    tracing::warn!(%error, "cannot accept");
                    tokio::time::sleep(Duration::from_millis(50)).await;
                    continue;
                }
            };
            let Ok(permit) = Arc::clone(&room).try_acquire_owned() else {
                tracing::debug!("too many connections");
                continue;
            };
            // Small answers leave at once; if that cannot be had, they leave a little later.
            let _ = stream.set_nodelay(true);
            let counted = Counted::new(&self.open, &self.keeping.gauge);
            let connection = Connection {
                door: self.door,
                router: self.router.clone(),
                tls: self.tls.as_ref().map(|tls| match self.door {
                    Door::Grpc => tls.grpc(),
                    Door::Http => tls.http(),
                }),
                idle: self.keeping.idle,
                ending: self.ending.clone(),
            };
            tokio::spawn(async move {
                connection.answer(stream).await;
                drop((permit, counted));
            });
        }
    }
}

/// An open connection, counted as long as it is.
struct Counted {
    open: Arc<AtomicUsize>,
    gauge: Gauge,
}

impl Counted {
    fn new(open: &Arc<AtomicUsize>, gauge: &Gauge) -> Self {
        open.fetch_add(1, Ordering::AcqRel);
        gauge.inc();
        Self { open: Arc::clone(open), gauge: gauge.clone() }
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        self.gauge.dec();
        self.open.fetch_sub(1, Ordering::AcqRel);
    }
}

struct Connection {
    door: Door,
    router: Router,
    tls: Option<Arc<rustls::ServerConfig>>,
    idle: Duration,
    ending: watch::Receiver<bool>,
}

impl Connection {
    async fn answer(self, stream: TcpStream) {
        // Whoever connects and says nothing is not waited for.
        if !matches!(timeout(FIRST, stream.peek(&mut [0])).await, Ok(Ok(1))) {
            return;
        }
        let Some(tls) = self.tls.clone() else {
            return self.speak(TokioIo::new(stream), Peer { certificate: None }).await;
        };
        match timeout(FIRST, tokio_rustls::TlsAcceptor::from(tls).accept(stream)).await {
            Ok(Ok(stream)) => {
                let shown = stream.get_ref().1.peer_certificates().and_then(<[_]>::first);
                let certificate = shown.map(|der| Arc::new(Certificate::of(der)));
                self.speak(TokioIo::new(stream), Peer { certificate }).await;
            }
            Ok(Err(error)) => tracing::debug!(%error, "no TLS"),
            Err(_) => tracing::debug!("no TLS in time"),
        }
    }

    async fn speak<I: Read + Write + Unpin + Send + 'static>(self, io: I, peer: Peer) {
        let activity = Arc::new(Activity::default());
        let desk = Answering { router: self.router, peer, activity: Arc::clone(&activity) };
        match self.door {
            Door::Grpc => {
                let mut http2 = hyper::server::conn::http2::Builder::new(TokioExecutor::new());
                http2
                    .timer(TokioTimer::new())
                    .max_concurrent_streams(STREAMS)
                    .max_header_list_size(HEADERS)
                    .initial_stream_window_size(WINDOW)
                    .initial_connection_window_size(WINDOW * 16)
                    .max_send_buf_size(SEND)
                    .keep_alive_interval(PING)
                    .keep_alive_timeout(PING);
                let connection = http2.serve_connection(io, desk);
                watched(connection, |it| it.graceful_shutdown(), &activity, self.idle, self.ending).await;
            }
            Door::Http => {
                let mut http1 = hyper::server::conn::http1::Builder::new();
                // It runs between requests as well: shorter than `idle`, it would close what is kept alive. `watched` sees to
                // the first request.
                http1.timer(TokioTimer::new()).header_read_timeout(self.idle.max(FIRST)).max_headers(64);
                let connection = http1.serve_connection(io, desk);
                watched(connection, |it| it.graceful_shutdown(), &activity, self.idle, self.ending).await;
            }
        }
    }
}

/// Drives a connection to its end. It is closed, once its requests are done, when the service ends or when nothing was
/// asked for so long.
async fn watched<C: Future<Output = hyper::Result<()>>>(
    connection: C,
    close: impl Fn(Pin<&mut C>),
    activity: &Activity,
    idle: Duration,
    mut ending: watch::Receiver<bool>,
) {
    let mut connection = pin!(connection);
    let mut closing = None;
    let mut tick = tokio::time::interval((idle / 4).clamp(Duration::from_millis(20), CHECK));
    tick.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    let (mut asked, mut since) = (usize::MAX, Instant::now());
    loop {
        tokio::select! {
            ended = &mut connection => {
                if let Err(error) = ended {
                    tracing::debug!(%error, "connection ended");
                }
                return;
            }
            _ = ending.changed(), if closing.is_none() => {
                close(connection.as_mut());
                closing = Some(Instant::now());
            }
            _ = tick.tick() => {
                let now = activity.asked.load(Ordering::Relaxed);
                if now != asked || activity.open.load(Ordering::Relaxed) > 0 {
                    (asked, since) = (now, Instant::now());
                } else if closing.is_some_and(|at| at.max(since).elapsed() > FIRST) {
                    // It was told, has nothing under way, and stays: it is not listening.
                    return;
                } else if closing.is_none() && since.elapsed() > if now == 0 { FIRST.min(idle) } else { idle } {
                    close(connection.as_mut());
                    closing = Some(Instant::now());
                }
            }
        }
    }
}

/// What a connection asks for.
#[derive(Default)]
struct Activity {
    /// Requests that were begun.
    asked: AtomicUsize,
    /// Requests that are under way.
    open: AtomicUsize,
}

/// Hands requests to the routes, with who asks.
struct Answering {
    router: Router,
    peer: Peer,
    activity: Arc<Activity>,
}

impl hyper::service::Service<hyper::Request<hyper::body::Incoming>> for Answering {
    type Response = hyper::Response<Ending>;
    type Error = Infallible;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, Infallible>> + Send>>;

    fn call(&self, mut request: hyper::Request<hyper::body::Incoming>) -> Self::Future {
        self.activity.asked.fetch_add(1, Ordering::Relaxed);
        self.activity.open.fetch_add(1, Ordering::Relaxed);
        let open = Open(Arc::clone(&self.activity));
        request.extensions_mut().insert(self.peer.clone());
        let mut router = self.router.clone();
        Box::pin(async move {
            let response = router.call(request).await?;
            Ok(response.map(|body| Ending { body, _open: open }))
        })
    }
}

/// A body that counts as under way until it has left.
struct Ending {
    body: axum::body::Body,
    _open: Open,
}

struct Open(Arc<Activity>);

impl Drop for Open {
    fn drop(&mut self) {
        self.0.open.fetch_sub(1, Ordering::Relaxed);
    }
}

impl hyper::body::Body for Ending {
    type Data = axum::body::Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<hyper::body::Frame<Self::Data>, Self::Error>>> {
        Pin::new(&mut self.body).poll_frame(context)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> hyper::body::SizeHint {
        self.body.size_hint()
    }
}

/// How long a connection has for its first byte, its handshake, and its first request.
const FIRST: Duration = Duration::from_secs(10);
/// How often it is looked whether something has changed.
const CHECK: Duration = Duration::from_secs(2);
/// How often a silent connection is asked whether it is still there, and how long it has to answer.
const PING: Duration = Duration::from_secs(20);
/// Requests of one connection at once.
const STREAMS: u32 = 256;
/// Bytes of a request's headers.
const HEADERS: u32 = 16 << 10;
/// Bytes that a caller may send ahead on a stream; sixteen times that on a connection, by which h2 also measures how many
/// small messages may wait.
const WINDOW: u32 = 256 << 10;
/// Bytes of an answer that wait for a caller who reads slowly.
const SEND: usize = 256 << 10;
