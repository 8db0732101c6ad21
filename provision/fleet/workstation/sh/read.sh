# Sends the files that publishing is about, each with its state. Set above: CONFIG_HOME, STATE_HOME, SHELLS
# (yes or no) and FILES, a path a line.
set -f
barred() { # PATH: say what above it keeps it from being written: the nearest thing that is there
    up=${1%/*}
    while [ -n "$up" ] && [ ! -e "$up" ] && [ ! -h "$up" ]; do
        case $up in */*) up=${up%/*} ;; *) up=. ;; esac
    done
    up=${up:-/}
    if [ ! -d "$up" ] || [ ! -w "$up" ] || [ ! -x "$up" ]; then printf 'barred %s\t%s\n' "$up" "$1"; fi
}
show() { # PATH: kind, mode, owner, size and content
    barred "$1"
    if [ -h "$1" ]; then
        printf 'file symlink - - - - %s\n' "$1"
    elif [ ! -e "$1" ]; then
        printf 'file absent - - - - %s\n' "$1"
    elif [ ! -f "$1" ]; then
        printf 'file other - - - - %s\n' "$1"
    else
        path=$1
        # stat(1) differs between Linux and macOS, `ls -n` does not
        # shellcheck disable=SC2012,SC2046  # the fields are what is wanted
        set -- $(ls -ldn "$path")
        meta="$1 $3 $5"
        if [ ! -r "$path" ]; then
            printf 'file unreadable %s - %s\n' "$meta" "$path"
        elif [ "$5" -gt 8388608 ]; then
            printf 'file large %s - %s\n' "$meta" "$path"
        else
            printf 'file file %s =%s %s\n' "$meta" "$(b64 "$path")" "$path"
        fi
    fi
}
show "$CONFIG_HOME/opencode/opencode.jsonc"
show "$CONFIG_HOME/opencode/opencode.json"
show "$STATE_HOME/astraeus-provision/router.json"
while IFS= read -r one; do [ -z "$one" ] || show "$one"; done <<FILES
$FILES
FILES
if [ "$SHELLS" = yes ] || [ -e "$CONFIG_HOME/astraeus-provision/env.sh" ]; then
    show "$CONFIG_HOME/astraeus-provision/env.sh"
    show "$CONFIG_HOME/fish/conf.d/astraeus-provision.fish"
    for name in .profile .bash_profile .bashrc .zshrc; do show "$HOME/$name"; done
fi
say end -
