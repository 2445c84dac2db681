# Starts the dockerd of a test engine, in the root of another system where there is one. It shares
# the network, the processes and /run with the sandbox: what it mounts under /run is seen there.
# The state directory is the one that this script is in.
set -eu
state=$(cd "$(dirname "$0")" && pwd)
exec </dev/null >>"$state/dockerd.log" 2>&1
cd /

# It collects its garbage less often than usual: there is memory, and processors are scarce.
set -- env GOGC=400 dockerd --config-file "$state/daemon.json" --data-root "$state/docker" \
  --exec-root /run/docker --pidfile /run/docker.pid --host unix:///run/docker.sock

if mountpoint --quiet "$state/root"; then
  # After a mere chroot every `docker exec`, health checks too, would see the sandbox's root.
  exec unshare --mount --propagation unchanged bash -c '
    cd "$0"
    pivot_root . .outside
    cd /
    umount --lazy /.outside
    exec "$@"' "$state/root" "$@"
fi
exec "$@"
