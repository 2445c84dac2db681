//! Keys of a component's build.

use super::{Key, noted, refused, yes};

pub(super) const KEYS: &[Key] = &[
    yes("services.*.build.context", "a folder of the repository"),
    yes("services.*.build.dockerfile", "a file of the repository"),
    refused(
        "services.*.build.dockerfile_inline",
        "commit the Dockerfile and name it under `dockerfile`",
    ),
    yes("services.*.build.target", ""),
    yes("services.*.build.args", ""),
    yes(
        "services.*.build.secrets.source",
        "a secret with `environment`",
    ),
    yes("services.*.build.secrets.target", ""),
    noted(
        "services.*.build.secrets.uid",
        "the build's user reads the secret",
    ),
    noted(
        "services.*.build.secrets.gid",
        "the build's user reads the secret",
    ),
    noted(
        "services.*.build.secrets.mode",
        "the build's user reads the secret",
    ),
    yes("services.*.build.no_cache", ""),
    noted(
        "services.*.build.pull",
        "an image that is on the server is not pulled anew for a build",
    ),
    noted(
        "services.*.build.cache_from",
        "the server keeps a build cache of its own",
    ),
    noted(
        "services.*.build.cache_to",
        "the server keeps a build cache of its own",
    ),
    noted(
        "services.*.build.labels",
        "labels of an image are Longshore's own",
    ),
    noted(
        "services.*.build.tags",
        "an image is kept under a name of Longshore's own",
    ),
    noted("services.*.build.provenance", "no attestation is made"),
    noted("services.*.build.sbom", "no attestation is made"),
    noted(
        "services.*.build.shm_size",
        "builds share the limits of the server",
    ),
    noted(
        "services.*.build.ulimits",
        "builds share the limits of the server",
    ),
    refused(
        "services.*.build.additional_contexts",
        "copy what is needed from the repository's own context",
    ),
    refused(
        "services.*.build.entitlements",
        "a build has no privileges; remove it",
    ),
    refused(
        "services.*.build.extra_hosts",
        "use a host name that the server's resolver knows",
    ),
    refused(
        "services.*.build.isolation",
        "remove it; builds run in Linux containers",
    ),
    refused(
        "services.*.build.network",
        "builds have the usual network; remove it",
    ),
    refused(
        "services.*.build.platforms",
        "images are built for the server's own platform; remove it",
    ),
    refused(
        "services.*.build.privileged",
        "a build has no privileges; remove it",
    ),
    refused(
        "services.*.build.ssh",
        "use a build secret with a token, or vendor the dependency",
    ),
];
