//! `longshore-probe <port> [<path>] [--every <seconds>] [--timeout <seconds>]
//! [--host <host>] [--status <status>]`: whether something listens on a port of this
//! container and, with a path, answers a GET on it with that status, or with one below 400.
//!
//! It runs inside any image, also an empty one, so it must need nothing but the kernel:
//! one file, the standard library alone, linked statically. The agent's build script
//! compiles these sources by themselves.
//!
//! Docker waits a whole interval before its first check of a container. The interval is
//! therefore set very short, and the waiting is done here: a young container is asked
//! again and again until it answers, one that has answered before is left alone for
//! `--every` seconds first.

mod listeners;

use std::env;
use std::fs;
use std::io::{self, Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::process::ExitCode;
use std::thread::sleep;
use std::time::{Duration, Instant};

use listeners::listeners;

/// The age at which a container that answers is taken to have answered before.
const YOUNG: Duration = Duration::from_secs(3);
/// Between two attempts while nothing listens.
const RETRY: Duration = Duration::from_millis(25);
/// The same when the program has answered otherwise than it should: each attempt may be a
/// line in its log, and must not push out the others.
const RETRY_ANSWERED: Duration = Duration::from_secs(1);
/// The same in a young container.
const RETRY_YOUNG: Duration = Duration::from_millis(200);
/// Clock ticks a second in `/proc/<pid>/stat`: `USER_HZ`, fixed on Linux.
const TICKS: f64 = 100.0;

struct Probe {
    port: u16,
    path: Option<String>,
    every: Duration,
    timeout: Duration,
    /// The `Host` header; `localhost` and the port when absent.
    host: Option<String>,
    /// The expected status; any below 400 when absent.
    status: Option<u16>,
    /// Whether to ask once and to print what came of it.
    report: bool,
}

fn main() -> ExitCode {
    let Some(probe) = Probe::parse(env::args().skip(1)) else {
        eprintln!(
            "usage: longshore-probe <port> [<path>] [--every <seconds>] [--timeout <seconds>]"
        );
        return ExitCode::from(2);
    };
    match probe.run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(problem) => {
            eprintln!("{problem}");
            ExitCode::FAILURE
        }
    }
}

impl Probe {
    fn parse(mut arguments: impl Iterator<Item = String>) -> Option<Self> {
        let mut probe = Self {
            port: arguments.next()?.parse().ok().filter(|port| *port != 0)?,
            path: None,
            every: Duration::ZERO,
            timeout: Duration::from_secs(3),
            host: None,
            status: None,
            report: false,
        };
        while let Some(argument) = arguments.next() {
            match argument.as_str() {
                "--every" => probe.every = seconds(&arguments.next()?)?,
                "--timeout" => probe.timeout = seconds(&arguments.next()?)?,
                "--host" => probe.host = Some(arguments.next()?),
                "--status" => probe.status = Some(arguments.next()?.parse().ok()?),
                "--report" => probe.report = true,
                path if path.starts_with('/') => probe.path = Some(argument),
                _ => return None,
            }
        }
        Some(probe)
    }

    fn run(&self) -> Result<(), String> {
        if self.report {
            return self.tell();
        }
        let deadline = Instant::now() + self.timeout;
        loop {
            match self.ask(deadline) {
                Ok(())
                    if self.every.is_zero() || container_age().is_some_and(|age| age < YOUNG) =>
                {
                    return Ok(());
                }
                Ok(()) => {
                    sleep(self.every);
                    return self.ask(Instant::now() + self.timeout);
                }
                Err(problem) => {
                    let pause = match problem.contains("was answered with") {
                        true if container_age().is_some_and(|age| age < YOUNG) => RETRY_YOUNG,
                        true => RETRY_ANSWERED,
                        false => RETRY,
                    };
                    if Instant::now() + pause >= deadline {
                        return Err(problem);
                    }
                    sleep(pause);
                }
            }
        }
    }

    /// Asks once and prints the milliseconds that it took and the status, if there is one.
    fn tell(&self) -> Result<(), String> {
        let began = Instant::now();
        let answer = self.connect_and_get(began + self.timeout);
        let took = began.elapsed().as_millis();
        let told = match &answer {
            Ok(Some(status)) => format!("{took} {status}\n"),
            Ok(None) | Err(_) => format!("{took}\n"),
        };
        io::stdout()
            .write_all(told.as_bytes())
            .map_err(|error| error.to_string())?;
        self.judge(answer?)
    }

    fn ask(&self, deadline: Instant) -> Result<(), String> {
        self.judge(self.connect_and_get(deadline)?)
    }

    fn judge(&self, answer: Option<u16>) -> Result<(), String> {
        let (Some(path), Some(status)) = (&self.path, answer) else {
            return Ok(());
        };
        let is_right = match self.status {
            Some(expected) => status == expected,
            None => (100..400).contains(&status),
        };
        if is_right {
            return Ok(());
        }
        let wanted = match self.status {
            Some(expected) => format!(" instead of {expected}"),
            None => String::new(),
        };
        Err(format!(
            "GET {path} was answered with status {status}{wanted}"
        ))
    }

    /// Connects; with a path, gives the status of the answer.
    fn connect_and_get(&self, deadline: Instant) -> Result<Option<u16>, String> {
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, self.port));
        let mut stream = TcpStream::connect_timeout(&address, left(deadline)).map_err(|error| {
            match error.kind() {
                io::ErrorKind::ConnectionRefused => self.nobody_listens(),
                _ => format!("port {} cannot be reached: {error}", self.port),
            }
        })?;
        if self.is_local_only() {
            return Err(format!(
                "port {} is open on the loopback address only",
                self.port
            ));
        }
        match &self.path {
            None => Ok(None),
            Some(path) => match self.get(&mut stream, path, deadline) {
                Ok(status) => Ok(Some(status)),
                Err(error) if is_timeout(&error) => Err(format!(
                    "GET {path} was not answered within {} seconds",
                    self.timeout.as_secs()
                )),
                Err(error) => Err(format!("GET {path} was not answered: {error}")),
            },
        }
    }

    /// Says where the program listens instead: most often that is the mistake.
    fn nobody_listens(&self) -> String {
        let mut elsewhere: Vec<u16> = listeners().iter().map(|found| found.port).collect();
        elsewhere.sort_unstable();
        elsewhere.dedup();
        let ports: Vec<String> = elsewhere.iter().take(5).map(u16::to_string).collect();
        let port = self.port;
        if ports.is_empty() {
            format!("nothing listens on port {port} or any other")
        } else {
            format!("nothing listens on port {port} but on {}", ports.join(", "))
        }
    }

    /// Whether the port is open, but not to the network.
    fn is_local_only(&self) -> bool {
        let on_port: Vec<_> = listeners()
            .into_iter()
            .filter(|found| found.port == self.port)
            .collect();
        !on_port.is_empty() && on_port.iter().all(|found| found.is_local())
    }

    fn get(&self, stream: &mut TcpStream, path: &str, deadline: Instant) -> io::Result<u16> {
        stream.set_write_timeout(Some(left(deadline)))?;
        let host = match &self.host {
            Some(host) => host.clone(),
            None => format!("localhost:{}", self.port),
        };
        write!(
            stream,
            "GET {path} HTTP/1.1\r\nHost: {host}\r\nUser-Agent: longshore-probe\r\n\
             Accept: */*\r\nConnection: close\r\n\r\n"
        )?;
        let mut head = Vec::new();
        let mut buffer = [0; 512];
        // "HTTP/1.1 200" is all that is needed.
        while head.len() < 12 {
            stream.set_read_timeout(Some(left(deadline)))?;
            match stream.read(&mut buffer)? {
                0 => return Err(io::Error::other("the connection was closed")),
                count => head.extend_from_slice(&buffer[..count]),
            }
        }
        std::str::from_utf8(&head[..12])
            .ok()
            .filter(|line| line.starts_with("HTTP/1."))
            .and_then(|line| line[9..].parse().ok())
            .ok_or_else(|| io::Error::other("the answer is not HTTP"))
    }
}

fn seconds(text: &str) -> Option<Duration> {
    text.parse().ok().map(Duration::from_secs)
}

/// Never zero, which the socket calls refuse.
fn left(deadline: Instant) -> Duration {
    deadline
        .saturating_duration_since(Instant::now())
        .max(Duration::from_millis(1))
}

fn is_timeout(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut
    )
}

/// For how long the container's first process runs.
fn container_age() -> Option<Duration> {
    let stat = fs::read_to_string("/proc/1/stat").ok()?;
    let (_, fields) = stat.rsplit_once(") ")?;
    // Field 22 of proc(5), counted from field 3.
    let started: f64 = fields.split(' ').nth(19)?.parse().ok()?;
    let uptime = fs::read_to_string("/proc/uptime").ok()?;
    let uptime: f64 = uptime.split(' ').next()?.parse().ok()?;
    Duration::try_from_secs_f64((uptime - started / TICKS).max(0.0)).ok()
}
