"""pyinfra deploy file: confirm. It reads, so it runs with --dry and in all machines at once."""

from pyinfra.context import host

from provision.fleet.workstation.confirm import confirm

confirm(host)
