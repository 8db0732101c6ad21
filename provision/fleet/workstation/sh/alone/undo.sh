# --uninstall: gives back the bytes that were there. What its user changed since stays, and is said.
uninstall() {
    if [ -e "$record" ]; then # a run of this or of another script that broke off
        run=$(head -n 1 "$work/unconfirmed")
        case $run in sh-*) ;; *) fail 3 "a run of astraeus-provision itself broke off here" "run that again" ;; esac
    fi
    [ -e "$record" ] || [ -f "$joined" ] || {
        [ ! -f "$state/astraeus-provision/router.json" ] ||
            fail 3 "astraeus-provision itself made it a workstation" "astraeus-provision router uninstall"
        printf '%s: nothing of ours is there\n' "$machine"
        return
    }
    : >"$work/restored"
    [ ! -f "$joined" ] || look_back
    printf '%s: give back\n' "$machine"
    while IFS=$tab read -r path old old_mode backup; do
        if [ "$old" = - ]; then planned "remove $path"; else planned "write $path as it was"; fi
    done <"$work/restored"
    [ -z "$dry" ] || return 0
    agreed "Give these back?"
    if [ -e "$record" ]; then
        (replace putback) </dev/null >"$work/replace"
        fault_of replace 6
    fi
    [ -f "$joined" ] || return 0
    while IFS=$tab read -r path old old_mode backup; do restore; done <"$work/restored"
    sed -n "s/^made$tab//p" "$joined" >"$work/made"
    (CONFIG_HOME=$config STATE=$state/astraeus-provision BACKUPS=$(sed -n "s/^file$tab//p" "$joined" | cut -f 6); part withdraw) >"$work/withdraw"
    [ -z "$(said withdraw failed)" ] || fail 6 "$(said withdraw failed) cannot be removed" "look at its owner, and run it again"
    while IFS= read -r path; do rmdir "$path" 2>/dev/null; done <"$work/made"
    printf '%s: its files are as they were\n' "$machine"
    case $(readlink "$home/.local/bin/opencode" 2>/dev/null) in "$home"/.local/share/astraeus-provision/opencode/*)
        printf 'OpenCode, which came with us, stays; it goes with: rm -r "%s" "%s"\n' \
            "$home/.local/share/astraeus-provision" "$home/.local/bin/opencode" ;;
    esac
}
# $work/restored: path, sha256 that is to be there (or -), its mode, the file that holds it.
look_back() {
    grep "^file$tab" "$joined" >"$work/files/joined"
    given=0
    sed -e "s|$HOME_TOKEN|$home|g" -e "s|$CONFIG_TOKEN|$config|g" -e "s|$STATE_TOKEN|$state|g" \
        "$work/files/merge.json" >"$work/one" && mv "$work/one" "$work/files/merge.json"
    while IFS=$tab read -r _ path _ before before_mode new backup; do
        old_of "$path"
        case $old in "$before") continue ;; esac
        if [ "$old" = "$new" ] && { [ "$before" = - ] || { [ -f "$backup" ] && [ "$(sha "$backup")" = "$before" ]; }; }; then
            printf '%s\t%s\t%s\t%s\n' "$path" "$before" "$before_mode" "$backup" >>"$work/restored"
            continue
        fi
        case $path in
            */astraeus-provision/router.json)
                grep -qx "by$tab$own" "$joined" || fail 3 "astraeus-provision itself, or another script, manages it by now" \
                    "astraeus-provision router uninstall, or --uninstall of that script"
                continue ;; # it goes as the last
            */opencode.json | */opencode.jsonc | */.omo/omo.jsonc) take_out ;;
            *) warn "$path was changed since, so it stays" "remove it yourself, if it is worth nothing to you" ;;
        esac
    done <"$work/files/joined"
    # OpenCode writes the plugin's place there by itself, and leaves it for ever.
    path=$config/opencode/tui.json
    if [ -f "$path" ] && [ ! -h "$path" ] && grep -qF "$home/.local/share/astraeus-provision/plugin/" "$path"; then
        before_mode=$(mode_of "$path")
        if python_there; then take_out; else warn "$path names our plugin, which goes" "take it out of that file"; fi
    fi
}
take_out() { # of a file that was changed since: ours alone goes
    python_there || fail 3 "$path was changed since, and to take ours out of it takes Python 3.10 or newer" \
        "install python3 there; or take ours out yourself: what was there before is $backup"
    rm -f "$work/files/given"
    if ! merging giveback "$work/files" "$path" >"$work/merging" 2>"$work/evidence"; then
        IFS=$tab read -r problem remedy <"$work/merging" || fail 3 "$path cannot be given back" "see what it said" "$work/evidence"
        fail 3 "$problem" "$remedy"
    fi
    given=$((given + 1))
    if [ -f "$work/files/given" ]; then
        mv "$work/files/given" "$work/given-$given"
        [ "$before_mode" != - ] || before_mode=600
        printf '%s\t%s\t%s\t%s\n' "$path" "$(sha "$work/given-$given")" "$before_mode" "$work/given-$given" >>"$work/restored"
    else
        printf '%s\t-\t-\t-\n' "$path" >>"$work/restored"
    fi
}
restore() {
    if [ "$old" = - ]; then
        rm -f "$path"
    else
        beside=$path.astraeus.new
        cp -p "$backup" "$beside" && chmod "$old_mode" "$beside" && mv -f "$beside" "$path"
    fi || fail 6 "$path cannot be given back" "look at its owner and at the disk, and run it again"
    changed='Some files were given back.'
}
