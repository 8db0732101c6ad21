# Tells each check as it comes, or all of them as one JSON document.
json=no
bad=0
count=0
checks=
NL='
'
green='' red='' off=''
colour() {
    if [ $json = yes ] || [ -n "${NO_COLOR:-}" ] || [ ! -t 1 ]; then return; fi
    green=$(printf '\033[32m') red=$(printf '\033[31m') off=$(printf '\033[0m')
}

# tell TEXT: a part of the answer. A reader that has gone ends us by a signal.
tell() { printf '%s\n' "$1" 2>/dev/null || unheard; }
unheard() {
    echo 'smoke.sh: what it has to say cannot be written to stdout' >&2
    exit 5
}
tell_json() { # tell_json TEXT: JSON is UTF-8, and what it tells of may be something else
    if ! printf '%s' "$1" | iconv -f UTF-8 -t UTF-8 >/dev/null 2>&1; then
        set -- "$(printf '%s' "$1" | tr -c '\n -~' '?')"
    fi
    tell "$1"
}

# check NAME yes|no DETAIL [REMEDY]
check() {
    count=$((count + 1))
    [ "$2" = yes ] || bad=$((bad + 1))
    if [ $json = yes ]; then
        checks=$checks$1$TAB$2$TAB$3$TAB${4:-}$NL
    elif [ "$2" = yes ]; then
        tell "$(printf '%sok    %s  %-32s  %s' "$green" "$off" "$1" "$3")"
    else
        tell "$(printf '%sFAILED%s  %-32s  %s' "$red" "$off" "$1" "$3")"
        [ -z "${4:-}" ] || tell "$(printf '%-42s-> %s' '' "$4")"
    fi
}

json_words='function word(text) {
    gsub(/\\/, "\\\\", text); gsub(/"/, "\\\"", text); gsub(/[\001-\037\177]/, " ", text)
    return "\"" text "\""
}'

verdict() { # the end of `local` and `routing`: 0, or 5 where a check failed
    if [ $json = yes ]; then
        [ $bad -eq 0 ] && _ok=true || _ok=false
        tell_json "$(printf '%s' "$checks" | awk -F '\t' -v ok=$_ok "$json_words"'
            BEGIN { printf "{\"ok\": %s, \"checks\": [", ok }
            { printf "%s\n  {\"check\": %s, \"ok\": %s, \"detail\": %s, \"remedy\": %s}", (NR > 1 ? "," : ""),
                word($1), ($2 == "yes" ? "true" : "false"), word($3), word($4) }
            END { print "\n]}" }')"
    else
        [ $count -eq 1 ] && _checks=check || _checks=checks
        if [ $bad -eq 0 ]; then tell "All is well: $count $_checks."; else tell "$bad of $count $_checks failed."; fi
    fi
    [ $bad -eq 0 ] || exit 5
    exit 0
}
