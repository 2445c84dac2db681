//! Programs that tests run.

/// A web server in Python for load tests: `/` answers its version (the variable `VERSION`,
/// or the file `/version`), `/name` its container's name, `/slow` after two seconds, and
/// `/socket` is a WebSocket that echoes. It listens on 8080.
pub const ECHO: &str = include_str!("../fixtures/apps/echo.py");
