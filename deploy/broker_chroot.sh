#!/bin/sh
# Have a RabbitMQ of another line than the machine's own, in a Debian of its own below .brokers/ (250 MB).
# Prints what RABBITMQ_HOME has to be so that `make run` and the tests use it. Made once; needs root.
#
#   broker_chroot.sh 4.0|4.3
set -eu
cd "$(dirname "$0")/.."

line=${1:-}
case $line in
    4.0) suite=trixie ;;
    4.3) suite=sid ;;
    *) echo "There is no RabbitMQ $line to be had here: 4.0 and 4.3 are." >&2; exit 2 ;;
esac
home=$PWD/.brokers/$line

if [ "$(id -u)" -ne 0 ]; then
    echo "A RabbitMQ $line beside the machine's own runs in a chroot, which takes root. Run this as root." >&2
    exit 1
fi

if [ ! -e "$home/sbin" ]; then
    command -v mmdebstrap > /dev/null || deploy/apt_install.sh mmdebstrap >&2
    mirror=$(apt-get indextargets --format '$(CODENAME) $(REPO_URI)' 'Created-By: Packages' |
        awk '$1 !~ /-/ && $2 ~ /\/debian\/?$/ { print $2; exit }')
    if [ -z "$mirror" ]; then
        echo "apt on this machine has no source of Debian packages to get RabbitMQ $line from." >&2
        exit 1
    fi
    echo "Getting RabbitMQ $line from Debian $suite; this may take a minute ..." >&2
    log=$(mktemp)
    trap 'rm -rf "$log" "$home.part"' EXIT
    trap 'exit 130' HUP INT TERM
    rm -rf "$home" "$home.part"
    mkdir -p "$home.part/sbin"
    # sid is never frozen, so a mirror that stands still for a week would be refused.
    if ! mmdebstrap --quiet --variant=minbase --include=rabbitmq-server \
        --aptopt='Acquire::Check-Valid-Until "false"' "$suite" "$home.part/root" "$mirror" > "$log" 2>&1; then
        tail -n 15 "$log" >&2
        echo "mmdebstrap could not make a Debian $suite with RabbitMQ." >&2
        exit 1
    fi
    # What the machine's own is mounted on.
    touch "$home.part/root/etc/hosts"
    for name in rabbitmq-server rabbitmqctl; do
        ln -s ../../../deploy/in_chroot.sh "$home.part/sbin/$name"
    done
    mv "$home.part" "$home"
fi

version=$(cd "$home/root/usr/lib/rabbitmq/lib" && echo rabbitmq_server-*)
version=${version#rabbitmq_server-}
echo "RabbitMQ $version of Debian $suite" >&2
case $version in
    "$line".*) ;;
    *) echo "This is not the line $line: Debian $suite has moved on." >&2; exit 1 ;;
esac
echo "$home"
