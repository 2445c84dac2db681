# Mounts the root of a test engine's dockerd. Arguments: the state directory, the lower directories
# of the root, separated by colons.
set -eu
state=$1 lower=$2
root=$state/root
rm -rf "$state/writes" "$state/overlay"
mkdir -p "$root" "$state/writes" "$state/overlay" "$state/docker"
mount -t overlay -o "lowerdir=$lower,upperdir=$state/writes,workdir=$state/overlay" root "$root"
mkdir "$root/.outside"
# What containers may be given of this machine, and what dockerd shares with the tests.
for directory in /dev /proc /sys /run /tmp "$state/docker"; do
  mkdir -p "$root$directory"
  mount --rbind "$directory" "$root$directory"
done
cp "$state/resolv.conf" "$root/etc/resolv.conf"
# Bound, since tests change it.
touch "$root$state/daemon.json"
mount --bind "$state/daemon.json" "$root$state/daemon.json"
