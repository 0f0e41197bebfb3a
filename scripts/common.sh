# Sourced by the scripts: goes to the top of the tree, and has what more than one of them needs.
cd "$(dirname "${BASH_SOURCE[0]}")/.."
target=${CARGO_TARGET_DIR:-target}
debug=$target/debug

say() { printf '== %s\n' "$*"; }
die() {
    printf '%s: %s\n' "$(basename "$0")" "$*" >&2
    exit 1
}

# The version of the v8 crate that the project is built with.
v8_version() { sed -n 's/^v8 = .*"=\([0-9.]*\)".*/\1/p' Cargo.toml; }

# install_packages PACKAGE...: with apt, as root on Debian; otherwise says what is missing.
install_packages() {
    [ $# -gt 0 ] || return 0
    if ! grep -qsx 'ID=debian' /etc/os-release || ! command -v apt-get >/dev/null; then
        die "missing: $* (Debian's names). This is not Debian: install them with your system's package manager"
    fi
    if [ "$(id -u)" != 0 ]; then
        die "missing: $*. As root: apt-get update && apt-get install -y $*"
    fi
    export DEBIAN_FRONTEND=noninteractive
    say "apt-get update"
    apt-get update
    say "apt-get install $*"
    # Without the recommended packages: npm's are another 300 MB.
    apt-get install -y --no-install-recommends "$@" || die "apt-get could not install $*"
}

# Programs look for the library by its soname, cargo names the file without the number.
need_library() {
    [ -e "$debug/libjsvm.so" ] || die "$debug/libjsvm.so is not there: run \`make build\` first"
    ln -sfn libjsvm.so "$debug/libjsvm.so.0"
}

# The value of a comment `// name: value` in the first lines of a C file.
comment() { sed -n "1,5s|^// $2: ||p" "$1"; }

# compile SOURCE PROGRAM [FLAG...]: into a folder beside debug/, and only if something is newer.
compile() {
    local source=$1 program=$2 file newer=
    shift 2
    local link=("-L$debug" -ljsvm "-Wl,-rpath,\$ORIGIN/../debug")
    if [ "$(comment "$source" link)" = none ]; then
        link=()
    fi
    for file in "$source" "$(dirname "$source")"/*.h include/jsvm.h scripts/common.sh; do
        if [ -e "$file" ] && ! [ "$program" -nt "$file" ]; then
            newer=$file
        fi
    done
    [ -n "$newer" ] || return 0
    mkdir -p "$(dirname "$program")"
    # shellcheck disable=SC2046 # the flags of the comment are words
    gcc -std=c11 -Wall -Wextra -pedantic -Werror -g -pthread -D_GNU_SOURCE -Iinclude \
        -DJSVM_LIBRARY="\"$(realpath "$debug")/libjsvm.so\"" "$@" \
        -o "$program" "$source" "${link[@]}" $(comment "$source" flags)
}
