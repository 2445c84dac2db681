//! Keys of a component.

use super::{Key, noted, refused, resolved, yes};

const NO_HOST: &str = "a component never shares the server's own namespaces; remove it and use host names of the stack";

pub(super) const KEYS: &[Key] = &[
    yes(
        "services.*.image",
        "pulled when it is not on the server; kept as long as the line does not change",
    ),
    yes(
        "services.*.pull_policy",
        "`always` asks the registry at each deployment; `build` and `missing` need no word",
    ),
    yes("services.*.command", ""),
    yes("services.*.entrypoint", ""),
    yes(
        "services.*.environment",
        "byte for byte as `docker compose` delivers it",
    ),
    resolved(
        "services.*.env_file",
        "a file of the repository; one that is missing stands for the stack's variables",
    ),
    yes("services.*.working_dir", ""),
    yes("services.*.user", ""),
    yes("services.*.group_add", ""),
    yes("services.*.hostname", ""),
    noted("services.*.domainname", "give the whole name as `hostname`"),
    noted(
        "services.*.container_name",
        "names of containers are Longshore's own; the component's name is its host name",
    ),
    yes("services.*.labels", "on the container"),
    resolved("services.*.label_file", "a file of the repository"),
    noted("services.*.annotations", "nothing reads them"),
    yes(
        "services.*.depends_on.*.condition",
        "the order is kept: `service_started`, `service_healthy`, `service_completed_successfully`",
    ),
    yes("services.*.depends_on.*.required", ""),
    noted(
        "services.*.depends_on.*.restart",
        "a component that changed is replaced, others go on",
    ),
    yes("services.*.healthcheck.test", ""),
    yes("services.*.healthcheck.interval", ""),
    yes("services.*.healthcheck.timeout", ""),
    yes("services.*.healthcheck.retries", ""),
    yes("services.*.healthcheck.start_period", ""),
    yes("services.*.healthcheck.start_interval", "from Docker 25 on"),
    yes("services.*.healthcheck.disable", ""),
    yes(
        "services.*.ports.target",
        "the port that a domain leads to unless it names another",
    ),
    noted(
        "services.*.ports.published",
        "no port of the server is opened; give the component a domain",
    ),
    noted(
        "services.*.ports.host_ip",
        "no port of the server is opened; give the component a domain",
    ),
    yes("services.*.ports.protocol", ""),
    yes("services.*.ports.mode", ""),
    yes("services.*.ports.name", ""),
    noted("services.*.ports.app_protocol", "nothing reads it"),
    yes("services.*.expose", "a port that a domain may lead to"),
    yes(
        "services.*.networks.*.aliases",
        "further host names within the stack",
    ),
    noted(
        "services.*.networks.*.priority",
        "the stack has one network",
    ),
    noted(
        "services.*.networks.*.gw_priority",
        "the stack has one network",
    ),
    noted(
        "services.*.networks.*.interface_name",
        "Docker names the interfaces",
    ),
    refused(
        "services.*.networks.*.ipv4_address",
        "use the component's host name; addresses change",
    ),
    refused(
        "services.*.networks.*.ipv6_address",
        "use the component's host name; addresses change",
    ),
    refused(
        "services.*.networks.*.link_local_ips",
        "use the component's host name; addresses change",
    ),
    refused(
        "services.*.networks.*.mac_address",
        "remove it; Docker chooses it",
    ),
    refused(
        "services.*.networks.*.driver_opts",
        "remove it; the stack's network is made by Longshore",
    ),
    refused("services.*.network_mode", NO_HOST),
    refused("services.*.mac_address", "remove it; Docker chooses it"),
    noted(
        "services.*.links",
        "every component reaches the others by their names; use `aliases` for further names",
    ),
    refused(
        "services.*.external_links",
        "reach other services of the environment by their names",
    ),
    yes("services.*.extra_hosts", "also `host-gateway`"),
    yes("services.*.dns", ""),
    yes("services.*.dns_search", ""),
    yes("services.*.dns_opt", ""),
    yes("services.*.volumes.type", "`volume`, `bind` and `tmpfs`"),
    yes(
        "services.*.volumes.source",
        "a named volume, a path of the repository, or a directory inside LONGSHORE_BIND_PATHS",
    ),
    yes("services.*.volumes.target", ""),
    yes("services.*.volumes.read_only", ""),
    noted(
        "services.*.volumes.consistency",
        "it means nothing on Linux",
    ),
    yes(
        "services.*.volumes.bind.create_host_path",
        "a path of the repository that is missing and written becomes a volume",
    ),
    refused(
        "services.*.volumes.bind.propagation",
        "remove it; mounts of the server stay apart",
    ),
    noted(
        "services.*.volumes.bind.selinux",
        "remove it where SELinux is not used",
    ),
    noted(
        "services.*.volumes.bind.recursive",
        "mounts below the path are left as Docker does",
    ),
    yes("services.*.volumes.volume.nocopy", ""),
    refused(
        "services.*.volumes.volume.subpath",
        "mount the whole volume, or use a volume of its own",
    ),
    noted(
        "services.*.volumes.volume.labels",
        "labels of a volume are Longshore's own",
    ),
    yes("services.*.volumes.tmpfs.size", ""),
    yes("services.*.volumes.tmpfs.mode", ""),
    noted(
        "services.*.volumes.image",
        "only mounts of type volume, bind and tmpfs can be had",
    ),
    yes("services.*.tmpfs", ""),
    refused(
        "services.*.volumes_from",
        "mount the same named volume in both components",
    ),
    yes("services.*.configs.source", ""),
    yes("services.*.configs.target", ""),
    yes(
        "services.*.configs.uid",
        "of a config with `content` or `environment`",
    ),
    yes(
        "services.*.configs.gid",
        "of a config with `content` or `environment`",
    ),
    yes(
        "services.*.configs.mode",
        "of a config with `content` or `environment`",
    ),
    yes("services.*.secrets.source", ""),
    yes("services.*.secrets.target", ""),
    yes("services.*.secrets.uid", "of a secret with `environment`"),
    yes("services.*.secrets.gid", "of a secret with `environment`"),
    yes("services.*.secrets.mode", "of a secret with `environment`"),
    yes("services.*.shm_size", "as memory mounted on `/dev/shm`"),
    yes("services.*.mem_limit", ""),
    yes("services.*.mem_reservation", ""),
    noted(
        "services.*.memswap_limit",
        "Swarm has no such limit; `mem_limit` counts",
    ),
    noted("services.*.mem_swappiness", "Swarm has no such setting"),
    yes("services.*.cpus", ""),
    noted("services.*.cpu_count", "use `cpus`"),
    noted("services.*.cpu_percent", "use `cpus`"),
    noted("services.*.cpu_shares", "use `cpus`"),
    noted("services.*.cpu_period", "use `cpus`"),
    noted("services.*.cpu_quota", "use `cpus`"),
    noted("services.*.cpu_rt_runtime", "use `cpus`"),
    noted("services.*.cpu_rt_period", "use `cpus`"),
    noted("services.*.cpuset", "use `cpus`"),
    noted("services.*.blkio_config", "Swarm has no such limit"),
    yes("services.*.pids_limit", "at most 4096"),
    yes("services.*.scale", ""),
    yes(
        "services.*.restart",
        "none, `always` and `unless-stopped` keep it running; `no` and `on-failure` let it end",
    ),
    yes(
        "services.*.logging.driver",
        "`json-file` and `local`: Longshore reads the log",
    ),
    yes("services.*.logging.options.max-size", ""),
    yes("services.*.logging.options.max-file", ""),
    noted(
        "services.*.logging.options.*",
        "only `max-size` and `max-file` mean something here",
    ),
    yes("services.*.init", ""),
    yes("services.*.tty", ""),
    yes("services.*.stdin_open", ""),
    yes("services.*.read_only", ""),
    yes("services.*.ulimits", ""),
    yes("services.*.stop_signal", ""),
    yes("services.*.stop_grace_period", ""),
    yes(
        "services.*.sysctls",
        "`net.*` and those of its own shared memory and message queues",
    ),
    yes(
        "services.*.cap_add",
        "of Docker's usual ones, without `NET_RAW`",
    ),
    yes("services.*.cap_drop", ""),
    yes("services.*.platform", "the server's own"),
    resolved(
        "services.*.profiles",
        "the variable `COMPOSE_PROFILES` names those that run",
    ),
    noted("services.*.attach", "every component's log is kept"),
    noted("services.*.develop", "it is for a developer's machine"),
    noted("services.*.oom_score_adj", "Swarm has no such setting"),
    noted("services.*.oom_kill_disable", "Swarm has no such setting"),
    noted("services.*.storage_opt", "Swarm has no such setting"),
    refused(
        "services.*.privileged",
        "a component that is the server's owner cannot be had; remove it and say which capability is needed",
    ),
    refused(
        "services.*.devices",
        "devices of the server cannot be had; remove it",
    ),
    refused(
        "services.*.device_cgroup_rules",
        "devices of the server cannot be had; remove it",
    ),
    refused(
        "services.*.gpus",
        "devices of the server cannot be had; remove it",
    ),
    refused(
        "services.*.security_opt",
        "the usual confinement stays; remove it",
    ),
    refused("services.*.userns_mode", NO_HOST),
    refused("services.*.pid", NO_HOST),
    refused("services.*.ipc", NO_HOST),
    refused("services.*.uts", NO_HOST),
    refused("services.*.cgroup", NO_HOST),
    refused(
        "services.*.cgroup_parent",
        "limits are set by `deploy.resources`; remove it",
    ),
    refused(
        "services.*.isolation",
        "remove it; components are Linux containers",
    ),
    refused(
        "services.*.runtime",
        "the usual runtime runs all containers; remove it",
    ),
    refused("services.*.credential_spec", "remove it; it is for Windows"),
    refused(
        "services.*.use_api_socket",
        "no component may speak to Docker; remove it",
    ),
    refused(
        "services.*.provider",
        "run what it provides as a component, or as a database of Longshore's",
    ),
    refused(
        "services.*.models",
        "run the model as a component of its own",
    ),
    refused("services.*.driver_opts", "remove it"),
    refused(
        "services.*.post_start",
        "put it into the entry point, or into a component of its own that runs once",
    ),
    refused(
        "services.*.pre_stop",
        "let the program do it at the stop signal",
    ),
];

pub(super) const DEPLOY: &[Key] = &[
    refused(
        "services.*.deploy.mode",
        "components are replicated; remove it",
    ),
    noted(
        "services.*.deploy.endpoint_mode",
        "names lead to the containers themselves",
    ),
    yes("services.*.deploy.replicas", ""),
    noted(
        "services.*.deploy.labels",
        "labels of a Swarm service are Longshore's own",
    ),
    yes("services.*.deploy.resources.limits.cpus", ""),
    yes("services.*.deploy.resources.limits.memory", ""),
    yes("services.*.deploy.resources.limits.pids", "at most 4096"),
    yes("services.*.deploy.resources.reservations.cpus", ""),
    yes("services.*.deploy.resources.reservations.memory", ""),
    refused(
        "services.*.deploy.resources.reservations.devices",
        "devices of the server cannot be had; remove it",
    ),
    refused(
        "services.*.deploy.resources.reservations.generic_resources",
        "remove it; there are none",
    ),
    yes("services.*.deploy.restart_policy.condition", "as `restart`"),
    yes("services.*.deploy.restart_policy.delay", ""),
    yes(
        "services.*.deploy.restart_policy.max_attempts",
        "of `on-failure`",
    ),
    noted(
        "services.*.deploy.restart_policy.window",
        "attempts are counted from the start",
    ),
    yes(
        "services.*.deploy.update_config.order",
        "`start-first` lets a new version start beside the old one although it writes a volume",
    ),
    noted(
        "services.*.deploy.update_config.*",
        "a new version starts as a whole, is verified and takes over",
    ),
    noted(
        "services.*.deploy.rollback_config",
        "a version that fails never takes over; an earlier one comes back with its button",
    ),
    noted(
        "services.*.deploy.placement.constraints",
        "the stack runs on this server",
    ),
    noted(
        "services.*.deploy.placement.preferences",
        "the stack runs on this server",
    ),
    noted(
        "services.*.deploy.placement.max_replicas_per_node",
        "the stack runs on this server",
    ),
];
