//! Virtual machines: what namespaces on this machine cannot offer to tests.
//!
//! A machine boots a Debian of its own, with its kernel, systemd as process 1, the second version of
//! cgroups and Docker with the cgroup driver `systemd`, as most servers do. Without KVM it is emulated,
//! ten to twenty times slower than this machine; so nothing of it is part of `cargo xtask test`.

mod disk;
mod machine;

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, ensure};
use longshore_sandbox::roots::System;

use crate::engine::{Engine, Version};
use crate::{process, suites, workspace};

/// Options of `cargo xtask vm`.
#[derive(clap::Args)]
pub struct Options {
    /// The Debian that it boots: 12, 13 or testing.
    #[arg(default_value_t = System::Debian13)]
    system: System,
    /// A script that runs in it, as root in `/job`, in place of test programs.
    #[arg(long)]
    script: Option<PathBuf>,
    /// A file or directory that it finds in `/job`; may be repeated.
    #[arg(long = "with", value_name = "PATH")]
    files: Vec<PathBuf>,
    /// A fixture image that its Docker has; may be repeated.
    #[arg(long = "image", value_name = "TAG", default_value = "busybox:latest")]
    images: Vec<String>,
    /// Use the processor's help for virtual machines, where there is some.
    #[arg(long)]
    kvm: bool,
    /// After how many minutes it is ended.
    #[arg(long, default_value_t = 20)]
    minutes: u64,
    /// What to give to `cargo test`, for example `-p longshore-agent --test bounds -- orphans`.
    #[arg(last = true)]
    cargo_test: Vec<String>,
}

/// Boots a machine, runs the tests or the script in it, and shows what they say.
pub fn run(options: &Options) -> anyhow::Result<()> {
    workspace::require_root("a root for a virtual machine")?;
    let state = workspace::cache().join("vm");
    fs::create_dir_all(&state)?;
    let job = state.join(format!("job-{}", std::process::id()));
    fs::create_dir(&job)?;
    let ended = prepare(options, &job).and_then(|()| {
        let root = disk::root(options.system, &state)?;
        let job_disk = job.with_extension("ext4");
        disk::make(std::slice::from_ref(&job), &job_disk)?;
        let limit = Duration::from_mins(options.minutes);
        let ended = machine::run(&root, &job_disk, options.kvm, limit);
        fs::remove_file(job_disk)?;
        ended
    });
    fs::remove_dir_all(job)?;
    let code = ended?;
    ensure!(code == 0, "what ran in the machine ended with {code}");
    Ok(())
}

/// Puts what the machine needs into the job's directory.
fn prepare(options: &Options, job: &Path) -> anyhow::Result<()> {
    let script = match &options.script {
        Some(script) => fs::read_to_string(script).context("cannot read the script")?,
        None => tests(&options.cargo_test, job)?,
    };
    fs::write(job.join("run.sh"), script)?;
    for file in &options.files {
        process::output(process::command("cp").arg("-RL").arg(file).arg(job))?;
    }
    let engine = Engine::for_this_run(Version::Docker20)?;
    let mut save = engine.docker().command();
    save.arg("save").arg("--output").arg(job.join("images.tar"));
    process::output(save.args(&options.images))?;
    Ok(())
}

/// Builds test programs, and gives the script that runs them one after the other.
fn tests(cargo_test: &[String], job: &Path) -> anyhow::Result<String> {
    let mut words = cargo_test.splitn(2, |word| word == "--");
    let (selected, arguments) = (words.next().unwrap_or_default(), words.next());
    ensure!(
        !selected.is_empty(),
        "which tests? for example: cargo xtask vm 13 -- -p longshore-agent --test bounds"
    );
    let arguments = arguments.unwrap_or_default().join("' '");
    let mut script = "set -u\ncode=0\n".to_owned();
    for (number, program) in suites::programs(selected)?.iter().enumerate() {
        fs::copy(program, job.join(format!("test-{number}")))?;
        writeln!(script, "./test-{number} '{arguments}' || code=$?")?;
    }
    script.push_str("exit $code\n");
    Ok(script.replace(" ''", ""))
}
