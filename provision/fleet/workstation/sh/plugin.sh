# Puts the pinned plugin, and what it needs at run time, into the user's home: fetched, checked against the pins,
# and switched by rename. Set above: VERSION, PACKAGES (`name version sha512 url`, a line each; url - is npm's
# registry), REGISTRY, ROOM_MIB, DEADLINE_S.
base=$HOME/.local/share/astraeus-provision/plugin
new=
made=
done=
folder "$base"
make_room "$ROOM_MIB"
login_env

while IFS=' ' read -r name version sha512 url; do
    [ -n "$name" ] || continue
    tarball=$scratch_dir/$name-$version.tgz
    if [ "$url" = - ]; then
        (
            PATH=$PATH_LOGIN
            export PATH
            cd "$scratch_dir" || exit
            set -- npm pack --silent --ignore-scripts --cache "$scratch_dir/cache" --loglevel=error
            [ -z "$REGISTRY" ] || set -- "$@" --registry "$REGISTRY"
            bounded "$DEADLINE_S" "$@" "$name@$version" </dev/null
        ) >"$scratch_dir/npm" 2>&1
        rc=$?
        [ $rc -ne 124 ] || stop late "npm pack $name@$version"
        [ $rc -eq 0 ] || stop npm "$(tail_of "$scratch_dir/npm")"
    else
        code=$(fetch "$DEADLINE_S" "$url" "$tarball")
        case $code in 200) ;; *) stop download "$code $url $(tail_of "$tarball.err")" ;; esac
    fi
    unpack "$tarball" "$sha512" "$new/node_modules" "$name"
done <<PACKAGES
$PACKAGES
PACKAGES

chmod 755 "$new"
if [ -e "$base/$VERSION" ]; then mv "$base/$VERSION" "$base/.new.gone00" || stop write "$base/$VERSION"; fi
mv "$new" "$base/$VERSION" || stop write "$base/$VERSION"
new=$base/.new.gone00
for other in "$base"/*; do [ "$other" = "$base/$VERSION" ] || rm -rf "$other"; done
done=1
say installed "$base/$VERSION"
