CHOICE="if that is not your own choice, $AGAIN"

# `routing`: every agent, and every link that one of them may ask.
smoke_routing() {
    find_program
    [ -n "$found" ] || { no_program; verdict; }
    if ! read_settings; then
        check config no "OpenCode does not read its configuration: $said" "mend what it names, or $AGAIN"
        verdict
    fi
    plugged=$(fact plugin)
    : >"$scratch_dir/omo"
    : >"$scratch_dir/chains"
    [ ! -f "$HOME/.omo/omo.jsonc" ] || flat "$HOME/.omo/omo.jsonc" >"$scratch_dir/omo"
    ours=${config%/*}/plugins/astraeus-chain.js
    if [ -f "$ours" ]; then
        # The chains stand in it as JSON.
        sed -n '/^const CHAINS = {/,/^}/{ s/^const CHAINS = //; p; }' "$ours" >"$scratch_dir/chains.json"
        flat "$scratch_dir/chains.json" >"$scratch_dir/chains"
    fi
    facts agent >"$scratch_dir/agents"
    while IFS=$TAB read -r name shown place cost trust may links; do
        [ -n "$name" ] || continue
        routing_agent
    done <"$scratch_dir/agents"
    cut -f 7 "$scratch_dir/agents" | tr '>' '\n' | sort -u >"$scratch_dir/links"
    routing_pool
    routing_clouds
    [ "$live" = no ] || smoke_live
    verdict
}

routing_agent() {
    first=${links%%>*}
    rest=
    [ "$first" = "$links" ] || rest=${links#*>}
    if ! grep -q "^agent$US$(printf '%s' "$shown" | sed 's/[][\.*^$]/\\&/g')$US" "$settings"; then
        check "$name" no 'OpenCode knows no such agent' "$AGAIN"
        return
    fi
    has=$(pick "$settings" agent "$shown" model)
    wrong=
    if [ "$has" != "$first" ]; then
        check "$name" no "it thinks with ${has:-no model of its own}, not with $first" "$CHOICE"
        return
    fi
    endpoint=$(pick "$settings" provider "${first%%/*}" options baseURL)
    model=$(facts model | awk -F '\t' -v ref="$first" '$2 == ref { print $1; exit }')
    if [ -n "$model" ] && ! ours "$endpoint" "$model"; then
        wrong="it is asked at ${endpoint:-no address}, not at $(base_of "$model")/v1"
    fi
    [ -n "$wrong" ] || wrong=$(wrong_rights)
    [ -n "$wrong" ] || wrong=$(wrong_chain)
    rights="may $(printf '%s' "$may" | sed 's/,/, /g')"
    [ "$may" != - ] || rights='reads only'
    if [ -n "$wrong" ]; then check "$name" no "$wrong" "$CHOICE"; else
        check "$name" yes "$first ($place, $cost); $rights${rest:+; then $(printf '%s' "$rest" | sed 's/>/, /g')}"
    fi
}

wrong_rights() {
    for pair in edit:edit fetch:webfetch shell:bash delegate:task; do
        ability=${pair%%:*}
        right=$(right_to "${pair#*:}")
        case ,$may, in
            *,"$ability",*) [ "$right" != deny ] || { echo "it may not use ${pair#*:}, and should"; return; } ;;
            *)
                case $trust.$right in
                    *.deny | trusted.ask) ;;
                    *) echo "it may use ${pair#*:} ($right), and should not"; return ;;
                esac ;;
        esac
    done
}

# right_to TOOL: allow, ask, deny, or `partly` where some pattern allows it: the last that fits wins.
right_to() {
    OWN=$(path_of agent "$shown" permission) TOOL=$1 awk -F '\t' '
        function seen(rest, value,    at, step) {
            at = index(rest, "\037")
            step = at ? substr(rest, 1, at - 1) : rest
            if (step != ENVIRON["TOOL"] && step != "*") return
            if (!at || substr(rest, at + 1) == "*") right = value
            else if (value != "deny" && right == "deny") right = "partly"
        }
        BEGIN { right = "allow" }
        FNR == 1 { pass++ }
        { prefix = pass == 1 ? "permission" : ENVIRON["OWN"] }
        $1 == prefix { right = $2 }
        index($1, prefix "\037") == 1 { seen(substr($1, length(prefix) + 2), $2) }
        END { print right }' "$settings" "$settings"
}

wrong_chain() {
    written=no
    if [ -n "$plugged" ]; then
        written=$(joined "$scratch_dir/omo" '[opencode]' agents "$name" fallback_models)
        if [ "$written" != "$rest" ]; then
            echo "after $first comes ${written:-nothing} in ~/.omo/omo.jsonc, not ${rest:-nothing}"
            return
        fi
    fi
    if grep -q "^$name$US" "$scratch_dir/chains"; then
        written=$(joined "$scratch_dir/chains" "$name")
        [ "$written" = "$links" ] || { echo "its chain is $written in $ours, not $links"; return; }
    fi
    [ "$written" != no ] || [ -z "$rest" ] || echo "its chain is written nowhere: $ours is not there"
}

routing_pool() { # a router lists what one of its hosts has, so the others are asked as well
    base=$(router_url)
    lists=$scratch_dir/lists
    : >"$lists"
    : >"$lists.said"
    down=
    { [ -z "$base" ] || printf 'the router\t%s\t-\n' "$base"; facts host; } >"$scratch_dir/places"
    while IFS=$TAB read -r host url _; do
        code=$(ask "$(at_most 4)" "$url/v1/models" '' "$lists.one")
        if [ "$code" = 200 ]; then
            { tr -d ' \n' <"$lists.one"; echo; } >>"$lists"
        else
            silent=$(why "$code" "$lists.one")
            printf '%s: %s; ' "$host" "$silent" >>"$lists.said"
            [ "$host" != 'the router' ] || down=$silent
        fi
    done <"$scratch_dir/places"
    while IFS=$TAB read -r name ref _; do
        grep -qxF "$ref" "$scratch_dir/links" || continue
        if [ -n "$down" ]; then
            check "$ref" no "the router at $base: $down" "see \`smoke local\`; $POOL_ADVICE"
        elif in_list "$lists" "$name" id; then
            check "$ref" yes "listed at ${base:-$(base_of "$name")}"
        else
            said=$(sed 's/; $//' "$lists.said" | plain)
            check "$ref" no "no host lists it${said:+ ($said)}" "$POOL_ADVICE"
        fi
    done <<END
$(facts model)
END
}

routing_clouds() {
    : >"$scratch_dir/auth"
    [ ! -r "$opencode_data/auth.json" ] || flat "$opencode_data/auth.json" | sed "s/$TAB.*//" >"$scratch_dir/auth"
    facts cloud >"$scratch_dir/clouds"
    while IFS=$TAB read -r provider variables url; do
        grep -q "^${provider:-/}/" "$scratch_dir/links" || continue
        key=$(key_of)
        base=$(pick "$settings" provider "$provider" options baseURL)
        [ -n "$base" ] || base=$url
        wrong=
        # OpenCode shows no address that has a password in it.
        if [ "$base" = - ]; then answers='at its own address'
        elif [ "$base" = '***' ]; then answers='at an address with a password, which is not checked'
        else
            code=$(ask "$(at_most 8)" "$base/models" '' "$scratch_dir/cloud")
            answers="$base answers"
            answered "$code" "$scratch_dir/cloud" || wrong="$base: $(why "$code" "$scratch_dir/cloud")"
        fi
        if [ -z "$key" ]; then
            check "$provider" no "no key${wrong:+, and $wrong}" \
                "set $(printf '%s' "$variables" | sed 's/,/ or /g'), or log in: opencode auth login"
        elif [ -n "$wrong" ]; then
            check "$provider" no "$wrong" 'see whether this network lets it through'
        else
            check "$provider" yes "$answers; its key: $key"
        fi
    done <"$scratch_dir/clouds"
}

key_of() { # where a provider's key is; never the key
    for variable in $(printf '%s' "$variables" | tr ',' ' '); do
        eval "[ -z \"\${$variable:-}\" ]" || { printf '%s' "$variable"; return; }
        [ -z "$(login_has "$variable")" ] || { printf '%s (in a login shell)' "$variable"; return; }
    done
    if grep -q "^$provider$US" "$scratch_dir/auth"; then printf 'opencode auth login'
    elif [ -n "$(pick "$settings" provider "$provider" options apiKey)" ]; then printf 'in %s' "$config"; fi
}
