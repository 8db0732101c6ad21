# What every script on a workstation starts with. POSIX sh: dash, bash, zsh, busybox; Linux and macOS.
# Answers go to stdout, one `key value` line each; the last line is `end`. What they carry of the user's
# files goes through pipes only, never into an argument or a file that others can read.
set -u
umask 077
LC_ALL=C
export LC_ALL
cd "${HOME:-/}" 2>/dev/null || cd /

say() { printf '%s %s\n' "$1" "$2"; }

if command -v sha256sum >/dev/null 2>&1; then sum_all() { sha256sum "$@"; }
elif command -v shasum >/dev/null 2>&1; then sum_all() { shasum -a 256 "$@"; }
else sum_all() { openssl dgst -sha256 -r "$@"; }
fi
sha() { _sum=$(sum_all "$1") && _sum=${_sum#\\} && printf '%s' "${_sum%% *}"; }

b64() { base64 <"$1" | tr -d '\n'; }
unb64() { base64 -d 2>/dev/null || base64 -D 2>/dev/null; } # macOS once knew only -D

# The bytes between here and there are gone when this script ends, whichever way it ends.
scratch() {
    [ -n "${scratch_dir:-}" ] && return
    scratch_dir=$(mktemp -d "${TMPDIR:-/tmp}/astraeus.XXXXXX") || { say failed "scratch no temporary folder can be made there"; say end -; exit 0; }
}
leave() { [ -z "${scratch_dir:-}" ] || rm -rf "$scratch_dir"; }
trap leave EXIT
trap 'exit 129' HUP INT TERM
trap 'exit 141' PIPE

descendants() {
    ps -A -o pid= -o ppid= 2>/dev/null | awk -v root="$1" '
        { parent[$1] = $2 }
        END { for (pid in parent) { p = pid; while (p > 1 && p != root) p = parent[p]; if (p == root) print pid } }'
}
end_all() { # end_all PID...: each with what it started; some write until they are gone
    for _root; do
        # shellcheck disable=SC2046  # a list of process ids
        set -- "$@" $(descendants "$_root")
    done
    kill "$@" 2>/dev/null
    sleep 1
    kill -9 "$@" 2>/dev/null
}
# bounded SECONDS COMMAND...: kills the command and its children at the deadline (124); macOS has no timeout(1).
# Whoever breaks us off ends both: neither the command nor its watch goes on without us.
bounded() {
    _limit=$1; shift
    "$@" & _pid=$!
    # Until its own trap stands, the watch must not act by ours: bash would take the scratch folder along.
    trap '' TERM
    (
        trap 'kill "$_nap" 2>/dev/null; exit 0' TERM
        kill -0 "$_pid" 2>/dev/null || exit 0 # it was too quick for us
        sleep "$_limit" & _nap=$!
        wait "$_nap"
        _all="$_pid $(descendants "$_pid")"
        # shellcheck disable=SC2086  # a list of process ids
        kill $_all 2>/dev/null
        sleep 2 & _nap=$!
        wait "$_nap"
        # shellcheck disable=SC2086
        kill -9 $_all 2>/dev/null
    ) </dev/null >/dev/null 2>&1 & _dog=$!
    trap 'trap "" HUP INT TERM; end_all "$_pid" "$_dog"; exit 129' HUP INT TERM
    wait "$_pid"; _rc=$?
    trap 'exit 129' HUP INT TERM
    kill "$_dog" 2>/dev/null
    wait "$_dog" 2>/dev/null
    case $_rc in 143 | 137) _rc=124 ;; esac # it died of what is sent at the deadline
    return $_rc
}

# fetch SECONDS URL FILE: prints the HTTP status, or a word of what went wrong. Runs what the machine has.
fetch() {
    if command -v curl >/dev/null 2>&1; then
        curl -sS -L --connect-timeout 10 -m "$1" -o "$3" -w '%{http_code}' "$2" 2>"$3.err" || printf ' curl %s' "$?"
    elif command -v wget >/dev/null 2>&1; then
        if bounded "$1" wget -q -O "$3" "$2" 2>"$3.err"; then printf 200; else printf '000 wget %s' "$?"; fi
    elif command -v python3 >/dev/null 2>&1; then
        bounded "$1" python3 -c 'import shutil, sys, urllib.request as u
with u.urlopen(sys.argv[1], timeout=15) as r, open(sys.argv[2], "wb") as f:
    shutil.copyfileobj(r, f)
print(r.status, end="")' "$2" "$3" 2>"$3.err" || printf '000 python %s' "$?"
    else
        printf '000 no curl, wget or python3'
    fi
}
# refused ANSWER FILE: whether fetch says that nothing listens there. GNU's wget has a status for it, the others a
# sentence; whatever else went wrong is something that listens.
refused() {
    case $1 in
        '000 curl 7' | '000 wget 4') return 0 ;;
        '000 wget '* | '000 python '*) grep -q 'Connection refused' "$2.err" 2>/dev/null ;;
        *) return 1 ;;
    esac
}

login_env() {
    # As a login shell sees it; only the names below leave this function: the rest may be secret.
    scratch
    _shell=${SHELL:-/bin/sh}
    # A fish that never ran would make its folders now.
    case $_shell in */fish)
        [ -d "$HOME/.config/fish" ] && [ -d "$HOME/.local/share/fish" ] || _shell=/bin/sh ;;
    esac
    bounded 8 "$_shell" -l -c env </dev/null >"$scratch_dir/env" 2>/dev/null
    # Of what may be secret only whether it is set.
    sed -n -E 's/^([A-Z][A-Z0-9_]*_(KEY|TOKEN))=.+$/\1/p' "$scratch_dir/env" >"$scratch_dir/login_set"
    sed -n -E 's/^(PATH|XDG_CONFIG_HOME|XDG_STATE_HOME|XDG_DATA_HOME|OPENCODE_CONFIG|OPENCODE_CONFIG_DIR|OLLAMA_HOST)=(.*)$/\1=\2/p' \
        "$scratch_dir/env" >"$scratch_dir/login"
    rm -f "$scratch_dir/env"
    PATH_LOGIN=$(login_value PATH)
    [ -n "$PATH_LOGIN" ] || PATH_LOGIN=$PATH
}
login_value() { sed -n "s/^$1=//p" "$scratch_dir/login" | tail -n 1; }
login_has() { grep -x "$1" "$scratch_dir/login_set" 2>/dev/null; }
seek() { (PATH=$PATH_LOGIN; command -v "$1" 2>/dev/null); }
find_opencode() { # $found: the one that a login shell would start, else one in a usual place, in PATH or not
    found=
    for candidate in "$(seek opencode)" "$HOME/.local/bin/opencode" "$HOME/.opencode/bin/opencode" \
        "$HOME/.bun/bin/opencode" "$HOME/.npm-global/bin/opencode" /opt/homebrew/bin/opencode \
        /usr/local/bin/opencode "$HOME"/.local/share/astraeus-provision/opencode/*/bin/opencode; do
        case $candidate in /*) ;; *) continue ;; esac
        if [ -f "$candidate" ] && [ -x "$candidate" ]; then found=$candidate; return; fi
    done
}
