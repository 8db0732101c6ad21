"""What pyinfra runs: it looks at every machine and equips those who consume."""
