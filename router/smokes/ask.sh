# Asks over HTTP with what the machine has, never longer than is left.
MOST_S=110

left() { echo $((MOST_S - $(date +%s) + began)); }
at_most() { # at_most SECONDS: or what is left, where that is less
    _left=$(left)
    if [ "$_left" -lt "$1" ]; then _most=$_left; else _most=$1; fi
    if [ "$_most" -lt 1 ]; then echo 1; else echo "$_most"; fi
}

now_ms() { # where date knows no fractions, in whole seconds
    _now=$(date +%s%N 2>/dev/null)
    case $_now in
        *[!0-9]* | '') echo "$(date +%s)000" ;;
        ???????????????????) echo "${_now%??????}" ;;
        *) echo "$(date +%s)000" ;;
    esac
}
since() { awk -v ms="$(($(now_ms) - $1))" 'BEGIN { printf "%.1f", ms / 1000 }'; }

# ask SECONDS URL BODY FILE: sends a file as JSON, or nothing where BODY is empty; prints the HTTP status, or a word
# of what went wrong. $key_file, where it is set, holds a header that is no argument: others may read those.
ask() {
    if command -v curl >/dev/null 2>&1; then
        curl -sS --connect-timeout 5 -m "$1" ${key_file:+-K "$key_file"} -H 'Content-Type: application/json' \
            ${3:+--data-binary "@$3"} -o "$4" -w '%{http_code}' "$2" 2>"$4.err" || printf ' curl %s' "$?"
    elif command -v wget >/dev/null 2>&1; then
        if bounded "$1" env ${key_file:+"WGETRC=$key_file.wget"} wget -q ${3:+--post-data "$(cat "$3")"} \
            --header 'Content-Type: application/json' -O "$4" "$2" 2>"$4.err"; then
            printf 200
        else
            printf '000 wget %s' "$?"
        fi
    elif command -v python3 >/dev/null 2>&1; then
        bounded "$1" env "KEY_FILE=${key_file:-/dev/null}" python3 -c 'import os, re, shutil, sys, urllib.error
import urllib.request as u
body = open(sys.argv[2], "rb").read() if sys.argv[2] else None
asked = u.Request(sys.argv[1], data=body, headers={"Content-Type": "application/json"})
for name, value in re.findall("\"(.*?): (.*)\"", open(os.environ["KEY_FILE"]).read()):
    asked.add_header(name, value)
try:
    answer = u.urlopen(asked)
except urllib.error.HTTPError as error:
    answer = error
with open(sys.argv[3], "wb") as f:
    shutil.copyfileobj(answer, f)
print(answer.status, end="")' "$2" "$3" "$4" 2>"$4.err" || printf '000 python %s' "$?"
    else
        printf '000 no curl, wget or python3'
    fi
}

# why CODE FILE: what the status of `ask` means.
why() {
    case $1 in
        '000 no '*) printf 'this machine has %s' "${1#000 }" ;;
        *'curl 28' | *'wget 124' | *'python 124' | *'wget 4') printf 'no answer in time' ;;
        *' curl 7') printf 'nobody listens there' ;;
        *' curl 6') printf 'its name does not resolve' ;;
        000*) grep -q 'HTTP' "$2.err" 2>/dev/null && plain <"$2.err" || printf 'it cannot be reached' ;;
        *)
            flat "$2" >"$2.flat" 2>/dev/null
            _said=$(pick "$2.flat" error message)
            [ -n "$_said" ] || _said=$(pick "$2.flat" error)
            printf 'HTTP %s%s' "$1" "${_said:+: }"
            printf '%s' "$_said" | plain ;;
    esac
}

# answered CODE FILE: whether a server said anything at all.
answered() {
    case $1 in
        *'wget 8') ;;
        000*) grep -q 'HTTP/[0-9]\|HTTP Error\|ERROR [0-9]' "$2.err" 2>/dev/null ;;
    esac
}

# One line of what others said: no control characters, no end of it that nobody reads.
plain() { tr '\n\t' '  ' | tr -cd ' -~' | cut -c 1-200 | sed 's/ *$//'; }
