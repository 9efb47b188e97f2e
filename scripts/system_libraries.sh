#!/usr/bin/env bash
# Usage: scripts/system_libraries.sh [PYTHON]
#
# What pip cannot install: a Python that is new enough and can make environments, and the library FluidSynth.
# Does nothing if all is there; installs where it may (apt-get as root or with sudo, brew); else says what to type.
set -euo pipefail
python=${1:-python3}

stop() {
    echo "error: $*" >&2
    exit 1
}

# Run a command as root, if that needs no password.
as_root() {
    if [ "$(id -u)" -eq 0 ]; then "$@"; else sudo -n "$@"; fi
}

apt_install() {
    command -v apt-get >/dev/null && as_root true 2>/dev/null || return 1
    echo "installing $* with apt-get"
    as_root apt-get update -q &&
        as_root env DEBIAN_FRONTEND=noninteractive apt-get install -qy --no-install-recommends "$@"
}

brew_install() {
    command -v brew >/dev/null || return 1
    echo "installing $* with brew"
    brew install "$@"
}

has_fluidsynth() {
    # the way in which pyfluidsynth looks for it
    "$python" -c 'import ctypes.util, sys; sys.exit(ctypes.util.find_library("fluidsynth") is None)' ||
        [ -e "${HOMEBREW_PREFIX:-/opt/homebrew}/lib/libfluidsynth.dylib" ]
}

command -v "$python" >/dev/null ||
    stop "there is no $python; install Python 3.11 or newer (Debian, Ubuntu: sudo apt-get install python3-venv)"

version=$("$python" -c 'import sys; print("{}.{}".format(*sys.version_info))')
"$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' ||
    stop "$python is Python $version, 3.11 or newer is needed; install one and name it: make PYTHON=python3.11 ..."

"$python" -c 'import ensurepip, venv' 2>/dev/null || apt_install "python$version-venv" ||
    stop "$python cannot make environments; type: sudo apt-get install python$version-venv"

has_fluidsynth || apt_install libfluidsynth3 || brew_install fluid-synth ||
    stop "the library FluidSynth is missing; type: sudo apt-get install libfluidsynth3 (Debian, Ubuntu)," \
        "brew install fluid-synth (macOS), sudo dnf install fluidsynth-libs (Fedora), sudo pacman -S fluidsynth (Arch)"
