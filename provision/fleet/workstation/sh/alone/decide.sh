# Looks at this machine and decides: what is there, what can come, and what must be left as it is. Writes nothing.
look() {
    (NAMES='' URLS='' PORT=0 STATUS_PATH=/ PLACES=''; part look) >"$work/look"
    came look || fail 3 "the look at it broke off" "run it again" "$work/look"
    home=$(said look home)
    config=$(said look config_home)
    state=$(said look state_home)
    os=$(said look os)
    opencode=$(said look opencode_path)
    version=$(said look opencode_version)
    npm=$(said look npm)
    free=$(said look free_disk_mib)
    record=$state/astraeus-provision/putback
    joined=$state/astraeus-provision/joined
    for folder in "$home" "$config" "$state"; do
        case $folder in
            /*) ;;
            *) fail 3 "the folder '$folder' is no absolute path" "look at HOME and the XDG variables" ;;
        esac
        case $folder in
            *[!A-Za-z0-9\ ._/@+,=:~-]*)
                fail 3 "the folder '$folder' has characters that this script does not write into settings" "$by_program" ;;
        esac
    done
    [ "$(id -u)" != 0 ] || [ -z "${SUDO_USER:-}" ] ||
        fail 2 "it is run by sudo, and would make root the user" "run it as $SUDO_USER, without sudo"
    said look unconfirmed >"$work/unconfirmed"
    for folder in "$home/.local/share" "$home/.local/bin" "$home/.local"; do # which go when they are empty again
        [ -e "$folder" ] || printf 'made\t%s\n' "$folder"
    done >"$work/missing"
    if [ -e "$record" ] && [ "$act" = join ]; then
        fail 3 "an earlier run broke off here, and its files are not confirmed" "sh $self --uninstall, then run it again"
    fi
}

# $how: present, npm, package or impossible, and $why. $names: OpenCode's packages for this machine, the best first.
decide_opencode() {
    libc=$(said look libc)
    avx2=$(said look avx2)
    names=$(awk -F '\t' -v os="$os" -v arch="$(said look arch)" -v libc="$libc" -v avx2="${avx2:-0}" \
        '$1 == os && $2 == arch && $3 == libc && $4 == avx2 { print $5; exit }' "$work/files/platforms")
    how=impossible why=
    if [ -n "$opencode" ] && { [ -z "$(said look opencode_ours)" ] || [ "$INSTALL" = no ] || [ "$version" = "$OPENCODE" ]; }; then
        how=present
    elif [ "$INSTALL" = no ]; then why="no OpenCode is there, and the site says not to install it"
    elif [ -z "$names" ]; then why="OpenCode is not made for $os $(said look arch)"
    elif [ -n "$(said look opencode_in_the_way)" ]; then why="$home/.local/bin/opencode is there and cannot be run"
    elif [ "${free:-0}" -lt "$OPENCODE_ROOM_MIB" ]; then why="$free MiB free under $home, and OpenCode needs $OPENCODE_ROOM_MIB"
    elif [ -n "$npm" ]; then how=npm
    else
        for name in $names; do
            if grep "^$name$tab" "$work/files/packages" >"$work/package"; then how=package; break; fi
        done
        [ $how = package ] || why="no npm is there, and the site names no OpenCode package for ${names%% *}"
    fi
    [ $how != impossible ] ||
        fail 3 "$why" "put OpenCode $OPENCODE there (npm install -g $NPM_PACKAGE@$OPENCODE), and run it again"
}

decide_plugin() {
    plugin_how=none
    [ -n "$PLUGIN_VERSION" ] || return 0
    for path in $(sed -n 's/^legacy //p' "$work/look"); do
        fail 3 "$path is there, and the plugin would move it away" "move it away yourself, and run it again"
    done
    plugin_how=impossible
    if sed -n 's/^plugin //p' "$work/look" | grep -qxF "$PLUGIN_VERSION"; then plugin_how=present
    elif [ "${free:-0}" -lt "$PLUGIN_ROOM_MIB" ]; then why="$free MiB free under $home, and the plugin needs $PLUGIN_ROOM_MIB"
    elif ! printf '%s\n' "$PLUGIN_PACKAGES" | grep -q ' -$'; then plugin_how=package
    elif [ -n "$npm" ]; then plugin_how=npm
    else why="no npm is there, and the site names no URL for the plugin's packages"; fi
    [ $plugin_how != impossible ] || fail 3 "the plugin cannot come there: $why" \
        "install Node there; or let the site say \`router: {packages: …}\` or \`router: {plugin: false}\`"
}

# The payload becomes this machine's: folders and, in what remembers them, checksums.
settle_payload() {
    sed -e "s|$HOME_TOKEN|$home|g" -e "s|$CONFIG_TOKEN|$config|g" -e "s|$STATE_TOKEN|$state|g" \
        "$work/files/table" >"$work/table"
    : >"$work/sums.sed"
    while IFS=$tab read -r file kind mode sum path backup; do
        [ "$kind" != ledger ] || continue
        in_place "$file"
        real=$(sha "$work/files/$file")
        [ "$real" = "$sum" ] || printf 's|%s|%s|g\n' "$sum" "$real" >>"$work/sums.sed"
    done <"$work/table"
    in_place merge.json
    for file in ledger ledger-lean; do
        in_place "$file"
        sed -f "$work/sums.sed" "$work/files/$file" >"$work/one" && mv "$work/one" "$work/files/$file"
    done
}
in_place() {
    sed -e "s|$HOME_TOKEN|$home|g" -e "s|$CONFIG_TOKEN|$config|g" -e "s|$STATE_TOKEN|$state|g" \
        "$work/files/$1" >"$work/one" && mv "$work/one" "$work/files/$1"
}

