# Lets this machine's own OpenCode answer through the file that was published. Leaves nothing behind: OpenCode's
# data, state, cache and own configuration folder are made for this and thrown away, and the user's file is not
# written to. Set above: CONFIG, SHA256, SESSION (yes or no), DEADLINE_S, PROMPT, MODELS (`provider/model>url`),
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

all=yes
for pair in $MODELS; do
    model=${pair%%>*}
    url=${pair#*>}
    # Asked by the model: one of the hosts behind a loopback router may well not have it.
    code=$(fetch 30 "${url%/v1}/api/show" "$scratch_dir/model" "{\"model\":\"${model#*/}\"}")
    listed=no
    case $code in 200) grep -q '"details"' "$scratch_dir/model" && listed=yes ;; esac
    : >"$scratch_dir/said"
    [ $listed = yes ] || head -c 300 "$scratch_dir/model" >"$scratch_dir/said" 2>/dev/null
    [ $listed = yes ] || all=no
    say listed "$model $listed $code =$(b64 "$scratch_dir/said")"
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
