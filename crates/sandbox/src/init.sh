# The first process of a sandbox: makes its mounts, then becomes the program that was asked for.
# Arguments: the state directory, the lower directories of the root, separated by colons (none: this
# machine's own root), the directory of what is written, the hostname, and the program.
set -eu
state=$1 lower=$2 writes=$3 hostname=$4
shift 4

hostname "$hostname"
exec 3>"$state/ready"

root=
if [ -n "$lower" ]; then
  root=$state/root
  mkdir -p "$root" "$writes" "$state/overlay"
  mount -t overlay -o "lowerdir=$lower,upperdir=$writes,workdir=$state/overlay" root "$root"
  mount -t proc proc "$root/proc"

  mount -t tmpfs -o mode=755 dev "$root/dev"
  while read -r name major minor; do
    mknod -m 666 "$root/dev/$name" c "$major" "$minor"
  done <<'NODES'
null 1 3
zero 1 5
full 1 7
random 1 8
urandom 1 9
tty 5 0
fuse 10 229
NODES
  mkdir "$root/dev/pts" "$root/dev/shm" "$root/dev/mqueue" "$root/dev/net"
  mknod -m 666 "$root/dev/net/tun" c 10 200
  mount -t devpts -o newinstance,ptmxmode=0666,mode=620 devpts "$root/dev/pts"
  mount -t tmpfs -o mode=1777 shm "$root/dev/shm"
  ln -s pts/ptmx "$root/dev/ptmx"
  ln -s /proc/self/fd "$root/dev/fd"
  ln -s /proc/self/fd/0 "$root/dev/stdin"
  ln -s /proc/self/fd/1 "$root/dev/stdout"
  ln -s /proc/self/fd/2 "$root/dev/stderr"

  rm -f "$root/etc/resolv.conf"
  cp "$state/resolv.conf" "$root/etc/resolv.conf"
  echo "$hostname" >"$root/etc/hostname"
  printf '127.0.0.1 localhost %s\n::1 localhost\n' "$hostname" >"$root/etc/hosts"
fi

# A /run of its own: the sockets under it, docker.sock first of all, are the sandbox's.
# Shared, as on machines with systemd: containers may follow what is mounted there.
mount -t tmpfs -o mode=755 run "$root/run"
mount --make-shared "$root/run"
mkdir -p "$root/run/lock"
chmod 1777 "$root/run/lock"
if [ -z "$root" ]; then
  mkdir -p /run/sshd /run/postgresql
  resolver=$(readlink -f /etc/resolv.conf || echo /etc/resolv.conf)
  case $resolver in
    /run/*) mkdir -p "$(dirname "$resolver")" && cp "$state/resolv.conf" "$resolver" ;;
    *) mount --bind "$state/resolv.conf" "$resolver" ;;
  esac
fi
while read -r directory; do
  if [ -d "$directory" ]; then mount -t tmpfs -o mode=755 hidden "$directory"; fi
done <"$state/hidden"

# Cgroups as seen from the sandbox's own root, so that `docker/buildkit` is its own.
if [ -z "$root" ]; then umount --recursive /sys; fi
mount -t sysfs sysfs "$root/sys"
cgroups=$root/sys/fs/cgroup
if grep -q cgroup2 /proc/filesystems && [ "$(wc -l </proc/self/cgroup)" = 1 ]; then
  mount -t cgroup2 cgroup2 "$cgroups"
  mkdir -p "$cgroups/init"
  echo $$ >"$cgroups/init/cgroup.procs"
  for controller in $(cat "$cgroups/cgroup.controllers"); do
    echo "+$controller" >"$cgroups/cgroup.subtree_control" || true
  done
else
  mount -t tmpfs -o mode=755 cgroups "$cgroups"
  while IFS=: read -r _ controllers _; do
    case $controllers in
      '') name=unified type=cgroup2 options=rw ;;
      name=*) name=${controllers#name=} type=cgroup options=none,$controllers ;;
      *) name=$controllers type=cgroup options=$controllers ;;
    esac
    mkdir -p "$cgroups/$name"
    mount -t "$type" -o "$options" "cgroup-$name" "$cgroups/$name"
  done </proc/self/cgroup
fi

while IFS='	' read -r source target; do
  if [ -d "$source" ]; then
    mkdir -p "$root$target"
  else
    mkdir -p "$(dirname "$root$target")" && touch "$root$target"
  fi
  mount --rbind "$source" "$root$target"
done <"$state/binds"

if [ -n "$root" ]; then
  cd "$root"
  mkdir .outside
  pivot_root . .outside
  cd /
  umount --lazy /.outside
  rmdir /.outside
fi
# Commands that come later must not wait for a terminal or hold the log.
echo ready >&3
exec 3>&-
exec "$@"
