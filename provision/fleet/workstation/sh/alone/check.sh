# Checks itself before anything else: a file that was cut or altered does nothing. POSIX sh, no root.
# In braces, so that a shell that meets the end of the file before theirs does nothing, either.
{
set -u
umask 077
LC_ALL=C
export LC_ALL
machine=$(uname -n 2>/dev/null || echo "this machine")
refused() { # CODE PROBLEM REMEDY
    printf '%s: %s\nNothing was changed.\n-> %s\n' "$machine" "$2" "$3" >&2
    exit "$1"
}
again='get it again from whoever made it, as a file: sh FILE'
[ -f "$0" ] && [ -r "$0" ] || refused 2 "this script is not run as a file, so it cannot check itself" "$again"
case $0 in /*) self=$0 ;; *) self=$PWD/$0 ;; esac
stated=$(sed -n '2s/^# .* sha256 \([0-9a-f]*\) .*/\1/p' "$self")
if command -v sha256sum >/dev/null 2>&1; then own=$(tail -n +3 "$self" | sha256sum)
elif command -v shasum >/dev/null 2>&1; then own=$(tail -n +3 "$self" | shasum -a 256)
else refused 3 "it has neither sha256sum nor shasum, with which this script checks itself" "install one of them"; fi
own=${own%% *}
[ -n "$stated" ] && [ "$stated" = "$own" ] ||
    refused 2 "${self##*/} was altered since it was made, or did not come whole: sha256 $own, not ${stated:-any}" "$again"
work=$(mktemp -d "${TMPDIR:-/tmp}/astraeus.XXXXXX") || refused 3 "no temporary folder can be made" "look at TMPDIR"
trap 'rm -rf "$work"' EXIT
trap 'exit 130' HUP INT TERM
mkdir "$work/files" "$work/parts"
}
