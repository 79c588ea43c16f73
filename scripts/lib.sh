# shellcheck shell=bash
# What scripts/run, scripts/test and scripts/bench share: they source this file. It finds a
# Python, and installs what is missing, saying so: Debian packages, .venv, PyTorch and benchharness
# in it.

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
venv=$root/.venv
stamp=$venv/installed-by-scripts # a line for each set of extras that is there
python=''                        # set by find_python
oldest_minor=10                  # of CPython 3; a script that needs a later one says so

PATH=$PATH:/usr/sbin:/sbin # Debian keeps brokers there, and not on everybody's PATH
# What Python has compiled is kept, whatever this shell is used to: tests start it hundreds of times.
unset PYTHONDONTWRITEBYTECODE

say() {
    printf '%s\n' "$*" >&2
}

fail() { # EXIT_CODE LINE
    say "${0##*/}: $2"
    exit "$1"
}

# Prints the comment at the head of a script, which is its manual.
usage() { # SCRIPT
    sed -n '2,/^[^#]/{/^#/!d; s/^# \{0,1\}//; p}' "$1"
}

# --- Debian packages

# Whether what a package brings is here, from Debian or from elsewhere.
present() { # PACKAGE
    case $1 in
    python3) usable_python python3 '' || usable_python /usr/bin/python3 '' ;;
    python3-venv) find_python ;;
    iproute2) command -v ip && command -v tc ;;
    chromium) command -v chromium || command -v chromium-browser || command -v google-chrome ;;
    lld) command -v wasm-ld || command -v rust-lld ;;
    mosquitto | openssl | rustc) command -v "$1" ;;
    poppler-utils) command -v pdftotext ;;
    texlive-latex-recommended) command -v pdflatex && kpsewhich booktabs.sty ;;
    texlive-science) kpsewhich siunitx.sty ;;
    lmodern) kpsewhich lmodern.sty ;;
    *) [[ $(dpkg-query --show --showformat='${db:Status-Status}' "$1") == installed ]] ;;
    esac >/dev/null 2>&1
}

absent() { # PACKAGE ...
    local package
    for package in "$@"; do
        present "$package" || printf '%s ' "$package"
    done
}

may_install() {
    command -v apt-get >/dev/null && { [[ $EUID -eq 0 ]] || sudo -n true 2>/dev/null; }
}

apt_install() { # PACKAGE ...
    local -a become=() apt=(apt-get -y -o DPkg::Lock::Timeout=300)
    local log
    [[ $EUID -eq 0 ]] || become=(sudo -n)
    log=$(mktemp)
    apt=("${become[@]}" env DEBIAN_FRONTEND=noninteractive "${apt[@]}")
    # The lists may be missing or old: the first try says so at no cost.
    if "${apt[@]}" install --no-install-recommends "$@" >"$log" 2>&1 </dev/null ||
        { "${apt[@]}" update >"$log" 2>&1 </dev/null &&
            "${apt[@]}" install --no-install-recommends "$@" >>"$log" 2>&1 </dev/null; }; then
        rm -f "$log"
    else
        tail -n 20 "$log" >&2
        rm -f "$log"
        fail 3 "apt-get could not install: $*"
    fi
}

# Installs Debian packages that are not here, or says which line does and ends with 3.
require_packages() { # WHAT_FOR PACKAGE ...
    local purpose=$1 missing
    shift
    missing=$(absent "$@")
    missing=${missing% }
    [[ -n $missing ]] || return 0
    if ! may_install; then
        fail 3 "missing for $purpose, and there is neither root nor sudo: sudo apt-get install --no-install-recommends $missing"
    fi
    say "Installing Debian packages for $purpose: $missing"
    # shellcheck disable=SC2086 # package names are words
    apt_install $missing
}

# The same for what can be done without: without root it says so and goes on.
want_packages() { # WHAT_FOR PACKAGE ...
    local purpose=$1 missing
    missing=$(absent "${@:2}")
    missing=${missing% }
    if [[ -z $missing ]] || may_install; then
        require_packages "$@"
    else
        say "Without $purpose; to have it: sudo apt-get install --no-install-recommends $missing"
    fi
}

# --- Python

# Whether this is a CPython 3.10 (or $oldest_minor) to 3.13 with the modules that are named.
usable_python() { # COMMAND MODULES
    "$1" - "$oldest_minor" "$2" >/dev/null 2>&1 <<'END'
import importlib, platform, sys
for module in sys.argv[2].split():
    importlib.import_module(module)
oldest = (3, int(sys.argv[1]))
usable = platform.python_implementation() == "CPython" and oldest <= sys.version_info[:2] <= (3, 13)
sys.exit(not usable)
END
}

# Sets $python to the first that can make a virtual environment; another one may come first on
# PATH, such as a pyenv's 3.9 or Debian's without python3-venv.
find_python() {
    local candidate
    for candidate in python3 /usr/bin/python3 python3.13 python3.12 python3.11 python3.10; do
        if usable_python "$candidate" 'venv ensurepip ssl sqlite3 ctypes'; then
            python=$(command -v "$candidate")
            return 0
        fi
    done
    return 1
}

require_python() {
    find_python && return
    require_packages "a virtual environment" python3 python3-venv
    find_python || fail 3 "no CPython 3.10 to 3.13 with venv: this system's is $(python3 --version 2>&1 || true); use Debian 12 or later, or put one on PATH"
}

# --- The virtual environment, with benchharness in it

# What an installation depends on; another one of these makes another installation.
installation_key() {
    printf '%s %s %s' "$(sha256sum <"$root/pyproject.toml" | cut -c 1-16)" \
        "$("$venv/bin/python" -c 'import platform; print(platform.python_version())')" "$root"
}

installed() { # EXTRAS
    local key
    usable_python "$venv/bin/python" pip || return 1
    key=$(installation_key)
    if [[ -n $1 ]]; then
        grep -qsxF "$key [$1]" "$stamp"
    else
        grep -qsF "$key [" "$stamp" # with any extras
    fi
}

# Makes .venv and installs benchharness there, editable, with extras ('' for none).
require_package() { # EXTRAS
    local log pins
    installed "$1" && return
    require_venv
    [[ ",$1," != *,dev,* && ",$1," != *,fl,* ]] || require_torch
    say "Installing Python packages in .venv: benchharness${1:+[$1]} and what it needs (some minutes the first time)"
    log=$(mktemp) pins=$(mktemp)
    pin_torch >"$pins"
    if ! pip_install "$log" --constraint "$pins" --editable "$root${1:+[$1]}"; then
        tail -n 20 "$log" >&2
        rm -f "$log" "$pins"
        fail 3 "pip could not install benchharness${1:+[$1]}; see above, then run this again"
    fi
    rm -f "$log" "$pins"
    printf '%s [%s]\n' "$(installation_key)" "$1" >>"$stamp"
}

require_venv() {
    if [[ -e $venv ]] && { ! usable_python "$venv/bin/python" pip ||
        { [[ -e $stamp ]] && ! grep -qsF " $root [" "$stamp"; }; }; then
        say "Making .venv anew: its Python has gone, or the checkout has moved"
        rm -rf "$venv"
    fi
    if [[ ! -e $venv ]]; then
        require_python
        say "Making a virtual environment in .venv with $("$python" --version) ($python)"
        "$python" -m venv "$venv" </dev/null || fail 3 "$python cannot make a virtual environment in $venv"
    fi
}

pip_install() { # LOG OPTIONS ...
    "$venv/bin/python" -m pip install --disable-pip-version-check --no-input "${@:2}" >"$1" 2>&1 </dev/null
}

# --- PyTorch: one version for all, and without gigabytes of CUDA where there is no GPU

torch_version=2.13.0
torch_cpu_index=https://download.pytorch.org/whl/cpu # PyTorch's own builds without CUDA

has_gpu() {
    command -v nvidia-smi >/dev/null && nvidia-smi --list-gpus 2>/dev/null | grep -q .
}

# Prints the version of PyTorch in .venv as a requirement, nothing if there is none.
pin_torch() {
    "$venv/bin/python" - <<'END'
from importlib import metadata
try:
    print(f"torch=={metadata.version('torch')}")
except metadata.PackageNotFoundError:
    pass
END
}

# Installs PyTorch in .venv unless one is there, whichever: a Jetson's own is better than ours.
require_torch() {
    local log cpu=torch==$torch_version+cpu
    [[ -z $(pin_torch) ]] || return 0
    log=$(mktemp)
    if ! has_gpu; then
        say "Installing PyTorch $torch_version for the CPU in .venv"
        # From where this machine gets its packages, else from PyTorch itself.
        if pip_install "$log" "$cpu" ||
            pip_install "$log" --retries 1 --extra-index-url "$torch_cpu_index" "$cpu"; then
            rm -f "$log"
            return
        fi
        say "There is no build for the CPU alone: this one may bring CUDA, some gigabytes"
    fi
    say "Installing PyTorch $torch_version in .venv"
    if ! pip_install "$log" "torch==$torch_version"; then
        tail -n 20 "$log" >&2
        rm -f "$log"
        fail 3 "pip could not install torch==$torch_version; see above. To have another build: $venv/bin/python -m pip install --index-url URL torch, then run this again"
    fi
    rm -f "$log"
}
