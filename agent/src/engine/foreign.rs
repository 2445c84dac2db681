//! Whether a container's program is one for another kind of processor.
//!
//! The kernel refuses it with "exec format error", but who meets that is mostly a shell or
//! Docker's init process, and those tell something else: that it cannot be found, or that
//! its first line makes no sense. So the file itself is looked at.

use std::env::consts::ARCH;

use bollard::models::ContainerInspectResponse;
use bollard::query_parameters::DownloadFromContainerOptionsBuilder;
use futures_util::StreamExt as _;

use super::{Engine, brief};

/// What shells and Docker's init process end with when they cannot run a program.
const NOT_RUN: [i64; 3] = [2, 126, 127];
/// A block of an archive, its header being one.
const BLOCK: usize = 512;
/// Links that are followed.
const LINKS: usize = 5;

impl Engine {
    /// The sentence for a container whose program this machine cannot run.
    pub(super) async fn foreign_program(
        &self,
        container: &ContainerInspectResponse,
        exit_code: Option<i64>,
    ) -> Option<String> {
        if !exit_code.is_some_and(|code| NOT_RUN.contains(&code)) {
            return None;
        }
        let id = container.id.as_deref()?;
        let program = container.path.as_deref()?;
        for path in places(program, container) {
            if let Some(head) = self.head_of_file(id, path).await {
                let machine = elf_machine(&head).filter(|machine| !runs_here(*machine))?;
                return Some(format!(
                    "The image's program {} is built for {} processors, but this server's are {}.",
                    brief(program),
                    name(machine),
                    ours(),
                ));
            }
        }
        None
    }

    /// The first bytes of a file in a container.
    async fn head_of_file(&self, container: &str, mut path: String) -> Option<Vec<u8>> {
        for _ in 0..LINKS {
            let options = DownloadFromContainerOptionsBuilder::default()
                .path(&path)
                .build();
            let mut archive = std::pin::pin!(
                self.docker
                    .download_from_container(container, Some(options))
            );
            let mut bytes = Vec::new();
            while bytes.len() < 2 * BLOCK
                && let Some(Ok(chunk)) = archive.next().await
            {
                bytes.extend_from_slice(&chunk);
            }
            match entry(&bytes)? {
                Entry::File(head) => return Some(head.to_vec()),
                Entry::Link(target) if target.starts_with('/') => path = target,
                Entry::Link(target) => {
                    let (folder, _) = path.rsplit_once('/')?;
                    path = format!("{folder}/{target}");
                }
            }
        }
        None
    }
}

/// Where the program may be.
fn places(program: &str, container: &ContainerInspectResponse) -> Vec<String> {
    if program.contains('/') {
        return vec![program.to_owned()];
    }
    let variables = container
        .config
        .as_ref()
        .and_then(|config| config.env.as_deref());
    variables
        .unwrap_or_default()
        .iter()
        .find_map(|variable| variable.strip_prefix("PATH="))
        .unwrap_or("/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin")
        .split(':')
        .map(|folder| format!("{folder}/{program}"))
        .collect()
}

/// The first entry of an archive.
#[derive(Debug, PartialEq, Eq)]
enum Entry<'a> {
    File(&'a [u8]),
    Link(String),
}

/// Reads a header of the ustar format: type at 156, the link's target from 157 to 257.
fn entry(archive: &[u8]) -> Option<Entry<'_>> {
    match archive.get(156)? {
        b'0' | 0 => Some(Entry::File(archive.get(BLOCK..)?)),
        b'2' => {
            let target = archive.get(157..257)?;
            let end = target.iter().position(|byte| *byte == 0);
            let target = &target[..end.unwrap_or(target.len())];
            Some(Entry::Link(String::from_utf8_lossy(target).into_owned()))
        }
        _ => None,
    }
}

/// `e_machine` of an ELF file; none when it is no such file.
fn elf_machine(head: &[u8]) -> Option<u16> {
    if !head.starts_with(b"\x7fELF") {
        return None;
    }
    let machine = [*head.get(18)?, *head.get(19)?];
    match head.get(5)? {
        1 => Some(u16::from_le_bytes(machine)),
        2 => Some(u16::from_be_bytes(machine)),
        _ => None,
    }
}

/// Numbers of the ELF specification, with Docker's names.
const MACHINES: [(u16, &str); 7] = [
    (3, "386"),
    (21, "ppc64le"),
    (22, "s390x"),
    (40, "arm"),
    (62, "amd64"),
    (183, "arm64"),
    (243, "riscv64"),
];

fn name(machine: u16) -> &'static str {
    let known = MACHINES.iter().find(|(number, _)| *number == machine);
    known.map_or("other", |(_, name)| name)
}

fn ours() -> &'static str {
    match ARCH {
        "x86_64" => "amd64",
        "aarch64" => "arm64",
        "powerpc64" => "ppc64le",
        other => other,
    }
}

/// Sixty-four-bit machines mostly run the programs of their elder sisters, too.
fn runs_here(machine: u16) -> bool {
    match ours() {
        "amd64" => matches!(machine, 62 | 3),
        "arm64" => matches!(machine, 183 | 40),
        other => name(machine) == other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn archive(kind: u8, target: &str, content: &[u8]) -> Vec<u8> {
        let mut bytes = vec![0; BLOCK];
        bytes[156] = kind;
        bytes[157..157 + target.len()].copy_from_slice(target.as_bytes());
        bytes.extend_from_slice(content);
        bytes
    }

    #[test]
    fn files_and_links_are_told_apart() {
        let link = archive(b'2', "busybox", b"");
        assert_eq!(entry(&link), Some(Entry::Link("busybox".to_owned())));
        let file = archive(b'0', "", b"content");
        assert_eq!(entry(&file), Some(Entry::File(b"content")));
        assert_eq!(entry(&archive(b'5', "", b"")), None);
        assert_eq!(entry(b""), None);
    }

    #[test]
    fn the_machine_is_read_in_both_byte_orders() {
        let mut head = b"\x7fELF\x02\x01\x01".to_vec();
        head.resize(18, 0);
        head.extend([183, 0]);
        assert_eq!(elf_machine(&head).map(name), Some("arm64"));
        head[5] = 2;
        head[18..20].copy_from_slice(&[0, 22]);
        assert_eq!(elf_machine(&head).map(name), Some("s390x"));
        assert_eq!(elf_machine(b"#!/bin/sh\nexec something"), None);
    }

    #[test]
    fn this_tests_own_program_runs_here() {
        let own = std::fs::read("/proc/self/exe").unwrap();
        assert!(runs_here(elf_machine(&own).unwrap()));
    }
}
