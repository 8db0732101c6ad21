# `routing --live`: one real request for every agent, through an OpenCode of its own.
lanes=
stop_server() { # what is below it: it then ends by itself, and no shell tells of a job that was killed
    # shellcheck disable=SC2046,SC2086  # lists of process ids
    end_all $lanes $(descendants "$server")
    wait "$server" 2>/dev/null
    server=
}
leave() { # also where somebody breaks it off
    trap '' HUP INT TERM
    [ -z "${server:-}" ] || stop_server
    [ -z "${scratch_dir:-}" ] || rm -rf "$scratch_dir"
}

smoke_live() {
    secret=$(od -An -N16 -tx1 /dev/urandom | tr -d ' \n')
    key_file=$scratch_dir/key
    _basic=$(printf 'opencode:%s' "$secret" | base64 | tr -d '\n')
    printf 'header = "Authorization: Basic %s"\n' "$_basic" >"$key_file"
    printf 'header = Authorization: Basic %s\n' "$_basic" >"$key_file.wget"
    OPENCODE_SERVER_PASSWORD=$secret
    export OPENCODE_SERVER_PASSWORD
    : >"$scratch_dir/serve"
    bounded "$(at_most 108)" in_copy "$found" serve --hostname 127.0.0.1 --port 0 \
        </dev/null >"$scratch_dir/serve" 2>"$scratch_dir/serve.err" &
    server=$!
    address=
    while [ -z "$address" ] && kill -0 "$server" 2>/dev/null && [ "$(left)" -gt 60 ]; do
        address=$(sed -n 's/.*listening on \(http:[^ ]*\).*/\1/p' "$scratch_dir/serve" | head -n 1)
        [ -n "$address" ] || sleep 1
    done
    # In its first seconds it may leave a request without an answer: ask again.
    echo '{"title":"astraeus smoke"}' >"$scratch_dir/title"
    ready=
    while [ -n "$address" ] && [ -z "$ready" ] && [ "$(left)" -gt 40 ]; do
        code=$(ask 5 "$address/session" "$scratch_dir/title" "$scratch_dir/session")
        if [ "$code" = 200 ]; then ready=yes; else sleep 1; fi
        kill -0 "$server" 2>/dev/null || break
    done
    if [ -z "$ready" ]; then
        said=$(tail -n 1 "$scratch_dir/serve.err" | plain)
        remedy='see what `opencode serve` says'
        # Not every wget reads WGETRC.
        command -v curl >/dev/null 2>&1 || command -v python3 >/dev/null 2>&1 ||
            remedy="$remedy; install curl, where this machine's wget cannot send a password"
        check live no "OpenCode's server does not answer${said:+: $said}" "$remedy"
    else
        # The pool is asked for one agent after the other: all at once they would wait for each other.
        awk -F '\t' '$3 == "gpu"' "$scratch_dir/agents" >"$scratch_dir/lane.pool"
        live_lane pool &
        lanes=$!
        number=0
        awk -F '\t' '$3 != "gpu"' "$scratch_dir/agents" >"$scratch_dir/others"
        while read -r line; do
            number=$((number + 1))
            printf '%s\n' "$line" >"$scratch_dir/lane.$number"
            live_lane $number &
            lanes="$lanes $!"
        done <"$scratch_dir/others"
        # shellcheck disable=SC2086  # a list of process ids
        wait $lanes
        lanes=
        while IFS=$TAB read -r name _; do
            ok=no detail='it was not asked: the time is over'
            [ ! -f "$scratch_dir/live.$name" ] || IFS=$TAB read -r ok detail <"$scratch_dir/live.$name"
            check "$name: live" "$ok" "$detail" 'see `smoke local` and the lines above'
        done <"$scratch_dir/agents"
    fi
    stop_server
    key_file=
}

live_lane() {
    trap - EXIT
    silent=
    while IFS=$TAB read -r name shown _ _ _ _ links; do
        first=${links%%>*}
        case " $silent " in *" $first "*)
            printf 'no\tnot asked: %s failed for another agent just now\n' "$first" >"$scratch_dir/live.$name"
            continue ;;
        esac
        before=$(left)
        [ "$before" -gt 8 ] || return
        live_agent </dev/null >"$scratch_dir/live.$name.part"
        mv "$scratch_dir/live.$name.part" "$scratch_dir/live.$name"
        # Others wait for the same model no longer than one did.
        if ! grep -q '^yes' "$scratch_dir/live.$name" && [ $((before - $(left))) -gt 15 ]; then
            silent="$silent $first"
        fi
    done <"$scratch_dir/lane.$1"
}

live_agent() {
    mine=$scratch_dir/ask.$name
    started=$(now_ms)
    code=$(ask 15 "$address/session" "$scratch_dir/title" "$mine")
    flat "$mine" >"$mine.flat" 2>/dev/null
    session=$(pick "$mine.flat" id)
    [ -n "$session" ] || { printf 'no\tOpenCode made no session: %s\n' "$(why "$code" "$mine")"; return; }
    printf '{"agent":"%s","parts":[{"type":"text","text":"%s"}]}' "$shown" \
        'Answer with the one word OK. Use no tools.' >"$mine.body"
    rm -f "$mine"
    code=$(ask "$(at_most 90)" "$address/session/$session/message" "$mine.body" "$mine")
    fault=$(why "$code" "$mine")
    # Where the next link steps in, the request ends with the first one's fault, and the answer comes afterwards.
    model=
    until_ms=$(($(now_ms) + $([ "$code" = 200 ] && echo 20000 || echo 2000)))
    while [ -z "$model" ] && [ "$(left)" -gt 2 ]; do
        code=$(ask 5 "$address/session/$session/message" '' "$mine")
        flat "$mine" >"$mine.flat" 2>/dev/null
        model=$(answer_in "$mine.flat")
        [ -n "$model" ] || fault=$(awk -F '\t' '
            $1 ~ /\037info\037error\037data\037message$/ { text = $2 }
            END { print text }' "$mine.flat" | plain)
        [ "$(now_ms)" -lt "$until_ms" ] || break
        [ -n "$model" ] || sleep 1
    done
    took=$(since "$started")
    if [ -z "$model" ]; then printf 'no\tno answer after %s s%s\n' "$took" "${fault:+: $fault}"
    elif [ "$model" = "$first" ]; then printf 'yes\t%s answered in %s s\n' "$model" "$took"
    else printf 'no\t%s stepped in for %s, and answered after %s s\n' "$model" "$first" "$took"; fi
}

# answer_in FLAT: which model wrote a session's last whole answer.
answer_in() {
    awk -F '\t' '
        { split($1, step, "\037"); at = step[1] }
        step[2] == "info" && step[3] == "role" { role[at] = $2 }
        step[2] == "info" && step[3] == "providerID" { provider[at] = $2 }
        step[2] == "info" && step[3] == "modelID" { model[at] = $2 }
        step[2] == "info" && step[3] == "error" { broken[at] = 1 }
        step[2] == "info" && step[4] == "completed" { done[at] = 1 }
        step[2] == "parts" && step[4] == "type" { type[at, step[3]] = $2 }
        step[2] == "parts" && step[4] == "text" && $2 != "" && type[at, step[3]] == "text" { text[at] = 1 }
        END { for (i = 0; i in role; i++)
            if (role[i] == "assistant" && done[i] && text[i] && !broken[i]) last = provider[i] "/" model[i]
            print last }' "$1"
}
