//! What the agent says of itself and its machine.

use std::fs;

use longshore_agent_api::{AgentInfo, PROTOCOL_VERSION};

use crate::config::Config;
use crate::disk;
use crate::machine::MachineState;

/// Collects what the agent says of itself. Blocking, but short.
pub fn collect(config: &Config, machine: MachineState, running_jobs: usize) -> AgentInfo {
    let memory = fs::read_to_string("/proc/meminfo").unwrap_or_default();
    let disk = disk::measure(&config.agent_dir()).unwrap_or_default();
    AgentInfo {
        protocol: PROTOCOL_VERSION,
        version: env!("CARGO_PKG_VERSION").to_owned(),
        instance: config.instance.clone(),
        host_name: fs::read_to_string("/proc/sys/kernel/hostname")
            .unwrap_or_default()
            .trim()
            .to_owned(),
        docker_version: machine.docker_version,
        swarm_ready: machine.swarm_ready,
        proxy_ready: machine.proxy_ready,
        proxy_refusal: machine.proxy_refusal,
        proxy_image: config.traefik_image.clone(),
        cores: cores(),
        memory_total_bytes: memory_field(&memory, "MemTotal:"),
        memory_available_bytes: memory_field(&memory, "MemAvailable:"),
        disk_total_bytes: disk.total_bytes,
        disk_free_bytes: disk.free_bytes,
        running_jobs: u32::try_from(running_jobs).unwrap_or(u32::MAX),
    }
}

/// The machine's memory in bytes; none when it cannot be read.
pub(crate) fn memory_total() -> Option<u64> {
    let text = fs::read_to_string("/proc/meminfo").ok()?;
    Some(memory_field(&text, "MemTotal:")).filter(|bytes| *bytes > 0)
}

/// The cores that the agent may use, which are mostly all.
pub(crate) fn cores() -> u32 {
    std::thread::available_parallelism()
        .map_or(1, |cores| u32::try_from(cores.get()).unwrap_or(u32::MAX))
}

/// A field of `/proc/meminfo`, which counts in KiB, in bytes.
fn memory_field(text: &str, name: &str) -> u64 {
    text.lines()
        .find_map(|line| line.strip_prefix(name))
        .and_then(|rest| rest.split_whitespace().next())
        .and_then(|number| number.parse::<u64>().ok())
        .unwrap_or(0)
        .saturating_mul(1024)
}

#[cfg(test)]
mod tests {
    use super::memory_field;

    #[test]
    fn memory_is_read_in_bytes() {
        let text = "MemTotal:       16 kB\nMemAvailable:    8 kB\n";
        assert_eq!(memory_field(text, "MemTotal:"), 16 * 1024);
        assert_eq!(memory_field(text, "MemAvailable:"), 8 * 1024);
        assert_eq!(memory_field(text, "SwapTotal:"), 0);
    }
}
