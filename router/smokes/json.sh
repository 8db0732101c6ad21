# Reads JSON where there is only awk. A step of a path ends at $US, a path at a tab.
US=$(printf '\037')
TAB=$(printf '\t')

# flat FILE: every value of a JSON document, comments and trailing commas or not, as `path<tab>value`.
flat() {
    awk '
    function path(    i, text) { text = key[1]; for (i = 2; i <= depth; i++) text = text "\037" key[i]; return text }
    function value(text) {
        if (!depth) return
        if (kind[depth] == "{" && !after[depth]) key[depth] = text
        else print path() "\t" text
    }
    BEGIN { depth = 0; remark = 0 }
    NR == 1 { sub(/^\357\273\277/, "") }
    {
        rest = $0
        while (rest != "") {
            if (remark) {
                at = index(rest, "*/")
                if (!at) break
                rest = substr(rest, at + 2)
                remark = 0
            }
            sub(/^[ \t\r]+/, "", rest)
            if (rest == "") break
            one = substr(rest, 1, 1)
            if (one == "\"") {
                text = ""
                rest = substr(rest, 2)
                while (match(rest, /["\\]/)) {
                    text = text substr(rest, 1, RSTART - 1)
                    one = substr(rest, RSTART, 1)
                    escaped = substr(rest, RSTART + 1, 1)
                    rest = substr(rest, RSTART + (one == "\"" ? 1 : 2))
                    if (one == "\"") break
                    if (escaped == "u") { rest = substr(rest, 5); text = text "?" }
                    else text = text (index("\"\\/", escaped) ? escaped : " ")
                }
                gsub(/[\001-\037\177]/, " ", text)
                value(text)
            } else if (one == "{" || one == "[") {
                depth++
                kind[depth] = one
                key[depth] = one == "[" ? 0 : ""
                after[depth] = 0
                rest = substr(rest, 2)
            } else if (one == "}" || one == "]") {
                if (depth) depth--
                rest = substr(rest, 2)
            } else if (one == ":") {
                after[depth] = 1
                rest = substr(rest, 2)
            } else if (one == ",") {
                after[depth] = 0
                if (kind[depth] == "[") key[depth]++
                rest = substr(rest, 2)
            } else if (substr(rest, 1, 2) == "//") {
                break
            } else if (substr(rest, 1, 2) == "/*") {
                remark = 1
                rest = substr(rest, 3)
            } else if (match(rest, /^[-+.a-zA-Z0-9]+/)) {
                text = substr(rest, 1, RLENGTH)
                rest = substr(rest, RLENGTH + 1)
                value(text)
            } else rest = substr(rest, 2)
        }
    }' "$1"
}

path_of() { # path_of STEP...
    _path=
    for _step; do _path=$_path${_path:+$US}$_step; done
    printf '%s' "$_path"
}

# pick FLAT STEP...: the value that stands there, or nothing.
pick() {
    _file=$1; shift
    WANTED=$(path_of "$@") awk -F '\t' '$1 == ENVIRON["WANTED"] { print $2; exit }' "$_file"
}

# joined FLAT STEP...: an array of words there, as word>word; of objects their `model`.
joined() {
    _file=$1; shift
    WANTED=$(path_of "$@") awk -F '\t' '
        BEGIN { start = ENVIRON["WANTED"] "\037" }
        index($1, start) == 1 {
            rest = substr($1, length(start) + 1)
            if (rest ~ /^[0-9]+$/ || rest ~ /^[0-9]+\037model$/) { printf "%s%s", (n++ ? ">" : ""), $2 }
        }' "$_file"
}
