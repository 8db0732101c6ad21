# Sends the files that publishing is about, each with its state. Set above: CONFIG_HOME, STATE_HOME, SHELLS.
show() { # PATH: kind, mode, owner, size, sha256 and content
    if [ -h "$1" ]; then
        printf 'file symlink - - - - - %s\n' "$1"
    elif [ ! -e "$1" ]; then
        printf 'file absent - - - - - %s\n' "$1"
    elif [ ! -f "$1" ]; then
        printf 'file other - - - - - %s\n' "$1"
    else
        # stat(1) differs between Linux and macOS, `ls -n` does not
        # shellcheck disable=SC2012
        meta=$(ls -ldn "$1" | awk '{ print $1, $3, $5 }')
        if [ ! -r "$1" ]; then
            printf 'file unreadable %s - - %s\n' "$meta" "$1"
        elif [ "${meta##* }" -gt 8388608 ]; then
            printf 'file large %s - - %s\n' "$meta" "$1"
        else
            printf 'file file %s %s =%s %s\n' "$meta" "$(sha "$1")" "$(b64 "$1")" "$1"
        fi
    fi
}
show "$CONFIG_HOME/opencode/opencode.jsonc"
show "$CONFIG_HOME/opencode/opencode.json"
show "$STATE_HOME/astraeus-provision/router.json"
if [ "$SHELLS" = yes ] || [ -e "$CONFIG_HOME/astraeus-provision/env.sh" ]; then
    show "$CONFIG_HOME/astraeus-provision/env.sh"
    show "$CONFIG_HOME/fish/conf.d/astraeus-provision.fish"
    for name in .profile .bash_profile .bashrc .zshrc; do show "$HOME/$name"; done
fi
say end -
