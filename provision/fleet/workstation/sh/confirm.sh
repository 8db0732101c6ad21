# Lets this machine's own OpenCode answer through the file that was published. Leaves nothing behind: OpenCode's
# data, state, cache and own configuration folder are made for this and thrown away, and the user's file is not
# written to. Set above: CONFIG, SHA256, SESSION (yes or no), DEADLINE_S, PROMPT, MODELS (`provider/model>url,…`: a
# router lists what one of its hosts has, so those that should have the model stand behind it),
# AGENTS (yes: also tell every agent with its model, as OpenCode resolves them with the plugin).
scratch
[ ! -h "$CONFIG" ] && [ -f "$CONFIG" ] && now=$(sha "$CONFIG") || now=absent
say sha256 "$now"
[ "$now" = "$SHA256" ] || { say end -; exit 0; }

agents() {
    a=$s/agents
    mkdir -p "$a/empty"
    copy_home "$a" "$CONFIG"
    (
        cd "$a/empty" || exit
        PATH=$PATH_LOGIN
        HOME=$a XDG_CONFIG_HOME=$a/.config XDG_DATA_HOME=$a/data XDG_STATE_HOME=$a/state XDG_CACHE_HOME=$a/cache
        OPENCODE_DISABLE_AUTOUPDATE=1 OPENCODE_DISABLE_MODELS_FETCH=1 OMO_SEND_ANONYMOUS_TELEMETRY=0
        export PATH HOME XDG_CONFIG_HOME XDG_DATA_HOME XDG_STATE_HOME XDG_CACHE_HOME \
            OPENCODE_DISABLE_AUTOUPDATE OPENCODE_DISABLE_MODELS_FETCH OMO_SEND_ANONYMOUS_TELEMETRY
        unset OPENCODE_CONFIG OPENCODE_CONFIG_CONTENT OPENCODE_CONFIG_DIR OPENCODE_PERMISSION OMO_PROFILE OCX_PROFILE
        bounded 120 "$found" debug config </dev/null
    ) >"$s/config.json" 2>"$s/config.err"
    say agents "$? =$(tail -n 10 "$s/config.err" | head -c 4000 >"$s/said"; b64 "$s/said")"
    # OpenCode prints a value a line, two spaces for each level.
    awk '/^  "agent": \{/ { on = 1; next } /^  [}"]/ { on = 0 }
        on && /^    "/ { name = $0; sub(/^    "/, "", name); sub(/": \{.*/, "", name) }
        on && /^      "model": "/ { model = $0; sub(/^      "model": "/, "", model); sub(/",?$/, "", model)
            print "agent " model " " name }' "$s/config.json"
}

offers() { # URL: whether the list there has $name; $code is how it answered
    code=$(fetch 30 "$1/models" "$scratch_dir/models")
    [ "$code" = 200 ] && grep -qF "\"$name\"" "$scratch_dir/models"
}
all=yes
for pair in $MODELS; do
    model=${pair%%>*}
    # The server lists every model with its tag; without one it means `latest`.
    name=${model#*/}
    case $name in *:*) ;; *) name=$name:latest ;; esac
    listed=no
    said=
    for url in $(printf '%s' "${pair#*>}" | tr ',' ' '); do
        if offers "$url"; then listed=yes; said=200; break; fi
        said="$said${said:+; $url: }$code"
        [ "${said%%;*}" = 200 ] || break
    done
    [ $listed = yes ] || all=no
    say listed "$model $listed $said"
done

# OpenCode would try for a minute before it said the same.
if [ "$SESSION" = yes ] && [ $all = yes ]; then
    login_env
    find_opencode
    say opencode "$found"
    if [ -n "$found" ]; then
        s=$scratch_dir
        [ "$AGENTS" != yes ] || agents
        for pair in $MODELS; do
            model=${pair%%>*}
            rm -rf "$s/run"
            mkdir -p "$s/run/empty"
            began=$(date +%s)
            (
                cd "$s/run/empty" || exit
                PATH=$PATH_LOGIN
                OPENCODE_CONFIG=$CONFIG
                XDG_CONFIG_HOME=$s/run/config XDG_DATA_HOME=$s/run/data
                XDG_STATE_HOME=$s/run/state XDG_CACHE_HOME=$s/run/cache
                npm_config_cache=$s/run/npm OPENCODE_DISABLE_AUTOUPDATE=1 OPENCODE_DISABLE_MODELS_FETCH=1
                export PATH OPENCODE_CONFIG XDG_CONFIG_HOME XDG_DATA_HOME XDG_STATE_HOME XDG_CACHE_HOME \
                    npm_config_cache OPENCODE_DISABLE_AUTOUPDATE OPENCODE_DISABLE_MODELS_FETCH
                unset OPENCODE_CONFIG_CONTENT OPENCODE_CONFIG_DIR OPENCODE_PERMISSION
                bounded "$DEADLINE_S" "$found" run --pure --agent build --title astraeus --format json --model "$model" \
                    "$PROMPT" </dev/null
            ) >"$s/run/out" 2>"$s/run/err"
            rc=$?
            took=$(($(date +%s) - began))
            grep '"type":"text"\|"type":"error"' "$s/run/out" | head -c 60000 >"$s/run/events"
            { tail -n 10 "$s/run/err"; grep -h ERROR "$s"/run/data/opencode/log/*.log 2>/dev/null | tail -n 3; } |
                head -c 4000 >"$s/run/said"
            say answer "$model $rc $took =$(b64 "$s/run/events") =$(b64 "$s/run/said")"
        done
    fi
    say sha256 "$(sha "$CONFIG")"
fi
say end -
