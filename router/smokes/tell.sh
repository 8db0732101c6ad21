# Tells each check as it comes, or all of them as one JSON document.
json=no
bad=0
count=0
green='' red='' off=''
colour() {
    if [ $json = yes ] || [ -n "${NO_COLOR:-}" ] || [ ! -t 1 ]; then return; fi
    green=$(printf '\033[32m') red=$(printf '\033[31m') off=$(printf '\033[0m')
}

# check NAME yes|no DETAIL [REMEDY]
check() {
    count=$((count + 1))
    [ "$2" = yes ] || bad=$((bad + 1))
    if [ $json = yes ]; then
        printf '%s\t%s\t%s\t%s\n' "$1" "$2" "$3" "${4:-}" >>"$scratch_dir/checks"
    elif [ "$2" = yes ]; then
        printf '%sok    %s  %-32s  %s\n' "$green" "$off" "$1" "$3"
    else
        printf '%sFAILED%s  %-32s  %s\n' "$red" "$off" "$1" "$3"
        [ -z "${4:-}" ] || printf '%-42s-> %s\n' '' "$4"
    fi
}

json_words='function word(text) {
    gsub(/\\/, "\\\\", text); gsub(/"/, "\\\"", text); gsub(/[\001-\037\177]/, " ", text)
    return "\"" text "\""
}'

verdict() { # the end of `local` and `routing`: 0, or 5 where a check failed
    if [ $json = yes ]; then
        touch "$scratch_dir/checks"
        awk -F '\t' -v ok="$([ $bad -eq 0 ] && echo true || echo false)" "$json_words"'
            BEGIN { printf "{\"ok\": %s, \"checks\": [", ok }
            { printf "%s\n  {\"check\": %s, \"ok\": %s, \"detail\": %s, \"remedy\": %s}", (NR > 1 ? "," : ""),
                word($1), ($2 == "yes" ? "true" : "false"), word($3), word($4) }
            END { print "\n]}" }' "$scratch_dir/checks"
    elif [ $bad -eq 0 ]; then
        echo "All is well: $count checks."
    else
        echo "$bad of $count checks failed."
    fi
    [ $bad -eq 0 ] || exit 5
    exit 0
}
