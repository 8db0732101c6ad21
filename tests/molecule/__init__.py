"""Every role on real systemd hosts of the lab: check on a bare host, converge, idempotence, verify."""
