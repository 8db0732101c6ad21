# The road: look, decide, show, ask, prove, equip, write, confirm.
usage() {
    printf 'usage: sh %s [--yes] [--dry-run] [--uninstall]\n' "${self##*/}"
    printf '  --yes        do not ask\n  --dry-run    show what would change; change nothing\n'
    printf '  --uninstall  give back what was there before\n'
}
act=join dry='' yes='' writing='' run=sh-$(printf '%.16s' "$own")
for word; do
    case $word in
        --yes | -y) yes=yes ;;
        --dry-run) dry=yes ;;
        --uninstall) act=uninstall ;;
        --help | -h) usage; exit 0 ;;
        *) usage >&2; exit 2 ;;
    esac
done
by_program="use astraeus-provision there: astraeus-provision join BUNDLE, or let the admin run its \`onboard\`"
scratch_dir=$work
# In the place of what `common` does at the end: files that are not confirmed go back first.
ends() {
    put_back
    rm -rf "$work"
}
interrupted() {
    trap '' HUP INT TERM PIPE
    put_back
    printf '%s: interrupted. %s\n' "$machine" "$changed" >&2
    exit 130
}
trap ends EXIT
trap interrupted HUP INT TERM PIPE
no_proxy=$NO_PROXY_HOSTS${no_proxy:+,$no_proxy} NO_PROXY=$NO_PROXY_HOSTS${NO_PROXY:+,$NO_PROXY}
export no_proxy NO_PROXY

show() {
    printf '%s: a workstation of %s\n' "$machine" "$(cut -f 1 "$work/files/hosts" | tr '\n' ' ')"
    printf 'its checksum, to be compared at both ends: sha256 %s\n' "$own"
    case $how in
        npm) planned "install OpenCode $OPENCODE with npm" ;;
        package) planned "install OpenCode $OPENCODE from its platform package" ;;
    esac
    case $plugin_how in
        npm | package) planned "install the plugin oh-my-openagent $PLUGIN_VERSION (licence SUL-1.0)" ;;
    esac
    while IFS=$tab read -r _ _ _ _ path _; do planned "write $path"; done <"$work/wanted"
    [ "$number" != 0 ] || printf '  nothing to change\n'
    sed 's/^/  kept: /' "$work/kept"
    printf '  its OpenCode asks the hosts directly, not by a loopback router; to get one, %s\n' "$by_program"
    overruled=$(said look opencode_config)
    [ -z "$overruled" ] || warn "OPENCODE_CONFIG=$overruled is set there and overrules what we write" "unset it in the shell's profile"
    while IFS=$tab read -r cloud variables; do
        sed -n 's/^login //p' "$work/look" | grep -qxF "$cloud" && continue
        for name in $variables; do sed -n 's/^key //p' "$work/look" | grep -qxF "$name" && continue 2; done
        warn "no key for $cloud was found there: agents that use it cannot answer" \
            "set $(echo "$variables" | sed 's/ / or /g') in the shell, or log in: opencode auth login"
    done <"$work/files/clouds"
}

equip() {
    case $how in npm | package) ;; *) return 0 ;; esac
    (
        HOW=$how VERSION=$OPENCODE PACKAGES='' URL='' SHA512='' ROOM_MIB=$OPENCODE_ROOM_MIB
        if [ "$how" = npm ]; then
            for name in $names; do PACKAGES="$PACKAGES opencode-$name"; done
        else
            IFS=$tab read -r name SHA512 URL <"$work/package"
            PACKAGES=opencode-$name
        fi
        part equip
    ) >"$work/equip"
    fault_of equip 6
    at=$(said equip installed)
    printf '  installed OpenCode %s at %s\n' "$OPENCODE" "${at:-$(said equip present)}"
    changed="OpenCode is at ${at:-$(said equip present)}; else nothing was changed."
    [ -n "$(said equip local_bin_in_path)" ] ||
        warn "$home/.local/bin is not in PATH" "put it into PATH, so that \`opencode\` is found"
}
equip_plugin() {
    case $plugin_how in npm | package) ;; *) return 0 ;; esac
    (VERSION=$PLUGIN_VERSION PACKAGES=$PLUGIN_PACKAGES ROOM_MIB=$PLUGIN_ROOM_MIB; part plugin) >"$work/plugin"
    fault_of plugin 6
    printf '  installed the plugin at %s\n' "$(said plugin installed)"
    changed='Programs came into the home; no settings were changed.'
}

look
if [ "$act" = uninstall ]; then
    uninstall
    exit 0
fi
settle_payload
decide_opencode
decide_plugin
decide_files
show
[ -z "$dry" ] || exit 0
[ "$number" = 0 ] || agreed "Carry this out?"
prove_hosts
equip
equip_plugin
write_files
confirm
keep
printf '%s is a workstation now; take it back with: sh %s --uninstall\n' "$machine" "$self"
