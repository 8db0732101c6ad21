usage() {
    echo 'usage: smoke.sh local [--json] | routing [--live] [--json] | bottleneck [--since DAYS] [--json]' >&2
    exit 2
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
case $days in '' | *[!0-9]* | ?????*) usage ;; esac
case $what in local | routing | bottleneck) ;; *) usage ;; esac
if ! scratch_dir=$(mktemp -d "${TMPDIR:-/tmp}/astraeus.XXXXXX"); then
    echo 'no temporary folder can be made' >&2
    exit 5
fi
colour
case $what in
    local) smoke_local ;;
    routing) smoke_routing ;;
    bottleneck) bottleneck ;;
esac
