#!/bin/sh
# Written by astraeus-provision. Runs HAProxy as this workstation's loopback router, and has it look up the hosts' names
# anew when they lead elsewhere: HAProxy's own resolvers know neither /etc/hosts nor mDNS.
# Arguments: HAPROXY CONFIG NAME...
set -u
haproxy=$1
config=$2
shift 2
every_s=3

resolve() { # every name's first address, a line each; what does not resolve is empty
    for name in "$@"; do
        if command -v getent >/dev/null 2>&1; then
            getent ahosts "$name" 2>/dev/null | awk 'NR == 1 { print $1 }'
        elif command -v dscacheutil >/dev/null 2>&1; then
            dscacheutil -q host -a name "$name" 2>/dev/null | awk '/^ip(v6)?_address:/ { print $2; exit }'
        fi
        echo .
    done
}

before=$(resolve "$@")
"$haproxy" -W -db -f "$config" &
master=$!
trap 'kill "$master" 2>/dev/null; wait "$master"; exit 0' TERM INT HUP
while kill -0 "$master" 2>/dev/null; do
    sleep "$every_s" &
    nap=$!
    wait "$nap"
    [ "$#" -gt 0 ] || continue
    now=$(resolve "$@")
    if [ "$now" != "$before" ]; then
        before=$now
        kill -USR2 "$master" 2>/dev/null
    fi
done
wait "$master"
