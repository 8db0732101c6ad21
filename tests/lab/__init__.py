"""The lab: real systemd hosts, the real Ollama and OpenCode, a mirror; for tests and for the demo."""
