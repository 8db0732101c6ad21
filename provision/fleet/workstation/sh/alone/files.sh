# Decides which files are written, and writes them as one by the part that publishing over SSH uses.
mode_of() { stat -c %a "$1" 2>/dev/null || stat -f %Lp "$1"; }
old_of() { # PATH: $old is the sha256 of what stands there, or -
    [ ! -h "$1" ] || fail 3 "$1 is a symbolic link" "put a plain file in its place, and run it again"
    [ ! -e "$1" ] || [ -f "$1" ] || fail 3 "$1 is no plain file" "look at it and put it in order"
    old=-
    [ ! -e "$1" ] || { [ -r "$1" ] && old=$(sha "$1"); } || fail 3 "$1 cannot be read" "look at its owner and mode"
}

# $work/wanted: what is to be written, as file, mode, old sha256, old mode, path, backup.
decide_files() {
    ledger=$state/astraeus-provision/router.json
    file_of_opencode=$config/opencode/opencode.json
    memory=ledger
    : >"$work/wanted"
    : >"$work/hers"
    : >"$work/kept"
    if [ -f "$ledger" ]; then
        old_of "$ledger"
        case $old in
            "$(sha "$work/files/ledger")") ;;
            "$(sha "$work/files/ledger-lean")") memory=ledger-lean ;;
            *)
                [ -f "$joined" ] || fail 3 "it is a workstation of astraeus-provision itself already" \
                    "use that, or take it back first: astraeus-provision router uninstall"
                grep -qx "by$tab$own" "$joined" || fail 3 "it is a workstation already, by another script than this" \
                    "sh $self --uninstall (what you changed yourself stays), then run it again"
                printf '%s\n' "$ledger" >"$work/hers" ;;
        esac
    else
        while IFS=$tab read -r file kind mode sum path backup; do
            [ "$kind" = optional ] && [ -e "$path" ] && memory=ledger-lean
        done <"$work/table"
    fi
    decide_fresh
    old_of "$config/opencode/opencode.jsonc"
    [ "$old" = - ] || printf '%s\n' "$config/opencode/opencode.jsonc" >>"$work/hers"
    [ ! -s "$work/hers" ] || decide_merged
}
decide_fresh() {
    while IFS=$tab read -r file kind mode sum path backup; do
        case $kind,$memory in optional,ledger-lean) continue ;; esac
        [ "$kind" != ledger ] || file=$memory
        old_of "$path"
        old_mode=-
        if [ "$old" != - ]; then
            old_mode=$(mode_of "$path")
            [ "$old" != "$(sha "$work/files/$file")" ] || [ "$old_mode" != "$mode" ] || continue
            # What lies in our own folder is written anew; the rest is its user's.
            [ "$kind" = ours ] || [ "$old" = "$(sha "$work/files/$file")" ] || printf '%s\n' "$path" >>"$work/hers"
        fi
        printf '%s\t%s\t%s\t%s\t%s\t%s\n' "$file" "$mode" "$old" "$old_mode" "$path" "$backup" >>"$work/wanted"
    done <"$work/table"
}
merging() { # ACT...: by this machine's Python, with what was sent along; PYTHONPATH goes before its own packages
    PATH=$PATH_LOGIN PYTHONPATH=$work/py bounded 60 "$python" -B -s -m provision.fleet.workstation.merging "$@"
}
python_there() { # $python: the first that is new enough
    login_env
    for python in python3 python3.14 python3.13 python3.12 python3.11 python3.10; do
        python=$(seek "$python")
        [ -n "$python" ] || continue
        (PATH=$PATH_LOGIN; "$python" -c 'import sys; sys.exit(sys.version_info < (3, 10))') >/dev/null 2>&1 && return
    done
    python=
    return 1
}
decide_merged() {
    python_there || fail 3 "$(head -n 1 "$work/hers") is there, and to merge into it takes Python 3.10 or newer" \
        "install python3 there, or move that file away, or $by_program"
    merging merge "$work/files" >"$work/merging" 2>"$work/evidence"
    rc=$?
    [ $rc != 3 ] || { IFS=$tab read -r problem remedy <"$work/merging"; fail 3 "$problem" "$remedy"; }
    [ $rc = 0 ] || fail 3 "its files could not be merged (exit status $rc)" "$by_program" "$work/evidence"
    mv "$work/files/merged" "$work/wanted"
    mv "$work/files/kept" "$work/kept"
    MODELS=$(cat "$work/files/asked")
    file_of_opencode=$(cat "$work/files/config")
    AGENTS=no
    [ ! -s "$work/files/agents" ] || AGENTS=yes
}

order() { # what the part `replace` reads
    while IFS=$tab read -r file mode old old_mode path backup; do
        printf '%s\n' "$path" "$mode" "$old" "$old_mode" "$(sha "$work/files/$file")" "$backup"
        b64 "$work/files/$file"
        echo
    done <"$work/wanted"
    echo go
}
# In parentheses where it is called: busybox's sh mixes up the output of a function that is redirected.
replace() { (ACT=$1 RECORD=$record RUN=$run EARLIER=''; part replace); }

write_files() {
    [ -s "$work/wanted" ] || return 0
    order >"$work/order"
    # What breaks off from here on goes back.
    writing=yes
    trap interrupted HUP INT TERM PIPE # `bounded` has set others
    (replace replace) <"$work/order" >"$work/replace"
    came replace && [ -z "$(said replace failed)" ] || put_back
    fault_of replace 6
    sed -n 's/^changed /  wrote /p' "$work/replace"
}
put_back() { # afterwards nothing of this run's files is there
    [ -n "$writing" ] || return 0
    writing=
    (replace putback) </dev/null >"$work/putback"
    case $(said putback failed) in
        '') changed='Its files were put back as they were.' ;;
        norecord*) ;;
        *) changed="Its files are not confirmed, and could not be put back: $(said putback failed)" ;;
    esac
}
keep() { # confirmed: what --uninstall needs stays
    [ -n "$writing" ] || return 0
    if [ ! -f "$joined" ] && grep -q "^file$tab$ledger$tab" "$record"; then
        { printf 'by\t%s\n' "$own"; cat "$record" "$work/missing"; } >"$joined" || unconfirmed "$joined cannot be written" "look at the disk"
    fi
    (replace settle) </dev/null >"$work/replace"
    came replace && [ -z "$(said replace failed)" ] || unconfirmed "$record cannot be removed" "look at its owner"
    writing=
}
