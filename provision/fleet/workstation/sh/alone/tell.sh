# Speaks to the person, and runs the parts that publishing over SSH runs, too. `$work` is the folder of this run.
changed='Nothing was changed.'
tab='	'
fail() { # CODE PROBLEM REMEDY [FILE]: the file holds what was said
    {
        printf '%s: %s\n' "$machine" "$2"
        [ -z "${4:-}" ] || sed 's/[^[:print:]	]/?/g; s/^/    | /' "$4"
        printf '%s\n-> %s\n' "$changed" "$3"
    } >&2
    exit "$1"
}
warn() { printf '%s: %s\n-> %s\n' "$machine" "$1" "$2" >&2; }
number=0
planned() { number=$((number + 1)); printf '  %s. %s\n' "$number" "$1"; }
agreed() { # QUESTION: a person says yes, once
    [ -z "$yes" ] || return 0
    [ -t 0 ] && [ -t 2 ] || fail 2 "nobody can be asked here" "run it again with --yes"
    printf '%s [y/N] ' "$1" >&2
    IFS= read -r answer || answer=
    case $answer in y | Y | yes | Yes | YES) ;; *) printf 'You said no. Nothing was changed.\n' >&2; exit 130 ;; esac
}
part() ( # NAME: its answers on stdout; what it leaves in the temporary folder goes with it
    . "$work/parts/common.sh"
    scratch_dir=
    . "$work/parts/$1.sh"
)
said() { sed -n "s/^$2 //p" "$work/$1" | head -n 1; }
came() { [ "$(tail -n 1 "$work/$1" 2>/dev/null)" = 'end -' ]; }
fault_of() { # NAME CODE: fails by what a part said of itself, if it did not come to its end
    came "$1" || fail "$2" "$1 broke off" "run it again" "$work/$1"
    wrong=$(said "$1" failed)
    [ -n "$wrong" ] || return 0
    code=${wrong%% *}
    printf '%s\n' "${wrong#* }" | tr '|' '\n' | sed '/^ *$/d' >"$work/evidence"
    grep "^$1$tab$code$tab" "$work/files/faults" >"$work/row" || printf '%s\t%s\t%s broke off\tsee what it said\n' "$1" "$code" "$1" >"$work/row"
    IFS=$tab read -r _ _ problem remedy <"$work/row"
    case $problem in *'{0}'*) problem=${problem%%'{0}'*}${wrong#* }${problem#*'{0}'} ;; esac
    fail "$2" "$problem" "$remedy" "$work/evidence"
}
