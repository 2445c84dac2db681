//! Carries a part's output to its log file and, in the foreground, to our own stderr.

use std::io::Write as _;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::io::{AsyncRead, AsyncReadExt as _};

use super::bounded_log::BoundedLog;

/// A line longer than this is written in pieces, so that it cannot use up memory.
const LINE_LIMIT_BYTES: usize = 16 * 1024;

/// Where a part's lines go.
#[derive(Debug, Clone)]
pub struct LineSink {
    name: &'static str,
    file: Arc<Mutex<BoundedLog>>,
    echo: bool,
}

impl LineSink {
    /// A sink into the part's file; with `echo`, also to stderr, marked with the part's name.
    ///
    /// # Errors
    /// When the file cannot be created.
    pub fn open(log_dir: &Path, name: &'static str, echo: bool) -> std::io::Result<Self> {
        let file = BoundedLog::open(&log_dir.join(format!("{name}.log")))?;
        Ok(Self {
            name,
            file: Arc::new(Mutex::new(file)),
            echo,
        })
    }

    /// Copies until the other side closes.
    pub async fn carry(self, mut from: impl AsyncRead + Unpin) {
        let mut pending = Vec::new();
        let mut chunk = [0_u8; 4096];
        while let Ok(count @ 1..) = from.read(&mut chunk).await {
            for piece in chunk[..count].split_inclusive(|byte| *byte == b'\n') {
                pending.extend_from_slice(piece);
                if pending.ends_with(b"\n") || pending.len() >= LINE_LIMIT_BYTES {
                    self.write(&mut pending);
                }
            }
        }
        if !pending.is_empty() {
            self.write(&mut pending);
        }
    }

    /// A full disk or a closed terminal must not stop the part: such lines are lost.
    fn write(&self, line: &mut Vec<u8>) {
        if !line.ends_with(b"\n") {
            line.push(b'\n');
        }
        let _ = self
            .file
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .write_all(line);
        if self.echo {
            let mut marked = format!("{:<8} | ", self.name).into_bytes();
            marked.append(line);
            let _ = std::io::stderr().lock().write_all(&marked);
        }
        line.clear();
    }
}
