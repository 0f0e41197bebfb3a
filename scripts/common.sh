# Sourced by the scripts: goes to the top of the tree, and has what more than one of them needs.
cd "$(dirname "${BASH_SOURCE[0]}")/.."
target=${CARGO_TARGET_DIR:-target}
debug=$target/debug

say() { printf '== %s\n' "$*"; }
die() {
    printf '%s: %s\n' "$(basename "$0")" "$*" >&2
    exit 1
}

# Programs look for the library by its soname, cargo names the file without the number.
need_library() {
    [ -e "$debug/libjsvm.so" ] || die "$debug/libjsvm.so is not there: run \`make build\` first"
    ln -sfn libjsvm.so "$debug/libjsvm.so.0"
}

# The value of a comment `// name: value` in the first lines of a C or C++ file.
comment() { sed -n "1,5s|^// $2: ||p" "$1"; }

# compile SOURCE PROGRAM [FLAG...]: into a folder beside debug/, and only if something is newer.
compile() {
    local source=$1 program=$2 file newer=
    shift 2
    local compiler=(gcc -std=c11 -pedantic)
    if [ "${source##*.}" = cpp ]; then
        compiler=(g++ -std=c++17 -Wpedantic -Wconversion -Wshadow)
    fi
    local link=("-L$debug" -ljsvm "-Wl,-rpath,\$ORIGIN/../debug")
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
        -DJSVM_LIBRARY="\"$(realpath "$debug")/libjsvm.so\"" "$@" \
        -o "$program" "$source" "${link[@]}" $(comment "$source" flags)
}

# examples LANGUAGE FOLDER SHOW: builds and runs examples/LANGUAGE, each of which has to print its .expected; shows what they
# print if SHOW is not empty.
examples() {
    local language=$1 out=$2 show=$3 source name code failed=
    mkdir -p "$out"
    for source in "examples/$language"/*."$language"; do
        name=$(basename "$source" ".$language")
        # Some need arguments, and print what no file can say.
        [ -e "examples/$language/$name.expected" ] || continue
        say "examples/$language/$name"
        compile "$source" "$out/$name"
        code=0
        timeout -k 5 120 "$out/$name" >"$out/$name.out" </dev/null || code=$?
        [ -z "$show" ] || cat "$out/$name.out"
        if [ "$code" != 0 ]; then
            echo "examples/$language/$name ended with $code"
            failed=1
        elif ! diff -u --label "$name.expected" --label "$name" "examples/$language/$name.expected" "$out/$name.out"; then
            failed=1
        fi
    done
    [ -z "$failed" ] || die "not every example prints what it should"
}
