# What was published to this workstation, and its OpenCode in a home that is a copy.
AGAIN='run `astraeus-provision router apply` where the site is kept'
DATA=${HOME:-}/.local/share/astraeus-provision
FACTS=$DATA/expected.tsv

fact() { awk -F '\t' -v kind="$1" '$1 == kind { print $2; exit }' "$FACTS"; }
facts() { awk -F '\t' -v kind="$1" '$1 == kind' "$FACTS" | cut -f 2-; }

# What every command begins with: is there what it compares with?
known() {
    if [ -z "${HOME:-}" ]; then unable published 'HOME is not set' 'set HOME to your home, then run it again'
    elif [ ! -f "$FACTS" ] || [ ! -r "$FACTS" ]; then unable published "$FACTS is not there" "$AGAIN"
    elif ! whole; then unable published "$FACTS is not whole" "$AGAIN"; fi
}
whole() { # the last line counts the others
    awk -F '\t' '
        { ended = $1 == "end" && $2 == NR - 1; has[$1] = $2 }
        END { exit !(ended && has["opencode"] != "" && has["config"] ~ /^\/.+\//) }' "$FACTS"
}

home_of() { # home_of VARIABLE DEFAULT: a folder as OpenCode takes it
    eval "_home=\${$1:-}"
    [ -n "$_home" ] || _home=$(login_value "$1")
    printf '%s' "${_home:-$2}"
}

find_program() {
    login_env
    PATH=$PATH:$PATH_LOGIN
    found=$(command -v opencode 2>/dev/null)
    case $found in /*) ;; *) find_opencode ;; esac
    opencode_data=$(home_of XDG_DATA_HOME "$HOME/.local/share")/opencode
    [ -z "$found" ] || make_copy
}

no_program() {
    check opencode no "OpenCode is not on this machine" "$AGAIN, or install OpenCode $(fact opencode)"
}

make_copy() {
    copy=$scratch_dir/home
    config=$(fact config)
    mkdir -p "$copy/.local/share/opencode" "$copy/empty"
    [ ! -f "$opencode_data/auth.json" ] || cp "$opencode_data/auth.json" "$copy/.local/share/opencode/"
    copy_home "$copy" "$config"
}

in_copy() { # in_copy PROGRAM...: under a deadline, which an interrupt of ours reaches only around it
    (
        cd "$copy/empty" || exit
        HOME=$copy XDG_CONFIG_HOME=$copy/.config XDG_DATA_HOME=$copy/.local/share
        XDG_STATE_HOME=$copy/.local/state XDG_CACHE_HOME=$copy/.cache npm_config_cache=$copy/.npm
        OPENCODE_DISABLE_AUTOUPDATE=1 OPENCODE_DISABLE_MODELS_FETCH=1 OMO_SEND_ANONYMOUS_TELEMETRY=0
        export HOME XDG_CONFIG_HOME XDG_DATA_HOME XDG_STATE_HOME XDG_CACHE_HOME npm_config_cache \
            OPENCODE_DISABLE_AUTOUPDATE OPENCODE_DISABLE_MODELS_FETCH OMO_SEND_ANONYMOUS_TELEMETRY
        unset OPENCODE_CONFIG_DIR OPENCODE_DB OPENCODE_SERVER_USERNAME
        exec "$@"
    )
}

# Sets $settings, OpenCode's configuration as it resolves it, flat; false where there is none, with $said.
read_settings() {
    settings=$scratch_dir/settings
    bounded "$(at_most 45)" in_copy "$found" debug config \
        </dev/null >"$scratch_dir/config.json" 2>"$scratch_dir/config.err"
    _code=$?
    # Prompts are long, and nobody asks for them.
    grep -v '^      "prompt": ' "$scratch_dir/config.json" >"$scratch_dir/config.short"
    flat "$scratch_dir/config.short" >"$settings"
    said=$(tail -n 3 "$scratch_dir/config.err" | plain)
    [ $_code -ne 124 ] || said='it does not answer within its time'
    [ $_code -eq 0 ] && [ -s "$settings" ]
}

router_url() {
    _port=$(fact router)
    [ -z "$_port" ] || printf 'http://127.0.0.1:%s' "$_port"
}
serves() { # serves MODELS MODEL: whether a host's list of models has it
    case ,$1, in *,"$2",* | *,"$2":latest,* | *,"${2%:latest}",*) ;; *) false ;; esac
}
base_of() { # base_of MODEL: where this workstation asks for it
    _base=$(router_url)
    [ -n "$_base" ] || _base=$(facts host | while IFS=$TAB read -r _ url models; do
        if serves "$models" "$1"; then printf '%s' "$url"; break; fi
    done)
    printf '%s' "$_base"
}
in_list() { # in_list FILE MODEL FIELD: whether an answer about models names it so
    case $2 in *:*) _tagged=$2 ;; *) _tagged=$2:latest ;; esac
    tr -d ' \n' <"$1" | grep -qF "\"$3\":\"$_tagged\""
}
