# What a careful administrator would run on each machine: the file from stdin, atomic, with its owner and mode
# before it can be seen; says ok or changed. Set above: FILE.
set -e
new=$(mktemp "$FILE.XXXXXX")
trap 'rm -f "$new"' EXIT
cat >"$new"
if [ -f "$FILE" ] && cmp -s "$new" "$FILE" && [ "$(stat -c '%U:%G:%a' "$FILE")" = dev:dev:600 ]; then
    echo ok
else
    chmod 600 "$new"
    mv -f "$new" "$FILE"
    trap - EXIT
    echo changed
fi
