# Looks at a workstation. Writes nothing that outlives it, and sends no file's content. Set above: NAMES, URLS,
# KEYS (environment variables of which only it is told whether they are set), CLOUDS (providers),
# PLUGIN (packages of the plugin), PORT (of the loopback router; 0 where none is wanted), STATUS_PATH (where it says
# which settings it has), PLACES (where programs are that a user's PATH may lack).
login_env
home=${HOME:-}
config_home=$(login_value XDG_CONFIG_HOME)
state_home=$(login_value XDG_STATE_HOME)
case $config_home in /*) ;; *) config_home=$home/.config ;; esac # a relative one is none, as XDG says
case $state_home in /*) ;; *) state_home=$home/.local/state ;; esac

record=$state_home/astraeus-provision/putback
[ ! -f "$record" ] || say unconfirmed "$(sed -n 's/^run[[:blank:]]//p' "$record" 2>/dev/null)"

os=$(uname -s)
say os "$os"
say arch "$(uname -m)"
case $os in
    Linux) say os_name "$(. /etc/os-release 2>/dev/null; printf %s "${PRETTY_NAME:-Linux}")" ;;
    Darwin) say os_name "macOS $(sw_vers -productVersion 2>/dev/null)" ;;
esac
libc=none
if [ "$os" = Linux ]; then
    libc=glibc
    for loader in /lib/ld-musl-*; do [ -e "$loader" ] && libc=musl; done
    grep -qw avx2 /proc/cpuinfo 2>/dev/null && say avx2 1
elif [ "$(sysctl -n hw.optional.avx2_0 2>/dev/null)" = 1 ]; then
    say avx2 1
fi
say libc "$libc"
say user "$(id -un)"
say uid "$(id -u)"
say home "$home"
say shell "${SHELL:-}"
say config_home "$config_home"
say state_home "$state_home"
say opencode_config "$(login_value OPENCODE_CONFIG)"
case ":$PATH_LOGIN:" in *":$home/.local/bin:"*) say local_bin_in_path 1 ;; esac
say free_disk_mib "$(($(df -Pk "$home" 2>/dev/null | awk 'NR == 2 { print $4 }') / 1024))"

real() { readlink -f "$1" 2>/dev/null || printf %s "$1"; }
packaged_version() { sed -n 's/^ *"version": *"\([^"]*\)".*/\1/p' "$1" 2>/dev/null | head -n 1; }
node=$(seek node)
[ -n "$node" ] && say node "$(bounded 5 "$node" --version </dev/null 2>/dev/null)"
npm=$(seek npm)
if [ -n "$npm" ]; then # npm itself is slow to start and leaves a log behind
    npm_home=$(dirname "$(dirname "$(real "$npm")")")
    say npm "$(packaged_version "$npm_home/package.json")"
fi

find_opencode
if [ -n "$found" ]; then
    target=$(real "$found")
    version=$(packaged_version "$(dirname "$(dirname "$target")")/package.json")
    if [ -z "$version" ]; then
        scratch; s=$scratch_dir # OpenCode makes its folders even for --version
        version=$(HOME=$s XDG_CONFIG_HOME=$s XDG_DATA_HOME=$s XDG_STATE_HOME=$s XDG_CACHE_HOME=$s \
            bounded 15 "$found" --version </dev/null 2>/dev/null |
                sed -n 's/^v\{0,1\}\([0-9][0-9]*\.[0-9].*\)$/\1/p' | tail -n 1)
    fi
    say opencode_path "$found"
    say opencode_version "$version"
    case $target in "$(real "$home")"/.local/share/astraeus-provision/opencode/*) say opencode_ours 1 ;; esac
elif [ -e "$home/.local/bin/opencode" ] || [ -h "$home/.local/bin/opencode" ]; then
    case $(readlink "$home/.local/bin/opencode" 2>/dev/null) in
        "$home"/.local/share/astraeus-provision/opencode/*) ;; # ours, whose program was removed
        *) say opencode_in_the_way 1 ;;
    esac
fi

data=$home/.local/share/astraeus-provision
for folder in "$data"/plugin/*; do
    whole=yes
    for name in $PLUGIN; do [ -f "$folder/node_modules/$name/package.json" ] || whole=no; done
    case $PLUGIN,$whole in ,*) ;; *,yes) say plugin "${folder##*/}" ;; esac
done
# Where an older form of the plugin would find its settings, and move them away.
for name in oh-my-opencode oh-my-openagent; do
    for path in "$config_home/opencode/$name.json" "$config_home/opencode/$name.jsonc"; do
        [ ! -e "$path" ] || say legacy "$path"
    done
done
for name in $KEYS; do [ -z "$(login_has "$name")" ] || say key "$name"; done
auth=$(login_value XDG_DATA_HOME); [ -n "$auth" ] || auth=$home/.local/share
if [ -r "$auth/opencode/auth.json" ]; then # which providers were logged in to; never a key
    for name in $CLOUDS; do
        grep -q "\"$name\"[[:space:]]*:" "$auth/opencode/auth.json" 2>/dev/null && say login "$name"
    done
fi

# HAProxy, or whether this user could install it, and run it as a service of her own.
proxy_here() {
    proxy=$(PATH=$PATH_LOGIN:$PLACES; command -v haproxy 2>/dev/null)
    if [ -n "$proxy" ]; then
        say haproxy "$proxy"
        say haproxy_version "$(bounded 5 "$proxy" -v </dev/null 2>/dev/null | sed -n '1s/^[^0-9]*\([0-9][0-9.]*\).*/\1/p')"
        return
    fi
    if [ "$os" = Darwin ]; then
        brew=$(PATH=$PATH_LOGIN:$PLACES; command -v brew 2>/dev/null)
        [ -z "$brew" ] || { say haproxy_installer brew; say haproxy_root 1; say haproxy_would_be "${brew%/*}/haproxy"; }
        return
    fi
    for one in apt-get:apt dnf:dnf zypper:zypper pacman:pacman apk:apk; do
        command -v "${one%:*}" >/dev/null 2>&1 || continue
        say haproxy_installer "${one#*:}"
        break
    done
    root_here && say haproxy_root 1
}
root_here() { [ "$(id -u)" = 0 ] || bounded 5 sudo -n true </dev/null >/dev/null 2>&1; }
own_services() { # they need a manager that runs, or may be made to run without a session
    [ "$os" = Darwin ] && return
    [ -d /run/systemd/system ] && { [ -d "${XDG_RUNTIME_DIR:-/run/user/$(id -u)}/systemd" ] || root_here; }
}
if [ "$PORT" != 0 ]; then
    proxy_here
    own_services || say haproxy_no_manager 1
    scratch
    : >"$scratch_dir/router"
    code=$(NO_PROXY=127.0.0.1 no_proxy=127.0.0.1 fetch 3 "http://127.0.0.1:$PORT$STATUS_PATH" "$scratch_dir/router")
    if refused "$code" "$scratch_dir/router"; then say haproxy_port free
    else say haproxy_port "$code $(head -c 200 "$scratch_dir/router" 2>/dev/null | head -n 1)"; fi
fi

address() {
    if command -v getent >/dev/null 2>&1; then
        bounded 5 getent ahosts "$1" </dev/null 2>/dev/null | awk 'NR == 1 { print $1 }'
    elif command -v dscacheutil >/dev/null 2>&1; then
        bounded 5 dscacheutil -q host -a name "$1" </dev/null 2>/dev/null |
            awk '/^ip(v6)?_address:/ { print $2; exit }'
    else
        bounded 5 ping -c 1 "$1" </dev/null 2>/dev/null | sed -n '1s/.*(\([0-9a-fA-F.:]*\)).*/\1/p'
    fi
}
for name in $NAMES; do say name "$name $(address "$name")"; done
for url in $URLS; do
    scratch
    say reach "$url $(fetch 8 "$url/models" "$scratch_dir/reach")"
done
say end -
