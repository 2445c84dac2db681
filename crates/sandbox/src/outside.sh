# Starts a sandbox: a cgroup of its own in every hierarchy, then namespaces of its own for
# everything else. Arguments: the name of the cgroup, then init.sh and its arguments.
set -eu
cgroup=$1
shift

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
  --fork --kill-child --mount-proc bash "$@"
