# Starts the sandbox of the test engine: a cgroup of its own in every hierarchy, then namespaces of
# its own for everything else. Arguments: the state directory, Docker's data directory, init.sh,
# the name of the cgroup.
set -eu
state=$1 data=$2 init=$3 cgroup=$4

while read -r _ mount type _; do
  case $type in cgroup | cgroup2) ;; *) continue ;; esac
  own=$mount/$cgroup
  mkdir -p "$own"
  if [ -f "$mount/cpuset.cpus" ] && [ "$type" = cgroup ]; then
    cat "$mount/cpuset.cpus" >"$own/cpuset.cpus"
    cat "$mount/cpuset.mems" >"$own/cpuset.mems"
  fi
  echo $$ >"$own/cgroup.procs"
done </proc/mounts

exec unshare --net --mount --propagation private --pid --ipc --uts --cgroup \
  --fork --kill-child --mount-proc bash "$init" "$state" "$data"
