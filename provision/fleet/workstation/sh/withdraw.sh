# After our files went: takes away the plugin, our backups, and folders that are empty now. The ledger goes last:
# by it the next run finds what was not finished. Set above: CONFIG_HOME, STATE, BACKUPS (a path a line).
plugin=$HOME/.local/share/astraeus-provision/plugin
gone() { # OPTION PATH
    rm "$1" "$2" 2>/dev/null && return
    say failed "$2"
    say end -
    exit 0
}
empty() { for folder; do rmdir "$folder" 2>/dev/null && say removed "$folder"; done; }
if [ -d "$plugin" ] && [ ! -h "$plugin" ]; then gone -rf "$plugin"; say removed "$plugin"; fi
while IFS= read -r path; do [ -z "$path" ] || gone -f "$path"; done <<BACKUPS
$BACKUPS
BACKUPS
# What a run of the operator's own keeps beside it stays.
for path in "$STATE"/router.json.bak "$STATE"/whole.* "$STATE"/gone.* "$STATE"/before.* "$STATE"/tui.bak; do
    gone -f "$path"
done
empty "$CONFIG_HOME/opencode/node_modules" "$CONFIG_HOME/opencode/agents" "$CONFIG_HOME/opencode/commands" \
    "$CONFIG_HOME/opencode/plugins" "$CONFIG_HOME/opencode" "$CONFIG_HOME/astraeus-provision" "$HOME/.omo" \
    "$CONFIG_HOME/systemd/user" "$CONFIG_HOME/systemd" \
    "$HOME/.local/share/astraeus-provision/router" "$HOME/.local/share/astraeus-provision"
gone -f "$STATE/router.json"
say removed "$STATE/router.json"
empty "$STATE"
say end -
