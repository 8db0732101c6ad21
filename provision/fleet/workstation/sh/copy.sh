# A home that is a copy: OpenCode and the plugin write beside what they read, and nothing of the user's is written to.
# copy_home FOLDER CONFIG: makes it, with what they read in the home; CONFIG is OpenCode's configuration file there.
copy_home() {
    case $2 in /*/*) ;; *) return 1 ;; esac # what lies in no folder would take the whole disk along
    _into=$1
    _from=${2%/*}
    mkdir -p "$_into/.config/opencode" "$_into/.omo"
    for _entry in "$_from"/* "$_from"/.[!.]* "$_from"/..?*; do
        [ -e "$_entry" ] || continue
        case $_entry in
            */.git) ;;
            */node_modules) ln -s "$_entry" "$_into/.config/opencode/" ;;
            # A link that a manager of dotfiles made leads nowhere from here.
            *) cp -RL "$_entry" "$_into/.config/opencode/" 2>/dev/null ;;
        esac
    done
    [ ! -f "$HOME/.omo/omo.jsonc" ] || cp "$HOME/.omo/omo.jsonc" "$_into/.omo/"
    # OpenCode ends where a file is missing that its configuration takes a value from.
    grep -ho '{file:[^}]*}' "$_into"/.config/opencode/*.json* 2>/dev/null | sed 's/^{file://; s/}$//' | sort -u |
        while IFS= read -r _named; do link_named "$_named"; done
}
link_named() { # link_named FILE, as OpenCode takes it: from the home, or from the folder of its configuration
    case $1 in
        \~/*) _at=$HOME/${1#\~/} _to=${1#\~/} ;;
        /*) return ;;
        ../../*) _at=$_from/$1 _to=${1#../../} ;;
        ../*) _at=$_from/$1 _to=.config/${1#../} ;;
        *) _at=$_from/$1 _to=.config/opencode/$1 ;;
    esac
    case /$_to/ in */../* | *//) return ;; esac
    [ ! -e "$_into/$_to" ] || return
    mkdir -p "$_into/$(dirname "$_to")" && ln -s "$_at" "$_into/$_to"
}
