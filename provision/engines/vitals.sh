# What a host's kernel, card and service say of their health: NAME=VALUE lines. Reads alone; fed to `sh -s`.
export LC_ALL=C
say() { printf '%s=%s\n' "$1" "$(printf %s "$2" | tr '\n' ' ')"; }

say restarts "$(systemctl show ollama.service -p NRestarts 2>/dev/null | sed 's/^NRestarts=//')"
say xid "$(journalctl -k -b --no-pager -o cat 2>/dev/null | grep 'NVRM: Xid' | tail -n 1)"
say compute "$(journalctl -u ollama.service -b --no-pager -o cat 2>/dev/null | grep 'inference compute' | tail -n 1)"
# The newer name first: older drivers do not know it, newer ones warn of the other.
for reasons in clocks_event_reasons clocks_throttle_reasons; do
    asked=index,temperature.gpu,$reasons.hw_thermal_slowdown,$reasons.sw_thermal_slowdown
    if slowed=$(nvidia-smi --query-gpu=$asked --format=csv,noheader 2>/dev/null); then
        say hot "$(printf '%s\n' "$slowed" | grep -w Active)"
        break
    fi
done
say complete yes
