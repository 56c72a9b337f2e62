//! As much HTTP/1.1 as both ends need: messages whose length is told, and chunks.

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// A connection, and what was read of it and not used.
pub(crate) struct Wire {
    pub(crate) stream: TcpStream,
    read: Vec<u8>,
}

pub(crate) struct Head {
    /// The first line.
    pub(crate) first: String,
    length: Option<usize>,
    pub(crate) chunked: bool,
}

impl Wire {
    pub(crate) async fn connect(address: &str) -> std::io::Result<Wire> {
        Ok(Wire::new(TcpStream::connect(address).await?))
    }

    pub(crate) fn new(stream: TcpStream) -> Wire {
        let _ = stream.set_nodelay(true);
        Wire { stream, read: Vec::new() }
    }

    pub(crate) async fn write(&mut self, bytes: &[u8]) -> std::io::Result<()> {
        self.stream.write_all(bytes).await
    }

    /// The head of the next message; `None` when the other side is done.
    pub(crate) async fn head(&mut self) -> std::io::Result<Option<Head>> {
        let end = loop {
            if let Some(at) = memchr::memmem::find(&self.read, b"\r\n\r\n") {
                break at + 4;
            }
            if !self.more().await? {
                return Ok(None);
            }
        };
        let head = String::from_utf8_lossy(&self.read[..end]).to_ascii_lowercase();
        self.read.drain(..end);
        let field = |name: &str| head.lines().find_map(|line| line.strip_prefix(name).map(str::trim));
        Ok(Some(Head {
            first: head.lines().next().unwrap_or_default().to_owned(),
            length: field("content-length:").and_then(|length| length.parse().ok()),
            chunked: field("transfer-encoding:") == Some("chunked"),
        }))
    }

    /// The whole body.
    pub(crate) async fn body(&mut self, head: &Head) -> std::io::Result<Vec<u8>> {
        let mut body = Vec::new();
        if head.chunked {
            while let Some(chunk) = self.chunk().await? {
                body.extend_from_slice(&chunk);
            }
            return Ok(body);
        }
        let length = head.length.unwrap_or(0);
        while self.read.len() < length {
            self.must().await?;
        }
        body.extend(self.read.drain(..length));
        Ok(body)
    }

    /// The next chunk; `None` at the end of the body.
    pub(crate) async fn chunk(&mut self) -> std::io::Result<Option<Vec<u8>>> {
        let line = loop {
            if let Some(at) = memchr::memmem::find(&self.read, b"\r\n") {
                break at;
            }
            self.must().await?;
        };
        let size = std::str::from_utf8(&self.read[..line]).unwrap_or_default();
        let size =
            usize::from_str_radix(size.split(';').next().unwrap_or_default(), 16).map_err(std::io::Error::other)?;
        let end = line + 2 + size + 2;
        while self.read.len() < end {
            self.must().await?;
        }
        let chunk = self.read[line + 2..end - 2].to_vec();
        self.read.drain(..end);
        Ok((size > 0).then_some(chunk))
    }

    async fn must(&mut self) -> std::io::Result<()> {
        if self.more().await? { Ok(()) } else { Err(std::io::ErrorKind::UnexpectedEof.into()) }
    }

    async fn more(&mut self) -> std::io::Result<bool> {
        self.read.reserve(16 << 10);
        Ok(self.stream.read_buf(&mut self.read).await? > 0)
    }
}
