STORE_ADVICE='see that it is whole, and that you may read it; where it is moved away, OpenCode begins a new one'

# `bottleneck`: what OpenCode's own session store says of each agent and model.
bottleneck() {
    find_program
    [ -n "$found" ] || no_rows 'OpenCode is not on this machine' "$AGAIN"
    store=${OPENCODE_DB:-opencode.db}
    case $store in /*) ;; *) store=$opencode_data/$store ;; esac
    [ -e "$store" ] || [ -h "$store" ] || no_rows "$store is not there: OpenCode had no session yet"
    [ -f "$store" ] || no_rows "$store is no file" "$STORE_ADVICE"
    # The newest answers stand in the log alone, and a log that is none is passed over without a word.
    whole_log || no_rows "$store-wal is no write-ahead log: the newest answers are lost" "$STORE_ADVICE"
    counted || counted ||
        no_rows "OpenCode cannot read a copy of $store: $(tail -n 2 "$scratch_dir/rows.err" | plain)" "$STORE_ADVICE"
    awk -F '\t' -v days="$days" "$(summary)" "$FACTS" "$scratch_dir/rows" >"$scratch_dir/summary"
    if [ $json = yes ]; then
        tell_json "$(awk -F '\t' "$json_words"'
            BEGIN { printf "{\"ok\": true, \"rows\": [" }
            $1 == "field" { for (i = 2; i <= NF; i++) field[i] = $i }
            $1 == "row" {
                printf "%s\n  {", (rows++ ? "," : "")
                for (i = 2; i <= NF; i++)
                    printf "%s%s: %s", (i > 2 ? ", " : ""), word(field[i]),
                        (i < 4 ? word($i) : $i == "-" ? "null" : $i)
                printf "}"
            }
            $1 == "advice" { advice = advice (advice == "" ? "" : ",") "\n  " word($2) }
            END { print "\n], \"advice\": [" advice "\n]}" }' "$scratch_dir/summary")"
    else
        tell "$(awk -F '\t' '
            $1 == "field" || $1 == "row" {
                lines++
                for (i = 2; i <= NF; i++) {
                    cell[lines, i] = $i
                    if ($1 == "field") sub(/_usd$/, " $", cell[lines, i])
                    gsub(/_s$/, " s", cell[lines, i])
                    if (length(cell[lines, i]) > wide[i]) wide[i] = length(cell[lines, i])
                }
                fields = NF
            }
            $1 == "advice" { advice[++said] = $2 }
            END {
                for (line = 1; lines > 1 && line <= lines; line++) {
                    text = ""
                    for (i = 2; i <= fields; i++)
                        text = text sprintf(i < 4 ? "%-" wide[i] "s  " : "%" wide[i] "s  ", cell[line, i])
                    sub(/ +$/, "", text)
                    print text
                }
                if (lines > 1) print ""
                for (i = 1; i <= said; i++) print "- " advice[i]
            }' "$scratch_dir/summary")"
    fi
    exit 0
}

whole_log() { # by the first bytes that SQLite gives it
    [ ! -s "$store-wal" ] || [ ! -r "$store-wal" ] || case $(od -An -N4 -tx1 "$store-wal" | tr -d ' \n') in
        377f0682 | 377f0683) ;;
        *) return 1 ;;
    esac
}

counted() { # in a copy: OpenCode tidies up what it opens. One that is written to just then is copied again.
    mkdir -p "$copy/.local/share/opencode"
    for _part in '' -wal; do
        rm -f "$copy/store.db$_part"
        [ ! -f "$store$_part" ] || cp "$store$_part" "$copy/store.db$_part" 2>"$scratch_dir/rows.err" || return
    done
    bounded "$(at_most 45)" in_copy env "OPENCODE_DB=$copy/store.db" "$found" db --pure --format tsv "$(query)" \
        </dev/null >"$scratch_dir/rows" 2>"$scratch_dir/rows.err"
}

no_rows() { # no_rows WHY [REMEDY]: nothing to count; without a remedy that is no fault: nobody worked yet
    if [ $json = yes ]; then
        tell_json "$(printf '%s\n' "$@" | awk -v ok="$([ $# -eq 1 ] && echo true || echo false)" "$json_words"'
            { advice = advice (NR > 1 ? ", " : "") word($0) }
            END { print "{\"ok\": " ok ", \"rows\": [], \"advice\": [" advice "]}" }')"
    else
        tell "$1"
        [ $# -eq 1 ] || tell "-> $2"
    fi
    [ $# -eq 1 ] || exit 5
    exit 0
}

# One line for each answer, the quickest of an agent and model first. Where it called tools, the time is theirs too.
query() {
    cat <<QUERY
select json_extract(data, '\$.agent') as agent,
  json_extract(data, '\$.providerID') || '/' || json_extract(data, '\$.modelID') as model,
  case when json_extract(data, '\$.error') is null and coalesce(json_extract(data, '\$.finish'), '') <> 'tool-calls'
    then json_extract(data, '\$.time.completed') - json_extract(data, '\$.time.created') end as ms,
  coalesce(json_extract(data, '\$.tokens.input'), 0)
    + coalesce(json_extract(data, '\$.tokens.cache.read'), 0)
    + coalesce(json_extract(data, '\$.tokens.cache.write'), 0) as tokens_in,
  coalesce(json_extract(data, '\$.tokens.output'), 0)
    + coalesce(json_extract(data, '\$.tokens.reasoning'), 0) as tokens_out,
  coalesce(json_extract(data, '\$.cost'), 0) as cost,
  coalesce(json_extract(data, '\$.error.name'), '-') as fault,
  (select min(part.time_created) from part where part.message_id = message.id)
    - json_extract(data, '\$.time.created') as first_ms
from message
where json_extract(data, '\$.role') = 'assistant'
  and time_created >= (strftime('%s', 'now') - $days * 86400) * 1000
order by 1, 2, 3
QUERY
}

summary() {
    cat <<'SUMMARY'
function at(key, share,    n) {
    if (!timed[key]) return "-"
    n = int(timed[key] * share + 0.999999)
    return sprintf("%.1f", ms[key, n < 1 ? 1 : n] / 1000)
}
function say(text) { print "advice\t" text; spoken++ }
function span() { return days == 1 ? "day" : days " days" }
function all_of(n) { return n " answer" (n == 1 ? "" : "s") }
NR == FNR {
    if ($1 == "agent") {
        named[$3] = $2; place[$2] = $4; links = split($8, link, ">")
        first[$2] = link[1]
        for (i = 2; i <= links; i++) later[$2, link[i]] = 1
    }
    if ($1 == "model") limit[$3] = $5
    if ($1 == "context") context = $2
    next
}
FNR == 1 || NF < 7 { next }
{
    agent = $1 in named ? named[$1] : $1
    key = agent "\t" $2
    if (!(key in requests)) order[++keys] = key
    requests[key]++; total++
    # A number that is missing comes as an empty word, or as `null`.
    if ($3 ~ /^[0-9]/) ms[key, ++timed[key]] = $3
    if ($8 ~ /^[0-9]/) { begun[key]++; if ($2 in limit && $8 > limit[$2] * 800) late[key]++ }
    in_tokens[key] += $4; out_tokens[key] += $5; cost[key] += $6; spent[agent] += $6; spent_all += $6
    if ($4 > most[key]) most[key] = $4
    if ($7 != "-" && $7 != "MessageAbortedError") { errors[key]++; fault[key] = $7 }
    if ($7 == "-" && $5 > 0) {
        answers[agent]++
        if ((agent, $2) in later) { fell[key]++; fallen[agent]++ }
    }
}
END {
    print "field\tagent\tmodel\trequests\ttokens_in\ttokens_out\tcost_usd\tmedian_s\tp95_s\terrors\tfallbacks"
    for (i = 1; i <= keys; i++) {
        key = order[i]
        printf "row\t%s\t%d\t%d\t%d\t%.4f\t%s\t%s\t%d\t%d\n", key, requests[key], in_tokens[key], out_tokens[key],
            cost[key], at(key, 0.5), at(key, 0.95), errors[key], fell[key]
    }
    if (!total) { say("no answers in the last " span()); exit }
    for (agent in fallen) {
        text = agent " fell back in " fallen[agent] " of " all_of(answers[agent]) ": "
        if (place[agent] == "gpu")
            say(text "the pool was down or too slow; see `smoke local`, and give it another host or fewer users")
        else
            say(text first[agent] " failed or was limited; see its key and its limits with the provider")
    }
    for (agent in spent)
        if (spent_all >= 0.05 && spent[agent] > spent_all / 2)
            say(sprintf("%s burns %d %% of the cost (%.2f of %.2f dollars): %s", agent,
                100 * spent[agent] / spent_all + 0.5, spent[agent], spent_all,
                "give it a cheaper model in the profile, or let local agents do more of it"))
    for (i = 1; i <= keys; i++) {
        key = order[i]
        split(key, part, "\t")
        if (errors[key] * 10 >= requests[key] && errors[key])
            say(sprintf("%s with %s: %d of %d requests ended in an error (the last: %s)", part[1], part[2],
                errors[key], requests[key], fault[key]))
        if (late[key] * 20 >= begun[key] && late[key])
            say(sprintf("%s with %s: %d of %d answers began only after more than %d of the %d s that a host has: %s",
                part[1], part[2], late[key], begun[key], limit[part[2]] * 0.8, limit[part[2]],
                "fewer slots for each host, a smaller model, or one host more"))
        if (part[2] in limit && context && most[key] > context * 0.8)
            say(sprintf("%s with %s: its longest prompt has %d of %d tokens: %s", part[1], part[2], most[key],
                context, "longer ones are cut or summed up; give it smaller pieces"))
    }
    if (!spoken) say("nothing to change: " all_of(total) " in the last " span())
}
SUMMARY
}
