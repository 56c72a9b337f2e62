//! A connection to a receiver of syslog, plain or within TLS.

use std::io::{self, Read, Write};
use std::net::{Shutdown, TcpStream, ToSocketAddrs};
use std::sync::Arc;
use std::time::Duration;

use rustls::pki_types::ServerName;
use rustls::{ClientConfig, ClientConnection, StreamOwned};

use super::forward::TAKEN;
use super::syslog::Syslog;

pub(super) enum Link {
    Plain(TcpStream),
    Tls(Box<StreamOwned<ClientConnection, TcpStream>>),
}

impl Link {
    /// Connects to the first address of the receiver that answers.
    pub(super) fn open(syslog: &Syslog, tls: Option<&Arc<ClientConfig>>) -> io::Result<Link> {
        let mut failed = io::Error::from(io::ErrorKind::NotFound);
        for address in (syslog.host.as_str(), syslog.port).to_socket_addrs()? {
            match TcpStream::connect_timeout(&address, CONNECT) {
                Ok(stream) => return Self::set_up(stream, &syslog.host, tls),
                Err(error) => failed = error,
            }
        }
        Err(failed)
    }

    fn set_up(mut stream: TcpStream, host: &str, tls: Option<&Arc<ClientConfig>>) -> io::Result<Link> {
        stream.set_nodelay(true)?;
        stream.set_write_timeout(Some(CONNECT))?;
        stream.set_read_timeout(Some(CONNECT))?;
        // What the other system has not taken by then is an error before it counts as delivered.
        #[cfg(target_os = "linux")]
        rustix::net::sockopt::set_tcp_user_timeout(&stream, TAKEN.as_millis() as u32 / 5 * 4)?;
        let Some(config) = tls else { return Ok(Link::Plain(stream)) };
        let name = ServerName::try_from(host.to_owned()).map_err(io::Error::other)?;
        let mut connection = ClientConnection::new(Arc::clone(config), name).map_err(io::Error::other)?;
        while connection.is_handshaking() {
            connection.complete_io(&mut stream)?;
        }
        Ok(Link::Tls(Box::new(StreamOwned::new(connection, stream))))
    }

    fn socket(&self) -> &TcpStream {
        match self {
            Link::Plain(stream) => stream,
            Link::Tls(stream) => &stream.sock,
        }
    }

    /// An error if the other side has closed it. It has nothing else to say.
    pub(super) fn check(&mut self) -> io::Result<()> {
        self.socket().set_nonblocking(true)?;
        let closed = self.is_closed();
        self.socket().set_nonblocking(false)?;
        if closed? { Err(io::ErrorKind::ConnectionReset.into()) } else { Ok(()) }
    }

    fn is_closed(&mut self) -> io::Result<bool> {
        let mut ignored = [0; 512];
        loop {
            let read = match self {
                Link::Plain(stream) => stream.read(&mut ignored),
                Link::Tls(stream) => {
                    let read = stream.conn.read_tls(&mut stream.sock);
                    if read.is_ok() {
                        let state = stream.conn.process_new_packets().map_err(io::Error::other)?;
                        if state.peer_has_closed() {
                            return Ok(true);
                        }
                        let plain = state.plaintext_bytes_to_read().min(ignored.len());
                        let _ = stream.conn.reader().read(ignored.get_mut(..plain).unwrap_or_default());
                    }
                    read
                }
            };
            match read {
                Ok(0) => return Ok(true),
                Ok(_) => {}
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(false),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
    }

    /// Says that nothing more comes, and waits until the other side has seen it.
    pub(super) fn close(mut self) -> io::Result<()> {
        if let Link::Tls(stream) = &mut self {
            stream.conn.send_close_notify();
            while stream.conn.wants_write() {
                stream.conn.write_tls(&mut stream.sock)?;
            }
        }
        self.socket().shutdown(Shutdown::Write)?;
        self.socket().set_read_timeout(Some(CLOSE))?;
        let mut ignored = [0; 512];
        let mut socket = self.socket();
        while socket.read(&mut ignored)? > 0 {}
        Ok(())
    }
}

impl Write for Link {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Link::Plain(stream) => stream.write(bytes),
            Link::Tls(stream) => stream.write(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match self {
            Link::Plain(stream) => stream.flush(),
            Link::Tls(stream) => stream.flush(),
        }
    }
}

const CONNECT: Duration = Duration::from_secs(10);
const CLOSE: Duration = Duration::from_secs(2);
