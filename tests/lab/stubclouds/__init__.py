"""Stub clouds: a server that speaks as OpenAI, Anthropic and Google do and says what a test has written.

It runs on `clouds.lab` with nothing but Python's standard library; `tests.lab.clouds` is its client.
"""
