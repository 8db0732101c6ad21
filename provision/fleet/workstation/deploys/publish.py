"""pyinfra deploy file: equip and publish."""

from provision.fleet.workstation.publish import publish

publish(name="Publish the router file")
