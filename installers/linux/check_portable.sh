#!/usr/bin/env bash
# Unpack the portable archive in a clean Debian root and use it there as an ordinary user: from a folder with spaces,
# read-only, through a link, and with its own folder for settings.
#
#   installers/linux/check_portable.sh dist/lungviewer-0.1.0-linux-x86_64.tar.xz \
#       [dist/lungviewer-training-0.1.0-linux-x86_64.tar.xz]
#
# The root gets the libraries that the archive's README.txt names, and nothing else. The training part is unpacked beside
# it at the end. The environment variables are those of clean_root.sh.
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/clean_root.sh"

[ $# -ge 1 ] || fail "usage: check_portable.sh ARCHIVE [TRAINING_ARCHIVE]"
require
ARCHIVE=$(realpath "$1")
TRAINING=${2:+$(realpath "$2")}
NAME=$(basename "$ARCHIVE" .tar.xz)
WORK=$(mktemp -d)
ROOT=$WORK/root
trap 'rm -rf "$WORK"' EXIT
mkdir "$ROOT"
PLACE="/home/$READER/any folder"

step "a clean root with the libraries that README.txt names"
make_root "$ROOT"
chroot --userspec="$READER:$READER" "$ROOT" mkdir "$PLACE"
tar --extract --file "$ARCHIVE" --directory "$ROOT$PLACE" --no-same-owner
[ "$(ls "$ROOT$PLACE")" = "$NAME" ] || fail "the archive holds more than one folder"
chown -R "$(stat -c %u:%g "$ROOT/home/$READER")" "$ROOT$PLACE"
README=$ROOT$PLACE/$NAME/README.txt
# The paragraph after the line that ends so.
paragraph() { awk -v line="$1" 'found && NF { print; seen = 1 } found && seen && !NF { exit } $0 ~ line { found = 1 }' "$README"; }
# shellcheck disable=SC2046
{
    in_root apt-get update -q
    in_root apt-get install -q -y $(paragraph 'As Debian and Ubuntu call them:$')
} >"$WORK/apt.txt" 2>&1 || { cat "$WORK/apt.txt"; fail "the libraries of README.txt cannot be installed"; }
paragraph 'As Debian and Ubuntu call them:$'

step "read-only, in a folder with spaces"
chmod -R a-w "$ROOT$PLACE/$NAME"
in_root --reader sh -c "! touch '$PLACE/$NAME/file' 2>/dev/null" || fail "the folder can be written"
check_program "$PLACE/$NAME" "$PLACE/$NAME/lungviewer-cli" "$PLACE/$NAME/lungviewer"
check_own_libraries "$PLACE/$NAME" "$PLACE/$NAME/lungviewer-cli"
check_paths "$PLACE/$NAME"

step "through a link"
in_root --reader ln -s "$PLACE/$NAME/lungviewer-cli" "/home/$READER/link"
in_root --offline --reader "/home/$READER/link" --version

step "portable: settings beside the program"
chmod -R u+w "$ROOT$PLACE/$NAME"
in_root --reader mkdir "$PLACE/$NAME/lungviewer-data"
in_root --reader rm -rf "/home/$READER/.config" "/home/$READER/.cache" "/home/$READER/.local"
stays_open offscreen "" "$PLACE/$NAME/lungviewer" "$PLACE/$NAME/$SAMPLES"
(cd "$ROOT$PLACE/$NAME/lungviewer-data" && find . -type f | sort | head -n 5)
[ -n "$(find "$ROOT$PLACE/$NAME/lungviewer-data" -type f)" ] || fail "nothing was kept beside the program"
left=$(find "$ROOT/home/$READER" -path "*lungviewer*" -not -path "$ROOT$PLACE*" || true)
[ -z "$left" ] || fail "something was kept in the home folder: $left"

if [ -n "$TRAINING" ]; then
    step "the training part, beside it"
    tar --extract --file "$TRAINING" --directory "$ROOT$PLACE" --no-same-owner
    chown -R "$(stat -c %u:%g "$ROOT/home/$READER")" "$ROOT$PLACE"
    check_paths "$PLACE/$(basename "$TRAINING" .tar.xz)"
    training_is_found "$PLACE/$NAME/lungviewer-cli"
fi

printf '\n%s: everything held.\n' "$NAME"
