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
look_back() {
    grep "^file$tab" "$joined" >"$work/files/joined"
    while IFS=$tab read -r _ path _ before before_mode new backup; do
        old_of "$path"
        case $old in
            "$before") continue ;;
            "$new") ;;
            *)
                case $path in */astraeus-provision/router.json)
                    fail 3 "astraeus-provision itself manages it by now" "astraeus-provision router uninstall" ;;
                esac
                [ "$before" = - ] || fail 3 "$path was changed since; what was there before us is $backup" \
                    "take ours out of it yourself, as in that file, and run it again"
                warn "$path was changed since, so it stays" "remove it yourself, if it is worth nothing to you"
                continue ;;
        esac
        [ "$before" = - ] || [ "$(sha "$backup")" = "$before" ] || fail 3 "$backup is not what was there before us" \
            "take ours out of $path yourself"
        printf '%s\t%s\t%s\t%s\n' "$path" "$before" "$before_mode" "$backup" >>"$work/restored"
    done <"$work/files/joined"
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
