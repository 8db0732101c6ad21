# Fetches and checks npm tarballs, and makes a place in the user's home for what was in them. For scripts that put
# something there; they set: base (the folder that is ours), new (empty), made (empty), done (empty).
stop() { say failed "$1 $2"; exit 0; }
leave() {
    [ -z "$new" ] || rm -rf "$new"
    # shellcheck disable=SC2086  # a list
    [ -n "$done" ] || (IFS=:; for folder in $made; do rmdir "$folder"; done) 2>/dev/null
    [ -z "${scratch_dir:-}" ] || rm -rf "$scratch_dir"
    say end -
}
tail_of() { tail -n 8 "$1" 2>/dev/null | tr '\n' '|'; }
folder() {
    [ ! -d "$1" ] || return 0
    folder "${1%/*}"
    made="$1:$made" # the deepest first
    mkdir "$1" || stop write "$1"
}
make_room() { # MIB: $new is an empty folder in $base, on a disk with that much room
    free=$(($(df -Pk "$base" | awk 'NR == 2 { print $4 }') / 1024))
    [ "$free" -ge "$1" ] || stop room "$free"
    rm -rf "$base"/.new.??????
    new=$(mktemp -d "$base/.new.XXXXXX") || stop write "$base"
    scratch
}
sum512() {
    if command -v sha512sum >/dev/null 2>&1; then sha512sum <"$1"
    elif command -v shasum >/dev/null 2>&1; then shasum -a 512 <"$1"
    else openssl dgst -sha512 -r <"$1"; fi
}
unpack() { # TARBALL SHA512 WHERE FOLDER: what it holds is at WHERE/FOLDER
    got=$(sum512 "$1")
    [ "${got%% *}" = "$2" ] || stop integrity "${got%% *} ${1##*/}"
    mkdir -p "$3" || stop write "$3"
    said=$(tar -xzf "$1" -C "$3" 2>&1) || stop unpack "$said"
    mv "$3/package" "$3/$4" || stop unpack "${1##*/} holds no package/"
}
