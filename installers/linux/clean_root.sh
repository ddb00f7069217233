# Sourced by the checks: a clean Debian root, and commands inside it. Needs root, mmdebstrap, and the apt sources of
# the machine; everything is mounted in a namespace of its own and gone when a command ends, however it ends.
#
#   LUNGVIEWER_ROOT_TAR=FILE   keep the empty root there, and take it from there the next time
#   LUNGVIEWER_SUITE=NAME      another release of the distribution than this machine's
#   PYTHON=PROGRAM             a Python with what the checkout needs, for what the source gives
#                              (default: the one that the viewer was built with, else python3)
#   SOURCE_CSV=FILE            what the source gives for resources/samples, where that is known already

HERE=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
HOME_OF_CODE=$(cd "$HERE/../.." && pwd)
BUILT_WITH=$HOME_OF_CODE/build/environment-viewer/bin/python
[ -n "${PYTHON:-}" ] || { [ -x "$BUILT_WITH" ] && PYTHON=$BUILT_WITH; } || PYTHON=python3
READER=reader # the ordinary user inside
SAMPLES=_internal/lungviewer/_bundled/resources/samples

step() { printf '\n== %s\n' "$*"; }
fail() { printf 'FAILED: %s\n' "$*" >&2; exit 1; }

require() {
    [ "$(id -u)" = 0 ] || fail "this needs root, to make a root of its own"
    local tool
    for tool in mmdebstrap unshare dpkg-deb objdump "$PYTHON"; do
        command -v "$tool" >/dev/null || fail "$tool is missing. On Debian: apt-get install mmdebstrap util-linux dpkg binutils"
    done
    # At once, not after the minutes that the root takes.
    [ -n "${SOURCE_CSV:-}" ] || (cd "$HOME_OF_CODE" && "$PYTHON" -c "import onnxruntime, lungviewer") 2>/dev/null \
        || fail "$PYTHON lacks what the checkout needs. Build the viewer first, or name another Python: PYTHON=PROGRAM"
}

# This machine's sources of its own distribution, as lines of sources.list.
sources_of_this_machine() {
    local distribution suite
    distribution=$(. /etc/os-release && echo "$ID")
    suite=$(. /etc/os-release && echo "$VERSION_CODENAME")
    apt-get indextargets --format '$(ORIGIN) $(REPO_URI) $(RELEASE) $(COMPONENT)' 'Created-By: Packages' \
        | awk -v own="$distribution" 'tolower($1) == own { print "deb", $2, $3, $4 }' \
        | sed "s/ $suite\([ -]\)/ ${LUNGVIEWER_SUITE:-$suite}\1/" | sort -u
}

make_root() { # DIR: an empty one
    local tar=${LUNGVIEWER_ROOT_TAR:-} work suite
    suite=${LUNGVIEWER_SUITE:-$(. /etc/os-release && echo "$VERSION_CODENAME")}
    if [ -z "$tar" ] || [ ! -f "$tar" ]; then
        work=$(mktemp -d)
        [ -n "$(sources_of_this_machine)" ] || apt-get update -q >/dev/null
        sources_of_this_machine >"$work/sources.list"
        [ -s "$work/sources.list" ] || fail "apt has no source of this machine's distribution"
        [ -n "$tar" ] || tar=$work/root.tar
        mmdebstrap --variant=minbase --format=tar --quiet "$suite" "$tar.part" "$work/sources.list" \
            || fail "mmdebstrap could not make a root"
        mv "$tar.part" "$tar"
    fi
    tar --extract --file "$tar" --directory "$1"
    [ -z "${work:-}" ] || rm -rf "$work"
    cp /etc/resolv.conf /etc/hosts "$1/etc/"
    apt-config dump | grep -i '^Acquire::http' >"$1/etc/apt/apt.conf.d/99machine" || true
    printf 'APT::Install-Recommends "false";\n' >>"$1/etc/apt/apt.conf.d/99machine"
    chroot "$1" useradd --create-home --shell /bin/sh "$READER"
}

# in_root [--offline] [--reader] [--with VARIABLE=VALUE]… COMMAND…: run it inside $ROOT.
in_root() {
    local isolation=(--mount --pid --fork --kill-child) who=() surroundings=(HOME=/root)
    while :; do
        case $1 in
        --offline) isolation+=(--net) ;;
        --reader) who=("--userspec=$READER:$READER") surroundings=("HOME=/home/$READER") ;;
        --with) surroundings+=("$2"); shift ;;
        *) break ;;
        esac
        shift
    done
    # shellcheck disable=SC2016
    unshare "${isolation[@]}" sh -c '
        root=$1; shift
        mount -t proc proc "$root/proc"
        mount -t tmpfs -o mode=1777 shm "$root/dev/shm" 2>/dev/null || { mkdir -p "$root/dev/shm"; mount -t tmpfs -o mode=1777 shm "$root/dev/shm"; }
        if [ -d /tmp/.X11-unix ]; then mkdir -p "$root/tmp/.X11-unix"; mount --bind /tmp/.X11-unix "$root/tmp/.X11-unix"; fi
        exec "$@"' - "$ROOT" chroot "${who[@]}" "$ROOT" /usr/bin/env -i \
        PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin LANG=C.UTF-8 \
        DEBIAN_FRONTEND=noninteractive "${surroundings[@]}" "$@"
}

# Everything a person has to see of the program at $1 (inside the root), which nobody but $READER runs, offline.
check_program() {
    local folder=$1 cli=$2 window=$3 begin
    step "version and self-test, offline, as an ordinary user"
    in_root --offline --reader "$cli" --version
    in_root --offline --reader --with QT_QPA_PLATFORM=offscreen "$cli" doctor --selftest
    step "scan of the samples: the same CSV as the source's"
    begin=$(date +%s.%N)
    in_root --offline --reader "$cli" scan "$folder/$SAMPLES" -o "/home/$READER/samples.csv" --fresh --quiet
    printf 'the scan took %.1f s\n' "$(echo "$(date +%s.%N) - $begin" | bc -l 2>/dev/null || echo 0)"
    same_as_source "$ROOT/home/$READER/samples.csv"
    step "the window, offscreen"
    stays_open offscreen "" "$window" "$folder/$SAMPLES/synthetic_adenocarcinoma_2.jpg"
    if command -v Xvfb >/dev/null && command -v xwininfo >/dev/null && command -v xprop >/dev/null; then
        step "the window, on a screen"
        on_a_screen "$window" "$folder/$SAMPLES/synthetic_adenocarcinoma_2.jpg"
    else
        echo "(not on a screen: Xvfb, xwininfo or xprop is missing)"
    fi
}

# The decoders, too, must find what the program at $1 carries: what this root has of the same name is hidden, but for
# what the program itself is linked to, before it can point the loader anywhere.
check_own_libraries() { # FOLDER CLI
    local hidden library other
    step "self-test without the system's copies of libraries that the program carries"
    hidden=$(mktemp -d)
    for library in "$ROOT$1"/_internal/lib*.so*; do
        ! objdump -p "$ROOT$1/lungviewer" | grep -q "NEEDED *$(basename "$library")$" || continue
        for other in "$ROOT"/usr/lib/*-linux-gnu/"$(basename "$library")"; do
            if [ -e "$other" ]; then mv "$other" "$hidden/$(basename "$other")"; fi
        done
    done
    ls "$hidden" | tr '\n' ' '
    echo
    [ -n "$(ls "$hidden")" ] || fail "nothing was hidden; this proves nothing"
    local code=0
    in_root --offline --reader --with QT_QPA_PLATFORM=offscreen "$2" doctor --selftest || code=$?
    mv "$hidden"/* "$ROOT"/usr/lib/*-linux-gnu/
    rmdir "$hidden"
    [ "$code" = 0 ] || fail "it takes these from the system"
}

# The training part is of the same build, and the viewer finds and starts it.
training_is_found() { # CLI
    local said
    said=$(in_root --offline --reader --with QT_QPA_PLATFORM=offscreen "$1" doctor --selftest) \
        || { printf '%s\n' "$said"; fail "the self-test failed with the training part"; }
    printf '%s\n' "$said" | grep 'training part *lungviewer-training [0-9]' || fail "the training part was not found"
}

# Nothing of the machine that built the program may be named in it.
check_paths() { # FOLDER...: in the root
    local folder
    step "no path of a machine that built it"
    for folder in "$@"; do
        if grep -rlsF "$HOME_OF_CODE" "$ROOT$folder"; then fail "these files name the folder of the checkout"; fi
        "$PYTHON" "$HERE/../run_paths.py" "$ROOT$folder" || fail "these libraries name folders of other machines"
    done
    echo "none"
}

same_as_source() { # CSV
    local work source=${SOURCE_CSV:-}
    work=$(mktemp -d)
    if [ -z "$source" ]; then
        source=$work/source.csv
        (cd "$HOME_OF_CODE" && XDG_CACHE_HOME=$work XDG_DATA_HOME=$work XDG_CONFIG_HOME=$work \
            "$PYTHON" -m lungviewer scan resources/samples -o "$source" --quiet >/dev/null)
    fi
    "$PYTHON" "$HERE/same_csv.py" "$source" "$1" || fail "the CSV differs from the source's"
    rm -rf "$work"
}

# stays_open PLATFORM DISPLAY PROGRAM FILE: it runs until it is told to stop, and says nothing.
stays_open() {
    local code=0 said=$ROOT/home/$READER/said.txt
    in_root --offline --reader --with "QT_QPA_PLATFORM=$1" --with "DISPLAY=$2" \
        timeout --signal=TERM --kill-after=10 "${SECONDS_OPEN:-20}" "$3" "$4" >"$said" 2>&1 || code=$?
    cat "$said"
    [ "$code" = 124 ] || fail "the window ended by itself ($code)"
    [ ! -s "$said" ] || fail "the window complained"
    rm -f "$said"
    echo "it stayed open"
}

on_a_screen() { # PROGRAM FILE
    local display=:$((90 + RANDOM % 900)) screen job tree=""
    Xvfb "$display" -screen 0 1280x720x24 -ac -nolisten tcp >/dev/null 2>&1 &
    screen=$!
    SECONDS_OPEN=60 stays_open xcb "$display" "$1" "$2" &
    job=$!
    for _ in $(seq 50); do
        sleep 1
        tree=$(xwininfo -display "$display" -root -tree 2>/dev/null | grep '"lungviewer" "lungviewer"' || true)
        [ -z "$tree" ] || break
    done
    xwininfo -display "$display" -root -tree 2>/dev/null | grep -i lungviewer || true
    wait "$job" || { kill "$screen"; fail "the window did not stay open"; }
    kill "$screen"
    wait "$screen" 2>/dev/null || true
    [ -n "$tree" ] || fail "no window of the class that the menu entry names"
}
