//! A running virtual machine.

use std::fs;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Stdio};
use std::sync::mpsc;
use std::time::{Duration, Instant};

use anyhow::{Context, bail};

use super::disk::Root;
use crate::process;

/// How the job's last line begins, before its exit code.
const ENDED: &str = "job ended: ";
/// How many of the console's last lines are shown when the machine ended without a word of the job.
const LAST_LINES: usize = 40;

/// What the kernel is told. Nobody attacks it, and guards against that cost an emulation much; with
/// AppArmor, Docker would want its profiles too.
const KERNEL: &str = "root=/dev/vda rw console=ttyS0 net.ifnames=0 mitigations=off apparmor=0";

/// The machine's process; killed when dropped.
struct Machine(Child);

impl Drop for Machine {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Boots, prints what the job says, and gives its exit code.
pub fn run(root: &Root, job: &Path, kvm: bool, limit: Duration) -> anyhow::Result<i32> {
    let console = job.with_extension("console");
    let mut command = process::command("nice");
    command
        .args(["-n", "10", "setpriv", "--pdeathsig", "KILL"])
        .args(["qemu-system-x86_64", "-nodefaults", "-no-reboot"])
        .args([
            "-display",
            "none",
            "-accel",
            if kvm { "kvm" } else { "tcg,thread=multi" },
        ])
        // QEMU's own `max` does not boot under every emulation.
        .args(["-cpu", "Nehalem", "-smp", "2", "-m", "3072"])
        .args(["-nic", "user,model=virtio-net-pci"])
        .arg("-kernel")
        .arg(&root.kernel)
        .arg("-initrd")
        .arg(&root.initrd)
        .args(["-append", KERNEL])
        .arg("-serial")
        .arg(format!("file:{}", console.display()))
        .args(["-serial", "stdio"])
        .stdin(Stdio::null())
        .stdout(Stdio::piped());
    for disk in [root.disk.as_path(), job] {
        // What the machine writes goes when it does.
        command.arg("-drive").arg(format!(
            "file={},format=raw,if=virtio,snapshot=on,cache=unsafe",
            disk.display()
        ));
    }
    let mut child = command
        .spawn()
        .context("cannot start QEMU (Debian package qemu-system-x86)")?;
    let said = child.stdout.take().context("a pipe")?;
    let machine = Machine(child);
    let ended = follow(said, limit);
    drop(machine);
    let text = String::from_utf8_lossy(&fs::read(&console).unwrap_or_default()).into_owned();
    let _ = fs::remove_file(console);
    ended.with_context(|| {
        let lines: Vec<&str> = text.lines().collect();
        let last = &lines[lines.len().saturating_sub(LAST_LINES)..];
        format!("the machine's console:\n{}\n", last.join("\n"))
    })
}

fn follow(said: impl std::io::Read + Send + 'static, limit: Duration) -> anyhow::Result<i32> {
    let (sender, lines) = mpsc::channel();
    std::thread::spawn(move || {
        let lines = BufReader::new(said).split(b'\n').map_while(Result::ok);
        for line in lines {
            let line = String::from_utf8_lossy(&line).trim_end().to_owned();
            if sender.send(line).is_err() {
                return;
            }
        }
    });
    let start = Instant::now();
    loop {
        match lines.recv_timeout(limit.saturating_sub(start.elapsed())) {
            Ok(line) => match line.strip_prefix(ENDED) {
                Some(code) => return code.parse().context("no exit code"),
                None => eprintln!("{:>7.1}  {line}", start.elapsed().as_secs_f64()),
            },
            Err(mpsc::RecvTimeoutError::Timeout) => {
                bail!(
                    "the job has not ended after {} minutes",
                    limit.as_secs() / 60
                )
            }
            Err(mpsc::RecvTimeoutError::Disconnected) => {
                bail!("the machine ended before its job")
            }
        }
    }
}
