# The first process of the test engine's sandbox: it sees no mount, network, process or cgroup of
# the machine's own Docker, and everything in the sandbox ends with it.
set -eu
state=$1 data=$2

hostname longshore-test

# A /run of its own: the sockets under it, docker.sock first of all, are the sandbox's.
# Shared, as on machines with systemd: containers may follow what is mounted there.
mount -t tmpfs -o mode=755 tmpfs /run
mount --make-shared /run
mkdir -p /run/lock /run/sshd /run/postgresql
chmod 1777 /run/lock
resolver=$(readlink -f /etc/resolv.conf || echo /etc/resolv.conf)
case $resolver in
  /run/*) mkdir -p "$(dirname "$resolver")" && cp "$state/resolv.conf" "$resolver" ;;
  *) mount --bind "$state/resolv.conf" "$resolver" ;;
esac

# What an installed Longshore keeps must not be within a test's reach.
for directory in /etc/longshore /var/lib/longshore; do
  if [ -d "$directory" ]; then mount -t tmpfs -o mode=755 tmpfs "$directory"; fi
done

# Cgroups as seen from the sandbox's own root, so that `docker/buildkit` is this engine's.
umount --recursive /sys
mount -t sysfs sysfs /sys
if grep -q cgroup2 /proc/filesystems && [ "$(wc -l </proc/self/cgroup)" = 1 ]; then
  mount -t cgroup2 cgroup2 /sys/fs/cgroup
  mkdir -p /sys/fs/cgroup/init
  echo $$ >/sys/fs/cgroup/init/cgroup.procs
  for controller in $(cat /sys/fs/cgroup/cgroup.controllers); do
    echo "+$controller" >/sys/fs/cgroup/cgroup.subtree_control || true
  done
else
  mount -t tmpfs -o mode=755 tmpfs /sys/fs/cgroup
  while IFS=: read -r _ controllers _; do
    case $controllers in
      '') name=unified type=cgroup2 options=rw ;;
      name=*) name=${controllers#name=} type=cgroup options=none,$controllers ;;
      *) name=$controllers type=cgroup options=$controllers ;;
    esac
    mkdir -p "/sys/fs/cgroup/$name"
    mount -t "$type" -o "$options" "cgroup-$name" "/sys/fs/cgroup/$name"
  done </proc/self/cgroup
fi

# The veth comes from outside.
ip link set lo up
until [ -e "$state/network" ] && ip link show eth0 >/dev/null 2>&1; do sleep 0.05; done
read -r address gateway <"$state/network"
ip link set eth0 up
ip address add "$address" dev eth0
ip route add default via "$gateway"

# Nothing of a former run but its images: a network or a Swarm of its would come back with them.
rm -rf "$data/swarm" "$data/network"

# It collects its garbage less often than usual: there is memory, and processors are scarce.
GOGC=400 dockerd --config-file "$state/daemon.json" --data-root "$data" --exec-root /run/docker \
  --pidfile /run/docker.pid --host unix:///run/docker.sock >>"$state/dockerd.log" 2>&1 &

# Stay, and reap what loses its parent.
while :; do
  sleep 1000 &
  wait $! || true
done
