#!/bin/sh
# Written by astraeus-provision. Runs HAProxy as this workstation's loopback router, and has it look up the hosts'
# names anew when they lead elsewhere: HAProxy's own resolvers know neither /etc/hosts nor mDNS.
# Arguments: HAPROXY CONFIG. SIGHUP: read CONFIG anew; streams that are open go on. SIGTERM: end all.
set -u
haproxy=$1
config=$2
every_s=3
tab='	'
nl='
'

addresses() { # NAME: all of them in one order, so that a resolver that turns them round changes nothing
    if command -v getent >/dev/null 2>&1; then
        getent ahosts "$1" </dev/null 2>/dev/null | awk '{ print $1 }'
    elif command -v dscacheutil >/dev/null 2>&1; then
        dscacheutil -q host -a name "$1" </dev/null 2>/dev/null | awk '/^ip(v6)?_address:/ { print $2 }'
    fi | LC_ALL=C sort -u | tr '\n' ' '
}
look() { # $led: where each name leads, a line each
    led=
    for name in $names; do led="$led$name$tab$(addresses "$name")$nl"; done
}
moved() { # whether a name leads elsewhere than HAProxy knows; one that leads nowhere just now has not moved
    known=$nl$led
    look
    while IFS=$tab read -r name now; do
        [ -n "$now" ] || continue
        case $known in *"$nl$name$tab$now$nl"*) ;; *) return 0 ;; esac
    done <<LED
$led
LED
    led=${known#"$nl"}
    return 1
}
end() {
    trap '' HUP INT TERM
    kill "$master" "$nap" 2>/dev/null
    wait
    exit 0
}

names=$(sed -n 's/^# names://p' "$config")
look # before HAProxy does: what comes up in between is seen as moved
"$haproxy" -W -db -f "$config" &
master=$!
nap=$master
again=
trap end INT TERM
trap 'again=yes' HUP
while kill -0 "$master" 2>/dev/null; do
    if [ -n "$names" ] && [ -z "$again" ]; then
        sleep "$every_s" &
        nap=$!
        wait "$nap"
        [ -z "$again" ] || kill "$nap" 2>/dev/null
        nap=$master
        [ -n "$again" ] || ! moved || again=${again:-moved}
    elif [ -z "$again" ]; then
        wait "$master"
    fi
    [ -n "$again" ] || continue
    why=$again
    again= # what comes from here on is for the next round
    if [ "$why" = yes ]; then
        names=$(sed -n 's/^# names://p' "$config")
        look
    fi
    kill -USR2 "$master" 2>/dev/null
done
wait "$master"
