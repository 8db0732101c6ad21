"""pyinfra deploy file: put back."""

from provision.fleet.workstation.putback import putback

putback(name="Put the files back")
