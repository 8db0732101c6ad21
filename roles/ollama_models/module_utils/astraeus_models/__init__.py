"""What the ollama_models module is made of; runs on the host with nothing but its python3."""
