# Replaces files as one: each is staged beside its place and checked, then all are renamed; or none is.
# Set above: ACT (replace, putback or settle), RECORD (what putback needs; it lies there until settle, which says
# that the files were confirmed), RUN, EARLIER (putback undoes only the publish of these runs; EARLIER may be empty).
# From stdin, for replace: per file PATH, MODE, OLD sha256 or -, OLD MODE or -, NEW sha256 or -, BACKUP and the
# content in base64, a line each; at last a line `go`.
# Few processes are started, so that fifty workstations are written to in the time of a few; what a command
# complains of goes between the answers.
exec 2>&1
tab='	'
nl='
'
todo=     # path, staged, old, old mode, new, backup; a line each
backed=   # backups that were not there before; they go where nothing is replaced
made=     # folders that we made, the deepest first
swept=$nl # folders in which we stage; no staged file stays in them
count=0
settled=
lock=${RECORD%/*}/lock # who works here: a link to the number of a process, made in one step

stop() { say failed "$1 $2"; exit 0; }
or_stop() { [ "$?" -eq 0 ] || stop write "$1"; }
sweep() { for stray in "$1"/.astraeus.*; do [ ! -f "$stray" ] || rm -f "$stray"; done; }
leave() { # with `if`: in a trap, bash now and then passes over a pipeline that stands behind `||`
    if [ -z "$settled" ]; then
        printf '%s' "$swept" | while IFS= read -r path; do [ -z "$path" ] || sweep "$path"; done
        printf '%s' "$backed" | while IFS= read -r path; do [ -z "$path" ] || rm -f "$path"; done
    fi
    unlock
    if [ -z "$settled" ]; then
        printf '%s' "$made" | while IFS= read -r path; do rmdir "$path" 2>/dev/null; done
    fi
    say end -
}
plain() { # PATH: there is nothing, or a file that can be read
    [ ! -h "$1" ] || stop symlink "$1"
    [ ! -e "$1" ] || [ -f "$1" ] || stop other "$1"
    [ ! -e "$1" ] || [ -r "$1" ] || stop unreadable "$1"
}
folder() { # PATH: it is there; one process makes all that is missing above it
    missing=
    deepest_first=
    up=$1
    while [ -n "$up" ] && [ ! -d "$up" ]; do
        missing="$up$nl$missing"
        deepest_first="$deepest_first$up$nl"
        up=${up%/*}
    done
    made="$deepest_first$made"
    [ -z "$missing" ] || with_lines mkdir "$missing"
    or_stop "$1"
}
room() { # PATH: $staged is a new empty file beside it, for its owner only
    beside=${1%/*}
    folder "$beside"
    case $swept in *"$nl$beside$nl"*) ;; *)
        sweep "$beside" # what a killed run left
        swept="$swept$beside$nl" ;;
    esac
    count=$((count + 1))
    staged=$beside/.astraeus.$$.$count
    set -C
    printf '' >"$staged"
    or_stop "$staged"
    set +C
}
lock_out() { # two operators at once would take each other's files for a killed run's
    if [ "$ACT" = replace ]; then folder "${lock%/*}"; elif [ ! -d "${lock%/*}" ]; then return; fi
    for _ in 1 2 3 4 5; do # the other may be our own, cut off from us a moment ago
        ln -s "$$" "$lock" 2>/dev/null && return
        # A number comes to others in time, and no run works for minutes.
        if [ -z "$(find "$lock" -prune -mmin +10 2>/dev/null)" ] &&
            kill -0 "$(readlink "$lock" 2>/dev/null)" 2>/dev/null; then sleep 1; else rm -f "$lock"; fi
    done
    [ ! -h "$lock" ] || stop busy -
    stop write "$lock"
}
unlock() { [ "$(readlink "$lock" 2>/dev/null)" != "$$" ] || rm -f "$lock"; }
flush() { sync "$@" 2>/dev/null || sync; }
with_lines() { # COMMAND LIST: one call, with every line of the list an argument
    command=$1
    old_ifs=$IFS
    IFS=$nl
    set -f
    # shellcheck disable=SC2086  # split at line ends is what is wanted
    set -- $2
    set +f
    IFS=$old_ifs
    "$command" "$@"
}
each() { # FUNCTION: with $path $staged $old $old_mode $new $backup of every file
    # A shell may keep the list in a file of its own, for which there may be no room either.
    whole=
    while IFS=$tab read -r path staged old old_mode new backup; do
        case $path in '') ;; .) whole=1 ;; *) "$1" ;; esac
    done <<TODO
$todo
.
TODO
    [ -n "$whole" ] || stop write "a list of files"
}
lost() { # PATH: what we wrote there is not whole
    stop write "$1 is not what was sent; free there: $(df -Pk "${1%/*}" | awk 'NR == 2 { print $4 }') KiB"
}

take_in() {
    path=
    while IFS= read -r path && [ "$path" != go ]; do
        IFS= read -r mode; IFS= read -r old; IFS= read -r old_mode; IFS= read -r new; IFS= read -r backup
        IFS= read -r content || stop write "the order ended early"
        staged=-
        if [ "$new" != - ]; then
            room "$path"
            printf '%s' "$content" | unb64 >"$staged"
            [ "$mode" = 600 ] || chmod "$mode" "$staged"
            or_stop "$staged"
        fi
        todo="$todo$path$tab$staged$tab$old$tab$old_mode$tab$new$tab$backup$nl"
    done
    [ "$path" = go ] || stop write "the order ended early"
}

# One process takes every sum: of what was staged, and of what stands there until now.
gather() {
    plain "$path"
    plain "$backup"
    if [ "$staged" != - ]; then
        fresh="$fresh$staged$nl"
        sums="$sums$staged$nl"
        wanted="$wanted$new staged $staged$nl"
    fi
    if [ -e "$path" ]; then
        sums="$sums$path$nl"
        wanted="$wanted$old now $path$nl"
    elif [ "$old" != - ]; then
        stop changed "$path"
    fi
}
check() {
    fresh=''
    sums=''
    wanted=''
    each gather
    seen=$(with_lines sum_all "$sums")
    while IFS=' ' read -r want what where && IFS=' ' read -r have name <&3; do
        [ "$want" = "${have#\\}" ] || if [ "$what" = staged ]; then lost "$where"; else stop changed "$where"; fi
    done 3<<SEEN <<WANTED || stop write "a list of files"
$seen
SEEN
$wanted
WANTED
    with_lines flush "$fresh"
}

back_up() {
    [ "$old" != - ] || return 0
    folder "${backup%/*}"
    [ -e "$backup" ] || backed="$backed$backup$nl"
    cp -p "$path" "$backup" && { [ "$old_mode" = 600 ] || chmod 600 "$backup"; } || {
        rm -f "$backup"
        stop write "$backup"
    }
}
record_of() { # what `undo` goes by
    printf 'run\t%s\n' "$RUN"
    [ ! -f "$RECORD" ] || printf 'unconfirmed\t1\n'
    printf '%s' "$made" | sed "s/^/made$tab/"
    printf '%s' "$todo" | sed "s/^/file$tab/"
}
keep_record() { # TEXT: it is whole before anything goes by it; `room` was made
    printf '%s\n' "$1" >"$staged"
    [ "$(cat "$staged")" = "$1" ] || lost "$RECORD"
    flush "$staged"
    mv -f "$staged" "$RECORD"
    or_stop "$RECORD"
}
rename_one() {
    if [ "$new" = - ]; then rm -f "$path"; else mv -f "$staged" "$path"; fi || {
        failing=$path
        (undo) >/dev/null
        stop write "$failing"
    }
    say changed "$path"
}

undo() {
    [ -f "$RECORD" ] && grep -qxF "run$tab$RUN
run$tab${EARLIER:-$RUN}" "$RECORD" || stop norecord "$RECORD"
    todo=$(sed -n "s/^file$tab//p" "$RECORD")
    gone=$(sed -n "s/^made$tab//p" "$RECORD")
    each unchanged
    each restore
    each forget
    if grep -qxF "unconfirmed${tab}1" "$RECORD"; then
        room "$RECORD"
        keep_record "run$tab-" # what is there again was not confirmed either
    else
        rm -f "$RECORD"
    fi
    unlock
    printf '%s\n' "$gone" | while IFS= read -r path; do [ -z "$path" ] || rmdir "$path" 2>/dev/null; done
    settled=1
}
now() { if [ -e "$path" ]; then sha "$path"; else printf -; fi; }
unchanged() {
    plain "$path"
    case $(now) in "$old" | "$new") ;; *) stop changed "$path" ;; esac
}
restore() {
    # What was not replaced yet may lie where nothing can be written. Equal sums may differ in their modes.
    [ "$old" = "$new" ] || [ "$(now)" != "$old" ] || return 0
    if [ "$old" = - ]; then
        rm -f "$path"
        or_stop "$path"
    else
        room "$path"
        cp -p "$backup" "$staged"
        [ "$(sha "$staged")" = "$old" ] || lost "$staged"
        chmod "$old_mode" "$staged"
        or_stop "$staged"
        flush "$staged"
        mv -f "$staged" "$path"
        or_stop "$path"
    fi
    say changed "$path"
}
forget() { rm -f "$backup"; }
forget_ours() { # a copy beside the user's file stays: she may want it
    case $backup in "${RECORD%/*}"/*) forget ;; esac
}

lock_out
if [ "$ACT" = putback ]; then
    undo
elif [ "$ACT" = settle ]; then
    [ ! -f "$RECORD" ] || todo=$(sed -n "s/^file$tab//p" "$RECORD")
    each forget_ours
    rm -f "$RECORD"
    or_stop "$RECORD"
    settled=1
else
    take_in
    check
    each back_up
    room "$RECORD"
    undoing=$(record_of)
    or_stop "$RECORD"
    keep_record "$undoing"
    backed=
    each rename_one
    settled=1
    with_lines flush "$swept"
fi
