# Looks at a host, writes nothing. POSIX sh, no Python, no root needed; run as root it sees who owns the port.
# Output: `key=value`, or `key:` and then lines that begin with one space.
# Settings stand above: PORT, DISKS, MODELS (until a unit says where they lie), COMMAND, RELEASES, NAMES, VERSION, ARCHIVES ("arch>URL …"), MANIFESTS ("model>URL …").
set -u
export LC_ALL=C PATH="${PATH:-/usr/bin:/bin}:/usr/local/sbin:/usr/sbin:/sbin:/usr/local/bin:/usr/bin:/bin"

say() { printf '%s=%s\n' "$1" "$2"; }
block() { printf '%s:\n' "$1"; sed 's/^/ /'; }
have() { command -v "$1" >/dev/null 2>&1; }
limit() { if have timeout; then timeout "$@"; else shift; "$@"; fi; }
get() { # URL [JSON body]: from this host's own port, never through a proxy
    if have curl; then limit 5 curl -fsS --noproxy '*' -m 4 ${2:+-d "$2"} "$1"
    elif have wget; then limit 5 wget -Y off -q -T 4 -O - ${2:+--post-data="$2"} "$1"
    else return 127; fi
}
fetch() { # URL: small things from elsewhere
    if have curl; then limit 6 curl -fsSL -m 5 "$1"
    elif have wget; then limit 6 wget -q -T 5 -O - "$1"; fi
}
length() { # URL: its size, where the server says
    if have curl; then limit 6 curl -fsSIL -m 5 "$1"
    elif have wget; then limit 6 wget -S --spider -T 5 "$1" 2>&1; fi |
        tr -d '\r' | sed -n 's/^ *[Cc]ontent-[Ll]ength: *//p' | sed -n '$p'
}

system() {
    [ -r /etc/os-release ] && block os_release < /etc/os-release
    say system "$(uname -s)"
    say arch "$(uname -m)"
    say kernel "$(uname -r)"
    say nodename "$(uname -n)"
    say fqdn "$(limit 2 hostname -f 2>/dev/null)"
    [ -r /proc/1/comm ] && { read -r init < /proc/1/comm; say init "$init"; }
    [ -d /run/systemd/system ] && say systemd "$(systemctl --version  | sed -n '1s/^systemd \([0-9]*\).*/\1/p')"
    for candidate in apt-get dnf yum zypper apk pacman; do
        have "$candidate" && { say package_manager "$candidate"; break; }
    done
    python=$(command -v /usr/bin/python3 || command -v python3) && say python "$python $("$python" -V 2>&1)"
    [ -r /proc/meminfo ] && say ram_kib "$(sed -n 's/^MemTotal: *\([0-9]*\).*/\1/p' /proc/meminfo)"
}

#CARDS
disks() {
    for wanted in $DISKS $store; do
        path=$wanted
        while [ ! -d "$path" ]; do path=${path%/*}; [ -n "$path" ] || path=/; done
        say disk "$wanted $(df -Pk "$path"  | sed -n '2p')"
    done
}

left() { # bytes that unfinished pulls left in a models folder: blobs, whole ones too, that no manifest names
    [ "$(id -u)" = 0 ] || return 0
    for folder in $DISKS $store; do
        [ -d "$folder/blobs" ] || continue
        named=$(find "$folder/manifests" -type f -exec cat {} + | grep -oE 'sha256[:-][0-9a-f]{64}' | tr ':\n' '- ')
        stat -c '%b %n' "$folder"/blobs/sha256-* | {
            blocks=0
            while read -r count path; do
                case " $named" in *" ${path##*/} "*) ;; *) blocks=$((blocks + count)) ;; esac
            done
            say left "$folder $((blocks * 512))"
        }
    done
}

listener() { # the local address in LISTEN on PORT, as in /proc/net/tcp*
    hex=$(printf '%04X' "$PORT")
    for table in /proc/net/tcp /proc/net/tcp6; do
        [ -r "$table" ] && sed -n "s/^ *[0-9]*: \([0-9A-F]*\):$hex [0-9A-F]*:0000 0A .*/\1/p" "$table"
    done
}

owner_pid() {
    pid=
    have ss && pid=$(ss -Hltnp "sport = :$PORT"  | sed -n 's/.*pid=\([0-9]*\).*/\1/p' | sed -n 1p)
    if [ -z "$pid" ] && ! have ss; then
        hex=$(printf '%04X' "$PORT")
        for inode in $(cat /proc/net/tcp /proc/net/tcp6 2>/dev/null | awk -v p=":$hex" '$4 == "0A" && $2 ~ p"$" {print $10}'); do
            for fd in /proc/[0-9]*/fd/*; do
                [ "$(readlink "$fd")" = "socket:[$inode]" ] || continue
                pid=${fd#/proc/}; pid=${pid%%/*}; break 2
            done
        done 2>/dev/null
    fi
    printf '%s' "$pid"
}

port() {
    listeners=$(listener)
    [ -n "$listeners" ] || return 0
    printf '%s\n' "$listeners" | block listening
    pid=$(owner_pid)
    if [ -n "$pid" ]; then
        say port_pid "$pid"
        say port_process "$(cat "/proc/$pid/comm" 2>/dev/null)"
        say port_exe "$(readlink "/proc/$pid/exe" 2>/dev/null)"
        cat "/proc/$pid/cgroup" | block port_cgroup
    fi
    version=$(get "http://127.0.0.1:$PORT/api/version")
    tags=$(get "http://127.0.0.1:$PORT/api/tags" | tr -d '\n')
    say api_version "$version"
    say api_tags "$tags"
}

sources() { # what is not here yet: how big is it where it comes from? one line each, all at once
    found=$(
        case ${version:-} in *"\"$VERSION\""*) ;; *)
            for pair in $ARCHIVES; do
                [ "${pair%%>*}" = "$(uname -m)" ] && printf 'archive>%s\n' "$(length "${pair#*>}")" &
            done ;;
        esac
        for pair in $MANIFESTS; do
            case ${tags:-} in *"\"name\":\"${pair%%>*}\""*) ;; *)
                printf '%s>%s\n' "${pair%%>*}" "$(fetch "${pair#*>}" | tr -d '\n')" & ;;
            esac
        done
        wait
    )
    printf '%s\n' "$found" | block sources
}

store=
setting() { printf '%s\n' "$settings" | sed -n "s|^$1=||p" | sed -n '$p'; }
ollama() {
    if have systemctl && [ -d /run/systemd/system ]; then
        systemctl show ollama.service -p LoadState,ActiveState,FragmentPath,DropInPaths | block ollama_unit
        settings=$(systemctl show ollama.service -p Environment | tr ' ' '\n' | sed 's/^Environment=//' | tr -d '"')
        pid=$(systemctl show ollama.service -p MainPID); pid=${pid#MainPID=}
        # what it runs with may come from a file that the unit names
        [ "${pid:-0}" -gt 0 ] && settings=$(tr '\0' '\n' < "/proc/$pid/environ"; printf '%s\n' "$settings")
        store=$(setting OLLAMA_MODELS)
        if [ -z "$store" ] && systemctl show ollama.service -p LoadState | grep -qx LoadState=loaded; then
            user=$(systemctl show ollama.service -p User); user=${user#User=}
            home=$(setting HOME)
            [ -n "$home" ] || home=$(sed -n "s|^${user:-root}:\([^:]*:\)\{4\}\([^:]*\):.*|\2|p" /etc/passwd)
            store=${home:-/root}/.ollama/models
        fi
        say ollama_store "$store"
        MODELS=${store:-$MODELS}
        unit=$(systemctl show ollama.service -p FragmentPath 2>/dev/null)
        unit=${unit#FragmentPath=}
        [ -r "$unit" ] && grep -i 'astraeus' "$unit" | sed -n 1,3p | block ollama_marker
        for name in ufw firewalld nftables docker; do
            say active "$name $(systemctl is-active "$name.service" 2>/dev/null)"
        done
    fi
    [ -r /etc/ufw/ufw.conf ] && say ufw_enabled "$(sed -n 's/^ENABLED=//p' /etc/ufw/ufw.conf)"
    case $(readlink "$COMMAND") in
        "$RELEASES"/*) ;;
        *) if [ -e "$COMMAND" ] || [ -L "$COMMAND" ]; then say ollama_command "$COMMAND"; fi ;;
    esac
    for process in /proc/[0-9]*; do
        comm=
        read -r comm 2>/dev/null < "$process/comm"
        [ "$comm" = ollama ] && say ollama_process "${process#/proc/} $(tr '\n' ' ' < "$process/cgroup" 2>/dev/null)"
    done
    if have docker && [ -S /var/run/docker.sock ]; then
        limit 5 docker ps --no-trunc --format '{{.ID}} {{.Names}} {{.Image}} {{.Ports}}' | block docker
    fi
}

network() {
    if have ip; then
        ip -o addr show | block addresses
        ip -o route show default | block routes
        ip -6 -o route show default | block routes6
    fi
    say resolves "$(for name in $NAMES; do
        {
            if have getent; then found=$(limit 5 getent hosts "$name" | sed -n '1s/ .*//p')
            else found=$(limit 5 nslookup "$name"  | sed -n '/^Name/,$s/^Address[^:]*: *//p' | sed -n 1p); fi
            printf '%s>%s ' "$name" "$found"
        } &
    done; wait)"
}

live_files() {
    stat -c '%F|%a|%U|%G|%s|%n' "$@" | block live_stat
    sha256sum "$@" | block live_sha256
}
live_links() { for link; do printf '%s|%s\n' "$link" "$(readlink "$link" 2>/dev/null)"; done | block live_links; }
live_units() {
    systemctl show "$@" -p Id,LoadState,ActiveState,SubState,UnitFileState,NeedDaemonReload,FragmentPath,DropInPaths,MainPID \
        | block live_units
    for unit; do
        pid=$(systemctl show "$unit" -p MainPID 2>/dev/null); pid=${pid#MainPID=}
        [ "${pid:-0}" -gt 0 ] || continue
        # a sandboxed process may hide its exe even from root; then what it was started as
        exe=$(readlink "/proc/$pid/exe") || exe=$(readlink -f "$(tr '\0' '\n' < "/proc/$pid/cmdline" | sed -n 1p)")
        say live_exe "$unit $exe"
        tr '\0' '\n' < "/proc/$pid/environ" 2>/dev/null | grep -E '^(OLLAMA_|LLAMA_|GIN_MODE=|CUDA_VISIBLE)' |
            sed "s|^|$unit |" | block live_environ
    done
}
live_texts() { for path; do [ -r "$path" ] && { printf '>%s\n' "$path"; cat "$path"; echo; }; done | block live_texts; }
live_sizes() { for folder; do stat -c '%n|%s' "$folder"/* 2>/dev/null; done | block live_sizes; }
live_nft() { nft list table inet astraeus | block live_nft; }
live_models() {
    for model; do
        printf '%s|%s\n' "$model" "$(get "http://127.0.0.1:$PORT/api/show" "{\"model\":\"$model\"}" |
            grep -oE '"parameters":"(\\.|[^"\\])*"')"
    done | block live_parameters
}
live_ledger() { [ -r "$1" ] && block live_ledger < "$1"; }
live() { :; }
#LIVE

main() {
    say as_root "$(id -u)"
    system; gpus; ground; driver; port; ollama; disks; left; network; sources; live
    say epoch "$(date +%s)"
    say complete yes
}
main </dev/null 2>/dev/null | tr '\200-\377' '?'
