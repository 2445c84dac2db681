//! Keys of the file itself, its networks, volumes, configs and secrets.

use super::{Key, noted, refused, resolved, yes};

pub(super) const KEYS: &[Key] = &[
    resolved("version", "obsolete, as Compose says"),
    yes(
        "name",
        "names nothing here: the stack has a name of its own",
    ),
    resolved("include", "files of the repository only"),
    resolved("services.*.extends", "files of the repository only"),
    yes(
        "networks.*.name",
        "the stack has one private network, whatever its networks are called",
    ),
    yes(
        "networks.*.driver",
        "`bridge` and `overlay`: the network is an overlay",
    ),
    refused(
        "networks.*.driver_opts",
        "remove it; the stack's network is made by Longshore",
    ),
    noted(
        "networks.*.attachable",
        "the stack's network takes its own containers only",
    ),
    noted("networks.*.enable_ipv4", "the stack's network has IPv4"),
    noted(
        "networks.*.enable_ipv6",
        "the stack's network has IPv4 only",
    ),
    refused(
        "networks.*.external",
        "components already reach the other services of their environment by their names; remove the network",
    ),
    refused(
        "networks.*.internal",
        "a network without a way out cannot be had; remove it if the components may reach the internet",
    ),
    noted("networks.*.ipam", "Docker chooses the addresses"),
    noted(
        "networks.*.labels",
        "the stack's network is Longshore's own",
    ),
    yes(
        "volumes.*.name",
        "the volume keeps the name that it has in the file, within the stack",
    ),
    refused(
        "volumes.*.driver",
        "volumes lie on the server's disk; only `local` can be had",
    ),
    refused(
        "volumes.*.driver_opts",
        "a volume that leads elsewhere could be any directory of the server; use a plain volume, or a bind inside LONGSHORE_BIND_PATHS",
    ),
    refused(
        "volumes.*.external",
        "each stack has volumes of its own; remove `external` and copy the data into the new volume",
    ),
    noted("volumes.*.labels", "labels of a volume are Longshore's own"),
    yes("configs.*.name", ""),
    yes(
        "configs.*.file",
        "a file of the repository; each version keeps its own copy",
    ),
    yes("configs.*.content", "kept by Swarm, encrypted"),
    yes(
        "configs.*.environment",
        "the variable of that name; kept by Swarm, encrypted",
    ),
    refused(
        "configs.*.external",
        "write the text under `content` or commit a file",
    ),
    noted("configs.*.labels", "nothing reads them"),
    refused(
        "configs.*.template_driver",
        "variables are filled in by Compose; use `content`",
    ),
    yes("secrets.*.name", ""),
    yes(
        "secrets.*.file",
        "a file of the repository; each version keeps its own copy",
    ),
    yes(
        "secrets.*.environment",
        "the variable of that name; kept by Swarm, encrypted",
    ),
    refused(
        "secrets.*.external",
        "set a variable and name it under `environment`",
    ),
    noted("secrets.*.labels", "nothing reads them"),
    refused(
        "secrets.*.driver",
        "set a variable and name it under `environment`",
    ),
    refused(
        "secrets.*.driver_opts",
        "set a variable and name it under `environment`",
    ),
    refused(
        "secrets.*.template_driver",
        "set a variable and name it under `environment`",
    ),
    refused("models", "run the model as a component of its own"),
];
