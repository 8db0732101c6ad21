"""pyinfra deploy file: take ours out again."""

from provision.fleet.workstation.withdraw import withdrawal

withdrawal(name="Take the router files out")
