#!/bin/sh
# Install Debian packages where that is allowed: as root, or with a sudo that asks for no password.
# Services that come with them are not started. Otherwise: a sentence, and exit code 1.
#
#   apt_install.sh PACKAGE ...
set -eu

if ! command -v apt-get > /dev/null; then
    echo "Please install: $* (there is no apt-get here to do it with)." >&2
    exit 1
fi
if [ "$(id -u)" -ne 0 ]; then
    if sudo -n true 2> /dev/null; then
        exec sudo -n sh "$0" "$@"
    fi
    echo "Please run: sudo apt-get install $*" >&2
    exit 1
fi

log=$(mktemp)
trap 'rm -f "$log"' EXIT
trap 'exit 130' HUP INT TERM

# The packages' scripts ask this file whether they may start a service: 101 means no.
policy=/usr/sbin/policy-rc.d
if [ ! -e "$policy" ]; then
    trap 'rm -f "$log" "$policy"' EXIT
    printf '#!/bin/sh\nexit 101\n' > "$policy"
    chmod 755 "$policy"
fi

echo "Installing $* with apt-get; this may take a minute ..."
export DEBIAN_FRONTEND=noninteractive
# A list that cannot be fetched need not be the one that has the package.
apt-get update > "$log" 2>&1 || true
if ! apt-get install --yes --no-install-recommends -o DPkg::Lock::Timeout=120 "$@" >> "$log" 2>&1; then
    tail -n 15 "$log" >&2
    echo "apt-get could not install: $*" >&2
    exit 1
fi
