# The program reads its own file as long as it runs, and starts that file again for each process that reads images.
# Replaced meanwhile, a scan would note slides as unreadable that are sound. So nothing is replaced, whoever runs it.
# The file itself is compared, not its name: another root or container has its own. A closed window's processes end
# a moment later, so this is looked at for some seconds; nobody is waited for longer, as package systems are locked.
running() {
    for exe in /proc/[0-9]*/exe; do
        for name in lungviewer lungviewer-cli training/lungviewer-training; do
            if [ "$exe" -ef "/opt/lungviewer/$name" ]; then
                echo "${exe%/exe}"
                break
            fi
        done
    done
}
refuse_while_running() {
    for second in 1 2 3 4; do
        found=$(running)
        [ -n "$found" ] || return 0
        [ "$second" = 4 ] || sleep 1 || break
    done
    echo "lungviewer is running. It has not been $1: it would fail in the middle of its work." >&2
    echo "Close its windows and command lines, and try again. These processes run it:" >&2
    for process in $found; do
        echo "  ${process##*/}, of $(stat -c %U "$process" 2>/dev/null || echo "somebody")" >&2
    done
    exit 1
}
