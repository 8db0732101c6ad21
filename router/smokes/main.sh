usage() {
    echo 'usage: smoke.sh local [--json] | routing [--live] [--json] | bottleneck [--since DAYS] [--json]' >&2
    exit 2
}

unable() { # unable WHAT WHY REMEDY: nothing can be looked at
    [ "$what" != bottleneck ] || no_rows "$2" "$3"
    check "$1" no "$2" "$3"
    verdict
}

began=$(date +%s)
what=${1:-}
[ $# -eq 0 ] || shift
live=no
days=7
while [ $# -gt 0 ]; do
    case $what.$1 in
        *.--json) json=yes ;;
        routing.--live) live=yes ;;
        bottleneck.--since) [ $# -gt 1 ] || usage; days=${2%d}; shift ;;
        bottleneck.--since=*) days=${1#--since=}; days=${days%d} ;;
        *) usage ;;
    esac
    shift
done
case $days in *[!0-9]* | ?????*) usage ;; *[1-9]*) ;; *) usage ;; esac
case $what in local | routing | bottleneck) ;; *) usage ;; esac
(true 3>&1) 2>/dev/null || unheard
colour
known
if ! scratch_dir=$(mktemp -d "${TMPDIR:-/tmp}/astraeus.XXXXXX" 2>/dev/null); then
    unable folder "no temporary folder can be made in ${TMPDIR:-/tmp}" \
        'set TMPDIR to a folder that you may write to and that has room'
fi
case $what in
    local) smoke_local ;;
    routing) smoke_routing ;;
    bottleneck) bottleneck ;;
esac
