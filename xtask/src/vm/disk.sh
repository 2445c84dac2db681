# Makes an ext4 disk. Arguments: its file, its size, and the directories whose files it gets,
# separated by colons, the uppermost first. Runs in a mount namespace of its own.
set -eu
disk=$1 size=$2 layers=$3
case $layers in
  *:*)
    source=/mnt
    mount -t overlay -o "ro,lowerdir=$layers" layers "$source"
    ;;
  *) source=$layers ;;
esac
mke2fs -q -t ext4 -E lazy_itable_init=1 -d "$source" "$disk" "$size"
