# Proves from here what the hosts promise, and afterwards that this machine's own OpenCode works with it.
wrong() { printf '%s\n' "$1" >>"$work/unproven"; }
host_answers() { # asks $name at $url
    : >"$work/answer"
    code=$(fetch 15 "$url/api/version" "$work/answer")
    if [ "$code" != 200 ]; then
        wrong "$name: GET $url/api/version: expected $wanted_version, found no such answer ($code)"
        return
    fi
    flat "$work/answer" >"$work/flat"
    found_version=$(pick "$work/flat" version)
    if [ "$found_version" != "$wanted_version" ]; then
        wrong "$name: version at $url: expected $wanted_version, found ${found_version:-none}"
        return
    fi
    printf '  proven: %s: version: %s\n' "$name" "$found_version"
    code=$(fetch 15 "$url/api/tags" "$work/answer")
    if [ "$code" != 200 ]; then
        wrong "$name: GET $url/api/tags: expected its models, found no such answer ($code)"
        return
    fi
    flat "$work/answer" >"$work/flat"
    awk -F '\t' -v host="$name" '$1 == host' "$work/files/models" >"$work/models"
    while IFS=$tab read -r _ model digest; do
        found_digest=$(digest_of "$model")
        case $digest,$found_digest in
            *,) wrong "$name: $model at $url: expected to be served, found $(all_models)" ;;
            -,* | "$found_digest,$found_digest") printf '  proven: %s: %s digest: %.12s\n' "$name" "$model" "$found_digest" ;;
            *) wrong "$name: $model digest at $url: expected $digest, found $found_digest" ;;
        esac
    done <"$work/models"
}
digest_of() {
    WANTED=$1 awk -F '\t' -v us="$US" '
        { n = split($1, step, us) }
        n == 3 && step[3] == "name" && $2 == ENVIRON["WANTED"] { at = step[2]; there = 1 }
        n == 3 && step[3] == "digest" { digest[step[2]] = $2 }
        END { if (there) { sub(/^sha256:/, "", digest[at]); print digest[at] } }' "$work/flat"
}
all_models() {
    awk -F '\t' -v us="$US" '{ n = split($1, step, us) } n == 3 && step[3] == "name" { printf "%s%s", (m++ ? ", " : ""), $2 }
        END { if (!m) printf "none" }' "$work/flat"
}
prove_hosts() {
    : >"$work/unproven"
    while IFS=$tab read -r name url wanted_version; do host_answers; done <"$work/files/hosts"
    [ -s "$work/unproven" ] || return 0
    first=$(head -n 1 "$work/unproven")
    sed 1d "$work/unproven" >"$work/evidence"
    machine=${first%%: *}
    fail 5 "${first#*: }" \
        "is this machine in a network that the hosts admit? Whoever runs the site sees more with: astraeus-provision doctor" \
        "$work/evidence"
}

unconfirmed() { # PROBLEM REMEDY [FILE]
    put_back
    fail 6 "$@"
}
confirm() {
    (
        CONFIG=$file_of_opencode SHA256=$(sha "$file_of_opencode") SESSION=yes DEADLINE_S=$CONFIRM_S
        part confirm
    ) >"$work/confirm"
    came confirm || unconfirmed "the confirmation broke off" "run it again" "$work/confirm"
    listed=$(sed -n 's/^listed \([^ ]*\) no \([^=]*\).*/\1 (\2)/p' "$work/confirm" | head -n 1)
    [ -z "$listed" ] || unconfirmed "its hosts do not offer $listed" "look at the host, its firewall and name resolution"
    [ -n "$(said confirm opencode)" ] || unconfirmed "no OpenCode is there to ask" "install it, and run it again"
    [ "$AGENTS" = no ] || confirm_agents
    for pair in $MODELS; do
        model=${pair%%>*}
        answer=$(grep "^answer $model " "$work/confirm")
        [ -n "$answer" ] || unconfirmed "OpenCode was not asked with $model" "run it again"
        # shellcheck disable=SC2086  # its fields
        set -- $answer
        printf '%s' "${5#=}" | unb64 >"$work/events"
        printf '%s' "${6#=}" | unb64 | tail -n 12 >"$work/evidence"
        [ "$3" = 0 ] && grep -q '"type":"text"' "$work/events" ||
            unconfirmed "OpenCode did not answer with $model (exit status $3)" "see what OpenCode said" "$work/evidence"
        printf '  proven: OpenCode answered with %s in %s s\n' "$model" "$4"
    done
}
confirm_agents() {
    line=$(said confirm agents)
    printf '%s' "${line#*=}" | unb64 | tail -n 12 >"$work/evidence"
    [ "${line%% *}" = 0 ] ||
        unconfirmed "OpenCode does not read its configuration (exit status ${line%% *})" "see what OpenCode said" "$work/evidence"
    while IFS=$tab read -r model name; do
        grep -qxF "agent $model $name" "$work/confirm" || unconfirmed \
            "OpenCode does not give the agent $name the model $model" \
            "a project's or an administrator's configuration may overrule it; or the plugin is not loaded" "$work/evidence"
    done <"$work/files/agents"
    printf '  proven: %s agents have their models in its own OpenCode\n' "$(awk 'END { print NR }' "$work/files/agents")"
}
