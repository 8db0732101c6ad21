# After our files went: takes away the plugin, our backups, and folders that are empty now.
# Set above: CONFIG_HOME, STATE, BACKUPS (a path a line).
plugin=$HOME/.local/share/astraeus-provision/plugin
if [ -d "$plugin" ] && [ ! -h "$plugin" ]; then rm -rf "$plugin" && say removed "$plugin"; fi
while IFS= read -r path; do [ -z "$path" ] || rm -f "$path"; done <<BACKUPS
$BACKUPS
BACKUPS
# What a run of the operator's own keeps beside it stays.
rm -f "$STATE"/router.json.bak "$STATE"/whole.* "$STATE"/gone.* "$STATE"/before.* "$STATE"/tui.bak
for folder in "$CONFIG_HOME/opencode/node_modules" "$CONFIG_HOME/opencode/agents" "$CONFIG_HOME/opencode/commands" \
    "$CONFIG_HOME/opencode/plugins" "$CONFIG_HOME/opencode" "$CONFIG_HOME/astraeus-provision" "$HOME/.omo" \
    "$CONFIG_HOME/systemd/user" "$CONFIG_HOME/systemd" \
    "$STATE" "$HOME/.local/share/astraeus-provision/router" "$HOME/.local/share/astraeus-provision"; do
    rmdir "$folder" 2>/dev/null && say removed "$folder"
done
say end -
