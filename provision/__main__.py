"""`python -m provision` is `astraeus-provision`."""

from provision.cli import main

main()
