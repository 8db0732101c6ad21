# `local`: this workstation by itself.
smoke_local() {
    find_program
    if [ -z "$found" ]; then no_program; else
        local_opencode
        if read_settings; then local_plugin; local_config; else
            check config no "OpenCode does not read its configuration: $said" "mend what it names, or $AGAIN"
        fi
    fi
    local_router
    facts model >"$scratch_dir/models"
    asked=$(grep -c '' "$scratch_dir/models")
    while IFS=$TAB read -r name ref tools _; do
        [ -n "$name" ] || continue
        local_model
        asked=$((asked - 1))
    done <"$scratch_dir/models"
    verdict
}

local_opencode() {
    pin=$(fact opencode)
    bounded "$(at_most 15)" in_copy "$found" --version </dev/null >"$scratch_dir/version" 2>/dev/null
    has=$(tail -n 1 "$scratch_dir/version" | plain)
    if [ "$has" = "$pin" ]; then
        check opencode yes "$has, $found"
    elif [ -z "$has" ]; then
        check opencode no "$found does not say its version" "install OpenCode $pin"
    else
        newest=$(printf '%s\n%s\n' "$has" "$pin" | sort -t . -k 1,1n -k 2,2n -k 3,3n | tail -n 1)
        [ "$newest" = "$pin" ] && side=older || side=newer
        check opencode no "$has is $side than $pin, which all this was tried with ($found)" \
            "install OpenCode $pin, or $AGAIN"
    fi
}

local_plugin() {
    pin=$(fact plugin)
    [ -n "$pin" ] || return 0
    folder=$DATA/plugin/$pin/node_modules/oh-my-openagent
    if [ ! -f "$folder/package.json" ]; then
        check plugin no "oh-my-openagent $pin is not in $folder" "$AGAIN"
    elif ! joined "$settings" plugin | tr '>' '\n' | grep -qxF "file://$folder"; then
        check plugin no "OpenCode's configuration does not name it: ${config}" "$AGAIN"
    elif ! grep -q "^agent${US}Sisyphus" "$settings"; then
        check plugin no 'it is there, but OpenCode did not load it' "see why with opencode --print-logs, or $AGAIN"
    else
        check plugin yes "oh-my-openagent $pin is loaded"
    fi
}

local_config() {
    wrong=
    while IFS=$TAB read -r name ref _; do
        base=$(base_of "$name")
        has=$(pick "$settings" provider "${ref%%/*}" options baseURL)
        if [ -z "$(pick "$settings" provider "${ref%%/*}" models "${ref#*/}" limit context)" ]; then
            wrong="it does not have the model $ref"
        elif ! ours "$has" "$name"; then
            wrong="$ref is asked at ${has:-no address}, not at $base/v1"
        fi
        [ -z "$wrong" ] || break
    done <<END
$(facts model)
END
    if [ -n "$wrong" ]; then check config no "$config: $wrong" "$AGAIN"; else
        check config yes "$config is read and ours"
    fi
}
ours() { # ours URL MODEL: the router's, or where there is none a host's that has the model
    _router=$(router_url)
    if [ -n "$_router" ]; then [ "$1" = "$_router/v1" ]; else
        facts host | while IFS=$TAB read -r _ url models; do
            [ "$1" = "$url/v1" ] && serves "$models" "$2" && echo yes
        done | grep -q yes
    fi
}

local_router() {
    url=$(router_url)
    [ -n "$url" ] || return 0
    code=$(ask "$(at_most 5)" "$url/-/router" '' "$scratch_dir/router")
    if grep -q '^astraeus-router' "$scratch_dir/router" 2>/dev/null; then
        check router yes "$url answers"
    elif answered "$code" "$scratch_dir/router"; then
        check router no "another process answers on ${url#http://}" "stop that process, then $AGAIN"
    else
        _proxy=
        [ -z "${http_proxy:-}${HTTP_PROXY:-}" ] || _proxy='; http_proxy is set: is 127.0.0.1 in no_proxy?'
        check router no "$url: $(why "$code" "$scratch_dir/router")$_proxy" \
            'start it: systemctl --user restart astraeus-router (on a Mac: launchctl kickstart)'
    fi
}

POOL_ADVICE='see that the host is on and serves it: `astraeus-provision verify` where the site is kept'

# Each model has its share of the time, so that one that hangs does not cost the others their turn.
share() {
    _share=$(($(left) / ${asked:-1}))
    if [ $_share -lt 20 ]; then _share=20; fi
    at_most $_share
}

local_model() {
    base=$(base_of "$name")
    reply=$scratch_dir/reply
    if [ "$(left)" -lt 3 ]; then
        check "$name" no "not asked: $MOST_S s are over" 'run it again when the others answer'
        return
    fi
    model_body 'Say in one short sentence that you are ready.' 64 '' >"$scratch_dir/body"
    rm -f "$reply"
    started=$(now_ms)
    code=$(ask "$(share)" "$base/v1/chat/completions" "$scratch_dir/body" "$reply")
    took=$(since "$started")
    [ "$code" != 200 ] || flat "$reply" >"$reply.flat"
    if [ "$code" != 200 ]; then
        check "$name" no "no answer after $took s: $(why "$code" "$reply")" "$POOL_ADVICE"
        return
    fi
    tokens=$(pick "$reply.flat" usage completion_tokens)
    case ${tokens:-0} in *[!0-9]* | 0) check "$name" no "its answer is empty" "$POOL_ADVICE"; return ;; esac
    rate=$(rate "$tokens" "$took")
    # The first answer may have waited for the model to load.
    case $took in 0.* | 1.*) ;; *)
        started=$(now_ms)
        if [ "$(ask "$(share)" "$base/v1/chat/completions" "$scratch_dir/body" "$reply")" = 200 ]; then
            flat "$reply" >"$reply.flat"
            rate="$(rate "$(pick "$reply.flat" usage completion_tokens)" "$(since "$started")") once loaded"
        fi ;;
    esac
    check "$name" yes "answered in $took s, $rate"
    local_tool_call
    local_context
}

rate() { awk -v n="$1" -v s="$2" 'BEGIN { printf "%.1f tokens/s", n / (s > 0.1 ? s : 0.1) }'; }

model_body() { # model_body PROMPT TOKENS TOOLS
    printf '{"model":"%s","messages":[{"role":"user","content":"%s"}],"max_tokens":%s,%s' "$name" "$1" "$2" "$3"
    printf '"temperature":0,"seed":1,"stream":false}'
}

PROBE='"tools":[{"type":"function","function":{"name":"astraeus_probe",
    "description":"Reports one number back to the caller.","parameters":{"type":"object","required":["number"],
    "properties":{"number":{"type":"integer","description":"the number to report"}}}}}],'

local_tool_call() {
    [ "$tools" != no ] || return 0
    model_body 'Call the tool astraeus_probe with number 7. Do not write anything else.' 512 "$PROBE" \
        >"$scratch_dir/body"
    rm -f "$reply"
    code=$(ask "$(share)" "$base/v1/chat/completions" "$scratch_dir/body" "$reply")
    if [ "$code" != 200 ]; then
        wrong=$(why "$code" "$reply")
    else
        flat "$reply" >"$reply.flat"
        called=$(pick "$reply.flat" choices 0 message tool_calls 0 function name)
        number=$(pick "$reply.flat" choices 0 message tool_calls 0 function arguments | tr -cd '0-9')
        if [ "$called" = astraeus_probe ] && [ "$number" = 7 ]; then
            check "$name: tool call" yes 'astraeus_probe(7)'
            return
        fi
        wrong="it called ${called:-no tool}${called:+($number)}"
    fi
    if [ "$tools" = 'may fail' ]; then
        check "$name: tool call" yes "$wrong: known of this model"
    else
        check "$name: tool call" no "$wrong" \
            'its agents cannot read files: let the host serve the pinned model again'
    fi
}

local_context() {
    want=$(fact context)
    seen=
    while IFS=$TAB read -r host url models; do
        serves "$models" "$name" || continue
        code=$(ask "$(at_most 5)" "$url/api/ps" '' "$reply.ps")
        [ "$code" = 200 ] || continue
        flat "$reply.ps" >"$reply.flat"
        case $name in *:*) tagged=$name ;; *) tagged=$name:latest ;; esac
        at=$(MODEL=$tagged awk -F '\t' '$1 ~ /^models\037[0-9]+\037name$/ && $2 == ENVIRON["MODEL"] {
            split($1, step, "\037"); print step[2]; exit }' "$reply.flat")
        [ -n "$at" ] || continue
        has=$(pick "$reply.flat" models "$at" context_length)
        seen="$seen${seen:+, }$has on $host"
        [ "$has" = "$want" ] || wrong_context=$has
    done <<END
$(facts host)
END
    if [ -z "$seen" ]; then
        check "$name: context" no 'no host shows it as loaded' "$POOL_ADVICE"
    elif [ -n "${wrong_context:-}" ]; then
        check "$name: context" no "$seen, not $want tokens" \
            'deploy the host again: longer prompts are cut there without a word'
    else
        check "$name: context" yes "$seen"
    fi
    wrong_context=
}
