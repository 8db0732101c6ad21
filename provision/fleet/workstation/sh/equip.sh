# Puts the pinned OpenCode into the user's home: built beside its place, tried, and switched by rename.
# Set above: HOW (npm or package), VERSION, NPM_PACKAGE, PACKAGES (platform packages in order of preference),
# REGISTRY, URL, SHA512 (hex), ROOM_MIB, DEADLINE_S.
base=$HOME/.local/share/astraeus-provision/opencode
link=$HOME/.local/bin/opencode
new=
made=
done=
if [ -e "$link" ] || [ -h "$link" ]; then
    case $(readlink "$link" 2>/dev/null) in "$base"/*) ;; *) stop foreign "$link" ;; esac
fi
if [ -x "$link" ] && [ "$(readlink "$link")" = "$base/$VERSION/bin/opencode" ] &&
    grep -q "\"version\": *\"$VERSION\"" "$base/$VERSION/package.json" 2>/dev/null; then
    say present "$link" # by another run
    exit 0
fi
folder "$base"
folder "${link%/*}"
make_room "$ROOM_MIB"
login_env

if [ "$HOW" = npm ]; then
    # --ignore-scripts: the package's own script only picks the binary that is picked here.
    (
        PATH=$PATH_LOGIN
        export PATH
        cd "$new" || exit
        set -- npm install --prefix "$new" --cache "$new/cache" --ignore-scripts --no-audit --no-fund \
            --no-update-notifier --no-save --loglevel=error
        [ -z "$REGISTRY" ] || set -- "$@" --registry "$REGISTRY"
        bounded "$DEADLINE_S" "$@" "$NPM_PACKAGE@$VERSION" </dev/null
    ) >"$scratch_dir/npm" 2>&1
    rc=$?
    [ $rc -ne 124 ] || stop late "npm install $NPM_PACKAGE@$VERSION"
    [ $rc -eq 0 ] || stop npm "$(tail_of "$scratch_dir/npm")"
    unpacked=$new/node_modules
else
    code=$(fetch "$DEADLINE_S" "$URL" "$scratch_dir/package.tgz")
    case $code in 200) ;; *) stop download "$code $(tail_of "$scratch_dir/package.tgz.err")" ;; esac
    unpacked=$new/node_modules
    unpack "$scratch_dir/package.tgz" "$SHA512" "$unpacked" "${PACKAGES%% *}"
fi

chosen=
for name in $PACKAGES; do
    binary=$unpacked/$name/bin/opencode
    [ -f "$binary" ] || continue
    chmod 755 "$binary"
    s=$scratch_dir
    answer=$(HOME=$s XDG_CONFIG_HOME=$s XDG_DATA_HOME=$s XDG_STATE_HOME=$s XDG_CACHE_HOME=$s \
        bounded 30 "$binary" --version </dev/null 2>"$s/version.err" | tail -n 1)
    if [ "$answer" = "$VERSION" ]; then chosen=$name; break; fi
done
[ -n "$chosen" ] || stop run "${answer:-$(tail_of "$scratch_dir/version.err")}"

if [ -e "$base/$VERSION" ]; then mv "$base/$VERSION" "$new/old" || stop write "$base/$VERSION"; fi
mv "$unpacked/$chosen" "$base/$VERSION" || stop write "$base/$VERSION"
chmod 755 "$base" "$base/$VERSION"
ln -s "$base/$VERSION/bin/opencode" "$new/link" && mv -f "$new/link" "$link" || stop write "$link"
for other in "$base"/*; do [ "$other" = "$base/$VERSION" ] || rm -rf "$other"; done
done=1
say installed "$link"
login_env
case ":$PATH_LOGIN:" in *":$HOME/.local/bin:"*) say local_bin_in_path 1 ;; esac
