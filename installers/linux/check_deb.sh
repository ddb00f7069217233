#!/usr/bin/env bash
# Install the package into a clean Debian root, use it there, upgrade it, remove it.
#
#   installers/linux/check_deb.sh dist/lungviewer_0.1.0_amd64.deb [dist/lungviewer-training_0.1.0_amd64.deb]
#
# The environment variables are those of clean_root.sh.
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/clean_root.sh"

[ $# -ge 1 ] || fail "usage: check_deb.sh PACKAGE [TRAINING_PACKAGE]"
require
PACKAGE=$(realpath "$1")
TRAINING=${2:+$(realpath "$2")}
VERSION=$(dpkg-deb --field "$PACKAGE" Version)
WORK=$(mktemp -d)
ROOT=$WORK/root
trap 'rm -rf "$WORK"' EXIT
mkdir "$ROOT"

install() { # FILE: as a person would, by apt, with what it depends on
    cp "$1" "$ROOT/var/tmp/package.deb"
    in_root apt-get install -q -y --reinstall /var/tmp/package.deb >"$WORK/apt.txt" 2>&1 \
        || { cat "$WORK/apt.txt"; fail "apt could not install it"; }
    rm "$ROOT/var/tmp/package.deb"
}

of_the_person() { (cd "$ROOT/home/$READER" && find . -type f -print0 | sort -z | xargs -0 sha256sum); }

# What is ours outside home folders: files by name, and words in the desktop's databases.
ours() {
    find "$ROOT" -xdev \( -path "$ROOT/home" -o -path "$ROOT/proc" -o -path "$ROOT/var/log" -o -path "$ROOT/var/cache/man" \) -prune -o -iname '*lungviewer*' -print
    grep -rlsi -e lungviewer -e aperio "$ROOT/usr/share/applications" "$ROOT/usr/share/mime" "$ROOT/var/lib/dpkg/status" \
        "$ROOT/usr/share/icons" || true
}

older_package() { # writes $WORK/older.deb: version 0.0.1 with a file that the new one lacks
    local tree=$WORK/older
    mkdir "$tree"
    dpkg-deb --control "$PACKAGE" "$tree/DEBIAN"
    sed -i 's/^Version: .*/Version: 0.0.1/' "$tree/DEBIAN/control"
    rm "$tree/DEBIAN/md5sums"
    mkdir -p "$tree/opt/lungviewer/_internal/gone"
    touch "$tree/opt/lungviewer/_internal/gone/file" "$tree/opt/lungviewer/lungviewer"
    dpkg-deb --root-owner-group -Znone --build "$tree" "$WORK/older.deb" >/dev/null
}

step "a clean root"
make_root "$ROOT"
in_root apt-get update -q >/dev/null
du -sh "$ROOT" | cut -f1

step "installation"
install "$PACKAGE"
in_root dpkg --verify lungviewer
grep -c '^Setting up' "$WORK/apt.txt" | sed 's/$/ packages were set up/'
dpkg-deb --field "$PACKAGE" Installed-Size | sed 's/$/ kB for the program/'
step "every library that the bundle names is there"
in_root --with LD_LIBRARY_PATH=/opt/lungviewer/_internal sh -c \
    'find /opt/lungviewer -type f \( -name "*.so*" -o -perm /111 \) -exec ldd {} + 2>/dev/null | grep "not found" | sort -u' \
    >"$WORK/missing.txt" || true
cat "$WORK/missing.txt"
[ ! -s "$WORK/missing.txt" ] || fail "libraries are missing"
check_paths /opt/lungviewer /usr/share/doc/lungviewer /usr/share/applications

check_program /opt/lungviewer lungviewer-cli lungviewer
check_own_libraries /opt/lungviewer lungviewer-cli

if [ -n "$TRAINING" ]; then
    step "the training part"
    install "$TRAINING"
    check_paths /opt/lungviewer/training
    training_is_found lungviewer-cli
fi

step "removing and purging leave what people made, and nothing else"
of_the_person >"$WORK/before.txt"
[ -s "$WORK/before.txt" ] || fail "the program kept nothing of the person; this proves nothing"
in_root apt-get remove -q -y lungviewer >"$WORK/apt.txt" 2>&1
in_root apt-get purge -q -y lungviewer lungviewer-training >"$WORK/apt.txt" 2>&1
grep -A1 '^lungviewer:' "$WORK/apt.txt" || fail "purging does not say where the person's data is"
ours | grep -v '/dpkg/' >"$WORK/left.txt" || true
cat "$WORK/left.txt"
[ ! -s "$WORK/left.txt" ] || fail "these were left behind"
of_the_person | diff "$WORK/before.txt" - || fail "the person's data changed"
wc -l <"$WORK/before.txt" | sed 's/$/ files of the person are as they were/'

step "upgrade from an older version"
older_package
install "$WORK/older.deb"
install "$PACKAGE"
[ ! -e "$ROOT/opt/lungviewer/_internal/gone" ] || fail "a file of the older version is still there"
of_the_person | diff "$WORK/before.txt" - || fail "the person's data changed"
in_root --offline --reader lungviewer-cli scan "/opt/lungviewer/$SAMPLES" -o "/home/$READER/samples.csv" --fresh --quiet
same_as_source "$ROOT/home/$READER/samples.csv"
in_root dpkg-query -W -f '${Package} ${Version}\n' lungviewer

step "nothing is upgraded or removed while it runs"
cp "$PACKAGE" "$ROOT/var/tmp/package.deb"
# shellcheck disable=SC2016
in_root sh -c '
    su -c "QT_QPA_PLATFORM=offscreen exec lungviewer" "$1" &
    for _ in $(seq 60); do
        ! ls -l /proc/[0-9]*/exe 2>/dev/null | grep -q /opt/lungviewer/ || break
        sleep 1
    done
    ! apt-get install -q -y --reinstall /var/tmp/package.deb && ! apt-get remove -q -y lungviewer && kill -0 $!' - \
    "$READER" >"$WORK/apt.txt" 2>&1 || { cat "$WORK/apt.txt"; fail "it was replaced while it ran"; }
[ "$(grep -c '^lungviewer is running' "$WORK/apt.txt")" = 2 ] || { cat "$WORK/apt.txt"; fail "apt does not say why it refused"; }
in_root dpkg --verify lungviewer
in_root dpkg-query -W -f '${Package} ${Version} ${Status}\n' lungviewer

step "the desktop: entry, file types, manual page"
# minbase leaves manual pages out.
rm -f "$ROOT"/etc/dpkg/dpkg.cfg.d/*
in_root apt-get install -q -y desktop-file-utils shared-mime-info libglib2.0-bin man-db hicolor-icon-theme >"$WORK/apt.txt" 2>&1
# Another program for TIFF, on a desktop without defaults.
printf '[Desktop Entry]\nType=Application\nName=Another\nExec=true %%f\nMimeType=image/tiff;\n' \
    >"$ROOT/usr/share/applications/org.another.desktop"
install "$PACKAGE"
in_root desktop-file-validate /usr/share/applications/lungviewer.desktop /usr/share/applications/zz-lungviewer.desktop
in_root man --warnings lungviewer 2>&1 >/dev/null | tee "$WORK/man.txt"
[ ! -s "$WORK/man.txt" ] || fail "the manual page has mistakes"
cp "$HERE/check_types.sh" "$ROOT/var/tmp/"
in_root --reader sh /var/tmp/check_types.sh
in_root apt-get purge -q -y lungviewer >"$WORK/apt.txt" 2>&1
ours | grep -v -e /dpkg/ -e /var/tmp/ >"$WORK/left.txt" || true
cat "$WORK/left.txt"
[ ! -s "$WORK/left.txt" ] || fail "these were left behind"

printf '\nlungviewer %s: everything held.\n' "$VERSION"
