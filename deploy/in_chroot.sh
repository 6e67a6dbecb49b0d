#!/bin/sh
# Become the program of the same name as this script's link, in the Debian at ../root beside the link.
#
# Of the machine it sees the network, the processes and the folder $HOME, which is the broker's own.
# All mounts are in a namespace that ends with the program, so nothing has to be undone. Needs root.
set -eu

root=$(cd "$(dirname "$0")/../root" && pwd)
program=/usr/lib/rabbitmq/bin/${0##*/}
export root program

# From here to the program every step replaces the one before: the process id, standard input and the
# signals of the parent's end stay those of whoever was started.
exec unshare --mount sh -euc '
    mount -t proc proc "$root/proc"
    mount -t tmpfs tmpfs "$root/tmp"
    mkdir -p "$root$HOME"
    mount --bind "$HOME" "$root$HOME"
    mount --bind /etc/hosts "$root/etc/hosts"
    exec chroot "$root" /usr/bin/env --chdir="$HOME" --unset=root --unset=program --unset=RABBITMQ_HOME \
        PATH=/usr/sbin:/usr/bin:/sbin:/bin "$program" "$@"
' sh "$@"
