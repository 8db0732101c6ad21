# Replaces files as one: each is staged beside its place and checked, then all are renamed; or none is.
# Set above: ACT (replace or putback), RECORD (what putback needs), RUN (putback undoes only that run's publish).
# From stdin, for replace: per file PATH, MODE, OLD sha256 or -, OLD MODE or -, NEW sha256 or -, BACKUP and the
# content in base64, a line each; at last a line `go`.
tab=$(printf '\t')
nl='
'
todo=    # path, staged, old, old mode, new, backup; a line each
made=    # folders that we made, the deepest first
swept=$nl # folders in which we stage; no staged file stays in them
settled=

stop() { say failed "$1 $2"; exit 0; }
leave() {
    printf '%s' "$swept" | while IFS= read -r path; do [ -z "$path" ] || rm -f "$path"/.astraeus.??????; done
    [ -n "$settled" ] || printf '%s' "$made" | while IFS= read -r path; do rmdir "$path" 2>/dev/null; done
    [ -z "${scratch_dir:-}" ] || rm -rf "$scratch_dir"
    say end -
}
state() { # PATH: $now is its sha256, or - where there is nothing
    [ ! -h "$1" ] || stop symlink "$1"
    now=-
    [ -e "$1" ] || return 0
    [ -f "$1" ] || stop other "$1"
    now=$(sha "$1" 2>/dev/null)
    [ -n "$now" ] || stop unreadable "$1"
}
folder() {
    [ ! -d "$1" ] || return 0
    folder "$(dirname "$1")"
    made="$1$nl$made"
    said=$(mkdir "$1" 2>&1) || stop write "$said"
}
settle() { sync "$1" 2>/dev/null || sync; }
room() { # PATH: $staged is an empty file beside it, for its owner only
    beside=$(dirname "$1")
    folder "$beside"
    case $swept in *"$nl$beside$nl"*) ;; *)
        rm -f "$beside"/.astraeus.?????? # what a killed run left
        swept="$swept$beside$nl" ;;
    esac
    staged=$(mktemp "$beside/.astraeus.XXXXXX" 2>&1) || stop write "$staged"
}
ready() { # MODE SHA256: what was staged is whole, on the disk and has its mode
    [ "$(sha "$staged")" = "$2" ] || stop write "$staged is not what was sent: ${said:-it is cut off}"
    said=$(chmod "$1" "$staged" 2>&1) || stop write "$said"
    settle "$staged"
}
put() { said=$(mv -f "$staged" "$1" 2>&1) || stop write "$said"; }
copy() { # FROM TO MODE SHA256
    room "$2"
    said=$({ cat "$1" >"$staged"; } 2>&1) || stop write "$said"
    ready "$3" "$4"
    touch -r "$1" "$staged" 2>/dev/null
    put "$2"
}

take_in() {
    path=
    while IFS= read -r path && [ "$path" != go ]; do
        IFS= read -r mode; IFS= read -r old; IFS= read -r old_mode; IFS= read -r new; IFS= read -r backup
        IFS= read -r content || stop write "the order ended early"
        state "$path"
        [ "$now" = "$old" ] || stop changed "$path"
        staged=-
        if [ "$new" != - ]; then
            room "$path"
            said=$({ printf '%s' "$content" | unb64 >"$staged"; } 2>&1)
            ready "$mode" "$new"
        fi
        todo="$todo$path$tab$staged$tab$old$tab$old_mode$tab$new$tab$backup$nl"
    done
    [ "$path" = go ] || stop write "the order ended early"
}

back_up() {
    while IFS=$tab read -r path staged old old_mode new backup; do
        [ -z "$path" ] || [ "$old" = - ] || copy "$path" "$backup" 600 "$old"
    done <<TODO
$todo
TODO
    room "$RECORD"
    said=$({ printf 'run\t%s\n' "$RUN"; printf '%s' "$made" | sed "s/^/made$tab/"; printf '%s' "$todo" | sed "s/^/file$tab/"; } 2>&1 >"$staged") ||
        stop write "$said"
    said=
    ready 600 "$(sha "$staged")"
    put "$RECORD"
}

rename_all() {
    while IFS=$tab read -r path staged old old_mode new backup; do
        [ -n "$path" ] || continue
        state "$path"
        if [ "$now" != "$old" ]; then (undo) >/dev/null; stop changed "$path"; fi
        if [ "$new" = - ]; then said=$(rm -f "$path" 2>&1); else said=$(mv -f "$staged" "$path" 2>&1); fi || {
            why=$said
            (undo) >/dev/null
            stop write "$why"
        }
        settle "$(dirname "$path")"
        say changed "$path"
    done <<TODO
$todo
TODO
    settled=1
}

undo() {
    [ -f "$RECORD" ] && grep -qxF "run$tab$RUN" "$RECORD" || stop norecord "$RECORD"
    while IFS=$tab read -r what path staged old old_mode new backup; do
        [ "$what" = file ] || continue
        state "$path"
        case $now in "$old" | "$new") ;; *) stop changed "$path" ;; esac
    done <"$RECORD"
    while IFS=$tab read -r what path staged old old_mode new backup; do
        [ "$what" = file ] || continue
        state "$path"
        if [ "$old" = - ]; then
            said=$(rm -f "$path" 2>&1) || stop write "$said"
        elif [ "$now" != "$old" ]; then
            copy "$backup" "$path" "$old_mode" "$old"
        else
            chmod "$old_mode" "$path"
        fi
        say changed "$path"
    done <"$RECORD"
    while IFS=$tab read -r what path staged old old_mode new backup; do
        [ "$what" != file ] || rm -f "$backup"
    done <"$RECORD"
    gone=$(sed -n "s/^made$tab//p" "$RECORD")
    rm -f "$RECORD"
    while IFS= read -r path; do
        [ -z "$path" ] || rmdir "$path" 2>/dev/null
    done <<GONE
$gone
GONE
}

if [ "$ACT" = putback ]; then
    undo
else
    take_in
    back_up
    rename_all
fi
