#!/bin/sh
# Make a virtual environment with pip in it, unless there is one that works.
#
#   make_venv.sh PYTHON FOLDER
set -eu
python=$1
folder=$2

if "$folder/bin/python" -m pip --version > /dev/null 2>&1; then
    exit 0
fi
if ! "$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2> /dev/null; then
    echo "Python 3.11 or newer is needed; '$python' is $("$python" --version 2>&1 || true)." >&2
    echo "Name another one like this: make run PYTHON=/path/to/python3.12" >&2
    exit 1
fi
# Debian has this part of Python in a package of its own.
if ! "$python" -c 'import ensurepip' 2> /dev/null; then
    "$(dirname "$0")/apt_install.sh" python3-venv
fi
echo "Making $folder ..." >&2
exec "$python" -m venv --clear "$folder"
