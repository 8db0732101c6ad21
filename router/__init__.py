"""What a workstation's agents talk to: (endpoints) in, OpenCode settings out. Knows no hosts and no SSH."""
