//! As much of a WebSocket (RFC 6455) as a client needs that sends short texts.

use anyhow::{Context as _, ensure};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::TcpStream;

const TEXT: u8 = 0x81;
const CLOSE: u8 = 0x88;
const MASKED: u8 = 0x80;

/// An open WebSocket.
pub struct WebSocket {
    stream: BufReader<TcpStream>,
}

impl WebSocket {
    /// Opens one on this machine.
    ///
    /// # Errors
    /// When the server does not agree.
    pub async fn open(port: u16, host: &str, path: &str) -> anyhow::Result<Self> {
        let stream = TcpStream::connect(("127.0.0.1", port)).await?;
        stream.set_nodelay(true)?;
        let mut stream = BufReader::new(stream);
        let request = format!(
            "GET {path} HTTP/1.1\r\nHost: {host}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
             Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: bG9uZ3Nob3JlIHRlc3QgMQ==\r\n\r\n"
        );
        stream.write_all(request.as_bytes()).await?;
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            head.push(stream.read_u8().await.context("no answer to the opening")?);
        }
        let head = String::from_utf8_lossy(&head);
        let status = head.lines().next().unwrap_or_default();
        ensure!(status.contains(" 101 "), "not opened: {status}");
        Ok(Self { stream })
    }

    /// Sends a number and waits until it comes back.
    ///
    /// # Errors
    /// When it does not, or something else comes.
    pub async fn echo(&mut self, number: u64) -> anyhow::Result<()> {
        let text = number.to_string();
        self.send(TEXT, text.as_bytes()).await?;
        let (kind, back) = self.receive().await.context("no echo")?;
        ensure!(
            kind == TEXT && back == text.as_bytes(),
            "{back:?} ({kind:#x}) came back for {text}"
        );
        Ok(())
    }

    /// The next text, of less than 126 bytes.
    ///
    /// # Errors
    /// When something else comes, or nothing.
    pub async fn text(&mut self) -> anyhow::Result<String> {
        let (kind, data) = self.receive().await?;
        ensure!(kind == TEXT, "{kind:#x} came for a text");
        Ok(String::from_utf8(data)?)
    }

    /// Closes it in agreement with the server.
    ///
    /// # Errors
    /// When the server does not agree.
    pub async fn close(mut self) -> anyhow::Result<()> {
        self.send(CLOSE, &[]).await?;
        let (kind, _) = self.receive().await.context("no agreement to the close")?;
        ensure!(kind == CLOSE, "{kind:#x} came for a close");
        Ok(())
    }

    /// A frame of less than 126 bytes, with a mask that changes nothing.
    async fn send(&mut self, kind: u8, data: &[u8]) -> anyhow::Result<()> {
        let length = u8::try_from(data.len())?;
        ensure!(length < 126, "a short text");
        let mut frame = vec![kind, MASKED | length, 0, 0, 0, 0];
        frame.extend_from_slice(data);
        Ok(self.stream.write_all(&frame).await?)
    }

    async fn receive(&mut self) -> anyhow::Result<(u8, Vec<u8>)> {
        let kind = self.stream.read_u8().await?;
        let length = self.stream.read_u8().await?;
        ensure!(length < 126, "a long frame");
        let mut data = vec![0; usize::from(length)];
        self.stream.read_exact(&mut data).await?;
        Ok((kind, data))
    }
}
