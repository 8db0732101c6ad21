# Installs HAProxy, or lets the user's own service manager run it as the loopback router, or ends that.
# Set above: ACT (install, apply or remove), HOW (the package manager), HAPROXY (its path, may be empty), SERVICE,
# UNIT and CONFIG (their files), WORD and STATUS_PATH (how the router says which configuration it has), DEADLINE_S,
# PLACES (where programs are that a user's PATH may lack).
exec </dev/null
PATH=$PATH:$PLACES
NO_PROXY=127.0.0.1 no_proxy=127.0.0.1
XDG_RUNTIME_DIR=${XDG_RUNTIME_DIR:-/run/user/$(id -u)}
export PATH NO_PROXY no_proxy XDG_RUNTIME_DIR
stop() { say failed "$1 $2"; say end -; exit 0; }
tail_of() { tail -n 8 "$1" 2>/dev/null | tr '\n' '|'; }
mark=${CONFIG%/*}/lingers # there where we let the user's services outlive her sessions
if [ "$(uname -s)" = Darwin ]; then manager=launchd; else manager=systemd; fi
scratch
said=$scratch_dir/said

# --- the package ---------------------------------------------------------------------------------------------------
as_root() { if [ "$(id -u)" = 0 ]; then "$@"; else sudo -n "$@"; fi; }
from_packages() {
    case $HOW in
        apt)
            as_root env DEBIAN_FRONTEND=noninteractive apt-get -q -y -o DPkg::Lock::Timeout=120 \
                --no-install-recommends install haproxy || {
                as_root apt-get -q update &&
                    as_root env DEBIAN_FRONTEND=noninteractive apt-get -q -y -o DPkg::Lock::Timeout=120 \
                        --no-install-recommends install haproxy
            } ;;
        dnf) as_root dnf -q -y install haproxy ;;
        zypper) as_root zypper --non-interactive --quiet install --no-recommends haproxy ;;
        pacman) as_root pacman -S --noconfirm --needed haproxy ;;
        apk) as_root apk add --quiet haproxy ;;
        brew) HOMEBREW_NO_AUTO_UPDATE=1 brew install --quiet haproxy ;;
        *) return 1 ;;
    esac
}
# Only here: a service of the machine's that was there before us is its owner's.
without_its_own_service() {
    if [ "$HOW" = brew ]; then return; fi
    if command -v systemctl >/dev/null 2>&1; then
        as_root systemctl disable --now haproxy.service
    elif command -v rc-update >/dev/null 2>&1; then
        as_root rc-update del haproxy; as_root rc-service haproxy stop
    fi
}
install() {
    there=$(command -v haproxy)
    if [ -n "$there" ]; then say present "$there"; return; fi
    if [ "$HOW" != brew ]; then as_root true 2>"$said" || stop root "$(tail_of "$said")"; fi
    bounded "$DEADLINE_S" from_packages >"$said" 2>&1
    rc=$?
    [ $rc -ne 124 ] || stop late "$HOW"
    hash -r
    there=$(command -v haproxy)
    [ $rc -eq 0 ] && [ -n "$there" ] || stop package "$(tail_of "$said")"
    bounded 30 without_its_own_service >"$said" 2>&1
    say installed "$there"
}

# --- its service ---------------------------------------------------------------------------------------------------
user_systemctl() { bounded 30 systemctl --user "$@"; }
linger() { # the user's services run without a session too; where that is refused, they end with her last one
    name=$(id -un)
    lingers=yes
    [ ! -e "/var/lib/systemd/linger/$name" ] || return 0
    if bounded 10 loginctl --no-ask-password enable-linger "$name" || bounded 10 sudo -n loginctl enable-linger "$name"
    then
        : >"$mark"
        lingers=ours
    else
        lingers=no
    fi 2>/dev/null
}
reach_manager() {
    [ $manager = systemd ] || return 0
    command -v systemctl >/dev/null 2>&1 || stop manager "no systemd"
    linger
    say lingers "$lingers"
    tries=0
    until user_systemctl show-environment >/dev/null 2>"$said"; do
        tries=$((tries + 1)) # lingering has only just started it
        [ $tries -lt 10 ] && [ $lingers != no ] || stop manager "$(tail_of "$said")"
        sleep 0.5 2>/dev/null || sleep 1
    done
}
domain() { # macOS: the user's session, or what there is without one
    if launchctl print "gui/$(id -u)" >/dev/null 2>&1; then printf 'gui/%s' "$(id -u)"; else printf 'user/%s' "$(id -u)"; fi
}
start() { # so that what is on the disk is what runs; open streams go on where only the configuration is new
    acted=yes
    if [ $manager = launchd ]; then
        here=$(domain)
        launchctl kill HUP "$here/$SERVICE" 2>/dev/null && waited 5 && return
        launchctl bootout "$here/$SERVICE" 2>/dev/null
        launchctl bootstrap "$here" "$UNIT"
        return
    fi
    new=$(user_systemctl show -p NeedDaemonReload "$SERVICE.service")
    user_systemctl daemon-reload || return
    user_systemctl is-enabled -q "$SERVICE.service" || user_systemctl enable -q "$UNIT" || return
    if [ "$new" = NeedDaemonReload=no ] && user_systemctl is-active -q "$SERVICE.service"; then
        ! runs || { acted=; return 0; }
        user_systemctl reload "$SERVICE.service"
    else
        user_systemctl restart "$SERVICE.service"
    fi
}
answer() { # what the port says, `code line`
    : >"$scratch_dir/router"
    code=$(fetch 3 "http://127.0.0.1:$PORT$STATUS_PATH" "$scratch_dir/router")
    printf '%s %s' "$code" "$(head -c 200 "$scratch_dir/router" 2>/dev/null | head -n 1)"
}
runs() { [ "$(answer)" = "200 $says" ]; }
waited() { # SECONDS: whether it answers with our settings by then
    deadline=$(($(date +%s) + $1))
    until runs; do
        [ "$(date +%s)" -lt "$deadline" ] || return 1
        sleep 0.2 2>/dev/null || sleep 1
    done
}
listener() { # the process on the port, as far as this user may see it
    if command -v ss >/dev/null 2>&1; then
        ss -Hltnp "sport = :$PORT" 2>/dev/null | sed 's/.*users:((\([^)]*\).*/\1/; s/^LISTEN.*/a process of another user/'
    elif command -v lsof >/dev/null 2>&1; then
        lsof -nP -iTCP:"$PORT" -sTCP:LISTEN 2>/dev/null | awk 'NR == 2 { print $1 " of " $3 ", process " $2 }'
    fi | head -n 1
}
port() { # free, ours (with these settings), other (a loopback router with others) or foreign
    now=$(answer)
    case $now in
        "200 $says") echo ours ;;
        "200 $WORD "*) echo other ;;
        *) if refused "${now% }" "$scratch_dir/router"; then echo free; else echo foreign; fi ;;
    esac
}
active() {
    if [ $manager = launchd ]; then launchctl print "$(domain)/$SERVICE" >/dev/null 2>&1
    else user_systemctl is-active -q "$SERVICE.service"; fi
}
masked() { # by its user, who said so that it shall never run
    [ $manager = systemd ] && [ "$(user_systemctl is-enabled "$SERVICE.service" 2>/dev/null)" = masked ]
}
fails() { # whether it ends again and again, as where it does not get its port
    [ $manager = systemd ] && [ "$(user_systemctl show -p NRestarts "$SERVICE.service")" != NRestarts=0 ]
}
its_words() {
    [ $manager != systemd ] || {
        user_systemctl show -p ActiveState -p SubState -p NRestarts "$SERVICE.service"
        journalctl --user -q -n 8 -o cat -u "$SERVICE.service" 2>/dev/null
    } | tr '\n' '|'
}
apply() { # without a configuration there, as where a first publish was put back, nothing is to run
    if [ ! -e "$CONFIG" ]; then remove; return; fi
    PORT=$(sed -n 's/^ *bind 127\.0\.0\.1:\([0-9]*\)$/\1/p' "$CONFIG")
    says=$(sed -n "s/.*string '\($WORD [0-9a-f]*\)'.*/\1/p" "$CONFIG")
    [ -n "$HAPROXY" ] && [ -x "$HAPROXY" ] || HAPROXY=$(command -v haproxy)
    [ -n "$HAPROXY" ] || stop absent haproxy
    # A name that leads nowhere yet is looked up for long, and again when it starts.
    began=$(date +%s)
    bounded "$DEADLINE_S" "$HAPROXY" -c -f "$CONFIG" >"$said" 2>&1 || case $? in
        124) stop names "$(sed -n 's/^# names: *//p' "$CONFIG")" ;;
        *) stop config "$(tail_of "$said")" ;;
    esac
    looked_up_s=$(($(date +%s) - began))
    reach_manager
    ! masked || stop masked "$UNIT"
    active || case $(port) in
        foreign) stop port "$(listener)" ;;
        other) stop router "$(answer)" ;;
    esac
    start >"$said" 2>&1 || stop service "$(tail_of "$said")"
    # Another user's router with the same settings is as good; ours waits for the port.
    if waited $((DEADLINE_S + 2 * looked_up_s)); then
        if [ -n "$acted" ]; then say started "$SERVICE"; else say running "$SERVICE"; fi
        return
    fi
    after=$(port)
    ! fails || case $after in
        other) stop router "$(answer)" ;;
        *) [ -z "$(listener)" ] || stop port "$(listener)" ;;
    esac
    stop start "$(its_words)"
}
remove() {
    if [ $manager = launchd ]; then
        launchctl bootout "$(domain)/$SERVICE" 2>/dev/null && say stopped "$SERVICE"
        return
    fi
    if user_systemctl show-environment >/dev/null 2>&1; then
        ! user_systemctl is-active -q "$SERVICE.service" || say stopped "$SERVICE"
        user_systemctl disable -q --now "$SERVICE.service" 2>/dev/null || user_systemctl stop "$SERVICE.service" 2>/dev/null
        ! user_systemctl is-active -q "$SERVICE.service" || stop end "$(its_words)"
        user_systemctl reset-failed "$SERVICE.service" 2>/dev/null
    fi
    # Where the unit went before its link did.
    link=${UNIT%/*}/default.target.wants/$SERVICE.service
    [ ! -h "$link" ] || { rm -f "$link"; rmdir "${link%/*}"; } 2>/dev/null
    user_systemctl daemon-reload 2>/dev/null
    if [ -e "$mark" ]; then
        rm -f "$mark"
        bounded 10 loginctl --no-ask-password disable-linger 2>/dev/null ||
            bounded 10 sudo -n loginctl disable-linger "$(id -un)" 2>/dev/null
    fi
}

case $ACT in
    install) install ;;
    apply) apply ;;
    remove) remove ;;
esac
say end -
